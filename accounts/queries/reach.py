"""What a member may see and choose of customers, contacts, products and people."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.shortcuts import get_object_or_404

from accounts import names
from accounts.models import (
    Account,
    AccountMember,
    AccountQuerySet,
    Contact,
)
from tenants.backend.whole import one_of
from tenants.ids import read_id
from tenants.models import Membership
from tenants.permissions import Role

SUGGESTIONS = 8


def suggestions(membership: Membership, text: str) -> list[Account]:
    """Return up to eight accounts for a combobox: those with `text` in name or tax ID, those that begin with it
    first; without text, those met last."""
    accounts = Account.objects.visible_to(membership)
    key = names.key(text)
    if not key:
        return list(accounts.order_by(F("last_contact_at").desc(nulls_last=True), "name_key")[:SUGGESTIONS])
    end = key + chr(0x10FFFF)
    begins = Case(
        When(name_key__gte=key, name_key__lt=end, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return list(accounts.matching(key).order_by(begins, "name_key")[:SUGGESTIONS])


@dataclass(frozen=True)
class Twin:
    """An account that may be the same company; `seen` says whether the reader may open it."""

    account: Account
    seen: bool


def twins(membership: Membership, *, name: str, tax_id: str, request_key: UUID | None = None) -> list[Twin]:
    """Return accounts with the same normalised name or the same tax ID.

    Also those of colleagues, so that one company is not worked twice; a partner hears of none it may not see.
    What this very request made before (`request_key`) is no twin of itself.
    """
    same = Q(name_key=names.key(name)[:200])
    if tax_id.strip():
        same |= Q(tax_id=tax_id.strip())
    rows = Account.objects.filter(same)
    if request_key is not None:
        rows = rows.exclude(request_key=request_key)
    found = list(rows.select_related("owner__user").order_by("name_key")[:5])
    seen = set(visible(membership).filter(pk__in=[account.pk for account in found]).values_list("pk", flat=True))
    told = [Twin(account, account.pk in seen) for account in found]
    return [twin for twin in told if twin.seen or membership.role != Role.PARTNER]


def visible(membership: Membership) -> AccountQuerySet:
    """Return the accounts `membership` may see."""
    accounts: AccountQuerySet = Account.objects.visible_to(membership)
    return accounts


def account_or_404(membership: Membership, pk: int) -> Account:
    """Return an account with its owner and parent; Http404 for one that `membership` may not see."""
    return get_object_or_404(visible(membership).select_related("owner__user", "parent"), pk=pk)


def may_see(membership: Membership, account: Account | None) -> bool:
    """Return whether `membership` may see this account; asks the database only about accounts of others."""
    if account is None:
        return False
    ids = membership.visible_owner_ids
    return ids is None or account.owner_id in ids or visible(membership).filter(pk=account.pk).exists()


def picked(membership: Membership, value: Any) -> Account | None:
    """Return the account that a form's hidden field holds, if `membership` may see it."""
    key = read_id(str(value or ""))
    return None if key is None else one_of(visible(membership), key)


def named(membership: Membership, name: str) -> Account | None:
    """Return the account of this name, in any spelling, that `membership` may see."""
    return visible(membership).filter(name_key=names.key(name)[:200]).order_by("pk").first()


def contact_or_404(membership: Membership, pk: int) -> Contact:
    """Return a contact with its account; Http404 for one that `membership` may not see."""
    people = Contact.objects.visible_to(membership).select_related("account")
    found: Contact = get_object_or_404(people, pk=pk)
    return found


def member_or_404(account: Account, member: int) -> Membership:
    """Return a member who works with this account, or Http404."""
    rows = AccountMember.objects.select_related("member__user")
    return get_object_or_404(rows, account=account, member_id=member).member


def owners_within_reach(by: Membership, now: int | None = None) -> QuerySet[Membership]:
    """Return the members to whom `by` may give an account, and the one with id `now`, who has it."""
    people = Membership.objects.in_current_organization()
    ids = by.visible_owner_ids
    able = people.active().selling() if ids is None else people.active().selling().filter(pk__in=ids)
    both: QuerySet[Membership] = (able if now is None else able | people.filter(pk=now)).order_by("user__name", "pk")
    return both


def parents_for(by: Membership, account: Account | None) -> AccountQuerySet:
    """Return the accounts that may stand above this one: those `by` may see, and the one that does."""
    now = account.parent_id if account else None
    known = Account.objects.visible_to(by).values("pk")
    rows: AccountQuerySet = Account.objects.filter(Q(pk__in=known) | Q(pk=now))
    return rows


def helpers_for(account: Account) -> QuerySet[Membership]:
    """Return everyone who does not work with the account yet."""
    known = AccountMember.objects.filter(account=account).values("member_id")
    people = Membership.objects.in_current_organization().active().exclude(pk=account.owner_id)
    rest: QuerySet[Membership] = people.exclude(pk__in=known).order_by("user__name", "pk")
    return rest
