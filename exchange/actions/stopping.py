"""Stops the work on an import at the border of its next chunk; what was written stays."""

from datetime import datetime

from django.db import transaction

from exchange.models import Import
from exchange.states import ImportState
from jobs import actions as jobs
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def stop(imported: Import, *, by: Membership, at: datetime) -> Import:
    """Ask whatever works on an import to stop. Asked again while it is stopping, this changes nothing.

    :raises Refused: import_not_running; undo_not_stopped: an undo is one piece, and done or not before it could stop.
    """
    imported = Import.objects.select_related("job").get(pk=imported.pk)
    if imported.job is None or not imported.is_running:
        raise Refused("import_not_running")
    if imported.is_being_undone:
        raise Refused("undo_not_stopped")
    if not imported.job.cancel_requested:
        jobs.cancel(imported.job, by=by, at=at)
        if imported.state == ImportState.IMPORTING:
            audit.record("import.stopped", imported, by=by, at=at, position=imported.position)
    return imported
