"""The documents of several protocol versions at once, for pages that show visits of many courses."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from treatments.models import ProtocolVersion
from treatments.protocols import stored

if TYPE_CHECKING:
    from treatments.protocols.schema import Protocol

MOST_KEPT = 200
"""So many are kept in memory; a clinic has tens."""

_kept: dict[UUID, "Protocol"] = {}


def of_versions(versions: Collection[UUID]) -> "dict[UUID, Protocol]":
    """The documents by version. One query for those this process has not read yet: a published version never changes."""
    missing = [version for version in versions if version not in _kept]
    if missing:
        if len(_kept) + len(missing) > MOST_KEPT:
            _kept.clear()
        rows = ProtocolVersion.objects.filter(pk__in=versions if not _kept else missing)
        for pk, data in rows.values_list("pk", "document"):
            _kept[pk] = stored.document(data)
    return {version: _kept[version] for version in versions if version in _kept}
