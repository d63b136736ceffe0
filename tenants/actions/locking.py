"""Take one row for this transaction, with what it points to, as all of it stands now; refuse who saw it otherwise."""

from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import ForeignKey, Model, QuerySet

from tenants.errors import Stale

M = TypeVar("M", bound=Model)

A_DOUBLE_CLICK = timedelta(seconds=5)
"""Within so long the same sent again by the same person, where nothing else tells the two apart, is one."""


def locked(rows: QuerySet[M], pk: Any, *, no_key: bool = False) -> M:
    """Lock and return one of `rows`, which may join what it points to (`select_related`).

    After waiting for a row PostgreSQL reads that row anew, but not what is joined to it: one that was pointed elsewhere
    meanwhile comes with nothing joined, or not at all. It is asked for again then; nobody else can change it any more.

    :raises DoesNotExist: there is none, or it went meanwhile.
    """
    query = rows.select_for_update(of=("self",), no_key=no_key)
    found = next(iter(query.filter(pk=pk)), None)
    return query.get(pk=pk) if found is None or _came_apart(found) else found


def refuse_stale(row: Any, seen: int | None, *names: str, by: Any = None, at: Any = None, **values: Any) -> None:
    """Refuse a caller who saw another version of a locked row than stands now.

    :param names: the fields of which is told what stands in them; `values` are told as they are.
    :param by: who changed it last, at `at`; without it `updated_by` and `updated_at`, where the row keeps them.
    :raises Stale: with what stands now.
    """
    if row.version == seen:
        return
    told = {name: getattr(row, name) for name in names} | values
    by, at = by or getattr(row, "updated_by", None), at or getattr(row, "updated_at", None)
    raise Stale(told, version=row.version, changed_by=by.name if by else "", changed_at=at)


def _came_apart(row: Model) -> bool:
    """Return whether the row points to something that was not joined to it."""
    return any(
        field.is_cached(row) and getattr(row, field.name) is None and getattr(row, field.attname) is not None
        for field in row._meta.concrete_fields
        if isinstance(field, ForeignKey)
    )


def one_at_a_time(what: str) -> None:
    """Let whoever does the same wait until this transaction ends; there is no row yet that could be locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])
