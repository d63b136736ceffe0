"""Leads: recorded, changed, moved, answered, dropped, taken up again."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from accounts import names
from funnel.actions import _leads
from funnel.facts import check_amount
from funnel.leads import (
    Answer,
    Criteria,
    Criterion,
    EventKind,
    LeadStatus,
    Source,
    Step,
    ask_drop,
    ask_move,
    check_criteria,
    choices_of,
    lacking_between,
)
from funnel.models import Lead, LeadAnswer, LeadEvent, LeadSetting
from tenants import audit
from tenants.actions.locking import A_DOUBLE_CLICK, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership, Organization

PLAIN = (
    "company", "tax_id", "person", "position", "phone", "email", "industry", "region", "source_note", "next_step",
)  # fmt: skip
SAVED = [
    *PLAIN, "need", "source", "budget", "buys_on", "next_step_on", "owner", "company_key", "person_key", "phone_key",
    "email_key", "tax_id_key",
]  # fmt: skip


class LeadFacts(TypedDict, total=False):
    """What can be recorded and changed. `budget` is minor units of the reporting currency."""

    company: str
    tax_id: str
    person: str
    position: str
    phone: str
    email: str
    industry: str
    region: str
    need: str
    source: str
    source_note: str
    budget: int | None
    buys_on: date | None
    next_step: str
    next_step_on: date | None


@transaction.atomic
def record_lead(
    *, owner: Membership, by: Membership, at: datetime, request_key: uuid.UUID | None = None, **facts: Unpack[LeadFacts]
) -> Lead:
    """Record a lead; a repeated `request_key` returns the first one, also when both arrive at once.

    :raises Refused: `company_empty`, `owner_out_of_reach`, `amount_negative`, `amount_too_large`.
    """
    _leads.check_reach(by, owner)
    if request_key is not None:
        first: Lead | None = Lead.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    lead = Lead(owner=owner, request_key=request_key, created_at=at, updated_at=at, updated_by=by, step_entered_at=at)
    try:
        with transaction.atomic():
            return make_lead(lead, facts, by=by, at=at)
    except IntegrityError:
        first = Lead.objects.filter(request_key=request_key).first() if request_key else None
        if first is None:
            raise
        return first


def make_lead(lead: Lead, facts: Mapping[str, Any], *, by: Membership | None, at: datetime) -> Lead:
    """Save a new lead with these facts, and leave the trace; also of what a web form sent (`by` None)."""
    _take(lead, facts)
    lead.save()
    _leads.index(lead)
    _leads.tell(EventKind.CREATED, lead, by=by, at=at, source=lead.source, owner=lead.owner_id)
    if by is not None and lead.owner_id != by.pk:
        _leads.tell_owner("lead_given", lead, at=at, by=by.name)
    return lead


@transaction.atomic
def change_lead(
    lead: Lead, *, seen: int, by: Membership, at: datetime, owner: Membership | None = None, **facts: Unpack[LeadFacts]
) -> Lead:
    """Change facts of an open lead; what is the same already leaves no trace. A new owner is told.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: as `record_lead`; `lead_closed`.
    """
    lead = _leads.lock(lead)
    refuse_stale(lead, seen, *_leads.SHOWN)
    if lead.status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    before = {name: getattr(lead, name) for name in _leads.SHOWN}
    giver = lead.owner
    if owner is not None and owner.pk != lead.owner_id:
        _leads.check_reach(by, owner)
        lead.owner = owner
    _take(lead, facts)
    changes = _leads.changed(before, lead, _leads.SHOWN)
    if not changes:
        return lead
    _leads.write(lead, by=by, at=at, fields=SAVED)
    _leads.index(lead)
    handed = changes.pop("owner_id", None)
    if changes:
        _leads.tell(EventKind.CHANGED, lead, by=by, at=at, changes=changes)
    if handed:
        _leads.tell(EventKind.HANDED, lead, by=by, at=at, owner=handed, names=[giver.name, lead.owner.name])
        if lead.owner_id != by.pk:
            _leads.tell_owner("lead_given", lead, at=at, by=by.name)
    return lead


def _take(lead: Lead, facts: Mapping[str, Any]) -> None:
    """Set the facts on a lead, in one spelling too; a person without a company stands for it."""
    for name in PLAIN:
        if name in facts:
            setattr(lead, name, names.tidy(str(facts[name] or "")))
    if "need" in facts:
        lead.need = _leads.text_of(str(facts["need"] or ""))
    if "source" in facts:
        lead.source = Source(facts["source"])
    for name in ("budget", "buys_on", "next_step_on"):
        if name in facts:
            setattr(lead, name, facts[name])
    lead.company = lead.company or lead.person
    if not lead.company:
        raise Refused("company_empty")
    check_amount(lead.budget)
    if not lead.next_step:
        lead.next_step_on = None
    lead.take_keys()


@transaction.atomic
def move_lead(lead: Lead, *, left: Step, to: Step, by: Membership, at: datetime, why: str = "") -> Lead:
    """Move an open lead to another step.

    :param left: the step the caller saw it in.
    :raises Stale: it is not in `left` any more.
    :raises Refused: see `ask_move`.
    """
    lead = _leads.lock(lead)
    if lead.step != left:
        refuse_stale(lead, -1, *_leads.SHOWN)
    found, _verdict = _leads.standing(lead, at)
    missing = lacking_between(left, to, lead.facts(found), found)
    ask_move(LeadStatus(lead.status), left, to, missing, why)
    lead.step, lead.step_entered_at = to, at
    _leads.write(lead, by=by, at=at, fields=["step", "step_entered_at"])
    text = _leads.text_of(why)
    _leads.tell(EventKind.MOVED, lead, by=by, at=at, text=text, step=[int(left), int(to)], missing=list(missing))
    return lead


@transaction.atomic
def answer_criteria(
    lead: Lead, given: Mapping[Criterion, tuple[Answer, str]], *, seen: int, by: Membership, at: datetime
) -> Lead:
    """Answer criteria of an open lead, each with what is behind the answer; the history keeps what stood before.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: `lead_closed`, `answer_unknown`, `text_too_long`.
    """
    lead = _leads.lock(lead)
    refuse_stale(lead, seen, *_leads.SHOWN)
    if lead.status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    rows = {Criterion(row.criterion): row for row in LeadAnswer.objects.filter(lead=lead)}
    changes: dict[str, list[str]] = {}
    for criterion, (answer, note) in given.items():
        note = names.tidy(note)
        if answer not in choices_of(criterion):
            raise Refused("answer_unknown")
        if len(note) > 500:
            raise Refused("text_too_long")
        row = rows.get(criterion) or LeadAnswer(lead=lead, criterion=criterion, answer=Answer.UNKNOWN)
        if (row.answer, row.note) == (answer, note):
            continue
        changes[str(criterion)] = [f"{row.answer} {row.note}".strip(), f"{answer} {note}".strip()]
        row.answer, row.note, row.by, row.at = answer, note, by, at
        row.save()
    if changes:
        _leads.write(lead, by=by, at=at, fields=[])
        _found, verdict = _leads.standing(lead, at)
        _leads.tell(EventKind.ANSWERED, lead, by=by, at=at, answers=changes, standing=str(verdict.standing))
    return lead


@transaction.atomic
def note_lead(
    lead: Lead,
    *,
    text: str,
    contacted: bool,
    next_step: str,
    next_step_on: date | None,
    by: Membership,
    at: datetime,
) -> Lead:
    """Write down what happened with an open lead, and what comes next; two notes at once are both kept, the same one
    sent twice is not.

    :param contacted: whether we spoke with them.
    :raises Refused: `lead_closed`, `text_needed`, `text_too_long`.
    """
    lead = _leads.lock(lead)
    if lead.status != LeadStatus.OPEN:
        raise Refused("lead_closed")
    text, step = _leads.text_of(text), names.tidy(next_step)[:200]
    if not text and not step and not contacted:
        raise Refused("text_needed")
    due = next_step_on.isoformat() if next_step_on and step else None
    said: dict[str, Any] = {"contacted": contacted, "next_step": step, "next_step_on": due}
    just_now = LeadEvent.objects.filter(lead=lead, kind=EventKind.NOTED, at__gt=at - A_DOUBLE_CLICK)
    if just_now.filter(by=by, text=text, data=said).exists():
        return lead
    if contacted:
        lead.last_contact_at = at
    lead.next_step, lead.next_step_on = step, next_step_on if step else None
    _leads.write(lead, by=by, at=at, fields=["last_contact_at", "next_step", "next_step_on"])
    _leads.tell(EventKind.NOTED, lead, by=by, at=at, text=text, **said)
    return lead


@transaction.atomic
def drop_lead(lead: Lead, *, seen: int, reason: str, note: str, by: Membership, at: datetime) -> Lead:
    """Drop a lead, with the reason; whoever leads its owner is told.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: see `ask_drop`.
    """
    lead = _leads.lock(lead)
    ask_drop(LeadStatus(lead.status), reason, note)
    refuse_stale(lead, seen, *_leads.SHOWN)
    note = _leads.text_of(note)[:500]
    lead.status, lead.closed_at = LeadStatus.DROPPED, at
    lead.reason, lead.reason_note = reason, note
    _leads.write(lead, by=by, at=at, fields=["status", "closed_at", "reason", "reason_note"])
    _leads.tell(EventKind.DROPPED, lead, by=by, at=at, text=note, reason=reason)
    _leads.tell_managers("lead_dropped", lead, but=by, at=at, by=by.name, reason=reason)
    return lead


@transaction.atomic
def resume_lead(lead: Lead, *, seen: int, why: str, by: Membership, at: datetime) -> Lead:
    """Take a dropped lead up again, in the step where it stood.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: `lead_not_dropped`, `reason_needed`.
    """
    lead = _leads.lock(lead)
    if lead.status != LeadStatus.DROPPED:
        raise Refused("lead_not_dropped")
    refuse_stale(lead, seen, *_leads.SHOWN)
    why = _leads.text_of(why)
    if not why:
        raise Refused("reason_needed")
    lead.status, lead.closed_at, lead.reason, lead.reason_note = LeadStatus.OPEN, None, "", ""
    _leads.write(lead, by=by, at=at, fields=["status", "closed_at", "reason", "reason_note"])
    _leads.tell(EventKind.RESUMED, lead, by=by, at=at, text=why)
    return lead


@transaction.atomic
def change_criteria(criteria: Criteria, *, seen: int, by: Membership, at: datetime) -> LeadSetting:
    """Set what the organization asks of a lead.

    :param seen: the version of the setting that was shown, 0 for the defaults.
    :raises Stale: it was changed since.
    :raises Refused: see `check_criteria`; `amount_too_large`.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)
    setting = LeadSetting.current()
    stands = {"budget_from": setting.budget_from, "months": setting.months, "musts": sorted(setting.musts)}
    refuse_stale(setting, seen, **stands)
    check_criteria(criteria)
    check_amount(criteria.budget_from)
    before = {"budget_from": setting.budget_from, "months": setting.months, "musts": sorted(setting.musts)}
    musts = sorted(criteria.musts)
    after = {"budget_from": criteria.budget_from, "months": criteria.months, "musts": musts}
    if before == after:
        return setting
    setting.budget_from, setting.months, setting.musts = criteria.budget_from, criteria.months, musts
    setting.version += 1
    setting.updated_at, setting.updated_by = at, by
    setting.save()
    audit.record("lead_setting.changed", None, by=by, at=at, changes=audit.changes(before, after))
    return setting
