"""The board under the hand, in a real browser: drag, two quick moves, no network, two people, and the phone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from funnel import actions
from funnel.models import Opportunity, SavedView
from funnel.stages import Category, Stage
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import MILLION, make_account, make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]


@pytest.fixture
def deals(acme: Cast) -> list[Opportunity]:
    """A dozen opportunities of the rep, in the fourth stage and the fifth; evidence is no matter going back."""
    at = timezone.now() - timedelta(days=5)
    with reading(acme.org):
        account = make_account(acme.rep, "台達精密", at)
        return [
            make_opportunity(acme.rep, f"Deal {n}", account, at, stage=Stage(4 + n % 2), amount=(20 - n) * MILLION)
            for n in range(12)
        ]


def at(page: Page, found: Opportunity, stage: int) -> None:
    expect(page.locator(f"#col-{stage} #opportunity-{found.pk}")).to_be_visible()


def drag(page: Page, found: Opportunity, column: str, *, drop: bool = True) -> None:
    card, to = page.locator(f"#opportunity-{found.pk}").bounding_box(), page.locator(column).bounding_box()
    assert card
    assert to
    page.mouse.move(card["x"] + 40, card["y"] + 30)
    page.mouse.down()
    page.mouse.move(to["x"] + 60, to["y"] + 120, steps=6)
    if drop:
        page.mouse.up()


def test_quick_moves_are_answered_in_their_order(acme: Cast, deals: list[Opportunity], visit: Open) -> None:
    page = visit(acme.rep, language="en").go("funnel/?group=category")
    slow: list[str] = []

    def delay(route: object) -> None:
        slow.append("x")
        page.wait_for_timeout(600 if len(slow) == 1 else 0)
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/regroup/**", delay)
    commit = page.locator(".col[data-stage=commit]")
    first, second = deals[0], deals[1]
    for deal in (first, second):
        drag(page, deal, ".col[data-stage=commit]")
        expect(commit.locator(f"#opportunity-{deal.pk}")).to_be_visible()
    page.wait_for_timeout(1_500)
    for deal in (first, second):
        expect(commit.locator(f"#opportunity-{deal.pk}")).to_be_visible()
        expect(page.locator(f"#opportunity-{deal.pk}.pending")).to_have_count(0)
    with reading(acme.org):
        assert Opportunity.objects.filter(category="commit").count() == 2


def test_without_a_network_the_card_returns_and_says_so(acme: Cast, deals: list[Opportunity], visit: Open) -> None:
    rep = visit(acme.rep, language="en")
    page = rep.go("funnel/?group=category")
    page.route("**/regroup/**", lambda route: route.abort())
    card = deals[3]
    home = page.locator(".col", has=page.locator(f"#opportunity-{card.pk}")).get_attribute("data-stage")
    drag(page, card, ".col[data-stage=commit]")
    expect(page.locator(".toast[data-kind=error]")).to_be_visible()
    expect(page.locator(f".col[data-stage={home}] #opportunity-{card.pk}")).to_be_visible()
    expect(page.locator(f"#opportunity-{card.pk}")).to_be_focused()
    rep.troubles.clear()  # a browser without a network says so
    with reading(acme.org):
        assert Opportunity.objects.get(pk=card.pk).version == 1


def test_nothing_moves_under_the_hand_and_scrolled_columns_stay(
    acme: Cast, deals: list[Opportunity], visit: Open
) -> None:
    manager = visit(acme.manager, language="en")
    manager.allowed = {409, 422}
    page = manager.go("funnel/")
    page.set_viewport_size({"width": 1440, "height": 520})
    stack = page.locator("#col-4 .stack")
    stack.evaluate("(e) => { e.scrollTop = 90; }")
    shown = deals[4]
    drag(page, shown, "#col-5", drop=False)
    expect(page.locator(".card.ghost")).to_be_visible()
    # somebody else moves another card meanwhile; the board hears of it, and waits for the hand
    with reading(acme.org):
        other = Opportunity.objects.get(pk=deals[0].pk)
        actions.move(other, left=Stage(4), to=Stage(3), why="Learnt", by=acme.rep, at=timezone.now())
    page.evaluate(
        """async () => {
          const e = document.getElementById('board-pulse');
          await htmx.ajax('GET', e.getAttribute('hx-get'), {target: '#loading', swap: 'none'});
        }"""
    )
    page.wait_for_timeout(300)
    expect(page.locator(f"#col-4 #opportunity-{deals[0].pk}")).to_have_count(1)
    expect(page.locator(f"#opportunity-{shown.pk}.lifted")).to_have_count(1)
    page.keyboard.press("Escape")
    page.mouse.up()
    at(page, deals[0], 3)
    assert stack.evaluate("(e) => e.scrollTop") > 0


def test_two_people_on_the_same_card_see_both(acme: Cast, deals: list[Opportunity], visit: Open) -> None:
    manager = visit(acme.manager, language="en")
    manager.allowed = {409}
    page, card = manager.go("funnel/?group=category"), deals[2]
    with reading(acme.org):
        seen = Opportunity.objects.get(pk=card.pk)
        actions.change_opportunity(seen, seen=1, category=Category.OMITTED, by=acme.rep, at=timezone.now())
    drag(page, card, ".col[data-stage=commit]")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Rep Acme")
    expect(dialog).to_contain_text("Omitted")
    expect(dialog).to_contain_text("Commit")
    expect(page.locator(f".col[data-stage=omitted] #opportunity-{card.pk}")).to_be_visible()  # theirs, behind it
    dialog.get_by_role("button", name="Keep mine").click()
    expect(page.locator(f".col[data-stage=commit] #opportunity-{card.pk}")).to_be_visible()
    with reading(acme.org):
        assert Opportunity.objects.get(pk=card.pk).category == "commit"


def test_many_are_changed_from_the_table_and_taken_back(acme: Cast, deals: list[Opportunity], visit: Open) -> None:
    page = visit(acme.manager, language="en").go("funnel/table/?stage=4")
    for row in page.locator("tbody input[name=pk]").all()[:2]:
        row.check()
    page.locator("#bulk-go").click()
    page.locator("#dialog label:has([value=category])").click()
    page.locator("#dialog [name=category]").select_option("commit")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.locator("#dialog")).to_contain_text("will be changed")
    page.get_by_role("button", name="Change them").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with reading(acme.org):
        assert Opportunity.objects.filter(category="commit").count() == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#dialog")).to_contain_text("taken back")
    with reading(acme.org):
        assert Opportunity.objects.filter(category="commit").count() == 0
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#bulk")).to_be_hidden()


def test_on_the_phone_filters_grouping_and_views_are_at_hand(acme: Cast, deals: list[Opportunity], visit: Open) -> None:
    page = visit(acme.rep, phone=True, language="en").go("funnel/")
    expect(page.locator("#board-filters")).to_be_hidden()
    page.locator("[popovertarget=board-filters]").tap()
    expect(page.locator("#board-filters")).to_be_visible()
    page.locator("#board-filters [name=group]").select_option("category")
    page.wait_for_url("**group=category**")
    page.locator("#view-new").tap()
    page.locator("#dialog [name=name]").fill("By category")
    page.locator("#dialog").get_by_role("button", name="Save").tap()
    page.wait_for_url("**view=**")
    expect(page.locator(".views [aria-current]")).to_contain_text("By category")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with reading(acme.org):
        assert SavedView.objects.get().query == "group=category"
