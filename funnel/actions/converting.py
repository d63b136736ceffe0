"""What becomes of leads: an opportunity at a customer, or part of another lead."""

from datetime import date, datetime

from django.db import transaction
from django.utils import translation

from accounts import actions as accounts_actions
from accounts.models import Account, Contact
from funnel import labels
from funnel.actions import _leads
from funnel.actions.noting import note_next_step
from funnel.actions.opening import open_opportunity
from funnel.leads import EventKind, LeadStatus, Source, ask_convert
from funnel.models import Lead, LeadAnswer
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership

FILLED = (
    "tax_id", "person", "position", "phone", "email", "industry", "region", "need", "budget", "buys_on", "next_step",
    "next_step_on", "last_contact_at",
)  # fmt: skip


@transaction.atomic
def convert(
    lead: Lead,
    *,
    seen: int,
    name: str,
    by: Membership,
    at: datetime,
    account: Account | None = None,
    contact: Contact | None = None,
    amount: int | None = None,
    expected_close_on: date | None = None,
    why: str = "",
) -> Lead:
    """Make account, contact and opportunity of a lead, all or none; a lead converted already is returned as it is.

    :param account: the customer it belongs to; None makes a new one.
    :param contact: the person there; None makes a new one, if the lead names a person.
    :param why: needed where the lead does not meet the criteria.
    :raises Stale: it was changed since version `seen`.
    :raises Refused: see `ask_convert` and `open_opportunity`; `contact_elsewhere`, `owner_out_of_reach`.
    """
    lead = _leads.lock(lead)
    if lead.status == LeadStatus.CONVERTED:
        return lead
    _found, verdict = _leads.standing(lead, at)
    ask_convert(LeadStatus(lead.status), verdict, why)
    refuse_stale(lead, seen, *_leads.SHOWN)
    if contact is not None and (account is None or contact.account_id != account.pk):
        raise Refused("contact_elsewhere")
    source = _source(lead)
    lead.account = account or accounts_actions.create_account(
        name=lead.company,
        owner=lead.owner,
        by=by,
        at=at,
        tax_id=lead.tax_id,
        industry=lead.industry,
        region=lead.region,
        source=source,
    )
    lead.contact = contact
    if contact is None and lead.person:
        lead.contact = accounts_actions.create_contact(
            lead.account,
            name=lead.person,
            by=by,
            at=at,
            position=lead.position,
            phone=lead.phone,
            email=lead.email,
        )
    lead.opportunity = open_opportunity(
        lead.account,
        name=name,
        owner=lead.owner,
        by=by,
        at=at,
        amount=amount,
        expected_close_on=expected_close_on,
        source=source,
    )
    if lead.next_step:
        note_next_step(lead.opportunity, text=lead.next_step, on=lead.next_step_on, at=at)
    lead.status, lead.closed_at = LeadStatus.CONVERTED, at
    _leads.write(lead, by=by, at=at, fields=["account", "contact", "opportunity", "status", "closed_at"])
    ids = {"account": lead.account.pk, "opportunity": lead.opportunity.pk, "standing": str(verdict.standing)}
    _leads.tell(EventKind.CONVERTED, lead, by=by, at=at, text=_leads.text_of(why), **ids)
    accounts_actions.tell(lead.account, "lead.converted", by=by, at=at, source=lead, data={"name": str(lead)})
    return lead


def _source(lead: Lead) -> str:
    """Return where it came from, in the organization's language: account and opportunity keep it as text."""
    with translation.override(lead.organization.language):
        words = str(labels.SOURCES[Source(lead.source)])
    return f"{words}: {lead.source_note}"[:80] if lead.source_note else words


@transaction.atomic
def merge(lead: Lead, into: Lead, *, seen: int, by: Membership, at: datetime) -> Lead:
    """Merge an open lead into another one, which takes what it did not know yet. Returns that other one.

    :raises Stale: the lead was changed since version `seen`.
    :raises Refused: `lead_closed`, `same_lead`, `into_merged`.
    """
    if lead.pk == into.pk:
        raise Refused("same_lead")
    first, second = sorted((lead, into), key=lambda each: each.pk)
    locked = {each.pk: _leads.lock(each) for each in (first, second)}
    lead, into = locked[lead.pk], locked[into.pk]
    if lead.status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    if into.status == LeadStatus.MERGED:
        raise Refused("into_merged")
    refuse_stale(lead, seen, *_leads.SHOWN)
    taken: list[str] = []
    if into.status == LeadStatus.OPEN:
        taken = [field for field in FILLED if not getattr(into, field) and getattr(lead, field)]
        for field in taken:
            setattr(into, field, getattr(lead, field))
        into.take_keys()
        _take_answers(lead, into)
        keys = ["company_key", "person_key", "phone_key", "email_key", "tax_id_key"]
        _leads.write(into, by=by, at=at, fields=[*taken, *keys])
        _leads.index(into)
    lead.status, lead.closed_at, lead.merged_into = LeadStatus.MERGED, at, into
    _leads.write(lead, by=by, at=at, fields=["status", "closed_at", "merged_into"])
    _leads.tell(EventKind.MERGED, lead, by=by, at=at, other=into.pk, name=str(into))
    _leads.tell(EventKind.TOOK_IN, into, by=by, at=at, other=lead.pk, name=str(lead), fields=taken)
    return into


def _take_answers(lead: Lead, into: Lead) -> None:
    """Give the other lead the answers that it has none to."""
    known = set(LeadAnswer.objects.filter(lead=into).values_list("criterion", flat=True))
    for row in LeadAnswer.objects.filter(lead=lead).exclude(criterion__in=known):
        LeadAnswer.objects.create(
            lead=into, criterion=row.criterion, answer=row.answer, note=row.note, by=row.by, at=row.at
        )
