"""The lines of an account's timeline; apps to the right write theirs too."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from accounts.actions import _rows
from accounts.models import Account, TimelineEntry
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
    TimelineEntry.objects.bulk_create(
        (
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
        ),
        batch_size=_rows.BATCH,
    )
