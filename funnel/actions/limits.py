"""What the columns of the board should hold at most."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from funnel.limits import NONE, ColumnLimit, check_limit
from funnel.models import StageSetting
from funnel.stages import PERCENT, Stage
from tenants import audit
from tenants.errors import Stale
from tenants.models import Membership, Organization


@transaction.atomic
def change_limits(wanted: Mapping[Stage, ColumnLimit], *, seen: int, by: Membership, at: datetime) -> None:
    """Set what one person should have open in each stage at most; a stage that is left out has no limit.

    :param seen: `StageSetting.objects.all().edition()` as the caller saw it.
    :raises Stale: it was changed since.
    :raises Refused: see `check_limit`.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)
    settings = StageSetting.objects.all()
    if settings.edition() != seen:
        raise Stale({f"stage_{row.stage:d}": row.limit.count for row in StageSetting.table()})
    rows = {row.stage: row for row in settings}
    for stage in Stage:
        limit = wanted.get(stage, NONE)
        check_limit(limit)
        row = rows.get(stage) or StageSetting(stage=stage, percent=PERCENT[stage], version=0)
        was = {"most_count": row.most_count, "most_amount": row.most_amount}
        row.most_count, row.most_amount = limit.count, limit.amount
        changed = audit.changes(was, {"most_count": limit.count, "most_amount": limit.amount})
        if changed:
            row.version += 1
            row.save()
            audit.record("limits.changed", None, by=by, at=at, stage=int(stage), **changed)
