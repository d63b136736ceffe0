"""Reads one cell as a date; which of two bare numbers is the month is decided over the whole column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from exchange.problems import BadValue, Code
from exchange.rows import Cell
from exchange.texts import INVISIBLE, REMEMBERED, SHORT, as_text, parse_text

Order = Literal["ymd", "mdy", "dmy"]
ORDERS: tuple[Order, ...] = ("ymd", "mdy", "dmy")


def order_of(text: str | None) -> Order | None:
    """Return the order that goes by this name, None for anything else."""
    return next((order for order in ORDERS if order == text), None)


FIRST_YEAR, LAST_YEAR = 1900, 2199
_EXCEL_START = date(1899, 12, 30)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may may", "jun june",
            "jul july", "aug august", "sep september sept", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = re.compile(
    r"(?<=[\d日])(?:t|\s*,?\s+)(?:(?:上午|下午|凌晨|早上|晚上|中午|am|pm)\s*)?\d{1,2}[:點点时時]\s*\d{1,2}.*$"
    r"|(?<=日)\s*(?:上午|下午|凌晨|早上|晚上|中午)?\s*\d{1,2}[:點点时時]\s*\d{1,2}.*$",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"\s*[(\[]?\s*(?:(?:星期|禮拜|礼拜|週|周)[一二三四五六日天])\s*[)\]]?\s*$"
    r"|\s*\(\s*[一二三四五六日天]\s*\)\s*$"
    r"|^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+",
    re.IGNORECASE,
)
_REPUBLIC = re.compile(
    r"^(?:中華民國|民國|民国|roc)\s*(\d{1,3})\s*[年./\-]\s*(\d{1,2})\s*[月./\-]\s*(\d{1,2})\s*日?$", re.IGNORECASE
)
_CHINESE = re.compile(r"^(\d{2,4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日號号]?$")
_PARTS = re.compile(r"^(\d{1,4})\s*([./\-])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_REPUBLIC_COMPACT = re.compile(r"^([01]\d{2})(\d{2})(\d{2})$")
_DAY_FIRST = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[\s\-./]*([a-z]{3,9})\.?[\s\-./,]*(\d{2,4})$", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"^([a-z]{3,9})\.?[\s\-./]*(\d{1,2})(?:st|nd|rd|th)?[\s,\-./]+(\d{2,4})$", re.IGNORECASE)
_YEAR_NAMED = re.compile(r"^(\d{4})[\s\-./]*([a-z]{3,9})\.?[\s\-./]*(\d{1,2})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How a column writes its dates.

    ``order`` is the order of year, month and day where three bare numbers leave it open;
    ``ambiguous`` says that more than one order fits every value; ``mixed`` that none fits all
    (then only dates that can be read in one way alone are taken).
    """

    order: Order | None = None
    ambiguous: bool = False
    mixed: bool = False
    examples: tuple[str, ...] = ()


def infer_date_format(values: Iterable[Cell]) -> DateFormat:
    """The order of day and month in a column, decided over all its values together."""
    fitting: dict[Order, int] = dict.fromkeys(ORDERS, 0)
    proving: dict[Order, str] = {}
    open_texts: list[str] = []
    count = 0
    seen: set[str] = set()
    for cell in values:
        if not isinstance(cell, str) or cell in seen:
            continue
        seen.add(cell)
        orders = _orders(cell)
        if not orders:
            continue
        count += 1
        for order in orders:
            fitting[order] += 1
        if len(orders) == 1:
            proving.setdefault(orders[0], cell.strip())
        elif len(open_texts) < 3:
            open_texts.append(cell.strip())
    if not count:
        return DateFormat()
    left = [order for order in ORDERS if fitting[order] == count]
    if len(left) == 1:
        return DateFormat(left[0])
    if len(left) > 1:
        return DateFormat(None, ambiguous=True, examples=tuple(open_texts))
    return DateFormat(None, mixed=True, examples=tuple(proving.values()))


def _orders(text: str) -> list[Order]:
    """The orders in which three bare numbers are a date; none for what is clear by itself."""
    parts = _bare_parts(text)
    if parts is None:
        return []
    first, _middle, last = parts
    if len(first) > 2:
        return []
    candidates = ORDERS if len(last) == 2 else ("mdy", "dmy")
    return [order for order in candidates if _ordered(parts, order) is not None]


