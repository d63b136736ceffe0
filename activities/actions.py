"""Writes: visits logged and planned, next actions taken on, done, put off and dropped."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from accounts import actions as accounts
from accounts.models import Account, Contact
from activities.history import Counts, ImportedAction, ImportedVisit
from activities.kinds import Kind, Origin, Result, VisitState
from activities.models import NextAction, Visit, VisitContact
from activities.times import FURTHEST, OLDEST, SLACK
from funnel import actions as funnel
from funnel.models import Opportunity
from funnel.stages import Stage
from jobs import actions as jobs
from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership

# Visits ---------------------------------------------------------------------------------------


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
    account = _locked(account)
    earlier = _made_before(Visit, request_key)
    if earlier is not None:
        return earlier
    _check_time(happened_at, at)
    people = _check_place(account, opportunity, contacts) + _meet(account, new_contacts, by=by, at=at)
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
    _hand_on(visit, by=by, at=at)
    if next_text:
        _agree(visit, next_text, next_on, by=by, at=at)
    _advance(opportunity, advance, by=by, at=at)
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
    account = _locked(account)
    earlier = _made_before(Visit, request_key)
    if earlier is not None:
        return earlier
    _check_plan(planned_at, at)
    people = _check_place(account, opportunity, contacts)
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
    account = _locked(visit.account)
    visit = _locked(visit)
    if visit.state == VisitState.DONE:
        return visit
    if visit.state == VisitState.CANCELLED:
        raise Refused("called_off")
    _check_seen(visit, seen)
    _check_time(happened_at, at)
    people = _check_place(account, opportunity, contacts) + _meet(account, new_contacts, by=by, at=at)
    visit.state, visit.kind, visit.result, visit.happened_at = VisitState.DONE, kind, result, min(happened_at, at)
    visit.opportunity, visit.note, visit.commitment, visit.recorded_at = opportunity, note, commitment, at
    visit.version += 1
    visit.save()
    visit.met.exclude(contact__in=people).delete()
    VisitContact.objects.bulk_create(
        (VisitContact(visit=visit, contact=contact) for contact in people), ignore_conflicts=True
    )
    audit.record("visit.logged", visit, by=by, at=at, kind=kind, result=result, account=account.pk, planned=True)
    _hand_on(visit, by=by, at=at)
    if next_text:
        _agree(visit, next_text, next_on, by=by, at=at)
    _advance(opportunity, advance, by=by, at=at)
    return visit


@transaction.atomic
def change_visit(visit: Visit, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Visit:
    """Correct what was written about a visit: `note`, `commitment`, `result`, `goal`, `kind`, or the planned time.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: `planned_in_the_past`, `due_too_far`, `too_long_ago`, `future`.
    """
    account = _locked(visit.account)
    visit = _locked(visit)
    _check_seen(visit, seen, *fields)
    changed = {name: value for name, value in fields.items() if getattr(visit, name) != value}
    if not changed:
        return visit
    if "happened_at" in changed:
        (_check_plan if visit.state == VisitState.PLANNED else _check_time)(changed["happened_at"], at)
    for name, value in changed.items():
        setattr(visit, name, value)
    visit.version += 1
    visit.save(update_fields=[*changed, "version"])
    audit.record("visit.changed", visit, by=by, at=at, fields=sorted(changed))
    if visit.state == VisitState.DONE and {"happened_at", "result"} & set(changed):
        _mark_first([account.pk])
        _touch(visit, by=by, at=at)
    return visit


@transaction.atomic
def call_off(visit: Visit, *, by: Membership, at: datetime) -> Visit:
    """Call off a planned visit.

    :raises Refused: `not_planned`: it took place.
    """
    visit = _locked(visit)
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
    visit = _locked(visit)
    if visit.state == VisitState.CANCELLED:
        visit.state = VisitState.PLANNED
        visit.version += 1
        visit.save(update_fields=["state", "version"])
        audit.record("visit.put_back", visit, by=by, at=at)
    return visit


# Next actions ---------------------------------------------------------------------------------


@transaction.atomic
def add_next_action(
    account: Account,
    *,
    owner: Membership,
    text: str,
    due_on: date,
    by: Membership,
    at: datetime,
    opportunity: Opportunity | None = None,
    origin: Origin = Origin.HAND,
    request_key: UUID | None = None,
) -> NextAction:
    """Take on what is to be done, by whom and by when. A key that was used before returns the action it made.

    :raises Refused: `opportunity_elsewhere`, `due_in_the_past`, `due_too_far`.
    """
    account = _locked(account)
    earlier = _made_before(NextAction, request_key)
    if earlier is not None:
        return earlier
    _check_place(account, opportunity, ())
    _check_due(due_on, by, at)
    action: NextAction = NextAction.objects.create(
        account=account,
        opportunity=opportunity,
        owner=owner,
        text=text[:200],
        due_on=due_on,
        origin=origin,
        created_by=by,
        created_at=at,
        request_key=request_key,
    )
    audit.record(
        "next_action.added",
        action,
        by=by,
        at=at,
        owner=owner.pk,
        due_on=due_on.isoformat(),
        origin=origin,
        account=account.pk,
    )
    _show_next_step(opportunity, at=at)
    if origin == Origin.HAND and owner.pk != by.pk:
        _tell_owner(action, at=at)
    return action


@transaction.atomic
def complete(action: NextAction, *, by: Membership, at: datetime) -> NextAction:
    """Say that it is done. Done already, it is returned as it stands.

    :raises Refused: `dropped`.
    """
    action = _locked(action)
    if action.done_at is not None:
        return action
    if action.dropped_at is not None:
        raise Refused("dropped")
    action.done_at = at
    _record(action, "done", by=by, at=at)
    accounts.tell(action.account, "next_action.done", by=by, at=at, source=action, data=_story(action))
    return action


@transaction.atomic
def drop(action: NextAction, *, by: Membership, at: datetime) -> NextAction:
    """Say that it will not be done. Dropped already, it is returned as it stands.

    :raises Refused: `done`.
    """
    action = _locked(action)
    if action.dropped_at is not None:
        return action
    if action.done_at is not None:
        raise Refused("done")
    action.dropped_at = at
    _record(action, "dropped", by=by, at=at)
    return action


@transaction.atomic
def take_back(action: NextAction, *, by: Membership, at: datetime) -> NextAction:
    """Undo `complete` or `drop`: it is open again."""
    action = _locked(action)
    if action.done_at is None and action.dropped_at is None:
        return action
    action.done_at = action.dropped_at = None
    _record(action, "taken_back", by=by, at=at)
    return action


@transaction.atomic
def postpone(
    action: NextAction, *, seen: int, due_on: date, by: Membership, at: datetime, text: str | None = None
) -> NextAction:
    """Give an open action another day, and other words if `text` is given.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: `done`, `dropped`, `due_in_the_past`, `due_too_far`.
    """
    action = _locked(action)
    _check_seen(action, seen, "due_on", "text")
    if action.done_at or action.dropped_at:
        raise Refused("done" if action.done_at else "dropped")
    _check_due(due_on, by, at)
    before, action.due_on, action.text = action.due_on, due_on, (text or action.text)[:200]
    _record(action, "postponed", by=by, at=at, before=before.isoformat(), due_on=due_on.isoformat())
    return action


# In bulk --------------------------------------------------------------------------------------


@transaction.atomic
def import_visits(rows: Sequence[ImportedVisit], *, by: Membership, at: datetime) -> Counts:
    """Write visits that come from elsewhere, of any age, in a few statements. Keys known already change nothing.

    The ids must be of this organization (a foreign key refuses others); what is shown on accounts and opportunities
    (last contact) and which visit was the first follow.
    """
    known = _known_keys(Visit, [row.key for row in rows])
    fresh = [row for row in {row.key: row for row in rows}.values() if row.key not in known]
    made = Visit.objects.bulk_create(
        [
            Visit(
                account_id=row.account_id,
                opportunity_id=row.opportunity_id,
                by_id=row.by_id,
                state=row.state,
                kind=row.kind,
                happened_at=row.happened_at,
                result=row.result or "",
                goal=row.goal[:200],
                note=row.note,
                commitment=row.commitment[:300],
                request_key=row.key,
                recorded_at=at,
            )
            for row in fresh
        ],
        batch_size=1000,
    )
    VisitContact.objects.bulk_create(
        [
            VisitContact(visit=visit, contact_id=contact_id)
            for visit, row in zip(made, fresh, strict=True)
            for contact_id in dict.fromkeys(row.contact_ids)
        ],
        batch_size=1000,
    )
    if made:
        accounts_met = sorted({row.account_id for row in fresh})
        accounts.tell_many(
            (visit.account_id, "visit.logged", visit.by_id, visit.happened_at, visit, _telling(visit))
            for visit in made
            if visit.state == VisitState.DONE
        )
        _mark_first(accounts_met)
        _touch_many(accounts_met, sorted({row.opportunity_id for row in fresh if row.opportunity_id}), at=at)
        audit.record("visits.imported", None, by=by, at=at, created=len(made))
    return Counts(created=len(made), unchanged=len(rows) - len(made))


@transaction.atomic
def import_next_actions(rows: Sequence[ImportedAction], *, by: Membership, at: datetime) -> Counts:
    """Write next actions that come from elsewhere, of any age. Keys known already change nothing."""
    known = _known_keys(NextAction, [row.key for row in rows])
    fresh = [row for row in {row.key: row for row in rows}.values() if row.key not in known]
    NextAction.objects.bulk_create(
        [
            NextAction(
                account_id=row.account_id,
                opportunity_id=row.opportunity_id,
                owner_id=row.owner_id,
                text=row.text[:200],
                due_on=row.due_on,
                origin=row.origin,
                created_by_id=row.created_by_id,
                created_at=row.created_at,
                done_at=row.done_at,
                dropped_at=row.dropped_at,
                request_key=row.key,
            )
            for row in fresh
        ],
        batch_size=1000,
    )
    if fresh:
        _show_next_steps(sorted({row.opportunity_id for row in fresh if row.opportunity_id}), at=at)
        audit.record("next_actions.imported", None, by=by, at=at, created=len(fresh))
    return Counts(created=len(fresh), unchanged=len(rows) - len(fresh))


# Checks ---------------------------------------------------------------------------------------


def _locked(thing: Any) -> Any:
    """Return the row as it stands, held until the end of the transaction; keys to it may still be written."""
    return type(thing).objects.select_for_update(no_key=True).get(pk=thing.pk)


def _made_before(model: Any, key: UUID | None) -> Any:
    return model.objects.filter(request_key=key).first() if key else None


def _known_keys(model: Any, keys: list[UUID]) -> set[UUID]:
    return set(model.objects.filter(request_key__in=keys).values_list("request_key", flat=True))


def _check_seen(thing: Visit | NextAction, seen: int, *names: str) -> None:
    if thing.version != seen:
        raise Stale({name: getattr(thing, name) for name in names} | {"version": thing.version})


def _check_time(happened_at: datetime, at: datetime) -> None:
    if happened_at > at + SLACK:
        raise Refused("future")
    if happened_at < at - OLDEST:
        raise Refused("too_long_ago", days=OLDEST.days)


def _check_plan(planned_at: datetime, at: datetime) -> None:
    if planned_at < at - SLACK:
        raise Refused("planned_in_the_past")
    if planned_at > at + FURTHEST:
        raise Refused("due_too_far")


def _check_due(due_on: date, by: Membership, at: datetime) -> None:
    today = at.astimezone(by.organization.zone).date()
    if due_on < today:
        raise Refused("due_in_the_past")
    if due_on > today + FURTHEST:
        raise Refused("due_too_far")


def _check_place(account: Account, opportunity: Opportunity | None, contacts: Iterable[Contact]) -> list[Contact]:
    """Refuse an opportunity or a contact of another account; return the contacts, each once."""
    if opportunity is not None and opportunity.account_id != account.pk:
        raise Refused("opportunity_elsewhere")
    people = list({contact.pk: contact for contact in contacts}.values())
    if any(contact.account_id != account.pk for contact in people):
        raise Refused("contact_elsewhere")
    return people


# What follows ---------------------------------------------------------------------------------


def _meet(account: Account, new_contacts: Sequence[tuple[str, str]], *, by: Membership, at: datetime) -> list[Contact]:
    """Put people met for the first time into the archive."""
    return [
        accounts.create_contact(account, name=name, position=position, by=by, at=at) for name, position in new_contacts
    ]


def _advance(
    opportunity: Opportunity | None, advance: tuple[Stage, Stage] | None, *, by: Membership, at: datetime
) -> None:
    if opportunity is not None and advance is not None:
        left, to = advance
        funnel.move(opportunity, left=left, to=to, by=by, at=at, override=True)


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


def _hand_on(visit: Visit, *, by: Membership, at: datetime) -> None:
    """Tell the account's story, say which visit was the first, and when we last met."""
    accounts.tell(visit.account, "visit.logged", by=by, at=visit.happened_at, source=visit, data=_telling(visit))
    _mark_first([visit.account_id])
    visit.refresh_from_db(fields=["is_first"])
    _touch(visit, by=by, at=at)


