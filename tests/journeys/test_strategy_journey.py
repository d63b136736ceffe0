"""A strategy sheet filled in place, in a real browser; a question that becomes a next action; a stale change."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.actions import create_account
from activities.models import NextAction
from funnel.actions import file_evidence
from funnel.models import DecisionRole, InformationGap, Opportunity, Rival, Strategy
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import DAY, make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    with reading(acme.org):
        return make_opportunity(acme.rep, at=timezone.now() - 3 * DAY)


def test_a_sheet_is_filled_in_place_on_the_phone(acme: Cast, visit: Open, found: Opportunity) -> None:
    rep = visit(acme.rep, phone=True, language="en")
    rep.allowed = {422}
    page = rep.go(f"funnel/{found.pk}/")
    page.locator("#open-strategy").click()
    page.wait_for_url("**/strategy/")

    page.locator("#role-new").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog .errbox")).to_be_visible()
    page.fill("#dialog [name=new_name]", "Chen Yi-jun")
    page.locator("#dialog .pick:has([name=roles][value=eb])").click()
    page.locator("#dialog .pick:has([name=attitude][value='1'])").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(".powermap:visible .name")).to_have_text("Chen Yi-jun")

    page.locator("#rival-new").click()
    page.fill("#dialog [name=new_name]", "Rival Co")
    page.fill("#dialog [name=answer]", "Show the plant")
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#rivals-title ~ *, .rival")).to_contain_text(["Rival Co"])

    page.locator("#verdict").click()
    for name, value in (("need", "yes"), ("compete", "yes"), ("verdict", "go")):
        page.locator(f"#dialog .pick:has([name={name}][value={value}])").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator(".figures .chip.good")).to_have_text("Go")

    page.locator("#gap-new").click()
    page.fill("#dialog [name=text]", "When does the board meet?")
    page.locator("#dialog .btn.primary").click()
    page.locator("[id^=seek-]").click()
    page.fill("#dialog [name=next_text]", "Ask the clerk tomorrow")
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#strategy")).to_contain_text("Rep Acme finds out by")
    with reading(acme.org):
        gap = InformationGap.objects.get()
        assert NextAction.objects.get().gap == gap
        assert (DecisionRole.objects.get().role, Rival.objects.get().answer) == ("eb", "Show the plant")
        assert Strategy.objects.get().verdict == "go"
    assert rep.troubles == []


def test_two_at_the_same_part_see_both_and_mine_can_be_kept(acme: Cast, visit: Open, found: Opportunity) -> None:
    rep, manager = visit(acme.rep, language="en"), visit(acme.manager, language="en", dark=True)
    rep.allowed = {409}
    mine, theirs = (each.go(f"funnel/{found.pk}/strategy/") for each in (rep, manager))
    for page, words in ((mine, "Known here"), (theirs, "Cheaper")):
        page.locator("#edit-swot").click()
        page.fill("#dialog [name=strengths]", words)
    theirs.locator("#dialog .btn.primary").click()
    expect(theirs.locator("#strategy")).to_contain_text("Cheaper")
    mine.locator("#dialog .btn.primary").click()
    expect(mine.locator("#dialog")).to_contain_text("Cheaper")
    expect(mine.locator("#dialog")).to_contain_text("Known here")
    mine.locator("#dialog [data-keep]").click()
    expect(mine.locator("#strategy")).to_contain_text("Known here")
    assert rep.troubles == manager.troubles == []


def test_who_competes_is_filed_on_the_path_and_stands_on_the_sheet(acme: Cast, visit: Open, found: Opportunity) -> None:
    with reading(acme.org):
        for name in ("Rival Co", "Other Co"):
            create_account(name=name, owner=acme.rep, by=acme.rep, at=timezone.now(), kind="competitor")
    rep = visit(acme.rep, phone=True, language="en")
    rep.allowed = {422}
    page = rep.go(f"funnel/{found.pk}/")
    page.locator("details:has(#file-competitors) > summary").click()
    page.locator("#file-competitors").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog .errbox")).to_contain_text("say that there is no rival")
    for name in ("Rival Co", "Other Co"):
        page.locator(f"#dialog .pick:has-text('{name}')").click()
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#opportunity-sheet")).to_contain_text("Other Co, Rival Co")
    page.locator("#open-strategy").click()
    expect(page.locator(".rival h3")).to_have_text(["Other Co", "Rival Co"])
    for told in ("names them as well", "names them alone"):
        page.locator(".rival [id^=rival-]").first.click()
        expect(page.locator("#dialog")).to_contain_text(told)
        page.locator("#dialog .btn.danger").click()
        expect(page.locator("#dialog")).to_be_hidden()
    page = rep.go(f"funnel/{found.pk}/")
    expect(page.locator("#file-competitors")).to_have_text("File")
    assert rep.troubles == []


def test_both_ends_of_a_budget_are_sent_together(acme: Cast, visit: Open, found: Opportunity) -> None:
    with reading(acme.org):
        file_evidence(found, "budget", amount=3_000_000_00, seen=0, by=acme.rep, at=timezone.now())
    page = visit(acme.rep, language="en").go("funnel/")
    page.locator("[popovertarget=more-filters]").click()
    page.fill("#more-filters [name=budget_from]", "2M")
    page.fill("#more-filters [name=budget_to]", "300萬")
    page.locator("#more-filters [name=budget_to]").blur()
    page.locator("#more-filters .btn").click()
    expect(page.locator("a.filter.on")).to_contain_text("Budget 2,000,000 – 3,000,000")
    expect(page.locator(".col .card")).to_have_count(1)
