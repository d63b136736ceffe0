"""Times of day, and days with a time, as people and spreadsheets write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from exchange.dates import DateFormat, Order, parse_date
from exchange.problems import BadValue, Code
from exchange.rows import Cell
from exchange.texts import parse_text

_MARK = r"(?:(?P<{0}>上午|下午|凌晨|早上|晚上|中午|傍晚|[ap]\.?m\.?)\s*)?"
_TIME = re.compile(
    _MARK.format("before")
    + r"(?P<hour>\d{1,2})\s*(?:[:點点时時h]\s*(?P<minute>\d{1,2})?\s*分?(?:\s*:\s*(?P<second>\d{1,2})(?:\.\d+)?)?)?\s*"
    + _MARK.format("after")
    + r"(?P<zone>z|utc|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_BEHIND_A_DAY = re.compile(r"(?<=[\d日號号)])(?:t|\s*,?\s+)(?=\S)|(?<=[日號号)])(?=\S)", re.IGNORECASE)
_AFTERNOON = {"下午", "晚上", "傍晚", "pm"}
_NOTHING = {"-", "--", "—", "n/a", "無", "无"}
A_DAY = 24 * 60 * 60


def parse_time(cell: Cell) -> time | None:
    """A time of day: 9:30, 14:05:00, 2 pm, 下午2:30, 14點30分, a fraction of a day. Raises `BadValue`: not_a_time."""
    if cell is None:
        return None
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, Decimal):
        return _of_fraction(cell)
    text = parse_text(cell)
    if not text or text.lower() in _NOTHING:
        return None
    found = _time(text)
    if found is None:
        raise BadValue(Code.NOT_A_TIME, value=text[:50])
    return found.replace(tzinfo=None)


def parse_moment(cell: Cell, written: DateFormat | Order | None = None) -> datetime | date | None:
    """A day, with its time where one stands behind it.

    A time without a zone is naive; whoever asks knows where. Raises `BadValue`: those of `parse_date`, not_a_time.
    """
    day = parse_date(cell, written)
    if day is None or isinstance(cell, bool):
        return day
    if isinstance(cell, datetime):
        return cell.replace(microsecond=0) if cell.time() != time() else day
    if isinstance(cell, Decimal):
        rest = cell % 1
        return datetime.combine(day, _of_fraction(rest)) if rest and cell < 100_000 else day
    if not isinstance(cell, str):
        return day
    text = unicodedata.normalize("NFKC", parse_text(cell))
    tails = [text[found.end() :].strip() for found in _BEHIND_A_DAY.finditer(text)]
    times = [found for tail in tails if _looks_timed(tail) and (found := _time(tail))]
    if not times and any(":" in tail for tail in tails):
        raise BadValue(Code.NOT_A_TIME, value=text[:50])
    return datetime.combine(day, times[0]) if times else day


def _looks_timed(tail: str) -> bool:
    return not tail.isdigit()


def _of_fraction(number: Decimal) -> time:
    """Excel keeps a time as the part of the day that has gone."""
    if not 0 <= number < 1:
        raise BadValue(Code.NOT_A_TIME, value=str(number)[:50])
    return (datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=round(float(number) * A_DAY) % A_DAY)).time()


def _time(text: str) -> time | None:
    found = _TIME.match(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    mark = (found["before"] or found["after"] or "").lower().replace(".", "")
    if found["minute"] is None and not mark and not re.search(r"[點点时時]", text):
        return None
    hour, minute, second = int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0)
    if mark in _AFTERNOON and hour < 12:
        hour += 12
    elif mark in {"am", "上午", "凌晨"} and hour == 12:
        hour = 0
    try:
        return time(hour, minute, second, tzinfo=_zone(found["zone"]))
    except ValueError:
        return None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes >= 24 * 60:
        raise ValueError(text)
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
