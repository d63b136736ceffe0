"""How amounts and dates are written, and how a typed amount is read.

Amounts are whole numbers in minor units of their currency (``exponent`` digits, 2 for cents).
Languages are ``zh-hant``, ``zh-hans`` and ``en``; anything else is written as English.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

MINUS: Final = "\N{MINUS SIGN}"
NOTHING: Final = "\N{EM DASH}"
LARGEST: Final = 10**16
"""No typed amount may reach this many minor units, so that sums of many stay exact."""

_ONE: Final = Decimal(1)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS_ZH: Final = "一二三四五六日"


class AmountError(ValueError):
    """A typed amount cannot be read. ``code``: empty, unreadable, too_precise or too_large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")


def units_of(language: str) -> tuple[tuple[Decimal, str], ...]:
    """The units amounts are counted in, smallest first: 萬/億, 万/亿, or K/M/B."""
    if is_chinese(language):
        ten_thousand, hundred_million = "万亿" if "hans" in language.lower() else "萬億"
        return (_ONE, ""), (Decimal(10**4), ten_thousand), (Decimal(10**8), hundred_million)
    return (_ONE, ""), (Decimal(10**3), "K"), (Decimal(10**6), "M"), (Decimal(10**9), "B")


def _rounded(quantity: Decimal, unit: str) -> Decimal:
    if not unit or quantity >= 100:
        places = 0
    elif quantity >= 10 or unit in "萬万":
        places = 1
    else:
        places = 2
    return quantity.quantize(_ONE.scaleb(-places), rounding=ROUND_HALF_UP)


@lru_cache(maxsize=8192)
def split(value_minor: int | None, language: str, exponent: int = 2) -> tuple[str, str]:
    """The digits (with sign) and the unit of a compact amount: ``("1,280", "萬")``."""
    if value_minor is None:
        return NOTHING, ""
    amount = abs(Decimal(value_minor)).scaleb(-exponent)
    units = units_of(language)
    at = max(i for i, (size, _) in enumerate(units) if amount >= size or i == 0)
    shown = _rounded(amount / units[at][0], units[at][1])
    if at + 1 < len(units) and shown * units[at][0] >= units[at + 1][0]:
        at += 1
        shown = _rounded(amount / units[at][0], units[at][1])
    digits = f"{shown:,}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    sign = MINUS if value_minor < 0 and shown else ""
    return f"{sign}{digits}", units[at][1]


def compact(value_minor: int | None, language: str, exponent: int = 2) -> str:
    """A short amount: 128,000,000.00 is 1.28億, 1.28亿 or 128M. None is a dash.

    Rounds half up; an amount whose rounding reaches the next unit is written in that unit.
    """
    return "".join(split(value_minor, language, exponent))


class Count(int):
    """How many there are: a number to reckon with, that is shown with its thousands apart."""

    def __str__(self) -> str:
        """Return 1,095 for 1095."""
        return format(int(self), ",")


def exact(value_minor: int | None, exponent: int = 2) -> str:
    """All the digits, grouped by three: 12,800,000 or 12,800,000.50. None is a dash."""
    if value_minor is None:
        return NOTHING
    whole, rest = divmod(abs(value_minor), 10**exponent)
    sign = MINUS if value_minor < 0 else ""
    return f"{sign}{whole:,}" + (f".{rest:0{exponent}d}" if rest else "")


def plain(value_minor: int | None, exponent: int = 2) -> str:
    """The digits for a form field, which ``parse_money`` reads back: 12800000 or 12800000.50."""
    return "" if value_minor is None else exact(value_minor, exponent).replace(",", "").replace(MINUS, "-")


def signed(value_minor: int | None, language: str, exponent: int = 2) -> str:
    """A compact change: +175萬, −360萬, 0."""
    text = compact(value_minor, language, exponent)
    return f"+{text}" if value_minor and value_minor > 0 and text != "0" else text


def percent(ratio: float | Decimal | None) -> str:
    """A share without decimals: .744 is 74%. Between none and 1% it is ``<1%``. None is a dash."""
    if ratio is None:
        return NOTHING
    value = Decimal(str(ratio)) * 100
    if 0 < value < 1:
        return "<1%"
    shown = value.quantize(_ONE, rounding=ROUND_HALF_UP)
    return f"{MINUS if shown < 0 else ''}{abs(shown):,}%"


