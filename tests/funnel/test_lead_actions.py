"""What the actions on leads promise: nothing lost, nothing twice, the manager told, the walls held."""

import threading
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import queries as accounts_queries
from accounts.models import Account, Contact, TimelineEntry
from funnel import actions, queries
from funnel.leads import Answer, Criteria, Criterion, DropReason, LeadStatus, Source, Standing, Step
from funnel.models import Lead, LeadAnswer, LeadEvent, LeadSetting, Opportunity
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import reading, working_for
from tests.accounts.factories import make_contact
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
LATER = AT + DAY
YES = dict.fromkeys(Criterion, (Answer.YES, "")) | {Criterion.DECISION: (Answer.ALONE, "the founder")}


def make_lead(owner: Membership, company: str = "Delta Precision", **facts: Any) -> Lead:
    """Record a lead of one's own."""
    return actions.record_lead(owner=owner, by=owner, at=AT, **{"company": company, "person": "Amy", **facts})


def qualified(owner: Membership, company: str = "Delta Precision", **facts: Any) -> Lead:
    """Record a lead that meets every criterion."""
    lead = make_lead(owner, company, **facts)
    return actions.answer_criteria(lead, YES, seen=lead.version, by=owner, at=AT)


def kinds(lead: Lead) -> list[str]:
    return list(LeadEvent.objects.filter(lead=lead).order_by("id").values_list("kind", flat=True))


def now(lead: Lead) -> Lead:
    found: Lead = Lead.objects.get(pk=lead.pk)
    return found


# Recording ----------------------------------------------------------------------------------------


def test_a_lead_is_recorded_found_and_told(acme: Cast) -> None:
    lead = make_lead(acme.rep, "  台達 精密股份有限公司 ", phone="+886 2 2345-6789", email="A@Example.com")
    assert (lead.company, lead.company_key, lead.phone_key) == ("台達 精密股份有限公司", "台達精密", "223456789")
    assert lead.email_key == "a@example.com"
    assert kinds(lead) == ["created"]
    assert AuditEvent.objects.filter(verb="lead.created", target_id=lead.pk, by=acme.rep).exists()
    for text in ("精密", "amy"):
        found = [row.pk for group in accounts_queries.search(acme.rep, text) for row in group.rows]
        assert found == [lead.pk]
        assert not accounts_queries.search(acme.rep2, text)


def test_a_person_without_a_company_stands_for_it_and_nobody_at_all_is_refused(acme: Cast) -> None:
    assert make_lead(acme.rep, "", person="王小明").company == "王小明"
    with pytest.raises(Refused, match="company_empty"):
        make_lead(acme.rep, " \u200b", person="")


def test_the_same_request_records_once(acme: Cast) -> None:
    key = uuid.uuid4()
    assert make_lead(acme.rep, request_key=key).pk == make_lead(acme.rep, request_key=key).pk
    assert Lead.objects.count() == 1


def test_a_rep_gives_leads_to_nobody_else_and_a_manager_to_the_team_which_hears_of_it(acme: Cast) -> None:
    with pytest.raises(Refused, match="owner_out_of_reach"):
        actions.record_lead(owner=acme.rep2, by=acme.rep, at=AT, company="x")
    lead = actions.record_lead(owner=acme.rep, by=acme.manager, at=AT, company="x")
    told = Notification.objects.get(to=acme.rep)
    assert (told.code, told.url) == ("lead_given", f"/o/acme/funnel/leads/{lead.pk}/")
    assert "Manager Acme" in told.text
    with pytest.raises(Refused, match="owner_out_of_reach"):
        actions.record_lead(owner=acme.partner, by=acme.manager, at=AT, company="x")


