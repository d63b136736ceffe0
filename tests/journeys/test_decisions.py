"""What is asked, judged and promised between two people, each at a browser of their own."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from funnel import actions, queries
from funnel.evidence import State
from funnel.models import Approval, Commitment, Evidence, Opportunity, StageOverride
from funnel.stages import Gate, Stage, StageRow
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import DAY, make_account, make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


@pytest.fixture
def deal(acme: Cast) -> Opportunity:
    at = timezone.now() - 3 * DAY
    with reading(acme.org):
        return make_opportunity(acme.rep, "Line 3", make_account(acme.rep, "台達精密", at), at)


def now(deal: Opportunity) -> Opportunity:
    with reading(deal.organization):
        found: Opportunity = Opportunity.objects.get(pk=deal.pk)
        return found


def send(page: Page) -> None:
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog")).to_be_hidden()


def second_tab(visitor: Visitor, path: str) -> Page:
    page = visitor.context.new_page()
    page.goto(f"{visitor.base}/o/{visitor.slug}/{path}")
    return page


def test_a_discount_is_asked_on_the_phone_granted_and_given(acme: Cast, deal: Opportunity, visit: Open) -> None:
    rep, manager = visit(acme.rep, phone=True), visit(acme.manager, language="en")
    rep.allowed, manager.allowed = {422}, {409, 422}
    page = rep.go(f"funnel/{deal.pk}/")
    page.locator("#opportunity-discount").tap()
    page.fill("#dialog [name=percent]", "12")
    page.locator("#dialog .btn.primary").tap()
    page.get_by_role("link", name="申請 12%").tap()
    expect(page.locator("#dialog [name=percent]")).to_be_focused()
    page.fill("#dialog [name=why]", "三年合約")
    page.locator("#dialog .btn.primary").tap()
    expect(page.locator("#opportunity-approvals")).to_contain_text("三年合約")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with reading(acme.org):
        asked = Approval.objects.get()

    desk, tab = manager.go("today/"), second_tab(manager, "today/")
    line = f"#approval-{asked.pk}"
    for each in (desk, tab):
        expect(each.locator(line)).to_contain_text("三年合約")
    desk.locator(f"{line} [name=word]").fill("For three years")
    desk.locator(line).get_by_role("button", name="Grant").click()
    expect(desk.locator(line)).to_contain_text("Granted")
    tab.locator(f"{line} [name=word]").fill("Too much")
    tab.locator(line).get_by_role("button", name="Refuse").click()
    both = tab.locator("#dialog")
    for words in ("Manager Acme changed this meanwhile", "Granted", "For three years", "Refused", "Too much"):
        expect(both).to_contain_text(words)

    page = rep.go(f"funnel/{deal.pk}/")
    expect(page.locator(line)).to_contain_text("已核准")
    expect(page.locator(line)).to_contain_text("For three years")
    page.locator(f"{line}-give").tap()
    expect(page.locator("#dialog [name=percent]")).to_have_value("12")
    page.locator("#dialog .btn.primary").tap()
    expect(page.locator("#opportunity-facts")).to_contain_text("12%")
    found = now(deal)
    assert (found.discount, found.amount) == (Decimal(12), (deal.amount or 0) * 88 // 100)


def test_an_exception_to_a_stage_is_refused_with_a_word_and_granted_until_a_day(
    acme: Cast, deal: Opportunity, visit: Open
) -> None:
    with reading(acme.org):
        rows = [
            StageRow(row.stage, "", row.percent, Gate.BLOCK if row.stage == 1 else row.gate)
            for row in queries.stage_table()
        ]
        actions.change_stages(rows, seen=queries.edition(), by=acme.admin, at=timezone.now())
    rep, manager = visit(acme.rep, language="en"), visit(acme.manager, language="en", dark=True)
    rep.allowed = manager.allowed = {422}
    day = timezone.localdate() + timedelta(days=9)
    for verdict, state, word in (("Refuse", "Refused", "First the plan"), ("Grant", "Granted", "")):
        page = rep.go(f"funnel/{deal.pk}/")
        page.locator("#to-stage-2").click()
        page.locator("#ask-exception").click()
        expect(page.locator("#dialog [name=stage]")).to_have_value("1")
        page.fill("#dialog [name=until]", day.isoformat())
        page.fill("#dialog [name=why]", "Their plan comes on Monday")
        send(page)
        desk = manager.go("today/")
        line = desk.locator("li[id^=approval-]")
        expect(line).to_contain_text("Their plan comes on Monday")
        line.get_by_role("button", name=verdict).click()
        if word:
            expect(desk.get_by_text("Say in a word why not.")).to_be_visible()
            line.locator("[name=word]").fill(word)
            line.get_by_role("button", name=verdict).click()
        expect(line).to_contain_text(state)
        page = rep.go(f"funnel/{deal.pk}/")
        expect(page.locator("#opportunity-approvals")).to_contain_text(word or state)
    page.locator("#to-stage-2").click()
    expect(page.locator("#opportunity-head [aria-current=step]")).to_contain_text("Qualify")
    expect(page.locator("#evidence-1")).to_contain_text("Manager Acme went on without")
    with reading(acme.org):
        override = StageOverride.objects.get()
        assert (override.stage, override.until, override.by) == (Stage.DISCOVER, day, acme.manager)


def test_the_customer_commits_apart_from_what_their_buyer_promised(acme: Cast, deal: Opportunity, visit: Open) -> None:
    rep = visit(acme.rep, language="en")
    rep.allowed = {422}
    page = rep.go(f"funnel/{deal.pk}/")
    panel = page.locator("#opportunity-commitment")
    page.locator("#commitment-promise").click()
    page.fill("#dialog [name=new_contact]", "Ms Lin")
    page.fill("#dialog [name=what]", "You have it")
    page.fill("#dialog [name=on]", timezone.localdate().isoformat())
    send(page)
    expect(panel.locator(".notice")).to_contain_text("Promise without procedure")
    board = rep.go("funnel/?backing=promised")
    expect(board.locator(f"#opportunity-{deal.pk}")).to_contain_text("Promise without procedure")

    page = rep.go(f"funnel/{deal.pk}/")
    page.locator("#commitment-procedure").click()
    page.fill("#dialog [name=what]", "The committee voted for us")
    page.fill("#dialog [name=on]", timezone.localdate().isoformat())
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog .errbox")).to_be_visible()  # what proves it?
    expect(page.locator(".htmx-settling")).to_have_count(0)
    expect(page.locator("#dialog .errbox")).to_be_focused()  # and not the field that asks for the focus, too
    page.fill("#dialog [name=note]", "Minutes of their meeting 12")
    send(page)
    expect(panel.locator("header .chip")).to_have_text("Committed")
    expect(panel).to_contain_text("Minutes of their meeting 12")
    expect(panel.locator(".notice")).to_have_count(0)
    assert now(deal).stage == Stage.DISCOVER  # ours is another matter

    with reading(acme.org):
        made = Commitment.objects.get(kind="procedure")
    page.locator(f"#commitment-{made.pk}-withdraw").click()
    page.fill("#dialog [name=why]", "A rival objected")
    send(page)
    expect(panel.locator(".notice")).to_contain_text("Promise without procedure")
    panel.get_by_text("Withdrawn", exact=True).click()
    expect(panel).to_contain_text("A rival objected")


def test_evidence_goes_back_with_a_word_and_comes_again(acme: Cast, deal: Opportunity, visit: Open) -> None:
    rep, manager = visit(acme.rep, phone=True, language="en"), visit(acme.manager, language="en")
    rep.allowed, manager.allowed = {422}, {409, 422}

    def file(note: str) -> None:
        page = rep.go(f"funnel/{deal.pk}/")
        page.locator("#next-proof").tap()
        page.fill("#dialog [name=note]", note)
        page.locator("#dialog .btn.primary").tap()
        expect(page.locator("#opportunity-evidence")).to_contain_text(note)

    file("They like us")
    desk, tab = manager.go(f"funnel/{deal.pk}/"), second_tab(manager, f"funnel/{deal.pk}/")
    for each in (desk, tab):
        each.locator("#judge-opportunity_plan").click()
    desk.get_by_role("button", name="Send back").click()
    expect(desk.locator("#dialog .err")).to_be_visible()
    desk.fill("#dialog [name=word]", "Who said so?")
    desk.get_by_role("button", name="Send back").click()
    expect(desk.locator("#opportunity-evidence")).to_contain_text("Who said so?")
    tab.locator("#dialog").get_by_role("button", name="Verify").click()
    expect(tab.locator("#dialog")).to_contain_text("Manager Acme changed this meanwhile")
    expect(tab.locator("#dialog")).to_contain_text("Who said so?")
    with reading(acme.org):
        assert Evidence.objects.get().state == State.SENT_BACK

    page = rep.go("today/")
    expect(page.locator("main")).to_contain_text("Sent back to you")
    expect(page.locator("main")).to_contain_text("Who said so?")
    file("The plan of their CFO, page 3")
    with reading(acme.org):
        filed = Evidence.objects.get()
    desk = manager.go("funnel/proofs/")
    desk.locator(f"#proof-{filed.pk}").get_by_role("button", name="Customer confirmed").click()
    expect(desk.locator(f"#proof-{filed.pk}")).to_have_count(0)
    page = rep.go(f"funnel/{deal.pk}/")
    expect(page.locator("#evidence-1")).to_contain_text("confirmed by the customer, says Manager Acme")
    page.locator("#to-stage-2").tap()
    expect(page.locator("#opportunity-head [aria-current=step]")).to_contain_text("Qualify")
    file("They need a quieter line")
    with reading(acme.org):
        assert Evidence.objects.get(pk=filed.pk).state == State.CONFIRMED
        filed = Evidence.objects.exclude(pk=filed.pk).get()
    desk = manager.go("funnel/proofs/")
    desk.locator(f"#proof-{filed.pk}").get_by_role("button", name="Verify").click()
    expect(desk.locator(f"#proof-{filed.pk}")).to_have_count(0)
    page = rep.go(f"funnel/{deal.pk}/")
    expect(page.locator("#evidence-2")).to_contain_text("verified by Manager Acme")
