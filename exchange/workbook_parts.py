"""The parts of an Excel workbook, read by SAX as they come: its sheets, styles, texts and rows."""

from __future__ import annotations

import re
from collections import deque
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import from_excel

from exchange import limits
from exchange.problems import Code, Flaw
from exchange.rows import Cell

# Built-in formats that are dates in East Asian Excel, where openpyxl's table has none.
_ASIAN_DATE_FORMATS = frozenset((*range(27, 37), *range(50, 59)))
_DURATION = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")


def column_of(letters: str) -> int:
    """Return the number of a column from 0: A is 0, AA is 26."""
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


class Book(ContentHandler):
    """The sheets as (name, relation, whether hidden), and whether days count from 1904."""

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


class Relations(ContentHandler):
    """Which part of the archive a relation names."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, str] = {}

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX calls
        if _local(name) == "Relationship":
            target = attrs.get("Target", "")
            self.parts[attrs.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"


class Styles(ContentHandler):
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


class Texts(ContentHandler):
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


class Rows(ContentHandler):
    """Collects finished rows in ``done`` as (number, cells)."""

    def __init__(self, texts: list[str], styles: Styles, epoch: datetime) -> None:
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
        self._column = column_of(found[1]) if found else self._column + 1
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
