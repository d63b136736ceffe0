import contextlib
import csv
import io
import os
import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import limits
from exchange.problems import Code, Flaw, Refused
from exchange.reading import open_table
from tests.exchange.workbooks import make_workbook, text_row

NOON = datetime.fromisoformat("2024-03-15T12:30")
HEADER = "客戶名稱,金額,日期"


def rows_of(data: Any, **options: Any) -> Any:
    return list(open_table(data, **options).rows())


def cells_of(data: Any, **options: Any) -> Any:
    return [row.cells for row in rows_of(data, **options)]


def refusal(data: Any, **options: Any) -> Any:
    with pytest.raises(Refused) as caught:
        rows_of(data, **options)
    return caught.value.problem


def as_workbook(*rows: Any, fill: Any = None) -> Any:
    book: Any = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if fill:
        fill(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# -- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp950", "gb18030"])
def test_every_encoding_reads_the_same(encoding: Any) -> None:
    text = f"{HEADER}\r\n台積電,100,2024-01-02\r\n王小明 Acme,200,2024-01-03\r\n"
    assert cells_of(text.encode(encoding)) == [("台積電", "100", "2024-01-02"), ("王小明 Acme", "200", "2024-01-03")]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp950", "客戶"), ("cp950", "負責人"), ("cp950", "產品"), ("cp950", "威剛"), ("cp950", "許功蓋"),
        ("gb18030", "客户"), ("gb18030", "负责人"), ("gb18030", "产品"), ("gb18030", "比亚迪"), ("gb18030", "名称"),
        ("gb18030", "中芯国际"), ("big5hkscs", "香港啲客戶"),
    ],
)  # fmt: skip
def test_short_texts_are_told_apart(encoding: Any, name: Any) -> None:
    assert cells_of(f"name,n\n{name},1\n".encode(encoding)) == [(name, "1")]


def test_chinese_far_down_the_file_is_seen() -> None:
    data = (f"name,n\n{'plain,1' + chr(10)}" * 1 + "plain,1\n" * 40_000 + "客戶,2\n").encode("cp950")
    assert rows_of(data)[-1].cells == ("客戶", "2")


def test_western_text_without_unicode() -> None:
    assert cells_of("name,city\nMüller,Zürich\nCafé Noël,Orléans\n".encode("cp1252"))[0] == ("Müller", "Zürich")


def test_one_broken_byte_costs_one_cell() -> None:
    data = "客戶名稱,城市\n台積電,新竹\n".encode() + b"a\xffb,x\n" + "鴻海,土城\n".encode()
    assert [cells[1] for cells in cells_of(data)] == ["新竹", "x", "土城"]
    assert cells_of(data)[1][0] == "a\udcffb"


def test_the_user_may_name_the_encoding() -> None:
    data = "客戶,n\n名稱,1\n".encode("cp950")
    assert open_table(data, encoding="cp950").headers == ("客戶", "n")
    assert refusal(data, encoding="rot13").code == Code.UNKNOWN_ENCODING


def test_a_guess_is_said() -> None:
    notes = open_table("客戶,n\n名稱,1\n".encode("cp950")).notes
    assert [(note.code, note.detail) for note in notes] == [(Code.ENCODING_GUESSED, {"encoding": "cp950"})]


# -- delimiters, quotes, rows -------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: Any, end: Any) -> None:
    text = end.join(delimiter.join(row) for row in (["name", "amount", "x"], ["a b", "1.5", "y"], ["c", "2", "z"]))
    assert cells_of(text.encode()) == [("a b", "1.5", "y"), ("c", "2", "z")]


def test_semicolons_with_decimal_commas() -> None:
    data = b"name;amount\na;1.234,50\nb;2.345,60\nc;12,10\n"
    assert cells_of(data) == [("a", "1.234,50"), ("b", "2.345,60"), ("c", "12,10")]


def test_excel_says_its_delimiter() -> None:
    rows = rows_of(b"sep=;\r\nname;n\r\na;1\r\n")
    assert rows == [(2, ("a", "1"), None)]


def test_quotes_line_breaks_and_row_numbers() -> None:
    data = b'name,note\n"a, ""b""","one\ntwo"\n\nlast,x\n'
    assert [(row.number, row.cells) for row in rows_of(data)] == [(2, ('a, "b"', "one\ntwo")), (4, ("last", "x"))]


def test_an_open_quote_costs_its_own_row() -> None:
    lines = ["name,note", 'good,"fine"', 'bad,"never closed', *[f"row {i},x" for i in range(2000)]]
    rows = rows_of("\n".join(lines).encode())
    assert rows[1].problem.code == Code.OPEN_QUOTE
    assert rows[1].problem.row == 3
    assert [row.cells for row in rows[2:]] == [(f"row {i}", "x") for i in range(2000)]


