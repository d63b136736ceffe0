"""What imports ask about customers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import (
    Account,
)
from tenants.models import Membership


@dataclass(frozen=True)
class Known:
    """An account as an import finds it again."""

    pk: int
    name: str
    owner_id: int


def known_accounts(*, keys: Collection[str] | None = None, ids: Collection[int] = ()) -> list[Known]:
    """Return accounts by name; one query, whoever asks: an import must not make a twin of what it cannot see.

    :param keys: only those with one of these name keys, and those with one of `ids`; None for every account.
    """
    accounts = Account.objects.order_by("pk")
    if keys is not None:
        accounts = accounts.filter(Q(name_key__in=keys) | Q(pk__in=ids))
    return [Known(*row) for row in accounts.values_list("pk", "name", "owner_id")]


def owners_of_same(keys: Iterable[str], external_ids: Iterable[str]) -> dict[str, int]:
    """Return the owner (membership id) of each account that has one of these name keys or external ids.

    External ids stand in the answer with a leading "#".
    """
    found = Account.objects.filter(
        Q(name_key__in=list(keys)) | Q(external_id__in=[each for each in external_ids if each])
    )
    owners: dict[str, int] = {}
    for name_key, external_id, owner_id in found.order_by("-pk").values_list("name_key", "external_id", "owner_id"):
        owners[name_key] = owner_id
        if external_id:
            owners[f"#{external_id}"] = owner_id
    return owners


def numbered(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the id of each account with one of these numbers of another system."""
    asked = [each for each in external_ids if each]
    return dict(Account.objects.filter(external_id__in=asked).values_list("external_id", "pk")) if asked else {}


def within_reach(membership: Membership, ids: Iterable[int]) -> set[int]:
    """Return which of these accounts an import of `membership` may write about: all for an admin, else the visible."""
    asked = set(ids)
    if membership.is_admin or not asked:
        return asked
    return set(Account.objects.visible_to(membership).filter(pk__in=asked).values_list("pk", flat=True))


def name_of(external_id: str) -> str:
    """Return the name of the account with this external id, "" when there is none."""
    name: str | None = Account.objects.filter(external_id=external_id).values_list("name", flat=True).first()
    return name or ""
