"""The reference protocols that come with the product, as YAML files in ``treatments/catalog``."""

from pathlib import Path

CATALOG = Path(__file__).resolve().parent.parent / "catalog"


def files() -> tuple[Path, ...]:
    """The files of the catalogue, by name."""
    return tuple(sorted(CATALOG.glob("*.yaml")))
