"""Writes rows as a file that a spreadsheet opens safely and that can be read in again.

A text that a spreadsheet would run as a formula gets an apostrophe in front; reading our own
file takes it off again. Our files are known by a heading that starts with `REASON_MARK`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from exchange.problems import Flaw
from exchange.rows import Cell

REASON_MARK = "⚠"
ROWS_AT_ONCE = 500

_DANGEROUS = re.compile(r"'*\s*[=+\-@＝＋－＠|\t\r\n]")
_GUARDED = re.compile(r"'+\s*[=+\-@＝＋－＠|\t\r\n]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?%?$")


def neutral(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet might run it; plain numbers stay."""
    if _DANGEROUS.match(text) and not _NUMBER.match(text):
        return "'" + text
    return text


def restored(text: str) -> str:
    """What `neutral` was given."""
    return text[1:] if _GUARDED.match(text) else text


def is_ours(headers: Sequence[str]) -> bool:
    """Whether these are the headings of a file of rejected rows that we wrote."""
    return any(header.startswith(REASON_MARK) for header in headers)


def write_csv(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV file in pieces: UTF-8 with its mark (Excel needs it), CRLF, cells made safe."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([neutral(header) for header in headers])
    yield b"\xef\xbb\xbf"
    for count, row in enumerate(rows, start=1):
        writer.writerow([_written(cell) for cell in row])
        if count % ROWS_AT_ONCE == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def write_rejects(
    headers: Sequence[str], reason_header: str, rows: Iterable[tuple[Sequence[Cell], str]]
) -> Iterator[bytes]:
    """The rejected rows as they came, each with its reason in a last column that reading ignores."""
    marked = f"{REASON_MARK} {reason_header}"
    return write_csv([*headers, marked], ([*cells, reason] for cells, reason in rows))


def _emptied(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return data


def _written(cell: Cell) -> str:
    if cell is None or isinstance(cell, Flaw):
        return ""
    if isinstance(cell, str):
        return neutral(cell.replace("\x00", ""))
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        return f"{cell:f}" if abs(cell.adjusted()) < 40 else str(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat()
