"""Removes what was staged: the file, its rows, and with them the way back. What was imported stays."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from exchange.actions._locks import unlocked
from exchange.models import Import
from exchange.states import purge_before
from jobs.models import Job, StoredFile
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.models import Membership

AT_ONCE = 50


@transaction.atomic
def delete(imported: Import, *, seen: int, by: Membership, at: datetime) -> None:
    """Remove an import with its file and staged rows; what it wrote stays, and can be undone no more.

    :raises Stale: it is not as it was at version `seen`.
    :raises Refused: import_running.
    """
    imported = unlocked(imported)
    refuse_stale(imported, seen, "state")
    audit.record("import.deleted", imported, by=by, at=at, into=imported.target, rows=imported.total)
    files = _files(imported)
    imported.chunks.all().delete()
    imported.delete()
    _drop(files)


@transaction.atomic
def purge(*, at: datetime) -> int:
    """Remove the files and staged rows of imports whose time is over; return how many.

    One that wrote something stays as a line without rows; one that never did goes altogether.
    """
    before = purge_before(at)
    old = Import.objects.filter(
        Q(job=None) | Q(job__created_at__lt=before),
        Q(finished_at=None) | Q(finished_at__lt=before),
        created_at__lt=before,
        purged_at=None,
    )
    found = old.select_for_update(of=("self",), skip_locked=True).select_related("job").order_by("pk")[:AT_ONCE]
    due = [each for each in found if not each.is_running]
    for imported in due:
        files = _files(imported)
        imported.chunks.all().delete()
        if imported.has_written:
            imported.file = imported.rejects = None
            imported.purged_at, imported.version = at, imported.version + 1
            imported.save(update_fields=["file", "rejects", "purged_at", "version"])
        else:
            imported.delete()
        _drop(files)
    if due:
        audit.record("imports.purged", None, by=None, at=at, imports=len(due))
    return len(due)


def _files(imported: Import) -> list[int]:
    """Return the ids of everything stored for an import: its file, and what its jobs made of it."""
    made = Job.objects.filter(kind__startswith="import_", payload__import=imported.pk, result_file__isnull=False)
    own = [pk for pk in (imported.file_id, imported.rejects_id) if pk is not None]
    return [*own, *made.values_list("result_file_id", flat=True)]


def _drop(files: list[int]) -> None:
    """Delete stored files, and let go of them the jobs whose result they were."""
    Job.objects.filter(result_file__in=files).update(result_file=None)
    StoredFile.objects.filter(pk__in=files).delete()
