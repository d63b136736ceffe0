"""Board, table, waterfall, funnel chart and forecast add up to what stands in the database, for every role.

What they should say is counted here one by one over all rows, by whose they are, knowing nothing of how a page asks.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from funnel import actions as funnel
from funnel.models import Change, Opportunity, OpportunityMember
from funnel.stages import PERCENT, Category, Stage, Status
from tenants.formats import exact
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import NOW, QUARTER, TODAY, change, make_opportunity, make_season, told, win

pytestmark = pytest.mark.django_db
OWNERS = {
    "rep": ["rep"],
    "rep2": ["rep2"],
    "manager": ["rep", "rep2", "manager"],
    "executive": ["rep", "rep2", "manager", "executive", "partner"],
    "admin": [],
    "partner": ["partner"],
    "colleague": [],
}
"""Whose opportunities are theirs to see, and to be counted for."""
HELPS = {"rep2": "rep", "colleague": "executive", "partner": "manager"}
"""On whose sales teams some are besides: board and table show what they help with, no forecast counts it for them."""
SEES_FORECAST = {"rep", "rep2", "manager", "executive"}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the morning of 23 November 2026."""
    monkeypatch.setattr("tenants.web.timezone.now", lambda: NOW)


@pytest.fixture
def season(acme: Cast, globex: Cast) -> Cast:
    """A season; helpers on one that is open and one that was won, one that left a sight, and the stranger's own."""
    made = make_season(acme)
    with working_for(acme.org):
        for helper, owner in HELPS.items():
            theirs = [each for each in made if each.owner_id == getattr(acme, owner).pk]
            for each in theirs[1], theirs[3]:
                funnel.add_member(each, member=getattr(acme, helper), by=each.owner, at=NOW)
            win(theirs[3], NOW)
        change(made[2], NOW, owner=acme.partner)
    with working_for(globex.org):
        win(make_opportunity(globex.rep, 12_345, TODAY), NOW)
        make_opportunity(globex.rep, 67_890, TODAY)
    return acme


@dataclass
class Sums:
    """What a human counts."""

    count: int = 0
    amount: int = 0
    weighted: int = 0

    def add(self, each: Opportunity) -> None:
        self.count += 1
        self.amount += each.amount or 0
        self.weighted += ((each.amount or 0) * PERCENT[Stage(each.stage)] + 50) // 100


@dataclass
class Plain:
    """All that is open, and what of it is due in the quarter and not omitted, each by stage; what was won in the
    quarter, and what was lost in it, by the stage it had reached.
    """

    open: Sums
    due: Sums
    stages: dict[int, Sums]
    due_stages: dict[int, Sums]
    won: Sums
    lost: dict[int, Sums]


def plain(cast: Cast, role: str, *, with_help: bool) -> Plain:
    """Count one by one."""
    me, whose = getattr(cast, role), {getattr(cast, name).pk for name in OWNERS[role]}
    stages, due_stages, lost = ({n: Sums() for n in range(1, 7)} for _each in range(3))
    found = Plain(Sums(), Sums(), stages, due_stages, Sums(), lost)
    with working_for(cast.org):
        helped = set(OpportunityMember.objects.filter(member=me).values_list("opportunity_id", flat=True))
        for each in Opportunity.objects.all():
            if each.owner_id not in whose and not (with_help and each.pk in helped):
                continue
            if each.status == Status.OPEN:
                found.open.add(each)
                found.stages[each.stage].add(each)
                is_due = each.expected_close_on is not None and each.expected_close_on in QUARTER
                if is_due and each.category != Category.OMITTED:
                    found.due.add(each)
                    found.due_stages[each.stage].add(each)
            elif each.closed_at.astimezone(cast.org.zone).date() in QUARTER:
                (found.won if each.status == Status.WON else found.lost[each.stage]).add(each)
    return found


EVENING = datetime(2026, 11, 20, 23, 59, 59, tzinfo=ZoneInfo("Asia/Taipei"))


def stood(cast: Cast, role: str) -> int:
    """Count one by one what was open and due in the quarter that evening, by whose it was then, as the log tells."""
    whose = {getattr(cast, name).pk for name in OWNERS[role]}
    with working_for(cast.org):
        events = [list(Change.objects.filter(opportunity=each).events()) for each in Opportunity.objects.all()]
    states = [state for state in (told(each, EVENING, cast) for each in events) if state is not None]
    return sum(
        each.amount or 0
        for each in states
        if each.owner in whose
        and each.status == Status.OPEN
        and each.due_on is not None
        and each.due_on in QUARTER
        and each.category != Category.OMITTED
    )


def seen(member: Membership, path: str) -> tuple[Any, str]:
    """Return what a page was drawn from, and the page."""
    client: Client = sign_in(member)
    answer = client.get(f"/o/acme/{path}")
    assert answer.status_code == 200, path
    return answer.context, answer.content.decode()


