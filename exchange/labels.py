"""The words for the codes of this app."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from exchange.problems import Code, Problem
from exchange.states import ImportState, Verdict
from tenants import labels as tenants_labels

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"

STATES: Mapping[str, Text] = {
    ImportState.READING: _("Reading"),
    ImportState.MAPPING: _("Waiting for its columns"),
    ImportState.CHECKING: _("Being checked"),
    ImportState.CHECKED: _("Checked"),
    ImportState.IMPORTING: _("Being imported"),
    ImportState.DONE: pgettext_lazy("import", "Imported"),
    ImportState.REFUSED: pgettext_lazy("import", "Refused"),
    ImportState.UNDONE: pgettext_lazy("import", "Undone"),
}

VERDICTS: Mapping[str, Text] = {
    Verdict.CREATED: pgettext_lazy("rows", "New"),
    Verdict.UPDATED: pgettext_lazy("rows", "Changed"),
    Verdict.UNCHANGED: pgettext_lazy("rows", "Already there"),
    Verdict.REJECTED: pgettext_lazy("rows", "Rejected"),
}

KINDS_OF_FILE: Mapping[str, Text] = {
    "pdf": _("a PDF"),
    "png": _("a picture"),
    "jpeg": _("a picture"),
    "gif": _("a picture"),
    "bmp": _("a picture"),
    "tiff": _("a picture"),
    "riff": _("a recording or picture"),
    "gzip": _("a compressed archive"),
    "7z": _("a compressed archive"),
    "rar": _("a compressed archive"),
    "zip": _("a compressed archive"),
    "docx": _("a Word document"),
    "pptx": _("a presentation"),
    "ods": _("an OpenDocument file"),
    "rtf": _("a text document"),
    "html": _("a web page"),
    "xml": _("an XML file"),
    "json": _("a JSON file"),
    "ole": _("an old Office document"),
    "sqlite": _("a database"),
    "program": _("a program"),
    "binary": _("no text"),
}

ENCODINGS: Mapping[str, Text] = {
    "utf-8": "UTF-8",
    "utf-8-sig": _("UTF-8 with mark"),
    "utf-16": "UTF-16",
    "cp950": _("Big5 (Taiwan)"),
    "big5hkscs": _("Big5 (Hong Kong)"),
    "gb18030": _("GB18030 (mainland China)"),
    "cp1252": _("Western European"),
}

DELIMITERS: Mapping[str, Text] = {",": _("comma"), ";": _("semicolon"), "\t": _("tab")}

PROBLEMS: Mapping[str, Text] = {
    Code.EMPTY_FILE: _("There is nothing in this file. Check that you saved it, then choose it again."),
    Code.NO_ROWS: _("There are headings in row %(row)s but no rows below them."),
    Code.WRONG_TYPE: _("This is %(kind)s. Save the table as CSV or XLSX and choose that file."),
    Code.OLD_WORKBOOK: _("This is an old workbook (.xls). Save it as .xlsx in Excel and choose that file."),
    Code.BINARY_WORKBOOK: _("This is a binary workbook (.xlsb). Save it as .xlsx in Excel and choose that file."),
    Code.ENCRYPTED: _("This workbook is protected by a password. Save a copy without one and choose that file."),
    Code.DAMAGED: _("This workbook is damaged. Open it in Excel, save it again and choose the new file."),
    Code.UNPACKS_TOO_LARGE: _("This workbook would unpack to far more than its size promises; it was not opened."),
    Code.FILE_TOO_LARGE: _("A file may have up to %(megabytes)s MB. Split it and import the parts one by one."),
    Code.TOO_MANY_ROWS: _("A file may have up to %(limit)s rows. Split it and import the parts one by one."),
    Code.TOO_MANY_COLUMNS: _("A file may have up to %(limit)s columns, this one has %(columns)s."),
    Code.LINE_TOO_LONG: _("A line has more than %(limit)s characters: this is hardly a table."),
    Code.UNKNOWN_ENCODING: _("The encoding could not be recognised. Save the file as UTF-8 and choose it again."),
    Code.UNKNOWN_SHEET: _("There is no sheet called %(sheet)s."),
    Code.NO_HEADER: _("Row %(row)s is empty; choose the row of the headings."),
    Code.TOO_MANY_OPEN_QUOTES: _("Too many quotation marks are never closed; row %(row)s is the last of them."),
    Code.TITLE_ROWS_SKIPPED: _("The headings stand in row %(row)s; the lines above them were left out."),
    Code.TWO_HEADER_ROWS: _("The headings stand in two rows, down to row %(row)s; they were put together."),
    Code.HEADER_REPEATED: _("Row %(row)s repeats the headings and was left out."),
    Code.OTHER_SHEETS: _("Sheet “%(sheet)s” was read; the workbook has %(others)s more."),
    Code.ENCODING_GUESSED: _("Read as %(encoding)s. If names look wrong below, choose another encoding."),
    Code.DUPLICATE_HEADER: _("The heading “%(column)s” stands above more than one column."),
    Code.TOO_MANY_CELLS: _("has %(cells)s cells, but there are %(columns)s headings"),
    Code.OPEN_QUOTE: _("a quotation mark is opened and never closed"),
    Code.REPEATED_HEADER: _("repeats the headings"),
    Code.FORMULA_WITHOUT_VALUE: _("holds a formula without a stored result; open the file in Excel and save it"),
    Code.ERROR_VALUE: _("holds the error %(value)s"),
    Code.MERGED_NUMBER: _("is merged with row %(first)s; a number can count for one row only"),
    Code.CELL_TOO_LONG: _("has more than %(limit)s characters"),
    Code.UNDECODABLE: _("has characters that cannot be read in this encoding"),
    Code.DATE_OUT_OF_RANGE: _("is a date no calendar of ours holds"),
    Code.REQUIRED: _("must not be empty"),
    Code.TOO_LONG: _("has %(length)s characters, %(limit)s are possible"),
    Code.CONTROL_CHARACTER: _("has the control character %(character)s"),
    Code.NOT_A_NUMBER: _("“%(value)s” is not a number"),
    Code.NOT_WHOLE: _("is not a whole number"),
    Code.NUMBER_TOO_LARGE: _("is too large a number"),
    Code.NEGATIVE: _("must not be negative"),
    Code.NOT_A_DATE: _("“%(value)s” is not a date"),
    Code.NOT_A_TIME: _("“%(value)s” is not a time of day"),
    Code.AMBIGUOUS_DATE: _("“%(value)s” can be read in two ways; choose the order of day and month"),
    Code.NOT_AN_EMAIL: _("“%(value)s” is not an e-mail address"),
    Code.UNKNOWN_CHOICE: _("“%(value)s” is not known here"),
    Code.OUT_OF_RANGE: _("must be between %(least)s and %(most)s"),
    Code.DUPLICATE_ROW: _("is the same as row %(first)s"),
    Code.NOT_TAKEN: _("could not be stored (%(reason)s)"),
}

DATE_ORDERS: Mapping[str, Text] = {
    "ymd": _("year, month, day"),
    "mdy": _("month, day, year"),
    "dmy": _("day, month, year"),
}

STEPS: Mapping[str, Text] = {
    "read": _("Read the file"),
    "survey": _("Look through the columns"),
    "check": _("Check every row"),
    "import": _("Import the rows"),
    "rejects": _("Write down the rejected rows"),
    "undo": _("Take everything back"),
}

UNDONE: Mapping[str, Text] = {"removed": _("Rows removed"), "restored": _("Rows as they were")}

# Why something cannot be done with an import now.
BARS: Mapping[str, Text] = {
    "import_gone": _("This import was deleted a moment ago."),
    "import_running": _("Work on this import is under way; stop it first."),
    "import_over": _("This import is over."),
    "import_begun": _("Rows of it are written already, so its columns stay. Go on with the rest, or undo it."),
    "import_unchecked": _("Its rows were not checked yet."),
    "import_not_run": _("It has written nothing, so there is nothing to undo."),
    "import_undone": _("It was undone already."),
    "import_untraced": _("It ran before imports could be undone."),
    "import_purged": _("Its rows were removed from here after the time they are kept, and with them the way back."),
    "import_touched": _("Some of its rows were worked on since, so nothing was undone."),
    "import_others_run": _(
        "Another import is under way. Wait until it has ended, or stop it, before you undo this one."
    ),
    "import_not_running": _("Nothing is at work on this import."),
    "undo_not_stopped": _("An undo is one piece: it happens whole or not at all, and cannot be stopped in between."),
    "name_missing": _("Give it a name."),
    "name_too_long": _("This name is too long."),
    "name_taken": _("Another mapping has this name already."),
    "last_admin": _("That would leave nobody who can let people in, so nothing was undone."),
    "importer_gone": _("Whoever started this may not import any more. Somebody else who may can go on with it."),
}

# Why a row cannot be taken back.
TOUCHES: Mapping[str, Text] = {
    "edited": _("changed since"),
    "gone": _("no longer there"),
    "used": pgettext_lazy("row of an import", "in use"),
    "not_yours": _("belongs to somebody outside your team"),
}


def problem_words(problem: Problem, own: Mapping[str, Text] | None = None) -> str:
    """Return what is wrong, without its place. `own` are words of the target's own codes."""
    template = str((own or {}).get(problem.code) or PROBLEMS.get(problem.code) or problem.code)
    detail: dict[str, object] = {"row": problem.row, "column": problem.column, **problem.detail}
    if "kind" in detail:
        detail["kind"] = KINDS_OF_FILE.get(str(detail["kind"]), detail["kind"])
    if "encoding" in detail:
        detail["encoding"] = ENCODINGS.get(str(detail["encoding"]), detail["encoding"])
    try:
        return template % detail
    except (KeyError, ValueError, TypeError):
        return template


