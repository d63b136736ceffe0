"""Reads one cell as what its field asks for.

Every reader takes a cell and returns a value, or None (text: "") for an empty cell, and raises
`BadValue` with a code otherwise. Nothing is rounded away silently except fractions of a minor unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from exchange.matching import plain_key
from exchange.problems import BadValue, Code, Flaw
from exchange.rows import Cell
from exchange.writing import restored

MAX_MINOR = 10**15
"""Largest amount taken, in minor units: ten million million of the currency's own units."""

MAX_INTEGER = 10**12
MAX_EMAIL = 254

SHORT, REMEMBERED = 80, 20_000
"""Texts up to so many characters are remembered with their reading, so many of them."""

# -- text ---------------------------------------------------------------------------------------

_INVISIBLE = dict.fromkeys((0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def parse_text(cell: Cell, *, max_length: int | None = None, lines: bool = False, ours: bool = False) -> str:
    """The cell as clean text: NFC, trimmed, runs of space as one; with ``lines`` it keeps line breaks.

    Direction marks and zero-width spaces go away; other control characters are refused. ``ours``
    says that the file was written by `exchange.writing`, whose apostrophe before formulas is
    taken off again. Raises `BadValue`: too_long, control_character, undecodable.
    """
    text = _as_text(cell)
    if not text:
        return ""
    if len(text) <= SHORT:  # the cells of a table repeat themselves
        return _clean_again(text, max_length, lines, ours)
    return _clean(text, max_length, lines, ours)


def _clean(text: str, max_length: int | None, lines: bool, ours: bool) -> str:
    if ours:
        text = restored(text)
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    if lines:
        parts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join(" ".join(part.split()) for part in parts).strip()
    else:
        text = " ".join(text.split())
    for character in text:
        if character >= " " and character.isprintable():
            continue
        _refuse_unprintable(character)
    if max_length is not None and len(text) > max_length:
        raise BadValue(Code.TOO_LONG, length=len(text), limit=max_length)
    return text


_clean_again = lru_cache(maxsize=REMEMBERED)(_clean)


def _refuse_unprintable(character: str) -> None:
    point = ord(character)
    if 0xD800 <= point <= 0xDFFF or point & 0xFFFE == 0xFFFE:
        raise BadValue(Code.UNDECODABLE)
    if unicodedata.category(character) == "Cc" and character != "\n":
        raise BadValue(Code.CONTROL_CHARACTER, character=f"U+{point:04X}")


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        if "\ufffd" in cell:
            raise BadValue(Code.UNDECODABLE)
        return cell
    if isinstance(cell, Flaw):
        raise BadValue(cell.code, **cell.detail)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        if cell.adjusted() > 40:
            return str(cell)
        return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()


def _folded(cell: Cell) -> str:
    """Text with full-width digits and signs made plain, trimmed."""
    return unicodedata.normalize("NFKC", parse_text(cell)).strip()


# -- numbers ------------------------------------------------------------------------------------

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
        raise BadValue(Code.NOT_A_NUMBER, value=_as_text(cell))
    if isinstance(cell, Decimal):
        return _bounded(cell)
    if isinstance(cell, date):
        raise BadValue(Code.NOT_A_NUMBER, value=_as_text(cell))
    text = _folded(cell).replace("\u2212", "-").removesuffix("%").strip()
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


# -- dates --------------------------------------------------------------------------------------

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
    folded = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).strip()
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
        raise BadValue(Code.NOT_A_DATE, value=_as_text(cell))
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
        raise BadValue(Code.NOT_A_DATE, value=_as_text(number)[:50])
    return _EXCEL_START + timedelta(days=int(number))


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue(Code.DATE_OUT_OF_RANGE, value=day.isoformat())
    return day


# -- others -------------------------------------------------------------------------------------

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@(?:[^\s@.<>()\[\],;:\"]{1,63}\.)+[^\s@.<>()\[\],;:\"]{2,63}$")


def parse_email(cell: Cell) -> str:
    """An e-mail address with its domain in lower case, "" when empty. Raises `BadValue`: not_an_email."""
    text = parse_text(cell).removeprefix("mailto:")
    if not text:
        return ""
    if found := re.fullmatch(r"[^<>]*<([^<>]+)>", text):
        text = found[1].strip()
    if len(text) > MAX_EMAIL or not _EMAIL.match(text) or ".." in text:
        raise BadValue(Code.NOT_AN_EMAIL, value=text[:50])
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def choice_table(choices: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Looks up a code by itself or any of its synonyms, whatever the case, width or spaces."""
    return {plain_key(word): code for code, words in choices.items() for word in (code, *words) if plain_key(word)}


def parse_choice(cell: Cell, table: Mapping[str, str]) -> str | None:
    """The code that a cell's words stand for. Raises `BadValue`: unknown_choice."""
    text = parse_text(cell)
    if not text:
        return None
    code = table.get(plain_key(text))
    if code is None:
        raise BadValue(Code.UNKNOWN_CHOICE, value=text[:50])
    return code
