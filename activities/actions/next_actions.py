"""Next actions: taken on, done, put off, dropped."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from accounts import actions as accounts
from accounts.models import Account
from activities.actions import _checks, _following
from activities.kinds import Origin
from activities.models import NextAction
from funnel import actions as funnel
from funnel.models import InformationGap, Opportunity
from jobs import actions as jobs
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


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
    gap: InformationGap | None = None,
    request_key: UUID | None = None,
) -> NextAction:
    """Take on what is to be done, by whom and by when. A key that was used before returns the action it made.

    :param gap: what we do not know and will have found out once this is done.
    :raises Refused: `opportunity_elsewhere`, `due_in_the_past`, `due_too_far`; with a gap `gap_closed`, `gap_sought`.
    """
    account = _checks.locked(account)
    earlier = _checks.made_before(NextAction, request_key)
    if earlier is not None:
        return earlier
    _checks.check_place(account, opportunity, ())
    _checks.check_due(due_on, by, at)
    if gap is not None and (opportunity is None or gap.opportunity_id != opportunity.pk):
        raise Refused("opportunity_elsewhere")
    action: NextAction = NextAction.objects.create(
        account=account,
        opportunity=opportunity,
        gap=gap,
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
    _following.show_next_step(opportunity, at=at)
    if gap is not None:
        funnel.seek(gap, sought_by=owner, until=due_on)
    if origin == Origin.HAND and owner.pk != by.pk:
        _tell_owner(action, at=at)
    return action


@transaction.atomic
def complete(action: NextAction, *, by: Membership, at: datetime) -> NextAction:
    """Say that it is done. Done already, it is returned as it stands.

    :raises Refused: `dropped`.
    """
    action = _checks.locked(action)
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
    action = _checks.locked(action)
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
    action = _checks.locked(action)
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
    action = _checks.locked(action)
    refuse_stale(action, seen, "due_on", "text")
    if action.done_at or action.dropped_at:
        raise Refused("done" if action.done_at else "dropped")
    _checks.check_due(due_on, by, at)
    before, action.due_on, action.text = action.due_on, due_on, (text or action.text)[:200]
    _record(action, "postponed", by=by, at=at, before=before.isoformat(), due_on=due_on.isoformat())
    return action


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
    _following.show_next_step(action.opportunity, at=at)
    _following.show_on_gap(action)