def test_a_change_says_what_and_an_old_one_is_stale(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    changed = actions.change_lead(lead, seen=1, by=acme.rep, at=LATER, industry="Machines", budget=5 * MILLION)
    assert (changed.version, kinds(lead)) == (2, ["created", "changed"])
    data = LeadEvent.objects.get(lead=lead, kind="changed").data["changes"]
    assert data == {"industry": ["", "Machines"], "budget": [None, 5 * MILLION]}
    again = actions.change_lead(changed, seen=2, by=acme.rep, at=LATER, industry="Machines")
    assert again.version == 2
    with pytest.raises(Stale) as stale:
        actions.change_lead(lead, seen=1, by=acme.rep, at=LATER, industry="Optics")
    assert stale.value.theirs["industry"] == "Machines"
    with pytest.raises(Refused, match="amount_negative"):
        actions.change_lead(changed, seen=2, by=acme.rep, at=LATER, budget=-1)


def test_a_lead_handed_on_belongs_to_the_other_who_hears_of_it(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    actions.change_lead(lead, seen=1, by=acme.manager, at=LATER, owner=acme.rep2)
    assert kinds(lead) == ["created", "handed"]
    assert Notification.objects.get(to=acme.rep2).code == "lead_given"
    assert not queries.visible_leads(acme.rep).exists()
    assert queries.visible_leads(acme.rep2).get() == lead
    with pytest.raises(Refused, match="owner_out_of_reach"):
        actions.change_lead(now(lead), seen=2, by=acme.rep2, at=LATER, owner=acme.rep)


def test_who_sees_which_leads(acme: Cast) -> None:
    mine, theirs = make_lead(acme.rep), make_lead(acme.partner, "Partner's")
    seen = {
        member: {each.pk for each in queries.visible_leads(getattr(acme, member))}
        for member in ("rep", "rep2", "manager", "executive", "partner", "colleague", "admin")
    }
    both = {mine.pk, theirs.pk}
    assert seen == {
        "rep": {mine.pk}, "rep2": set(), "manager": {mine.pk}, "executive": both, "partner": {theirs.pk},
        "colleague": set(), "admin": set(),
    }  # fmt: skip


# Steps and answers --------------------------------------------------------------------------------


def test_a_move_asks_for_what_the_step_lacks_and_is_kept_with_its_reason(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    with pytest.raises(Refused) as refused:
        actions.move_lead(lead, left=Step.POSITIONING, to=Step.SOURCING, by=acme.rep, at=LATER)
    assert refused.value.data["missing"] == ["industry", "region"]
    assert kinds(lead) == ["created"]
    moved = actions.move_lead(lead, left=Step.POSITIONING, to=Step.SOURCING, by=acme.rep, at=LATER, why="fair")
    assert (moved.step, moved.step_entered_at) == (Step.SOURCING, LATER)
    event = LeadEvent.objects.get(lead=lead, kind="moved")
    assert (event.text, event.data["step"], event.data["missing"]) == ("fair", [1, 2], ["industry", "region"])
    with pytest.raises(Stale):
        actions.move_lead(lead, left=Step.POSITIONING, to=Step.QUALIFYING, by=acme.rep, at=LATER, why="x")


@pytest.mark.parametrize("statement", ["UPDATE funnel_leadevent SET text = 'x'", "DELETE FROM funnel_leadevent"])
def test_the_database_refuses_to_rewrite_the_history_of_a_lead(acme: Cast, statement: str) -> None:
    make_lead(acme.rep)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert LeadEvent.objects.count() == 1


def test_answers_are_kept_with_what_stood_before(acme: Cast) -> None:
    lead = qualified(acme.rep)
    given = {Criterion.NEED: (Answer.NO, "they only wanted a quote")}
    lead = actions.answer_criteria(lead, given, seen=lead.version, by=acme.rep, at=LATER)
    event = LeadEvent.objects.filter(lead=lead, kind="answered").first()
    assert event.data == {"answers": {"need": ["yes", "no they only wanted a quote"]}, "standing": "drop"}
    told = queries.lead_page(acme.rep, lead, today=AT.date())
    assert told.verdict.standing == Standing.DROP
    assert [each.note for each in told.asked][:1] == ["they only wanted a quote"]
    unchanged = actions.answer_criteria(lead, given, seen=lead.version, by=acme.rep, at=LATER)
    assert unchanged.version == lead.version
    with pytest.raises(Stale):
        actions.answer_criteria(lead, given, seen=1, by=acme.rep, at=LATER)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({Criterion.NEED: (Answer.COMMITTEE, "")}, "answer_unknown"),
        ({Criterion.DECISION: (Answer.YES, "")}, "answer_unknown"),
        ({Criterion.NEED: (Answer.YES, "x" * 501)}, "text_too_long"),
    ],
)
def test_an_answer_that_cannot_be_changes_nothing(acme: Cast, given: Any, code: str) -> None:
    lead = make_lead(acme.rep)
    with pytest.raises(Refused, match=code):
        actions.answer_criteria(lead, given, seen=1, by=acme.rep, at=LATER)
    assert not LeadAnswer.objects.exists()


def test_a_note_sets_the_contact_and_the_next_step(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    due = date(2026, 2, 1)
    said: dict[str, Any] = {"text": "Spoke", "contacted": True, "next_step": " call again ", "next_step_on": due}
    noted = actions.note_lead(lead, by=acme.rep, at=LATER, **said)
    assert (noted.last_contact_at, noted.next_step, noted.next_step_on) == (LATER, "call again", due)
    none: dict[str, Any] = {"text": "", "contacted": True, "next_step": "", "next_step_on": due}
    assert actions.note_lead(lead, by=acme.rep, at=LATER, **none).next_step_on is None
    with pytest.raises(Refused, match="text_needed"):
        actions.note_lead(lead, by=acme.rep, at=LATER, **{**none, "contacted": False})
    with pytest.raises(Refused, match="text_too_long"):
        actions.note_lead(lead, by=acme.rep, at=LATER, **{**said, "text": "x" * 2_001})


def test_the_criteria_are_the_organization_s_and_judge_at_once(acme: Cast) -> None:
    lead = qualified(acme.rep, budget=5 * MILLION)
    assert queries.lead_page(acme.rep, lead, today=AT.date()).verdict.standing == Standing.QUALIFIED
    wanted = Criteria(6 * MILLION, 3, frozenset({Criterion.NEED}))
    actions.change_criteria(wanted, seen=0, by=acme.admin, at=LATER)
    assert LeadSetting.current().criteria == wanted
    assert queries.lead_page(acme.rep, lead, today=AT.date()).verdict.standing == Standing.NOT_YET
    assert AuditEvent.objects.get(verb="lead_setting.changed").data["changes"]["months"] == [6, 3]
    assert actions.change_criteria(wanted, seen=1, by=acme.admin, at=LATER).version == 1
    with pytest.raises(Stale):
        actions.change_criteria(Criteria(), seen=0, by=acme.admin, at=LATER)
    with pytest.raises(Refused, match="months_range"):
        actions.change_criteria(Criteria(months=0), seen=1, by=acme.admin, at=LATER)


# Dropping -----------------------------------------------------------------------------------------


def test_a_dropped_lead_is_told_to_the_manager_and_can_be_taken_up_again(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    dropped = actions.drop_lead(lead, seen=1, reason="budget", note="only a tenth", by=acme.rep, at=LATER)
    assert (dropped.status, dropped.closed_at) == (LeadStatus.DROPPED, LATER)
    told = Notification.objects.get()
    assert (told.to, told.code) == (acme.manager, "lead_dropped")
    assert "Budget below our threshold" in told.text
    waiting = queries.leads_today(acme.manager, now=LATER, today=LATER.date())
    assert list(waiting.dropped) == [lead]
    assert not queries.leads_today(acme.rep, now=LATER, today=LATER.date()).dropped
    with pytest.raises(Refused, match="lead_closed"):
        actions.move_lead(lead, left=Step.POSITIONING, to=Step.SOURCING, by=acme.rep, at=LATER, why="x")
    with pytest.raises(Refused, match="reason_needed"):
        actions.resume_lead(lead, seen=2, why=" ", by=acme.rep, at=LATER)
    again = actions.resume_lead(lead, seen=2, why="new budget", by=acme.rep, at=LATER)
    assert (again.status, again.reason, again.closed_at) == (LeadStatus.OPEN, "", None)
    assert kinds(lead) == ["created", "dropped", "resumed"]
    with pytest.raises(Refused, match="lead_not_dropped"):
        actions.resume_lead(lead, seen=3, why="x", by=acme.rep, at=LATER)


def test_without_a_manager_the_executive_hears_of_it(acme: Cast) -> None:
    Membership.objects.filter(pk=acme.manager.pk).update(is_active=False)
    actions.drop_lead(make_lead(acme.rep), seen=1, reason="timing", note="", by=acme.rep, at=LATER)
    assert Notification.objects.get().to == acme.executive
    Notification.objects.all().delete()
    actions.drop_lead(make_lead(acme.colleague), seen=1, reason="timing", note="", by=acme.colleague, at=LATER)
    assert Notification.objects.get().to == acme.executive


def test_a_stale_drop_is_refused_and_needs_a_reason_from_the_list(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    with pytest.raises(Stale):
        actions.drop_lead(lead, seen=0, reason="budget", note="", by=acme.rep, at=LATER)
    with pytest.raises(Refused, match="reason_unknown"):
        actions.drop_lead(lead, seen=1, reason="bored", note="", by=acme.rep, at=LATER)
    assert now(lead).status == LeadStatus.OPEN


# Conversion ---------------------------------------------------------------------------------------


def test_a_lead_becomes_account_contact_and_opportunity(acme: Cast) -> None:
    lead = qualified(
        acme.rep, phone="123", email="amy@example.com", position="CFO", industry="Machines", next_step="call",
        next_step_on=date(2026, 2, 1), source=Source.EVENT, source_note="Spring fair",
    )  # fmt: skip
    made = actions.convert(lead, seen=lead.version, name="Monitoring", amount=MILLION, by=acme.rep, at=LATER)
    assert made.status == LeadStatus.CONVERTED
    account, contact, opportunity = Account.objects.get(), Contact.objects.get(), Opportunity.objects.get()
    assert (made.account, made.contact, made.opportunity) == (account, contact, opportunity)
    assert (account.name, account.owner, account.industry) == ("Delta Precision", acme.rep, "Machines")
    assert (contact.name, contact.position, contact.email) == ("Amy", "CFO", "amy@example.com")
    assert (opportunity.amount, opportunity.source) == (MILLION, "Event: Spring fair")
    assert (opportunity.next_step, opportunity.next_step_on) == ("call", date(2026, 2, 1))
    assert TimelineEntry.objects.get(account=account, verb="lead.converted").source_id == lead.pk
    assert queries.lead_of(acme.rep, opportunity.pk) == lead
    again = actions.convert(lead, seen=lead.version, name="Other", by=acme.rep, at=LATER)
    assert again.opportunity == opportunity
    assert Opportunity.objects.count() == Account.objects.count() == 1


def test_a_lead_joins_the_customer_and_the_person_who_are_there(acme: Cast) -> None:
    account = make_account(acme.rep, "Delta Precision Co., Ltd.")
    contact = make_contact(account, "Amy")
    lead = qualified(acme.rep)
    [twin] = queries.customer_twins(acme.rep, lead.keys, lead.company)
    assert (twin.account, twin.seen) == (account, True)
    assert queries.same_person(lead, account) == contact
    seen = lead.version
    made = actions.convert(lead, seen=seen, name="x", account=account, contact=contact, by=acme.rep, at=LATER)
    assert (made.account, made.contact) == (account, contact)
    assert Account.objects.count() == Contact.objects.count() == 1


def test_a_contact_of_another_customer_is_refused_and_nothing_stays(acme: Cast) -> None:
    stranger = make_contact(make_account(acme.rep, "Other"), "Amy")
    lead = qualified(acme.rep)
    for account in (None, make_account(acme.rep)):
        with pytest.raises(Refused, match="contact_elsewhere"):
            actions.convert(lead, seen=lead.version, name="x", account=account, contact=stranger, by=acme.rep, at=LATER)
    assert not Opportunity.objects.exists()


def test_when_the_opportunity_is_refused_no_customer_is_left_behind(acme: Cast) -> None:
    lead = qualified(acme.rep)
    with pytest.raises(Refused, match="name_empty"):
        actions.convert(lead, seen=lead.version, name=" ", by=acme.rep, at=LATER)
    assert not Account.objects.exists()
    assert now(lead).status == LeadStatus.OPEN


def test_a_lead_that_is_not_qualified_needs_a_word_which_is_kept(acme: Cast) -> None:
    lead = make_lead(acme.rep)
    with pytest.raises(Refused, match="not_qualified"):
        actions.convert(lead, seen=1, name="x", by=acme.rep, at=LATER)
    actions.convert(lead, seen=1, name="x", why="the board decided", by=acme.rep, at=LATER)
    event = LeadEvent.objects.get(lead=lead, kind="converted")
    assert (event.text, event.data["standing"]) == ("the board decided", "not_yet")
    other = qualified(acme.rep, "Other", person="")
    with pytest.raises(Stale):
        actions.convert(other, seen=1, name="x", by=acme.rep, at=LATER)


def at_once(acme: Cast, call: Callable[[], Any]) -> list[str]:
    """Call twice at the same moment; return what came of it."""
    barrier, told = threading.Barrier(2), []

    def go() -> None:
        try:
            with working_for(acme.org):
                barrier.wait(10)
                call()
                told.append("done")
        except Stale:
            told.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return sorted(told)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_conversions_at_once_make_one_opportunity(acme: Cast) -> None:
    with reading(acme.org):
        lead = qualified(acme.rep)
    seen = lead.version
    assert at_once(acme, lambda: actions.convert(lead, seen=seen, name="x", by=acme.rep, at=LATER)) == ["done", "done"]
    with reading(acme.org):
        assert Opportunity.objects.count() == Account.objects.count() == Contact.objects.count() == 1
        assert kinds(lead).count("converted") == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_same_lead_recorded_twice_at_once_is_one(acme: Cast) -> None:
    key = uuid.uuid4()
    assert at_once(acme, lambda: make_lead(acme.rep, request_key=key)) == ["done", "done"]
    with reading(acme.org):
        assert Lead.objects.count() == LeadEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_moves_of_a_lead_at_once_one_is_stale(acme: Cast) -> None:
    with reading(acme.org):
        lead = make_lead(acme.rep)
    step: dict[str, Any] = {"left": Step.POSITIONING, "to": Step.SOURCING, "by": acme.rep, "at": LATER, "why": "x"}
    assert at_once(acme, lambda: actions.move_lead(lead, **step)) == ["done", "stale"]


# Merging ------------------------------------------------------------------------------------------


def test_the_one_kept_takes_what_it_did_not_know(acme: Cast) -> None:
    kept = make_lead(acme.rep, "Delta", phone="", industry="Machines")
    double = make_lead(acme.rep, "Delta Inc.", phone="0912-345-678", industry="Optics", budget=MILLION)
    double = actions.answer_criteria(double, YES, seen=1, by=acme.rep, at=AT)
    kept = actions.answer_criteria(kept, {Criterion.NEED: (Answer.NO, "")}, seen=1, by=acme.rep, at=AT)
    into = actions.merge(double, kept, seen=double.version, by=acme.rep, at=LATER)
    assert (into.pk, into.phone, into.phone_key, into.industry) == (kept.pk, "0912-345-678", "912345678", "Machines")
    assert into.budget == MILLION
    given = LeadAnswer.objects.filter(lead=kept).given()
    assert (given[Criterion.NEED], given[Criterion.COMPETE]) == (Answer.NO, Answer.YES)
    merged = now(double)
    assert (merged.status, merged.merged_into) == (LeadStatus.MERGED, kept)
    assert kinds(double)[-1] == "merged"
    assert kinds(kept)[-1] == "took_in"
    with pytest.raises(Refused, match="lead_closed"):
        actions.merge(double, kept, seen=merged.version, by=acme.rep, at=LATER)
    third = make_lead(acme.rep, "Third")
    with pytest.raises(Refused, match="into_merged"):
        actions.merge(third, double, seen=1, by=acme.rep, at=LATER)
    with pytest.raises(Refused, match="same_lead"):
        actions.merge(third, third, seen=1, by=acme.rep, at=LATER)
    with pytest.raises(Stale):
        actions.merge(third, kept, seen=0, by=acme.rep, at=LATER)


def test_a_closed_lead_takes_in_a_duplicate_and_stays_as_it_is(acme: Cast) -> None:
    kept = actions.drop_lead(make_lead(acme.rep), seen=1, reason="other", note="gone", by=acme.rep, at=AT)
    actions.merge(make_lead(acme.rep, phone="0912345678"), kept, seen=1, by=acme.rep, at=LATER)
    stays = now(kept)
    assert (stays.status, stays.phone, stays.reason) == (LeadStatus.DROPPED, "", DropReason.OTHER)


# Duplicates and figures ---------------------------------------------------------------------------


def test_a_tax_id_is_the_same_however_it_is_written(acme: Cast) -> None:
    account = make_account(acme.rep, "Elsewhere")
    Account.objects.filter(pk=account.pk).update(tax_id="AB 12-345")
    lead = make_lead(acme.rep, "Somewhere", tax_id="ab12345")
    assert [twin.account for twin in queries.customer_twins(acme.rep, lead.keys, lead.company)] == [account]


def test_duplicates_are_found_among_leads_and_customers_of_colleagues_too(acme: Cast) -> None:
    theirs = make_lead(acme.rep2, "台達精密", person="王", phone="02-2345-6789")
    account = make_account(acme.rep2, "台達精密股份有限公司")
    person = make_contact(make_account(acme.rep, "Elsewhere"), "Bob", email="Bob@Example.com", phone="(02) 2345 6789")
    mine = make_lead(acme.rep, "台達精密有限公司", phone="+886-2-2345-6789", email="bob@example.com")
    twins = queries.lead_twins(acme.rep, mine.keys, mine.company, but=mine.pk)
    assert [(twin.lead, twin.seen, twin.sure) for twin in twins.leads] == [(theirs, False, True)]
    found = {twin.account: (twin.contact, twin.seen) for twin in twins.customers}
    assert found == {account: (None, False), person.account: (person, True)}
    assert not queries.lead_twins(acme.partner, mine.keys, mine.company, but=mine.pk)
    alone = make_lead(acme.rep, "Nobody else", person="")
    assert not queries.lead_twins(acme.rep, alone.keys, alone.company, but=alone.pk)


def test_the_number_of_leads_counts_a_span_and_forgets_what_was_merged(acme: Cast) -> None:
    kept = make_lead(acme.rep)
    actions.merge(make_lead(acme.rep), kept, seen=1, by=acme.rep, at=AT)
    actions.drop_lead(make_lead(acme.rep2, "B"), seen=1, reason="timing", note="", by=acme.rep2, at=AT + 40 * DAY)
    lead = qualified(acme.rep, "C")
    actions.convert(lead, seen=lead.version, name="x", by=acme.rep, at=AT)
    first, last = AT.date(), AT.date() + timedelta(days=20)
    figures = queries.lead_figures(None, first=first, last=last, organization=acme.org)
    assert (figures.open, figures.new, figures.converted, figures.dropped) == (1, 3, 1, 0)
    own = queries.lead_figures({acme.rep2.pk}, first=first, last=last + 40 * DAY, organization=acme.org)
    assert (own.open, own.new, own.converted, own.dropped) == (0, 1, 0, 1)
