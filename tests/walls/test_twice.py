"""Every form sent twice within a moment: what it does is done once, and both answers say something sensible."""

import threading

import pytest
from django.db import connection, connections

from tenants.models import Organization
from tenants.scoping import reading
from tests.walls.crawl import Answer, Browser, Offer, confirmed, survey
from tests.walls.own import Own
from tests.walls.state import nothing_stays
from tests.walls.stranger import tenant_models

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DONE_TWICE = {
    "funnel:web_form_secret": "each look at the secret is audited",
    "funnel:web_form_renew": "the second secret is shown last, and holds",
}
"""What is done twice on purpose."""
AFTER_COMMIT = {"jobs_notification"}
"""What is told after the commit, which the measure of once does not see."""


def counts(org: Organization) -> dict[str, int]:
    """Return how many rows the organization has in each table."""
    tables = {model._meta.db_table for model in tenant_models()} - AFTER_COMMIT
    asked = " UNION ALL ".join(f"SELECT '{each}', count(*) FROM \"{each}\"" for each in sorted(tables))
    with reading(org), connection.cursor() as cursor:
        cursor.execute(asked)
        return dict(cursor.fetchall())


def more(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return in which tables there is more or less now, and by how many rows."""
    return {table: after[table] - before[table] for table in after if after[table] != before[table]}


def twice(own: Own, offer: Offer) -> list[Answer]:
    """Send a form from two windows of the same person at the same moment."""
    both = threading.Barrier(2)
    answers: list[Answer] = []

    def go(browser: Browser) -> None:
        try:
            both.wait(20)
            answers.append(browser.ask("POST", offer.form.url, offer.form.data, files=offer.form.files))
        finally:
            connections.close_all()

    windows = [Browser(getattr(own.cast, offer.role)) for _window in range(2)]
    threads = [threading.Thread(target=go, args=[browser]) for browser in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_a_form_sent_twice_at_once_does_it_once(own: Own) -> None:
    _reached, offered = survey(own)
    org, wrong, tried = own.cast.org, [], set()
    for offer in offered:
        if not offer.form.url.startswith(f"/o/{org.slug}/"):
            continue
        browser, before = Browser(getattr(own.cast, offer.role)), counts(org)
        with nothing_stays():
            answer = browser.ask("POST", offer.form.url, offer.form.data, files=offer.form.files)
            if answer.status == 422:
                offer = confirmed(offer, answer)
                answer = browser.ask("POST", offer.form.url, offer.form.data, files=offer.form.files)
            once = more(before, counts(org))
        if not answer.is_in_order:  # what was sent before has changed what it is about
            continue
        tried.add(offer.name)
        answers = twice(own, offer)
        done = more(before, counts(org))
        told = f"{offer.name} by {offer.role} {sorted(each.status for each in answers)}"
        wrong += [f"{told} broke: {each.broken_by}" for each in answers if each.status >= 500]
        if done != once and offer.name not in DONE_TWICE:
            wrong.append(f"{told}: once {once}, twice {done}")
    assert wrong == []
    assert tried >= set(DONE_TWICE)
    assert len(tried) > 100
