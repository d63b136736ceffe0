"""The lines of an account's timeline; apps to the right write theirs too."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, models

from accounts.models import Account, TimelineEntry
from tenants.bulk import insert_many
from tenants.models import Membership
from tenants.scoping import require_organization_id

# Most actions leave one: written out as the audit is.
_TELL = """
    INSERT INTO accounts_timelineentry (organization_id, account_id, at, by_id, verb, data, source, source_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


def tell(
    account: Account, verb: str, *, by: Membership | None, at: datetime, source: models.Model, data: Mapping[str, Any]
) -> None:
    """Add a line to an account's timeline. `labels.name_verb` says how the verb is told; `data` holds JSON values."""
    values = (
        *(require_organization_id(), account.pk, at, None if by is None else by.pk, verb),
        *(json.dumps(data), source._meta.label_lower, source.pk),
    )
    with connection.cursor() as cursor:
        cursor.execute(_TELL, values)


def tell_many(
    lines: Iterable[tuple[int, str, int | None, datetime, models.Model, Mapping[str, Any]]],
) -> None:
    """Add many lines: (account id, verb, membership id, at, source row, data)."""
    insert_many(
        [
            TimelineEntry(
                account_id=account_id,
                verb=verb,
                by_id=by_id,
                at=at,
                source=source._meta.label_lower,
                source_id=source.pk,
                data=dict(data),
            )
            for account_id, verb, by_id, at, source, data in lines
        ]
    )


def untell(model: type[models.Model], ids: Collection[int]) -> None:
    """Take back the lines that tell of rows which are about to go, as if they had never been."""
    TimelineEntry.objects.filter(source=model._meta.label_lower, source_id__in=list(ids)).delete()
