"""Asking whoever leads, and what they say: granted, refused with a word, or taken back."""

import uuid
from datetime import date, datetime
from typing import Any

from django.db import transaction

from funnel.actions import _bell, _log
from funnel.approvals import (
    ApprovalKind,
    ApprovalState,
    Demand,
    ask_decide,
    ask_withdraw,
    check_demand,
)
from funnel.models import Approval, Opportunity, deciders_of
from funnel.stages import LONGEST_GRANT, Status, check_until
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def ask_approval(
    opportunity: Opportunity,
    demand: Demand,
    *,
    why: str,
    by: Membership,
    at: datetime,
    request_key: uuid.UUID | None = None,
) -> Approval:
    """Ask whoever leads the owner; they are told. A repeated `request_key` returns the first request.

    :raises Refused: see `check_demand`; `closed` for an opportunity that has ended, `already_asked` where the same
        waits already, `nobody_decides` where nobody above may, `amount_needed` for a
        discount on no price.
    """
    opportunity = _log.lock(opportunity, by=by)
    if request_key is not None:
        first: Approval | None = Approval.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    demand = check_demand(demand, why, today=_day(opportunity, at))
    waiting = Approval.objects.waiting().filter(opportunity=opportunity, kind=demand.kind, stage=demand.stage)
    if demand.kind != ApprovalKind.RESOURCE and waiting.exists():
        raise Refused("already_asked")
    may = deciders_of(opportunity, asker=by.pk, percent=demand.percent)
    if not may:
        raise Refused("nobody_decides")
    approval: Approval = Approval.objects.create(
        opportunity=opportunity,
        kind=demand.kind,
        percent=demand.percent,
        stage=demand.stage,
        until=demand.until,
        what=demand.what,
        **_basis(opportunity, demand),
        why=why.strip(),
        asked_by=by,
        asked_at=at,
        approver_id=may[0],
        request_key=request_key,
    )
    _record("approval.asked", approval, by=by, at=at, why=approval.why)
    _notify(may[0], "approval_asked", approval, by=by, at=at)
    return approval


@transaction.atomic
def grant(
    approval: Approval, *, seen: int, by: Membership, at: datetime, word: str = "", until: date | None = None
) -> Approval:
    """Grant what was asked; who asked is told. The same verdict once more changes nothing.

    :param until: the last day on which it holds; None keeps the day that was asked for, if any.
    :raises Stale: it was decided or changed since version `seen`.
    :raises Refused: see `ask_decide`; `until_over`, `until_too_far`; `price_changed` for a discount on another price or
        product than was asked.
    """
    return _decide(approval, ApprovalState.GRANTED, seen=seen, word=word, until=until, by=by, at=at)


@transaction.atomic
def refuse(approval: Approval, *, seen: int, word: str, by: Membership, at: datetime) -> Approval:
    """Refuse what was asked, with a word; who asked is told. The same verdict once more changes nothing.

    :raises Stale: it was decided or changed since version `seen`.
    :raises Refused: see `ask_decide`.
    """
    return _decide(approval, ApprovalState.REFUSED, seen=seen, word=word, until=None, by=by, at=at)


@transaction.atomic
def withdraw(approval: Approval, *, seen: int, by: Membership, at: datetime, word: str = "") -> Approval:
    """Take back what was asked, while it waits. Once more changes nothing.

    :raises Stale: it was decided or changed since version `seen`.
    :raises Refused: see `ask_withdraw`.
    """
    approval = _lock(approval)
    if _is_repeat(approval, ApprovalState.WITHDRAWN, by=by):
        return approval
    refuse_stale(approval, seen, "state", "word", by=approval.decided_by, at=approval.decided_at)
    owner = approval.opportunity.owner_id
    ask_withdraw(state=ApprovalState(approval.state), by=by.pk, asker=approval.asked_by_id, owner=owner)
    _end(approval, ApprovalState.WITHDRAWN, word=word, by=by, at=at)
    _record("approval.withdrawn", approval, by=by, at=at, why=approval.word)
    return approval


