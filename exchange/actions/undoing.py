"""Takes an import back as a whole: what it made goes, what it changed is what it was; or nothing happens."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from exchange import keepers
from exchange.actions._locks import job_key, unlocked
from exchange.models import UNDO_JOB, Import
from exchange.states import ImportState
from exchange.traces import Ledger
from jobs import actions as jobs
from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership


@dataclass(frozen=True)
class Undone:
    """What the undoing did, by keeper: rows that went, and rows that are what they were."""

    counts: dict[str, tuple[int, int]]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(map(sum, self.counts.values()))


@transaction.atomic
def undo(imported: Import, *, seen: int, by: Membership, at: datetime) -> Import:
    """Begin to take an import back, or what was written of one that stopped.

    :raises Stale: it is not as it was at version `seen`.
    :raises Refused: import_running; what `states.undo_bar` says; import_touched: its rows are not as it left them.
    """
    imported = unlocked(imported)
    if imported.version != seen:
        raise Stale({"state": imported.state})
    _refuse_barred(imported)
    if next(keepers.touches(imported.ledger(), reach=_reach(by)), None) is not None:
        raise Refused("import_touched")
    imported.job = jobs.enqueue(
        UNDO_JOB, payload={"import": imported.pk}, by=by, at=at, title=imported.file_name, unique_key=job_key(imported)
    )
    imported.save(update_fields=["job"])
    audit.record("import.undo_asked", imported, by=by, at=at)
    return imported


def _refuse_barred(imported: Import) -> None:
    if imported.undo_bar:
        raise Refused(imported.undo_bar)


def _reach(by: Membership) -> frozenset[int] | None:
    return None if by.is_admin else by.visible_owner_ids


@transaction.atomic
def take_back(imported: Import, *, by: Membership, at: datetime) -> Undone:
    """Take an import back in one transaction, after a check that locks every row of it: nobody ever sees half of it.

    :raises Refused: import_touched: somebody was faster; import_undone, import_purged, importer_gone.
    """
    if not imported.kind.is_open_to(by):
        raise Refused("importer_gone")
    _refuse_barred(imported)
    ledger: Ledger = imported.ledger()
    if next(keepers.touches(ledger, reach=_reach(by), lock=True), None) is not None:
        raise Refused("import_touched")
    keepers.take_back(ledger, keepers.Moment(by, at))
    done = Undone(ledger.counts())
    imported.state, imported.version = ImportState.UNDONE, imported.version + 1
    imported.undone_at, imported.undone_by = at, by
    imported.save(update_fields=["state", "version", "undone_at", "undone_by"])
    audit.record(
        "import.undone",
        imported,
        by=by,
        at=at,
        removed=sum(gone for gone, _back in done.counts.values()),
        restored=sum(back for _gone, back in done.counts.values()),
    )
    return done