_FACTORS: Final = {
    "": 1,
    "千": 10**3,
    "K": 10**3,
    "萬": 10**4,
    "万": 10**4,
    "W": 10**4,
    "百萬": 10**6,
    "百万": 10**6,
    "M": 10**6,
    "億": 10**8,
    "亿": 10**8,
    "B": 10**9,
}
_CURRENCY: Final = re.compile(r"^(?:NT\$|US\$|HK\$|RMB|[A-Z]{3}(?=[\d.+-])|[$¥€£])|(?:元|圓|圆|塊|块)(?:整)?$")
_PART: Final = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?(百萬|百万|[千K萬万WM億亿B])?")


def parse_money(text: str, exponent: int = 2) -> int:
    """Read a typed amount into minor units.

    Accepts 12,800,000, 1280萬, 1,280万, 12.8M, 1.28億, 1億2,800萬, full-width digits, a currency
    mark in front and 元 behind. Raises AmountError rather than guess.
    """
    wide = unicodedata.normalize("NFKC", text).upper()
    rest = re.sub(r"\s", "", wide).replace(MINUS, "-")
    negative = rest.startswith("-")
    rest = _CURRENCY.sub("", rest.lstrip("+-") if rest[:1] in {"+", "-"} else rest)
    rest = _CURRENCY.sub("", rest)
    if rest[:1] == "-" and not negative:
        negative, rest = True, rest[1:]
    if not rest:
        raise AmountError("empty" if not wide.strip() else "unreadable")
    total, smaller_than = Decimal(0), Decimal("Infinity")
    while rest:
        part = _PART.match(rest)
        if part is None or not (part[1] or part[2]) or len(part[1] or "") > 30 or len(part[2] or "") > 12:
            raise AmountError("unreadable" if len(rest) < 40 else "too_large")
        factor = Decimal(_FACTORS[part[3] or ""])
        if factor >= smaller_than:
            raise AmountError("unreadable")
        total += Decimal((part[1] or "0").replace(",", "") + (part[2] or "")) * factor
        smaller_than, rest = factor, rest[part.end() :]
    minor = total.scaleb(exponent)
    if minor >= LARGEST:
        raise AmountError("too_large")
    if minor != minor.to_integral_value():
        raise AmountError("too_precise")
    return -int(minor) if negative else int(minor)


@lru_cache(maxsize=2048)
def short_date(day: date, today: date, language: str, *, weekday: bool = True) -> str:
    """A date as people say it: 11/27 (五) or 27 Nov (Fri); with the year, and no weekday, in another year."""
    if is_chinese(language):
        if day.year != today.year:
            return f"{day.year}/{day.month}/{day.day}"
        return f"{day.month}/{day.day}" + (f" ({_DAYS_ZH[day.weekday()]})" if weekday else "")
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    if day.year != today.year:
        return f"{text} {day.year}"
    return f"{text} ({_DAYS[day.weekday()]})" if weekday else text


@lru_cache(maxsize=2048)
def brief_date(day: date, today: date, language: str) -> str:
    """A date for narrow columns: 11/27 or 27 Nov; with the year in another year."""
    return short_date(day, today, language, weekday=False)


def month(day: date, language: str) -> str:
    """Return the month of a day: ``2026/11`` in Chinese, ``Nov 2026`` otherwise."""
    if is_chinese(language):
        return f"{day.year}/{day.month:02}"
    return f"{_MONTHS[day.month - 1]} {day.year}"


@lru_cache(maxsize=2048)
def initials(name: str, length: int = 1) -> str:
    """The letters of an avatar: the last characters of a Chinese name, the first letters of others.

    ``length`` is 1 or 2: 陳柏翰 is 翰 or 柏翰, Grace Hopper is G or GH.
    """
    words = name.split()
    if not words:
        return "?"
    compacted = "".join(words)
    if any("\u3400" <= c <= "\u9fff" for c in compacted):
        han = "".join(c for c in compacted if "\u3400" <= c <= "\u9fff")
        return han[-length:]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])
    return letters[:length].upper()
