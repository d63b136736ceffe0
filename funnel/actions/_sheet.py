"""What every action on a strategy sheet shares: whose it is, not stale, what changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from funnel.actions import _log
from funnel.models import Opportunity
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership

M = TypeVar("M", bound=Model)


def hold(opportunity: Opportunity, *, by: Membership) -> Opportunity:
    """Take the opportunity, so that one at a time writes on its sheet; nothing on it goes stale by that.

    :raises Opportunity.DoesNotExist: see `_log.lock`.
    """
    return _log.lock(opportunity, by=by)


def on_sheet(model: type[M], opportunity: Opportunity, pk: int) -> M:
    """Return a row of this sheet, held.

    :raises DoesNotExist: it is not on this sheet, or gone.
    """
    rows = model.objects.select_for_update(of=("self",))  # type: ignore[attr-defined]  # every model here has them
    return rows.select_related("updated_by__user").get(opportunity=opportunity, pk=pk)


def write(row: Any, fields: Mapping[str, Any], *, seen: int, by: Membership, at: datetime) -> dict[str, list[Any]]:
    """Set `fields`, count the version up and save; return {field: [before, after]} of what differs, nothing for none.

    :raises Stale: it was changed since version `seen`.
    """
    before = {name: getattr(row, name) for name in fields}
    if row.pk:
        refuse_stale(row, seen, **before)
    changes = {name: [_plain(before[name]), _plain(value)] for name, value in fields.items() if before[name] != value}
    if row.pk and not changes:
        return {}
    for name, value in fields.items():
        setattr(row, name, value)
    row.version = row.version + 1 if row.pk else 1
    row.updated_at, row.updated_by = at, by
    row.save()
    return changes


def gone_or_held(model: type[M], opportunity: Opportunity, pk: int, seen: int, *names: str) -> M | None:
    """Return a row that is to go from this sheet, held; None where it is gone already.

    :param names: what is told of it where it is stale.
    :raises Stale: it was changed since version `seen`.
    """
    rows: Any = model._default_manager.select_for_update(of=("self",)).select_related("updated_by__user")
    row = rows.filter(opportunity=opportunity, pk=pk).first()
    if row is not None:
        refuse_stale(row, seen, **{name: _plain(getattr(row, name)) for name in names})
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def tell(verb: str, row: Any, opportunity: Opportunity, *, by: Membership, at: datetime, **data: Any) -> None:
    """Leave the audit event."""
    audit.record(verb, row, by=by, at=at, opportunity=opportunity.name, **data)


def text_of(text: str, limit: int) -> str:
    """Return a text without spaces around it.

    :raises Refused: `note_too_long`, `text_unreadable`.
    """
    text = text.strip()
    if len(text) > limit:
        raise Refused("note_too_long")
    if "\x00" in text:
        raise Refused("text_unreadable")
    return text
