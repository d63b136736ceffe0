from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.problems import Flaw
from exchange.reading import open_table
from exchange.texts import parse_text
from exchange.writing import is_ours, neutral, restored, write_csv, write_rejects


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=cmd()", "'=cmd()"),
        ("+886-2-1234", "'+886-2-1234"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("-12.50", "-12.50"),
        ("-40%", "-40%"),
        ("plain", "plain"),
        ("it's", "it's"),
        ("", ""),
    ],
)
def test_formulas_are_made_harmless(text: Any, written: Any) -> None:
    assert neutral(text) == written
    assert restored(written) == text


@given(st.text())
def test_nothing_is_lost_by_it(text: Any) -> None:
    assert restored(neutral(text)) == text or neutral(text) == text


def test_a_csv_that_excel_opens() -> None:
    rows: Any = [
        ["台積電", Decimal("12.50"), None, True, False],
        [date(2024, 1, 2), datetime.fromisoformat("2024-01-02T03:04"), Flaw("x"), "=1", "a\x00"],
    ]
    data = b"".join(write_csv(["=h", "b", "c", "d", "e"], rows))
    assert data == (
        "\ufeff'=h,b,c,d,e\r\n台積電,12.50,,TRUE,FALSE\r\n2024-01-02,2024-01-02 03:04:00,,'=1,a\r\n".encode()
    )


def test_long_files_come_in_pieces() -> None:
    assert len(list(write_csv(["n"], ([Decimal(n)] for n in range(1200))))) == 4


def test_rejected_rows_can_be_fixed_and_read_again() -> None:
    cells = ["=cmd()", "客戶, 名稱", "-5"]
    data = b"".join(write_rejects(["a", "b", "c"], "Reason", [(cells, "row 2, a: no")]))
    table = open_table(data)
    assert table.headers == ("a", "b", "c", "⚠ Reason")
    assert is_ours(table.headers)
    assert not is_ours(["a"])
    row = next(table.rows())
    assert [parse_text(cell, ours=True) for cell in row.cells[:3]] == cells
