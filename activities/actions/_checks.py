"""What every write of this app asks first: the row held, made once, not stale, times, place."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from accounts.models import Account, Contact
from activities.times import FURTHEST, OLDEST, SLACK
from funnel.models import Opportunity
from tenants.errors import Refused
from tenants.models import Membership


def locked(thing: Any) -> Any:
    """Return the row as it stands, held until the end of the transaction; keys to it may still be written."""
    return type(thing).objects.select_for_update(no_key=True).get(pk=thing.pk)


def made_before(model: Any, key: UUID | None) -> Any:
    return model.objects.filter(request_key=key).first() if key else None


def check_time(happened_at: datetime, at: datetime) -> None:
    if happened_at > at + SLACK:
        raise Refused("future")
    if happened_at < at - OLDEST:
        raise Refused("too_long_ago", days=OLDEST.days)


def check_plan(planned_at: datetime, at: datetime) -> None:
    if planned_at < at - SLACK:
        raise Refused("planned_in_the_past")
    if planned_at > at + FURTHEST:
        raise Refused("due_too_far")


def check_due(due_on: date, by: Membership, at: datetime) -> None:
    today = at.astimezone(by.organization.zone).date()
    if due_on < today:
        raise Refused("due_in_the_past")
    if due_on > today + FURTHEST:
        raise Refused("due_too_far")


def check_place(account: Account, opportunity: Opportunity | None, contacts: Iterable[Contact]) -> list[Contact]:
    """Refuse an opportunity or a contact of another account; return the contacts, each once."""
    if opportunity is not None and opportunity.account_id != account.pk:
        raise Refused("opportunity_elsewhere")
    people = list({contact.pk: contact for contact in contacts}.values())
    if any(contact.account_id != account.pk for contact in people):
        raise Refused("contact_elsewhere")
    return people
