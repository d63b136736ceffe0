"""Text tables: values parted by commas, semicolons or tabs, quoted where needed.

A row is a record, as a spreadsheet would number it: a quoted cell with line breaks stays one row.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Generator
from typing import TYPE_CHECKING, BinaryIO, TextIO

from exchange import limits
from exchange.charsets import Charset
from exchange.problems import Code, Flaw, Problem, Refused
from exchange.rows import Cell, Row

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

DELIMITERS = (",", ";", "\t")
SAMPLE_LINES = 60


def decoded(file: BinaryIO, charset: Charset) -> TextIO:
    """The file as text from its beginning; closing it leaves ``file`` open to be read again."""
    return io.TextIOWrapper(
        io.BufferedReader(_Unclosed(file), 1 << 18),
        encoding=charset.encoding,
        errors=charset.errors,
        newline="",
    )


class _Unclosed(io.RawIOBase):
    """Reads a shared file from its own position, and leaves it open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Lines:
    """Lines of bounded length that can be handed back; says when the file is out."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.exhausted = False
        self.at_fault = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= limits.MAX_LINES_IN_A_CELL:
            self.at_fault = True
            raise StopIteration
        if self._returned:
            line = self._returned.popleft()
        else:
            line = self._text.readline(limits.MAX_LINE_CHARACTERS)
            if not line:
                self.exhausted = True
                raise StopIteration
            if len(line) >= limits.MAX_LINE_CHARACTERS:
                raise Refused(Code.LINE_TOO_LONG, None, None, limit=limits.MAX_LINE_CHARACTERS)
        self.taken.append(line)
        return line

    def hand_back(self) -> None:
        """All but the first line of the record just tried are read again."""
        self._returned.extendleft(reversed(self.taken[1:]))
        self.exhausted = self.at_fault = False


def records(text: TextIO, delimiter: str) -> Generator[Row]:
    """Every record from the start, blank ones too, each with its number.

    A quote that is never closed costs its own row only: reading goes on at the next line.
    """
    csv.field_size_limit(limits.MAX_LINE_CHARACTERS)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    number = open_quotes = 0
    while True:
        lines.taken = []
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            record, lines.at_fault = [], True
        number += 1
        if lines.at_fault or lines.exhausted:
            open_quotes += 1
            if open_quotes > limits.MAX_OPEN_QUOTES:
                raise Refused(Code.TOO_MANY_OPEN_QUOTES, number)
            lines.hand_back()
            reader = csv.reader(lines, delimiter=delimiter)
            first = lines.taken[0].rstrip("\r\n").split(delimiter)
            yield Row(number, tuple(first), Problem(Code.OPEN_QUOTE, number))
            continue
        if number == 1 and len(lines.taken) == 1 and _names_delimiter(lines.taken[0]):
            number = 0
            continue
        yield Row(number, tuple(_cell(value) for value in record))


def _cell(value: str) -> Cell:
    if len(value) > limits.MAX_CELL_CHARACTERS:
        return Flaw(Code.CELL_TOO_LONG, {"limit": limits.MAX_CELL_CHARACTERS})
    return value


def _names_delimiter(line: str) -> bool:
    """Excel's own first line "sep=;" is an instruction, not a row."""
    return line.strip().strip('"').lower()[:4] == "sep=" and len(line.strip().strip('"')) <= 5


def detect_delimiter(file: BinaryIO, charset: Charset) -> str:
    """The delimiter that cuts the first lines into the most even rows."""
    with decoded(file, charset) as text:
        first = text.readline(limits.MAX_LINE_CHARACTERS)
        if _names_delimiter(first):
            named = first.rstrip("\r\n").strip('"')[4:]
            if named in DELIMITERS:
                return named
    best, best_score = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        widths: list[int] = []
        with decoded(file, charset) as text:
            for row in records(text, delimiter):
                if row.number > SAMPLE_LINES:
                    break
                if any(row.cells):
                    widths.append(len(row.cells))
        score = _evenness(widths)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _evenness(widths: list[int]) -> tuple[float, int]:
    """How many rows share the commonest width above one (more if the first does), and that width."""
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return (0.0, 0)
    width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
    return (round(count / len(widths) + (0.1 if widths[0] == width else 0), 1), width)