def test_an_open_quote_at_the_end() -> None:
    rows = rows_of(b'name,note\na,b\n"c,d\ne,f\n')
    assert [row.problem and row.problem.code for row in rows] == [None, Code.OPEN_QUOTE, None]
    assert rows[-1].cells == ("e", "f")


def test_a_file_full_of_open_quotes_is_refused() -> None:
    lines = ["name,note"]
    for _ in range(limits.MAX_OPEN_QUOTES + 1):
        lines += ['"x', *["y,z"] * limits.MAX_LINES_IN_A_CELL]
    assert refusal("\n".join(lines).encode()).code == Code.TOO_MANY_OPEN_QUOTES


def test_ragged_rows() -> None:
    rows = rows_of(b"a,b,c\n1\n1,2,3,4\n1,2,3,,\n1,2,3\n")
    assert [row.cells for row in rows] == [("1", None, None), ("1", "2", "3"), ("1", "2", "3"), ("1", "2", "3")]
    assert [row.problem and (row.problem.code, row.problem.row, row.problem.column) for row in rows] == [
        None, (Code.TOO_MANY_CELLS, 3, "D"), None, None,
    ]  # fmt: skip


def test_rows_can_be_asked_for_again_from_the_middle() -> None:
    table = open_table(b"name\n" + b"".join(b"row %d\n" % i for i in range(50)))
    first = list(table.rows())
    assert list(table.rows(after=first[19].number)) == first[20:]
    running = table.rows()
    next(running)
    assert list(table.rows()) == first
    assert next(running) == first[1]


def test_nul_stays_in_its_cell() -> None:
    assert cells_of(b"name,n\na\x00b,1\n") == [("a\x00b", "1")]


def test_too_long_cells_and_lines(monkeypatch: Any) -> None:
    data = b"name,n\n" + b"x" * 40_000 + b",1\n"
    assert cells_of(data)[0][0] == Flaw(Code.CELL_TOO_LONG, {"limit": limits.MAX_CELL_CHARACTERS})
    assert refusal(b"name,n\n" + b"x" * 1_100_000).code == Code.LINE_TOO_LONG
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    assert refusal(b"name,n\na,1\n").code == Code.FILE_TOO_LARGE


