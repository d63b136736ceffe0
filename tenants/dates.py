"""Dates as people say them: 下週三, 週五前, 11/27, next Wed, in 3 days. No Django here.

Weeks start on Monday. A day without a year or a week is the next one that comes, today included; what is spoken of is
always still ahead, so a day that has gone by is never an answer.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

Groups = dict[str, str]

LONGEST: Final = 400
"""How many characters are read; what stands behind them is kept, not searched."""

_WIDE: Final = {**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}
_WEEKDAYS_ZH: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_WEEKDAYS_EN: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS_EN: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIGITS_ZH: Final = {
    c: n for n, cs in enumerate(("零〇", "一", "二兩两", "三", "四", "五", "六", "七", "八", "九")) for c in cs
}
_WORDS_EN: Final = {
    w: n for n, w in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))
} | {"a": 1, "an": 1}

_N_ZH: Final = r"(?<![\d零〇一二兩两三四五六七八九十])(?:\d{1,4}|[零〇一二兩两三四五六七八九十]{1,3})"
_WEEK_ZH: Final = r"(?:週|周|星期|禮拜|礼拜)"
_BEFORE_ZH: Final = r"(?:之前|以前|前)?"
_DAY_EN: Final = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
_MONTH_EN: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_N_EN: Final = r"(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten)"
_BY_EN: Final = r"(?:\b(?:due|by|before|on|until|till)\s+)?(?:\bthe\s+)?"


@dataclass(frozen=True)
class Choice:
    """A day offered for a tap: `code` says how to call it."""

    code: str
    on: date


@dataclass(frozen=True)
class _Way:
    """One way of saying a day: what it looks like, and which day it is."""

    pattern: re.Pattern[str]
    day: Callable[[Groups, date], date | None]


def _monday(today: date) -> date:
    return today - timedelta(days=today.weekday())


def _number(text: str) -> int:
    """Read 3, 三, 兩, 十二, 二十七 or three."""
    if text.isdigit():
        return int(text)
    if text in _WORDS_EN:
        return _WORDS_EN[text]
    tens, ten, ones = text.rpartition("十")
    if ten:
        return (_DIGITS_ZH[tens] if tens else 1) * 10 + (_DIGITS_ZH[ones] if ones else 0)
    return int("".join(str(_DIGITS_ZH[c]) for c in text))


def month_end(today: date, months: int = 0) -> date:
    """Return the last day of the month, `months` after today's."""
    first = _months_on(today.replace(day=1), months)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _months_on(day: date, months: int) -> date:
    """Return the same day some months later, or the last of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _ahead(days: int) -> Callable[[Groups, date], date | None]:
    return lambda found, today: today + timedelta(days=days)


def _weekday_zh(found: Groups, today: date) -> date | None:
    weekday = _WEEKDAYS_ZH[found["day"]]
    return _in_week(found.get("which", ""), weekday, today)


def _weekday_en(found: Groups, today: date) -> date | None:
    which = {"next": "下", "this": "這"}.get(found.get("which", ""), "")
    return _in_week(which, _WEEKDAYS_EN.index(found["day"][:3]), today)


def _in_week(which: str, weekday: int, today: date) -> date:
    """Return a weekday of this week, of the one after for each 下, or the next to come."""
    day = _monday(today) + timedelta(days=weekday, weeks=which.count("下"))
    return day if day >= today else day + timedelta(weeks=1)


def _some_week(found: Groups, today: date) -> date:
    """Return the last working day of a week that was named without a day, and its Sunday once that is over."""
    weeks = found["which"].count("下") + (found["which"] == "next")
    friday = _monday(today) + timedelta(days=4, weeks=weeks)
    return friday if friday >= today else friday + timedelta(days=2)


def _in_some_time(found: Groups, today: date) -> date:
    number, unit = _number(found["n"]), found["unit"]
    if unit in {"天", "日"} or unit.startswith("day"):
        return today + timedelta(days=number)
    if unit == "月" or unit.startswith("month"):
        return _months_on(today, number)
    return today + timedelta(weeks=number)


def _calendar_day(found: Groups, today: date) -> date | None:
    """Return the day of a date; without a year, this year's or, when that has gone by, the next one's."""
    name = found.get("name")
    month = _MONTHS_EN.index(name[:3]) + 1 if name else _number(found["month"])
    day = _number(found["day"])
    if found.get("year"):
        return date(int(found["year"]), month, day)
    if month == 2 and day == 29 and not calendar.isleap(today.year) and calendar.isleap(today.year + 1):
        return date(today.year + 1, 2, 29)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _end_of_named_month(found: Groups, today: date) -> date:
    month = _number(found["month"])
    end = month_end(date(today.year, month, 1))
    return end if end >= today else month_end(date(today.year + 1, month, 1))


def _day_of_month(found: Groups, today: date) -> date:
    months = found.get("which", "").count("下")
    day = _number(found["day"])
    this = _months_on(today.replace(day=1), months).replace(day=day)
    return this if this >= today else _months_on(this.replace(day=1), 1).replace(day=day)


def _year_end(found: Groups, today: date) -> date:
    return date(today.year, 12, 31)


def _way(pattern: str, day: Callable[[Groups, date], date | None]) -> _Way:
    return _Way(re.compile(pattern, re.IGNORECASE), day)


_YEARED = r"(?<![\d/.-])(?P<year>(?:19|20|21)\d\d)"
_WAYS: Final = (
    # Dates of the calendar
    _way(_BY_EN + _YEARED + r"[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d/.-])" + _BEFORE_ZH, _calendar_day),
    _way(rf"{_YEARED}\s*年\s*(?P<month>{_N_ZH})\s*月\s*(?P<day>{_N_ZH})\s*[日號号]?" + _BEFORE_ZH, _calendar_day),
    _way(rf"(?P<month>{_N_ZH})\s*月\s*(?P<day>{_N_ZH})\s*[日號号]?" + _BEFORE_ZH, _calendar_day),
    _way(_BY_EN + r"(?<![\d/.-])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/.%-])" + _BEFORE_ZH, _calendar_day),
    _way(
        _BY_EN + rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<name>{_MONTH_EN})\b\.?"
        r"(?:,?\s+(?P<year>(?:19|20|21)\d\d)\b)?",
        _calendar_day,
    ),
    _way(
        _BY_EN + rf"\b(?P<name>{_MONTH_EN})\b\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"
        r"(?:,?\s+(?P<year>(?:19|20|21)\d\d)\b)?",
        _calendar_day,
    ),
    # Days near by
    _way(r"(?:今天|今日|今晚)" + _BEFORE_ZH, _ahead(0)),
    _way(r"(?:明天|明日)" + _BEFORE_ZH, _ahead(1)),
    _way(r"大[後后]天" + _BEFORE_ZH, _ahead(3)),
    _way(r"[後后]天" + _BEFORE_ZH, _ahead(2)),
    _way(_BY_EN + r"\bday after tomorrow\b", _ahead(2)),
    _way(_BY_EN + r"\b(?:today|tonight)\b", _ahead(0)),
    _way(_BY_EN + r"\b(?:tomorrow|tmrw?)\b", _ahead(1)),
    # In some time
    _way(
        rf"(?:再過|再过)?(?P<n>{_N_ZH})\s*(?:個|个)?(?P<unit>天|日|週|周|星期|禮拜|礼拜)\s*(?:之後|之后|以後|以后|後|后|之內|之内|內|内)",
        _in_some_time,
    ),
    _way(
        rf"(?:再過|再过)?(?P<n>{_N_ZH})\s*(?:個|个)(?P<unit>月)\s*(?:之後|之后|以後|以后|後|后|之內|之内|內|内)",
        _in_some_time,
    ),
    _way(rf"\b(?:in|within)\s+(?P<n>{_N_EN})\s+(?P<unit>days?|weeks?|months?)(?:'?\s+time)?\b", _in_some_time),
    _way(rf"\b(?P<n>{_N_EN})\s+(?P<unit>days?|weeks?|months?)\s+(?:later|from\s+(?:now|today))\b", _in_some_time),
    # Ends
    _way(r"(?P<which>下+)(?:個|个)?月\s*(?:底|末)" + _BEFORE_ZH, lambda f, t: month_end(t, f["which"].count("下"))),
    _way(rf"(?P<month>{_N_ZH})\s*月\s*(?:底|末)" + _BEFORE_ZH, _end_of_named_month),
    _way(r"(?:本|這個|这个|這|这|當|当)?月\s*(?:底|末)" + _BEFORE_ZH, lambda f, t: month_end(t)),
    _way(r"(?:今)?年\s*底" + _BEFORE_ZH, _year_end),
    _way(_BY_EN + r"\bend\s+of\s+next\s+month\b", lambda f, t: month_end(t, 1)),
    _way(_BY_EN + r"\b(?:end\s+of\s+(?:the\s+|this\s+)?month|month[\s-]end|eom)\b", lambda f, t: month_end(t)),
    _way(_BY_EN + r"\b(?:end\s+of\s+(?:the\s+|this\s+)?year|year[\s-]end|eoy)\b", _year_end),
    # Days of a month that is near
    _way(rf"(?P<which>下+)(?:個|个)?月\s*(?P<day>{_N_ZH})\s*[日號号]" + _BEFORE_ZH, _day_of_month),
    _way(rf"(?:本|這個|这个|這|这)月\s*(?P<day>{_N_ZH})\s*[日號号]" + _BEFORE_ZH, _day_of_month),
    _way(r"(?<![\d月第])(?P<day>\d{1,2})\s*[日號号](?:之前|以前|前|(?=\s|$))", _day_of_month),
    # Days of a week
    _way(
        rf"(?P<which>下+|這|这|本)?(?:個|个)?{_WEEK_ZH}(?P<day>[一二三四五六日天末])(?!天|個月|个月|[後后])"
        + _BEFORE_ZH,
        _weekday_zh,
    ),
    _way(_BY_EN + rf"\b(?P<day>{_DAY_EN})\s+(?P<which>next|this)\s+week\b", _weekday_en),
    _way(_BY_EN + rf"\b(?P<which>next|this)\s+(?P<day>{_DAY_EN})\b\.?", _weekday_en),
    _way(rf"\b(?:due|by|before|on|until|till)\s+(?P<day>{_DAY_EN})\b\.?", _weekday_en),
    _way(r"\b(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b", _weekday_en),
    _way(
        r"(?-i:\b(?P<day>Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun|MON|TUE|WED|THU|FRI)\b)\.?(?!\s+with\b)",
        _weekday_en,
    ),
    _way(r"^\s*(?P<day>mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\s*$", _weekday_en),
    _way(rf"(?P<which>下+|這|这|本)(?:個|个)?{_WEEK_ZH}(?:內|内)?" + _BEFORE_ZH, _some_week),
    _way(_BY_EN + r"\b(?:end\s+of\s+)?(?P<which>next)\s+week\b", _some_week),
    _way(_BY_EN + r"\b(?:end\s+of\s+(?:the\s+)?)?(?P<which>this)\s+week\b", _some_week),
    _way(_BY_EN + r"\b(?P<which>end\s+of\s+(?:the\s+)?week|eow)\b", _some_week),
    _way(_BY_EN + r"\bnext\s+month\b", lambda f, t: month_end(t, 1)),
)
_EDGES: Final = " \u3000\t\r\n,，、;；:：。-–—"


def parse_due(text: str, today: date) -> tuple[date | None, str]:
    """Find the day that `text` speaks of.

    A day said at the beginning counts before one at the end, and that before one in the middle; a day that has gone
    by, or that no calendar knows (2/30), is none.

    :returns: the day (never before `today`) and the text without it; or None and the text as it was, trimmed.
    """
    head, tail = text[:LONGEST], text[LONGEST:]
    plain = head.translate(_WIDE)
    found = sorted(_days(plain, today), key=lambda hit: (_rank(plain, hit[0], hit[1]), hit[0], hit[0] - hit[1]))
    if not found:
        return None, text.strip()
    start, end, day = found[0]
    before, after = head[:start].rstrip(_EDGES), head[end:].lstrip(_EDGES)
    if before.endswith(("在", "於", "于")) and not after:
        before = before[:-1]
    joint = " " if _wants_space(before, after) else ""
    return day, (before + joint + after + tail).strip(_EDGES if not tail else None)


def _days(plain: str, today: date) -> Iterator[tuple[int, int, date]]:
    """Give every day spoken of: where it begins, where it ends, which it is."""
    for way in _WAYS:
        for hit in way.pattern.finditer(plain):
            groups = {name: value.lower() for name, value in hit.groupdict().items() if value}
            try:
                day = way.day(groups, today)
            except (ValueError, OverflowError, KeyError):
                continue
            if day is not None and day >= today:
                yield hit.start(), hit.end(), day


def _rank(plain: str, start: int, end: int) -> int:
    """0 at the beginning, 1 at the end, 2 between."""
    if not plain[:start].strip(_EDGES):
        return 0
    return 2 if plain[end:].strip(_EDGES) else 1


def _wants_space(before: str, after: str) -> bool:
    """Words of the Latin alphabet stay apart; 漢字 close up."""
    return bool(before and after) and (before[-1].isascii() or after[0].isascii())


def choices(today: date) -> list[Choice]:
    """Return the three days offered for a tap: tomorrow, Friday (next Monday, if that is past), next Wednesday."""
    monday, tomorrow = _monday(today), today + timedelta(days=1)
    friday, next_monday = monday + timedelta(days=4), monday + timedelta(weeks=1)
    if friday > tomorrow:
        middle = Choice("friday", friday)
    else:
        middle = (
            Choice("next_monday", next_monday)
            if next_monday > tomorrow
            else Choice("next_friday", friday + timedelta(weeks=1))
        )
    last = Choice("next_wednesday", next_monday + timedelta(days=2))
    return sorted([Choice("tomorrow", tomorrow), middle, last], key=lambda choice: choice.on)