def problem_text(problem: Problem, own: Mapping[str, Text] | None = None) -> str:
    """Return the whole sentence about a row: where it is wrong, and in what way."""
    place = {"row": problem.row, "column": problem.column, "what": problem_words(problem, own)}
    if problem.row is None:
        return str(place["what"])
    if problem.column:
        return gettext("Row %(row)s, %(column)s: %(what)s") % place
    return gettext("Row %(row)s: %(what)s") % place


# A reason for many rows at once: the same words without the one row's values.
REASONS: Mapping[str, Text] = {
    Code.TOO_MANY_CELLS: _("More cells than headings"),
    Code.OPEN_QUOTE: _("A quotation mark that is never closed"),
    Code.REPEATED_HEADER: _("Headings repeated"),
    Code.DUPLICATE_ROW: _("Same as a row before"),
    Code.NOT_TAKEN: _("Could not be stored"),
    Code.FORMULA_WITHOUT_VALUE: _("Formula without a stored result"),
    Code.ERROR_VALUE: _("An error instead of a value"),
    Code.MERGED_NUMBER: _("A number merged over several rows"),
    Code.CELL_TOO_LONG: _("Text too long"),
    Code.UNDECODABLE: _("Characters that cannot be read"),
    Code.DATE_OUT_OF_RANGE: _("Date out of range"),
    Code.REQUIRED: _("Something required is empty"),
    Code.TOO_LONG: _("Text too long"),
    Code.CONTROL_CHARACTER: _("Control characters"),
    Code.NOT_A_NUMBER: _("Not a number"),
    Code.NOT_WHOLE: _("Not a whole number"),
    Code.NUMBER_TOO_LARGE: _("Number too large"),
    Code.NEGATIVE: _("Negative amount"),
    Code.NOT_A_DATE: _("Not a date"),
    Code.NOT_A_TIME: _("Not a time of day"),
    Code.AMBIGUOUS_DATE: _("Day and month could be swapped"),
    Code.NOT_AN_EMAIL: _("Not an e-mail address"),
    Code.UNKNOWN_CHOICE: _("Unknown word"),
    Code.OUT_OF_RANGE: _("Out of range"),
}