def _basis(opportunity: Opportunity, demand: Demand) -> dict[str, Any]:
    """Return what a discount is asked on: it counts while that stays so."""
    if demand.kind != ApprovalKind.DISCOUNT:
        return {}
    basis = opportunity.basis
    if basis.price is None:
        raise Refused("amount_needed")
    return {"price": basis.price, "currency": basis.currency, "product_id": basis.product}


def _decide(
    approval: Approval,
    verdict: ApprovalState,
    *,
    seen: int,
    word: str,
    until: date | None,
    by: Membership,
    at: datetime,
) -> Approval:
    approval = _lock(approval)
    if _is_repeat(approval, verdict, by=by):
        return approval
    refuse_stale(approval, seen, "state", "word", by=approval.decided_by, at=approval.decided_at)
    opportunity = approval.opportunity
    may = deciders_of(opportunity, asker=approval.asked_by_id, percent=approval.percent)
    is_open = opportunity.status == Status.OPEN
    ask_decide(verdict, state=ApprovalState(approval.state), by=by.pk, may=may, word=word, is_open=is_open)
    if verdict == ApprovalState.GRANTED:
        if approval.kind == ApprovalKind.DISCOUNT and approval.basis != opportunity.basis:
            raise Refused("price_changed")
        approval.granted_until = until or approval.until
        if approval.granted_until is not None:
            check_until(approval.granted_until, today=_day(opportunity, at), longest=LONGEST_GRANT)
    _end(approval, verdict, word=word, by=by, at=at)
    until_text = approval.granted_until.isoformat() if approval.granted_until else None
    _record(f"approval.{verdict}", approval, by=by, at=at, why=approval.word, until=until_text)
    _notify(approval.asked_by_id, f"approval_{verdict}", approval, by=by, at=at, word=approval.word)
    return approval


def _lock(approval: Approval) -> Approval:
    """Take the opportunity for this transaction and return the request as both stand now: nothing is said of it by
    whoever does not hold the opportunity.
    """
    opportunity = _log.lock(approval.opportunity)
    found: Approval = Approval.objects.select_related("decided_by__user").get(pk=approval.pk)
    found.opportunity = opportunity
    return found


def _is_repeat(approval: Approval, verdict: ApprovalState, *, by: Membership) -> bool:
    """Return whether this very person has said so already: a double click."""
    return approval.state == verdict and approval.decided_by_id == by.pk


def _end(approval: Approval, state: ApprovalState, *, word: str, by: Membership, at: datetime) -> None:
    approval.state, approval.word = state, word.strip()
    approval.decided_by, approval.decided_at = by, at
    approval.version += 1
    approval.save(update_fields=["state", "word", "decided_by", "decided_at", "granted_until", "version"])


def _day(opportunity: Opportunity, at: datetime) -> date:
    return at.astimezone(opportunity.organization.zone).date()


def _told(approval: Approval) -> dict[str, Any]:
    """Return what is asked as JSON values, as audit and bell keep it."""
    told = {
        "kind": approval.kind,
        "percent": str(approval.percent) if approval.percent is not None else None,
        "stage": approval.stage,
        "until": approval.until.isoformat() if approval.until else None,
        "what": approval.what,
    }
    return {name: value for name, value in told.items() if value}


def _record(verb: str, approval: Approval, *, by: Membership, at: datetime, **data: Any) -> None:
    told = {**_told(approval), **{name: value for name, value in data.items() if value}}
    audit.record(verb, approval.opportunity, by=by, at=at, approval=approval.pk, **told)


def _notify(to: int, code: str, approval: Approval, *, by: Membership, at: datetime, word: str = "") -> None:
    told: dict[str, Any] = {"word": word, **_told(approval), "page": "approval", "pk": approval.pk}
    key = f"approval:{approval.pk}:{approval.version}"
    _bell.tell([to], code, approval.opportunity, key=key, by=by, at=at, **told)
