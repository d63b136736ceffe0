"""What an organization sets about health: the limits of the rules by stage, and the ladder of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from forecasting.actions.judging import judge
from forecasting.health import LARGEST, as_table, limits
from forecasting.ladder import check_steps
from forecasting.models import HealthSetting, HealthThreshold, thresholds
from tenants import audit
from tenants.actions.locking import one_at_a_time, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def change_health(
    edited: Mapping[tuple[int, str], int], *, ladder: Sequence[int], seen: int, by: Membership, at: datetime
) -> HealthSetting:
    """Set the limits that are not as measured, or standard, and the ladder; every open opportunity is judged anew.

    :param edited: by stage and code; what is left out is as measured, or standard. 0 switches a rule off there.
    :param seen: the version the caller saw.
    :raises Stale: it was edited since.
    :raises Refused: `limit_range`, `ladder_wrong`.
    """
    one_at_a_time(f"forecasting.health:{by.organization_id}")
    setting, _made = HealthSetting.objects.get_or_create(organization_id=by.organization_id)
    before = thresholds()
    refuse_stale(setting, seen, **{f"{code}_{stage}": value for (stage, code), value in before.items()})
    if any(not 0 <= value <= LARGEST for value in edited.values()):
        raise Refused("limit_range", largest=LARGEST)
    if not check_steps(ladder):
        raise Refused("ladder_wrong")
    if dict(edited) == before and list(ladder) == setting.ladder:
        same: HealthSetting = setting
        return same
    for stage, code in sorted(before.keys() | edited.keys()):
        old, new = before.get((stage, code)), edited.get((stage, code))
        if old != new:
            audit.record("health.limit_changed", None, by=by, at=at, stage=stage, flag=code, limit=[old, new])
    if list(ladder) != setting.ladder:
        audit.record("health.ladder_changed", None, by=by, at=at, ladder=[setting.ladder, list(ladder)])
    HealthThreshold.objects.all().delete()
    HealthThreshold.objects.bulk_create(
        HealthThreshold(stage=stage, code=code, value=value) for (stage, code), value in edited.items()
    )
    setting.ladder, setting.version = list(ladder), setting.version + 1
    setting.held = as_table(limits(setting.basis, edited))
    setting.save()
    judge(None, at, by)
    changed: HealthSetting = setting
    return changed
