"""Every number agrees with the plainest sum over the database, for each role, period and choice of people."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.http import Http404

from accounts import actions as accounts_actions
from forecasting import actions, queries
from forecasting.models import ForecastSnapshot, OpportunitySnapshot
from forecasting.periods import Kind, period_of
from forecasting.replay import forecasts
from forecasting.waterfall import Bucket, Cause, State, Story, View, Waterfall, build
from funnel import actions as funnel_actions
from funnel.models import Change, Opportunity
from funnel.stages import Stage
from jobs import running
from jobs.models import Job
from tenants.models import ExchangeRate, Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import (
    MONTH,
    NOW,
    QUARTER,
    TODAY,
    change,
    count,
    lose,
    make_opportunity,
    make_season,
    move,
    told,
    win,
)
from tests.forecasting.test_past import prove

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def owners_of(acme: Cast) -> list[tuple[Membership, set[int]]]:
    team = {acme.rep.pk, acme.rep2.pk, acme.manager.pk}
    return [
        (acme.rep, {acme.rep.pk}),
        (acme.rep2, {acme.rep2.pk}),
        (acme.manager, team),
        (acme.executive, team | {acme.executive.pk, acme.partner.pk}),
    ]


def test_the_summary_of_each_role_is_the_plain_sum(acme: Cast, globex: Cast) -> None:
    make_season(acme)
    make_season(globex)
    periods = [QUARTER, MONTH, QUARTER.previous, QUARTER.next, period_of(Kind.YEAR, TODAY)]
    for period, (member, owners) in product(periods, owners_of(acme)):
        expected = count(acme, period, owners)
        with working_for(acme.org):
            found = queries.summary(member, period)
        numbers = found.numbers
        assert (numbers.won, numbers.won_count) == (expected.won, expected.won_count)
        assert (numbers.weighted, numbers.open_total, numbers.open_count) == (
            expected.weighted,
            expected.open_total,
            expected.open_count,
        )
        assert sum(row.numbers.forecast for row in found.people) == numbers.forecast
        assert sum(each.weighted for each in found.stages) == numbers.weighted
        assert sum(each.count for each in found.stages) == numbers.open_count
        assert (found.won_by_day[-1][1] if found.won_by_day else 0) == numbers.won
        reached = [each.reached_amount for each in found.stages]
        assert reached == sorted(reached, reverse=True)


def test_a_team_and_a_person_can_be_chosen_but_only_visible_ones(acme: Cast, globex: Cast) -> None:
    make_season(acme)
    with working_for(acme.org):
        team = queries.scope(acme.executive, f"t{acme.team.pk}")
        assert set(team.owners or ()) == {acme.rep.pk, acme.rep2.pk, acme.manager.pk}
        one = queries.scope(acme.manager, f"m{acme.rep.pk}")
        found = queries.summary(acme.manager, QUARTER, one)
        assert found.numbers.won == count(acme, QUARTER, {acme.rep.pk}).won
        for member, who in [
            (acme.rep, f"m{acme.rep2.pk}"),
            (acme.manager, f"m{acme.partner.pk}"),
            (acme.manager, f"t{acme.other_team.pk}"),
            (acme.executive, f"m{globex.rep.pk}"),
            (acme.executive, f"t{globex.team.pk}"),
            (acme.executive, "x1"),
            (acme.executive, "m"),
        ]:
            with pytest.raises(Http404):
                queries.scope(member, who)


def test_each_number_is_the_sum_of_its_rows(acme: Cast) -> None:
    make_season(acme)
    with working_for(acme.org):
        found = queries.summary(acme.manager, QUARTER)
        whose = queries.scope(acme.manager)
        numbers, none = found.numbers, found.uncounted

        def rows(what: str, stage: int | None = None) -> tuple[int, int]:
            behind = queries.rows(QUARTER, acme.org.zone, whose.owners, what=what, stage=stage)
            totals = queries.totals(behind, found.percents)
            listed = list(queries.listed(behind, found.percents))
            assert totals.weighted == sum(int(vars(each)["weighted"]) for each in listed)
            return totals.count, totals.amount

        assert rows("due") == (numbers.open_count, numbers.open_total)
        assert rows("won") == (numbers.won_count, numbers.won)
        assert rows("lost") == (3, 3 * 66_666)
        assert rows("overdue") == (none.overdue_count, none.overdue_amount)
        assert rows("undated") == (none.undated_count, none.undated_amount)
        assert all(rows(what)[0] > 0 for what in ("due", "won", "overdue", "undated"))
        for each in found.stages:
            assert rows("reached", int(each.row.stage)) == (each.reached_count, each.reached_amount)
            assert rows("due", int(each.row.stage)) == (each.count, each.amount)


# Targets ----------------------------------------------------------------------------------------------


def test_targets_add_up_over_people_and_months(acme: Cast) -> None:
    with working_for(acme.org):
        for month, amount in zip(QUARTER.parts, [100, 200, 300], strict=True):
            actions.set_target(acme.rep, "month", month.starts_on, amount, by=acme.manager, at=NOW)
        actions.set_target(acme.rep2, "quarter", QUARTER.starts_on, 5_000, by=acme.manager, at=NOW)
        assert queries.summary(acme.rep, QUARTER).numbers.target == 600
        assert queries.summary(acme.manager, QUARTER).numbers.target == 5_600
        assert queries.summary(acme.manager, MONTH).numbers.target == 200
        assert queries.summary(acme.rep2, MONTH).numbers.target is None


# What changed -----------------------------------------------------------------------------------------

SINCE = NOW - 7 * DAY


def test_what_changed_agrees_with_the_change_log_read_forwards(acme: Cast) -> None:
    with working_for(acme.org):
        rep, other = acme.rep, acme.partner
        early = NOW - 40 * DAY
        won = win(make_opportunity(rep, 100, TODAY, at=early), NOW - DAY, amount=150)
        lost = lose(make_opportunity(rep, 200, TODAY, at=early), NOW - DAY)
        pushed = change(make_opportunity(rep, 300, TODAY, at=early), NOW - DAY, expected_close_on=date(2027, 2, 1))
        pulled = change(make_opportunity(rep, 400, date(2027, 2, 1), at=early), NOW - DAY, expected_close_on=TODAY)
        more = change(make_opportunity(rep, 500, TODAY, at=early), NOW - DAY, amount=550)
        less = change(make_opportunity(rep, 600, TODAY, at=early), NOW - DAY, amount=500)
        gone = change(make_opportunity(rep, 700, TODAY, at=early), NOW - DAY, owner=other)
        came = change(make_opportunity(other, 800, TODAY, at=early), NOW - DAY, owner=rep)
        new = make_opportunity(rep, 900, TODAY, at=NOW - DAY)
        passing = make_opportunity(rep, 1_000, TODAY, at=NOW - 2 * DAY)
        lose(passing, NOW - DAY)
        moved = move(make_opportunity(rep, 1_100, TODAY, at=early), Stage.CLOSE, NOW - DAY)
        make_opportunity(rep, 1_200, TODAY, at=early, name="still")
        change(make_opportunity(rep, 1_300, TODAY, at=early, name="still"), NOW - 20 * DAY, amount=1_301)  # before
        found = queries.waterfall(QUARTER, queries.seen_by(rep), since=SINCE)
        where = {
            each.pk: bucket
            for bucket in Bucket
            for each in queries.moved(QUARTER, queries.seen_by(rep), bucket=bucket, since=SINCE).visible_to(
                acme.executive
            )
            if each.name != "still"
        }
        assert where == {
            won.pk: Bucket.WON,
            lost.pk: Bucket.LOST,
            pushed.pk: Bucket.PUSHED_OUT,
            pulled.pk: Bucket.PULLED_IN,
            more.pk: Bucket.INCREASED,
            less.pk: Bucket.DECREASED,
            gone.pk: Bucket.TRANSFERRED_OUT,
            came.pk: Bucket.TRANSFERRED_IN,
            new.pk: Bucket.NEW,
            passing.pk: Bucket.CAME_AND_WENT,
            moved.pk: Bucket.UNCHANGED,
        }
        assert found == _forwards(acme, {rep.pk})


def _forwards(acme: Cast, owners: set[int]) -> Waterfall:
    """Rebuild both ends from the beginning of the log."""
    view, stories = View(QUARTER, owners), []
    for opportunity in Opportunity.objects.all():
        log = list(Change.objects.filter(opportunity=opportunity))
        events = [each.as_event() for each in log]
        moments = [SINCE, *sorted({each.occurred_at for each in log if each.occurred_at > SINCE})]
        stories.append(Story(opportunity.pk, tuple(told(events, moment, acme) for moment in moments)))
    return build(stories, view)


def test_the_change_of_the_forecast_names_its_main_reason(acme: Cast) -> None:
    with working_for(acme.org):
        small = make_opportunity(acme.rep, 1_000, TODAY, at=NOW - 40 * DAY)
        large = make_opportunity(acme.rep, 90_000, TODAY, stage=Stage.CLOSE, at=NOW - 40 * DAY)
        before = queries.summary(acme.rep, QUARTER).numbers.forecast
        move(small, Stage.CLOSE, NOW - DAY)
        change(large, NOW - DAY, expected_close_on=date(2027, 3, 1))
        found = queries.summary(acme.rep, QUARTER)
        moved = queries.movement(acme.rep, found, queries.scope(acme.rep), since=SINCE, zone=acme.org.zone)
        assert moved.forecast_change == found.numbers.forecast - before == 600 - 72_000
        assert moved.opportunity == large
        assert moved.reason is not None
        assert moved.reason.cause == Bucket.PUSHED_OUT
        whole = queries.movement(acme.rep, found, queries.scope(acme.rep), since=NOW - DAY, zone=acme.org.zone)
        assert (whole.forecast_change, whole.reason, whole.opportunity) == (0, None, None)
        move(small, Stage.DISCOVER, NOW)
        found = queries.summary(acme.rep, QUARTER)
        back = queries.movement(acme.rep, found, queries.scope(acme.rep), since=NOW - DAY, zone=acme.org.zone)
        assert back.reason is not None
        assert (back.forecast_change, back.reason.cause) == (-800, Cause.WENT_BACK)


def test_what_was_won_in_the_period_counts_although_it_was_due_later(acme: Cast) -> None:
    with working_for(acme.org):
        early = make_opportunity(acme.rep, 400, date(2027, 3, 1), stage=Stage.CLOSE, at=NOW - 40 * DAY)
        win(early, NOW - 20 * DAY)
        before = queries.summary(acme.rep, QUARTER).numbers.forecast
        change(early, NOW - DAY, amount=1_000)
        found = queries.summary(acme.rep, QUARTER)
        moved = queries.movement(acme.rep, found, queries.scope(acme.rep), since=SINCE, zone=acme.org.zone)
    assert (before, found.numbers.forecast) == (400, 1_000)
    assert (moved.forecast_change, moved.opportunity) == (600, early)


# Snapshots --------------------------------------------------------------------------------------------


def test_a_snapshot_holds_what_the_page_shows(acme: Cast, globex: Cast) -> None:
    make_season(acme)
    make_season(globex)
    with working_for(acme.org):
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 1_000_000, by=acme.manager, at=NOW)
        actions.set_target(acme.rep2, "month", MONTH.starts_on, 7, by=acme.manager, at=NOW)
        for _twice in range(2):
            stored = actions.take_snapshot(acme.org, on=TODAY, at=NOW)
        assert stored == Opportunity.objects.open().count() == OpportunitySnapshot.objects.filter(on=TODAY).count()
        one = OpportunitySnapshot.objects.select_related("opportunity").filter(stage=Stage.PROOF).first()
        assert (one.percent, one.amount, one.owner_id) == (60, one.opportunity.amount, one.opportunity.owner_id)
        for period in (MONTH, QUARTER, MONTH.next, QUARTER.next):
            found = queries.summary(acme.executive, period)
            rows = {
                row.owner_id: row
                for row in ForecastSnapshot.objects.filter(period=period.kind, starts_on=period.starts_on)
            }
            for person in found.people:
                row, numbers = rows.get(person.member.pk), person.numbers
                if row is None:
                    assert numbers.is_empty
                    continue
                assert (row.won, row.open_weighted, row.open_total, row.open_count, row.target) == (
                    numbers.won,
                    numbers.weighted,
                    numbers.open_total,
                    numbers.open_count,
                    numbers.target,
                )
            course = queries.course(period, None)
            assert course.points == [(TODAY, found.numbers.forecast)]
    with working_for(globex.org):
        assert not ForecastSnapshot.objects.exists()


def test_another_day_is_never_touched(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, 100, TODAY, stage=Stage.CLOSE)
        actions.take_snapshot(acme.org, on=TODAY - DAY, at=NOW - DAY)
        win(opportunity, NOW, amount=500)
        actions.take_snapshot(acme.org, on=TODAY, at=NOW)
        assert queries.course(QUARTER, None).points == [(TODAY - DAY, 80), (TODAY, 500)]
        assert OpportunitySnapshot.objects.count() == 1


def test_past_forecasts_are_judged_by_what_was_stored(acme: Cast) -> None:
    quarter = QUARTER.previous
    with working_for(acme.org):
        opportunity = make_opportunity(
            acme.rep, 1_000, date(2026, 8, 1), stage=Stage.PROOF, at=NOW - timedelta(days=170)
        )
        actions.take_snapshot(acme.org, on=quarter.starts_on - DAY, at=NOW - timedelta(days=146))
        win(opportunity, NOW - timedelta(days=90), amount=800)
        [past] = queries.past(QUARTER, None, TODAY, acme.org.zone)
        assert (past.period, past.actual) == (quarter, 800)
        first, *others = past.judged
        assert (first.forecast, first.accuracy) == (600, 0.75)
        assert all(each.forecast is None for each in others)
        assert queries.past(QUARTER, frozenset({acme.rep2.pk}), TODAY, acme.org.zone) == []


# The job ----------------------------------------------------------------------------------------------


def test_the_job_computes_health_and_snapshot(acme: Cast) -> None:
    make_season(acme)
    with working_for(acme.org):
        job = actions.start_now(by=acme.manager, at=NOW)
        assert actions.start_now(by=acme.executive, at=NOW) == job
    assert running.run(job)
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    with working_for(acme.org):
        assert job.result["stored"] == OpportunitySnapshot.objects.count() > 0
        assert job.result["flagged"] == Opportunity.objects.open().exclude(flags=[]).count() > 0


def test_the_night_values_by_the_rates_before_it_stores(acme: Cast) -> None:
    with working_for(acme.org):
        ExchangeRate.objects.create(currency="USD", on=TODAY - timedelta(300), rate="30")
        account = accounts_actions.create_account(name="Buyer", owner=acme.rep, by=acme.rep, at=NOW)
        facts: dict[str, Any] = {"amount": 100_00, "quoted_currency": "USD", "owner": acme.rep, "by": acme.rep}
        funnel_actions.open_opportunity(account, name="Line", at=NOW, **facts)
        ExchangeRate.objects.create(currency="USD", on=TODAY, rate="31")
        job = actions.start_now(by=acme.manager, at=NOW)
    assert running.run(job)
    with working_for(acme.org):
        assert job.result["revalued"] == 1
        assert OpportunitySnapshot.objects.get().amount == 3_100_00


def test_each_night_is_started_once_when_the_day_has_ended_there(acme: Cast) -> None:
    before_midnight = datetime(2026, 11, 23, 15, 5, tzinfo=NOW.tzinfo)  # 23:05 in Taipei
    with working_for(acme.org):
        first = actions.start_night(acme.org, at=before_midnight)
        assert first is not None
        assert first.payload == {"on": "2026-11-22"}
        assert actions.start_night(acme.org, at=before_midnight) is None
        second = actions.start_night(acme.org, at=before_midnight + timedelta(hours=1))
        assert second is not None
        assert second.payload == {"on": "2026-11-23"}
    running.run(second)
    with working_for(acme.org):
        assert actions.start_night(acme.org, at=before_midnight + timedelta(hours=2)) is None
        Job.objects.filter(pk=second.pk).update(state="failed")
        assert actions.start_night(acme.org, at=before_midnight + timedelta(hours=3)) is not None


def test_the_past_read_from_the_change_log_is_what_would_have_been_stored(acme: Cast) -> None:
    made = make_season(acme)
    with working_for(acme.org):
        prove(made[4], 2, acme, NOW - DAY)
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 1_000, by=acme.manager, at=NOW)
        evenings = [TODAY, QUARTER.starts_on, TODAY - timedelta(days=200)]
        assert actions.make_past_snapshots(acme.org, evenings, at=NOW) > 0
        fields = ("owner_id", "period", "starts_on", "won", "open_weighted", "open_total", "open_count", "open_proven")
        replayed = set(ForecastSnapshot.objects.filter(on=TODAY).values_list(*fields))
        assert actions.make_past_snapshots(acme.org, evenings[:1], at=NOW) == 0
        actions.take_snapshot(acme.org, on=TODAY, at=NOW)
        taken = set(ForecastSnapshot.objects.filter(on=TODAY).values_list(*fields))
        assert replayed == {row for row in taken if any(row[3:7])}
        assert any(0 < row[7] < row[4] for row in taken)
        first = queries.course(QUARTER, frozenset({acme.rep.pk})).points[0]
        assert first[0] == QUARTER.starts_on
        assert not ForecastSnapshot.objects.filter(on__lt=TODAY - timedelta(days=150)).exists()


def test_a_past_of_which_nobody_recorded_what_was_proven_says_so(acme: Cast) -> None:
    history = [(TODAY, State("open", 100, TODAY, 1, "commit", stage=3))]
    asked: dict[str, Any] = {"percents": {1: 5, 3: 20}, "fiscal_start": 1}
    found, unknown = forecasts([history], [TODAY], **asked)
    assert set(found) == unknown
    for facts in ({"proven_to": 1}, {"stage": 1}, {"amount": None}):
        known = replace(history[0][1], **facts)
        found, unknown = forecasts([[(TODAY, known)]], [TODAY], **asked)
        assert ({each.proven for each in found.values()}, unknown) == ({0 if known.amount is None else 5}, set())
