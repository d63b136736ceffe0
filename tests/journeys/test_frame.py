"""The frame around every page: palette, keys, theme, menus, small screens."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

Visit = Callable[..., Visitor]


def test_the_palette_knows_pinyin_and_words(visit: Visit, acme: Cast) -> None:
    page = visit(acme.manager).go("today/")
    page.keyboard.press("/")
    expect(page.locator("#palette input")).to_be_focused()
    page.keyboard.type("gth")
    expect(page.locator("#palette [role=option]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/coaching/review/")
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzz")
    expect(page.locator("#palette-none")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_two_keys_go_to_the_board_and_one_to_a_visit(visit: Visit, acme: Cast) -> None:
    page = visit(acme.rep).go("today/")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/funnel/")
    page.keyboard.press("c")
    page.wait_for_url("**/visits/new/**")


def test_an_input_method_keeps_its_keys(visit: Visit, acme: Cast) -> None:
    page = visit(acme.rep).go("today/")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true, isComposing: true}))"
    )
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def test_single_keys_can_be_turned_off(visit: Visit, acme: Cast) -> None:
    acme.rep.user.single_keys = False
    acme.rep.user.save()
    page = visit(acme.rep).go("today/")
    page.keyboard.press("?")
    page.keyboard.press("c")
    expect(page.locator("#shortcuts")).to_be_hidden()
    assert page.url.endswith("/today/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_a_theme_chosen_here_stays_until_the_profile_says_otherwise(visit: Visit, acme: Cast) -> None:
    page = visit(acme.rep).go("today/")
    root = page.locator("html")
    page.click(".side .mine")
    page.click("#me-menu [data-act=theme]")
    expect(root).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    acme.rep.user.theme = "light"
    acme.rep.user.save()
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_a_menu_is_walked_with_keys(visit: Visit, acme: Cast) -> None:
    page = visit(acme.rep, language="en").go("today/")
    page.focus(".side .mine")
    page.keyboard.press("Enter")
    menu = page.locator("#me-menu")
    expect(menu).to_be_visible()
    box, opener = menu.bounding_box(), page.locator(".side .mine").bounding_box()
    assert box
    assert opener
    assert box["y"] + box["height"] <= opener["y"]
    page.keyboard.press("ArrowDown")
    expect(menu.locator("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator(".side .mine")).to_be_focused()


def test_a_phone_has_tabs_and_the_rest_under_more(visit: Visit, acme: Cast) -> None:
    page = visit(acme.manager, phone=True).go("today/")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator(".tabbar > *")).to_have_count(5)
    page.click(".tabbar button")
    expect(page.locator("#more-menu a").first).to_be_visible()


@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_nothing_runs_off_a_narrow_screen(visit: Visit, acme: Cast, language: str) -> None:
    visitor = visit(acme.executive, phone=True, language=language)
    visitor.page.set_viewport_size({"width": 320, "height": 640})
    for path in (
        "today/",
        "funnel/table/",
        "accounts/",
        "visits/",
        "forecast/",
        "coaching/review/",
        "profile/",
        "import/",
    ):
        page = visitor.go(path)
        page.wait_for_load_state("networkidle")
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, path


def test_no_amount_behind_a_number_is_cut_off_on_a_phone(visit: Visit, acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, 947_654_321, timezone.localdate(), name="Maintenance forecast for the second line")
    page = visit(acme.manager, phone=True, language="en").go("forecast/rows/?what=due")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.eval_on_selector(".sheet.scroll", "each => each.scrollWidth - each.clientWidth") <= 0


def test_what_one_may_not_see_is_said_plainly(visit: Visit, acme: Cast) -> None:
    visitor = visit(acme.colleague, language="en")
    visitor.allowed = {403, 404}
    page = visitor.go("forecast/")
    expect(page.locator("h1")).to_have_text("You may not open this page")
    expect(page.locator("main")).to_contain_text(acme.admin.user.name)
    page = visitor.go("nowhere/")
    expect(page.locator("h1")).to_have_text("There is nothing here")
