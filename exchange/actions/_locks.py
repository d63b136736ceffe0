"""What every step of an import shares: taking the lock, and the one job at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.models import Import
from tenants.actions.locking import locked
from tenants.errors import Refused


@dataclass(frozen=True)
class Step:
    """Where the work on an import stands: rows done, the next position, whether that was all."""

    done: int
    cursor: Mapping[str, Any]
    finished: bool


def job_key(imported: Import) -> str:
    """Return what keeps two jobs from one import."""
    return f"import:{imported.pk}"


def unlocked(imported: Import, *, but: Sequence[str] = ()) -> Import:
    """Lock an import that no job works on.

    :raises Refused: import_gone: it was deleted; import_running; import_over in one of the states `but`.
    """
    try:
        found: Import = locked(Import.objects.select_related("file", "job"), imported.pk)
    except Import.DoesNotExist as error:
        raise Refused("import_gone") from error
    if found.is_running:
        raise Refused("import_running")
    if found.state in but:
        raise Refused("import_over")
    return found


def refuse_begun(imported: Import) -> None:
    """Refuse to change how a file is read once rows of it are written: they would be told apart no more.

    :raises Refused: import_begun, import_purged.
    """
    if imported.purged_at is not None:
        raise Refused("import_purged")
    if imported.has_begun:
        raise Refused("import_begun")
