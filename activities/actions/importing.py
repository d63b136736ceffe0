"""Visits and next actions that come in bulk."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from activities.actions import _following
from activities.history import Counts, ImportedAction, ImportedVisit, Rewritten
from activities.kinds import Result, VisitState
from activities.models import NextAction, Visit, VisitContact
from tenants import audit
from tenants.models import Membership

BATCH = 1_000
_WORDS = ("result", "goal", "note", "commitment")


@transaction.atomic
def import_visits(rows: Sequence[ImportedVisit], *, by: Membership, at: datetime) -> Counts:
    """Write visits that come from elsewhere, of any age, in a few statements; found again by their key.

    What the source says anew replaces what is written, what it leaves out stays; a visit that was planned and took
    place is recorded, one that took place here is never planned again. The ids must be of this organization (a foreign
    key refuses others). What is shown on accounts and opportunities (last contact) follows, and which visit was the
    first.
    """
    wanted = {row.key: row for row in rows}
    known = _known(Visit, list(wanted))
    fresh = [row for row in wanted.values() if row.key not in known]
    made = Visit.objects.bulk_create([_visit(row, at) for row in fresh], batch_size=BATCH)
    rewritten = {key: change for key, visit in known.items() if (change := _rewrite(visit, wanted[key], at))}
    changed = [known[key] for key in rewritten]
    Visit.objects.bulk_update(changed, [*_WORDS, "state", "version", "recorded_at"], batch_size=BATCH)
    met = _meet({row.key: visit.pk for row, visit in zip(fresh, made, strict=True)}, known, wanted)
    done = [visit for visit in made if visit.state == VisitState.DONE]
    if made or changed:
        _following.tell_of(done)
        _following.retell(changed)
        accounts_met = sorted({visit.account_id for visit in [*made, *changed]})
        _following.mark_first(accounts_met)
        opportunities = {visit.opportunity_id for visit in [*made, *changed] if visit.opportunity_id}
        _following.touch_many(accounts_met, sorted(opportunities), at=at)
    people = _following.contacts_of([visit.pk for visit in changed]) | {
        contact_id for key in (*met, *(row.key for row in fresh)) for contact_id in wanted[key].contact_ids
    }
    _following.remember_met(people, by.organization.zone, at=at)
    if made or changed or met:
        audit.record("visits.imported", None, by=by, at=at, created=len(made), updated=len(changed))
    return Counts(
        created=len(made),
        unchanged=len(rows) - len(made) - len(changed),
        made={row.key: visit.pk for row, visit in zip(fresh, made, strict=True)},
        rewritten=rewritten,
        met=met,
    )


def _visit(row: ImportedVisit, at: datetime) -> Visit:
    return Visit(
        account_id=row.account_id,
        opportunity_id=row.opportunity_id,
        by_id=row.by_id,
        state=row.state,
        kind=row.kind,
        happened_at=row.happened_at,
        result=row.result or (Result.STEADY if row.state == VisitState.DONE else ""),
        goal=row.goal[:200],
        note=row.note,
        commitment=row.commitment[:300],
        request_key=row.key,
        recorded_at=at,
    )


def _rewrite(visit: Visit, row: ImportedVisit, at: datetime) -> Rewritten | None:
    """Write anew what a row says otherwise; None when it says the same."""
    new = _visit(row, at)
    names = [name for name in _WORDS if getattr(row, name)]
    if visit.state == VisitState.PLANNED and row.state == VisitState.DONE and row.is_reported:
        names += ["state", "result"]
    elif visit.state != VisitState.DONE:
        names = [name for name in names if name != "result"]
    before = {name: getattr(visit, name) for name in names if getattr(visit, name) != getattr(new, name)}
    if not before:
        return None
    for name in before:
        setattr(visit, name, getattr(new, name))
    visit.version += 1
    if "state" in before:
        before["recorded_at"], visit.recorded_at = visit.recorded_at, at
    return Rewritten(visit.pk, visit.version, before)


def _meet(
    made: dict[UUID, int], known: dict[UUID, Any], wanted: dict[UUID, ImportedVisit]
) -> dict[UUID, list[tuple[int, int]]]:
    """Note whom we met; returns what is new, by the key of the visit: its id, and the id of the visit."""
    there: dict[int, set[int]] = defaultdict(set)
    old = [visit.pk for visit in known.values()]
    for visit_id, contact_id in VisitContact.objects.filter(visit__in=old).values_list("visit_id", "contact_id"):
        there[visit_id].add(contact_id)
    pks = made | {key: visit.pk for key, visit in known.items()}
    new = [
        (key, VisitContact(visit_id=pks[key], contact_id=contact_id))
        for key, row in wanted.items()
        for contact_id in dict.fromkeys(row.contact_ids)
        if contact_id not in there[pks[key]]
    ]
    VisitContact.objects.bulk_create([each for _key, each in new], batch_size=BATCH)
    met: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for key, each in new:
        met[key].append((each.pk, each.visit_id))
    return dict(met)


@transaction.atomic
def import_next_actions(rows: Sequence[ImportedAction], *, by: Membership, at: datetime) -> Counts:
    """Write next actions that come from elsewhere, of any age. Keys known already change nothing."""
    known = _known(NextAction, [row.key for row in rows])
    fresh = [row for row in {row.key: row for row in rows}.values() if row.key not in known]
    made = NextAction.objects.bulk_create(
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
        batch_size=BATCH,
    )
    if fresh:
        _following.show_next_steps(sorted({row.opportunity_id for row in fresh if row.opportunity_id}), at=at)
        audit.record("next_actions.imported", None, by=by, at=at, created=len(fresh))
    return Counts(
        created=len(made),
        unchanged=len(rows) - len(made),
        made={row.key: action.pk for row, action in zip(fresh, made, strict=True)},
    )


def _known(model: Any, keys: list[UUID]) -> dict[UUID, Any]:
    found = model.objects.select_for_update(of=("self",)).filter(request_key__in=keys).order_by("pk")
    return {row.request_key: row for row in found}
