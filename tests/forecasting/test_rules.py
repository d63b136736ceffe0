"""The rules of forecasting: periods, weights, health, accuracy, and what changed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.accuracy import Mark, accuracy, marked_on, nearest
from forecasting.periods import (
    MONTHS,
    Kind,
    Period,
    is_start,
    last_ones,
    pace,
    period_of,
    working_days,
)
from forecasting.waterfall import Bucket, Cause, State, Story, View, build, classify, contribution, weighted_change
from forecasting.weighting import Numbers, target_of, weighted
from funnel.stages import PERCENT, Category, Stage, Status
from tenants.calendar import WorkCalendar, weekdays

TODAY = date(2026, 11, 23)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
KINDS = st.sampled_from(list(Kind))
FISCAL = st.integers(1, 12)

# Periods ----------------------------------------------------------------------------------------------


@given(KINDS, DAYS, FISCAL)
def test_periods_tile_time(kind: Kind, day: date, fiscal: int) -> None:
    period = period_of(kind, day, fiscal)
    assert day in period
    assert period.next.starts_on == period.ends_on + timedelta(days=1)
    assert period.next.previous == period == period.previous.next
    assert period_of(kind, period.ends_on, fiscal) == period == period_of(kind, period.starts_on, fiscal)
    assert 1 <= period.number <= 12 // MONTHS[kind]
    assert is_start(kind, period.starts_on, fiscal)
    assert not is_start(kind, period.starts_on + timedelta(days=1), fiscal)
    year = period_of(Kind.YEAR, day, fiscal)
    assert (year.starts_on.month, year.year) == (fiscal, period.year)
    assert year.starts_on <= period.starts_on
    assert period.ends_on <= year.ends_on


@given(KINDS, DAYS, FISCAL)
def test_the_parts_of_a_period_are_all_of_it(kind: Kind, day: date, fiscal: int) -> None:
    period = period_of(kind, day, fiscal)
    parts = period.parts
    assert bool(parts) == (kind != Kind.MONTH)
    if parts:
        assert (parts[0].starts_on, parts[-1].ends_on) == (period.starts_on, period.ends_on)
        assert all(a.next == b for a, b in pairwise(parts))


def test_a_fiscal_year_that_begins_in_april() -> None:
    quarter = period_of(Kind.QUARTER, date(2026, 2, 10), 4)
    assert (quarter.starts_on, quarter.ends_on) == (date(2026, 1, 1), date(2026, 3, 31))
    assert (quarter.year, quarter.number) == (2025, 4)
    half = period_of(Kind.HALF, date(2026, 2, 10), 4)
    assert (half.starts_on, half.number) == (date(2025, 10, 1), 2)


def test_a_period_begins_at_midnight_where_the_organization_is() -> None:
    begins_at, ends_at = period_of(Kind.MONTH, TODAY).instants(ZoneInfo("Asia/Taipei"))
    assert begins_at == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert ends_at == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_the_periods_before() -> None:
    assert [each.starts_on for each in last_ones(period_of(Kind.QUARTER, TODAY), 2)] == [
        date(2026, 7, 1),
        date(2026, 4, 1),
    ]


def test_pace_counts_working_days_with_holidays_and_days_that_make_up_for_them() -> None:
    calendar = WorkCalendar(
        weekdays=weekdays("12345"), off=frozenset({date(2026, 11, 2)}), made_up=frozenset({date(2026, 11, 7)})
    )
    month = period_of(Kind.MONTH, TODAY)
    assert working_days(month, date(2026, 11, 8), calendar) == (5, 21)
    assert working_days(month, date(2026, 10, 8), calendar) == (0, 21)
    assert working_days(month, date(2027, 1, 8), calendar) == (21, 21)
    assert pace(2_100, 5, 21) == 500
    assert pace(2_100, 0, 0) == 0


# Weights ----------------------------------------------------------------------------------------------

AMOUNTS = st.one_of(st.none(), st.integers(0, 10**15))


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(list(PERCENT.values())))))
def test_weighted_amounts_add_up_whichever_way_they_are_cut(rows: list[tuple[int | None, int]]) -> None:
    one_by_one = [weighted(amount, percent) for amount, percent in rows]
    by_percent = {percent: sum(weighted(a, p) for a, p in rows if p == percent) for _a, percent in rows}
    assert sum(one_by_one) == sum(by_percent.values())
    for amount, percent in rows:
        assert 0 <= weighted(amount, percent) <= (amount or 0)


def test_the_words_of_a_number() -> None:
    numbers = Numbers(won=600, won_count=2, weighted=150, open_total=800, open_count=3, target=1_000)
    assert (numbers.forecast, numbers.to_go, numbers.gap, numbers.over) == (750, 400, 250, 0)
    assert (numbers.attained, numbers.expected, numbers.coverage) == (0.6, 0.75, 2.0)
    met = Numbers(won=1_200, target=1_000)
    assert (met.to_go, met.coverage, met.over) == (-200, None, 200)
    without = Numbers(won=5)
    assert (without.to_go, without.gap, without.attained, without.expected, without.coverage) == (None,) * 5
    assert Numbers(target=0).attained is None
    assert Numbers().is_empty
    assert not Numbers(target=0).is_empty
    both = numbers + without
    assert (both.won, both.target) == (605, 1_000)
    assert (without + without).target is None


def test_a_quarter_without_its_own_target_is_the_sum_of_its_months() -> None:
    quarter = period_of(Kind.QUARTER, TODAY)
    october, november, _december = quarter.parts
    months = {(1, "month", october.starts_on): 100, (1, "month", november.starts_on): 200}
    assert target_of(months, 1, quarter) == 300
    assert target_of(months, 2, quarter) is None
    assert target_of({**months, (1, "quarter", quarter.starts_on): 1_000}, 1, quarter) == 1_000
    assert target_of({(1, "quarter", quarter.starts_on): 1_000}, 1, october) is None
    assert target_of(months, 1, period_of(Kind.YEAR, TODAY)) == 300


# Accuracy ---------------------------------------------------------------------------------------------


def test_accuracy() -> None:
    assert accuracy(90, 100) == pytest.approx(0.9)
    assert accuracy(300, 100) == 0
    assert accuracy(5, 0) is None


def test_marks_of_a_quarter() -> None:
    quarter = period_of(Kind.QUARTER, TODAY)
    assert [marked_on(mark, quarter) for mark in Mark] == [
        date(2026, 9, 30),
        date(2026, 10, 30),
        date(2026, 11, 30),
        date(2026, 12, 24),
    ]


def test_the_nearest_snapshot_stands_for_a_mark() -> None:
    stored = {date(2026, 10, 1): 5, date(2026, 10, 3): 7, date(2026, 10, 20): 9}
    assert nearest(stored, date(2026, 10, 2)) == 5
    assert nearest(stored, date(2026, 10, 10)) is None


# What changed -----------------------------------------------------------------------------------------

QUARTER = period_of(Kind.QUARTER, TODAY)
VIEW = View(QUARTER, frozenset({1, 2}))
IN = State(Status.OPEN, 100, TODAY, 1, Category.PIPELINE, Stage.DEVELOP)


def state(**facts: Any) -> State:
    return State(**{**{field: getattr(IN, field) for field in State.__slots__}, **facts})


LATER, EARLIER = QUARTER.ends_on + timedelta(days=1), QUARTER.starts_on - timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "after", "bucket", "delta"),
    [
        (IN, state(status=Status.WON, amount=150), Bucket.WON, -100),
        (IN, state(status=Status.LOST), Bucket.LOST, -100),
        (IN, state(status=Status.ABANDONED), Bucket.ABANDONED, -100),
        (IN, None, Bucket.REMOVED, -100),
        (IN, state(category=Category.OMITTED), Bucket.REMOVED, -100),
        (IN, state(owner=3), Bucket.TRANSFERRED_OUT, -100),
        (IN, state(owner=3, due_on=LATER), Bucket.TRANSFERRED_OUT, -100),
        (IN, state(due_on=LATER), Bucket.PUSHED_OUT, -100),
        (IN, state(due_on=None), Bucket.PUSHED_OUT, -100),
        (IN, state(due_on=EARLIER), Bucket.MOVED_EARLIER, -100),
        (IN, state(owner=2), Bucket.UNCHANGED, 0),
        (IN, state(amount=130, priced=1), Bucket.INCREASED, 30),
        (IN, state(amount=None, priced=1), Bucket.DECREASED, -100),
        (IN, state(amount=130), Bucket.CURRENCY, 30),
        (IN, state(amount=70), Bucket.CURRENCY, -30),
        (IN, state(amount=100, priced=2), Bucket.UNCHANGED, 0),
        (None, IN, Bucket.NEW, 100),
        (state(status=Status.LOST), IN, Bucket.REOPENED, 100),
        (state(owner=3), IN, Bucket.TRANSFERRED_IN, 100),
        (state(due_on=LATER), IN, Bucket.PULLED_IN, 100),
        (state(due_on=None), IN, Bucket.PULLED_IN, 100),
        (state(due_on=EARLIER), IN, Bucket.ROLLED_OVER, 100),
        (state(category=Category.OMITTED), IN, Bucket.RESTORED, 100),
    ],
)
def test_each_bucket(before: State | None, after: State | None, bucket: Bucket, delta: int) -> None:
    step = classify(Story(7, (before, after)), VIEW)
    assert step is not None
    assert (step.bucket, step.delta) == (bucket, delta)


def test_what_came_and_went_is_shown_and_adds_nothing() -> None:
    step = classify(Story(7, (None, IN, state(status=Status.LOST))), VIEW)
    assert step is not None
    assert (step.bucket, step.delta) == (Bucket.CAME_AND_WENT, 0)
    assert classify(Story(7, (None, state(owner=3))), VIEW) is None


STATES = st.one_of(
    st.none(),
    st.builds(
        State,
        status=st.sampled_from(list(Status)),
        amount=st.one_of(st.none(), st.integers(0, 10**12)),
        due_on=st.one_of(st.none(), st.dates(date(2026, 8, 1), date(2027, 2, 28))),
        owner=st.integers(1, 4),
        category=st.sampled_from(list(Category)),
        stage=st.sampled_from([int(stage) for stage in Stage]),
        closed_on=st.one_of(st.none(), st.dates(date(2026, 8, 1), date(2027, 2, 28))),
        priced=st.integers(0, 2),
    ),
)
HISTORIES = st.lists(st.lists(STATES, min_size=2, max_size=5), max_size=30)


def pipeline(states: list[State | None], view: View) -> int:
    return sum((each.amount or 0) for each in states if each is not None and view.holds(each))


@given(HISTORIES, st.one_of(st.none(), st.frozensets(st.integers(1, 4))))
def test_start_and_all_buckets_make_the_end(histories: list[list[State | None]], owners: frozenset[int] | None) -> None:
    view = View(QUARTER, owners)
    stories = [Story(pk, tuple(states)) for pk, states in enumerate(histories)]
    found = build(stories, view)
    assert found.start == pipeline([story.before for story in stories], view)
    assert found.end == pipeline([story.after for story in stories], view)
    assert found.start + sum(delta for _bucket, delta, _count in found.buckets) == found.end
    steps = [step for step in (classify(story, view) for story in stories) if step is not None]
    assert sum(part.count for part in found.parts.values()) == len(steps)


@given(HISTORIES)
def test_the_change_of_the_weighted_forecast_is_the_difference(histories: list[list[State | None]]) -> None:
    percents = {int(stage): percent for stage, percent in PERCENT.items()}
    stories = [Story(pk, tuple(states)) for pk, states in enumerate(histories)]
    change, reason = weighted_change(stories, VIEW, percents)
    ends = [
        sum(contribution(each, VIEW, percents) for each in moment)
        for moment in ([story.before for story in stories], [story.after for story in stories])
    ]
    assert change == ends[1] - ends[0]
    assert (reason is None) == (change == 0)
    if reason is not None:
        assert (reason.delta > 0) == (change > 0)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (IN, state(status=Status.WON, stage=Stage.DEPLOY, closed_on=TODAY), Bucket.WON),
        (IN, state(stage=Stage.CLOSE), Cause.ADVANCED),
        (IN, state(stage=Stage.CLOSE, amount=90, priced=1), Cause.ADVANCED),
        (IN, state(stage=Stage.QUALIFY), Cause.WENT_BACK),
        (IN, state(stage=Stage.QUALIFY, amount=110, priced=1), Cause.WENT_BACK),
        (IN, state(amount=90), Bucket.CURRENCY),
        (IN, state(due_on=LATER), Bucket.PUSHED_OUT),
        (IN, state(amount=200, priced=1), Bucket.INCREASED),
        (state(status=Status.WON, closed_on=TODAY), state(status=Status.LOST), Cause.WENT_BACK),
    ],
)
def test_the_main_cause(before: State, after: State, cause: Bucket | Cause) -> None:
    percents = {int(stage): percent for stage, percent in PERCENT.items()}
    small = Story(1, (None, state(amount=1)))
    _change, reason = weighted_change([small, Story(9, (before, after))], VIEW, percents)
    assert reason is not None
    assert (reason.pk, reason.cause) == (9, cause)


def test_periods_know_whether_they_hold_a_day() -> None:
    assert QUARTER.starts_on in QUARTER
    assert EARLIER not in QUARTER
    assert Period(Kind.MONTH, date(2026, 11, 1)) == period_of(Kind.MONTH, TODAY)
