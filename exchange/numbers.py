"""Reads one cell as a number, an amount, a whole number or a percentage.

Nothing is rounded away silently except fractions of a minor unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from exchange.problems import BadValue, Code
from exchange.rows import Cell
from exchange.texts import REMEMBERED, SHORT, as_text, folded

MAX_MINOR = 10**15
"""Largest amount taken, in minor units: ten million million of the currency's own units."""

MAX_INTEGER = 10**12

Decimals = Literal[".", ","]

_CURRENCY = re.compile(
    r"^(?:nt\$|us\$|hk\$|s\$|a\$|au\$|ca\$|c\$|rm|rmb|cny|twd|ntd|usd|hkd|eur|jpy|gbp|sgd|krw|aud|cad|chf|myr"
    r"|\$|¥|€|£|₩|人民幣|人民币|新臺幣|新台幣|台幣|臺幣|新台币|台币|美元|美金|港幣|港币|歐元|欧元|日圓|日元)\s*"
    r"|\s*(?:nt\$|rmb|cny|twd|ntd|usd|hkd|eur|jpy|gbp|sgd|krw|aud|cad|chf|myr|\$|¥|€|£|₩|元整|元|圓|圆|塊|块|円"
    r"|人民幣|人民币|新臺幣|新台幣|台幣|臺幣|新台币|台币|美元|美金|港幣|港币|歐元|欧元|日圓|日元)$",
    re.IGNORECASE,
)
_UNITS: Mapping[str, int] = {
    "億": 10**8, "亿": 10**8, "千萬": 10**7, "千万": 10**7, "百萬": 10**6, "百万": 10**6,
    "十萬": 10**5, "十万": 10**5, "萬": 10**4, "万": 10**4, "千": 1000, "百": 100,
    "k": 1000, "m": 10**6, "mn": 10**6, "mio": 10**6, "b": 10**9, "bn": 10**9,
}  # fmt: skip
_WITH_UNIT = re.compile(
    r"([\d.,'\s]+?)\s*(億|亿|千萬|千万|百萬|百万|十萬|十万|萬|万|千|百|k|mn|mio|m|bn|b)(?=[\d\s]|$)\s*",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}$|\d{1,4}(?:,\d{4})+$")
_PLAIN = re.compile(r"\d+(?:\.\d*)?(?:e[+-]?\d{1,4})?$|\.\d+$", re.IGNORECASE)


def infer_decimals(values: Iterable[Cell]) -> Decimals | None:
    """Which sign starts the decimals in a column of amounts, "." or ","; None when nothing shows it.

    "1,234.50" and "12.5" show a point; "1.234,50", "12,5" and "1.234.567" show a comma.
    """
    points = commas = 0
    for cell in values:
        if not isinstance(cell, str):
            continue
        text = re.sub(r"[^\d.,]", "", unicodedata.normalize("NFKC", cell)).strip(".,")
        point, comma = text.rfind("."), text.rfind(",")
        if point < 0 and comma < 0:
            continue
        if point >= 0 and comma >= 0:
            points, commas = points + (point > comma), commas + (comma > point)
        elif text.count(".") > 1:
            commas += 1
        elif text.count(",") > 1 or (point >= 0 and len(text) - point != 4):
            points += 1
        elif comma >= 0 and len(text) - comma != 4 and len(text) - comma != 5:
            commas += 1
    if points == commas:
        return None
    return "." if points > commas else ","


def parse_number(cell: Cell, *, decimals: Decimals | None = None) -> Decimal | None:
    """A number as people write it: 1,234.5, 1.234,5, NT$ 3萬, (1,200), １２, 12%, 1.2M, 1億2000萬.

    ``decimals`` is the column's decimal sign where known. Raises `BadValue`: not_a_number,
    number_too_large.
    """
    if isinstance(cell, bool):
        raise BadValue(Code.NOT_A_NUMBER, value=as_text(cell))
    if isinstance(cell, Decimal):
        return _bounded(cell)
    if isinstance(cell, date):
        raise BadValue(Code.NOT_A_NUMBER, value=as_text(cell))
    text = folded(cell).replace("\u2212", "-").removesuffix("%").strip()
    return _number_again(text, decimals) if len(text) <= SHORT else _number(text, decimals)


