"""The pure rules of evidence: what each kind asks for, who may judge, and how far an opportunity is proven."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.evidence import (
    PROVING,
    STANDARD,
    Item,
    Kind,
    State,
    ask_filing,
    ask_verdict,
    kind_of,
    proven_stage,
    standing,
)
from funnel.stages import Stage
from tenants.errors import Refused

stages = st.sampled_from(list(Stage))


def refused(call: Any) -> str:
    with pytest.raises(Refused) as error:
        call()
    return error.value.code


VALUES: dict[str, Any] = {
    "note": "x",
    "has_contact": True,
    "on": date(2026, 1, 5),
    "amount": 1,
    "has_file": True,
    "has_rivals": True,
    "no_rival": True,
}
NOTHING: dict[str, Any] = {"note": "", "has_contact": False, "on": None, "amount": None, "has_file": False}


@pytest.mark.parametrize(
    ("kind", "key", "needed", "code"),
    [
        (Kind.FACT, "key_needs", ("note",), "note_needed"),
        (Kind.FACT, "key_needs", ("has_file",), "note_needed"),
        (Kind.DOCUMENT, "opportunity_plan", ("note",), "document_needed"),
        (Kind.DOCUMENT, "opportunity_plan", ("has_file",), "document_needed"),
        (Kind.PERSON, "key_people", ("has_contact",), "person_needed"),
        (Kind.DATE, "schedule", ("on",), "day_needed"),
        (Kind.AMOUNT, "budget", ("amount",), "sum_needed"),
        (Kind.PERSON, "verbal_approval", ("has_contact", "on"), "person_needed"),
        (Kind.RIVALS, "competitors", ("has_rivals",), "rivals_needed"),
        (Kind.RIVALS, "competitors", ("no_rival", "note"), "rivals_needed"),
        (Kind.RIVALS, "competitors", ("no_rival", "has_file"), "rivals_needed"),
    ],
)
def test_each_kind_asks_for_its_value(kind: Kind, key: str, needed: tuple[str, ...], code: str) -> None:
    enough = NOTHING | {name: VALUES[name] for name in needed}
    ask_filing(kind, key, **enough)
    assert refused(lambda: ask_filing(kind, key, **NOTHING)) == code


def test_a_verbal_approval_needs_its_day() -> None:
    assert refused(lambda: ask_filing(Kind.PERSON, "verbal_approval", **VALUES | {"on": None})) == "day_needed"


def test_that_there_is_no_rival_is_shown_and_true() -> None:
    assert refused(lambda: ask_filing(Kind.RIVALS, "competitors", **NOTHING | {"no_rival": True})) == "note_needed"
    assert refused(lambda: ask_filing(Kind.RIVALS, "competitors", **VALUES)) == "rivals_stand"


def test_an_amount_of_nothing_is_an_amount() -> None:
    ask_filing(Kind.AMOUNT, "budget", **NOTHING | {"amount": 0})


JUDGE: dict[str, Any] = {
    "verdict": State.SENT_BACK,
    "word": "which CFO?",
    "is_active": True,
    "judge": 2,
    "owner": 1,
    "filed_by": 1,
    "led": {1, 2},
}


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ({"is_active": False}, "item_removed"),
        ({"led": {2}}, "not_their_manager"),
        ({"owner": 2}, "own_opportunity"),
        ({"filed_by": 2}, "own_opportunity"),
        ({"verdict": State.FILED}, "not_a_verdict"),
        ({"word": ""}, "word_needed"),
    ],
)
def test_who_may_judge_what(case: dict[str, Any], code: str) -> None:
    assert refused(lambda: ask_verdict(**JUDGE | case)) == code


@pytest.mark.parametrize("case", [{}, {"owner": 2, "led": None}, {"verdict": State.VERIFIED, "word": ""}])
def test_a_verdict_that_is_fine(case: dict[str, Any]) -> None:
    ask_verdict(**JUDGE | case)


ALL_ITEMS = [Item(code, stage, code) for stage, codes in STANDARD.items() for code in codes]
states = st.dictionaries(st.sampled_from([item.key for item in ALL_ITEMS]), st.sampled_from(list(State)))


@given(held=states, claimed=stages)
def test_what_is_proven_never_exceeds_what_is_claimed_and_ends_at_the_first_gap(
    held: dict[str, State], claimed: Stage
) -> None:
    proven = proven_stage(ALL_ITEMS, held, claimed=claimed)
    assert 1 <= proven <= claimed
    assert all(held.get(item.key) in PROVING for item in ALL_ITEMS if item.stage < proven)
    if proven < claimed:
        assert any(held.get(item.key) not in PROVING for item in ALL_ITEMS if item.stage == proven)


@given(held=states, claimed=stages, more=st.sampled_from([item.key for item in ALL_ITEMS]))
def test_one_more_verified_proves_no_less(held: dict[str, State], claimed: Stage, more: str) -> None:
    before = proven_stage(ALL_ITEMS, held, claimed=claimed)
    assert proven_stage(ALL_ITEMS, held | {more: State.VERIFIED}, claimed=claimed) >= before


def test_a_stage_that_demands_nothing_is_proven() -> None:
    assert proven_stage([], {}, claimed=5) == 5
    assert proven_stage([item for item in ALL_ITEMS if item.stage > 2], {}, claimed=5) == 3


def test_what_was_sent_back_does_not_stand() -> None:
    held = dict(zip("abcd", State, strict=True))
    assert standing(held) == {"a", "b", "d"}


def test_each_standard_item_has_its_kind() -> None:
    kinds = {code: kind_of(code) for codes in STANDARD.values() for code in codes}
    assert {code for code, kind in kinds.items() if kind == Kind.AMOUNT} == {"size", "budget", "budget_clear"}
    assert {code for code, kind in kinds.items() if kind == Kind.DATE} == {"schedule", "deployment_under_way"}
    assert kinds["key_needs"] == Kind.FACT
    assert {code for code, kind in kinds.items() if kind == Kind.RIVALS} == {"competitors"}
