"""When a visit was, from a tap; the spans of a list."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.times import Bounds, Span, When, bounds, moment

TAIPEI = ZoneInfo("Asia/Taipei")
moments = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1)).flatmap(
    lambda day: st.times().map(lambda at: datetime.combine(day, at, tzinfo=TAIPEI))
)


@pytest.mark.parametrize(
    ("when", "hour", "expected"),
    [
        (When.NOW, 15, datetime(2026, 11, 23, 15, 30, tzinfo=TAIPEI)),
        (When.MORNING, 15, datetime(2026, 11, 23, 10, tzinfo=TAIPEI)),
        (When.MORNING, 9, datetime(2026, 11, 23, 9, 30, tzinfo=TAIPEI)),
        (When.YESTERDAY, 9, datetime(2026, 11, 22, 12, tzinfo=TAIPEI)),
    ],
)
def test_what_a_tap_means(when: When, hour: int, expected: datetime) -> None:
    assert moment(when, datetime(2026, 11, 23, hour, 30, tzinfo=TAIPEI)) == expected


@given(now=moments, when=st.sampled_from(list(When)))
def test_a_tap_never_means_the_time_to_come(now: datetime, when: When) -> None:
    assert moment(when, now) <= now
    assert now - moment(when, now) < timedelta(days=2)


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        (Span.WEEK, "2026-11-23", "2026-11-30"),
        (Span.LAST_WEEK, "2026-11-16", "2026-11-23"),
        (Span.MONTH, "2026-11-01", "2026-12-01"),
        (Span.LAST_MONTH, "2026-10-01", "2026-11-01"),
        (Span.NINETY, "2026-08-29", "2026-11-27"),
    ],
)
def test_the_days_of_a_span(span: Span, start: str, end: str) -> None:
    assert bounds(span, date(2026, 11, 26)) == Bounds(date.fromisoformat(start), date.fromisoformat(end))


@given(today=st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1)))
def test_spans_hold_today_or_end_before_it(today: date) -> None:
    assert bounds(Span.ALL, today) == Bounds(None, None)
    for span in (Span.WEEK, Span.MONTH, Span.NINETY):
        found = bounds(span, today)
        assert found.start is not None
        assert found.end is not None
        assert found.start <= today < found.end
    assert bounds(Span.LAST_WEEK, today).end == bounds(Span.WEEK, today).start
    assert bounds(Span.LAST_MONTH, today).end == bounds(Span.MONTH, today).start
