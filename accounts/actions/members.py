"""Who works with an account besides its owner."""

from datetime import datetime

from django.db import transaction

from accounts.actions.timeline import tell
from accounts.models import Account, AccountMember
from tenants import audit
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def add_member(account: Account, member: Membership, *, by: Membership, at: datetime) -> None:
    """Let a colleague or partner work with an account, and so see it. Twice is once.

    :raises Refused: member_is_owner.
    """
    account = Account.objects.select_for_update().get(pk=account.pk)
    if account.owner_id == member.pk:
        raise Refused("member_is_owner")
    _row, added = AccountMember.objects.get_or_create(account=account, member=member)
    if added:
        tell(account, "member.added", by=by, at=at, source=account, data={"name": member.name})
        audit.record("account.member_added", account, by=by, at=at, member=member.pk)


@transaction.atomic
def remove_member(account: Account, member: Membership, *, by: Membership, at: datetime) -> None:
    """Take a member off an account; the member no longer sees it."""
    account = Account.objects.select_for_update().get(pk=account.pk)
    removed, _by_model = AccountMember.objects.filter(account=account, member=member).delete()
    if removed:
        tell(account, "member.removed", by=by, at=at, source=account, data={"name": member.name})
        audit.record("account.member_removed", account, by=by, at=at, member=member.pk)
