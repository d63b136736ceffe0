"""The search rows that apps to the right write into too."""

from collections.abc import Iterable, Sequence

from django.db import connection

from accounts import names
from accounts.models import Account, SearchRow
from tenants.scoping import require_organization_id


def index(kind: str, object_id: int, *texts: str) -> None:
    """Make an object findable by any part of these texts; replaces what was indexed for it before.

    Apps to the right also tell `accounts.queries.register_search` how their kind is shown.
    """
    index_many(kind, [(object_id, texts)])


_INDEX = """
    INSERT INTO accounts_searchrow (organization_id, kind, object_id, suffix)
    SELECT %s, %s, found.* FROM unnest(%s::bigint[], %s::text[]) AS found
"""


def index_many(kind: str, rows: Iterable[tuple[int, Sequence[str]]], *, new: bool = False) -> None:
    """Make many objects of one kind findable: (object id, texts).

    :param new: nothing was indexed for them before.
    """
    rows = list(rows)
    if not new:
        unindex(kind, [pk for pk, _texts in rows])
    found = [
        (pk, suffix)
        for pk, texts in rows
        for suffix in dict.fromkeys(suffix for text in texts for suffix in names.suffixes(text))
    ]
    if not found:
        return
    with connection.cursor() as cursor:  # a name has a dozen rows: as model instances they would cost most of an import
        cursor.execute(
            _INDEX, [require_organization_id(), kind, *(list(column) for column in zip(*found, strict=True))]
        )


def index_account(account: Account) -> None:
    index_many("account", [(account.pk, (account.name, account.tax_id))])


def reindex_accounts(ids: Sequence[int]) -> None:
    """Make accounts findable by what they are called now."""
    index_many("account", [(a.pk, (a.name, a.tax_id)) for a in Account.objects.filter(pk__in=ids)])


def unindex(kind: str, ids: Sequence[int]) -> None:
    """Take objects of one kind out of the search."""
    SearchRow.objects.filter(kind=kind, object_id__in=ids).delete()
