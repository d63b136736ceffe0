"""What is asked on the way: of many at once, at each stage of the path, before a lead becomes an opportunity."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from playwright.sync_api import Page, expect

from funnel import actions, labels, queries
from funnel.models import Approval, Evidence, Lead, LeadEvent, Opportunity, StageOverride
from funnel.stages import Gate, Stage, StageRow
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import DAY, make_account, make_opportunity
from tests.journeys.conftest import Visitor
from tests.journeys.test_accessibility import complaints_here

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


def opened(acme: Cast, *stages: Stage) -> list[Opportunity]:
    """Open an opportunity in each of these stages, none of them with any evidence."""
    at = timezone.now() - 3 * DAY
    with reading(acme.org):
        account = make_account(acme.rep, "台達精密", at)
        return [
            make_opportunity(acme.rep, f"Line {number}", account, at, stage=stage)
            for number, stage in enumerate(stages, 1)
        ]


def block(acme: Cast, stage: Stage) -> None:
    """Let nobody leave a stage without its evidence."""
    with reading(acme.org):
        rows = [
            StageRow(row.stage, "", row.percent, Gate.BLOCK if row.stage == stage else row.gate)
            for row in queries.stage_table()
        ]
        actions.change_stages(rows, seen=queries.edition(), by=acme.admin, at=timezone.now())


def plan_for(page: Page, deals: list[Opportunity], stage: Stage) -> None:
    """Pick these in the table and ask what a move of them all to a stage would do."""
    for deal in deals:
        page.locator(f"tbody input[name=pk][value='{deal.pk}']").check()
    page.locator("#bulk-go").click()
    page.locator("#dialog [name=stage]").select_option(str(int(stage)))
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog .bulklist > li")).to_have_count(len(deals))


def answer(page: Page, deal: Opportunity) -> None:
    """Open a line to answer there."""
    page.locator(f"#bulk-line-{deal.pk}").get_by_role("link").click()
    expect(page.locator(f"#bulk-line-{deal.pk}.opened")).to_be_visible()


# Of many at once --------------------------------------------------------------------------------------


def test_each_of_many_is_answered_in_its_line_and_done_with_the_others(acme: Cast, visit: Open) -> None:
    deals = proven, promised, _without, back = opened(acme, Stage.DISCOVER, Stage.DISCOVER, Stage.DISCOVER, Stage.PROOF)
    manager = visit(acme.manager, language="en")
    manager.allowed = {422}
    page = manager.go("funnel/table/")
    plan_for(page, deals, Stage.QUALIFY)
    day = (timezone.localdate() + timedelta(days=5)).isoformat()

    answer(page, proven)
    expect(page.locator(f"[name='{proven.pk}-opportunity_plan-note']")).to_be_focused()
    page.keyboard.type("The plan we went through")
    answer(page, promised)
    expect(page.locator(f"[name='{proven.pk}-opportunity_plan-note']")).to_have_value("The plan we went through")
    page.locator(f"#bulk-line-{promised.pk} [name=go]").check()
    page.fill(f"[name='{promised.pk}-why']", "Their plan comes on Monday")
    page.fill(f"[name='{promised.pk}-until']", "2020-01-01")
    answer(page, back)
    assert complaints_here(page, "answers") == []

    page.get_by_role("button", name="Change them").click()
    expect(page.locator("#dialog .errbox")).to_be_focused()
    expect(page.locator("#dialog")).to_contain_text("Choose a day to come.")
    expect(page.locator(f"[name='{proven.pk}-opportunity_plan-note']")).to_have_value("The plan we went through")
    assert complaints_here(page, "refused") == []
    with reading(acme.org):
        assert not Evidence.objects.exists()

    page.fill(f"[name='{promised.pk}-until']", day)
    page.fill(f"[name='{back.pk}-why']", "Their board asks for another solution")
    page.get_by_role("button", name="Change them").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with reading(acme.org):
        stages = dict(Opportunity.objects.values_list("pk", "stage"))
        assert [stages[deal.pk] for deal in deals] == [2, 2, 1, 2]
        assert Evidence.objects.get().opportunity_id == proven.pk
        went_on = StageOverride.objects.get()
    assert (went_on.opportunity_id, went_on.why) == (promised.pk, "Their plan comes on Monday")
    assert went_on.until.isoformat() == day
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#dialog")).to_contain_text("taken back")
    with reading(acme.org):
        assert Opportunity.objects.filter(stage=Stage.PROOF).count() == 1
        assert Opportunity.objects.filter(stage=Stage.DISCOVER).count() == 3


def test_where_a_stage_blocks_an_exception_is_asked_in_the_line_on_the_phone(acme: Cast, visit: Open) -> None:
    deals = asked, proven = opened(acme, Stage.DISCOVER, Stage.DISCOVER)
    block(acme, Stage.DISCOVER)
    rep, manager = visit(acme.rep, phone=True, dark=True), visit(acme.manager, language="en")
    rep.allowed = {422}
    page = rep.go("funnel/table/")
    plan_for(page, list(deals), Stage.QUALIFY)
    for deal in deals:
        answer(page, deal)
    page.fill(f"[name='{proven.pk}-opportunity_plan-note']", "計畫已經寫好")
    page.check(f"[name='{asked.pk}-ask']")
    assert complaints_here(page, "exception") == []
    page.locator("#dialog .btn.primary").tap()
    expect(page.locator("#dialog .errbox")).to_be_focused()
    page.fill(f"[name='{asked.pk}-why']", "客戶週一給計畫")
    page.fill(f"[name='{asked.pk}-until']", (timezone.localdate() + timedelta(days=6)).isoformat())
    page.locator("#dialog .btn.primary").tap()
    expect(page.locator(f"#bulk-line-{asked.pk}")).to_contain_text("等候例外核准")
    with reading(acme.org):
        assert Opportunity.objects.get(pk=proven.pk).stage == Stage.QUALIFY
        assert Opportunity.objects.get(pk=asked.pk).stage == Stage.DISCOVER
        waits = Approval.objects.get()
    assert waits.opportunity_id == asked.pk
    desk = manager.go("today/")
    expect(desk.locator(f"#approval-{waits.pk}")).to_contain_text("客戶週一給計畫")


# At each stage of the path ----------------------------------------------------------------------------


@pytest.mark.parametrize(("phone", "language"), [(False, "zh-hant"), (True, "en")])
def test_every_stage_of_the_path_says_what_it_asks(acme: Cast, visit: Open, phone: bool, language: str) -> None:
    (deal,) = opened(acme, Stage.SOLUTION_FIT)
    page = visit(acme.rep, phone=phone, language=language, dark=phone).go(f"funnel/{deal.pk}/")
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/guide/" in request.url else None)
    with translation.override(language):
        asks = {stage: [str(words) for words in (guide.strong, guide.coach)] for stage, guide in labels.GUIDES.items()}
    for stage in Stage:
        step = page.locator("#opportunity-evidence" if stage == Stage.SOLUTION_FIT else f"#evidence-{int(stage)}")
        if stage != Stage.SOLUTION_FIT:
            link = step.get_by_role("link").last
            if not link.is_visible():
                step.locator("summary").focus()
                page.keyboard.press("Enter")
            else:
                link.click()
        for words in asks[stage]:
            expect(step).to_contain_text(words)
    assert len(fetched) == len(set(fetched)) == len(Stage) - 1
    assert complaints_here(page, "guides") == []
    step = page.locator("#evidence-6")
    for shown in (False, True):
        step.locator("summary").click()
        expect(step.get_by_text(asks[Stage.CLOSE][0])).to_be_visible(visible=shown)
    assert len(fetched) == len(Stage) - 1, "what was read once is not asked for again"


# Before a lead becomes an opportunity -----------------------------------------------------------------


def test_a_lead_that_does_not_meet_the_criteria_is_asked_why_it_goes_on(acme: Cast, visit: Open) -> None:
    with reading(acme.org):
        lead = actions.record_lead(owner=acme.rep, by=acme.rep, at=timezone.now() - DAY, company="Delta Precision")
    rep = visit(acme.rep, phone=True, language="en")
    rep.allowed = {422}
    page = rep.go(f"funnel/leads/{lead.pk}/")
    page.locator("#lead-answers").tap()
    for criterion, given in {"need": "yes", "compete": "no", "decision": "alone"}.items():
        page.locator(f".pick:has([name=answer_{criterion}][value={given}])").tap()
    page.fill("[name=note_compete]", "Their group has a system of its own")
    assert complaints_here(page, "criteria") == []
    page.locator("#dialog .btn.primary").tap()
    criteria = page.locator("section:has(#criteria-title)")
    expect(criteria.locator(".chip.bad")).to_be_visible()
    expect(criteria).to_contain_text("Their group has a system of its own")

    page.locator("#lead-convert").tap()
    asked = page.locator("#dialog .notice.caution")
    for words in ("Can we compete?", "Does the budget reach our threshold?", "Do we know the economic buyer?"):
        expect(asked).to_contain_text(words)
    expect(asked).not_to_contain_text("Is the need real?")
    page.locator("#dialog .btn.primary").tap()
    expect(page.locator("#dialog .errbox")).to_be_focused()
    expect(page.locator("#dialog [name=why]")).to_have_attribute("aria-invalid", "true")
    assert complaints_here(page, "asked why") == []
    page.fill("#dialog [name=why]", "Their plant manager wants us to show it")
    page.locator("#dialog .btn.primary").tap()
    page.wait_for_url(lambda url: "/leads/" not in url)
    with reading(acme.org):
        assert Lead.objects.get().opportunity_id == Opportunity.objects.get().pk
        history = LeadEvent.objects.get(kind="converted")
        assert "Their plant manager wants us to show it" in (history.text, *map(str, history.data.values()))
