"""What becomes of a lead: its steps, answers, notes, dropping, converting, merging."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Account, Contact
from funnel.leads import Answer, LeadStatus, Step
from funnel.models import Lead, LeadAnswer, LeadEvent, Opportunity
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.cast import Cast
from tests.funnel.factories import DAY, make_account
from tests.funnel.pages.leads import BASE, HTMX, YES, Login, make_lead, now, text

pytestmark = pytest.mark.django_db


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
