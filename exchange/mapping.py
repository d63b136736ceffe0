"""Proposes which column of a file fills which field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from exchange.dates import parse_date
from exchange.matching import plain_key
from exchange.moments import parse_moment, parse_time
from exchange.numbers import parse_amount, parse_integer, parse_number, parse_percent
from exchange.problems import BadValue
from exchange.rows import Cell, is_blank
from exchange.texts import parse_email
from exchange.writing import REASON_MARK

FieldKind = Literal[
    "text",
    "notes",
    "amount",
    "date",
    "moment",
    "time",
    "percent",
    "integer",
    "email",
    "phone",
    "choice",
    "reference",
    "owner",
]

SURE = 0.9
LEAST = 0.6
_CONTENT_SAMPLE = 40

_BRACKETED = re.compile(r"[(\[（【〔<].*?[)\]）】〕>]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOISE = re.compile(r"^(?:the|our|my)\s+|[*＊:：?？]+")
_PHONE = re.compile(r"[\d\s+().#x/\-]{6,30}$")


@dataclass(frozen=True, slots=True)
class Field:
    """Something a column can fill: its code, what it holds, and the headings people give it.

    ``hints`` are parts of a heading that speak for it when nothing fits as a whole.
    """

    code: str
    kind: FieldKind = "text"
    required: bool = False
    synonyms: tuple[str, ...] = ()
    max_length: int = 200
    hints: tuple[str, ...] = ()
    most: int = 10**9


def words(text: str) -> tuple[str, ...]:
    """Return the words of a list written as one text: "name, full name, 姓名"."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Proposal:
    """A field with the column (from 0) proposed for it, and how sure that is (0 to 1)."""

    field: str
    column: int | None
    confidence: float = 0.0


def propose(headers: Sequence[str], fields: Sequence[Field], sample: Sequence[Sequence[Cell]] = ()) -> list[Proposal]:
    """One proposal per field, in the order of the fields; no column is proposed twice.

    Headings are held against each field's words (English, 繁體, 简体), exactly first, then by
    likeness; what stands in the column raises or lowers the score.
    """
    scored: list[tuple[float, int, int]] = []
    columns = [[row[index] for row in sample[:_CONTENT_SAMPLE] if index < len(row)] for index in range(len(headers))]
    for column, header in enumerate(headers):
        if not header or header.startswith(REASON_MARK):
            continue
        variants = _variants(header)
        for place, field in enumerate(fields):
            score = _by_heading(variants, field)
            if score > 0.4:
                score = _by_content(score, field, columns[column])
            if score >= LEAST:
                scored.append((score, place, column))
    scored.sort(key=lambda item: (-item[0], item[1], item[2]))
    taken_fields: dict[int, tuple[int, float]] = {}
    taken_columns: set[int] = set()
    for score, place, column in scored:
        if place not in taken_fields and column not in taken_columns:
            taken_fields[place] = (column, score)
            taken_columns.add(column)
    return [
        Proposal(field.code, taken_fields[place][0], round(taken_fields[place][1], 2))
        if place in taken_fields
        else Proposal(field.code, None)
        for place, field in enumerate(fields)
    ]


def _variants(header: str) -> list[tuple[str, float]]:
    """The ways to read a heading, each with how much it counts: whole, without brackets, each part."""
    text = _NOISE.sub("", unicodedata.normalize("NFKC", header)).strip()
    found = [(plain_key(text), 1.0)]
    bare = _BRACKETED.sub(" ", text).strip()
    if bare and bare != text:
        found.append((plain_key(bare), 0.98))
    inside = [part.strip("()[]（）【】〔〕<> ") for part in _BRACKETED.findall(text)]
    if any(mark in bare for mark in "/|\n"):
        parts = [part for part in re.split(r"[/|\n]", bare) if part.strip()]
        found.extend((plain_key(part), 0.95 if place == len(parts) - 1 else 0.9) for place, part in enumerate(parts))
    found.extend((plain_key(part), 0.85) for part in inside)
    return [(key, share) for key, share in found if key]


@lru_cache(maxsize=4096)
def _words(field_words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(plain_key(_CAMEL.sub(" ", word)) for word in field_words)


def _by_heading(variants: Sequence[tuple[str, float]], field: Field) -> float:
    words = _words((field.code, *field.synonyms))
    best = 0.0
    for key, share in variants:
        if key in words:
            best = max(best, share)
        else:
            best = max(best, share * max((_likeness(key, word) for word in words), default=0.0))
    if best < LEAST and any(plain_key(hint) in key for key, _ in variants for hint in field.hints):
        best = max(best, 0.65)
    return best


@lru_cache(maxsize=65536)
def _likeness(key: str, word: str) -> float:
    """How alike a heading and a word are, below 0.9 as they are not the same."""
    chinese = not (key.isascii() and word.isascii())
    shortest, longest = sorted((key, word), key=len)
    least = 2 if chinese else 4
    if len(shortest) >= least and (longest.startswith(shortest) or longest.endswith(shortest)):
        return 0.62 + 0.2 * len(shortest) / len(longest)
    ratio = SequenceMatcher(None, key, word, autojunk=False).ratio()
    return ratio * 0.88 if ratio >= (0.75 if chinese else 0.8) and len(shortest) > least else 0.0


def _by_content(score: float, field: Field, cells: Sequence[Cell]) -> float:
    """The score after looking at what stands in the column."""
    filled = [cell for cell in cells if not is_blank(cell)]
    if not filled:
        return score * 0.97
    reads = _READERS.get(field.kind)
    if reads is None:
        return score
    share = sum(1 for cell in filled if _can(reads, cell)) / len(filled)
    if share >= 0.8:
        return score if score >= SURE else min(SURE - 0.01, score + 0.08)
    if share < 0.3:
        return score * 0.6
    return score * 0.9


def _can(reads: Callable[[Cell], object], cell: Cell) -> bool:
    try:
        return reads(cell) is not None
    except BadValue as problem:
        return problem.code == "ambiguous_date"


def _reads_phone(cell: Cell) -> object:
    if isinstance(cell, str):
        return True if _PHONE.match(unicodedata.normalize("NFKC", cell).strip()) else None
    return parse_number(cell)


_READERS: Mapping[str, Callable[[Cell], object]] = {
    "amount": lambda cell: parse_amount(cell, negative=True),
    "date": parse_date,
    "moment": parse_moment,
    "time": parse_time,
    "percent": parse_percent,
    "integer": parse_integer,
    "email": lambda cell: parse_email(cell) or None,
    "phone": _reads_phone,
}
