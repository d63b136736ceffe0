"""What stands in each column of a file: samples, distinct values, how it writes dates and decimals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from exchange.dates import DateFormat, infer_date_format, parse_date
from exchange.numbers import infer_decimals
from exchange.problems import BadValue, Flaw
from exchange.rows import Cell, Row, is_blank
from exchange.texts import parse_text

SAMPLES = 4
DISTINCT_KEPT = 2_000
COMMON_KEPT = 100
LONGEST_KEPT = 120
_LOOK_AT = 60


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how many cells are filled, a few of them, its distinct texts with their counts.

    ``distinct`` counts all texts; ``values`` holds them all only up to `DISTINCT_KEPT`, otherwise the commonest.
    """

    filled: int = 0
    blank: int = 0
    samples: tuple[str, ...] = ()
    distinct: int = 0
    values: dict[str, int] = field(default_factory=dict)
    dates: DateFormat = field(default_factory=DateFormat)
    decimals: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Column:
        """Return what `as_json` gave."""
        dates = data["dates"]
        return cls(
            filled=data["filled"],
            blank=data["blank"],
            samples=tuple(data["samples"]),
            distinct=data["distinct"],
            values=dict(data["values"]),
            dates=DateFormat(**{**dates, "examples": tuple(dates["examples"])}),
            decimals=data["decimals"],
        )


def survey(rows: Iterable[Row], width: int) -> list[Column]:
    """Look through all rows once and describe each column."""
    tallies = [_Tally() for _ in range(width)]
    for row in rows:
        if row.problem is None:
            for tally, cell in zip(tallies, row.cells, strict=False):
                tally.add(cell)
    return [tally.column() for tally in tallies]


class _Tally:
    """Counts one column."""

    def __init__(self) -> None:
        self.filled = self.blank = 0
        self.values: Counter[Cell] = Counter()

    def add(self, cell: Cell) -> None:
        if is_blank(cell):
            self.blank += 1
            return
        self.filled += 1
        if not isinstance(cell, Flaw):
            self.values[cell] += 1

    def column(self) -> Column:
        texts: Counter[str] = Counter()
        for cell, count in self.values.items():
            text = shown(cell)
            if text:
                texts[text] += count
        few = len(texts) <= DISTINCT_KEPT and sum(map(len, texts)) <= DISTINCT_KEPT * 40
        first = list(self.values)[:_LOOK_AT]
        return Column(
            filled=self.filled,
            blank=self.blank,
            samples=tuple(text[:LONGEST_KEPT] for text in list(texts)[:SAMPLES]),
            distinct=len(texts),
            values={
                text: count
                for text, count in texts.most_common(None if few else COMMON_KEPT)
                if len(text) <= LONGEST_KEPT * 2
            },
            dates=infer_date_format(self.values) if _may_be_dates(first) else DateFormat(),
            decimals=(infer_decimals(self.values) or "") if _may_be_numbers(first) else "",
        )


def shown(cell: Cell) -> str:
    """A cell as text, "" when it cannot be read."""
    try:
        return parse_text(cell)
    except BadValue:
        return ""


def _may_be_dates(cells: Sequence[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str | date)]
    return sum(map(_is_date, texts)) * 2 >= len(texts) > 0


def _is_date(cell: Cell) -> bool:
    try:
        return parse_date(cell) is not None
    except BadValue as problem:
        return problem.code == "ambiguous_date"


def _may_be_numbers(cells: Sequence[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str)]
    digits = sum(1 for text in texts if any(character.isdigit() for character in text))
    return digits * 2 >= len(texts) > 0 and not all(isinstance(cell, Decimal) for cell in cells)
