"""The figures of the flow: each rule with figures a human worked out, and what the database says of a small season."""

from datetime import date, timedelta
from typing import Any

import pytest

from forecasting import queries
from forecasting.flow import (
    Behind,
    Closed,
    Fate,
    Slippage,
    behind,
    coverage_needed,
    fate,
    velocity,
)
from forecasting.queries import flow
from forecasting.waterfall import State
from funnel import queries as funnel_queries
from funnel.flow import Conversion
from funnel.models import Opportunity
from funnel.slices import Slice
from funnel.stages import Category, Stage, Status
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, QUARTER, TODAY, abandon, change, lose, make_opportunity, move, win

DAY = timedelta(days=1)
LATER, EARLIER = QUARTER.ends_on + DAY, QUARTER.starts_on - DAY


def test_win_rates_by_number_value_and_honestly() -> None:
    closed = Closed(won=3, lost=1, won_amount=100, lost_amount=300, stuck=2)
    assert (closed.rate, closed.value_rate, closed.honest_rate) == (0.75, 0.25, 0.5)
    assert closed.average_won == 33
    nothing = Closed()
    assert (nothing.rate, nothing.value_rate, nothing.honest_rate, nothing.average_won) == (None, None, None, None)
    assert Closed(stuck=2).honest_rate == 0


def test_velocity_is_money_a_day() -> None:
    # 12 qualified, 500 on average, every second one won, in 60 days: 12 × 500 × 0.5 ÷ 60 = 50 a day
    assert velocity(12, 500, 0.5, 60) == 50
    assert velocity(12, None, 0.5, 60) is None
    assert velocity(12, 500, None, 60) is None
    assert velocity(12, 500, 0.5, None) is None
    assert velocity(12, 500, 0.5, 0) is None


def test_how_much_must_be_open() -> None:
    # a quarter of the value won, of which half in time: eight times what is to go
    assert coverage_needed(0.25, 0.5) == 8
    assert coverage_needed(None, 0.5) is None
    assert coverage_needed(0.25, 0) is None
    assert coverage_needed(0.25, None) is None


@pytest.mark.parametrize(
    ("status", "due", "today", "expected"),
    [
        (Status.WON, TODAY, LATER, Fate.DECIDED),
        (Status.LOST, LATER, LATER, Fate.DECIDED),
        (Status.ABANDONED, TODAY, LATER, Fate.SLIPPED),
        (Status.ABANDONED, TODAY, TODAY, Fate.SLIPPED),
        (Status.OPEN, TODAY, LATER, Fate.SLIPPED),
        (Status.OPEN, LATER, TODAY, Fate.SLIPPED),
        (Status.OPEN, None, TODAY, Fate.SLIPPED),
        (Status.OPEN, TODAY, TODAY, Fate.STANDING),
        (Status.OPEN, EARLIER, TODAY, Fate.STANDING),
    ],
)
def test_lost_is_not_slipped_but_what_was_abandoned_is(
    status: Status, due: date | None, today: date, expected: Fate
) -> None:
    assert fate(State(status, 1, due, 1, Category.COMMIT, Stage.CLOSE), QUARTER, today) == expected


def test_slippage_of_what_was_due() -> None:
    assert fate(None, QUARTER, TODAY) == Fate.DECIDED
    assert (Slippage(8, 2).rate, Slippage(8, 2).on_time) == (0.25, 0.75)
    assert (Slippage().rate, Slippage().on_time) == (None, None)


def test_who_loses_most_against_the_peers() -> None:
    everybody = {
        1: {2: Conversion(2, 8), 3: Conversion(9, 1)},
        2: {2: Conversion(8, 2), 3: Conversion(5, 5)},
        3: {2: Conversion(0, 4), 3: Conversion(pending=9)},
    }
    found = behind(everybody)
    # Person 2 brought 5 of 10 beyond stage 3, the other 9 of 10; person 1 2 of 10 beyond stage 2, the others 8 of 14.
    assert found == [Behind(2, 3, 0.5, 0.9, 10), Behind(1, 2, 0.2, 8 / 14, 10)]
    assert [round(each.missed, 2) for each in found] == [4.0, 3.71]
    assert behind({1: {2: Conversion(1, 4)}}) == []
    assert behind(everybody, {1, 3}) == [found[1]]  # against everybody else, not only within those asked about


# The database -----------------------------------------------------------------------------------------


@pytest.fixture
def season(acme: Cast, db: None) -> Cast:
    """Two won, one lost after Qualify, one lost in Discover, two stuck, one abandoned, one alive."""
    early = NOW - 60 * DAY
    with working_for(acme.org):
        win(make_opportunity(acme.rep, 300, TODAY, at=early, name="won"), NOW - 20 * DAY)
        win(make_opportunity(acme.rep2, 100, TODAY, at=early, name="won"), NOW - 10 * DAY)
        lose(make_opportunity(acme.rep, 600, TODAY, at=early, name="lost"), NOW - 5 * DAY)
        lose(make_opportunity(acme.rep, 1, TODAY, at=early, stage=Stage.DISCOVER, name="too early"), NOW - 5 * DAY)
        back = make_opportunity(acme.rep2, 200, TODAY, at=early, stage=Stage.PROOF, name="lost")
        lose(move(back, Stage.DISCOVER, NOW - 9 * DAY), NOW - 4 * DAY)  # it reached Qualify, although it fell back
        make_opportunity(acme.rep, 50, TODAY - DAY, at=NOW - 30 * DAY, name="overdue")
        make_opportunity(acme.rep2, 50, TODAY + DAY, at=NOW - 400 * DAY, name="zombie")
        make_opportunity(acme.rep, 50, TODAY + DAY, at=NOW - 3 * DAY, name="alive")
        abandon(make_opportunity(acme.rep, 70, TODAY, at=early, name="abandoned"), NOW - 2 * DAY)
    return acme


