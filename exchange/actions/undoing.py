"""Takes an import back as a whole: what it made goes, what it changed is what it was; or nothing happens."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from exchange import keepers
from exchange.actions._locks import job_key, unlocked
from exchange.models import UNDO_JOB, Import, ImportChunk
from exchange.states import ImportState
from exchange.traces import Ledger
from jobs import actions as jobs
from jobs.models import Job
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
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
    :raises Refused: import_running; what `states.undo_bar` says; import_touched: its rows are not as it left them;
        import_others_run.
    """
    imported = unlocked(imported)
    refuse_stale(imported, seen, "state")
    _refuse_barred(imported)
    if next(keepers.touches(imported.ledger(), reach=_reach(by)), None) is not None:
        raise Refused("import_touched")
    _refuse_others(imported)
    imported.job = jobs.enqueue(
        UNDO_JOB, payload={"import": imported.pk}, by=by, at=at, title=imported.file_name, unique_key=job_key(imported)
    )
    imported.save(update_fields=["job"])
    audit.record("import.undo_asked", imported, by=by, at=at)
    return imported


def _refuse_barred(imported: Import) -> None:
    if imported.undo_bar:
        raise Refused(imported.undo_bar)


def _refuse_others(imported: Import) -> None:
    """Refuse while another import is under way: it counts rows as already there that would go."""
    others = Import.objects.filter(state=ImportState.IMPORTING).exclude(pk=imported.pk)
    if others.filter(job__in=Job.objects.running()).exists():
        raise Refused("import_others_run")


def _hand_back(imported: Import, ledger: Ledger) -> None:
    """Tell the imports before this one under which version their rows stand again as they left them."""
    marks = keepers.marks_after(ledger)
    if not marks:
        return
    undoable = Import.objects.filter(state__in=[ImportState.DONE, ImportState.IMPORTING]).exclude(pk=imported.pk)
    chunks = ImportChunk.objects.filter(imported__in=undoable).exclude(effects=b"").order_by("pk")
    for chunk in chunks.select_for_update().only("effects").iterator(chunk_size=4):
        earlier = Ledger.unpack(bytes(chunk.effects))
        if earlier.hand_back(marks):
            chunk.effects = earlier.pack()
            chunk.save(update_fields=["effects"])


def _reach(by: Membership) -> frozenset[int] | None:
    return None if by.is_admin else by.visible_owner_ids


@transaction.atomic
def take_back(imported: Import, *, by: Membership, at: datetime) -> Undone:
    """Take an import back in one transaction, after a check that locks every row of it: nobody ever sees half of it.

    What it changed is again as an earlier import left it, which can be undone then, too.

    :raises Refused: import_touched: somebody was faster; import_undone, import_purged, importer_gone;
        import_others_run: another import is at work, which may have found rows of this one already there.
    """
    if not imported.kind.is_open_to(by):
        raise Refused("importer_gone")
    _refuse_barred(imported)
    ledger: Ledger = imported.ledger()
    if next(keepers.touches(ledger, reach=_reach(by), lock=True), None) is not None:
        raise Refused("import_touched")
    _refuse_others(imported)
    keepers.take_back(ledger, keepers.Moment(by, at))
    _hand_back(imported, ledger)
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
