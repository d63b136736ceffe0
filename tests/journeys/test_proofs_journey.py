"""A manager works through the evidence that waits with the keyboard alone, and takes a slip back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from funnel import actions
from funnel.evidence import State
from funnel.models import Evidence
from funnel.stages import Stage
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


def test_a_manager_works_through_the_list_with_keys(acme: Cast, visit: Callable[..., Visitor]) -> None:
    at = timezone.now() - DAY
    filed: dict[str, Any] = {"note": "their CTO said so", "seen": 0, "by": acme.rep, "at": at}
    with reading(acme.org):
        large = make_opportunity(acme.rep, "Large", at=at, stage=Stage.QUALIFY, amount=9 * MILLION)
        small = make_opportunity(acme.rep, "Small", at=at, stage=Stage.QUALIFY)
        for deal, key in ((small, "opportunity_plan"), (large, "opportunity_plan"), (large, "key_needs")):
            actions.file_evidence(deal, key, **filed)
        first, second, third = (
            Evidence.objects.get(opportunity=deal, item__code=key).pk
            for deal, key in ((large, "opportunity_plan"), (large, "key_needs"), (small, "opportunity_plan"))
        )
    manager = visit(acme.manager, language="en")
    manager.allowed = {422}
    page = manager.go("funnel/proofs/")
    page.keyboard.press("j")
    expect(page.locator(f"#proof-{first}")).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator(f"#proof-{second}")).to_be_focused()
    expect(page.locator("#proofs")).to_contain_text("2 to verify")
    page.keyboard.press("3")
    expect(page.locator(f"#proof-{second}-word")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#proof-{second}-error")).to_be_visible()
    page.keyboard.type("Whose words?")
    page.keyboard.press("Enter")
    expect(page.locator(f"#proof-{third}")).to_be_focused()
    page.locator(".toast [data-undo]").click()
    expect(page.locator(f"#proof-{second}")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator(f"#proof-{third}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#proofs")).to_contain_text("Nothing waits for your verdict")
    with reading(acme.org):
        states = dict(Evidence.objects.values_list("pk", "state"))
    assert states == {first: State.VERIFIED, second: State.CONFIRMED, third: State.VERIFIED}


def test_what_is_half_typed_in_other_rows_outlives_a_verdict(acme: Cast, visit: Callable[..., Visitor]) -> None:
    at = timezone.now() - DAY
    filed: dict[str, Any] = {"note": "their CTO said so", "seen": 0, "by": acme.rep, "at": at}
    with reading(acme.org):
        large = make_opportunity(acme.rep, "Large", at=at, stage=Stage.QUALIFY, amount=9 * MILLION)
        small = make_opportunity(acme.rep, "Small", at=at, stage=Stage.QUALIFY)
        first, second, third = (
            actions.file_evidence(deal, key, **filed).pk
            for deal, key in ((large, "opportunity_plan"), (large, "key_needs"), (small, "opportunity_plan"))
        )
    manager = visit(acme.manager, language="en")
    manager.allowed = {422}
    page = manager.go("funnel/proofs/")
    for row in (second, third):
        page.locator(f"#proof-{row} summary").click()
        expect(page.locator(f"#proof-{row}-word")).to_be_focused()
        page.keyboard.type(f"Half a word of {row}")
    page.locator(f"#proof-{first} button[value=verified]").click()
    expect(page.locator(f"#proof-{first}")).to_have_count(0)
    for row in (second, third):
        expect(page.locator(f"#proof-{row}-word")).to_have_value(f"Half a word of {row}")
        expect(page.locator(f"#proof-{row}-word")).to_be_visible()
    page.locator(".toast [data-undo]").click()
    expect(page.locator(f"#proof-{first}")).to_be_focused()
    expect(page.locator(f"#proof-{third}-word")).to_have_value(f"Half a word of {third}")
    page.locator(f"#proof-{first} button[value=verified]").click()
    expect(page.locator(f"#proof-{first}")).to_have_count(0)
    page.locator(f"#proof-{second}-word").press("Enter")
    expect(page.locator(f"#proof-{third}")).to_be_focused()
    expect(page.locator(f"#proof-{third}-word")).to_have_value(f"Half a word of {third}")
    with reading(acme.org):
        assert Evidence.objects.get(pk=second).word == f"Half a word of {second}"
        assert Evidence.objects.get(pk=third).state == State.FILED


def test_an_answer_does_not_lead_away_who_types_on_in_another_row(acme: Cast, visit: Callable[..., Visitor]) -> None:
    """Else a digit or Enter that was meant for the word would be a verdict on the row that got the focus."""
    at = timezone.now() - DAY
    filed: dict[str, Any] = {"note": "their CTO said so", "seen": 0, "by": acme.rep, "at": at}
    with reading(acme.org):
        deal = make_opportunity(acme.rep, "Large", at=at, stage=Stage.QUALIFY, amount=9 * MILLION)
        first, second = (actions.file_evidence(deal, key, **filed).pk for key in ("opportunity_plan", "key_needs"))
    page = visit(acme.manager, language="en").go("funnel/proofs/")
    page.locator(f"#proof-{second} summary").click()
    held: list[Any] = []
    page.route("**/verdict/**", lambda route: held.append(route))
    page.locator(f"#proof-{first} button[value=verified]").click()
    word = page.locator(f"#proof-{second}-word")
    word.focus()
    page.keyboard.type("Who said ")
    held.pop().continue_()
    expect(page.locator(f"#proof-{first}")).to_have_count(0)
    expect(page.locator("#loading")).to_be_hidden()
    page.keyboard.type("1 of 2?")
    expect(word).to_have_value("Who said 1 of 2?")
    expect(word).to_be_focused()
    with reading(acme.org):
        assert Evidence.objects.get(pk=second).state == State.FILED
