"""Quiet for a while: no bell, no mail and no step up for one rule about one opportunity, until a day, with a reason."""

from datetime import date, datetime, timedelta

from django.db import transaction

from forecasting.actions.alerting import tell_soon
from forecasting.health import FLAGS
from forecasting.models import Mute
from funnel.models import Opportunity
from tenants import audit
from tenants.actions.locking import one_at_a_time
from tenants.errors import Refused
from tenants.models import Membership

LONGEST = timedelta(days=90)
REASON_LENGTH = 200


@transaction.atomic
def mute(opportunity: Opportunity, code: str, *, until: date, reason: str, by: Membership, at: datetime) -> Mute:
    """Keep quiet about a rule until the end of a day; the flag stays to be seen, and so does who asked for quiet.

    A second time replaces the day and the reason.

    :raises Refused: `flag_unknown`, `mute_past`, `mute_too_long` (ninety days), `reason_needed`, `reason_too_long`.
    """
    today, reason = at.astimezone(by.organization.zone).date(), reason.strip()
    if code not in FLAGS:
        raise Refused("flag_unknown")
    if until < today:
        raise Refused("mute_past")
    if until > today + LONGEST:
        raise Refused("mute_too_long", days=LONGEST.days)
    if not reason:
        raise Refused("reason_needed")
    if len(reason) > REASON_LENGTH:
        raise Refused("reason_too_long")
    one_at_a_time(f"forecasting.mute:{opportunity.pk}")
    standing = Mute.objects.filter(opportunity=opportunity, code=code, ended_at=None).first()
    if standing is not None and (standing.until, standing.reason) == (until, reason):
        same: Mute = standing
        return same
    found = standing or Mute(opportunity=opportunity, code=code)
    found.until, found.reason, found.by, found.at = until, reason, by, at
    found.save()
    audit.record("alert.muted", opportunity, by=by, at=at, flag=code, until=until.isoformat(), reason=reason)
    made: Mute = found
    return made


@transaction.atomic
def unmute(opportunity: Opportunity, code: str, *, by: Membership, at: datetime) -> None:
    """Speak again of a rule; what stands since then is told at once, and climbs with the next night."""
    one_at_a_time(f"forecasting.mute:{opportunity.pk}")
    if Mute.objects.filter(opportunity=opportunity, code=code, ended_at=None).update(ended_at=at):
        audit.record("alert.unmuted", opportunity, by=by, at=at, flag=code)
        tell_soon(at)
