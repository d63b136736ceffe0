"""Reading: every page, as every role, in an organization whose every word is hostile, beside the stranger.

One round asks three things, since rounds are dear: nothing foreign is shown, nothing is changed, and no word becomes
more than a word.
"""

import pytest

from tests.cast import Cast
from tests.walls.crawl import ROLES, Answer, Browser, visit
from tests.walls.examples import addresses
from tests.walls.hostile import MARK, became_more, cells, formulas, markup
from tests.walls.own import Own, furnish
from tests.walls.state import differences, nothing_stays, noting_writes, whole_state

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


WRITES_WHEN_READ = {
    "mfa_view_recovery_codes": "recovery codes are shown once: that they were shown is written down as they are",
}
"""Pages whose reading changes something, each with its reason."""


@pytest.fixture
def hostile(acme: Cast) -> Own:
    """One's own organization, every word of it hostile."""
    return furnish(acme, markup)


@pytest.mark.parametrize("role", ROLES)
def test_reading_shows_nothing_foreign_changes_nothing_and_runs_nothing(
    hostile: Own, stranger: Cast, role: str
) -> None:
    browser = Browser(getattr(hostile.cast, role))
    before = whole_state()
    wrong: list[str] = []
    writes: list[str] = []

    def look(answer: Answer) -> None:
        wrong.extend(f"{answer.asked} shows {name}" for name in answer.heard)
        wrong.extend(f"{answer.asked} lets a word become {thing}" for thing in became_more(answer))
        if answer.status >= 500:
            wrong.append(f"{answer.asked} broke")

    with noting_writes() as written:
        for answer in visit(browser, hostile, but=WRITES_WHEN_READ):
            look(answer)
            if answer.status == 200 and answer.is_page:
                look(browser.ask("GET", answer.url, htmx=True))
                if role in {"executive", "admin"}:
                    look(browser.ask("HEAD", answer.url))
            writes += [f"{answer.url}: {statement}" for statement in written]
            written.clear()
    with nothing_stays():
        for address in addresses():
            if address.name in WRITES_WHEN_READ:
                look(browser.ask("GET", address.of(hostile)))
    assert wrong == []
    changed = differences(before, whole_state())
    assert not changed, f"reading changed {changed}; what was written: {writes}"


def test_pages_that_are_read_carry_the_hostile_words(hostile: Own) -> None:
    """The round above looks at something: the words stand on the pages, escaped."""
    browser = Browser(hostile.cast.executive)
    carrying = {answer.name for answer in visit(browser, hostile) if answer.is_page and MARK in answer.text}
    assert len(carrying) > 50, sorted(carrying)


def test_files_that_are_handed_out_run_nothing_in_a_spreadsheet(acme: Cast) -> None:
    own = furnish(acme, formulas())
    found = []
    for role in ("executive", "manager", "admin"):
        for answer in visit(Browser(getattr(own.cast, role)), own):
            if "attachment" in answer.response.headers.get("Content-Disposition", ""):
                found.append(answer.name)
                assert became_more(answer) == [], answer.asked
                if answer.name == "exchange:import_rejects":
                    assert any(cell.startswith("'") for cell in cells(answer.response.content)), "nothing was hostile"
    assert {"exchange:import_rejects", "jobs:file", "exchange:import_template"} <= set(found)
