"""The pages of a review, and who may see them."""

import json
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities import actions as activities
from activities.models import NextAction
from coaching import actions
from coaching.models import CoachingSession, Review, ReviewEntry
from coaching.queries import ROWS
from tenants.scoping import working_for
from tests.activities.places import DAY, HTMX, Login, at
from tests.cast import Cast
from tests.coaching.factories import make_entry, make_review, make_session
from tests.coaching.typed import decided
from tests.funnel.factories import make_opportunity

pytestmark = pytest.mark.django_db


def test_a_manager_starts_and_goes_on(acme: Cast, login: Login, now: datetime) -> None:
    client = login(acme.manager)
    page = client.get(at(acme, "coaching:review"))
    assert "Nobody to walk through yet" in page.content.decode()
    assert "You do not walk through your own opportunities with yourself." in page.content.decode()
    assert client.post(at(acme, "coaching:review")).status_code == 422
    with working_for(acme.org):
        make_opportunity(acme.rep)
    assert acme.rep.name in client.get(at(acme, "coaching:review")).content.decode()
    answer = client.post(at(acme, "coaching:review"))
    with working_for(acme.org):
        review = Review.objects.get()
    assert answer["Location"] == at(acme, "coaching:meeting", review.pk)
    assert client.get(at(acme, "coaching:review"))["Location"] == answer["Location"]
    client = login(acme.executive)
    assert "leads a review right now" in client.get(at(acme, "coaching:review")).content.decode()
    assert client.get(at(acme, "coaching:meeting", review.pk)).status_code == 200


def test_a_row_says_why_and_what_was_decided_last_time(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, at=now - 60 * DAY)
        before = make_review(acme.manager, now - 14 * DAY)
        make_entry(before, opportunity, now - 14 * DAY, next_text="CTO visits plant", next_on=(now - 9 * DAY).date())
        actions.end_review(before, by=acme.manager, at=now - 14 * DAY)
        review = make_review(acme.manager, now)
    client, url = login(acme.manager), at(acme, "coaching:meeting", review.pk)
    page = client.get(url).content.decode()
    assert "60 days without contact" in page
    assert "Last time" in page
    assert "CTO visits plant" in page
    assert "(not done)" in page
    assert f'data-row="{opportunity.pk}"' in page
    with working_for(acme.org):
        activities.complete(NextAction.objects.get(), by=acme.rep, at=now)
    page = client.get(url).content.decode()
    assert "(not done)" not in page
    assert 'class="health ok"' in page


