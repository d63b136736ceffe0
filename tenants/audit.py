"""The one way to leave a trace of a write."""

from datetime import datetime
from typing import Any

from django.db import models

from tenants.models import AuditEvent, Membership


def record(verb: str, target: models.Model | None, *, by: Membership | None, at: datetime, **data: Any) -> None:
    """Append one audit event.

    :param verb: dotted, past tense: `opportunity.advanced`.
    :param data: JSON values that say what changed; never a secret.
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
