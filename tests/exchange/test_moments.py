"""Times of day, and days with a time behind them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from exchange.moments import parse_moment, parse_time
from exchange.problems import BadValue
from exchange.rows import Cell

at = datetime.fromisoformat


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("9:30", time(9, 30)),
        ("14:05:59", time(14, 5, 59)),
        ("2 pm", time(14)),
        ("12:15 a.m.", time(0, 15)),
        ("下午2:30", time(14, 30)),
        ("上午 10點30分", time(10, 30)),
        ("１４：３０", time(14, 30)),
        ("15點", time(15)),
        (Decimal("0.604166666666667"), time(14, 30)),
        (at("1899-12-31T08:15"), time(8, 15)),
        ("", None),
        ("—", None),
        (None, None),
    ],
)
def test_times(cell: Cell, expected: time | None) -> None:
    assert parse_time(cell) == expected


@pytest.mark.parametrize("cell", ["25:00", "9:75", "soon", "9", Decimal("1.5"), Decimal(-1), "=1+1", "9:30 mornings"])
def test_no_time(cell: Cell) -> None:
    with pytest.raises(BadValue) as raised:
        parse_time(cell)
    assert raised.value.code == "not_a_time"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-07-01", date(2026, 7, 1)),
        ("2026-07-01 09:30", at("2026-07-01T09:30")),
        ("2026-07-01T09:30:00Z", at("2026-07-01T09:30").replace(tzinfo=UTC)),
        ("2026-07-01T09:30:00+08:00", at("2026-07-01T09:30+08:00")),
        ("2026年7月1日 下午2:30", at("2026-07-01T14:30")),
        ("2026年7月1日下午2點30分", at("2026-07-01T14:30")),
        ("民國115年7月1日 10:00", at("2026-07-01T10:00")),
        ("1 Jul 2026, 2:05 PM", at("2026-07-01T14:05")),
        ("Jul 1, 2026", date(2026, 7, 1)),
        (at("2026-07-01T08:15:00.000007"), at("2026-07-01T08:15")),
        (at("2026-07-01T00:00"), date(2026, 7, 1)),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (Decimal("46204.604166666664"), at("2026-07-01T14:30")),
        (Decimal(20260701), date(2026, 7, 1)),
        ("", None),
    ],
)
def test_moments(cell: Cell, expected: object) -> None:
    found = parse_moment(cell)
    assert found == expected
    assert type(found) is type(expected)
    assert getattr(found, "tzinfo", None) == getattr(expected, "tzinfo", None)


@pytest.mark.parametrize("cell", ["9999-01-01 10:00", "2026-02-30", "2026-07-01 25:00", "next week", True])
def test_no_moment(cell: Cell) -> None:
    with pytest.raises(BadValue):
        parse_moment(cell)
