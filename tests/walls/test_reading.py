"""Reading: every page, as every role, in an organization whose every word is hostile, beside the stranger.

One round asks three things, since rounds are dear: nothing foreign is shown, nothing is changed, and no word becomes
more than a word.
"""

import pytest

from jobs.models import StoredFile
from tenants.scoping import reading
from tests.cast import Cast
from tests.walls.crawl import ROLES, Answer, Browser, visit
from tests.walls.examples import addresses
from tests.walls.hostile import MARK, became_more, cells, formulas, markup
from tests.walls.own import Own, furnish
from tests.walls.state import differences, nothing_stays, noting_writes, whole_state
from tests.walls.words import text_columns, values, wordless

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
            wrong.append(f"{answer.asked} broke: {answer.broken_by}")

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
    if changed := differences(before, whole_state()):
        wrong.append(f"reading changed {changed}; what was written: {writes}")
    assert wrong == []


def test_pages_that_are_read_carry_the_hostile_words(hostile: Own) -> None:
    """The round above looks at something: the words stand on the pages, escaped."""
    browser = Browser(hostile.cast.executive)
    carrying = {answer.name for answer in visit(browser, hostile) if answer.is_page and MARK in answer.text}
    assert len(carrying) > 50, sorted(carrying)


NOT_HOSTILE = {
    "a code of ours, by which programs find things": """
        accounts_timelineentry.source accounts_timelineentry.verb exchange_import.target exchange_savedmapping.target
        forecasting_alert.code funnel_evidenceitem.code funnel_opportunity.flags jobs_job.error jobs_job.kind
        jobs_job.step jobs_notification.code tenants_auditevent.target_type tenants_auditevent.verb
    """,
    "counts, positions and answers that our code writes": """
        accounts_assessmentsetting.weights exchange_import.counts exchange_import.mapping exchange_import.notes
        exchange_import.problem exchange_savedmapping.answers funnel_bulkchange.asked funnel_bulkchange.outcome
        jobs_job.cursor jobs_job.payload jobs_job.result
    """,
    "an address of this site, or a key that our code makes": """
        account_emailconfirmation.key funnel_webform.token funnel_webmessage.digest jobs_job.unique_key
        jobs_notification.unique_key jobs_notification.url tenants_organization.slug
    """,
    "checksums and packed numbers": """
        exchange_import.sha256 exchange_importchunk.effects exchange_importchunk.keys exchange_importchunk.outcomes
        jobs_storedfile.sha256 tenants_invitation.token_hash tenants_user.password
    """,
    "of the sign-in, which reads it and never shows it": """
        auth_group.name django_session.session_data django_session.session_key usersessions_usersession.data
        usersessions_usersession.session_key
    """,
    "an address of mail, which is checked before it is taken": """
        account_emailaddress.email tenants_invitation.email tenants_user.email
    """,
    "how a file is read: told from the file, or chosen from a list": """
        exchange_import.encoding exchange_import.sheet exchange_import.sheets jobs_storedfile.content_type
    """,
    "headings of a file; those that no field takes are hostile, and stand beside it": "exchange_savedmapping.columns",
    "only an import writes it; the same words stand in the tables it writes to": """
        funnel_opportunity.external_id funnel_withdrawnchange.external_id funnel_withdrawnchange.kind
        funnel_withdrawnchange.name funnel_withdrawnchange.new funnel_withdrawnchange.old funnel_withdrawnchange.why
    """,
}
"""Text columns in which no hostile word stands, by the reason."""


def test_a_hostile_word_stands_in_every_text_column(hostile: Own) -> None:
    excused = {column for columns in NOT_HOSTILE.values() for column in columns.split()} | set(wordless())
    asked = set(text_columns()) - excused
    tame = {column for column in asked if not any(MARK in value.lower() for value in values(column))}
    assert not tame, (
        f"no hostile word reaches {sorted(tame)}: make one in tests/walls/furnishing by `text(limit)`, or name the"
        " column in NOT_HOSTILE here, with the reason"
    )


AS_FILED = {"funnel:evidence_file", "funnel:commitment_file"}
"""Proofs, which are handed back byte for byte as somebody filed them: a text, which no spreadsheet opens."""


def test_files_that_are_handed_out_run_nothing_in_a_spreadsheet(acme: Cast) -> None:
    own = furnish(acme, formulas())
    with reading(acme.org):
        proofs = [bytes(content) for content in StoredFile.objects.values_list("content", flat=True)]
    found = []
    for role in ("manager",):
        for answer in visit(Browser(getattr(own.cast, role)), own):
            if "attachment" in answer.response.headers.get("Content-Disposition", ""):
                found.append(answer.name)
                became = became_more(answer)
                if answer.name in AS_FILED:
                    assert answer.response.headers["Content-Type"] == "text/plain", answer.asked
                    assert answer.response.content in proofs, answer.asked
                    became = [thing for thing in became if not thing.startswith("a formula")]
                assert became == [], answer.asked
                if answer.name == "exchange:import_rejects":
                    assert any(cell.startswith("'") for cell in cells(answer.response.content)), "nothing was hostile"
    assert {"exchange:import_rejects", "jobs:file", "exchange:import_template", *AS_FILED} <= set(found)
