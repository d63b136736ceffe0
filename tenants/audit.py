"""The one way to leave a trace of a write."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, models

from tenants.models import Membership
from tenants.scoping import require_organization_id

# Every action leaves one: Django takes longer to put the statement together than PostgreSQL to write the row.
_RECORD = """
    INSERT INTO tenants_auditevent (organization_id, at, by_id, verb, target_type, target_id, target_name, data)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


def record(verb: str, target: models.Model | None, *, by: Membership | None, at: datetime, **data: Any) -> None:
    """Append one audit event.

    :param verb: dotted, past tense: `opportunity.advanced`.
    :param data: JSON values that say what changed; never a secret. `changes=audit.changes(before, after)` is
        shown as before and after.
    """
    values = (
        *(require_organization_id(), at, by.pk if by else None, verb),
        *("" if target is None else target._meta.label_lower, None if target is None else target.pk),
        *("" if target is None else str(target)[:200], json.dumps(data)),
    )
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, values)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [before, after]}` of the fields that differ, as JSON values; a date becomes text."""
    return {
        name: [_plain(before.get(name)), _plain(value)] for name, value in after.items() if before.get(name) != value
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