def board_and_table_agree(season: Cast, role: str) -> None:
    member, wanted = getattr(season, role), plain(season, role, with_help=True)
    assert role not in HELPS or wanted.open.count > plain(season, role, with_help=False).open.count
    context, page = seen(member, "funnel/")
    board = context["board"]
    assert (board.count, board.total, board.weighted) == (
        wanted.open.count,
        wanted.open.amount,
        wanted.open.weighted,
    )
    assert board.won == wanted.won.amount
    for column in board.columns:
        sums = wanted.won if column.is_won else wanted.stages[column.row.stage]
        assert (column.count, column.total) == (sums.count, sums.amount)
    assert f"{season.org.currency} {exact(wanted.open.amount)}" in page
    assert f'title="{season.org.currency} {exact(board.proven)}"><a href="/o/acme/funnel/table/' in page

    for grouping in ("owner", "team", "category", "health", "backing", "proven", "due_month"):
        context, _page = seen(member, f"funnel/?group={grouping}")
        grouped = context["board"]
        assert sum(each.count for each in grouped.columns) == grouped.count == wanted.open.count
        assert sum(each.total for each in grouped.columns) == grouped.total == wanted.open.amount
        assert sum(each.weighted for each in grouped.columns) == grouped.weighted == wanted.open.weighted

    def table(query: str) -> tuple[int, int]:
        totals = seen(member, f"funnel/table/?{query}")[0]["totals"]
        return totals.count, totals.total

    assert table("") == (wanted.open.count, wanted.open.amount)
    totals = seen(member, "funnel/table/")[0]["totals"]
    assert (totals.weighted, totals.proven) == (wanted.open.weighted, board.proven)
    for grouping in ("owner", "stage", "category"):
        parts = [group for group, _name, _url in seen(member, f"funnel/table/?group={grouping}")[0]["groups"]]
        assert sum(each.count for each in parts) == wanted.open.count
        assert sum(each.total for each in parts) == wanted.open.amount
        assert sum(each.weighted for each in parts) == wanted.open.weighted
    assert table("status=won&closed=this_quarter") == (wanted.won.count, wanted.won.amount)
    kinds = [each for each in Category if each not in {Category.OMITTED, Category.CLOSED}]
    due = [table(f"due=this_quarter&category={each}") for each in kinds]
    assert (sum(n for n, _ in due), sum(amount for _, amount in due)) == (wanted.due.count, wanted.due.amount)
    for stage, sums in wanted.stages.items():
        totals = seen(member, f"funnel/table/?stage={stage}")[0]["totals"]
        assert (totals.count, totals.total, totals.weighted) == (sums.count, sums.amount, sums.weighted)


def forecast_waterfall_and_funnel_agree(season: Cast, role: str) -> None:
    member, wanted = getattr(season, role), plain(season, role, with_help=False)
    period = f"period=quarter&on={QUARTER.starts_on}"
    context, page = seen(member, f"forecast/?{period}")
    numbers = context["numbers"]
    assert (numbers.open_count, numbers.open_total, numbers.weighted) == (
        wanted.due.count,
        wanted.due.amount,
        wanted.due.weighted,
    )
    assert (numbers.won_count, numbers.won) == (wanted.won.count, wanted.won.amount)
    assert numbers.forecast == wanted.won.amount + wanted.due.weighted
    for amount in (wanted.won.amount, wanted.due.weighted):
        assert f"{season.org.currency} {exact(amount)}" in page
    people = [row.numbers for row, _url in context["people"]]
    assert sum(each.forecast for each in people) == numbers.forecast
    assert {int(each.row.stage): (each.count, each.amount) for each, _url in context["stages"]} == {
        stage: (sums.count, sums.amount) for stage, sums in wanted.due_stages.items()
    }

    reached = {each.position: (each.count, each.amount) for each in context["funnel"]}
    for stage in range(1, 8):  # the funnel: what stands there or beyond, what was lost there or beyond, what was won
        ends = [sums for by in (wanted.due_stages, wanted.lost) for at, sums in by.items() if at >= stage]
        beyond = [*ends, wanted.won]
        assert reached[stage] == (sum(each.count for each in beyond), sum(each.amount for each in beyond))

    waterfall = seen(member, f"forecast/changes/?{period}&since={EVENING.date()}")[0]["found"]
    assert waterfall.end == wanted.due.amount
    assert waterfall.start == stood(season, role) != waterfall.end
    assert waterfall.start + sum(delta for _bucket, delta, _count in waterfall.buckets) == waterfall.end
    past = seen(member, f"forecast/past/?{period}")[0]
    assert (past["last"].count, past["last"].amount) == (wanted.open.count, wanted.open.amount)
    for row, _first, _there, last, _here, _change in past["stages"]:
        assert (last.count, last.amount) == (wanted.stages[row.stage].count, wanted.stages[row.stage].amount)
    strip = seen(member, f"forecast/strip/?{period}")[0]["numbers"]
    assert (strip.won, strip.weighted) == (wanted.won.amount, wanted.due.weighted)
    for what, sums in (("due", wanted.due), ("won", wanted.won)):
        totals = seen(member, f"forecast/rows/?{period}&what={what}")[0]["totals"]
        assert (totals.count, totals.amount) == (sums.count, sums.amount)
        if what == "due":
            assert (totals.weighted, totals.proven) == (strip.weighted, strip.proven)


def test_all_sums_agree_with_the_database_for_every_role(season: Cast) -> None:
    for role in OWNERS:
        board_and_table_agree(season, role)
    for role in SEES_FORECAST:
        forecast_waterfall_and_funnel_agree(season, role)
    for role in OWNERS:
        client = sign_in(getattr(season, role))
        for path in ("", "changes/", "past/", "rows/?what=due", "strip/"):
            assert client.get(f"/o/acme/forecast/{path}").status_code == (200 if role in SEES_FORECAST else 403)