def _telling(visit: Visit) -> dict[str, str]:
    """Return what the account's story says of a visit."""
    return {"kind": visit.kind, "result": visit.result, "note": visit.note[:300], "commitment": visit.commitment}


def _touch(visit: Visit, *, by: Membership, at: datetime) -> None:
    """Say when the customer was last met; a visit on which nobody was there is no contact."""
    if visit.result == Result.NOBODY:
        return
    accounts.note_contact(visit.account, met_at=visit.happened_at, by=by, at=at)
    if visit.opportunity is not None:
        funnel.note_contact(visit.opportunity, met_at=visit.happened_at, at=at)


def _touch_many(account_ids: Sequence[int], opportunity_ids: Sequence[int], *, at: datetime) -> None:
    met = Visit.objects.filter(state=VisitState.DONE).exclude(result=Result.NOBODY).order_by()
    latest = met.filter(account__in=account_ids).values_list("account").annotate(Max("happened_at"))
    accounts.note_contacts(dict(latest))
    latest = met.filter(opportunity__in=opportunity_ids).values_list("opportunity").annotate(Max("happened_at"))
    funnel.note_contacts(dict(latest), at=at)


def _mark_first(account_ids: Sequence[int]) -> None:
    """Mark each account's earliest meeting as its first visit (FSI); where nobody was met does not count."""
    met = Visit.objects.filter(account__in=account_ids, state=VisitState.DONE).exclude(result=Result.NOBODY)
    first = list(met.order_by("account_id", "happened_at", "id").distinct("account_id").values_list("pk", flat=True))
    Visit.objects.filter(account__in=account_ids, is_first=True).exclude(pk__in=first).update(is_first=False)
    Visit.objects.filter(pk__in=first, is_first=False).update(is_first=True)


