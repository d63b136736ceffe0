"""The joint plan of a sales team: parts given, changed, done, taken out."""

import uuid
from datetime import date, datetime

from django.db import transaction

from funnel.actions import _bell, _log, _team
from funnel.models import Opportunity, PlanPart
from funnel.plans import Doer, may_finish
from funnel.stages import Status
from tenants import audit
from tenants.actions.locking import locked, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership
from tenants.permissions import Permission


@transaction.atomic
def add_part(
    opportunity: Opportunity,
    *,
    text: str,
    doer: Doer,
    by: Membership,
    at: datetime,
    due_on: date | None = None,
    request_key: uuid.UUID | None = None,
) -> PlanPart:
    """Give somebody on the sales team, or the owner, a part in the joint plan; they are told.

    A repeated `request_key` returns the first one.

    :raises Refused: see `check_part`; `closed` for an opportunity that has ended.
    """
    opportunity = _log.lock(opportunity, by=by)
    if request_key is not None:
        first: PlanPart | None = PlanPart.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    part: PlanPart = PlanPart.objects.create(
        opportunity=opportunity,
        text=_team.checked(opportunity, text, doer),
        member_id=doer.member,
        partner_id=doer.partner,
        due_on=due_on,
        request_key=request_key,
    )
    _team.record("plan_part.added", part, by=by, at=at)
    _given(part, by=by, at=at)
    return part


@transaction.atomic
def change_part(
    part: PlanPart, *, seen: int, text: str, doer: Doer, due_on: date | None, by: Membership, at: datetime
) -> PlanPart:
    """Change what a part says, who has it and by when; what is the same already leaves no trace.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: see `check_part`; `part_done`.
    """
    part = _lock(part, by=by)
    _refuse_stale(part, seen)
    if part.done_at is not None:
        raise Refused("part_done")
    before = {"text": part.text, "due_on": part.due_on, "member": part.member_id, "partner": part.partner_id}
    part.text, part.due_on = _team.checked(part.opportunity, text, doer), due_on
    part.member_id, part.partner_id = doer.member, doer.partner
    after = {"text": part.text, "due_on": part.due_on, "member": part.member_id, "partner": part.partner_id}
    changes = audit.changes(before, after)
    if not changes:
        return part
    part.version += 1
    part.save(update_fields=["text", "due_on", "member", "partner", "version"])
    part = _lock(part, by=by)
    _team.record("plan_part.changed", part, by=by, at=at, changes=changes)
    if "member" in changes:
        _given(part, by=by, at=at)
    return part


@transaction.atomic
def finish_part(part: PlanPart, *, by: Membership, at: datetime) -> PlanPart:
    """Say that a part is done; the owner is told. Once more changes nothing.

    :raises Refused: `not_your_part`.
    """
    part = _lock(part, by=by)
    _ask(part, by)
    if part.done_at is not None:
        return part
    _mark(part, at, by)
    _team.record("plan_part.done", part, by=by, at=at)
    owner, key = part.opportunity.owner_id, f"part:{part.pk}:{part.version}"
    _bell.tell([owner], "part_done", part.opportunity, by=by, at=at, key=key, part=part.text)
    return part


@transaction.atomic
def resume_part(part: PlanPart, *, by: Membership, at: datetime) -> PlanPart:
    """Say that a part is not done after all. Once more changes nothing.

    :raises Refused: `not_your_part`.
    """
    part = _lock(part, by=by)
    _ask(part, by)
    if part.done_at is None:
        return part
    _mark(part, None, None)
    _team.record("plan_part.resumed", part, by=by, at=at)
    return part


@transaction.atomic
def drop_part(part: PlanPart, *, seen: int, by: Membership, at: datetime) -> None:
    """Take a part out of the plan; the audit keeps it.

    :raises Stale: it was changed since version `seen`.
    """
    part = _lock(part, by=by)
    _refuse_stale(part, seen)
    _team.record("plan_part.dropped", part, by=by, at=at)
    part.delete()


def _lock(part: PlanPart, *, by: Membership) -> PlanPart:
    """Take the opportunity, whose team stays what it is meanwhile, then the part; return it as it stands now."""
    _log.lock(part.opportunity, by=by)
    rows = PlanPart.objects.select_related("opportunity__owner", "opportunity__organization", "member__user", "partner")
    return locked(rows, part.pk)


def _refuse_stale(part: PlanPart, seen: int) -> None:
    due, done = (value.isoformat() if value else "" for value in (part.due_on, part.done_at))
    refuse_stale(part, seen, text=part.text, who=part.who.name, due_on=due, done_at=done)


def _ask(part: PlanPart, by: Membership) -> None:
    doer, may_edit = Doer(part.member_id, part.partner_id), by.can(Permission.FUNNEL_EDIT)
    if not may_finish(doer, by=by.pk, owner=part.opportunity.owner_id, may_edit=may_edit):
        raise Refused("not_your_part")


def _mark(part: PlanPart, at: datetime | None, by: Membership | None) -> None:
    part.done_at, part.done_by = at, by
    part.version += 1
    part.save(update_fields=["done_at", "done_by", "version"])


def _given(part: PlanPart, *, by: Membership, at: datetime) -> None:
    """Tell whose part it is, where they can hear it."""
    if part.member_id is not None:
        key = f"part:{part.pk}:{part.version}"
        _bell.tell([part.member_id], "part_given", part.opportunity, by=by, at=at, key=key, part=part.text)
