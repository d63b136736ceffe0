"""Excel workbooks (.xlsx, .xlsm), read as a stream.

Formulas count by the value Excel stored beside them; a formula without one is a flaw of its cell.
A merged cell counts for every row it spans, except numbers: a number that spans rows would be
counted more than once, so only its first row has it. Nothing is unpacked before the archive's
own directory has been held against the limits.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, BinaryIO
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from exchange import limits
from exchange.problems import Code, Flaw, Refused
from exchange.rows import Cell, Row
from exchange.workbook_parts import Book, Relations, Rows, Styles, Texts, column_of

FEED_BYTES = 1 << 16
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name as the user sees it, its part of the archive, whether it is hidden."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range; rows count from 1, columns from 0, both ends included."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


class Workbook:
    """An opened workbook: its sheets, and the rows of any one of them as often as needed.

    Raises `Refused` for an archive that is damaged, too large unpacked, or no workbook.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError) as error:
            raise Refused(Code.DAMAGED) from error
        check_archive(self._archive)
        names = set(self._archive.namelist())
        if "xl/workbook.bin" in names:
            raise Refused(Code.BINARY_WORKBOOK)
        if "xl/workbook.xml" not in names:
            raise Refused(Code.WRONG_TYPE, kind=_kind_of_archive(names))
        book = Book()
        self._parse("xl/workbook.xml", book)
        targets = Relations()
        if "xl/_rels/workbook.xml.rels" in names:
            self._parse("xl/_rels/workbook.xml.rels", targets)
        self.sheets = tuple(
            Sheet(name, part, hidden)
            for name, relation, hidden in book.sheets
            if (part := targets.parts.get(relation, "")) in names and "worksheet" in part.lower()
        )
        self._epoch = CALENDAR_MAC_1904 if book.from_1904 else CALENDAR_WINDOWS_1900
        self._styles = Styles()
        if "xl/styles.xml" in names:
            self._parse("xl/styles.xml", self._styles)
        self._texts: list[str] | None = None
        self._has_texts = "xl/sharedStrings.xml" in names
        self._merges: dict[str, tuple[Merge, ...]] = {}

    def merges(self, sheet: Sheet) -> tuple[Merge, ...]:
        """Every merged range of the sheet (they stand behind its rows, hence a pass of its own)."""
        if sheet.part not in self._merges:
            self._merges[sheet.part] = tuple(self._find_merges(sheet.part))
        return self._merges[sheet.part]

    def _find_merges(self, part: str) -> Iterator[Merge]:
        rest = b""
        count = 0
        with self._open(part) as stream:
            while chunk := _read(stream, 1 << 20):
                data = rest + chunk
                end = 0
                for found in _MERGED.finditer(data):
                    end = found.end()
                    count += 1
                    if count > limits.MAX_MERGED_RANGES:
                        raise Refused(Code.DAMAGED)
                    left, top, right, bottom = found.groups()
                    yield Merge(int(top), int(bottom), column_of(left.decode()), column_of(right.decode()))
                rest = data[max(end, len(data) - 200) :]

    def rows(self, sheet: Sheet) -> Generator[Row]:
        """The rows that hold anything, in order, merged cells filled in downwards."""
        if self._texts is None:
            texts = Texts()
            if self._has_texts:
                self._parse("xl/sharedStrings.xml", texts)
            self._texts = texts.texts
        handler = Rows(self._texts, self._styles, self._epoch)
        fill = _Fill(self.merges(sheet))
        parser = _parser(handler)
        with self._open(sheet.part) as stream:
            while chunk := _read(stream, FEED_BYTES):
                _feed(parser, chunk)
                while handler.done:
                    number, cells = handler.done.popleft()
                    filled = fill(number, cells)
                    if any(cell is not None for cell in filled):
                        yield Row(number, tuple(filled))

    def _open(self, part: str) -> IO[bytes]:
        try:
            return self._archive.open(part)
        except RuntimeError as error:  # an encrypted member
            raise Refused(Code.ENCRYPTED) from error
        except (zipfile.BadZipFile, NotImplementedError, KeyError, OSError) as error:
            raise Refused(Code.DAMAGED) from error

    def _parse(self, part: str, handler: ContentHandler) -> None:
        parser = _parser(handler)
        with self._open(part) as stream:
            while chunk := _read(stream, FEED_BYTES):
                _feed(parser, chunk)


def check_archive(archive: zipfile.ZipFile) -> None:
    """Refuse an archive by its directory alone, before a byte of it is unpacked.

    Reading later is bounded as well: a part that holds more than its directory entry says is cut
    at that size and fails its checksum.
    """
    parts = archive.infolist()
    if len(parts) > limits.MAX_ARCHIVE_PARTS:
        raise Refused(Code.UNPACKS_TOO_LARGE)
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    too_dense = unpacked > limits.RATIO_COUNTS_FROM_BYTES and unpacked / packed > limits.MAX_UNPACK_RATIO
    if unpacked > limits.MAX_UNPACKED_BYTES or too_dense:
        raise Refused(Code.UNPACKS_TOO_LARGE, megabytes=unpacked // 1_000_000)
    if any(part.flag_bits & 1 for part in parts):
        raise Refused(Code.ENCRYPTED)


def _kind_of_archive(names: set[str]) -> str:
    for mark, kind in (("word/", "docx"), ("ppt/", "pptx"), ("content.xml", "ods")):
        if any(name.startswith(mark) for name in names):
            return kind
    return "zip"


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise Refused(Code.DAMAGED) from error


def _parser(handler: ContentHandler) -> DefusedExpatParser:
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(handler)
    return parser


def _feed(parser: DefusedExpatParser, chunk: bytes) -> None:
    try:
        parser.feed(chunk)
    except (SAXException, DefusedXmlException, UnicodeDecodeError) as error:
        raise Refused(Code.DAMAGED) from error


class _Fill:
    """Carries merged cells down the rows they span, row by row in order."""

    def __init__(self, merges: tuple[Merge, ...]) -> None:
        self._starting: dict[int, list[Merge]] = {}
        for merge in merges:
            if merge.last_row > merge.first_row:
                self._starting.setdefault(merge.first_row, []).append(merge)
        self._first_rows = sorted(self._starting, reverse=True)
        self._running: dict[int, tuple[int, Cell]] = {}

    def __call__(self, number: int, cells: list[Cell]) -> list[Cell]:
        has_own = any(cell is not None for cell in cells)
        if self._running:
            self._running = {at: run for at, run in self._running.items() if run[0] >= number}
            if has_own:
                for column, (_last, value) in self._running.items():
                    if column >= len(cells):
                        cells.extend([None] * (column + 1 - len(cells)))
                    if cells[column] is None:
                        cells[column] = value
        while self._first_rows and self._first_rows[-1] <= number:
            for merge in self._starting[self._first_rows.pop()]:
                column = merge.first_column
                value = cells[column] if merge.first_row == number and column < len(cells) else None
                if isinstance(value, Decimal):
                    value = Flaw(Code.MERGED_NUMBER, {"first": merge.first_row})
                self._running[column] = (merge.last_row, value)
        return cells
