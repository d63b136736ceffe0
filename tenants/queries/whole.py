"""Whole rows for statements that are written out: Django takes longer to put one together than PostgreSQL to answer."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def columns(model: type[models.Model], alias: str) -> str:
    """Return all columns of a table, as a statement selects them."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


@lru_cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def taken(model: type[M], values: Sequence[Any]) -> tuple[M, Sequence[Any]]:
    """Return the row whose columns `values` begin with, and the values behind it."""
    names = _names(model)
    return model.from_db(connection.alias, names, values[: len(names)]), values[len(names) :]


def one_of(rows: "models.QuerySet[M]", pk: int) -> M | None:
    """Return one of these rows, which join nothing, by its key."""
    query, model = rows.filter(pk=pk).query, rows.model
    try:
        where, values = query.get_compiler(connection=connection).compile(query.where)
    except EmptyResultSet:  # no key is as large
        return None
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns(model, table)} FROM {table} WHERE {where}", values)  # noqa: S608  # as Django wrote it, values apart
        row = cursor.fetchone()
    return None if row is None else taken(model, row)[0]
