"""The pages of leads: list, recording, settings, panels."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from funnel import actions
from funnel.models import Lead, LeadSetting
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.factories import make_account
from tests.funnel.pages.leads import BASE, HTMX, YES, Login, make_lead, now, text

pytestmark = pytest.mark.django_db


# The list -----------------------------------------------------------------------------------------


def test_the_list_counts_steps_and_narrows(acme: Cast, login: Login) -> None:
    overdue = make_lead(acme.rep, "Overdue", next_step="call", next_step_on=timezone.localdate() - timedelta(days=3))
    make_lead(acme.rep2, "Beta", source="event")
    client = login(acme.manager)
    page = client.get(BASE)
    assert [each.count for each in page.context["steps"]] == [2, 0, 0, 0]
    assert [row.company for row in page.context["page"]] == ["Overdue", "Beta"]
    for query, names in {
        "?q=over": ["Overdue"], "?source=event": ["Beta"], f"?owner={acme.rep.pk}": ["Overdue"], "?next=none": ["Beta"],
        "?next=overdue": ["Overdue"], "?step=2": [], "?step=1&sort=company": ["Beta", "Overdue"], "?status=dropped": [],
        f"?team={acme.team.pk}": ["Beta", "Overdue"], "?status=all&sort=-company": ["Overdue", "Beta"],
    }.items():  # fmt: skip
        assert sorted(row.company for row in client.get(BASE + query).context["page"]) == sorted(names), query
    assert "No lead matches" in text(client.get(f"{BASE}?step=2", headers=HTMX))
    with working_for(acme.org):
        actions.drop_lead(overdue, seen=1, reason="timing", note="2030", by=acme.rep, at=timezone.now())
    dropped = text(client.get(f"{BASE}?status=dropped"))
    assert "Buys too late" in dropped
    assert "2030" in dropped


def test_an_empty_list_says_what_it_is_for(acme: Cast, login: Login) -> None:
    assert "Record the first one" in text(login(acme.rep).get(BASE))
    assert "Record the first one" not in text(login(acme.colleague).get(BASE))


def test_one_lead_and_thirty_cost_the_same(acme: Cast, login: Login) -> None:
    client = login(acme.manager)

    def count(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    lead = make_lead(acme.rep)
    few = count(BASE), count(f"{BASE}{lead.pk}/")
    for number in range(30):
        make_lead(acme.rep if number % 2 else acme.rep2, f"Company {number}", source="event", next_step="call")
    assert (count(BASE), count(f"{BASE}{lead.pk}/")) == few
    assert max(few) <= 20


def test_who_sees_and_who_changes(acme: Cast, login: Login) -> None:
    lead = make_lead(acme.rep)
    url = f"{BASE}{lead.pk}/"
    for role, seen in {
        "rep": 200,
        "manager": 200,
        "executive": 200,
        "rep2": 404,
        "partner": 404,
        "colleague": 404,
    }.items():
        client = login(getattr(acme, role))
        assert client.get(url).status_code == seen, role
        denied = 403 if role == "colleague" else seen
        for page in ("edit", "answers", "drop", "convert", "resume"):
            assert client.get(f"{url}{page}/").status_code == denied, (role, page)
    assert not login(acme.rep2).get(BASE).context["page"].object_list
    assert "Delta" not in text(login(acme.rep2).get("/o/acme/search/?q=delta"))
    assert "Delta" in text(login(acme.rep).get("/o/acme/search/?q=delta"))


# Recording ----------------------------------------------------------------------------------------


def typed(acme: Cast, **more: Any) -> dict[str, Any]:
    return {"company": "Delta", "source": "event", "owner": acme.rep.pk, "request_key": str(uuid4()), **more}


def test_three_fields_record_a_lead_and_the_same_form_twice_is_one(acme: Cast, login: Login) -> None:
    client, body = login(acme.rep), typed(acme, person="Amy", phone="0912345678")
    first, second = client.post(f"{BASE}new/", body), client.post(f"{BASE}new/", body)
    assert (first.status_code, second.status_code) == (303, 303)
    with working_for(acme.org):
        assert first["Location"] == second["Location"] == f"{BASE}{Lead.objects.get().pk}/"


def test_a_possible_duplicate_is_shown_first_and_can_be_recorded_all_the_same(acme: Cast, login: Login) -> None:
    theirs = make_lead(acme.rep2, "DELTA Co., Ltd.", phone="02-2345-6789")
    with working_for(acme.org):
        account = make_account(acme.rep, "Delta Inc.")
    client, body = login(acme.rep), typed(acme, phone="+886223456789")
    answer = client.post(f"{BASE}new/", body)
    assert answer.status_code == 422
    page = text(answer)
    assert f"/o/acme/accounts/{account.pk}/" in page
    assert "Rep2 Acme" in page
    assert f"{BASE}{theirs.pk}/" not in page
    assert 'value="+886223456789"' in page
    assert "Rep2" not in text(login(acme.partner).post(f"{BASE}new/", typed(acme, owner=acme.partner.pk)))
    assert client.post(f"{BASE}new/", {**body, "anyway": "on"}).status_code == 303


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", ""),
        ("company", "\u200b"),
        ("company", "x" * 201),
        ("company", "a\x00b"),
        ("email", "nobody"),
        ("source", "web_form"),
        ("source", "x"),
        ("budget", "-1"),
        ("budget", "9" * 30),
        ("budget", "lots"),
        ("buys_on", "9999-12-31"),
        ("next_step_on", "yesterday"),
        ("owner", "0"),
        ("owner", "9" * 40),
        ("need", "x" * 2_001),
    ],
)
def test_bad_input_is_answered_and_nothing_is_kept_but_what_was_typed(
    acme: Cast, login: Login, field: str, value: str
) -> None:
    answer = login(acme.rep).post(f"{BASE}new/", typed(acme, **{"need": "typed before", field: value}))
    assert answer.status_code == 422
    assert field == "need" or "typed before" in text(answer)
    with working_for(acme.org):
        assert not Lead.objects.exists()


def test_html_and_formulas_stay_text(acme: Cast, login: Login) -> None:
    lead = make_lead(acme.rep, "=1+1", person="<script>x()</script>", need='"><img src=x>', next_step="@SUM(A1)")
    for path in (f"{BASE}{lead.pk}/", BASE, f"{BASE}{lead.pk}/convert/", "/o/acme/search/?q=script", f"{BASE}today/"):
        page = text(login(acme.rep).get(path))
        assert "<script>x()" not in page
        assert "<img src=x>" not in page


def test_editing_shows_both_values_when_someone_was_faster(acme: Cast, login: Login) -> None:
    lead = make_lead(acme.rep)
    url = f"{BASE}{lead.pk}/edit/"
    body = typed(acme, company="Delta", industry="Optics", version=1, budget="2万")
    assert login(acme.rep).post(url, body).status_code == 303
    late = login(acme.manager).post(url, {**body, "industry": "Paper", "owner": acme.rep2.pk, "source": "email"})
    assert late.status_code == 409
    for shown in ("Optics", "Paper", "Rep2 Acme", "Event", "E-mail"):
        assert shown in text(late), shown
    assert now(lead).industry == "Optics"
    kept = login(acme.manager).post(url, {**body, "industry": "Paper", "owner": acme.rep2.pk, "version": 2})
    assert kept["Location"] == f"{BASE}{lead.pk}/"
    assert login(acme.rep2).post(url, {**body, "owner": acme.rep.pk, "version": 3}).status_code == 422
    assert login(acme.rep2).post(url, {**body, "company": "", "person": "", "version": 3}).status_code == 422


# Settings and panels ------------------------------------------------------------------------------


def test_an_admin_says_what_is_asked_and_two_at_once_see_both_values(acme: Cast, login: Login) -> None:
    client, url = login(acme.admin), f"{BASE}asked/"
    body = {"version": 0, "budget_from": "50萬", "months": 3, "musts": ["need", "timing"]}
    assert client.post(url, body).status_code == 303
    with working_for(acme.org):
        assert LeadSetting.current().criteria.budget_from == 50_000_000
    stale = client.post(url, {**body, "months": 9})
    assert stale.status_code == 409
    assert "500,000" not in text(stale)
    for bad in (
        {"months": 0},
        {"months": 99},
        {"budget_from": "-1"},
        {"budget_from": "9" * 30},
        {"musts": ["decision"]},
    ):
        assert client.post(url, {**body, "version": 1, **bad}).status_code == 422
    assert login(acme.rep).get(url).status_code == 403


def test_the_start_page_shows_what_waits(acme: Cast, login: Login) -> None:
    make_lead(acme.rep, "Due", next_step="call them", next_step_on=timezone.localdate() - timedelta(days=1))
    make_lead(acme.rep, "Not yet", next_step="later", next_step_on=timezone.localdate() + timedelta(days=9))
    panel = text(login(acme.rep).get(f"{BASE}today/"))
    assert "call them" in panel
    assert "Not yet" not in panel
    assert text(login(acme.rep2).get(f"{BASE}today/")).strip() == ""
    assert f"{BASE}today/" in text(login(acme.rep).get("/o/acme/today/"))


def test_the_strip_above_board_and_review_counts_leads_and_opens_them(acme: Cast, login: Login) -> None:
    make_lead(acme.rep)
    make_lead(acme.rep2, "Beta")
    client = login(acme.manager)
    strip = client.get("/o/acme/forecast/strip/")
    assert (strip.context["leads"].open, strip.context["urls"]["leads"]) == (2, BASE)
    of_one = client.get(f"/o/acme/forecast/strip/?owner={acme.rep.pk}")
    assert of_one.context["leads"].open == 1
    opened = client.get(of_one.context["urls"]["leads"])
    assert opened.context["count"] == 1
    of_team = client.get(f"/o/acme/forecast/strip/?team={acme.team.pk}")
    assert client.get(of_team.context["urls"]["leads"]).context["count"] == of_team.context["leads"].open == 2


def test_other_criteria_say_whom_they_judge_otherwise_and_ask(acme: Cast, login: Login) -> None:
    client, rep = login(acme.admin), login(acme.rep)
    url, effects = f"{BASE}asked/", f"{BASE}asked/effects/"
    sound = {**YES, "version": 1}
    for number in range(2):
        lead = make_lead(acme.rep, f"Company {number}")
        rep.post(f"{BASE}{lead.pk}/answers/", sound)
        with working_for(acme.org):
            Lead.objects.filter(pk=lead.pk).update(budget=100_000 * (number + 1))
    body = {"version": 0, "budget_from": "", "months": 6, "musts": ["need", "compete", "budget"]}
    assert "No open lead would be judged otherwise." in text(client.post(effects, body))
    more = {**body, "budget_from": "1,500"}
    told = text(client.post(effects, more))
    assert "1 open lead is no longer qualified." in told
    assert "1 open lead should then be dropped." in told
    asked = client.post(url, more)
    assert asked.status_code == 422
    assert text(asked).count("Read what this will do, then confirm it.") == 1
    places = [text(asked).index(each) for each in ('id="lead-effects"', "then confirm it", 'name="confirmed"')]
    assert places == sorted(places), "beside the box that it asks for"
    with working_for(acme.org):
        assert LeadSetting.current().version == 0
    seal = re.findall(r'name="confirmed" value="(\w+)"', asked.content.decode())[0]
    other = client.post(url, {**more, "budget_from": "1,600", "confirmed": seal})
    assert other.status_code == 422, "what was confirmed counts for these numbers alone"
    assert client.post(url, {**more, "confirmed": seal}).status_code in {204, 302, 303}
    with working_for(acme.org):
        assert LeadSetting.current().version == 1
    back = text(client.post(effects, {**body, "version": 1}))
    assert "1 open lead becomes qualified." in back
    assert "1 open lead should no longer be dropped." in back
    for bad in ({**body, "months": "x"}, {}):
        assert "open lead" not in text(client.post(effects, bad))
    assert rep.post(effects, body).status_code == 403