def test_a_decision_answers_with_its_row_and_goes_on(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, now)
    client, url = login(acme.manager), at(acme, "coaching:review_entry", review.pk, opportunity.pk)
    answer = client.post(url, decided(next_text="tomorrow CTO visits plant"), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger-After-Swap"])["review:saved"] == {"pk": opportunity.pk}
    assert page.lstrip().startswith("<tbody")
    assert "active" not in page.split(">")[0]
    assert 'id="log" hx-swap-oob="true"' in page
    assert 'id="pulse" hidden data-poll hx-swap-oob="true"' in page
    assert 'name="version" value="1"' in page
    with working_for(acme.org):
        action = NextAction.objects.get()
        assert (action.text, action.owner) == ("CTO visits plant", acme.rep)
    assert 'title="CTO visits plant"' in page
    answer = client.post(url, decided(version=1, decision="help", next_text="CTO visits plant"), headers=HTMX)
    assert answer.status_code == 200
    with working_for(acme.org):
        assert ReviewEntry.objects.get().decision == "help"
        assert NextAction.objects.count() == 1
    assert client.post(url, decided(version=2)).status_code == 303


def test_a_row_shows_the_step_agreed_on_before_one_that_is_overdue(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, at=now - 60 * DAY)
        facts: dict[str, Any] = {"owner": acme.rep, "by": acme.rep, "opportunity": opportunity}
        old: dict[str, Any] = {"text": "Send the offer", "due_on": (now - 30 * DAY).date()}
        activities.add_next_action(opportunity.account, at=now - 40 * DAY, **old, **facts)
        review = make_review(acme.manager, now)
    client, url = login(acme.manager), at(acme, "coaching:review_entry", review.pk, opportunity.pk)
    meeting = at(acme, "coaching:meeting", review.pk)
    assert 'title="Send the offer"' in client.get(meeting).content.decode()
    saved = client.post(url, decided(next_text="tomorrow CTO visits plant"), headers=HTMX).content.decode()
    for page in (saved, client.get(meeting).content.decode()):
        assert ('title="CTO visits plant"' in page, 'title="Send the offer"' in page) == (True, False)
        assert '<span class="due neg">' not in page
    with working_for(acme.org):
        activities.complete(NextAction.objects.get(text="CTO visits plant"), by=acme.rep, at=now)
    assert 'title="Send the offer"' in client.get(meeting).content.decode(), "what is done comes next no more"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision": ""}, "Choose a decision."),
        ({"decision": "sell"}, "Select a valid choice"),
        ({"next_text": "call <b>him</b>"}, "Say by when"),
        ({"next_text": "tomorrow"}, "Write what is to be done"),
        ({"comment": "x" * 2001}, "at most 2000"),
        ({"version": "x"}, "whole number"),
    ],
)
def test_a_bad_row_comes_back_as_typed(
    acme: Cast, login: Login, now: datetime, changes: dict[str, Any], said: str
) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, now)
    url = at(acme, "coaching:review_entry", review.pk, opportunity.pk)
    answer = login(acme.manager).post(url, decided(**changes), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'class="active"' in page
    if "<b>" in changes.get("next_text", ""):
        assert "call &lt;b&gt;him&lt;/b&gt;" in page
    with working_for(acme.org):
        assert ReviewEntry.objects.count() == 0


def test_a_stale_decision_answers_409_with_both(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, now)
        make_entry(review, opportunity, now, by=acme.executive, comment="theirs")
    url = at(acme, "coaching:review_entry", review.pk, opportunity.pk)
    answer = login(acme.manager).post(url, decided(decision="hold", comment="mine"), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 409
    for words in ("Advance", "Hold", "theirs", "mine", 'data-keep="1"', acme.executive.name):
        assert words in page


def test_another_screen_sees_what_happened_and_nothing_else(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        first, second = make_opportunity(acme.rep, "First"), make_opportunity(acme.rep, "Second")
        make_opportunity(acme.rep2)
        review = make_review(acme.manager, now)
    leader, projector = login(acme.manager), login(acme.executive)
    page = projector.get(at(acme, "coaching:meeting", review.pk, mode="projector")).content.decode()
    poll = re.search(r'id="pulse"[^>]*hx-get="([^"]+)"[^>]*"If-None-Match": "\\"(\w+)\\""', page)
    assert poll is not None
    address, tag = poll[1].replace("&amp;", "&"), f'"{poll[2]}"'
    assert "follow=1" in address
    answer = projector.get(address, headers={**HTMX, "If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    leader.post(at(acme, "coaching:review_entry", review.pk, first.pk), decided(), headers=HTMX)
    answer = projector.get(address, headers={**HTMX, "If-None-Match": tag})
    page = answer.content.decode()
    assert answer["ETag"] != tag
    assert f'id="row-{first.pk}"' in page
    assert f'id="row-{second.pk}"' not in page
    own = address.replace("&follow=1", "")
    assert f'id="row-{first.pk}"' not in leader.get(own, headers=HTMX).content.decode()
    leader.post(at(acme, "coaching:turn", review.pk), {"to": acme.rep2.pk})
    assert projector.get(address, headers=HTMX)["HX-Refresh"] == "true"
    assert "HX-Refresh" not in leader.get(own, headers=HTMX)


def test_many_opportunities_stand_on_pages(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        account = make_opportunity(acme.rep, "Deal 0").account
        last = make_opportunity(acme.rep, "Deal 1", account=account, amount=1)
        for n in range(2, ROWS + 3):
            make_opportunity(acme.rep, f"Deal {n}", account=account, amount=n)
        review = make_review(acme.manager, now)
    client, url = login(acme.manager), at(acme, "coaching:meeting", review.pk)
    assert client.get(url).content.decode().count("data-row=") == ROWS
    page = client.get(f"{url}?page=2").content.decode()
    assert page.count("data-row=") == 3
    assert f'data-row="{last.pk}"' in page
    entry = at(acme, "coaching:review_entry", review.pk, last.pk)
    for number in (1, 2):
        answer = client.post(f"{entry}?page={number}", decided(version=number - 1), headers=HTMX)
        assert f'id="row-{last.pk}"' in answer.content.decode()


def test_the_roster_and_the_walk(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, expected_close_on=now.astimezone(acme.org.zone).date(), at=now, stage=2)
        make_opportunity(acme.rep2, "Other deal")
        review = make_review(acme.manager, now)
    client, url = login(acme.manager), at(acme, "coaching:meeting", review.pk)
    page = client.get(url).content.decode()
    assert f"Next: {acme.rep2.name}" in page
    assert re.search(r'<span class="sub"><span>Weighted [^<]+</span><span>Proven [^<]+</span></span>', page)
    answer = client.post(at(acme, "coaching:turn", review.pk), {"to": acme.rep2.pk})
    assert answer["Location"] == f"{url}?person={acme.rep2.pk}"
    page = client.get(answer["Location"]).content.decode()
    assert "Other deal" in page
    assert "1 / 2" in page
    assert client.get(f"{url}?person=nonsense").status_code == 200
    assert client.post(at(acme, "coaching:turn", review.pk), {"to": acme.partner.pk}).status_code == 404
    assert client.get(at(acme, "coaching:beside", review.pk, acme.rep.pk), headers=HTMX).status_code == 200
    assert client.get(at(acme, "coaching:beside", review.pk, acme.partner.pk), headers=HTMX).status_code == 404


def test_minutes_are_whole_for_the_leader_and_ones_own_for_a_rep(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        mine, others = make_opportunity(acme.rep, "Mine"), make_opportunity(acme.rep2, "Others")
        review = make_review(acme.manager, now)
        make_entry(review, mine, now, next_text="Call the CFO", next_on=now.date() + DAY)
        make_entry(review, others, now, comment="secret of rep2")
    client = login(acme.manager)
    assert 'id="dialog-title"' in client.get(at(acme, "coaching:end", review.pk), headers=HTMX).content.decode()
    assert client.post(at(acme, "coaching:end", review.pk), {"minutes": "x" * 5001}).status_code == 422
    answer = client.post(at(acme, "coaching:end", review.pk), {"minutes": "Focus <on> Close"})
    assert answer["Location"] == at(acme, "coaching:minutes", review.pk)
    page = client.get(answer["Location"]).content.decode()
    for words in ("Mine", "Others", "secret of rep2", "Call the CFO", "Focus &lt;on&gt; Close"):
        assert words in page
    assert client.get(at(acme, "coaching:meeting", review.pk))["Location"] == answer["Location"]
    page = login(acme.rep).get(answer["Location"]).content.decode()
    assert "Mine" in page
    assert "Others" not in page
    assert "secret of rep2" not in page
    assert at(acme, "coaching:minutes", review.pk) in login(acme.rep).get(at(acme, "coaching:reviews")).content.decode()
    url = at(acme, "coaching:review_entry", review.pk, mine.pk)
    answer = client.post(url, decided(version=1), headers=HTMX)
    assert answer.status_code == 422
    assert "has ended" in answer.content.decode()


def test_what_is_not_visible_is_404_and_what_is_not_permitted_403(
    acme: Cast, globex: Cast, login: Login, now: datetime
) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, now)
        entry = make_entry(review, opportunity, now)
        held = make_session(opportunity, acme.manager, now)
    gets = [
        ("coaching:meeting", [review.pk]),
        ("coaching:pulse", [review.pk]),
        ("coaching:end", [review.pk]),
        ("coaching:beside", [review.pk, acme.rep.pk]),
        ("coaching:minutes", [review.pk]),
        ("coaching:session", [held.pk]),
        ("coaching:session_edit", [held.pk]),
        ("coaching:session_new", [opportunity.pk]),
        ("coaching:of_opportunity", [opportunity.pk]),
    ]
    posts = [
        ("coaching:review_entry", [review.pk, entry.opportunity_id]),
        ("coaching:turn", [review.pk]),
        ("coaching:end", [review.pk]),
    ]
    stranger = login(globex.executive)
    for name, args in gets:
        assert stranger.get(at(globex, name, *args)).status_code == 404, name
        assert stranger.get(at(acme, name, *args)).status_code == 404, name
    for name, args in posts:
        assert stranger.post(at(globex, name, *args), decided()).status_code == 404, name
    for member in (acme.rep, acme.partner, acme.colleague, acme.admin):
        client = login(member)
        for name in ("coaching:meeting", "coaching:pulse", "coaching:end"):
            assert client.get(at(acme, name, review.pk)).status_code == 403, (member, name)
        assert client.get(at(acme, "coaching:review")).status_code == 403
    for member in (acme.partner, acme.colleague):
        for name in ("coaching:reviews", "coaching:sessions"):
            assert login(member).get(at(acme, name)).status_code == 403
    assert login(acme.rep2).get(at(acme, "coaching:minutes", review.pk)).status_code == 404
    with working_for(acme.org):
        led_above = make_review(acme.executive, now)
    client = login(acme.manager)
    assert client.get(at(acme, "coaching:meeting", led_above.pk)).status_code == 404
    with working_for(acme.org):
        foreign = make_opportunity(acme.partner)
    assert client.post(at(acme, "coaching:review_entry", review.pk, foreign.pk), decided()).status_code == 404


def test_pages_cost_the_same_with_many_rows(acme: Cast, login: Login, now: datetime) -> None:
    def fill(count: int) -> None:
        for _each in range(count):
            opportunity = make_opportunity(acme.rep, f"Deal {uuid4()}", at=now - 90 * DAY)
            make_opportunity(acme.rep2, f"Deal {uuid4()}", at=now - 90 * DAY)
            make_entry(before, opportunity, now - 20 * DAY, next_text="Call", next_on=(now - 19 * DAY).date())
            make_session(opportunity, acme.manager, now, next_text="Call", next_on=now.date() + DAY)

    with working_for(acme.org):
        shared = make_opportunity(acme.rep, "Shared", at=now - 90 * DAY)
        make_opportunity(acme.rep2, "Other", at=now - 90 * DAY)
        before = make_review(acme.manager, now - 20 * DAY)
        make_entry(before, shared, now - 20 * DAY, next_text="Call", next_on=(now - 19 * DAY).date())
        fill(1)
        make_session(shared, acme.manager, now, next_text="Call", next_on=now.date() + DAY)
        actions.end_review(before, by=acme.manager, at=now - 20 * DAY)
        review = make_review(acme.manager, now)
        make_entry(review, shared, now, next_text="Call again", next_on=now.date() + DAY)
        held = CoachingSession.objects.get(opportunity=shared)
    urls = [
        at(acme, "coaching:meeting", review.pk),
        at(acme, "coaching:pulse", review.pk, person=acme.rep.pk, since=1, follow=1),
        at(acme, "coaching:beside", review.pk, acme.rep.pk),
        at(acme, "coaching:minutes", before.pk),
        at(acme, "coaching:reviews"),
        at(acme, "coaching:sessions"),
        at(acme, "coaching:session", held.pk),
        at(acme, "coaching:session_new", shared.pk),
        at(acme, "coaching:of_opportunity", shared.pk),
        at(acme, "coaching:end", review.pk),
    ]
    client = login(acme.manager)

    def costs() -> dict[str, int]:
        found = {}
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url, headers={"HX-Request": "true"} if "pulse" in url else {}).status_code == 200
            found[url] = sum("SAVEPOINT" not in query["sql"] for query in queries)
        return found

    earlier = costs()
    with working_for(acme.org):
        Review.objects.filter(pk=before.pk).update(ended_at=None, leader=acme.executive)
        fill(10)
        Review.objects.filter(pk=before.pk).update(ended_at=now, leader=acme.manager)
    after = costs()
    assert {url: cost for url, cost in after.items() if cost > earlier[url]} == {}
    assert max(after.values()) <= 15, after
