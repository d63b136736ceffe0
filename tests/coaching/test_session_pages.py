"""The pages of one-on-one sessions."""

from datetime import datetime
from typing import Any

import pytest

from coaching.decisions import Outcome
from coaching.models import CoachingSession
from tenants.scoping import working_for
from tests.activities.places import HTMX, Login, at
from tests.cast import Cast
from tests.coaching.factories import make_session
from tests.coaching.typed import session
from tests.funnel.factories import make_opportunity

pytestmark = pytest.mark.django_db


def test_a_session_begins_with_what_was_agreed_last_time(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    client, url = login(acme.manager), at(acme, "coaching:session_new", opportunity.pk)
    page = client.get(url).content.decode()
    assert "How do you know that this is a real possible sponsor?" in page
    assert "Opportunity plan recorded" in page
    assert "Agreed last time" not in page
    data = session(next_text="tomorrow call the CEO", findings="No <sponsor>")
    for _tap in range(2):
        assert client.post(url, data).status_code == 303
    with working_for(acme.org):
        first = CoachingSession.objects.get()
        assert (first.next_action.text, first.worth_pursuing) == ("call the CEO", True)
    page = client.get(url).content.decode()
    assert "Agreed last time" in page
    assert "Meet the CEO" in page
    answer = client.post(url, session(after=first.pk), headers=HTMX)
    assert answer.status_code == 422
    assert "what became of what was agreed" in answer.content.decode()
    assert client.post(url, session(outcome="done")).status_code == 409
    assert client.post(url, session(after=first.pk, outcome="done")).status_code == 303
    with working_for(acme.org):
        second = CoachingSession.objects.first()
        assert (second.previous, second.outcome) == (first, Outcome.DONE)
    page = client.get(at(acme, "coaching:session", second.pk)).content.decode()
    assert "What became of it" in page
    assert at(acme, "coaching:session", first.pk) in page
    assert "No &lt;sponsor&gt;" in client.get(at(acme, "coaching:session", first.pk)).content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agreed": " "}, "the next session begins with it"),
        ({"next_text": "call"}, "Say by when"),
        ({"worth_pursuing": "maybe"}, "Select a valid choice"),
        ({"findings": "x" * 5001}, "at most 5000"),
        ({"request_key": "x"}, "UUID"),
    ],
)
def test_a_bad_session_is_kept_as_typed(acme: Cast, login: Login, changes: dict[str, Any], said: str) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    url = at(acme, "coaching:session_new", opportunity.pk)
    answer = login(acme.manager).post(url, session(**{"skill": "Asking & listening", **changes}), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "Asking &amp; listening" in page


def test_a_rep_reads_and_only_the_coach_writes(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        held = make_session(opportunity, acme.manager, now)
    rep, coach = login(acme.rep), login(acme.manager)
    for client in (rep, coach, login(acme.executive)):
        assert client.get(at(acme, "coaching:session", held.pk)).status_code == 200
        assert "Meet the economic buyer" in client.get(at(acme, "coaching:sessions")).content.decode()
        assert client.get(at(acme, "coaching:of_opportunity", opportunity.pk), headers=HTMX).status_code == 200
    assert login(acme.rep2).get(at(acme, "coaching:session", held.pk)).status_code == 404
    assert rep.get(at(acme, "coaching:session_new", opportunity.pk)).status_code == 403
    assert rep.get(at(acme, "coaching:session_edit", held.pk)).status_code == 403
    assert login(acme.executive).get(at(acme, "coaching:session_edit", held.pk)).status_code == 403
    url = at(acme, "coaching:session_edit", held.pk)
    data = {
        "findings": "",
        "customer_commitment": "",
        "skill": "",
        "agreed": "Changed",
        "worth_pursuing": "",
        "version": 1,
    }
    assert coach.get(url).status_code == 200
    assert coach.post(url, {**data, "agreed": ""}).status_code == 422
    assert coach.post(url, data).status_code == 303
    answer = coach.post(url, {**data, "agreed": "Again"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Changed" in answer.content.decode()
    page = coach.get(at(acme, "coaching:of_opportunity", opportunity.pk), headers=HTMX).content.decode()
    assert at(acme, "coaching:session_new", opportunity.pk) in page
    page = rep.get(at(acme, "coaching:of_opportunity", opportunity.pk), headers=HTMX).content.decode()
    assert at(acme, "coaching:session_new", opportunity.pk) not in page
