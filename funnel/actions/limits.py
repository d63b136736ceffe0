"""What the columns of the board should hold at most."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from funnel.limits import Limit, check_limit
from funnel.models import StageLimit
from funnel.stages import Stage
from tenants import audit
from tenants.errors import Stale
from tenants.models import Membership, Organization


@transaction.atomic
def change_limits(wanted: Mapping[Stage, Limit], *, seen: int, by: Membership, at: datetime) -> None:
    """Set what one person should have open in each stage at most; a stage that is left out has no limit.

    :param seen: `StageLimit.objects.all().edition()` as the caller saw it.
    :raises Stale: it was changed since.
    :raises Refused: see `check_limit`.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)
    rows = {row.stage: row for row in StageLimit.objects.all()}
    if sum(row.version for row in rows.values()) != seen:
        raise Stale({f"stage_{stage}": row.most_count for stage, row in rows.items()})
    for stage in Stage:
        limit = wanted.get(stage, Limit())
        check_limit(limit)
        row = rows.get(stage) or StageLimit(stage=stage, version=0)
        was = Limit(row.most_count, row.most_amount)
        if limit == was:
            continue
        row.most_count, row.most_amount = limit.count, limit.amount
        row.version += 1
        row.save()
        changed = {
            name: [old, new]
            for name, old, new in (
                ("most_count", was.count, limit.count),
                ("most_amount", was.amount, limit.amount),
            )
            if old != new
        }
        audit.record("limits.changed", None, by=by, at=at, stage=int(stage), **changed)
