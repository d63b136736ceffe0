"""How good past forecasts were. No Django here."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from forecasting.periods import ONE_DAY, Period

NEAR = timedelta(days=3)
"""A snapshot this near to a mark stands for it."""


class Mark(StrEnum):
    """When in a period a forecast is judged; day 1 is the headline."""

    DAY_1 = "day_1"
    THIRD = "third"
    TWO_THIRDS = "two_thirds"
    LAST_WEEK = "last_week"


def accuracy(forecast: int, actual: int) -> float | None:
    """Return 1 − |F − A| ÷ A, at least 0; None where nothing was won."""
    return max(0.0, 1 - abs(forecast - actual) / actual) if actual else None


def marked_on(mark: Mark, period: Period) -> date:
    """Return the evening on which a mark of a period falls; day 1 is the evening before the period begins."""
    length = (period.ends_on - period.starts_on).days + 1
    if mark == Mark.DAY_1:
        return period.starts_on - ONE_DAY
    if mark == Mark.LAST_WEEK:
        return period.ends_on - timedelta(days=7)
    return period.starts_on + timedelta(days=length * (1 if mark == Mark.THIRD else 2) // 3) - ONE_DAY


def nearest(snapshots: Mapping[date, int], to: date) -> int | None:
    """Return the stored forecast nearest to an evening, the earlier one of two; None when there is none near."""
    near = [day for day in snapshots if abs(day - to) <= NEAR]
    return snapshots[min(near, key=lambda day: (abs(day - to), day))] if near else None
