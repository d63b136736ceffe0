"""What every write of this app asks of a row: made once, what differs, not stale, named."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, models, transaction

from accounts import names
from tenants.errors import Refused

M = TypeVar("M", bound=models.Model)
BATCH = 1000


def once(model: type[M], request_key: UUID | None, make: Callable[[], M]) -> M:
    """Make a row, or return the one that the same request made before, also when both arrive at once."""
    rows: Any = model._default_manager
    if request_key is None:
        return make()
    first: M | None = rows.filter(request_key=request_key).first()
    if first is not None:
        return first
    try:
        with transaction.atomic():
            return make()
    except IntegrityError:
        first = rows.filter(request_key=request_key).first()
        if first is None:
            raise
        return first


def _plain(value: Any) -> Any:
    """Return a value as audit data holds it."""
    if isinstance(value, models.Model):
        return value.pk
    return value if value is None or isinstance(value, (str, int, bool, dict)) else str(value)


def changes(row: models.Model, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return {field: [before, after]} for what differs."""
    return {
        name: [_plain(getattr(row, name)), _plain(value)]
        for name, value in fields.items()
        if getattr(row, name) != value
    }


def named(fields: dict[str, Any]) -> dict[str, Any]:
    """Tidy the name among the fields, if there is one.

    :raises Refused: name_missing.
    """
    if "name" in fields:
        fields["name"] = names.tidy(fields["name"])
        if not fields["name"]:
            raise Refused("name_missing")
    return fields
