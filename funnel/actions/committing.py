"""The customer committed to us, or the economic buyer promised it; and that neither holds any more."""

import uuid
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts import actions as accounts_actions
from accounts.models import Contact
from funnel.actions import _log
from funnel.commitment import CommitmentKind, check_commitment, check_reason
from funnel.models import Commitment, Opportunity
from funnel.papers import Paper
from funnel.stages import Status
from jobs.actions import store_file
from tenants.actions.locking import locked
from tenants.errors import Refused, Stale
from tenants.models import Membership

_COLUMN = {CommitmentKind.PROCEDURE: "committed_on", CommitmentKind.PROMISE: "eb_promised_on"}


@transaction.atomic
def record_commitment(
    opportunity: Opportunity,
    kind: CommitmentKind,
    *,
    on: date,
    what: str,
    by: Membership,
    at: datetime,
    note: str = "",
    paper: Paper | None = None,
    contact: Contact | None = None,
    new_contact: str = "",
    request_key: uuid.UUID | None = None,
) -> Commitment:
    """Record that the customer's procedure chose us, or that the economic buyer promised it.

    A repeated `request_key` returns the first one.

    :param note: what proves it, where no `paper` does.
    :param new_contact: the name of who promised, where they are not in the archive yet.
    :raises Refused: see `check_commitment`; `closed`, `already_committed` where one stands, `contact_elsewhere`.
    """
    opportunity = _log.lock(opportunity, by=by)
    if request_key is not None:
        first: Commitment | None = Commitment.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    if Commitment.objects.standing().filter(opportunity=opportunity, kind=kind).exists():
        raise Refused("already_committed")
    if contact is not None and contact.account_id != opportunity.account_id:
        raise Refused("contact_elsewhere")
    has_contact = contact is not None or bool(new_contact.strip())
    today = at.astimezone(opportunity.organization.zone).date()
    check_commitment(
        kind, on=on, today=today, what=what, note=note, has_file=paper is not None, has_contact=has_contact
    )
    if contact is None and kind == CommitmentKind.PROMISE:
        contact = accounts_actions.create_contact(opportunity.account, name=new_contact, by=by, at=at)
    file = store_file(paper.name, paper.content, paper.content_type, by=by, at=at) if paper else None
    made: Commitment = Commitment.objects.create(
        opportunity=opportunity,
        kind=kind,
        on=on,
        what=what.strip(),
        note=note.strip(),
        contact=contact if kind == CommitmentKind.PROMISE else None,
        file=file,
        by=by,
        at=at,
        request_key=request_key,
    )
    _note(opportunity, kind, on)
    verb = "commitment.made" if kind == CommitmentKind.PROCEDURE else "commitment.promised"
    _log.tell(verb, opportunity, by=by, at=at, data=_told(made))
    return made


@transaction.atomic
def withdraw_commitment(commitment: Commitment, *, why: str, by: Membership, at: datetime) -> Commitment:
    """Say that what was committed or promised does not hold, with the reason; once more changes nothing.

    :raises Refused: `reason_needed`, `commitment_text_too_long`; `owner_decides` for a helper.
    :raises Stale: somebody else withdrew it meanwhile.
    """
    opportunity = _log.lock_deciding(commitment.opportunity, by=by)
    commitment = locked(Commitment.objects.select_related("withdrawn_by__user", "contact"), commitment.pk)
    if commitment.withdrawn_at is not None:
        if commitment.withdrawn_by_id == by.pk:
            return commitment
        who = commitment.withdrawn_by.name
        raise Stale({"why": commitment.withdrawn_why}, changed_by=who, changed_at=commitment.withdrawn_at)
    commitment.withdrawn_why = check_reason(why)
    commitment.withdrawn_at, commitment.withdrawn_by = at, by
    commitment.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_why"])
    kind = CommitmentKind(commitment.kind)
    _note(opportunity, kind, None)
    verb = "commitment.withdrawn" if kind == CommitmentKind.PROCEDURE else "commitment.promise_withdrawn"
    _log.tell(verb, opportunity, by=by, at=at, data={**_told(commitment), "why": commitment.withdrawn_why})
    return commitment


def _note(opportunity: Opportunity, kind: CommitmentKind, on: date | None) -> None:
    """Write what stands to the opportunity's own column. No edit of its facts becomes stale by it."""
    setattr(opportunity, _COLUMN[kind], on)
    opportunity.save(update_fields=[_COLUMN[kind]])


def _told(commitment: Commitment) -> dict[str, Any]:
    told = {"on": commitment.on.isoformat(), "what": commitment.what, "note": commitment.note}
    who = {"contact": commitment.contact.name} if commitment.contact else {}
    return {**{name: value for name, value in told.items() if value}, **who}
