"""Accounts: recorded and changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import names
from accounts.actions import _rows
from accounts.actions.search import index_account
from accounts.actions.timeline import tell
from accounts.models import Account, AccountMember
from tenants import audit
from tenants.actions.locking import locked, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


def _reaches(by: Membership, owner: Membership) -> bool:
    """Return whether `by` may give accounts to `owner`: oneself, a manager the team, an executive anyone."""
    ids = by.visible_owner_ids
    return owner.organization_id == by.organization_id and (ids is None or owner.pk in ids)


@transaction.atomic
def create_account(
    *, name: str, owner: Membership, by: Membership, at: datetime, request_key: UUID | None = None, **fields: Any
) -> Account:
    """Record a company.

    :param fields: other fields of the model (`tax_id`, `parent`, …).
    :raises Refused: name_missing, owner_out_of_reach.
    """
    if not _reaches(by, owner):
        raise Refused("owner_out_of_reach")
    named = _rows.named({"name": name})

    def make() -> Account:
        account: Account = Account.objects.create(
            **named,
            **fields,
            name_key=names.key(named["name"])[:200],
            owner=owner,
            request_key=request_key,
            created_at=at,
            updated_at=at,
            updated_by=by,
        )
        index_account(account)
        tell(account, "account.created", by=by, at=at, source=account, data={})
        audit.record("account.created", account, by=by, at=at, owner=owner.pk)
        return account

    return _rows.once(Account, request_key, make)


def above(account: Account, parent: Account | None) -> bool:
    """Return whether `account` stands somewhere above `parent`, or is it."""
    seen: set[int] = set()
    while parent is not None and parent.pk not in seen:
        if parent.pk == account.pk:
            return True
        seen.add(parent.pk)
        parent = parent.parent
    return False


@transaction.atomic
def change_account(account: Account, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Account:
    """Change fields of an account. Nothing different, nothing recorded.

    :param seen: the version that was shown.
    :raises Stale: it has been changed since; `theirs` holds the fields' values now.
    :raises Refused: name_missing, owner_out_of_reach, parent_is_itself.
    """
    account = locked(Account.objects.select_related("owner__user"), account.pk)
    fields = _rows.named(fields)
    changes = _rows.changes(account, fields)
    if not changes:
        return account
    refuse_stale(account, seen, *fields)
    if "owner" in changes and not _reaches(by, fields["owner"]):
        raise Refused("owner_out_of_reach")
    if "parent" in changes and above(account, fields["parent"]):
        raise Refused("parent_is_itself")
    before = account.owner
    for name, value in fields.items():
        setattr(account, name, value)
    account.name_key = names.key(account.name)[:200]
    account.version += 1
    account.updated_at, account.updated_by = at, by
    account.save()
    if changes.keys() & {"name", "tax_id"}:
        index_account(account)
    if "owner" in changes:
        AccountMember.objects.filter(account=account, member=account.owner).delete()
        told = {"before": before.name, "after": account.owner.name}
        tell(account, "account.handed", by=by, at=at, source=account, data=told)
    audit.record("account.changed", account, by=by, at=at, changes=changes)
    return account
