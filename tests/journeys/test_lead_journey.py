"""A lead from the fair to the opportunity, in a real browser; and one that is dropped, as the manager sees it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Account, Contact
from funnel.leads import LeadStatus
from funnel.models import Lead, LeadEvent, Opportunity
from tenants.scoping import reading
from tests.cast import Cast
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


def test_a_lead_is_recorded_on_the_phone_qualified_and_becomes_an_opportunity(acme: Cast, visit: Open) -> None:
    rep = visit(acme.rep, phone=True)
    rep.allowed = {422}  # what lacks, and a possible duplicate, are asked first
    page = rep.go("funnel/leads/new/")
    page.fill("[name=company]", "台達精密")
    page.fill("[name=person]", "王經理")
    page.fill("[name=phone]", "02-2345-6789")
    page.locator(".pick:has([name=source][value=event])").click()
    page.fill("[name=need]", "夜班停機頻繁")
    page.locator(".formfoot .btn.primary").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    lead_url = page.url

    page.locator("#to-step-3").click()
    page.fill("#step-why", "展場上談過")
    page.locator("#dialog .btn.primary").click()
    expect(page.locator(".path [aria-current]")).to_contain_text("資格確認")

    page.locator("#lead-answers").click()
    for criterion in ("need", "compete", "budget", "timing", "buyer"):
        page.locator(f".pick:has([name=answer_{criterion}][value=yes])").click()
    page.locator(".pick:has([name=answer_decision][value=committee])").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#criteria-title .chip.good")).to_be_visible()

    page.locator("#lead-convert").click()
    page.fill("#dialog [name=amount]", "120萬")
    page.locator("#dialog .btn.primary").click()
    page.wait_for_url(lambda url: "/leads/" not in url)
    expect(page.locator("main")).to_contain_text("台達精密")
    with reading(acme.org):
        lead = Lead.objects.get()
        assert lead.status == LeadStatus.CONVERTED
        assert (Account.objects.get().name, Contact.objects.get().name) == ("台達精密", "王經理")
        assert Opportunity.objects.get().amount == 120_000_000
        assert set(LeadEvent.objects.values_list("kind", flat=True)) == {"created", "moved", "answered", "converted"}
    page.goto(lead_url)
    page.get_by_role("link", name="夜班停機頻繁").first.click()
    page.wait_for_url(lambda url: "/leads/" not in url)

    again = rep.go("funnel/leads/new/")
    again.fill("[name=company]", "台達精密股份有限公司")
    again.locator(".formfoot .btn.primary").click()
    expect(again.locator(".notice")).to_contain_text("台達精密")


def test_a_dropped_lead_is_seen_by_the_manager_and_taken_up_again(acme: Cast, visit: Open) -> None:
    rep, manager = visit(acme.rep, language="en"), visit(acme.manager, language="en", dark=True)
    page = rep.go("funnel/leads/new/")
    page.fill("[name=company]", "Delta Precision")
    page.get_by_role("button", name="Record the lead").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    page.locator("#lead-drop").click()
    page.locator(".pick:has([name=reason][value=budget])").click()
    page.fill("#dialog [name=note]", "only a tenth of it")
    page.get_by_role("button", name="Drop the lead").click()
    expect(page.locator(".notice")).to_contain_text("only a tenth of it")

    desk = manager.go("today/")
    desk.locator("#leads-today-title").wait_for()
    desk.get_by_role("link", name="Delta Precision").click()
    desk.locator("#lead-resume").click()
    desk.fill("#dialog [name=why]", "a new budget was found")
    desk.locator("#dialog .btn.primary").click()
    expect(desk.locator("main")).to_contain_text("a new budget was found")
    desk.keyboard.press("Control+k")
    desk.locator("#palette input").fill("delta")
    expect(desk.locator("#palette-found")).to_contain_text("Delta Precision")