def reasons(counts: Mapping[str, int], own: Mapping[str, Text]) -> list[tuple[str, str]]:
    """Return each reason of rejection with its number of rows, the commonest first."""
    words: dict[str, int] = {}
    for code, count in counts.items():
        text = str(own.get(f"{code}_many") or REASONS.get(code) or own.get(code) or code)
        words[text] = words.get(text, 0) + count
    return _grouped(words)


def remarks(counts: Mapping[str, int], own: Mapping[str, Text]) -> list[tuple[str, str]]:
    """Return each remark with its number of rows, the commonest first."""
    return _grouped({str(own.get(code, code)): count for code, count in counts.items()})


def remark_short(code: str, own: Mapping[str, Text]) -> str:
    """Return a remark in words."""
    return str(own.get(code, code))


def _grouped(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(text, f"{count:,}") for text, count in sorted(counts.items(), key=lambda item: -item[1])]


# The audit ----------------------------------------------------------------------------------------

for _verb, _said in {
    "import.uploaded": pgettext_lazy("audit", "uploaded a file to import"),
    "import.mapped": pgettext_lazy("audit", "settled the columns of an import"),
    "import.started": pgettext_lazy("audit", "started an import"),
    "import.finished": pgettext_lazy("audit", "finished an import"),
    "import.resumed": pgettext_lazy("audit", "went on with an import"),
    "import.undo_asked": pgettext_lazy("audit", "asked to undo an import"),
    "import.undone": pgettext_lazy("audit", "undid an import"),
    "import.stopped": pgettext_lazy("audit", "stopped an import"),
    "import.deleted": pgettext_lazy("audit", "deleted an import with its file"),
    "imports.purged": pgettext_lazy("audit", "removed files and rows of old imports"),
    "import_mapping.saved": pgettext_lazy("audit", "saved the columns of an import"),
    "import_mapping.renamed": pgettext_lazy("audit", "renamed saved columns"),
    "import_mapping.deleted": pgettext_lazy("audit", "deleted saved columns"),
}.items():
    tenants_labels.name_verb(_verb, _said)
for _model, _said in {
    "exchange.import": pgettext_lazy("audit", "Import"),
    "exchange.savedmapping": pgettext_lazy("audit", "Saved columns"),
}.items():
    tenants_labels.name_kind(_model, _said)
for _field, _said in {
    "into": pgettext_lazy("audit", "Into"),
    "size": pgettext_lazy("audit", "Bytes"),
    "mapping": pgettext_lazy("audit", "Columns"),
    "rows": pgettext_lazy("audit", "Rows"),
    "create": pgettext_lazy("audit", "Created"),
    "update": pgettext_lazy("audit", "Updated"),
    "unchanged": pgettext_lazy("audit", "Unchanged"),
    "rejected": pgettext_lazy("audit", "Rejected"),
    "removed": pgettext_lazy("audit", "Removed"),
    "imports": pgettext_lazy("audit", "Imports"),
    "position": pgettext_lazy("audit", "Chunks written"),
    "columns": pgettext_lazy("audit", "Columns"),
    "restored": pgettext_lazy("audit", "As it was"),
}.items():
    tenants_labels.name_field(_field, _said)
