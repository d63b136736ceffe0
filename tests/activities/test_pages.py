"""Pages of visits, next actions and today."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import actions
from activities.kinds import Result, VisitState
from activities.models import NextAction, Visit
from funnel.models import StageSetting
from funnel.stages import Gate, Stage
from jobs.models import Notification
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.activities.factories import make_plan, make_step, make_visit
from tests.cast import Cast
from tests.funnel.factories import make_account, make_opportunity

pytestmark = pytest.mark.django_db
Login = Callable[[Any], Client]
DAY = timedelta(days=1)
HTMX = {"HX-Request": "true"}


def at(cast: Cast, name: str, *args: Any, **query: Any) -> str:
    return reverse(name, args=[cast.org.slug, *args], query=query or None)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "opportunity": "",
        "kind": "visit",
        "when": "now",
        "result": "advanced",
        "note": "",
        "commitment": "",
        "next_text": "next Wed bring samples",
        "next_on": "",
        "request_key": str(uuid4()),
        **changes,
    }


def test_the_customer_comes_first(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visited, own = make_account(acme.rep, "Visited Ltd"), make_account(acme.rep, "Own Ltd")
        make_account(acme.partner, "Foreign Ltd")
        make_visit(visited, acme.rep, now)
    page = login(acme.rep).get(at(acme, "activities:visit_new")).content.decode()
    assert page.index("Visited Ltd") < page.index("Own Ltd")
    assert "Foreign Ltd" not in page
    assert f"?account={own.pk}" in page


def test_the_form_offers_what_the_customer_has(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, "Line monitoring")
        make_opportunity(acme.rep, "Backup room", account=opportunity.account)
        make_contact(opportunity.account, "何處長", position="製造")
    page = login(acme.rep).get(at(acme, "activities:visit_new", opportunity=opportunity.pk)).content.decode()
    assert "Line monitoring" in page
    assert "Backup room" in page
    assert "何處長" in page
    assert f'value="{opportunity.pk}" id="id_opportunity_' in page.replace(" required", "")
    assert "checked" in page.split(f'name="opportunity" value="{opportunity.pk}"')[1].split(">")[0]
    assert f'data-draft="visit:{opportunity.account_id}:{opportunity.pk}:"' in page


def test_a_visit_goes_in_and_is_said(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        contact = make_contact(opportunity.account)
    client, url = login(acme.rep), at(acme, "activities:visit_new", account=opportunity.account_id)
    data = filled(
        opportunity=opportunity.pk,
        contacts=[contact.pk],
        new_contact="on",
        new_name="Ms Lin",
        note="went well",
        commitment="sends layout",
    )
    answer = client.post(url, data, follow=True)
    assert answer.redirect_chain == [(at(acme, "salesops:today"), 303)]
    assert "Visit recorded" in answer.content.decode()
    with working_for(acme.org):
        visit = Visit.objects.get()
        assert (visit.note, visit.result, visit.commitment) == ("went well", "advanced", "sends layout")
        assert sorted(met.contact.name for met in visit.met.all()) == ["Ms Lin", contact.name]
        step = NextAction.objects.get()
        assert (step.text, step.opportunity_id, step.due_on.weekday()) == ("bring samples", opportunity.pk, 2)


def test_a_double_tap_makes_one_visit(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    client, url, data = login(acme.rep), at(acme, "activities:visit_new", account=account.pk), filled()
    for _tap in range(2):
        assert client.post(url, data, headers=HTMX).headers["HX-Redirect"] == at(acme, "salesops:today")
    with working_for(acme.org):
        assert Visit.objects.count() == NextAction.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": ""}, "Choose the result of the visit."),
        ({"next_text": ""}, "Write the next step, or choose “No follow-up needed”."),
        ({"next_text": "bring samples"}, "Say by when"),
        ({"next_text": "", "next_on": "tomorrow-ish"}, "Select a valid choice"),
        ({"next_on": "none"}, "chose no follow-up"),
        ({"when": "other"}, "Choose the day and time."),
        ({"when": "other", "when_at": "2999-01-01T10:00"}, "logged after it took place"),
        ({"when": "other", "when_at": "2001-01-01T10:00"}, "up to 180 days back"),
        ({"new_contact": "on"}, "Write the name"),
        ({"note": "x" * 5001}, "at most 5000"),
        ({"opportunity": "999999"}, "Select a valid choice"),
        ({"contacts": ["999999"]}, "Select a valid choice"),
        ({"note": "nul\0"}, "Null characters"),
        ({"next_text": "next Wed " + "x" * 250}, "at most 200 characters"),
    ],
)
def test_bad_input_keeps_what_was_typed(acme: Cast, login: Login, changes: dict[str, Any], said: str) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    url = at(acme, "activities:visit_new", account=account.pk)
    answer = login(acme.rep).post(url, filled(**{"commitment": "kept <b>here</b>", **changes}), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'class="errbox" role="alert" tabindex="-1" data-focus' in page
    assert "kept &lt;b&gt;here&lt;/b&gt;" in page
    assert "<html" not in page
    with working_for(acme.org):
        assert Visit.objects.count() == 0


def test_no_follow_up_is_an_answer(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    url = at(acme, "activities:visit_new", account=account.pk)
    assert login(acme.rep).post(url, filled(next_text="", next_on="none")).status_code == 303
    with working_for(acme.org):
        assert NextAction.objects.count() == 0


def test_a_tapped_day_counts_and_the_words_stay(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    tomorrow = now.astimezone(acme.org.zone).date() + DAY
    url = at(acme, "activities:visit_new", account=account.pk)
    login(acme.rep).post(url, filled(next_text="ask about Friday", next_on=tomorrow.isoformat()))
    with working_for(acme.org):
        step = NextAction.objects.get()
        assert (step.text, step.due_on) == ("ask about Friday", tomorrow)


def test_the_stage_moves_with_what_is_missing_said(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    client, url = login(acme.rep), at(acme, "activities:visit_new", opportunity=opportunity.pk)
    page = client.get(url).content.decode()
    assert "Advance to Qualify" in page
    assert "Opportunity plan recorded" in page
    client.post(url, filled(opportunity=opportunity.pk, **{f"stage_{opportunity.pk}": "advance"}))
    with working_for(acme.org):
        opportunity.refresh_from_db()
        assert opportunity.stage == Stage.QUALIFY


def test_a_blocked_stage_is_not_offered(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        StageSetting.objects.create(stage=Stage.DISCOVER, percent=0, gate=Gate.BLOCK)
    client, url = login(acme.rep), at(acme, "activities:visit_new", opportunity=opportunity.pk)
    page = client.get(url).content.decode()
    assert "file this evidence first" in page
    assert 'value="advance"' not in page
    sent = filled(opportunity=opportunity.pk, **{f"stage_{opportunity.pk}": "advance"})
    assert client.post(url, sent).status_code == 422


def test_what_is_typed_is_shown_back_as_a_date(acme: Cast, login: Login, now: datetime) -> None:
    client = login(acme.rep)
    page = client.get(at(acme, "activities:due", next_text="tomorrow call <b>")).content.decode()
    tomorrow = now.astimezone(acme.org.zone).date() + DAY
    assert str(tomorrow.day) in page
    assert "call &lt;b&gt;" in page
    assert client.get(at(acme, "activities:due", next="call")).content.strip() == b""


def test_plan_then_record(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    client = login(acme.rep)
    local = (now + DAY).astimezone(acme.org.zone)
    plan = {
        "kind": "visit",
        "opportunity": "",
        "planned_at": f"{local:%Y-%m-%dT%H:%M}",
        "goal": "Trial agreed",
        "request_key": str(uuid4()),
    }
    url = at(acme, "activities:visit_plan", account=account.pk)
    assert client.post(url, {**plan, "goal": ""}).status_code == 422
    assert client.post(url, {**plan, "planned_at": "2020-01-01T10:00"}).status_code == 422
    assert client.post(url, plan).status_code == 303
    with working_for(acme.org):
        visit = Visit.objects.get()
    assert "Trial agreed" in client.get(at(acme, "salesops:today")).content.decode()
    record = at(acme, "activities:visit_new", visit=visit.pk)
    assert "Trial agreed" in client.get(record).content.decode()
    answer = client.post(record, filled(version=visit.version))
    assert answer.status_code == 303
    with working_for(acme.org):
        visit.refresh_from_db()
        assert (visit.state, visit.result) == (VisitState.DONE, Result.ADVANCED)


def test_recording_a_plan_that_moved_answers_409(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visit = make_plan(make_account(acme.rep), acme.rep, now)
        actions.change_visit(visit, seen=1, by=acme.manager, at=now, goal="Other")
    client, url = login(acme.rep), at(acme, "activities:visit_new", visit=visit.pk)
    assert client.post(url, filled(version=1), headers=HTMX).status_code == 409
    assert client.post(url, filled(version=2), headers=HTMX).status_code == 200


def test_a_plan_is_called_off_and_taken_back(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visit = make_plan(make_account(acme.rep), acme.rep, now)
    client = login(acme.rep)
    answer = client.post(at(acme, "activities:call_off", visit.pk), headers=HTMX)
    told = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert told["undo_url"] == at(acme, "activities:put_back", visit.pk)
    assert client.get(at(acme, "activities:visit_new", visit=visit.pk)).status_code == 404
    assert client.post(told["undo_url"], headers=HTMX).headers["HX-Refresh"] == "true"
    with working_for(acme.org):
        visit.refresh_from_db()
        assert visit.state == VisitState.PLANNED


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
