"""Hostile words in a real browser: no page runs one, none is stopped only by the policy, none opens a dialog."""

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Dialog

from tests.cast import Cast
from tests.journeys.conftest import Visitor
from tests.walls.hostile import MARK, markup
from tests.walls.own import Own, furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

MANAGER = [
    "today/",
    "funnel/",
    "funnel/table/",
    "funnel/{opportunity}/",
    "funnel/{opportunity}/strategy/",
    "funnel/competitors/{competitor}/",
    "funnel/leads/",
    "funnel/leads/{lead}/",
    "accounts/",
    "accounts/{account}/",
    "visits/",
    "visits/{visit}/",
    "forecast/",
    "forecast/alerts/",
    "coaching/reviews/{review}/",
    "coaching/sessions/{session}/",
    "import/{done}/",
    "import/{mapping}/columns/",
    "jobs/notifications/",
]
ADMIN = ["settings/", "settings/people/", "settings/teams/", "settings/audit/", "settings/calendar/", "funnel/stages/"]
BECAME = f"document.querySelectorAll('{MARK}, [on{MARK}]').length + (typeof {MARK} == 'undefined' ? 0 : 1)"


def note(visitor: Visitor, dialog: Dialog) -> None:
    """Note a dialog as a trouble, and close it."""
    visitor.troubles.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def test_no_hostile_word_runs_in_a_browser(acme: Cast, visit: Callable[..., Visitor]) -> None:
    """A console message, a script error or a dialog is a trouble of the visitor, which fails the test."""
    own = furnish(acme, markup)
    ids = {name: own.id_of(name) for name in Own.__dataclass_fields__}
    for member, paths in ((acme.manager, MANAGER), (acme.admin, ADMIN)):
        visitor = visit(member, language="en")
        visitor.page.on("dialog", partial(note, visitor))
        for path in paths:
            page = visitor.go(path.format(**ids))
            page.wait_for_load_state("networkidle")
            assert MARK in page.content(), f"{path} shows no hostile word"
            assert page.evaluate(BECAME) == 0, path
        page.keyboard.press("Control+k")
        page.keyboard.type(MARK)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(BECAME) == 0


def test_the_browser_would_complain(acme: Cast, visit: Callable[..., Visitor]) -> None:
    """The eyes of the journey see: a script put into a page is stopped by the policy, and that is told."""
    visitor = visit(acme.rep, language="en")
    page = visitor.go("profile/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"/none\" onerror=\"alert(1)\">')")
    page.wait_for_timeout(500)
    assert any("Content Security Policy" in trouble for trouble in visitor.troubles)
    visitor.troubles.clear()
