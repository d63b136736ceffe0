"""What moving a card to another column means where the columns are no stages. No Django here."""

from collections.abc import Mapping
from datetime import date, timedelta

from funnel.windows import month_from

AT_ONCE = frozenset({"category", "product", "source"})
"""A move sets the field, nothing needs to be asked."""
ASKED = frozenset({"owner", "due_month", "due_quarter"})
"""A move asks for something first: who gets it and why, or on which day."""
SPAN: Mapping[str, int] = {"due_month": 1, "due_quarter": 3}
"""How many months a column of days holds."""


def is_past(first: date, months: int, today: date) -> bool:
    """Return whether a span of months has gone by: nothing is moved into it any more."""
    return month_from(first, months) <= today


def day_in(first: date, months: int, now: date | None, today: date) -> date:
    """Return the day to suggest in a span of months: the same day of the month, but not one that has gone by."""
    last = month_from(first, months) - timedelta(days=1)
    same = min(month_from(first, 1) - timedelta(days=1), first + timedelta(days=(now.day if now else 15) - 1))
    return min(max(same, min(today, last)), last)
