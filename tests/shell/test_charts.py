"""Geometry of the charts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import charts
from tenants.charts import Change, Reached

amounts = st.integers(min_value=0, max_value=10**14)


@given(amounts, st.lists(amounts, min_size=1, max_size=3))
def test_a_gap_bar_adds_up(target: int, values: list[int]) -> None:
    bar = charts.gap_bar(target, list(zip(("won", "commit", "weighted"), values, strict=False)))
    assert bar.gap == max(target - sum(values), 0)
    assert bar.over == max(sum(values) - target, 0)
    assert not (bar.gap and bar.over)
    filled = sum(part.width for part in bar.parts) + bar.gap_width
    assert filled == pytest.approx(100, abs=0.1) or not (target or sum(values))
    for left, right in zip(bar.parts, bar.parts[1:], strict=False):
        assert right.x == pytest.approx(left.x + left.width, abs=0.02)


def test_a_negative_layer_is_no_layer() -> None:
    assert charts.gap_bar(100, [("won", -50), ("weighted", 40)]).gap == 60


@given(st.lists(amounts, min_size=1, max_size=7))
def test_a_funnel_only_narrows(reached: list[int]) -> None:
    rows = charts.funnel([Reached(i + 1, str(i), amount) for i, amount in enumerate(reached)])
    assert len(rows) == len(reached)
    assert all(later.width <= row.width and later.amount <= row.amount for row, later in itertools.pairwise(rows))
    assert all(charts.THINNEST <= row.width <= 100 and row.x >= 0 for row in rows)
    assert rows[0].rate is None
    assert all(row.rate is None or 0 <= row.rate <= 1 for row in rows)


def test_the_rate_is_what_moved_on() -> None:
    rows = charts.funnel([Reached(1, "a", 400), Reached(2, "b", 100), Reached(3, "c", 0), Reached(4, "d", 0)])
    assert [row.rate for row in rows] == [None, 0.25, 0.0, None]


@given(st.integers(0, 10**12), st.lists(st.integers(-(10**12), 10**12), max_size=8))
def test_changes_add_up_and_stay_inside(start: int, deltas: list[int]) -> None:
    drawn = charts.changes(start, [Change(str(i), delta) for i, delta in enumerate(deltas)])
    assert drawn.end == start + sum(deltas) == drawn.start + drawn.net
    assert 0 <= drawn.zero <= 100
    for row in drawn.rows:
        assert row.x >= 0
        assert row.x + row.width <= 101
        assert row.kind == ("more" if row.delta >= 0 else "less")


def test_no_change_has_no_bar() -> None:
    assert charts.changes(5, [Change("none", 0)]).rows[0].width == 0
