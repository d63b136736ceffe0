"""The list of visits, next actions, the panels, the start page, and who may see them."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.kinds import Result
from activities.models import NextAction
from jobs.models import Notification
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.activities.factories import make_plan, make_step, make_visit
from tests.activities.places import DAY, HTMX, Login, at
from tests.cast import Cast
from tests.funnel.factories import make_account, make_opportunity

pytestmark = pytest.mark.django_db


def test_the_list_counts_first_visits_and_follow_ups(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        one, two = make_account(acme.rep, "One Ltd"), make_account(acme.rep2, "Two Ltd")
        make_visit(one, acme.rep, now, happened_at=now)
        make_visit(one, acme.rep, now, happened_at=now, result=Result.BLOCKED)
        make_visit(two, acme.rep2, now, happened_at=now, kind="call")
    client = login(acme.manager)

    def listed(**query: Any) -> str:
        return client.get(at(acme, "activities:visits", **{"span": "all", **query})).content.decode()

    page = listed()
    assert page.count("<tr data-href") == 3
    assert ">2</a>" in page.split("FSI")[1]
    assert listed(first="fsi").count("<tr data-href") == 2
    assert listed(first="fua").count("<tr data-href") == 1
    assert listed(kind="call").count("<tr data-href") == 1
    assert listed(result="blocked").count("<tr data-href") == 1
    assert listed(person=acme.rep.pk).count("<tr data-href") == 2
    assert listed(team=acme.team.pk).count("<tr data-href") == 3
    assert listed(team=acme.other_team.pk).count("<tr data-href") == 0
    assert "No visit matches" in listed(result="nobody")
    assert listed(span="nonsense", person="x", kind="y").count("<tr data-href") == 3
    assert login(acme.rep).get(at(acme, "activities:visits")).content.decode().count("<tr data-href") == 2


def test_a_correction_and_a_stale_one(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visit = make_visit(make_account(acme.rep), acme.rep, now, note="one")
    client, url = login(acme.rep), at(acme, "activities:visit_edit", visit.pk)
    data = {
        "kind": "visit",
        "happened_at": f"{visit.happened_at.astimezone(acme.org.zone):%Y-%m-%dT%H:%M}",
        "result": "blocked",
        "note": "two",
        "commitment": "",
        "version": 1,
    }
    assert client.get(url).status_code == 200
    assert client.post(url, data).status_code == 303
    answer = client.post(url, {**data, "note": "three"}, headers=HTMX)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "two" in page
    assert "three" in page
    assert 'data-keep="2"' in page
    assert client.post(url, {**data, "version": 2, "kind": "?"}).status_code == 422
    with working_for(acme.org):
        visit.refresh_from_db()
        assert (visit.note, visit.result, visit.version) == ("two", "blocked", 2)


def test_done_can_be_taken_back(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        step = make_step(make_account(acme.rep), acme.rep, now)
    client = login(acme.rep)
    answer = client.post(at(acme, "activities:complete", step.pk), headers=HTMX)
    told = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert f'id="step-{step.pk}"' in answer.content.decode()
    client.post(told["undo_url"], headers=HTMX)
    with working_for(acme.org):
        step.refresh_from_db()
        assert step.done_at is None
    client.post(at(acme, "activities:drop", step.pk), headers=HTMX)
    answer = client.post(at(acme, "activities:complete", step.pk), headers=HTMX)
    assert "dropped meanwhile" in answer.headers["HX-Trigger"]


def test_another_day(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        step = make_step(make_account(acme.rep), acme.rep, now)
    client, url = login(acme.rep), at(acme, "activities:postpone", step.pk)
    assert 'id="dialog-title"' in client.get(url, headers=HTMX).content.decode()
    later = (now + 9 * DAY).date().isoformat()
    data = {"text": "Send the offer", "due_on": later, "version": 1}
    assert client.post(url, {**data, "due_on": "2020-01-01"}, headers=HTMX).headers["HX-Retarget"] == "#dialog"
    assert client.post(url, data, headers=HTMX).status_code == 200
    assert client.post(url, data, headers=HTMX).status_code == 409
    with working_for(acme.org):
        step.refresh_from_db()
        assert step.due_on.isoformat() == later


def test_panels_show_and_add(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        make_visit(opportunity.account, acme.rep, now, opportunity=opportunity, note="about the line")
    for member in (acme.rep, acme.manager):
        client = login(member)
        for url in (
            at(acme, "activities:of_opportunity", opportunity.pk),
            at(acme, "activities:of_account", opportunity.account_id),
        ):
            assert "about the line" in client.get(url, headers=HTMX).content.decode()
    client, url = login(acme.manager), at(acme, "activities:of_opportunity", opportunity.pk)
    data = {"next_text": "tomorrow call the CFO", "request_key": str(uuid4())}
    for _tap in range(2):
        answer = client.post(url, data, headers=HTMX)
        assert "call the CFO" in answer.content.decode()
        assert "next-step-changed" in answer["HX-Trigger-After-Swap"]
    page, heard = at(acme, "funnel:opportunity", opportunity.pk), "next-step-changed from:body"
    assert heard in client.get(page).content.decode()
    parts = client.get(page, headers=HTMX).content.decode()  # what the page asks for then
    assert ("call the CFO" in parts, "<html" in parts) == (True, False)
    assert client.post(url, {**data, "next_text": ""}, headers=HTMX).status_code == 422
    with working_for(acme.org):
        step = NextAction.objects.get()
        assert (step.owner, step.created_by) == (acme.rep, acme.manager)
        told = Notification.objects.get()
        assert (told.to, told.code, told.data["text"]) == (acme.rep, "next_action", "call the CFO")


def test_only_an_open_opportunity_goes_silent(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    client, url = login(acme.rep), at(acme, "activities:of_opportunity", opportunity.pk)
    assert "goes silent" in client.get(url, headers=HTMX).content.decode()
    with working_for(acme.org):
        opportunity.status, opportunity.closed_at = "lost", timezone.now()
        opportunity.save()
    page = client.get(url, headers=HTMX).content.decode()
    assert "goes silent" not in page
    assert "No next action" in page


def test_today_shows_what_waits(acme: Cast, login: Login, now: datetime) -> None:
    client = login(acme.rep)
    page = client.get(at(acme, "salesops:today")).content.decode()
    assert "Nothing waits" in page
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, "In need")
        make_step(opportunity.account, acme.rep, now - 9 * DAY, (now - 5 * DAY).date(), text="overdue step")
        make_step(opportunity.account, acme.rep, now, text="coming step")
        make_plan(opportunity.account, acme.rep, now - 3 * DAY, goal="past plan")
        make_plan(opportunity.account, acme.rep, now, goal="future plan")
        opportunity.health = "risk"
        opportunity.save()
    page = client.get(at(acme, "salesops:today")).content.decode()
    for words in ("overdue step", "coming step", "past plan", "future plan", "In need"):
        assert words in page
    page = login(acme.manager).get(at(acme, "salesops:today")).content.decode()
    assert "Exceptions in the team" in page
    assert acme.rep.name in page
    assert "overdue step" not in page


def test_everybody_has_a_today(acme: Cast, login: Login) -> None:
    for member in acme.everyone:
        assert login(member).get(at(acme, "salesops:today")).status_code == 200


def test_what_is_not_visible_is_404_and_what_is_not_permitted_403(
    acme: Cast, globex: Cast, login: Login, now: datetime
) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        visit = make_visit(opportunity.account, acme.rep, now, opportunity=opportunity)
        plan = make_plan(opportunity.account, acme.rep, now)
        step = make_step(opportunity.account, acme.rep, now)
    gets = [
        ("activities:visit", visit.pk),
        ("activities:visit_edit", visit.pk),
        ("activities:postpone", step.pk),
        ("activities:of_opportunity", opportunity.pk),
        ("activities:of_account", opportunity.account_id),
    ]
    posts = [
        ("activities:complete", step.pk),
        ("activities:drop", step.pk),
        ("activities:take_back", step.pk),
        ("activities:call_off", plan.pk),
        ("activities:put_back", plan.pk),
    ]
    for cast, member in ((globex, globex.executive), (acme, acme.rep2), (acme, acme.partner)):
        client = login(member)
        for name, pk in gets:
            assert client.get(at(cast, name, pk)).status_code == 404, (member, name)
        for name, pk in posts:
            assert client.post(at(cast, name, pk)).status_code == 404, (member, name)
        for query in ({"account": opportunity.account_id}, {"opportunity": opportunity.pk}, {"visit": plan.pk}):
            assert client.get(at(cast, "activities:visit_new", **query)).status_code == 404, (member, query)
        assert client.get(at(cast, "activities:visit_plan", account=opportunity.account_id)).status_code == 404
    client = login(acme.colleague)
    for name in ("activities:visits", "activities:visit_new", "activities:visit_plan", "activities:due"):
        assert client.get(at(acme, name)).status_code == 403
    assert login(acme.manager).get(at(acme, "activities:visit_new", visit=plan.pk)).status_code == 404


def test_pages_cost_the_same_with_many_rows(acme: Cast, login: Login, now: datetime) -> None:
    def fill(count: int) -> None:
        for _each in range(count):
            opportunity = make_opportunity(acme.rep, f"Deal {uuid4()}")
            contact = make_contact(opportunity.account)
            make_visit(opportunity.account, acme.rep, now, opportunity=opportunity, contacts=[contact])
            make_plan(opportunity.account, acme.rep, now, opportunity=opportunity, contacts=[contact])
            make_step(opportunity.account, acme.rep, now, opportunity=opportunity)
            opportunity.health = "watch"
            opportunity.save()

    with working_for(acme.org):
        shared = make_opportunity(acme.rep, "Shared")
        met = [make_contact(shared.account)]
        make_visit(shared.account, acme.rep, now, opportunity=shared, contacts=met)
        make_step(shared.account, acme.rep, now, opportunity=shared)
        fill(1)
    urls = [
        at(acme, "activities:visits"),
        at(acme, "activities:visits", state="planned"),
        at(acme, "salesops:today"),
        at(acme, "activities:visit_new"),
        at(acme, "activities:visit_new", opportunity=shared.pk),
        at(acme, "activities:of_opportunity", shared.pk),
        at(acme, "activities:of_account", shared.account_id),
    ]

    def costs() -> dict[str, int]:
        found = {}
        for member in (acme.rep, acme.manager):
            client = login(member)
            for url in urls:
                with CaptureQueriesContext(
                    connection,
                ) as queries:
                    assert client.get(url).status_code == 200
                found[f"{member.role} {url}"] = sum("SAVEPOINT" not in query["sql"] for query in queries)
        return found

    before = costs()
    with working_for(acme.org):
        fill(12)
        for _each in range(8):
            another = make_opportunity(acme.rep, f"More {uuid4()}", account=shared.account)
            contact = make_contact(shared.account, f"Person {_each}")
            make_visit(shared.account, acme.rep, now, opportunity=shared, contacts=[contact])
            make_step(shared.account, acme.rep, now, opportunity=another)
            make_step(shared.account, acme.rep, now, opportunity=shared)
    after = costs()
    assert {url: cost for url, cost in after.items() if cost > before[url]} == {}
    assert max(after.values()) <= 15, after