def _number(text: str, decimals: Decimals | None) -> Decimal | None:
    if not text or text in {"-", "--", "–", "—", "n/a", "N/A", "無", "无"}:
        return None
    original = text
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    for _ in range(3):  # a sign and a currency come in any order: -$5, $-5, 5- USD
        if text.startswith(("-", "+")):
            negative, text = negative ^ (text[0] == "-"), text[1:].strip()
        elif text.endswith("-"):
            negative, text = not negative, text[:-1].strip()
        text = _CURRENCY.sub("", text, count=1).strip()
    number = _with_units(text, decimals)
    if number is None:
        raise BadValue(Code.NOT_A_NUMBER, value=original[:50])
    return _bounded(-number if negative else number)


_number_again = lru_cache(maxsize=REMEMBERED)(_number)


def _with_units(text: str, decimals: Decimals | None) -> Decimal | None:
    """The number before its units summed up: 1億2000萬 is 120,000,000."""
    total, end = Decimal(0), 0
    for found in _WITH_UNIT.finditer(text):
        part = _digits(found[1], decimals)
        if found.start() != end or part is None:
            return None
        total += part * _UNITS[found[2].lower()]
        end = found.end()
    rest = text[end:].strip()
    if not rest:
        return total if end else None
    part = _digits(rest, decimals)
    return None if part is None else total + part


def _digits(text: str, decimals: Decimals | None) -> Decimal | None:
    text = text.replace(" ", "").replace("'", "").replace("’", "")
    if decimals is None:
        point, comma = text.rfind("."), text.rfind(",")
        if (
            comma > point >= 0
            or text.count(".") > 1
            or (point < 0 <= comma and text.count(",") == 1 and not _GROUPED.match(text))
        ):
            decimals = ","
    if decimals == ",":
        text = text.translate({ord("."): ",", ord(","): "."})
    whole, sign, fraction = text.partition(".")
    if "," in whole:
        if not _GROUPED.match(whole):
            return None
        whole = whole.replace(",", "")
    text = whole + sign + fraction
    if not _PLAIN.match(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _bounded(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise BadValue(Code.NOT_A_NUMBER, value=str(number))
    if number and number.adjusted() > 17:
        raise BadValue(Code.NUMBER_TOO_LARGE)
    return number


def parse_amount(
    cell: Cell, *, digits: int = 2, decimals: Decimals | None = None, negative: bool = False
) -> int | None:
    """An amount of money in minor units (``digits`` of them make the decimals), half up.

    Raises `BadValue` besides those of `parse_number`: negative unless allowed, number_too_large
    above `MAX_MINOR`.
    """
    number = parse_number(cell, decimals=decimals)
    if number is None:
        return None
    if number < 0 and not negative:
        raise BadValue(Code.NEGATIVE)
    minor = int(number.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if abs(minor) > MAX_MINOR:
        raise BadValue(Code.NUMBER_TOO_LARGE)
    return minor


def parse_integer(cell: Cell, *, least: int = 0, most: int = MAX_INTEGER) -> int | None:
    """A whole number between ``least`` and ``most``. Raises `BadValue`: not_whole, out_of_range."""
    number = parse_number(cell)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise BadValue(Code.NOT_WHOLE)
    if not least <= number <= most:
        raise BadValue(Code.OUT_OF_RANGE, least=least, most=most)
    return int(number)


def parse_percent(cell: Cell, *, fractions: bool = False) -> Decimal | None:
    """A share in percent, 0 to 100; with ``fractions`` a bare 0.4 means 40.

    Raises `BadValue`: out_of_range.
    """
    number = parse_number(cell)
    if number is None:
        return None
    is_marked = isinstance(cell, str) and "%" in unicodedata.normalize("NFKC", cell)
    if fractions and not is_marked:
        number *= 100
    if not 0 <= number <= 100:
        raise BadValue(Code.OUT_OF_RANGE, least=0, most=100)
    return number
