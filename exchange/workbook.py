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
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import IO, BinaryIO
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from exchange import limits
from exchange.problems import Code, Flaw, Refused
from exchange.rows import Cell, Row

FEED_BYTES = 1 << 16
# Built-in formats that are dates in East Asian Excel, where openpyxl's table has none.
_ASIAN_DATE_FORMATS = frozenset((*range(27, 37), *range(50, 59)))
_DURATION = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")


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
        book = _Book()
        self._parse("xl/workbook.xml", book)
        targets = _Relations()
        if "xl/_rels/workbook.xml.rels" in names:
            self._parse("xl/_rels/workbook.xml.rels", targets)
        self.sheets = tuple(
            Sheet(name, part, hidden)
            for name, relation, hidden in book.sheets
            if (part := targets.parts.get(relation, "")) in names and "worksheet" in part.lower()
        )
        self._epoch = CALENDAR_MAC_1904 if book.from_1904 else CALENDAR_WINDOWS_1900
        self._styles = _Styles()
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
                    yield Merge(int(top), int(bottom), _column(left.decode()), _column(right.decode()))
                rest = data[max(end, len(data) - 200) :]

    def rows(self, sheet: Sheet) -> Generator[Row]:
        """The rows that hold anything, in order, merged cells filled in downwards."""
        if self._texts is None:
            texts = _Texts()
            if self._has_texts:
                self._parse("xl/sharedStrings.xml", texts)
            self._texts = texts.texts
        handler = _Rows(self._texts, self._styles, self._epoch)
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


def _column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _unescaped(text: str) -> str:
    """Excel writes characters that XML cannot hold as _x000D_."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class _Book(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.from_1904 = False

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name)
        if local == "sheet":
            relation = next((attrs[key] for key in attrs.getNames() if _local(key) == "id"), "")
            self.sheets.append((attrs.get("name", ""), relation, attrs.get("state", "visible") != "visible"))
        elif local == "workbookPr":
            self.from_1904 = attrs.get("date1904", "0") in {"1", "true"}


class _Relations(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, str] = {}

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        if _local(name) == "Relationship":
            target = attrs.get("Target", "")
            self.parts[attrs.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"


class _Styles(ContentHandler):
    """Which cell styles show their number as a date, and which as a percentage."""

    def __init__(self) -> None:
        super().__init__()
        self.dates: set[int] = set()
        self.percents: set[int] = set()
        self._own: dict[int, str] = {}
        self._inside = False
        self._count = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name)
        if local == "numFmt":
            self._own[int(attrs.get("numFmtId", "0"))] = attrs.get("formatCode", "")
        elif local == "cellXfs":
            self._inside = True
        elif local == "xf" and self._inside:
            number = int(attrs.get("numFmtId", "0"))
            code = self._own.get(number) or BUILTIN_FORMATS.get(number, "")
            is_asian_date = number in _ASIAN_DATE_FORMATS and number not in self._own
            if is_asian_date or (is_date_format(code) and not _DURATION.search(code)):
                self.dates.add(self._count)
            elif "%" in code:
                self.percents.add(self._count)
            self._count += 1

    def endElement(self, name: str) -> None:  # noqa: N802 - the name that SAX calls
        if _local(name) == "cellXfs":
            self._inside = False


class _Texts(ContentHandler):
    """The shared strings; readings printed above characters (rPh) are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._in_text = False
        self._in_reading = False

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name)
        if local == "si":
            self._pieces = []
        elif local == "rPh":
            self._in_reading = True
        elif local == "t":
            self._in_text = not self._in_reading

    def endElement(self, name: str) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name)
        if local == "t":
            self._in_text = False
        elif local == "rPh":
            self._in_reading = False
        elif local == "si":
            self.texts.append(_unescaped("".join(self._pieces)))

    def characters(self, content: str) -> None:
        if self._in_text:
            self._pieces.append(content)


