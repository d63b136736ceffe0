"""One row of a file as the values of a target's fields, or the reasons why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exchange.dates import DateFormat, parse_date
from exchange.mapping import Field
from exchange.moments import parse_moment, parse_time
from exchange.numbers import Decimals, parse_amount, parse_integer, parse_percent
from exchange.problems import BadValue, Code, Problem
from exchange.rows import Cell, Row, is_blank
from exchange.texts import parse_email, parse_text

MOST_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Which column fills a field, what its heading is, and how the column writes dates and decimals."""

    field: Field
    column: int
    header: str
    dates: DateFormat = DateFormat()  # noqa: RUF009 - frozen, so it may be shared
    decimals: Decimals | None = None


@dataclass(slots=True)
class Record:
    """One row read: values by field code.

    Text is "" when empty, everything else None; amounts are minor units; names that stand for something else
    (owner, customer, product, stage) are still text. Fields without a column are missing from ``values``.
    """

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def reject(self, code: str, field_code: str = "", **detail: str | int) -> None:
        """Say why this row cannot be taken; the problem names the heading that the field was read from."""
        header = self.headers.get(field_code, field_code) or None
        self.problems.append(Problem(code, self.number, header, detail))

    def text(self, field_code: str) -> str:
        """The text of a field, "" where there is none."""
        return str(self.values.get(field_code) or "")


def read_record(
    row: Row, sources: Sequence[Source], headers: Mapping[str, str], *, ours: bool = False, digits: int = 2
) -> Record:
    """Read one row; problems name the row and the column's heading.

    ``ours`` says that we wrote the file (its guarding apostrophes come off), ``digits`` how many decimals the
    currency has.
    """
    record = Record(row.number, headers=headers)
    if row.problem is not None:
        record.problems.append(row.problem)
        return record
    for source in sources:
        cell = row.cells[source.column] if source.column < len(row.cells) else None
        try:
            value = None if is_blank(cell) else read_value(cell, source, ours=ours, digits=digits)
            if source.field.required and (value is None or value == ""):
                raise BadValue(Code.REQUIRED)
            record.values[source.field.code] = value
        except BadValue as bad:
            record.problems.append(Problem(bad.code, row.number, source.header, bad.detail))
            if len(record.problems) >= MOST_PROBLEMS:
                break
    return record


def read_value(cell: Cell, source: Source, *, ours: bool = False, digits: int = 2) -> Any:
    """Read one cell as its field asks. Raises `BadValue`."""
    wanted = source.field
    match wanted.kind:
        case "amount":
            return parse_amount(cell, digits=digits, decimals=source.decimals)
        case "date":
            return parse_date(cell, source.dates)
        case "moment":
            return parse_moment(cell, source.dates)
        case "time":
            return parse_time(cell)
        case "integer":
            return parse_integer(cell, most=wanted.most)
        case "percent":
            return parse_percent(cell)
        case "email":
            return parse_email(cell)
        case "notes":
            return parse_text(cell, max_length=wanted.max_length, lines=True, ours=ours)
        case _:
            return parse_text(cell, max_length=wanted.max_length, ours=ours)
