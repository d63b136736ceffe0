"""The fiscal year is moved in mid-quarter: what that does is said first, and what was keeps its numbers."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from forecasting import actions, labels, queries
from forecasting.models import ForecastSnapshot, Target
from forecasting.periods import Kind, Period, period_of
from tenants import actions as tenants_actions
from tenants.models import Membership, Organization
from tenants.queries import effects_of
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, TODAY, make_opportunity, win

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
SUMMER = Period(Kind.QUARTER, date(2026, 7, 1), 1)


def told(cast: Cast, start: int) -> str:
    return " ".join(effect.text for effect in effects_of(cast.org, {"fiscal_year_start": start}, NOW))


def move_year(cast: Cast, start: int) -> None:
    org = Organization.objects.get(pk=cast.org.pk)
    with working_for(org):
        tenants_actions.change_organization(org, seen=org.version, by=cast.admin, at=NOW, fiscal_year_start=start)
    cast.org.refresh_from_db()


def set_target(cast: Cast, period: str, starts_on: date, amount: int) -> None:
    actions.set_target(cast.rep, period, starts_on, amount, by=cast.manager, at=NOW)


@pytest.fixture
def season(acme: Cast) -> Cast:
    """A quarter that is over, with its target, its win and its first evening's forecast; this one's targets."""
    with working_for(acme.org):
        set_target(acme, "quarter", date(2026, 7, 1), 900_00)
        set_target(acme, "quarter", date(2026, 10, 1), 1_000_00)
        set_target(acme, "month", date(2026, 11, 1), 300_00)
        won = make_opportunity(acme.rep, 800_00, date(2026, 8, 1), at=NOW - timedelta(days=140))
        actions.take_snapshot(acme.org, on=SUMMER.starts_on, at=NOW - timedelta(days=140))
        win(won, at=NOW - timedelta(days=80))
    return acme


def kept(cast: Cast) -> list[Any]:
    """Return every stored row that a calendar could touch."""
    with working_for(cast.org):
        targets = list(Target.objects.order_by("pk").values_list("pk", "period", "starts_on", "amount", "version"))
        snapshots = list(
            ForecastSnapshot.objects.order_by("pk").values_list("pk", "period", "starts_on", "won", "target")
        )
    return [*targets, *snapshots]


def test_what_moves_is_said_with_its_numbers(season: Cast) -> None:
    with working_for(season.org):
        said = told(season, 2)
    assert "Today lies in Q4 2026 (10-01 – 12-31); it would lie in FY2026 Q4 (11-01 – 01-31)." in said
    assert "2 quarterly targets begin where no quarter will begin (1 of this quarter or later)." in said
    assert "The forecasts stored for 1 past quarter stay and are judged under its own days." in said
    assert "begins anew with the next evening" in said


def test_a_year_moved_by_whole_quarters_keeps_them(season: Cast) -> None:
    with working_for(season.org):
        said = told(season, 4)
        assert "Quarters keep their days and their targets; only their number and year change." in said
        assert "no quarter will begin" not in said
        move_year(season, 4)
        quarter = period_of(Kind.QUARTER, TODAY, 4)
        assert queries.summary(season.executive, quarter).numbers.target == 1_000_00


def test_history_keeps_its_numbers_and_comes_back_whole(season: Cast) -> None:
    before = kept(season)
    zone = season.org.zone
    with working_for(season.org):
        [past] = queries.past(period_of(Kind.QUARTER, TODAY), None, TODAY, zone)
    move_year(season, 2)
    assert kept(season) == before, "nothing stored is touched"
    with working_for(season.org):
        now = period_of(Kind.QUARTER, TODAY, 2)
        [moved] = queries.past(now, None, TODAY, zone)
        assert (moved.actual, moved.judged) == (past.actual, past.judged) == (800_00, past.judged)
        assert labels.period_label(past.period) == "Q3 2026"
        assert labels.period_label(moved.period) == "July 2026 – September 2026"
        summary = queries.summary(season.executive, now)
        assert summary.numbers.target == 300_00, "the month counts on, the quarter that no longer fits does not"
        year = period_of(Kind.YEAR, TODAY, 2)
        assert queries.stray_targets(None, year) == 2
    move_year(season, 1)
    assert kept(season) == before
    with working_for(season.org):
        quarter = period_of(Kind.QUARTER, TODAY, 1)
        assert queries.summary(season.executive, quarter).numbers.target == 1_000_00
        assert queries.stray_targets(None, period_of(Kind.YEAR, TODAY, 1)) == 0


def test_the_targets_say_that_some_no_longer_count(season: Cast, login: Login) -> None:
    targets = reverse("forecasting:targets", args=["acme"])
    client = login(season.executive)
    asked = {"period": "quarter", "on": "2026-11-01"}
    assert "fiscal year that held before" not in client.get(targets, asked).content.decode()
    move_year(season, 2)
    assert "2 quarterly targets of the fiscal year that held before" in client.get(targets, asked).content.decode()


def test_the_changes_of_targets_are_those_of_whom_one_sees(season: Cast, login: Login) -> None:
    with working_for(season.org):
        actions.set_target(season.partner, "month", date(2026, 11, 1), 77_00, by=season.executive, at=NOW)
    history = reverse("tenants:history", args=["acme", "targets"])

    def people(member: Membership) -> str:
        return re.sub(r"<[^>]+>", " ", login(member).get(history, headers={"HX-Request": "true"}).content.decode())

    assert "Partner Acme" in people(season.executive)
    assert "Rep Acme" in people(season.manager)
    assert "Partner Acme" not in people(season.manager)
    assert login(season.rep).get(history).status_code == 403
