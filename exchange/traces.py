"""What an import did to rows that are kept here: enough to see whether anybody touched them, and to take it back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class Trace:
    """What an import did to one row.

    `mark` is what the watched fields held when the import left the row (see `keepers.Keeper`); `before` the fields it
    changed with what they held, None for a row it created; `more` whatever else its keeper wants back; `was` the mark
    of a row with a version before the import changed it.
    """

    pk: int
    mark: Any
    before: dict[str, Any] | None = None
    more: Any = None
    was: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether the import made the row."""
        return self.before is None


@dataclass(slots=True)
class Ledger:
    """The traces of an import or of a part of it, by the code of their keeper and the id of the row."""

    traces: dict[str, dict[int, Trace]] = field(default_factory=dict)

    def created(self, keeper: str, pk: int, mark: Any = 1) -> None:
        """Note a row that was made; a row with a version begins at 1."""
        self._note(keeper, Trace(pk, mark))

    def changed(self, keeper: str, pk: int, mark: Any, before: Mapping[str, Any], more: Any = None) -> None:
        """Note a row that was changed, by what its fields (`owner_id`, not `owner`) held before; any plain values."""
        was = mark - 1 if isinstance(mark, int) else None
        self._note(keeper, Trace(pk, mark, {name: plain(value) for name, value in before.items()}, more, was))

    def add(self, later: Ledger) -> None:
        """Take over what was done after this."""
        for keeper, traces in later.traces.items():
            for trace in traces.values():
                self._note(keeper, trace)

    def _note(self, keeper: str, trace: Trace) -> None:
        rows = self.traces.setdefault(keeper, {})
        first = rows.get(trace.pk)
        if first is not None:
            if first.before is None:
                trace.before = trace.was = None
            elif trace.before is not None:
                trace.before, trace.was = {**trace.before, **first.before}, first.was
        rows[trace.pk] = trace

    def of(self, keeper: str) -> dict[int, Trace]:
        """Return the traces of one keeper, by row."""
        return self.traces.get(keeper, {})

    def hand_back(self, marks: Mapping[str, Mapping[int, tuple[int, int]]]) -> bool:
        """Take rows that are again as this left them for untouched; return whether there was any.

        :param marks: by keeper and row, the mark that a later import found and the one after it was undone.
        """
        found = False
        for keeper, rows in marks.items():
            traces = self.of(keeper)
            for pk in rows.keys() & traces.keys():
                was, now = rows[pk]
                if traces[pk].mark == was:
                    traces[pk].mark, found = now, True
        return found

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return how many rows were created and how many changed, by keeper."""
        return {
            keeper: (sum(trace.is_new for trace in rows.values()), sum(not trace.is_new for trace in rows.values()))
            for keeper, rows in self.traces.items()
            if rows
        }

    def pack(self) -> bytes:
        """Return the traces as bytes."""
        plain_rows = {
            keeper: [[trace.pk, trace.mark, trace.before, trace.more, trace.was] for trace in rows.values()]
            for keeper, rows in self.traces.items()
        }
        return zlib.compress(json.dumps(plain_rows, separators=(",", ":")).encode(), 1)

    @classmethod
    def unpack(cls, data: bytes) -> Ledger:
        """Return what `pack` gave."""
        found: dict[str, list[list[Any]]] = json.loads(zlib.decompress(data))
        return cls({keeper: {row[0]: Trace(*row) for row in rows} for keeper, rows in found.items()})


def gathered(parts: Iterator[bytes]) -> Ledger:
    """Return the ledger of a whole import from those of its parts, in order."""
    whole = Ledger()
    for part in parts:
        whole.add(Ledger.unpack(part))
    return whole


def plain(value: Any) -> Any:
    """Return a value as JSON holds it; a field's `to_python` makes the value of it again."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)
