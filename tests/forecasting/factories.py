"""A season of opportunities for tests, made through the actions; and the sums a human would make of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts import actions as accounts_actions
from forecasting.periods import Kind, Period, period_of
from forecasting.waterfall import State
from funnel import actions as funnel_actions
from funnel.history import Event, as_it_stood, effective
from funnel.models import Opportunity
from funnel.stages import GRACE, PERCENT, Category, ChangeKind, Stage, Status
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # 09:30 in Taipei
TODAY = date(2026, 11, 23)
QUARTER = period_of(Kind.QUARTER, TODAY)
MONTH = period_of(Kind.MONTH, TODAY)


def make_opportunity(
    owner: Membership,
    amount: int | None,
    due_on: date | None,
    *,
    stage: Stage = Stage.DEVELOP,
    at: datetime = NOW - timedelta(days=60),
    name: str = "Line 3",
) -> Opportunity:
    """Open an opportunity of a new customer."""
    account = accounts_actions.create_account(name=f"{name} Ltd", owner=owner, by=owner, at=at)
    return funnel_actions.open_opportunity(
        account, name=name, owner=owner, by=owner, at=at, amount=amount, expected_close_on=due_on, stage=stage
    )


def win(opportunity: Opportunity, at: datetime, amount: int | None = None) -> Opportunity:
    """Win it."""
    opportunity.refresh_from_db()
    return funnel_actions.win(opportunity, seen=opportunity.version, by=opportunity.owner, at=at, amount=amount)


def lose(opportunity: Opportunity, at: datetime) -> Opportunity:
    """Lose it."""
    opportunity.refresh_from_db()
    return funnel_actions.lose(
        opportunity, seen=opportunity.version, reason="price", rival="", note="", by=opportunity.owner, at=at
    )


def abandon(opportunity: Opportunity, at: datetime) -> Opportunity:
    """Give it up."""
    opportunity.refresh_from_db()
    return funnel_actions.abandon(
        opportunity, seen=opportunity.version, reason="no_budget", by=opportunity.owner, at=at
    )


def change(opportunity: Opportunity, at: datetime, **fields: Any) -> Opportunity:
    """Change some of its fields."""
    opportunity.refresh_from_db()
    return funnel_actions.change_opportunity(
        opportunity, seen=opportunity.version, by=opportunity.owner, at=at, **fields
    )


def move(opportunity: Opportunity, to: Stage, at: datetime) -> Opportunity:
    """Move it, whatever evidence is missing."""
    opportunity.refresh_from_db()
    return funnel_actions.move(
        opportunity,
        left=Stage(opportunity.stage),
        to=to,
        by=opportunity.owner,
        at=at,
        why="because",
        until=at.date() + GRACE,
    )


def make_season(cast: Cast) -> list[Opportunity]:
    """For each seller: open ones in and around the quarter, some won and lost in and before it, odd amounts."""
    made = []
    with working_for(cast.org):
        for n, owner in enumerate([cast.rep, cast.rep2, cast.manager, cast.executive, cast.partner]):
            odd = 10_001 + 997 * n
            for k, stage in enumerate(list(Stage)[:6]):
                made.append(make_opportunity(owner, odd * (k + 1) + k, TODAY + timedelta(days=5 * k - 5), stage=stage))
            made += [
                make_opportunity(owner, None, TODAY),
                make_opportunity(owner, 77_777, None),
                make_opportunity(owner, 55_555, date(2026, 9, 30)),
                make_opportunity(owner, 44_444, date(2027, 1, 1)),
                change(make_opportunity(owner, 33_333, TODAY), NOW, category=Category.OMITTED),
                win(make_opportunity(owner, odd, TODAY), NOW - timedelta(days=3), amount=odd * 3),
                win(make_opportunity(owner, odd, TODAY, at=NOW - timedelta(days=100)), NOW - timedelta(days=70)),
                # 00:30 on 1 October in Taipei, still September in UTC.
                win(
                    make_opportunity(owner, 9_999, TODAY, at=NOW - timedelta(days=100)),
                    datetime(2026, 9, 30, 16, 30, tzinfo=UTC),
                ),
                lose(make_opportunity(owner, 66_666, TODAY, stage=Stage.PROOF), NOW - timedelta(days=2)),
            ]
    return made


@dataclass(frozen=True)
class Sums:
    """What plain Python makes of a list of opportunities."""

    won: int
    won_count: int
    weighted: int
    open_total: int
    open_count: int


def count(cast: Cast, period: Period, owners: set[int]) -> Sums:
    """Add up one by one, in the plainest way there is."""
    won, due = [], []
    with working_for(cast.org):
        for each in Opportunity.objects.all():
            if each.owner_id not in owners:
                continue
            if each.status == Status.WON and each.closed_at.astimezone(cast.org.zone).date() in period:
                won.append(each)
            is_due = each.expected_close_on is not None and each.expected_close_on in period
            if each.status == Status.OPEN and is_due and each.category != Category.OMITTED:
                due.append(each)
    return Sums(
        won=sum(each.amount for each in won),
        won_count=len(won),
        weighted=sum(int((each.amount or 0) * PERCENT[Stage(each.stage)] / 100 + 0.5) for each in due),
        open_total=sum(each.amount or 0 for each in due),
        open_count=len(due),
    )


def told(events: Sequence[Event], when: datetime, cast: Cast) -> State | None:
    """Return what an opportunity was at a moment, as the rules read it from its log."""
    known = effective(events)
    snapshot = as_it_stood(known, when)
    if snapshot is None:
        return None
    due, closed = snapshot.expected_close, snapshot.closed_at
    return State(
        status=snapshot.status,
        amount=snapshot.amount,
        due_on=date.fromisoformat(due) if due else None,
        owner=snapshot.owner,
        category=snapshot.category,
        stage=snapshot.stage,
        closed_on=datetime.fromisoformat(closed).astimezone(cast.org.zone).date() if closed else None,
        priced=sum(each.kind == ChangeKind.AMOUNT and each.occurred_at <= when for each in known),
    )
