"""The search over every kind of thing, filled by `accounts.actions.index`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.labels import Text
from accounts.models import Account, Contact, SearchRow
from tenants.models import Membership


@dataclass(frozen=True)
class Found:
    """One answer of the search: the page `url` (called with organization and `pk`) opens it."""

    pk: int
    title: str
    url: str
    detail: str = ""
    end: str = ""


Finder = Callable[[Membership, Any, int], Sequence[Found]]


@dataclass(frozen=True)
class Source:
    """How objects of one kind are found and shown."""

    kind: str
    label: Text
    icon: str
    find: Finder


@dataclass(frozen=True)
class FoundGroup:
    """The answers of one kind."""

    source: Source
    rows: Sequence[Found]


SOURCES: dict[str, Source] = {}


def register_search(kind: str, label: Text, icon: str, find: Finder) -> None:
    """Let the search show a kind that was filled by `accounts.actions.index`.

    :param find: called with who searches, a queryset of the matching ids (use it as `pk__in`) and a limit; answers
        only what that member may see, best first.
    """
    SOURCES[kind] = Source(kind, label, icon, find)


def search(membership: Membership, text: str, kinds: Sequence[str] | None = None, limit: int = 5) -> list[FoundGroup]:
    """Return what `membership` may see with `text` anywhere in it, up to `limit` of each kind; kinds without answer
    are left out. `kinds` None means all."""
    key = names.key(text)
    if not key:
        return []
    asked = [SOURCES[kind] for kind in kinds if kind in SOURCES] if kinds is not None else list(SOURCES.values())
    groups = [
        FoundGroup(source, source.find(membership, SearchRow.objects.found(source.kind, key), limit))
        for source in asked
    ]
    return [group for group in groups if group.rows]


def _find_accounts(membership: Membership, ids: Any, limit: int) -> list[Found]:
    accounts = Account.objects.visible_to(membership).filter(pk__in=ids).order_by("name_key")[:limit]
    return [Found(a.pk, a.name, "accounts:account", a.industry or a.region, a.segment) for a in accounts]


def _find_contacts(membership: Membership, ids: Any, limit: int) -> list[Found]:
    people = Contact.objects.visible_to(membership).filter(pk__in=ids).select_related("account")[:limit]
    return [Found(c.account_id, c.name, "accounts:account", c.account.name, c.position) for c in people]


register_search("account", _("Customers"), "building-2", _find_accounts)

register_search("contact", _("Contacts"), "user-round", _find_contacts)
