"""The rules of leads: steps, criteria, duplicates, filters, and what a web form may send."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import names
from funnel import lead_filters, leads, web_forms
from funnel.leads import (
    Answer,
    Criteria,
    Criterion,
    DropReason,
    Facts,
    Keys,
    LeadStatus,
    Standing,
    Step,
    Verdict,
)
from tenants.errors import Refused

TODAY = date(2026, 1, 31)
YES = dict.fromkeys(Criterion, Answer.YES) | {Criterion.DECISION: Answer.COMMITTEE}
WHOLE = Facts("Machines", "North", "Amy", "02-2345-6789", "", 100, date(2026, 3, 1), True, "call", YES)
OPEN, DROPPED = LeadStatus.OPEN, LeadStatus.DROPPED


def refused(code: str, call: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return caught.value.data


# Criteria -----------------------------------------------------------------------------------------


def test_every_answer_in_favour_qualifies() -> None:
    assert leads.judge(YES, leads.MUSTS) == Verdict(Standing.QUALIFIED)


@pytest.mark.parametrize("criterion", [each for each in Criterion if each != Criterion.DECISION])
def test_a_no_to_a_must_says_drop_and_another_no_says_not_yet(criterion: Criterion) -> None:
    verdict = leads.judge(YES | {criterion: Answer.NO}, leads.MUSTS)
    assert verdict.standing == (Standing.DROP if criterion in leads.MUSTS else Standing.NOT_YET)
    assert verdict.against == (criterion,)


@pytest.mark.parametrize("criterion", Criterion)
def test_one_answer_unknown_is_not_yet(criterion: Criterion) -> None:
    verdict = leads.judge(YES | {criterion: Answer.UNKNOWN}, leads.MUSTS)
    assert verdict == Verdict(Standing.NOT_YET, (), (criterion,))


def test_a_budget_and_a_day_answer_for_themselves() -> None:
    criteria = Criteria(budget_from=100, months=3)
    told = replace(WHOLE, answers={Criterion.BUDGET: Answer.NO, Criterion.TIMING: Answer.NO})
    found = leads.answers(told, criteria, TODAY)
    assert (found[Criterion.BUDGET], found[Criterion.TIMING]) == (Answer.YES, Answer.YES)
    late = leads.answers(replace(told, budget=99, buys_on=date(2026, 5, 1)), criteria, TODAY)
    assert (late[Criterion.BUDGET], late[Criterion.TIMING]) == (Answer.NO, Answer.NO)
    unknown = leads.answers(replace(told, budget=None, buys_on=None), criteria, TODAY)
    assert (unknown[Criterion.BUDGET], unknown[Criterion.NEED]) == (Answer.NO, Answer.UNKNOWN)


def test_months_ahead_end_with_the_month() -> None:
    assert leads.latest_purchase(TODAY, 1) == date(2026, 2, 28)
    assert leads.latest_purchase(date(2026, 1, 15), 6) == date(2026, 7, 15)


def test_only_how_they_decide_has_procedures() -> None:
    assert leads.choices_of(Criterion.DECISION)[1:] == (Answer.ALONE, Answer.COMMITTEE, Answer.STATUTORY)
    assert leads.choices_of(Criterion.NEED) == (Answer.UNKNOWN, Answer.YES, Answer.NO)


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        (Criteria(months=0), "months_range"),
        (Criteria(months=37), "months_range"),
        (Criteria(budget_from=-1), "budget_range"),
    ],
)
def test_criteria_nobody_can_meet_are_refused(criteria: Criteria, code: str) -> None:
    refused(code, leads.check_criteria, criteria)
    leads.check_criteria(Criteria())


# Steps --------------------------------------------------------------------------------------------


def test_each_step_says_what_it_lacks() -> None:
    nothing = leads.answers(Facts(), Criteria(), TODAY)
    assert leads.lacking(Step.POSITIONING, Facts(), nothing) == ("industry", "region")
    assert leads.lacking(Step.SOURCING, Facts(), nothing) == ("person", "reachable")
    assert leads.lacking(Step.QUALIFYING, Facts(), nothing) == tuple(Criterion)
    assert leads.lacking(Step.APPROACHING, Facts(), nothing) == ("contacted", "next_step")
    everything = leads.answers(WHOLE, Criteria(), TODAY)
    assert leads.lacking_between(Step.POSITIONING, Step.APPROACHING, WHOLE, everything) == ()
    assert leads.lacking_between(Step.APPROACHING, Step.POSITIONING, Facts(), nothing) == ()


@pytest.mark.parametrize(
    ("status", "left", "to", "missing", "why", "code"),
    [
        (DROPPED, Step.POSITIONING, Step.SOURCING, [], "", "lead_closed"),
        (OPEN, Step.SOURCING, Step.SOURCING, [], "", "same_step"),
        (OPEN, Step.SOURCING, Step.POSITIONING, [], " ", "reason_needed"),
        (OPEN, Step.SOURCING, Step.QUALIFYING, ["person"], "", "lead_incomplete"),
        (OPEN, Step.SOURCING, Step.QUALIFYING, ["person"], "met at a fair", ""),
        (OPEN, Step.SOURCING, Step.QUALIFYING, [], "", ""),
        (OPEN, Step.SOURCING, Step.POSITIONING, [], "wrong company", ""),
    ],
)
def test_what_a_move_asks(status: LeadStatus, left: Step, to: Step, missing: list[str], why: str, code: str) -> None:
    if code:
        refused(code, leads.ask_move, status, left, to, missing, why)
    else:
        leads.ask_move(status, left, to, missing, why)


@pytest.mark.parametrize(
    ("status", "standing", "why", "code"),
    [
        (DROPPED, Standing.QUALIFIED, "", "lead_closed"),
        (OPEN, Standing.NOT_YET, " ", "not_qualified"),
        (OPEN, Standing.DROP, "", "not_qualified"),
        (OPEN, Standing.DROP, "the board decided", ""),
        (OPEN, Standing.QUALIFIED, "", ""),
    ],
)
def test_what_a_conversion_asks(status: LeadStatus, standing: Standing, why: str, code: str) -> None:
    if code:
        refused(code, leads.ask_convert, status, Verdict(standing), why)
    else:
        leads.ask_convert(status, Verdict(standing), why)


@pytest.mark.parametrize(
    ("status", "reason", "note", "code"),
    [
        (DROPPED, "budget", "", "lead_closed"),
        (OPEN, "", "", "reason_needed"),
        (OPEN, "bored", "", "reason_unknown"),
        (OPEN, DropReason.OTHER, " ", "drop_note_needed"),
        (OPEN, DropReason.OTHER, "they moved abroad", ""),
        (OPEN, DropReason.BUDGET, "", ""),
    ],
)
def test_what_dropping_asks(status: LeadStatus, reason: str, note: str, code: str) -> None:
    if code:
        refused(code, leads.ask_drop, status, reason, note)
    else:
        leads.ask_drop(status, reason, note)


# Duplicates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("台達精密", "台達精密股份有限公司"),
        ("Delta Precision", "DELTA PRECISION CO., LTD."),
        ("Ｄｅｌｔａ", "delta inc."),
        ("宏昇 有限公司", "宏昇有限公司"),
    ],
)
def test_a_company_has_one_key_whatever_its_legal_form(one: str, other: str) -> None:
    assert leads.company_key(one) == leads.company_key(other)
    assert names.key(other) in leads.spellings(one)


def test_a_legal_form_alone_stays_a_name() -> None:
    assert leads.company_key("Limited") == "limited"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("02-2345-6789", "+886 2 2345 6789"),
        ("(02) 2345-6789 #12", "02 23456789 ext. 9"),
        ("0912-345-678", "+886912345678"),
        ("138 1234 5678", "+86 138-1234-5678"),
    ],
)
def test_a_number_has_one_key_whatever_its_prefix(one: str, other: str) -> None:
    assert leads.phone_key(one) == leads.phone_key(other) != ""


@pytest.mark.parametrize("number", ["", "12345", "none", "１２３４５６７８", "#1234567"])
def test_what_is_no_number_matches_nothing(number: str) -> None:
    assert leads.phone_key(number) == ""


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Keys(email="amy@example.com"), True),
        (Keys(phone="223456789"), True),
        (Keys(tax_id="12345678"), True),
        (Keys(company="delta", person="amy"), True),
        (Keys(company="delta"), False),
        (Keys(company="delta", person="bob"), False),
        (Keys(person="amy"), False),
        (Keys(), False),
    ],
)
def test_when_two_are_surely_one(other: Keys, same: bool) -> None:
    one = Keys("delta", "amy", "223456789", "amy@example.com", "12345678")
    assert leads.is_same(one, other) is same


def test_the_keys_of_what_was_typed() -> None:
    typed = {"company": "Delta Inc.", "person": "Amy ", "phone": "02-2345-6789", "email": " A@B.c", "tax_id": "12-34"}
    assert Keys.of(**typed) == Keys("delta", "amy", "223456789", "a@b.c", "1234")


@given(st.text(max_size=60))
def test_any_name_has_a_key_among_its_spellings(name: str) -> None:
    assert leads.company_key(name)[:200] in leads.spellings(name)


# Filters ------------------------------------------------------------------------------------------


def test_filters_take_what_they_know_and_leave_the_rest() -> None:
    query = {
        "q": " a\x00b ", "team": "3", "owner": "9" * 40, "status": "dropped", "step": "2", "source": "event",
        "reason": "budget", "next": "overdue", "sort": "-company",
    }  # fmt: skip
    assert lead_filters.read(query) == lead_filters.LeadFilters(
        "ab", 3, 0, "dropped", 2, "event", "budget", "overdue", "-company"
    )
    odd = {"step": "9", "source": "x", "status": "x", "reason": "x", "next": "x", "sort": "x", "team": "²"}
    assert lead_filters.read(odd) == lead_filters.LeadFilters()
    assert not lead_filters.read({"sort": "step"}).active
    assert lead_filters.read({"status": "all"}).active
    assert [lead_filters.page_number({"page": page}) for page in ("", "x", "0", "4")] == [1, 1, 1, 4]


# Web forms ----------------------------------------------------------------------------------------

BODY = b'{"company":"Delta","email":"a@example.com"}'


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_key_tells_whose_form_it_is(organization: int) -> None:
    token = "A" * 21 + "_"
    assert web_forms.split_key(web_forms.public_key(organization, token)) == (organization, token)


@pytest.mark.parametrize(
    "key", ["", "x", "1-short", "1-" + "a" * 23, "Z-" + "a" * 22, "zzzzzzzzzzzz-" + "a" * 22 + "\n"]
)
def test_what_cannot_be_a_key_is_none(key: str) -> None:
    assert web_forms.split_key(key) is None


def test_a_key_beyond_all_ids_is_none() -> None:
    assert web_forms.split_key(f"{'z' * 13}-{'a' * 22}") is None


def check(**changes: Any) -> None:
    given = {"timestamp": "1000", "signature": web_forms.sign("s", "1000", BODY), "body": BODY, "now": 1000, **changes}
    web_forms.check_signature(["s", "older"], **given)


def test_the_right_signature_opens() -> None:
    check()
    check(signature=web_forms.sign("s", "1000", BODY).upper() + " ")
    check(signature=web_forms.sign("older", "1000", BODY))
    check(now=1000 + web_forms.TOLERANCE)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": ""}, "signature_missing"),
        ({"timestamp": ""}, "signature_missing"),
        ({"signature": web_forms.sign("t", "1000", BODY)}, "signature_wrong"),
        ({"signature": "Ünïcode"}, "signature_wrong"),
        ({"body": BODY + b" "}, "signature_wrong"),
        ({"timestamp": "1001"}, "signature_wrong"),
        ({"now": 1001 + web_forms.TOLERANCE}, "timestamp_old"),
        ({"now": 999 - web_forms.TOLERANCE}, "timestamp_old"),
        ({"timestamp": "-5", "signature": web_forms.sign("s", "-5", BODY)}, "timestamp_old"),
        ({"timestamp": "9" * 40, "signature": web_forms.sign("s", "9" * 40, BODY)}, "timestamp_old"),
    ],
)
def test_a_wrong_or_old_signature_does_not(changes: dict[str, Any], code: str) -> None:
    refused(code, check, **changes)


def test_one_message_has_one_digest() -> None:
    assert web_forms.digest("1", b"a") == web_forms.digest("1", b"a")
    assert len({web_forms.digest("1", b"a"), web_forms.digest("2", b"a"), web_forms.digest("1", b"b")}) == 3


def test_an_enquiry_is_read() -> None:
    body = json.dumps({"person": "  Amy  Wang ", "phone": "123", "message": " a\nb ", "region": None}).encode()
    assert web_forms.read(body) == web_forms.Enquiry("Amy Wang", "Amy Wang", phone="123", message="a\nb")


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"\xff", b"{", b"[" * 10_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    refused("not_json", web_forms.read, body)


def test_a_body_too_large_is_refused() -> None:
    refused("too_large", web_forms.read, b" " * (web_forms.LONGEST_BODY + 1))


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"company": "x"}, {"email": "required"}),
        ({"email": "a@example.com"}, {"company": "required"}),
        ({"company": "\u200b", "phone": "1"}, {"company": "required"}),
        ({"company": "x", "email": "nobody"}, {"email": "not_an_address"}),
        ({"company": "x", "phone": 5}, {"phone": "not_text"}),
        ({"company": ["x"], "phone": "1"}, {"company": "not_text"}),
        ({"company": "x" * 201, "phone": "1"}, {"company": "too_long"}),
        ({"company": "x", "phone": "1", "message": "y" * 2_001}, {"message": "too_long"}),
        ({"company": "x\x00", "phone": "1"}, {"company": "unreadable"}),
        ({"company": "pay\u202eexe", "phone": "1"}, {"company": "unreadable"}),
        ({"company": "x", "phone": "1", "message": "a\ud800"}, {"message": "unreadable"}),
        ({"company": "x", "phone": "1", "owner": "3"}, {"owner": "unknown_field"}),
        ({"company": "x", "phone": "1" * 41, "email": 3}, {"phone": "too_long", "email": "not_text"}),
    ],
)
def test_each_field_says_what_is_wrong_with_it(typed: dict[str, Any], wrong: dict[str, str]) -> None:
    assert refused("fields_wrong", web_forms.read, json.dumps(typed).encode())["fields"] == wrong
