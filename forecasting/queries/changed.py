"""What changed between a moment and now."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple, cast

from django.db.models import BigIntegerField, Q, QuerySet, Sum

from forecasting.models import due_in, owned_by
from forecasting.periods import Period, midnight
from forecasting.queries.numbers import Summary
from forecasting.queries.scope import Scope
from forecasting.replay import before
from forecasting.waterfall import Bucket, Reason, State, Story, View, Waterfall, build, weighted_change
from funnel.history import STATUS_KINDS
from funnel.models import Change, Opportunity
from funnel.stages import ChangeKind
from tenants.models import Membership


def stories(period: Period, owners: Collection[int] | None, *, since: datetime, zone: tzinfo) -> list[Story]:
    """Return every opportunity that changed after `since` and may have a part in `period`, with its states from then
    until now.

    As it stood, by `occurred_at`: what stands now is read backwards through the change log. With `owners`, only those
    that one of them owns or owned.
    """
    return _read_backwards(_log(period, since, zone), owners, zone)


_DAYS = (ChangeKind.EXPECTED_CLOSE, *sorted(STATUS_KINDS))
"""The changes of an opportunity that move the day it is due, or closed."""


class _Entry(NamedTuple):
    """A row of the change log, and what stands now."""

    opportunity_id: int
    kind: str
    old: Any
    occurred_at: datetime
    status: str
    amount: int | None
    due_on: date | None
    owner: int
    category: str
    stage: int
    closed_at: datetime | None


def _log(period: Period, since: datetime, zone: tzinfo) -> list[_Entry]:
    """Return the change log after a moment, opportunity by opportunity, with what stands now.

    Left out is what was never due in the period, nor closed in it: neither is now, and neither day was another then.
    """
    first, last = midnight(period.starts_on, zone), midnight(period.ends_on + timedelta(days=1), zone)
    moved = Change.objects.filter(occurred_at__gt=since, kind__in=_DAYS).values("opportunity_id")
    shown = ("status", "amount", "expected_close_on", "owner_id", "category", "stage", "closed_at")
    log = (
        Change.objects.filter(occurred_at__gt=since)
        .filter(
            Q(opportunity__expected_close_on__range=(period.starts_on, period.ends_on))
            | Q(opportunity__closed_at__gte=first, opportunity__closed_at__lt=last)
            | Q(opportunity_id__in=moved)
        )
        .order_by("opportunity_id", "occurred_at", "id")
        .values_list("opportunity_id", "kind", "old", "occurred_at", *(f"opportunity__{field}" for field in shown))
    )
    return [_Entry(*row) for row in log]


def _read_backwards(log: Sequence[_Entry], owners: Collection[int] | None, zone: tzinfo) -> list[Story]:
    changes: dict[int, list[_Entry]] = defaultdict(list)
    for change in log:
        changes[change.opportunity_id].append(change)
    found = []
    for pk, mine in changes.items():
        state: State | None = _now(mine[0], zone)
        states = [state]
        for n in reversed(range(len(mine))):
            state = before(state, mine[n].kind, mine[n].old, zone)
            if n == 0 or mine[n - 1].occurred_at < mine[n].occurred_at:  # what one action wrote is one change
                states.append(state)
        states.reverse()
        if owners is None or any(each is not None and each.owner in owners for each in states):
            found.append(Story(pk, tuple(states)))
    return found


def _now(entry: _Entry, zone: tzinfo) -> State:
    return State(
        status=entry.status,
        amount=entry.amount,
        due_on=entry.due_on,
        owner=entry.owner,
        category=entry.category,
        stage=entry.stage,
        closed_on=entry.closed_at.astimezone(zone).date() if entry.closed_at else None,
    )


@dataclass(frozen=True)
class Movement:
    """What moved since a moment: the pipeline due in the period by bucket, the weighted forecast, its main reason."""

    since: datetime
    waterfall: Waterfall
    forecast_change: int
    reason: Reason | None
    opportunity: Opportunity | None


def movement(found: Summary, whose: Scope, *, since: datetime, zone: tzinfo) -> Movement:
    """Return what moved since a moment in the period of a summary."""
    view = View(found.period, whose.owners)
    told = stories(found.period, whose.owners, since=since, zone=zone)
    percents = {int(stage): percent for stage, percent in found.percents.items()}
    change, reason = weighted_change(told, view, percents)
    named: Any = Opportunity.objects.select_related("account")
    opportunity = named.filter(pk=reason.pk if reason else 0).first()
    return Movement(since, build(told, view, end=found.numbers.open_total), change, reason, opportunity)


def waterfall(
    membership: Membership, period: Period, *, since: datetime, owners: Collection[int] | None = None
) -> Waterfall:
    """Return what changed in the open pipeline due in a period since a moment, for `owners` among those visible.

    :param owners: membership ids; None is everyone whom `membership` may see.
    """
    seen = membership.visible_owner_ids
    whose = seen if owners is None else frozenset(owners) if seen is None else frozenset(owners) & seen
    end = (
        Opportunity.objects.filter(owned_by(whose))
        .filter(due_in(period))
        .order_by()
        .aggregate(total=Sum("amount", default=0, output_field=BigIntegerField()))
    )
    told = stories(period, whose, since=since, zone=membership.organization.zone)
    return build(told, View(period, whose), end=int(end["total"]))


def moved(
    membership: Membership, period: Period, whose: Scope, *, bucket: Bucket, since: datetime
) -> QuerySet[Opportunity]:
    """Return the opportunities in a bucket of the waterfall."""
    told = stories(period, whose.owners, since=since, zone=membership.organization.zone)
    members = build(told, View(period, whose.owners), end=0).members(bucket)
    return cast("QuerySet[Opportunity]", Opportunity.objects.filter(pk__in=members))


def week_before(today: date, zone: tzinfo) -> datetime:
    """Return the moment from which "since last week" counts: seven days ago, where that day ended."""
    return midnight(today - timedelta(days=6), zone)
