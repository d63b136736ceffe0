"""Named spans of days: this month, next quarter. No Django here."""

from datetime import date, timedelta

WINDOWS = ("this_month", "next_month", "this_quarter", "next_quarter", "this_year")


def month_from(day: date, months: int) -> date:
    """Return the first day of the month that lies `months` after the one of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def quarter_of(day: date, fiscal_start: int) -> tuple[date, date, int, int]:
    """Return first and last day of the fiscal quarter around `day`, its number 1–4, and its fiscal year.

    :param fiscal_start: the month, 1–12, in which the fiscal year begins; the year is named by where it ends.
    """
    into = (day.month - fiscal_start) % 12
    start = month_from(day, -(into % 3))
    year = month_from(day, -into).year
    return start, month_from(start, 3) - timedelta(days=1), into // 3 + 1, year if fiscal_start == 1 else year + 1


def window(code: str, today: date, fiscal_start: int) -> tuple[date, date] | None:
    """Return first and last day of a named span; None for a name that is not in WINDOWS."""
    if code in {"this_month", "next_month"}:
        ahead = 0 if code == "this_month" else 1
        return month_from(today, ahead), month_from(today, ahead + 1) - timedelta(days=1)
    if code in {"this_quarter", "next_quarter"}:
        start, end, _number, _year = quarter_of(today, fiscal_start)
        return (start, end) if code == "this_quarter" else quarter_of(end + timedelta(days=1), fiscal_start)[:2]
    if code == "this_year":
        start = month_from(today, -((today.month - fiscal_start) % 12))
        return start, month_from(start, 12) - timedelta(days=1)
    return None