class _Rows(ContentHandler):
    """Collects finished rows in ``done`` as (number, cells)."""

    def __init__(self, texts: list[str], styles: _Styles, epoch: datetime) -> None:
        super().__init__()
        self.done: deque[tuple[int, list[Cell]]] = deque()
        self._texts, self._styles, self._epoch = texts, styles, epoch
        self._number = 0
        self._cells: list[Cell] = []
        self._column = -1
        self._type = "n"
        self._style = 0
        self._value: list[str] = []
        self._has_value = self._has_formula = self._listening = False

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name) if ":" in name else name
        if local == "c":
            self._start_cell(attrs)
        elif local == "v" or local == "t":
            self._listening = self._has_value = True
        elif local == "f":
            self._has_formula = True
        elif local == "row":
            number = attrs.get("r", "")
            self._number = int(number) if number.isdecimal() and len(number) < 8 else self._number + 1
            self._cells = []
            self._column = -1

    def _start_cell(self, attrs: AttributesImpl) -> None:
        reference = attrs.get("r", "")
        found = _REFERENCE.match(reference)
        self._column = _column(found[1]) if found else self._column + 1
        self._type = attrs.get("t", "n")
        style = attrs.get("s", "0")
        self._style = int(style) if style.isdecimal() and len(style) < 8 else 0
        self._value = []
        self._has_value = self._has_formula = False

    def characters(self, content: str) -> None:
        if self._listening:
            self._value.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the name that SAX calls
        local = _local(name) if ":" in name else name
        if local == "v" or local == "t":
            self._listening = False
        elif local == "c":
            cell = self._cell()
            if cell is not None:
                missing = self._column - len(self._cells)
                if missing < 0:  # a column given twice: the later one counts
                    self._cells[self._column] = cell
                    return
                if missing:
                    self._cells.extend([None] * missing)
                self._cells.append(cell)
        elif local == "row":
            self.done.append((self._number, self._cells))

    def _cell(self) -> Cell:
        if self._has_formula and not self._has_value and self._type != "str":
            return Flaw(Code.FORMULA_WITHOUT_VALUE)
        if not self._has_value:
            return None
        text = "".join(self._value)
        kind = self._type
        if kind == "s":
            try:
                text = self._texts[int(text)]
            except (ValueError, IndexError):
                return Flaw(Code.ERROR_VALUE, {"value": text[:20]})
            return _text_cell(text)
        if kind in {"str", "inlineStr"}:
            return _text_cell(_unescaped(text))
        if not text:
            return Flaw(Code.FORMULA_WITHOUT_VALUE) if self._has_formula else None
        if kind == "b":
            return text.strip() in {"1", "true"}
        if kind == "e":
            return Flaw(Code.ERROR_VALUE, {"value": text[:20]})
        if kind == "d":
            return _iso_cell(text)
        return self._number_cell(text)

    def _number_cell(self, text: str) -> Cell:
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            return _text_cell(text)
        if not number.is_finite():
            return Flaw(Code.ERROR_VALUE, {"value": text[:20]})
        if self._style in self._styles.dates:
            return _date_cell(number, self._epoch)
        if len(text) > 15:  # what Excel shows is the shortest text of the stored double
            number = Decimal(repr(float(number)))
        if self._style in self._styles.percents and number.adjusted() < 20:
            return f"{(number * 100).normalize():f}%"
        return number


def _text_cell(text: str) -> Cell:
    if len(text) > limits.MAX_CELL_CHARACTERS:
        return Flaw(Code.CELL_TOO_LONG, {"limit": limits.MAX_CELL_CHARACTERS})
    return text or None


def _iso_cell(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return moment if moment.time() != time() else moment.date()


def _date_cell(number: Decimal, epoch: datetime) -> Cell:
    """An Excel serial as a date; with the time only if there is one."""
    try:
        moment = from_excel(float(number), epoch)
    except (OverflowError, ValueError):
        return Flaw(Code.DATE_OUT_OF_RANGE)
    if isinstance(moment, datetime):
        return moment if moment.time() != time() else moment.date()
    if isinstance(moment, date):
        return moment
    return number  # a time of day alone


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
