"""Turns an uploaded file into a table, whatever it calls itself.

`open_table` looks at the content, never at the name: text in any of the usual encodings and
delimiters, or an Excel workbook. Rows come lazily and can be asked for again from any row on.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from exchange import limits
from exchange.charsets import ENCODINGS, Charset, detect_charset
from exchange.delimited import DELIMITERS, decoded, detect_delimiter, records
from exchange.problems import Code, Flaw, Problem, Refused
from exchange.rows import Cell, Row, column_letter, is_blank

if TYPE_CHECKING:
    from exchange.workbook import Sheet, Workbook

HEADER_WITHIN_ROWS = 12
SAMPLE_ROWS = 40

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM\x00", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"RIFF", "riff"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "rar"),
    (b"PK\x05\x06", "zip"),
    (b"{\\rtf", "rtf"),
    (b"SQLite format 3", "sqlite"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
)
_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:(!doctype\s+html|html|head|body|table|meta)|(\?xml|\w+[\s>]))",
    re.IGNORECASE | re.DOTALL,
)
_NUMERIC = re.compile(r"[\s$¥￥€£()+\-−]*\d[\d.,:/\-\s年月日%]*$")


@dataclass(frozen=True)
class Table:
    """A readable table: what it is, its headers, and its rows on demand.

    ``header_row`` is the row the headers stand in (the last of them when there are two), None when
    the file has none; ``notes`` are remarks worth telling that stop nothing.
    """

    kind: str
    headers: tuple[str, ...]
    header_row: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()
    _file: BinaryIO = field(default_factory=io.BytesIO, repr=False)
    _charset: Charset | None = None
    _workbook: Workbook | None = None
    _part: Sheet | None = None

    def rows(self, after: int = 0) -> Generator[Row]:
        """Data rows below the headers whose number is above ``after``, each as wide as the headers.

        Short rows are filled up; a row with something beyond the last header, a repeated header or
        an open quote comes with its ``problem``; blank rows are left out. Raises `Refused` past
        `limits.MAX_ROWS` rows.
        """
        width = len(self.headers)
        count = 0
        with closing(self._records()) as found:
            for row in found:
                if row.number <= self.header_row or all(map(is_blank, row.cells)):
                    continue
                count += 1
                if count > limits.MAX_ROWS:
                    raise Refused(Code.TOO_MANY_ROWS, row.number, None, limit=limits.MAX_ROWS)
                if row.number > after:
                    yield self._fitted(row, width)

    def _fitted(self, row: Row, width: int) -> Row:
        cells, problem = row.cells, row.problem
        if len(cells) > width:
            beyond = next((i for i in range(width, len(cells)) if not is_blank(cells[i])), None)
            if beyond is not None and problem is None:
                detail = {"cells": len(cells), "columns": width}
                problem = Problem(Code.TOO_MANY_CELLS, row.number, column_letter(beyond), detail)
            cells = cells[:width]
        elif len(cells) < width:
            cells = (*cells, *(None,) * (width - len(cells)))
        if problem is None and cells == self.headers:
            problem = Problem(Code.REPEATED_HEADER, row.number)
        return Row(row.number, cells, problem)

    def _records(self) -> Generator[Row]:
        if self._workbook and self._part:
            yield from self._workbook.rows(self._part)
        elif self._charset:
            with decoded(self._file, self._charset) as text:
                yield from records(text, self.delimiter)


def open_table(
    source: bytes | BinaryIO,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    header_row: int | None = None,
) -> Table:
    """The table in an uploaded file; what is not given is detected.

    ``source`` is bytes or a seekable binary file, which must stay open while rows are read.
    Raises `Refused` with a code, and a row or column where one can be named.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    size = file.seek(0, io.SEEK_END)
    if size > limits.MAX_FILE_BYTES:
        raise Refused(Code.FILE_TOO_LARGE, megabytes=limits.MAX_FILE_BYTES // (1024 * 1024))
    file.seek(0)
    head = file.read(8192)
    if not head.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise Refused(Code.EMPTY_FILE)
    if head.startswith(_ZIP):
        return _workbook_table(file, sheet, header_row)
    _refuse_foreign(file, head)
    return _text_table(file, encoding, delimiter, header_row)


def _refuse_foreign(file: BinaryIO, head: bytes) -> None:
    """Refuse what is neither text nor a workbook, by its first bytes."""
    if head.startswith(_OLE):
        file.seek(0)
        listing = file.read(4 * 1024 * 1024)
        if "EncryptedPackage".encode("utf-16-le") in listing:
            raise Refused(Code.ENCRYPTED)
        if "Workbook".encode("utf-16-le") in listing or "Book".encode("utf-16-le") in listing:
            raise Refused(Code.OLD_WORKBOOK)
        raise Refused(Code.WRONG_TYPE, kind="ole")
    for mark, kind in _FOREIGN:
        if head.startswith(mark):
            raise Refused(Code.WRONG_TYPE, kind=kind)
    if found := _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise Refused(Code.WRONG_TYPE, kind="html" if found[1] else "xml")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in {b"{", b"["} and b'"' in text[:200] and b":" in text[:2000]:
        raise Refused(Code.WRONG_TYPE, kind="json")
    controls = sum(head.count(bytes([byte])) for byte in (*range(1, 9), *range(14, 27)))
    if controls > len(head) * 0.05:
        raise Refused(Code.WRONG_TYPE, kind="binary")


def _text_table(file: BinaryIO, encoding: str, delimiter: str, header_row: int | None) -> Table:
    if encoding and encoding not in ENCODINGS:
        raise Refused(Code.UNKNOWN_ENCODING)
    charset = Charset(encoding, "surrogateescape") if encoding else detect_charset(file)
    if charset.encoding.startswith("utf-16"):
        charset = Charset(charset.encoding, "replace", charset.guessed)
    if delimiter not in DELIMITERS:
        delimiter = detect_delimiter(file, charset)
    first: list[Row] = []
    with decoded(file, charset) as text:
        for row in records(text, delimiter):
            first.append(row)
            if len(first) >= SAMPLE_ROWS:
                break
    header = find_header(first, (), header_row)
    notes = list(header.notes)
    if charset.guessed:
        notes.append(Problem(Code.ENCODING_GUESSED, detail={"encoding": charset.encoding}))
    table = Table(
        "csv", header.names, header.row, charset.encoding, delimiter,
        notes=tuple(notes), _file=file, _charset=charset,
    )  # fmt: skip
    return _with_rows(table)


def _workbook_table(file: BinaryIO, name: str, header_row: int | None) -> Table:
    from exchange.workbook import Workbook  # it brings openpyxl and numpy: 28 MB that no page needs

    workbook = Workbook(file)
    visible = [sheet for sheet in workbook.sheets if not sheet.hidden] or list(workbook.sheets)
    if name:
        chosen = [sheet for sheet in workbook.sheets if sheet.name == name]
        if not chosen:
            raise Refused(Code.UNKNOWN_SHEET, sheet=name[:100])
        visible, others = chosen, visible
    else:
        others = visible
    first: list[Row] = []
    for sheet in visible:
        with closing(workbook.rows(sheet)) as rows:
            for row in rows:
                first.append(row)
                if len(first) >= SAMPLE_ROWS:
                    break
        if first:
            break
    else:
        raise Refused(Code.EMPTY_FILE)
    spans = tuple(
        (merge.first_row, merge.first_column, merge.last_column)
        for merge in workbook.merges(sheet)
        if merge.last_column > merge.first_column
    )
    header = find_header(first, spans, header_row)
    notes = list(header.notes)
    if len(others) > 1 and not name:
        detail: dict[str, str | int] = {"sheet": sheet.name, "others": len(others) - 1}
        notes.append(Problem(Code.OTHER_SHEETS, detail=detail))
    table = Table(
        "xlsx", header.names, header.row, sheet=sheet.name,
        sheets=tuple(item.name for item in others), notes=tuple(notes),
        _file=file, _workbook=workbook, _part=sheet,
    )  # fmt: skip
    return _with_rows(table)


def _with_rows(table: Table) -> Table:
    if len(table.headers) > limits.MAX_COLUMNS:
        raise Refused(
            Code.TOO_MANY_COLUMNS, table.header_row, None,
            columns=len(table.headers), limit=limits.MAX_COLUMNS,
        )  # fmt: skip
    with closing(table.rows()) as rows:
        if next(rows, None) is None:
            raise Refused(Code.NO_ROWS, table.header_row)
    return table


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns and the last row that belongs to the heading."""

    names: tuple[str, ...]
    row: int
    notes: tuple[Problem, ...] = ()


def find_header(
    rows: Sequence[Row],
    spans: Sequence[tuple[int, int, int]] = (),
    chosen: int | None = None,
) -> Header:
    """Where the headings are among the first rows.

    Title lines above are skipped; two lines of headings become one ("Customer / Name"), a heading
    given twice counts once. ``spans`` are cells merged sideways as (row, first column, last
    column); ``chosen`` is the row the user pointed at. Raises `Refused` when there is none.
    """
    filled = [row for row in rows if not all(map(is_blank, row.cells))]
    if not filled:
        raise Refused(Code.EMPTY_FILE)
    at = _chosen_index(filled, chosen) if chosen is not None else _likely_index(filled)
    is_grouped = chosen is None and at > 0 and _is_group_row(filled[at - 1], filled[at])
    at -= is_grouped
    top, below = filled[at], filled[at + 1 :]
    notes: list[Problem] = []
    if at and chosen is None:
        notes.append(Problem(Code.TITLE_ROWS_SKIPPED, top.number, detail={"rows": at}))
    names, last = _names(top.cells), top.number
    if chosen is None and below:
        if _names(below[0].cells) == names:
            last = below[0].number
            notes.append(Problem(Code.HEADER_REPEATED, last))
        elif is_grouped or _is_second_header(top, below, spans):
            last = below[0].number
            names = _joined(_spread(top, spans), _names(below[0].cells))
            notes.append(Problem(Code.TWO_HEADER_ROWS, last))
    doubles = {name for name in names if name and names.count(name) > 1}
    notes.extend(Problem(Code.DUPLICATE_HEADER, last, name) for name in sorted(doubles))
    return Header(names, last, tuple(notes))


def _chosen_index(filled: Sequence[Row], chosen: int) -> int:
    for index, row in enumerate(filled):
        if row.number == chosen:
            return index
    raise Refused(Code.NO_HEADER, chosen)


def _likely_index(filled: Sequence[Row]) -> int:
    """The first row nearly as wide as the rows usually are and made of words."""
    widths = sorted(_used(row.cells) for row in filled)
    usual = widths[len(widths) // 2]
    for index, row in enumerate(filled[:HEADER_WITHIN_ROWS]):
        if _used(row.cells) >= max(1, min(usual, 2), usual * 0.6) and _is_wordy(row.cells):
            return index
    return 0


def _is_group_row(above: Row, header: Row) -> bool:
    """Whether the row above the headings groups them: several words with gaps that they fill."""
    gaps = sum(1 for i, cell in enumerate(header.cells) if not is_blank(cell) and not _filled(above, i))
    return (
        above.number == header.number - 1
        and _used(above.cells) >= 2
        and gaps >= 2
        and _is_wordy(above.cells)
        and not any(_is_figure(cell) for cell in header.cells)
    )


def _filled(row: Row, index: int) -> bool:
    return index < len(row.cells) and not is_blank(row.cells[index])


def _used(cells: Sequence[Cell]) -> int:
    return sum(1 for cell in cells if not is_blank(cell))


def _is_wordy(cells: Sequence[Cell]) -> bool:
    used = [cell for cell in cells if not is_blank(cell)]
    return sum(1 for cell in used if not _is_figure(cell)) >= len(used) * 0.8


def _is_figure(cell: Cell) -> bool:
    if isinstance(cell, str):
        return bool(_NUMERIC.match(cell.strip()))
    return isinstance(cell, Decimal | date)


def _names(cells: Sequence[Cell]) -> tuple[str, ...]:
    names = [" ".join(_shown(cell).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _shown(cell: Cell) -> str:
    if cell is None or isinstance(cell, Flaw):
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _spread(top: Row, spans: Sequence[tuple[int, int, int]]) -> tuple[str, ...]:
    """The upper headings over every column they stand above."""
    names = [" ".join(_shown(cell).split()) for cell in top.cells]
    merged = [span for span in spans if span[0] == top.number]
    for _row, first, last in merged:
        if first < len(names):
            names.extend([""] * (last + 1 - len(names)))
            names[first : last + 1] = [names[first]] * (last + 1 - first)
    if not merged:
        for index in range(1, len(names)):
            names[index] = names[index] or names[index - 1]
    return tuple(names)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    width = max(len(upper), len(lower))
    pairs = zip([*upper, *[""] * (width - len(upper))], [*lower, *[""] * (width - len(lower))], strict=True)
    return _names([f"{a} / {b}" if a and b and a != b else a or b for a, b in pairs])


def _is_second_header(top: Row, below: Sequence[Row], spans: Sequence[tuple[int, int, int]]) -> bool:
    """Whether the row under the heading is heading too.

    It is when it holds words only, right below, and the heading was merged or has gaps that it
    fills, or columns that hold figures in every later row hold words in it.
    """
    second, data = below[0], below[1:]
    if second.number != top.number + 1 or not data or not _is_wordy(second.cells):
        return False
    if any(_is_figure(cell) for cell in second.cells):
        return False
    merged = any(span[0] == top.number for span in spans)
    upper = _names(top.cells)
    gaps = [i for i, cell in enumerate(second.cells) if not is_blank(cell) and not (i < len(upper) and upper[i])]
    figures = 0
    for index in range(len(second.cells)):
        later = [row.cells[index] for row in data if index < len(row.cells)]
        later = [cell for cell in later if not is_blank(cell)]
        if later and not is_blank(second.cells[index]) and all(map(_is_figure, later)):
            figures += 1
    if merged or gaps:
        return figures >= 1 or (merged and len(gaps) >= 1)
    return figures >= 2
