"""The strategy sheet: roles in order, no circles in reporting lines."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.commitment import Procedure
from funnel.leads import Answer, Criteria, Criterion, Standing, judge
from funnel.strategy import PEOPLE, Role, Tally, ask_verdict, check_reports_to, check_room, criteria_of, ordered
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


# Criteria and verdict -------------------------------------------------------------------------------

ASKED: dict[str, Any] = {
    "need": "yes",
    "compete": "yes",
    "amount": 500,
    "closes_on": date(2026, 3, 1),
    "has_buyer": True,
    "procedure": Procedure.COMMITTEE,
    "criteria": Criteria(budget_from=100),
    "today": date(2026, 1, 5),
}


def test_what_the_opportunity_knows_answers_for_itself() -> None:
    found = criteria_of(**ASKED)
    assert found == {
        Criterion.NEED: Answer.YES,
        Criterion.COMPETE: Answer.YES,
        Criterion.BUDGET: Answer.YES,
        Criterion.TIMING: Answer.YES,
        Criterion.BUYER: Answer.YES,
        Criterion.DECISION: Answer.COMMITTEE,
    }
    assert judge(found, frozenset()).standing == Standing.QUALIFIED


@pytest.mark.parametrize(
    ("changes", "criterion", "answer"),
    [
        ({"amount": 99}, Criterion.BUDGET, Answer.NO),
        ({"amount": None}, Criterion.BUDGET, Answer.UNKNOWN),
        ({"closes_on": date(2027, 3, 1)}, Criterion.TIMING, Answer.NO),
        ({"closes_on": None}, Criterion.TIMING, Answer.UNKNOWN),
        ({"has_buyer": False}, Criterion.BUYER, Answer.UNKNOWN),
        ({"procedure": ""}, Criterion.DECISION, Answer.UNKNOWN),
        ({"procedure": Procedure.EB_ALONE}, Criterion.DECISION, Answer.ALONE),
        ({"procedure": Procedure.STATUTORY}, Criterion.DECISION, Answer.STATUTORY),
        ({"need": "no"}, Criterion.NEED, Answer.NO),
    ],
)
def test_each_criterion_has_its_fact(changes: dict[str, Any], criterion: Criterion, answer: Answer) -> None:
    assert criteria_of(**{**ASKED, **changes})[criterion] == answer


@pytest.mark.parametrize(
    ("verdict", "standing", "why", "is_open", "code"),
    [
        ("go", Standing.QUALIFIED, "", False, "closed"),
        ("", Standing.QUALIFIED, "", True, "verdict_needed"),
        ("perhaps", Standing.QUALIFIED, "", True, "verdict_needed"),
        ("no_go", Standing.QUALIFIED, " ", True, "reason_needed"),
        ("go", Standing.DROP, "", True, "reason_needed"),
    ],
)
def test_a_verdict_is_refused(verdict: str, standing: Standing, why: str, is_open: bool, code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask_verdict(verdict, standing, why, is_open=is_open)
    assert refused.value.code == code


def test_a_verdict_is_taken() -> None:
    ask_verdict("go", Standing.NOT_YET, "", is_open=True)
    ask_verdict("go", Standing.DROP, "the board wants it", is_open=True)
    ask_verdict("no_go", Standing.QUALIFIED, "no time", is_open=True)


def test_a_sheet_has_an_end() -> None:
    check_room(PEOPLE - 1)
    with pytest.raises(Refused, match="sheet_full"):
        check_room(PEOPLE)


def test_tallies_add_up_and_the_rate_is_of_what_was_decided() -> None:
    both = Tally(won=1, won_amount=10) + Tally(lost=3, lost_amount=7, open=2, open_amount=5)
    assert both == Tally(1, 10, 3, 7, 2, 5)
    assert both.rate == 0.25
    assert Tally(open=4).rate is None
