"""The lines of an account's timeline; apps to the right write theirs too."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import Account, TimelineEntry
from tenants.bulk import insert_many
from tenants.models import Membership


def tell(
    account: Account, verb: str, *, by: Membership | None, at: datetime, source: models.Model, data: Mapping[str, Any]
) -> None:
    """Add a line to an account's timeline. `labels.name_verb` says how the verb is told; `data` holds JSON values."""
    tell_many([(account.pk, verb, None if by is None else by.pk, at, source, data)])


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
