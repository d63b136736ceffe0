"""Months and quarters as people write them."""

from datetime import date

import pytest

from forecasting.period_words import Unreadable, read_period
from forecasting.periods import Kind, Period


@pytest.mark.parametrize(
    "text",
    ["2026Q3", "2026 Q3", "2026-Q3", "Q3 2026", "q3/26", "FY2026 Q3", "FY26Q3", "3Q 2026", "3Q26", "2026年第3季",
     "Quarter 3 2026", "2026年第三季度", "2026 第3季", "２０２６Ｑ３", "民國115年第3季", "2026年度Q3",
     "2026 quarter 3"],
)  # fmt: skip
def test_quarters(text: str) -> None:
    assert read_period(text) == Period(Kind.QUARTER, date(2026, 7, 1))
    assert read_period(text, 4) == Period(Kind.QUARTER, date(2026, 10, 1), 4)
    assert read_period(text, 9) == Period(Kind.QUARTER, date(2027, 3, 1), 9)


@pytest.mark.parametrize(
    "text",
    ["2026-07", "2026/7", "2026.07", "202607", "7/2026", "July 2026", "Jul-26", "Jul. 2026", "jul '26", "2026 July",
     "2026年7月", "2026年七月", "2026-07-01", "2026/7/1", "2026-07-01 00:00:00", "民國115年7月", "115年7月",
     "2026M07", "M7 2026"],
)  # fmt: skip
def test_months(text: str) -> None:
    assert read_period(text) == Period(Kind.MONTH, date(2026, 7, 1))
    assert read_period(text, 4) == Period(Kind.MONTH, date(2026, 7, 1), 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Q3", (Kind.QUARTER, 7)), ("第3季", (Kind.QUARTER, 7)), ("July", (Kind.MONTH, 7)), ("7", (Kind.MONTH, 7)),
     ("7月", (Kind.MONTH, 7)), ("十二月", (Kind.MONTH, 12))],
)  # fmt: skip
def test_the_year_may_stand_apart(text: str, expected: tuple[Kind, int]) -> None:
    assert read_period(text, 1, 2026) == Period(expected[0], date(2026, expected[1], 1))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026", "period_too_long"),
        ("FY2026", "period_too_long"),
        ("2026H1", "period_too_long"),
        ("2026年", "period_too_long"),
        ("2026上半年", "period_too_long"),
        ("9999Q1", "period_out_of_range"),
        ("9999-12", "period_out_of_range"),
        ("0001-01", "period_out_of_range"),
        ("2026Q5", "not_a_period"),
        ("2026-13", "not_a_period"),
        ("2026-00", "not_a_period"),
        ("2026-07-15", "not_a_period"),
        ("Juleptember 2026", "not_a_period"),
        ("Q3", "not_a_period"),
        ("=1+1", "not_a_period"),
        ("", "not_a_period"),
        ("9" * 500, "not_a_period"),
    ],
)
def test_no_period(text: str, kind: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read_period(text)
    assert raised.value.kind == kind
