"""The one way to leave a trace of a write."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from tenants.models import AuditEvent, Membership


def record(verb: str, target: models.Model | None, *, by: Membership | None, at: datetime, **data: Any) -> None:
    """Append one audit event.

    :param verb: dotted, past tense: `opportunity.advanced`.
    :param data: JSON values that say what changed; never a secret. `changes=audit.changes(before, after)` is
        shown as before and after.
    """
    AuditEvent.objects.create(
        at=at,
        by=by,
        verb=verb,
        target_type="" if target is None else target._meta.label_lower,
        target_id=None if target is None else target.pk,
        target_name="" if target is None else str(target)[:200],
        data=data,
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [before, after]}` of the fields that differ, as JSON values; a date becomes text."""
    return {
        name: [_plain(before.get(name)), _plain(value)] for name, value in after.items() if before.get(name) != value
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