def test_too_many_rows_and_columns(monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    assert len(rows_of(b"name\na\nb\nc\n")) == 3
    problem = refusal(b"name\na\nb\nc\nd\n")
    assert (problem.code, problem.row) == (Code.TOO_MANY_ROWS, 5)
    wide = ",".join(f"c{i}" for i in range(201)).encode()
    assert refusal(wide + b"\n" + wide.replace(b"c", b"v") + b"\n").code == Code.TOO_MANY_COLUMNS


# -- headings -----------------------------------------------------------------------------------


def test_title_lines_above_the_heading_are_skipped() -> None:
    table = open_table("2024 銷售報表\n\n客戶名稱,金額,日期\n台積電,100,2024-01-02\n鴻海,5,2024-01-03\n".encode())
    assert table.headers == ("客戶名稱", "金額", "日期")
    assert table.header_row == 3
    assert [note.code for note in table.notes] == [Code.TITLE_ROWS_SKIPPED]
    assert [row.number for row in table.rows()] == [4, 5]


def test_a_heading_on_two_levels_becomes_one() -> None:
    table = open_table(
        "客戶,,商機,\n名稱,電話,金額,日期\n台積電,03-1,100,2024-01-02\n鴻海,02-2,5,2024-01-03\n".encode()
    )
    assert table.headers == ("客戶 / 名稱", "客戶 / 電話", "商機 / 金額", "商機 / 日期")
    assert [note.code for note in table.notes] == [Code.TWO_HEADER_ROWS]
    assert [row.number for row in table.rows()] == [3, 4]


def test_a_heading_in_two_languages() -> None:
    table = open_table("name,amount,date\n客戶,金額,日期\nA,100,2024-01-02\nB,5,2024-01-03\n".encode())
    assert table.headers == ("name / 客戶", "amount / 金額", "date / 日期")


def test_a_heading_given_twice() -> None:
    table = open_table(b"name,amount\nname,amount\nA,100\nname,amount\nB,1\n")
    assert [note.code for note in table.notes] == [Code.HEADER_REPEATED]
    assert [(row.number, row.problem and row.problem.code) for row in table.rows()] == [
        (3, None), (4, Code.REPEATED_HEADER), (5, None),
    ]  # fmt: skip


def test_rows_of_words_are_no_second_heading() -> None:
    assert open_table(b"name,city\nAcme,Taipei\nBeta,Hsinchu\n").header_row == 1


def test_the_user_may_point_at_the_heading() -> None:
    data = b"x,y\nname,amount\nA,100\n"
    assert open_table(data, header_row=2).headers == ("name", "amount")
    assert refusal(data, header_row=9).code == Code.NO_HEADER


def test_double_headings_are_said() -> None:
    notes = open_table(b"name,name,n\nA,B,1\nC,D,2\n").notes
    assert [(note.code, note.column) for note in notes] == [(Code.DUPLICATE_HEADER, "name")]


# -- files that are no table --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "kind"),
    [
        (b"", Code.EMPTY_FILE, None),
        (b"\xef\xbb\xbf \r\n\r\n", Code.EMPTY_FILE, None),
        (b"name,amount\r\n", Code.NO_ROWS, None),
        (b"%PDF-1.7 ...", Code.WRONG_TYPE, "pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, Code.WRONG_TYPE, "png"),
        (b"<!DOCTYPE html><html><table>", Code.WRONG_TYPE, "html"),
        (b"\xef\xbb\xbf<html><body>", Code.WRONG_TYPE, "html"),
        (b"<?xml version='1.0'?><a/>", Code.WRONG_TYPE, "xml"),
        (b'[{"name": "x"}]', Code.WRONG_TYPE, "json"),
        (bytes(range(256)) * 20, Code.WRONG_TYPE, "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), Code.OLD_WORKBOOK, None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), Code.ENCRYPTED, None),
        (b"PK\x03\x04 broken", Code.DAMAGED, None),
        ("a,b\n1,2".encode("utf-32"), Code.UNKNOWN_ENCODING, None),
    ],
)
def test_what_is_no_table_is_refused_with_its_kind(data: Any, code: Any, kind: Any) -> None:
    problem = refusal(data)
    assert problem.code == code
    assert problem.detail.get("kind") == kind


@pytest.mark.parametrize(("name", "kind"), [("word/document.xml", "docx"), ("content.xml", "ods"), ("a.txt", "zip")])
def test_other_archives(name: Any, kind: Any) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x")
    assert refusal(file.getvalue()).detail["kind"] == kind


def test_a_binary_workbook() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.bin", "x")
    assert refusal(file.getvalue()).code == Code.BINARY_WORKBOOK


# -- workbooks ----------------------------------------------------------------------------------


def test_a_workbook_keeps_types() -> None:
    data = as_workbook(
        ["客戶", "金額", "日期", "時刻", "是", "比率"],
        ["台積電", 1234.5, date(2024, 3, 15), NOON, True, 0.4],
        fill=lambda sheet: setattr(sheet["F2"], "number_format", "0%"),
    )
    assert cells_of(data) == [("台積電", Decimal("1234.5"), date(2024, 3, 15), NOON, True, "40%")]


def test_floating_digits_are_not_shown() -> None:
    rows = text_row(1, "n") + "<row r='2'><c><v>0.10000000000000001</v></c></row>"
    assert cells_of(make_workbook(rows)) == [(Decimal("0.1"),)]


def test_formulas_count_by_their_value() -> None:
    rows = text_row(1, "name", "n", "t") + (
        "<row r='2'><c t='inlineStr'><is><t>a</t></is></c><c><f>1+1</f><v>2</v></c>"
        "<c t='str'><f>X</f><v>ok</v></c></row>"
        "<row r='3'><c t='inlineStr'><is><t>b</t></is></c><c><f>1+1</f></c><c t='e'><f>1/0</f><v>#DIV/0!</v></c></row>"
    )
    assert cells_of(make_workbook(rows)) == [
        ("a", Decimal(2), "ok"),
        ("b", Flaw(Code.FORMULA_WITHOUT_VALUE), Flaw(Code.ERROR_VALUE, {"value": "#DIV/0!"})),
    ]


def test_formulas_written_by_programs_have_no_value() -> None:
    assert cells_of(as_workbook(["a", "b"], ["x", "=1+1"])) == [("x", Flaw(Code.FORMULA_WITHOUT_VALUE))]


def test_dates_by_style_and_out_of_range() -> None:
    rows = (
        text_row(1, "a", "b", "c")
        + "<row r='2'><c s='1'><v>45366</v></c><c s='3'><v>45366</v></c><c s='1'><v>1e9</v></c></row>"
    )
    cells = cells_of(make_workbook(rows))[0]
    assert cells == (date(2024, 3, 15), date(2024, 3, 15), Flaw(Code.DATE_OUT_OF_RANGE))


def test_merged_cells_count_for_every_row_but_numbers_only_once() -> None:
    def merge(sheet: Any) -> Any:
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("B2:B3")

    data = as_workbook(["客戶", "金額", "品項"], ["台積電", 100, "x"], [None, None, "y"], ["鴻海", 5, "z"], fill=merge)
    assert cells_of(data) == [
        ("台積電", Decimal(100), "x"),
        ("台積電", Flaw(Code.MERGED_NUMBER, {"first": 2}), "y"),
        ("鴻海", Decimal(5), "z"),
    ]


def test_a_merged_heading() -> None:
    def merge(sheet: Any) -> Any:
        sheet.merge_cells("A1:B1")
        sheet.merge_cells("C1:C2")

    data = as_workbook(
        ["客戶", None, "金額"], ["名稱", "城市", None], ["台積電", "新竹", 1], ["鴻海", "土城", 2], fill=merge
    )
    table = open_table(data)
    assert table.headers == ("客戶 / 名稱", "客戶 / 城市", "金額")
    assert [row.cells[0] for row in table.rows()] == ["台積電", "鴻海"]


def test_a_merged_title() -> None:
    data = as_workbook(
        ["2024 年報表", None, None], ["客戶", "城市", "金額"], ["台積電", "新竹", 1], ["鴻海", "土城", 2],
        fill=lambda sheet: sheet.merge_cells("A1:C1"),
    )  # fmt: skip
    assert open_table(data).headers == ("客戶", "城市", "金額")


def test_sheets() -> None:
    book: Any = openpyxl.Workbook()
    book.active.title = "空"
    for name, value in (("一", "x"), ("二", "y")):
        sheet = book.create_sheet(name)
        sheet.append(["name", "n"])
        sheet.append([value, 1])
    book["一"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    table = open_table(file.getvalue())
    assert (table.sheet, table.sheets) == ("二", ("空", "二"))
    assert [note.code for note in table.notes] == [Code.OTHER_SHEETS]
    assert cells_of(file.getvalue(), sheet="一") == [("x", Decimal(1))]
    assert refusal(file.getvalue(), sheet="no").code == Code.UNKNOWN_SHEET


def test_an_empty_workbook() -> None:
    assert refusal(as_workbook()).code == Code.EMPTY_FILE


def test_a_workbook_that_unpacks_to_200_megabytes_is_refused_unread() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(200):
                part.write(b"\0" * 1_000_000)
    data = file.getvalue()
    assert len(data) < 220_000
    tracemalloc.start()
    problem = refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem.code == Code.UNPACKS_TOO_LARGE
    assert peak < 5_000_000


def test_a_directory_that_lies_about_sizes_is_cut_short() -> None:
    rows = text_row(1, "name") + "".join(text_row(i, "x" * 50) for i in range(2, 3000))
    data = bytearray(make_workbook(rows))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (500).to_bytes(4, "little")
    assert refusal(bytes(data)).code == Code.DAMAGED


def test_entities_are_refused() -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
    assert refusal(make_workbook(text_row(1, "a") + text_row(2, "&b;"), before=bomb)).code == Code.DAMAGED


def test_an_encrypted_part() -> None:
    data = bytearray(make_workbook(text_row(1, "a") + text_row(2, "b")))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refusal(bytes(data)).code == Code.ENCRYPTED


def test_escaped_characters_and_readings() -> None:
    rows = text_row(1, "name") + ("<row r='2'><c t='inlineStr'><is><t>a_x000D_b</t></is></c></row>")
    assert cells_of(make_workbook(rows)) == [("a\rb",)]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\r\n\t"), max_size=8)


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=20))
def test_whatever_a_writer_quotes_comes_back(rows: Any) -> None:
    rows = [row for row in rows if all(cell.strip() for cell in row) and row != ["a", "b", "c"]]
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], ["1", "2", "3"], *rows])
    found = cells_of(file.getvalue().encode(), encoding="utf-8", delimiter=",", header_row=1)
    assert found == [("1", "2", "3"), *map(tuple, rows)]


@given(st.binary(max_size=400))
def test_no_bytes_whatsoever_do_more_than_be_refused(data: Any) -> None:
    with contextlib.suppress(Refused):
        assert all(row.number > 1 for row in rows_of(data))


# -- real data ----------------------------------------------------------------------------------


@pytest.mark.shared_data
def test_a_real_export() -> None:
    folder = Path(os.environ["SALESOPS_SHARED_DATA"]) / "maven"
    assert {file.name: len(rows_of(file.read_bytes())) for file in folder.glob("*.csv")} == {
        "sales_pipeline.csv": 8800,
        "sales_pipeline_usdates.csv": 8800,
        "accounts.csv": 85,
        "products.csv": 7,
        "sales_teams.csv": 35,
        "data_dictionary.csv": 21,
    }