def _bare_parts(text: str) -> tuple[str, str, str] | None:
    found = _PARTS.match(_trimmed(text))
    return (found[1], found[3], found[4]) if found else None


def _trimmed(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(INVISIBLE).strip()
    return _WEEKDAY.sub("", _TIME.sub("", folded)).strip()


def _ordered(parts: tuple[str, str, str], order: Order) -> date | None:
    a, b, c = parts
    year, month, day = {"ymd": (a, b, c), "mdy": (c, a, b), "dmy": (c, b, a)}[order]
    return _date(_year(year), int(month), int(day)) if len(month) <= 2 and len(day) <= 2 else None


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 3:
        return year + 1911
    if len(text) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse_date(cell: Cell, written: DateFormat | Order | None = None) -> date | None:
    """A date: 2024-03-15, 2024/3/15, 3/15/2024, 15.3.24, 15 Mar 2024, 2024年3月15日, 民國113年3月15日,
    20240315, an Excel serial number, a date cell; a time of day behind it is dropped.

    ``written`` settles what "3/4/2024" means (see `infer_date_format`). Raises `BadValue`:
    not_a_date, ambiguous_date, date_out_of_range.
    """
    order = written.order if isinstance(written, DateFormat) else written
    if isinstance(cell, datetime):
        return _in_range(cell.date())
    if isinstance(cell, date):
        return _in_range(cell)
    if isinstance(cell, Decimal):
        return _from_serial(cell)
    if isinstance(cell, bool):
        raise BadValue(Code.NOT_A_DATE, value=as_text(cell))
    clean = parse_text(cell)
    return _day_again(clean, order) if len(clean) <= SHORT else _day(clean, order)


def _day(clean: str, order: Order | None) -> date | None:
    text = _trimmed(clean)
    if not text or text in {"-", "--", "—", "n/a", "N/A", "無", "无"}:
        return None
    found = _clear_date(text)
    if found is None and (parts := _bare_parts(text)):
        found = _bare_date(parts, order, clean)
    if found is None:
        raise BadValue(Code.NOT_A_DATE, value=clean[:50])
    return _in_range(found)


_day_again = lru_cache(maxsize=REMEMBERED)(_day)


def _bare_date(parts: tuple[str, str, str], order: Order | None, text: str) -> date | None:
    if len(parts[0]) > 2:
        return _ordered(parts, "ymd")
    if order:
        return _ordered(parts, order)
    orders = ORDERS if len(parts[2]) == 2 else ("mdy", "dmy")
    answers = {found for one in orders if (found := _ordered(parts, one))}
    if len(answers) > 1:
        raise BadValue(Code.AMBIGUOUS_DATE, value=text[:50])
    return answers.pop() if answers else None


def _clear_date(text: str) -> date | None:
    """A date that says itself which of its numbers is which."""
    if found := _REPUBLIC.match(text):
        return _date(int(found[1]) + 1911, int(found[2]), int(found[3]))
    if found := _CHINESE.match(text):
        return _date(_year(found[1]), int(found[2]), int(found[3]))
    if found := _COMPACT.match(text) or _REPUBLIC_COMPACT.match(text):
        return _date(_year(found[1]), int(found[2]), int(found[3]))
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return _from_serial(Decimal(text))
    if found := _DAY_FIRST.match(text):
        return _named(found[3], found[2], found[1])
    if found := _MONTH_FIRST.match(text):
        return _named(found[3], found[1], found[2])
    if found := _YEAR_NAMED.match(text):
        return _named(found[1], found[2], found[3])
    return None


def _named(year: str, month: str, day: str) -> date | None:
    number = _MONTHS.get(month.lower())
    return _date(_year(year), number, int(day)) if number else None


def _from_serial(number: Decimal) -> date:
    """Excel counts days from 1900; from 1954 on to 2119 a bare number is believed to be one."""
    text = f"{number:f}" if number.adjusted() < 20 else ""
    if re.fullmatch(r"\d{8}(?:\.0*)?", text) and (found := _clear_date(text[:8])):
        return _in_range(found)
    if not 20_000 <= number < 80_000:
        raise BadValue(Code.NOT_A_DATE, value=as_text(number)[:50])
    return _EXCEL_START + timedelta(days=int(number))


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue(Code.DATE_OUT_OF_RANGE, value=day.isoformat())
    return day
