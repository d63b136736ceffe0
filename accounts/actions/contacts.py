"""Contacts: recorded and changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actions import _rows
from accounts.actions.search import index_many
from accounts.actions.timeline import tell
from accounts.models import Account, Contact
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.models import Membership


@transaction.atomic
def create_contact(
    account: Account, *, name: str, by: Membership, at: datetime, request_key: UUID | None = None, **fields: Any
) -> Contact:
    """Record a person at an account.

    :raises Refused: name_missing.
    """
    named = _rows.named({"name": name})

    def make() -> Contact:
        contact: Contact = Contact.objects.create(
            account=account, **named, **fields, request_key=request_key, created_at=at
        )
        index_many("contact", [(contact.pk, (contact.name,))])
        tell(account, "contact.created", by=by, at=at, source=contact, data={"name": contact.name})
        audit.record("contact.created", contact, by=by, at=at, account=account.pk)
        return contact

    return _rows.once(Contact, request_key, make)


@transaction.atomic
def change_contact(contact: Contact, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Contact:
    """Change fields of a contact.

    :raises Stale: it has been changed since version `seen`.
    :raises Refused: name_missing.
    """
    contact = Contact.objects.select_for_update(of=("self",)).select_related("account").get(pk=contact.pk)
    fields = _rows.named(fields)
    changes = _rows.changes(contact, fields)
    if not changes:
        return contact
    refuse_stale(contact, seen, *fields)
    for name, value in fields.items():
        setattr(contact, name, value)
    contact.version += 1
    contact.save()
    index_many("contact", [(contact.pk, (contact.name,))])
    audit.record("contact.changed", contact, by=by, at=at, changes=changes)
    return contact
