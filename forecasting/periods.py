"""Months, quarters, halves and years of an organization, and how far a period has gone. No Django here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from tenants.calendar import WorkCalendar


class Kind(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


MONTHS = {Kind.MONTH: 1, Kind.QUARTER: 3, Kind.HALF: 6, Kind.YEAR: 12}
_PARTS = {Kind.QUARTER: Kind.MONTH, Kind.HALF: Kind.QUARTER, Kind.YEAR: Kind.QUARTER}
ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def _shift(first: date, months: int) -> date:
    """Move the first of a month by whole months."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter, half or year; `starts_on` and `ends_on` both belong to it.

    `fiscal_start` is the month in which the organization's year begins.
    """

    kind: Kind
    starts_on: date
    fiscal_start: int = 1

    @property
    def ends_on(self) -> date:
        """The last day."""
        return _shift(self.starts_on, MONTHS[self.kind]) - ONE_DAY

    @property
    def year(self) -> int:
        """The fiscal year, called by the calendar year in which it begins."""
        return self.starts_on.year - (self.starts_on.month < self.fiscal_start)

    @property
    def number(self) -> int:
        """Which one of its fiscal year: a quarter 1–4, a half 1–2, a month 1–12."""
        return (self.starts_on.month - self.fiscal_start) % 12 // MONTHS[self.kind] + 1

    @property
    def next(self) -> "Period":
        """The period after it, of the same kind."""
        return Period(self.kind, _shift(self.starts_on, MONTHS[self.kind]), self.fiscal_start)

    @property
    def previous(self) -> "Period":
        """The period before it, of the same kind."""
        return Period(self.kind, _shift(self.starts_on, -MONTHS[self.kind]), self.fiscal_start)

    @property
    def parts(self) -> "list[Period]":
        """The periods that it consists of: months of a quarter, quarters of a half or year; none for a month."""
        kind = _PARTS.get(self.kind)
        if kind is None:
            return []
        count = MONTHS[self.kind] // MONTHS[kind]
        return [Period(kind, _shift(self.starts_on, MONTHS[kind] * n), self.fiscal_start) for n in range(count)]

    def __contains__(self, day: date) -> bool:
        """Return whether a day lies in it."""
        return self.starts_on <= day <= self.ends_on

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the moment it begins and the one at which the next begins, where the organization is."""
        return midnight(self.starts_on, zone), midnight(self.ends_on + ONE_DAY, zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment a day begins in a time zone."""
    return datetime.combine(day, time.min, tzinfo=zone)


def period_of(kind: Kind, day: date, fiscal_start: int = 1) -> Period:
    """Return the period of this kind in which a day lies."""
    months = MONTHS[kind]
    into = (day.month - fiscal_start) % months if months < 12 else (day.month - fiscal_start) % 12
    return Period(kind, _shift(day.replace(day=1), -into), fiscal_start)


def is_start(kind: Kind, day: date, fiscal_start: int = 1) -> bool:
    """Return whether a period of this kind begins on that day."""
    return period_of(kind, day, fiscal_start).starts_on == day


def last_ones(period: Period, count: int) -> Iterator[Period]:
    """Yield the `count` periods before this one, the latest first."""
    for _ in range(count):
        period = period.previous
        yield period


def working_days(period: Period, today: date, calendar: WorkCalendar) -> tuple[int, int]:
    """Return how many working days of a period have gone by the end of `today`, and how many it has."""
    total = calendar.count(period.starts_on, period.ends_on)
    if today < period.starts_on:
        return 0, total
    return calendar.count(period.starts_on, min(today, period.ends_on)), total


def pace(target: int, gone: int, total: int) -> int:
    """Return what should be won by now: target × working days gone ÷ working days of the period."""
    return target * gone // total if total else 0