def _tell_owner(action: NextAction, *, at: datetime) -> None:
    """Say to its owner that somebody else gave them an action."""
    page, pk = "accounts:account", action.account_id
    if action.opportunity_id is not None:
        page, pk = "funnel:opportunity", action.opportunity_id
    url = reverse(page, args=[action.organization.slug, pk])
    data = {"by": action.created_by.name, "text": action.text}
    jobs.notify(action.owner, "next_action", data=data, url=url, unique_key=f"next-action:{action.pk}", at=at)


def _story(action: NextAction) -> dict[str, str]:
    return {"text": action.text, "due_on": action.due_on.isoformat(), "opportunity": str(action.opportunity or "")}


def _record(action: NextAction, verb: str, *, by: Membership, at: datetime, **data: Any) -> None:
    action.version += 1
    action.save(update_fields=["text", "due_on", "done_at", "dropped_at", "version"])
    audit.record(f"next_action.{verb}", action, by=by, at=at, account=action.account_id, **data)
    _show_next_step(action.opportunity, at=at)


def _show_next_step(opportunity: Opportunity | None, *, at: datetime) -> None:
    """Put an opportunity's earliest open action, or nothing, on its row."""
    if opportunity is None:
        return
    first = NextAction.objects.open().filter(opportunity=opportunity).order_by("due_on", "id").first()
    funnel.note_next_step(opportunity, text=first.text if first else "", on=first.due_on if first else None, at=at)


def _show_next_steps(opportunity_ids: Sequence[int], *, at: datetime) -> None:
    open_actions = NextAction.objects.open().filter(opportunity__in=opportunity_ids)
    firsts = {
        action.opportunity_id: action
        for action in open_actions.order_by("opportunity_id", "due_on", "id").distinct("opportunity_id")
    }
    steps = {pk: (firsts[pk].text, firsts[pk].due_on) if pk in firsts else ("", None) for pk in opportunity_ids}
    funnel.note_next_steps(steps, at=at)
