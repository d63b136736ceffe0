"""What people come for, done in a real browser: rep on a phone, manager at a desk, executive reading."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Account, Contact
from activities.models import NextAction, Visit
from coaching.models import CoachingSession, Review, ReviewEntry
from forecasting import actions as forecasting_actions
from forecasting.periods import Kind, period_of
from funnel import actions as funnel_actions
from funnel.models import Change, Opportunity
from funnel.stages import Stage, Status
from tenants.scoping import reading
from tests.accounts.factories import make_contact
from tests.cast import Cast
from tests.funnel.factories import MILLION, make_account, make_opportunity
from tests.journeys.conftest import Visitor, work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


@dataclass
class Scene:
    """What the journeys start from: two customers of the rep, two open opportunities, one won this quarter."""

    account: Account
    contact: Contact
    first: Opportunity
    second: Opportunity
    won: Opportunity


@pytest.fixture
def scene(acme: Cast) -> Scene:
    now = timezone.now()
    since = now - timedelta(days=20)
    today = now.astimezone(acme.org.zone).date()
    with reading(acme.org):
        account = make_account(acme.rep, "台達精密", since)
        contact = make_contact(account, "王經理")
        due = {"expected_close_on": today}
        first = make_opportunity(acme.rep, "產線能源監控", account, since, amount=3 * MILLION, **due)
        second = make_opportunity(acme.rep, "備援機房", account, since, **due)
        won = make_opportunity(acme.rep, "品質追溯", make_account(acme.rep, "聯宇光電", since), since, **due)
        won = funnel_actions.win(won, seen=won.version, by=acme.rep, at=now)
        quarter = period_of(Kind.QUARTER, today, acme.org.fiscal_year_start)
        forecasting_actions.set_target(acme.rep, quarter.kind, quarter.starts_on, 10 * MILLION, by=acme.manager, at=now)
    return Scene(account, contact, first, second, won)


def test_a_rep_records_a_visit_on_the_phone(acme: Cast, scene: Scene, visit: Open) -> None:
    rep = visit(acme.rep, phone=True)
    page = rep.go("visits/new/")
    page.fill("#customer", "台達")
    page.get_by_role("option").filter(has_text="台達精密").first.click()
    page.wait_for_url(f"**account={scene.account.pk}**")
    page.locator(".pick", has_text="產線能源監控").click()
    page.locator(".pick", has_text="王經理").click()
    rep.allowed.add(422)
    with page.expect_response("**/visits/new/**") as answered:
        page.locator(".sendbar button").click()
    assert answered.value.status == 422
    expect(page.locator(".pick:has([name=contacts]:checked)", has_text="王經理")).to_be_visible()
    page.locator(".pick:has([name=result][value=advanced])").click()
    page.fill("[name=note]", "廠長希望看到節電試算")
    page.fill("[name=next_text]", "下週三 帶試算拜訪廠長")
    expect(page.locator("#due")).to_contain_text("拜訪廠長")
    expect(page.locator("[data-draft-state]")).to_be_visible()

    page.reload()
    expect(page.locator("[name=note]")).to_have_value("廠長希望看到節電試算")
    expect(page.locator("[name=next_text]")).to_have_value("下週三 帶試算拜訪廠長")
    page.locator(".sendbar button").dblclick()
    page.wait_for_url(lambda url: "/visits/new/" not in url)

    with reading(acme.org):
        logged = Visit.objects.get()
        assert (logged.opportunity_id, logged.note) == (scene.first.pk, "廠長希望看到節電試算")
        action = NextAction.objects.get()
        assert action.text == "帶試算拜訪廠長"
        assert action.due_on.isoweekday() == 3
        assert Opportunity.objects.get(pk=scene.first.pk).next_step == "帶試算拜訪廠長"


def test_a_manager_moves_a_card_reviews_and_coaches(acme: Cast, scene: Scene, visit: Open) -> None:
    manager = visit(acme.manager, language="en")
    manager.allowed = {422}  # missing evidence is answered with a dialog
    page = manager.go("funnel/")
    card = page.locator(f"#opportunity-{scene.first.pk}")
    card.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_text("Go on without it", exact=True).click()
    page.get_by_label("Why is the evidence not there yet?").fill("their plan comes on Monday")
    page.get_by_role("button", name="Move anyway").click()
    expect(page.locator(f"#col-2 #opportunity-{scene.first.pk}")).to_be_visible()
    page.locator(".toast button").first.click()
    expect(page.locator(f"#col-1 #opportunity-{scene.first.pk}")).to_be_visible()
    with reading(acme.org):
        moves = Change.objects.filter(opportunity=scene.first, kind="stage")
        assert [row.undoes_id is None for row in moves.order_by("id")] == [True, False]

    page = manager.go("coaching/review/")
    page.get_by_role("button", name="Start the review").click()
    page.wait_for_url("**/coaching/reviews/**")
    page.locator(f"#row-{scene.first.pk}").click(position={"x": 300, "y": 12})
    page.keyboard.press("1")
    page.keyboard.press("n")
    page.keyboard.type("by Friday the CTO visits the plant manager")
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{scene.first.pk} .decided")).to_be_visible()
    expect(page.locator(f"#row-{scene.second.pk}.active")).to_be_visible()
    page.get_by_role("button", name="End and send the minutes").click()
    page.locator("#dialog button[type=submit]").click()
    page.wait_for_url("**/minutes/")
    expect(page.locator("main")).to_contain_text("the CTO visits the plant manager")
    with reading(acme.org):
        entry = ReviewEntry.objects.get()
        assert (entry.decision, entry.opportunity_id) == ("advance", scene.first.pk)
        assert entry.next_action.owner_id == acme.rep.pk
        assert Review.objects.get().ended_at is not None

    for agreed in ("Measure the cost of an hour of downtime", "Show the numbers to the CFO"):
        page = manager.go(f"coaching/sessions/new/{scene.first.pk}/")
        if agreed.startswith("Show"):
            expect(page.locator("main")).to_contain_text("Measure the cost of an hour of downtime")
            page.locator("label:has([name=outcome][value=done])").click()
        page.fill("[name=agreed]", agreed)
        page.get_by_role("button", name="Record the one-on-one").click()
        page.wait_for_url(lambda url: "/new/" not in url)
    with reading(acme.org):
        later, earlier = CoachingSession.objects.order_by("-id")
        assert later.previous_id == earlier.pk


def test_an_executive_reads_the_forecast_and_opens_its_rows(acme: Cast, scene: Scene, visit: Open) -> None:
    page = visit(acme.executive, language="en").go("")
    page.wait_for_url("**/forecast/**")
    expect(page.locator("main")).to_contain_text("1M")  # won: one million
    page.locator("main .figures a").first.click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_contain_text("品質追溯")
    expect(page.locator("main")).not_to_contain_text("備援機房")


def test_an_export_becomes_a_board(acme: Cast, visit: Open, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    lines = [
        "opportunity_id,sales_agent,account,deal_stage,engage_date,close_date,close_value",
        "A1,Rep Acme,Isdom,Won,2026-01-05,2026-02-10,1200",
        "A2,Rep Acme,Isdom,Lost,2026-01-06,2026-02-11,0",
        "A3,Rep Acme,Cancity,Engaging,2026-01-07,,900",
        "A4,Rep Acme,Cancity,Prospecting,,,",
    ]
    export.write_text("\n".join(lines), encoding="utf-8-sig")
    page = visit(acme.manager, language="en").go("import/new/")
    page.locator("label:has([name=target][value=opportunities])").first.click()
    page.set_input_files("#id_file", str(export))
    page.get_by_role("button", name="Read the file").click()
    work(acme.org)
    page.wait_for_url("**/columns/**")
    page.get_by_role("button", name="Show what would happen").click()
    work(acme.org)
    page.wait_for_url("**/preview/**")
    page.get_by_role("button", name="Import").click()
    page.wait_for_url(lambda url: "/preview/" not in url)
    work(acme.org)
    with reading(acme.org):
        stands = dict(Opportunity.objects.values_list("external_id", "status"))
        assert stands == {"A1": Status.WON, "A2": Status.LOST, "A3": Status.OPEN, "A4": Status.OPEN}
        assert Opportunity.objects.get(external_id="A3").stage == Stage.SOLUTION_FIT
    page.goto(page.url.split("/import/")[0] + "/funnel/")
    expect(page.locator("#col-4")).to_contain_text("Cancity")
