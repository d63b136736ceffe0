"""Months and quarters as people write them: 2026Q3, FY26 Q3, 2026年第3季, July 2026, 2026-07. No Django here.

Quarters are those of the organization's own year, as everywhere on its pages; months are months.
"""

import re
import unicodedata
from datetime import date

from forecasting.periods import Kind, Period

FIRST_YEAR, LAST_YEAR = 1990, 2199
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december")  # fmt: skip
_NAMED = {name: n for n, name in enumerate(_MONTHS, 1)} | {name: n for n, name in enumerate(_LONG, 1)} | {"sept": 9}
_CHINESE = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"十一": 11, "十二": 12}

_YEAR = r"(?:(?P<roc>民國|民国)\s*)?(?P<fy>fy\s*|fiscal\s*(?:year\s*)?)?'?(?P<year>\d{4}|\d{2,3})"
_END = r"(?:\s*(?:年度|会计年度|會計年度|財年|财年|年))?"
_QUARTER = (
    r"(?:第?\s*(?P<zh>[一二三四1-4])\s*季度?|q\s*(?P<q>[1-4])|(?P<q2>[1-4])\s*q(?:uarter)?|quarter\s*(?P<q3>[1-4]))"
)
_GAP = r"[\s\-/._,]*"
_WAYS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _YEAR + _END + _GAP + _QUARTER,
        _QUARTER + _GAP + _YEAR + _END,
        _YEAR + r"\s*年度?\s*(?P<month>\d{1,2}|十[一二]?|[一二三四五六七八九])\s*月(?:份)?",
        r"(?P<year>\d{4})[\-/.](?P<month>\d{1,2})(?:[\-/.]0?1)?(?:\s+00:00(?::00)?)?",
        r"(?P<year>\d{4})(?P<month>\d{2})",
        r"(?P<month>\d{1,2})[\-/.](?P<year>\d{4})",
        r"(?P<name>[a-z]{3,9})\.?" + _GAP + r"'?(?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})" + _GAP + r"(?P<name>[a-z]{3,9})\.?",
        r"m(?P<month>\d{1,2})" + _GAP + r"(?P<year>\d{4})",
        r"(?P<year>\d{4})" + _GAP + r"m(?P<month>\d{1,2})",
    )
)
_PART = (
    re.compile(_QUARTER, re.IGNORECASE),
    re.compile(r"(?P<month>\d{1,2}|十[一二]?|[一二三四五六七八九])\s*月(?:份)?"),
    re.compile(r"(?P<name>[a-z]{3,9})\.?", re.IGNORECASE),
)
_WHOLE = re.compile(_YEAR + _END + r"(?:" + _GAP + r"(?:h[12]|[上下]半年?))?", re.IGNORECASE)


class Unreadable(ValueError):
    """No month and no quarter: `kind` is `not_a_period`, `period_too_long` (a year) or `period_out_of_range`."""

    def __init__(self, kind: str) -> None:
        """Take why not."""
        super().__init__(kind)
        self.kind = kind


def read_period(text: str, fiscal_start: int = 1, year: int | None = None) -> Period:
    """Return the month or quarter that a text names.

    :param fiscal_start: the month in which the organization's year begins; its quarters count from there.
    :param year: the year that stands in a column of its own; the fiscal one for a quarter.
    :raises Unreadable: it is none.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain or len(plain) > 60:
        raise Unreadable("not_a_period")
    if year is not None:
        for way in _PART:
            if found := way.fullmatch(plain):
                return _period(found.groupdict(), year, fiscal_start)
        if plain.isdecimal() and 1 <= int(plain) <= 12:
            return _period({"month": plain}, year, fiscal_start)
    for way in _WAYS:
        if found := way.fullmatch(plain):
            said = found.groupdict()
            return _period(said, _year(said), fiscal_start)
    raise Unreadable("period_too_long" if _WHOLE.fullmatch(plain) else "not_a_period")


def _year(said: dict[str, str | None]) -> int:
    text = said["year"] or ""
    number = int(text)
    if said.get("roc") or len(text) == 3:
        return number + 1911
    return number + 2000 if len(text) == 2 else number


def _period(said: dict[str, str | None], year: int, fiscal_start: int) -> Period:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("period_out_of_range")
    if quarter := said.get("zh") or said.get("q") or said.get("q2") or said.get("q3"):
        number = _CHINESE.get(quarter) or int(quarter)
        months = year * 12 + fiscal_start - 1 + 3 * (number - 1)
        return Period(Kind.QUARTER, date(months // 12, months % 12 + 1, 1), fiscal_start)
    name, text = said.get("name"), said.get("month") or ""
    month = _NAMED.get(name.lower()) if name else _CHINESE.get(text) or int(text)
    if month is None or not 1 <= month <= 12:
        raise Unreadable("not_a_period")
    return Period(Kind.MONTH, date(year, month, 1), fiscal_start)
