"""Quiet for a while: no bell, no mail and no step up for one rule about one opportunity, until a day, with a reason."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from forecasting.actions.alerting import tell_soon
from forecasting.ladder import LONGEST_MUTE, longest_mute, may_mute
from forecasting.models import Alert, Mute, rungs_of
from funnel.flags import Flag
from funnel.models import Opportunity
from funnel.stages import Status
from tenants import audit
from tenants.actions.locking import locked
from tenants.errors import Refused, Stale
from tenants.models import Membership

REASON_LENGTH = 200


@transaction.atomic
def mute(
    opportunity: Opportunity, code: str, *, until: date, reason: str, seen: int, by: Membership, at: datetime
) -> Mute:
    """Keep quiet about a rule until the end of a day; the flag stays to be seen, and so does who asked for quiet.

    A second time ends the first and says another day and reason; the same again by the same person changes nothing.

    :param seen: the id of the mute that the caller saw, 0 for none.
    :raises Opportunity.DoesNotExist: `by` does not see the opportunity any more.
    :raises Stale: somebody else has muted it, or let it be heard, since.
    :raises Refused: `flag_unknown`, `mute_past`, `mute_too_long` (see `longest_mute`), `reason_needed`,
        `reason_too_long`; `mute_closed` for an opportunity that has ended, `flag_not_standing`, `mute_not_reached` of
        an alert that has gone up past whoever asks.
    """
    today, reason = at.astimezone(by.organization.zone).date(), reason.strip()
    if code not in set(Flag):
        raise Refused("flag_unknown")
    if until < today:
        raise Refused("mute_past")
    if not reason:
        raise Refused("reason_needed")
    if len(reason) > REASON_LENGTH:
        raise Refused("reason_too_long")
    opportunity = _lock(opportunity, by=by)
    if opportunity.status != Status.OPEN:
        raise Refused("mute_closed")
    if code not in opportunity.flags:
        raise Refused("flag_not_standing")
    _ask_rungs(opportunity, code, until, today, by=by)
    standing: Mute | None = _standing(opportunity, code).select_related("by__user").first()
    if standing is not None and (standing.until, standing.reason, standing.by_id) == (until, reason, by.pk):
        return standing
    if (standing.pk if standing else 0) != seen:
        raise _other(standing)
    if standing is not None:
        standing.ended_at = at
        standing.save(update_fields=["ended_at"])
    found: Mute = Mute.objects.create(opportunity=opportunity, code=code, until=until, reason=reason, by=by, at=at)
    audit.record("alert.muted", opportunity, by=by, at=at, flag=code, until=until.isoformat(), reason=reason)
    return found


def _lock(opportunity: Opportunity, *, by: Membership) -> Opportunity:
    """Take the opportunity, so that one at a time mutes what it breaks; nothing else on it goes stale by that.

    :raises Opportunity.DoesNotExist: it was given to others since `by` opened it.
    """
    found = locked(Opportunity.objects.select_related("organization"), opportunity.pk, no_key=True)
    if not Opportunity.objects.visible_to(by).filter(pk=found.pk).exists():
        raise Opportunity.DoesNotExist
    return found


def _standing(opportunity: Opportunity, code: str) -> QuerySet[Mute]:
    rows: QuerySet[Mute] = Mute.objects.filter(opportunity=opportunity, code=code, ended_at=None)
    return rows


def _ask_rungs(opportunity: Opportunity, code: str, until: date, today: date, *, by: Membership) -> None:
    alert = Alert.objects.standing().filter(opportunity=opportunity, code=code).first()
    rungs = rungs_of(opportunity.organization, {opportunity.owner_id})[opportunity.owner_id]
    if not may_mute(by.pk, alert.step if alert else 0, rungs):
        raise Refused("mute_not_reached")
    longest = longest_mute(by.pk, rungs)
    first = _first_muted(opportunity, code, alert) if longest < LONGEST_MUTE else None
    if until - (first or today) > longest:
        raise Refused("mute_too_long", days=longest.days)


def _first_muted(opportunity: Opportunity, code: str, alert: Alert | None) -> date | None:
    """Return the day since which somebody keeps a standing alert quiet: whoever could for two weeks does not by asking
    again and again keep it for ever from those above.
    """
    if alert is None:
        return None
    mutes = Mute.objects.filter(opportunity=opportunity, code=code, at__gte=alert.since).order_by("at")
    at: datetime | None = mutes.values_list("at", flat=True).first()
    return None if at is None else at.astimezone(opportunity.organization.zone).date()


def _other(standing: Mute | None) -> Stale:
    """Return the refusal that shows what stands now: another's mute, or none any more."""
    if standing is None:
        return Stale({"until": None, "reason": "", "seen": 0})
    theirs = {"until": standing.until, "reason": standing.reason, "seen": standing.pk}
    return Stale(theirs, changed_by=standing.by.name, changed_at=standing.at)


@transaction.atomic
def unmute(opportunity: Opportunity, code: str, *, seen: int, by: Membership, at: datetime) -> None:
    """Speak again of a rule; what stands since then is told at once, and climbs with the next night.

    Whoever sees the opportunity may: to be heard is the rule and quiet the exception, and lifting it keeps nothing from
    anybody, while muting may (`may_mute`). It may be heard already.

    :param seen: the id of the mute that the caller saw.
    :raises Opportunity.DoesNotExist: `by` does not see the opportunity any more.
    :raises Stale: somebody else has muted it otherwise since.
    """
    opportunity = _lock(opportunity, by=by)
    standing: Mute | None = _standing(opportunity, code).select_related("by__user").first()
    if standing is None:
        return
    if standing.pk != seen:
        raise _other(standing)
    standing.ended_at = at
    standing.save(update_fields=["ended_at"])
    audit.record("alert.unmuted", opportunity, by=by, at=at, flag=code)
    tell_soon(opportunity.organization, at)
