"""What can be wrong with a file, a row or a cell: codes with a place, never words.

The words for every code live in ``exchange.labels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """One stable code for each thing an import can object to."""

    # the file as a whole
    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    WRONG_TYPE = "wrong_type"
    OLD_WORKBOOK = "old_workbook"
    BINARY_WORKBOOK = "binary_workbook"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    FILE_TOO_LARGE = "file_too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    LINE_TOO_LONG = "line_too_long"
    UNKNOWN_ENCODING = "unknown_encoding"
    UNKNOWN_SHEET = "unknown_sheet"
    NO_HEADER = "no_header"
    TOO_MANY_OPEN_QUOTES = "too_many_open_quotes"

    # remarks about the file that do not stop it
    TITLE_ROWS_SKIPPED = "title_rows_skipped"
    TWO_HEADER_ROWS = "two_header_rows"
    HEADER_REPEATED = "header_repeated"
    OTHER_SHEETS = "other_sheets"
    ENCODING_GUESSED = "encoding_guessed"
    DUPLICATE_HEADER = "duplicate_header"

    # a row
    TOO_MANY_CELLS = "too_many_cells"
    OPEN_QUOTE = "open_quote"
    REPEATED_HEADER = "repeated_header"
    DUPLICATE_ROW = "duplicate_row"
    NOT_TAKEN = "not_taken"

    # a cell, as it stands in the file
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    ERROR_VALUE = "error_value"
    MERGED_NUMBER = "merged_number"
    CELL_TOO_LONG = "cell_too_long"
    UNDECODABLE = "undecodable"
    DATE_OUT_OF_RANGE = "date_out_of_range"

    # a value, read as what its field asks for
    REQUIRED = "required"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    NUMBER_TOO_LARGE = "number_too_large"
    NEGATIVE = "negative"
    NOT_A_DATE = "not_a_date"
    NOT_A_TIME = "not_a_time"
    AMBIGUOUS_DATE = "ambiguous_date"
    NOT_AN_EMAIL = "not_an_email"
    UNKNOWN_CHOICE = "unknown_choice"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True, slots=True)
class Problem:
    """One objection: its code, where it stands and what the words for it need.

    ``row`` is the row as a spreadsheet numbers it (the first line of the file is 1),
    ``column`` the header or field it stands in; either is None for the whole file or row.
    ``detail`` holds plain values only (texts and whole numbers).
    """

    code: str
    row: int | None = None
    column: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)


class Refused(Exception):
    """The file cannot be taken at all; ``problem`` says why and where."""

    def __init__(self, code: str, row: int | None = None, column: str | None = None, **detail: str | int) -> None:
        super().__init__(code)
        self.problem = Problem(code, row, column, detail)


class BadValue(Exception):
    """A cell is not what its field asks for; ``code`` and ``detail`` say in what way."""

    def __init__(self, code: str, **detail: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.detail: dict[str, str | int] = detail


@dataclass(frozen=True, slots=True)
class Flaw:
    """Stands in a row in place of a cell that could not be read.

    It matters only when its column is used: reading a value from it raises `BadValue`.
    """

    code: str
    detail: Mapping[str, str | int] = field(default_factory=dict)
