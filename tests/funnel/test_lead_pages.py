"""The pages of leads: what they show and to whom, what they answer to bad input, what they refuse."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Contact
from funnel import actions
from funnel.leads import Answer, Criterion, LeadStatus, Step
from funnel.models import Lead, LeadAnswer, LeadEvent, LeadSetting, Opportunity
from tenants.models import Membership
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.cast import Cast
from tests.funnel.factories import DAY, make_account

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}
YES = {f"answer_{each}": "yes" for each in Criterion} | {"answer_decision": "alone"}
BASE = "/o/acme/funnel/leads/"


def make_lead(owner: Membership, company: str = "Delta Precision", **facts: Any) -> Lead:
    """Record a lead three days ago."""
    with working_for(owner.organization):
        return actions.record_lead(
            owner=owner, by=owner, at=timezone.now() - 3 * DAY, **{"company": company, "person": "Amy", **facts}
        )


def now(lead: Lead) -> Lead:
    with working_for(lead.organization):
        found: Lead = Lead.objects.get(pk=lead.pk)
    return found


def text(response: Any) -> str:
    return str(response.content.decode())


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


# Decisions ----------------------------------------------------------------------------------------


def test_a_move_asks_what_lacks_and_then_why(acme: Cast, login: Login) -> None:
    lead, client = make_lead(acme.rep), login(acme.rep)
    url = f"{BASE}{lead.pk}/move/"
    asked = client.post(url, {"left": 1, "step": 3}, headers=HTMX)
    assert (asked.status_code, asked["HX-Retarget"]) == (422, "#dialog")
    assert "Industry" in text(asked)
    assert "Say why." not in text(asked)
    assert "Say why." in text(client.post(url, {"left": 1, "step": 3, "why": " "}))
    assert client.post(url, {"left": 1, "step": 3, "why": "met them"}).status_code == 303
    assert now(lead).step == Step.QUALIFYING
    stale = client.post(url, {"left": 1, "step": 2, "why": "x"})
    assert stale.status_code == 409
    assert "Qualifying" in text(stale)
    assert "Back to" in text(client.post(url, {"left": 3, "step": 1}))
    for bad in ({"left": 3, "step": 9}, {"left": "x", "step": 2}, {"left": 3, "step": 3, "why": "x"}, {}):
        assert client.post(url, bad).status_code == 422
    assert client.get(url).status_code == 405


def test_answers_are_given_and_an_old_form_is_stale(acme: Cast, login: Login) -> None:
    lead, client = make_lead(acme.rep), login(acme.rep)
    url = f"{BASE}{lead.pk}/answers/"
    assert client.post(url, {**YES, "version": 1, "note_need": "the CFO said so"}).status_code == 303
    assert "Qualified" in text(client.get(f"{BASE}{lead.pk}/"))
    stale = client.post(url, {**YES, "answer_need": "no", "version": 1, "note_need": "mine"})
    assert stale.status_code == 409
    assert "the CFO said so" in text(stale)
    assert "mine" in text(stale)
    for bad in ({"answer_need": "committee"}, {"note_need": "x" * 501}, {"version": ""}):
        assert client.post(url, {**YES, "version": 2, **bad}).status_code == 422
    with working_for(acme.org):
        assert LeadAnswer.objects.get(criterion="decision").answer == Answer.ALONE


@pytest.mark.parametrize(
    ("said", "step", "days"),
    [("明天打電話", "打電話", 1), ("后天 打电话", "打电话", 2), ("call tomorrow", "call", 1), ("call", "call", None)],
)
def test_a_next_step_says_its_day_as_a_visit_does(
    acme: Cast, login: Login, said: str, step: str, days: int | None
) -> None:
    client, today = login(acme.rep), timezone.now().astimezone(acme.org.zone).date()
    on = None if days is None else today + days * DAY
    made = {"company": "Epsilon", "source": "event", "owner": acme.rep.pk, "request_key": uuid4(), "next_step": said}
    assert client.post(f"{BASE}new/", made).status_code == 303
    with working_for(acme.org):
        lead = Lead.objects.get(company="Epsilon")
    assert (lead.next_step, lead.next_step_on) == (step, on)
    chosen = today + 9 * DAY
    edited = {**made, "version": lead.version, "next_step_on": chosen.isoformat()}
    assert client.post(f"{BASE}{lead.pk}/edit/", edited).status_code == 303
    assert (now(lead).next_step, now(lead).next_step_on) == (said, chosen), "a chosen day leaves the words alone"
    assert client.post(f"{BASE}{lead.pk}/note/", {"text": "Spoke", "next_step": said}).status_code == 303
    assert now(lead).next_step == step
    assert now(lead).next_step_on == on
    assert 'hx-get="/o/acme/visits/due/"' in text(client.get(f"{BASE}{lead.pk}/"))
    due = client.get("/o/acme/visits/due/", {"next_step": said}, headers=HTMX)
    assert bool(due.content.strip()) is (on is not None)


def test_a_day_without_a_step_stays_a_word(acme: Cast, login: Login) -> None:
    lead = make_lead(acme.rep)
    assert login(acme.rep).post(f"{BASE}{lead.pk}/note/", {"next_step": "明天"}).status_code == 303
    assert (now(lead).next_step, now(lead).next_step_on) == ("明天", None)


def test_a_note_is_written_and_an_empty_one_refused(acme: Cast, login: Login) -> None:
    lead, client = make_lead(acme.rep), login(acme.rep)
    url = f"{BASE}{lead.pk}/note/"
    assert client.post(url, {"text": "Spoke with Amy", "contacted": "on", "next_step": "visit"}).status_code == 303
    assert "Spoke with Amy" in text(client.get(f"{BASE}{lead.pk}/"))
    assert now(lead).last_contact_at is not None
    assert client.post(url, {"text": " "}).status_code == 422
    kept = client.post(url, {"text": "keep this", "next_step_on": "x"})
    assert kept.status_code == 422
    assert "keep this" in text(kept)


def test_dropping_needs_a_reason_and_taking_up_again_too(acme: Cast, login: Login) -> None:
    lead, client = make_lead(acme.rep), login(acme.rep)
    url = f"{BASE}{lead.pk}/"
    for bad in (
        {"reason": ""},
        {"reason": "bored"},
        {"reason": "other", "note": ""},
        {"reason": "timing", "note": "x" * 501},
    ):
        assert client.post(f"{url}drop/", {"version": 1, **bad}).status_code == 422
    assert client.post(f"{url}drop/", {"version": 0, "reason": "timing"}).status_code == 409
    assert client.post(f"{url}drop/", {"version": 1, "reason": "timing", "note": "2030"}).status_code == 303
    assert client.post(f"{url}drop/", {"version": 2, "reason": "timing"}).status_code == 422
    panel = text(login(acme.manager).get(f"{BASE}today/"))
    assert "Buys too late" in panel
    assert "2030" in panel
    assert "2030" not in text(client.get(f"{BASE}today/"))
    assert client.post(f"{url}resume/", {"version": 2, "why": ""}).status_code == 422
    assert client.post(f"{url}resume/", {"version": 1, "why": "x"}).status_code == 409
    assert client.post(f"{url}resume/", {"version": 2, "why": "they called"}).status_code == 303
    assert now(lead).status == LeadStatus.OPEN


def test_converting_offers_who_is_there_and_makes_one_opportunity(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep, "Delta Precision Ltd.")
        make_contact(account, "Amy")
        make_account(acme.rep2, "DELTA PRECISION")
    lead, client = make_lead(acme.rep), login(acme.rep)
    url = f"{BASE}{lead.pk}/convert/"
    page = text(client.get(url))
    assert f'value="{account.pk}" checked' in page
    assert "Rep2 Acme" in page
    body = {"version": 1, "name": "Monitoring", "account": account.pk, "amount": "1,000"}
    asked = client.post(url, body)
    assert asked.status_code == 422
    assert "Say why it becomes an opportunity" in text(asked)
    made = client.post(url, {**body, "why": "signed letter"})
    again = client.post(url, {**body, "why": "signed letter"})
    with working_for(acme.org):
        opportunity = Opportunity.objects.get()
        assert made["Location"] == again["Location"] == f"/o/acme/funnel/{opportunity.pk}/"
        assert (opportunity.account, opportunity.amount) == (account, 100_000)
        assert Contact.objects.count() == 1
    assert "Delta Precision Amy" in text(client.get(f"/o/acme/funnel/{opportunity.pk}/lead/"))
    shown = text(client.get(f"{BASE}{lead.pk}/"))
    assert f"/o/acme/funnel/{opportunity.pk}/" in shown
    assert f"/o/acme/visits/of-opportunity/{opportunity.pk}/" in shown or "lead-visits" in shown


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"account": "9" * 18},
        {"account": "x"},
        {"amount": "-1"},
        {"expected_close_on": "2001-01-01"},
        {"version": "x"},
    ],
)
def test_a_conversion_with_bad_input_makes_nothing(acme: Cast, login: Login, bad: dict[str, str]) -> None:
    lead = make_lead(acme.rep)
    body = {"version": 1, "name": "Monitoring", "account": "", "why": "x", **bad}
    assert login(acme.rep).post(f"{BASE}{lead.pk}/convert/", body).status_code == 422
    with working_for(acme.org):
        assert not Account.objects.exists()
        assert not Opportunity.objects.exists()


def test_a_customer_one_may_not_see_cannot_be_chosen(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        foreign = make_account(globex.rep)
    with working_for(acme.org):
        hidden = make_account(acme.rep2, "Hidden")
    lead = make_lead(acme.rep)
    for account in (foreign, hidden):
        body = {"version": 1, "name": "x", "account": account.pk, "why": "x"}
        assert login(acme.rep).post(f"{BASE}{lead.pk}/convert/", body).status_code == 422


def test_merging_keeps_the_other_and_refuses_what_cannot_be(acme: Cast, login: Login) -> None:
    kept, double, hidden = make_lead(acme.rep), make_lead(acme.rep, phone="0912345678"), make_lead(acme.rep2)
    client, url = login(acme.rep), f"{BASE}{double.pk}/merge/"
    assert f"{BASE}{double.pk}/same/" in text(client.get(f"{BASE}{double.pk}/"))
    assert "Merge into it" in text(client.get(f"{BASE}{double.pk}/same/"))
    for into, status in ((hidden.pk, 404), ("x", 422), (10**30, 422), (double.pk, 422)):
        assert client.post(url, {"version": 1, "into": into}).status_code == status
    assert client.post(url, {"version": 0, "into": kept.pk}).status_code == 409
    assert client.post(url, {"version": 1, "into": kept.pk})["Location"] == f"{BASE}{kept.pk}/"
    assert now(kept).phone == "0912345678"
    assert f"{BASE}{kept.pk}/" in text(client.get(f"{BASE}{double.pk}/"))
    assert text(client.get(f"{BASE}{double.pk}/same/")).strip() == ""
    assert client.post(f"{BASE}{double.pk}/note/", {"text": "x"}).status_code == 422


@pytest.mark.parametrize(
    "page", ["", "same/", "edit/", "answers/", "drop/", "resume/", "convert/", "move/", "note/", "merge/"]
)
def test_a_lead_of_another_organization_is_not_found(acme: Cast, globex: Cast, login: Login, page: str) -> None:
    foreign = make_lead(globex.rep, "CANARY")
    client = login(acme.executive)
    for send in (client.get, client.post):
        answer = send(f"{BASE}{foreign.pk}/{page}")
        assert answer.status_code in {404, 405}
        assert "CANARY" not in text(answer)
    assert client.post(f"{BASE}{foreign.pk}/{page}", {"version": 1}).status_code in {404, 405}
    assert login(acme.executive).get(f"/o/globex/funnel/leads/{foreign.pk}/{page}").status_code == 404
    mine = make_lead(acme.executive)
    assert client.post(f"{BASE}{mine.pk}/merge/", {"version": 1, "into": foreign.pk}).status_code == 404
    with working_for(globex.org):
        assert LeadEvent.objects.count() == 1


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
