"""Visits: logged, planned, held, corrected, called off."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import actions as accounts
from accounts.models import Account, Contact
from activities.actions import _checks, _following
from activities.actions.next_actions import add_next_action
from activities.kinds import Kind, Origin, Result, VisitState
from activities.labels import RESULTS
from activities.models import NextAction, Visit, VisitContact
from funnel import actions as funnel
from funnel.models import Opportunity
from funnel.stages import GRACE, Stage
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def log_visit(
    account: Account,
    *,
    by: Membership,
    at: datetime,
    happened_at: datetime,
    kind: Kind,
    result: Result,
    note: str = "",
    opportunity: Opportunity | None = None,
    contacts: Iterable[Contact] = (),
    commitment: str = "",
    next_text: str = "",
    next_on: date | None = None,
    goal: str = "",
    new_contacts: Sequence[tuple[str, str]] = (),
    advance: tuple[Stage, Stage] | None = None,
    request_key: UUID | None = None,
) -> Visit:
    """Record a meeting that took place, and the next action agreed, if `next_text` names one.

    A key that was used before returns the visit it made.

    :param new_contacts: name and position of people who are not in the archive yet.
    :param advance: the stage the caller saw the opportunity in, and the one it moves to. Missing evidence that only
        warns was shown to the caller, and is recorded with the move.
    :raises Refused: `future`, `too_long_ago`, `opportunity_elsewhere`, `contact_elsewhere`, `next_without_date`,
        `due_in_the_past`, `due_too_far`; what `funnel.actions.move` refuses, its MissingEvidence among it.
    :raises Stale: the opportunity is in another stage by now.
    """
    account = _checks.locked(account)
    earlier = _checks.made_before(Visit, request_key)
    if earlier is not None:
        return earlier
    _checks.check_time(happened_at, at)
    people = _checks.check_place(account, opportunity, contacts) + _meet(account, new_contacts, by=by, at=at)
    visit: Visit = Visit.objects.create(
        account=account,
        opportunity=opportunity,
        by=by,
        state=VisitState.DONE,
        kind=kind,
        happened_at=min(happened_at, at),
        result=result,
        goal=goal,
        note=note,
        commitment=commitment,
        request_key=request_key,
        recorded_at=at,
    )
    VisitContact.objects.bulk_create(VisitContact(visit=visit, contact=contact) for contact in people)
    audit.record("visit.logged", visit, by=by, at=at, kind=kind, result=result, account=account.pk)
    _following.hand_on(visit, by=by, at=at)
    if next_text:
        _agree(visit, next_text, next_on, by=by, at=at)
    _advance(visit, opportunity, advance, by=by, at=at)
    return visit


@transaction.atomic
def plan_visit(
    account: Account,
    *,
    by: Membership,
    at: datetime,
    planned_at: datetime,
    kind: Kind,
    goal: str = "",
    opportunity: Opportunity | None = None,
    contacts: Iterable[Contact] = (),
    request_key: UUID | None = None,
) -> Visit:
    """Plan a meeting: its goal, with whom, when. A key that was used before returns the visit it made.

    :raises Refused: `planned_in_the_past`, `due_too_far`, `opportunity_elsewhere`, `contact_elsewhere`.
    """
    account = _checks.locked(account)
    earlier = _checks.made_before(Visit, request_key)
    if earlier is not None:
        return earlier
    _checks.check_plan(planned_at, at)
    people = _checks.check_place(account, opportunity, contacts)
    visit: Visit = Visit.objects.create(
        account=account,
        opportunity=opportunity,
        by=by,
        state=VisitState.PLANNED,
        kind=kind,
        happened_at=planned_at,
        goal=goal,
        request_key=request_key,
        recorded_at=at,
    )
    VisitContact.objects.bulk_create(VisitContact(visit=visit, contact=contact) for contact in people)
    audit.record("visit.planned", visit, by=by, at=at, kind=kind, planned_at=planned_at.isoformat(), account=account.pk)
    return visit


@transaction.atomic
def hold(
    visit: Visit,
    *,
    seen: int,
    by: Membership,
    at: datetime,
    happened_at: datetime,
    kind: Kind,
    result: Result,
    note: str = "",
    opportunity: Opportunity | None = None,
    contacts: Iterable[Contact] = (),
    commitment: str = "",
    next_text: str = "",
    next_on: date | None = None,
    new_contacts: Sequence[tuple[str, str]] = (),
    advance: tuple[Stage, Stage] | None = None,
) -> Visit:
    """Record what became of a planned visit. Recorded already, it is returned as it stands.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: as `log_visit`, and `called_off`.
    """
    account = _checks.locked(visit.account)
    visit = _checks.locked(visit)
    if visit.state == VisitState.DONE:
        return visit
    if visit.state == VisitState.CANCELLED:
        raise Refused("called_off")
    refuse_stale(visit, seen)
    _checks.check_time(happened_at, at)
    people = _checks.check_place(account, opportunity, contacts) + _meet(account, new_contacts, by=by, at=at)
    visit.state, visit.kind, visit.result, visit.happened_at = VisitState.DONE, kind, result, min(happened_at, at)
    visit.opportunity, visit.note, visit.commitment, visit.recorded_at = opportunity, note, commitment, at
    visit.version += 1
    visit.save()
    visit.met.exclude(contact__in=people).delete()
    VisitContact.objects.bulk_create(
        (VisitContact(visit=visit, contact=contact) for contact in people), ignore_conflicts=True
    )
    audit.record("visit.logged", visit, by=by, at=at, kind=kind, result=result, account=account.pk, planned=True)
    _following.hand_on(visit, by=by, at=at)
    if next_text:
        _agree(visit, next_text, next_on, by=by, at=at)
    _advance(visit, opportunity, advance, by=by, at=at)
    return visit


@transaction.atomic
def change_visit(visit: Visit, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Visit:
    """Correct what was written about a visit: `note`, `commitment`, `result`, `goal`, `kind`, or the planned time.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: `planned_in_the_past`, `due_too_far`, `too_long_ago`, `future`.
    """
    account = _checks.locked(visit.account)
    visit = _checks.locked(visit)
    refuse_stale(visit, seen, *fields)
    changed = {name: value for name, value in fields.items() if getattr(visit, name) != value}
    if not changed:
        return visit
    if "happened_at" in changed:
        (_checks.check_plan if visit.state == VisitState.PLANNED else _checks.check_time)(changed["happened_at"], at)
    for name, value in changed.items():
        setattr(visit, name, value)
    visit.version += 1
    visit.save(update_fields=[*changed, "version"])
    audit.record("visit.changed", visit, by=by, at=at, fields=sorted(changed))
    if visit.state == VisitState.DONE and {"happened_at", "result"} & set(changed):
        _following.mark_first([account.pk])
        _following.touch(visit, by=by, at=at)
        _following.remember_met(_following.contacts_of([visit.pk]), by.organization.zone, at=at)
    return visit


@transaction.atomic
def call_off(visit: Visit, *, by: Membership, at: datetime) -> Visit:
    """Call off a planned visit.

    :raises Refused: `not_planned`: it took place.
    """
    visit = _checks.locked(visit)
    if visit.state == VisitState.CANCELLED:
        return visit
    if visit.state != VisitState.PLANNED:
        raise Refused("not_planned")
    visit.state = VisitState.CANCELLED
    visit.version += 1
    visit.save(update_fields=["state", "version"])
    audit.record("visit.called_off", visit, by=by, at=at)
    return visit


@transaction.atomic
def put_back(visit: Visit, *, by: Membership, at: datetime) -> Visit:
    """Take back a calling-off: the visit is planned again."""
    visit = _checks.locked(visit)
    if visit.state == VisitState.CANCELLED:
        visit.state = VisitState.PLANNED
        visit.version += 1
        visit.save(update_fields=["state", "version"])
        audit.record("visit.put_back", visit, by=by, at=at)
    return visit


def _meet(account: Account, new_contacts: Sequence[tuple[str, str]], *, by: Membership, at: datetime) -> list[Contact]:
    """Put people met for the first time into the archive."""
    return [
        accounts.create_contact(account, name=name, position=position, by=by, at=at) for name, position in new_contacts
    ]


def _advance(
    visit: Visit, opportunity: Opportunity | None, advance: tuple[Stage, Stage] | None, *, by: Membership, at: datetime
) -> None:
    """Move the opportunity; where evidence is missing, what the visit says is why one goes on, for the usual grace."""
    if opportunity is not None and advance is not None:
        left, to = advance
        words = (visit.note, visit.commitment, str(RESULTS[Result(visit.result)]))
        until = at.astimezone(opportunity.organization.zone).date() + GRACE
        funnel.move(opportunity, left=left, to=to, by=by, at=at, why=next(filter(None, words)), until=until)


def _agree(visit: Visit, text: str, due_on: date | None, *, by: Membership, at: datetime) -> NextAction:
    if due_on is None:
        raise Refused("next_without_date")
    return add_next_action(
        visit.account,
        owner=by,
        text=text,
        due_on=due_on,
        by=by,
        at=at,
        opportunity=visit.opportunity,
        origin=Origin.VISIT,
    )
