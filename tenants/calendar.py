"""Which days people work: weekdays, holidays, and the weekends that make up for a holiday."""

from dataclasses import dataclass, field
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkCalendar:
    """The working days of an organization.

    weekdays: ISO weekdays that are worked, 1 is Monday. off: days off. made_up: days worked although the
    weekday is not.
    """

    weekdays: frozenset[int]
    off: frozenset[date] = field(default_factory=frozenset)
    made_up: frozenset[date] = field(default_factory=frozenset)

    def is_working(self, day: date) -> bool:
        """Return whether people work on that day."""
        return day in self.made_up or (day.isoweekday() in self.weekdays and day not in self.off)

    def count(self, first: date, last: date) -> int:
        """Return the number of working days from `first` to `last`, both included."""
        span = (last - first).days + 1
        return sum(self.is_working(first + ONE_DAY * n) for n in range(span))


def weekdays(digits: str) -> frozenset[int]:
    """Read `12345` as Monday to Friday."""
    return frozenset(int(digit) for digit in digits)


def days(first: date, last: date) -> list[date]:
    """Return every day from `first` to `last`, both included."""
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]
