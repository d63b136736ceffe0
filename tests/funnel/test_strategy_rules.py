"""The strategy sheet: roles in order, no circles in reporting lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.strategy import Role, check_reports_to, ordered
from tenants.errors import Refused


def test_the_role_that_counts_most_comes_first() -> None:
    assert ordered(["sponsor", "eb", "user"]) == (Role.EB, Role.USER, Role.SPONSOR)


@pytest.mark.parametrize(("roles", "code"), [([], "role_needed"), (["eb", "king"], "role_unknown")])
def test_a_person_has_a_role_we_know(roles: list[str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        ordered(roles)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("person", "to", "circle"),
    [(1, None, False), (1, 2, False), (1, 1, True), (3, 1, True), (2, 1, True), (1, 9, False)],
)
def test_no_reporting_line_runs_in_a_circle(person: int, to: int | None, circle: bool) -> None:
    lines = {1: 2, 2: 3, 3: None}
    if circle:
        with pytest.raises(Refused, match="reports_in_a_circle"):
            check_reports_to(person, to, lines)
    else:
        check_reports_to(person, to, lines)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6) | st.none()), max_size=30))
def test_whatever_is_asked_every_line_ends(asked: list[tuple[int, int | None]]) -> None:
    lines: dict[int, int | None] = {}
    for person, to in asked:
        try:
            check_reports_to(person, to, lines)
        except Refused:
            continue
        lines[person] = to
    for start in lines:
        steps, at = 0, lines.get(start)
        while at is not None:
            steps, at = steps + 1, lines.get(at)
            assert steps <= len(lines)


def test_a_circle_that_stands_already_is_not_walked_for_ever() -> None:
    check_reports_to(1, 2, {2: 3, 3: 2})
