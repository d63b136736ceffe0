"""When a visit took place, from a tap; how far back and ahead things may lie; spans of a list. No Django here."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

OLDEST = timedelta(days=180)
"""How far back a visit may be logged by hand."""

SLACK = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours."""

FURTHEST = timedelta(days=3 * 366)
"""How far ahead anything may be planned."""


class When(StrEnum):
    """The taps that say when."""

    NOW = "now"
    MORNING = "morning"
    YESTERDAY = "yesterday"
    OTHER = "other"


def moment(when: When, now: datetime) -> datetime:
    """Return the moment a tap means, in the zone of `now`: this morning is 10:00, yesterday noon, never after `now`."""
    if when == When.MORNING:
        return min(now, now.replace(hour=10, minute=0, second=0, microsecond=0))
    if when == When.YESTERDAY:
        return datetime.combine(now.date() - timedelta(days=1), time(12), tzinfo=now.tzinfo)
    return now


class Span(StrEnum):
    """The spans by which a list of visits is cut."""

    WEEK = "week"
    LAST_WEEK = "last_week"
    MONTH = "month"
    LAST_MONTH = "last_month"
    NINETY = "ninety"
    ALL = "all"


@dataclass(frozen=True)
class Bounds:
    """The first day of a span and the day after its last; None is without end."""

    start: date | None
    end: date | None


def bounds(span: Span, today: date) -> Bounds:
    """Return the days of a span. Weeks start on Monday; 90 days end with today."""
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    if span == Span.WEEK:
        return Bounds(monday, monday + timedelta(weeks=1))
    if span == Span.LAST_WEEK:
        return Bounds(monday - timedelta(weeks=1), monday)
    if span == Span.MONTH:
        return Bounds(first, (first + timedelta(days=32)).replace(day=1))
    if span == Span.LAST_MONTH:
        return Bounds((first - timedelta(days=1)).replace(day=1), first)
    if span == Span.NINETY:
        return Bounds(today - timedelta(days=89), today + timedelta(days=1))
    return Bounds(None, None)
