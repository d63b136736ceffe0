"""Rows and outcomes as compact bytes, so that a file is read once and worked through in pieces."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from exchange.problems import Flaw, Problem
from exchange.rows import Cell, Row
from exchange.states import Verdict

KEY_BYTES = 8
NO_KEY = b"\0" * KEY_BYTES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became, or would become, of one row, why, and what is worth remarking (codes)."""

    number: int
    verdict: Verdict
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """How many rows met each fate: verdicts, reasons of rejection (a row counts by its first), remarks."""

    verdicts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these too."""
        for outcome in outcomes:
            _count(self.verdicts, outcome.verdict)
            if outcome.verdict == Verdict.REJECTED:
                _count(self.reasons, outcome.problems[0].code if outcome.problems else "unknown")
            for remark in outcome.remarks:
                _count(self.remarks, remark)

    @property
    def total(self) -> int:
        """All rows counted."""
        return sum(self.verdicts.values())

    @property
    def total_text(self) -> str:
        """All rows counted, grouped for reading."""
        return f"{self.total:,}"

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return plain values."""
        return {"verdicts": self.verdicts, "reasons": self.reasons, "remarks": self.remarks}

    @classmethod
    def of(cls, data: dict[str, dict[str, int]]) -> Counts:
        """Return what `as_json` gave."""
        return cls(*(dict(data.get(name, {})) for name in ("verdicts", "reasons", "remarks")))


def _count(counts: dict[str, int], code: str) -> None:
    counts[str(code)] = counts.get(str(code), 0) + 1


def pack_rows(rows: Sequence[Row]) -> bytes:
    """Return rows as bytes."""
    return _packed([[row.number, [_plain(cell) for cell in row.cells], _problem(row.problem)] for row in rows])


def unpack_rows(data: bytes) -> list[Row]:
    """Return what `pack_rows` was given."""
    return [
        Row(number, tuple(_cell(value) for value in cells), _as_problem(problem))
        for number, cells, problem in _unpacked(data)
    ]


def pack_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """Return outcomes as bytes."""
    return _packed(
        [[one.number, one.verdict, [_problem(each) for each in one.problems], one.remarks] for one in outcomes]
    )


def unpack_outcomes(data: bytes) -> list[Outcome]:
    """Return what `pack_outcomes` was given."""
    return [
        Outcome(number, Verdict(verdict), tuple(filter(None, map(_as_problem, problems))), tuple(remarks))
        for number, verdict, problems, remarks in _unpacked(data)
    ]


def pack_keys(keys: Iterable[str | None]) -> bytes:
    """Return one short fingerprint for each row's key; a row without a key has `NO_KEY`."""
    return b"".join(
        blake2b(key.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest() if key else NO_KEY for key in keys
    )


def unpack_keys(data: bytes) -> list[bytes]:
    """Return the fingerprints, in order."""
    return [data[at : at + KEY_BYTES] for at in range(0, len(data), KEY_BYTES)]


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


def _plain(cell: Cell) -> Any:
    match cell:
        case None | bool() | str():
            return cell
        case Decimal():
            return {"n": str(cell)}
        case datetime():
            return {"t": cell.isoformat()}
        case date():
            return {"d": cell.isoformat()}
        case Flaw():
            return {"f": cell.code, "x": dict(cell.detail)}


def _cell(value: Any) -> Cell:
    if not isinstance(value, dict):
        plain: Cell = value
        return plain
    if "n" in value:
        return Decimal(value["n"])
    if "d" in value:
        return date.fromisoformat(value["d"])
    if "t" in value:
        return datetime.fromisoformat(value["t"])
    return Flaw(value["f"], value["x"])


def _problem(problem: Problem | None) -> Any:
    return problem and [problem.code, problem.row, problem.column, dict(problem.detail)]


def _as_problem(data: Any) -> Problem | None:
    return Problem(*data) if data else None
