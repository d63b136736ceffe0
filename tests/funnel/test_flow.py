"""Dwell, conversion and won cycle: the rule on hand-made stays, and the database against the rule."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import actions as accounts_actions
from accounts.models import Account
from funnel import actions, queries
from funnel.flow import Conversion, Spread, Stay, conversions
from funnel.history import ENDLESS
from funnel.models import Spell
from funnel.slices import Slice
from funnel.stages import Reason, Stage
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, going_on, make_account, make_opportunity, undone_afterwards
from tests.funnel.test_spells import T0, lived, moves

SINCE, UNTIL = AT - 10 * DAY, AT + 100 * DAY


def near(days: float) -> Any:
    """Percentiles are worked out in floats."""
    return pytest.approx(days)


def stay(opportunity: int, stage: int, entered: int, left: int | None = None, to: int | None = None) -> Stay:
    """Days count from AT."""
    return Stay(opportunity, stage, AT + entered * DAY, None if left is None else AT + left * DAY, to)


def asked(*stays: Stay, patience: int = 30) -> dict[int, Conversion]:
    return conversions(
        stays, since=AT, until=AT + 100 * DAY, patience={stage: timedelta(days=patience) for stage in (1, 2, 3)}
    )


def test_what_left_for_the_next_stage_or_beyond_reached_it() -> None:
    found = asked(stay(1, 2, 0, 5, 3), stay(1, 3, 5, 9, 6), stay(2, 2, 1, 4, 0), stay(3, 2, 1, 4, 1))
    assert found[2] == Conversion(reached=1, fell=2)
    assert found[2].rate == pytest.approx(1 / 3)
    assert found[3] == Conversion(reached=1)
    assert (Conversion().rate, Conversion(pending=3).rate) == (None, None)


def test_who_came_back_later_reached_it_all_the_same_and_counts_once() -> None:
    found = asked(stay(1, 2, 0, 5, 1), stay(1, 1, 5, 6, 2), stay(1, 2, 6, 9, 3))
    assert found == {2: Conversion(reached=1), 1: Conversion(reached=1)}


def test_young_ones_are_pending_and_old_ones_have_fallen() -> None:
    found = asked(stay(1, 2, 71), stay(2, 2, 69), stay(3, 4, 1))
    assert found == {2: Conversion(pending=1, fell=1), 4: Conversion(pending=1)}


def test_only_what_entered_in_the_window_counts_by_what_was_known_at_its_end() -> None:
    found = asked(stay(1, 2, -1, 5, 3), stay(2, 2, 100, 105, 3), stay(3, 2, 90, 101, 3))
    assert found == {2: Conversion(pending=1)}


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(moves, max_size=4), st.integers(5, 25), st.integers(0, 8))
def test_the_database_counts_as_the_rule_does(
    acme: Cast, histories: Sequence[Sequence[Any]], hours: int, patience: int
) -> None:
    since, until = T0, T0 + timedelta(hours=hours)
    with working_for(acme.org), undone_afterwards():
        for steps in histories:
            lived([acme.rep, acme.rep2, acme.manager], steps)
        stays = [
            Stay(
                each.opportunity_id,
                each.stage,
                each.stage_entered_at,
                each.until_at if each.left_to is not None else None,
                each.left_to,
            )
            for each in Spell.objects.order_by("opportunity", "from_at")
            if each.left_to is not None or (each.status == "open" and each.until_at == ENDLESS)
        ]
        limit = timedelta(hours=patience)
        rule = conversions(stays, since=since, until=until, patience=dict.fromkeys(range(1, 7), limit))
        days = {Stage(stage): patience / 24 for stage in range(1, 7)}
        told = queries.conversion(since=since, until=until, patience=days)
        assert {int(stage): found for stage, found in told.items()} == rule
        by_owner = queries.conversion_by_owner(since=since, until=until, patience=days)
        for stage in told:
            assert sum((mine.get(stage, Conversion()) for mine in by_owner.values()), Conversion()) == told[stage]


@pytest.fixture
def season(acme: Cast) -> Cast:
    """Four opportunities whose figures a human works out below."""
    with working_for(acme.org):
        north = make_account(acme.rep, "North")
        accounts_actions.change_account(north, seen=1, by=acme.rep, at=AT, region="Taipei")
        for days, owner, account in ((4, acme.rep, north), (8, acme.rep, None), (12, acme.rep2, None)):
            each = make_opportunity(owner, f"in {days} days", account and Account.objects.get(pk=account.pk))
            each = actions.move(each, left=Stage.DISCOVER, to=Stage.QUALIFY, by=owner, at=AT + days * DAY, **going_on())
            actions.win(each, seen=each.version, by=owner, at=AT + 2 * days * DAY)
        lost = make_opportunity(acme.rep2, "lost")
        actions.lose(lost, seen=1, reason=Reason.PRICE, by=acme.rep2, at=AT + 16 * DAY)
    return acme


@pytest.mark.django_db
def test_figures_worked_out_by_hand(season: Cast) -> None:
    with working_for(season.org):
        found = queries.dwell(since=SINCE, until=UNTIL)
        # Discover was left after 4, 8, 12 and 16 days; Qualify after 4, 8 and 12.
        assert found[Stage.DISCOVER] == Spread(4, 7, 10, 13, near(14.8), near(15.4), 10)
        assert found[Stage.QUALIFY] == Spread(3, 6, 8, 10, near(11.2), near(11.6), 8)
        assert queries.won_cycle(since=SINCE, until=UNTIL) == Spread(3, 12, 16, 20, near(22.4), near(23.2), 16)
        assert queries.conversion(since=SINCE, until=UNTIL) == {
            Stage.DISCOVER: Conversion(reached=3, fell=1),
            Stage.QUALIFY: Conversion(reached=3),
        }
        assert queries.conversion_by_owner(since=SINCE, until=UNTIL) == {
            season.rep.pk: {Stage.DISCOVER: Conversion(2), Stage.QUALIFY: Conversion(2)},
            season.rep2.pk: {Stage.DISCOVER: Conversion(1, 1), Stage.QUALIFY: Conversion(1)},
        }


@pytest.mark.django_db
def test_a_slice_narrows_every_figure(season: Cast) -> None:
    with working_for(season.org):
        window: dict[str, Any] = {"since": SINCE, "until": UNTIL}
        hers = Slice(owners={season.rep2.pk})
        assert queries.dwell(**window, slice_=hers)[Stage.DISCOVER].count == 2
        assert queries.won_cycle(**window, slice_=hers).p50 == 24
        taipei = Slice(region="Taipei")
        assert queries.dwell(**window, slice_=taipei)[Stage.DISCOVER] == Spread(1, 4, 4, 4, 4, 4, 4)
        assert queries.won_cycle(**window, slice_=taipei).count == 1
        assert queries.won_cycle(**window, slice_=Slice(segment="A+", product=0)) == Spread()
        assert queries.conversion(**window, slice_=Slice(owners=())) == {}
    assert datetime(9999, 1, 1, tzinfo=UTC) == ENDLESS