@pytest.mark.django_db
def test_what_was_decided(season: Cast) -> None:
    window: dict[str, Any] = {"since": NOW - 365 * DAY, "until": NOW, "today": TODAY}
    with working_for(season.org):
        cycle = funnel_queries.won_cycle(since=NOW - 365 * DAY, until=NOW)
        assert (cycle.count, cycle.p50) == (2, 45)
        found = flow.decided(Slice(), **window, p95=cycle.p95)
        assert found.closed == Closed(won=2, lost=2, won_amount=400, lost_amount=800, stuck=2)
        assert (found.abandoned, found.qualified) == (1, 3)
        hers = flow.decided(Slice(owners={season.rep2.pk}), **window, p95=None)
        assert hers.closed == Closed(won=1, lost=1, won_amount=100, lost_amount=200)
        for what, names in {
            "won": ["won", "won"],
            "lost": ["lost", "lost"],
            "abandoned": ["abandoned"],
            "stuck": ["overdue", "zombie"],
            "qualified": ["alive", "overdue", "zombie"],
        }.items():
            rows = flow.decided_rows(Slice(), fate=what, **window, p95=cycle.p95)
            assert sorted(each.name for each in rows.visible_to(season.executive)) == names


@pytest.mark.django_db
def test_a_past_window_takes_what_stood_as_it_ended(season: Cast) -> None:
    then = NOW - 7 * DAY
    window: dict[str, Any] = {"since": NOW - 365 * DAY, "until": then, "today": TODAY - 7 * DAY}
    with working_for(season.org):
        past = flow.decided(Slice(), **window, p95=None)
        # Both were won, nothing was lost yet; nothing was overdue; open were those decided since, and two others.
        assert past.closed == Closed(won=2, won_amount=400)
        late = Opportunity.objects.get(name="overdue")
        change(late, NOW - 6 * DAY, expected_close_on=TODAY - 20 * DAY)  # what happened since does not count
        assert flow.decided(Slice(), **window, p95=None) == past
        stuck = flow.decided_rows(Slice(), fate="stuck", **window, p95=45).visible_to(season.executive)
        assert [each.name for each in stuck] == ["zombie"]
        assert flow.decided(Slice(owners={season.rep.pk}), **window, p95=None).qualified == 3


@pytest.mark.django_db
def test_what_slipped_out_of_a_period(acme: Cast) -> None:
    early = NOW - 100 * DAY  # before the quarter
    with working_for(acme.org):
        win(make_opportunity(acme.rep, 100, TODAY, at=early, name="won"), NOW - DAY)
        lose(make_opportunity(acme.rep, 100, TODAY, at=early, name="lost"), NOW - DAY)
        change(make_opportunity(acme.rep, 100, TODAY, at=early, name="pushed"), NOW - DAY, expected_close_on=LATER)
        abandon(make_opportunity(acme.rep, 100, TODAY, at=early, name="abandoned"), NOW - DAY)
        make_opportunity(acme.rep, 100, TODAY, at=early, name="due")
        make_opportunity(acme.rep, 100, TODAY, at=NOW - 2 * DAY, name="new since")
        asked = {"zone": acme.org.zone}
        assert flow.slippage(QUARTER, Slice(), today=TODAY, **asked) == Slippage(5, 2)
        assert sorted(
            each.name for each in flow.slipped(QUARTER, Slice(), today=TODAY, **asked).visible_to(acme.executive)
        ) == ["abandoned", "pushed"]
        assert flow.slippage(QUARTER, Slice(), today=LATER, **asked) == Slippage(5, 3)
        names = sorted(
            each.name for each in flow.slipped(QUARTER, Slice(), today=LATER, **asked).visible_to(acme.executive)
        )
        assert names == ["abandoned", "due", "pushed"]
        assert flow.slippage(QUARTER, Slice(owners={acme.rep2.pk}), today=LATER, **asked) == Slippage()


@pytest.mark.django_db
def test_pushes_count_months_and_days(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100, date(2026, 12, 1), name="pushed")
        change(one, NOW - 3 * DAY, expected_close_on=date(2026, 12, 20))  # within the month: 19 days
        change(one, NOW - 2 * DAY, expected_close_on=date(2027, 1, 9))  # 20 days, another month
        change(one, NOW - DAY, expected_close_on=date(2026, 12, 24))  # sooner is no push
        window = {"since": NOW - 9 * DAY, "until": NOW}
        assert flow.pushes(Slice(), **window) == flow.Pushes(1, 39)
        assert flow.pushes(Slice(owners={acme.rep2.pk}), **window) == flow.Pushes(0, 0)
        assert list(flow.pushed(Slice(), **window).visible_to(acme.executive)) == [one]
        assert Opportunity.objects.get(pk=one.pk).push_count == 1
        change(one, NOW - DAY / 2, owner=acme.rep2)  # the pushes stay with whoever made them
        assert flow.pushes(Slice(owners={acme.rep.pk}), **window) == flow.Pushes(1, 39)
        assert flow.pushes(Slice(owners={acme.rep2.pk}), **window) == flow.Pushes(0, 0)
        assert list(flow.pushed(Slice(owners={acme.rep.pk}), **window).visible_to(acme.executive)) == [one]
        assert queries.stood(Slice())[Stage.DEVELOP].count == 1
