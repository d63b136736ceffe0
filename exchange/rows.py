"""What a table is made of: cells, rows and the names of columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from exchange.problems import Flaw, Problem

Cell = str | Decimal | date | bool | Flaw | None
"""A cell as read: text, a number, a date (or date with time), yes/no, nothing, or a flaw."""


class Row(NamedTuple):
    """One row: its number as a spreadsheet counts (from 1), its cells, and what is wrong with it."""

    number: int
    cells: tuple[Cell, ...]
    problem: Problem | None = None


def column_letter(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing that anyone typed."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
