"""What an account brings in a year: the average of what was won from it lately. No Django here."""

from datetime import datetime, timedelta

YEARS = 3
YEAR = timedelta(days=365)


def since(at: datetime) -> datetime:
    """Return where the window of three years begins."""
    return at - YEARS * YEAR


def yearly(total: int, first: datetime, at: datetime) -> int:
    """Return the average a year: `total` won in the window ÷ the years since `first` in it, at least one.

    Minor units, rounded down.
    """
    return int(total / max(1.0, min(float(YEARS), (at - first) / YEAR)))
