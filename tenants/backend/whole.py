"""Statements that are written out: Django takes longer to put one together than PostgreSQL to answer it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

M = TypeVar("M", bound=models.Model)
_LENGTH = re.compile(r"\([\d, ]+\)")


def columns(model: type[models.Model], alias: str) -> str:
    """Return all columns of a table, as a statement selects them: without their lengths.

    A kept plan whose rows would come otherwise is refused by PostgreSQL, and a text that may grow longer is enough.
    """
    return ", ".join(f'{alias}."{field.column}"{_at_any_length(field)}' for field in model._meta.concrete_fields)


def _at_any_length(field: "models.Field[Any, Any]") -> str:
    kind = field.db_type(connection) or ""
    plain = _LENGTH.sub("", kind)
    return "" if plain == kind else f"::{plain}"


@lru_cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def taken(model: type[M], values: Sequence[Any]) -> tuple[M, Sequence[Any]]:
    """Return the row whose columns `values` begin with, and the values behind it."""
    names = _names(model)
    return model.from_db(connection.alias, names, values[: len(names)]), values[len(names) :]


def narrowing(rows: models.QuerySet[Any]) -> tuple[str, str, tuple[Any, ...]]:
    """Return what stands behind FROM and behind WHERE in the statement of a queryset, and the values of both."""
    query = rows.query
    compiler = query.get_compiler(connection=connection)
    try:
        where, values = compiler.compile(query.where)
    except EmptyResultSet:  # nothing can be found
        where, values = "false", ()
    tables, more = compiler.get_from_clause()
    return " ".join(tables), where, (*more, *values)


def one_of(rows: "models.QuerySet[M]", pk: int) -> M | None:
    """Return one of these rows, which join nothing, by its key."""
    tables, where, values = narrowing(rows.filter(pk=pk))
    sql = f"SELECT {columns(rows.model, rows.model._meta.db_table)} FROM {tables} WHERE {where}"  # noqa: S608  # as Django wrote it, values apart
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return None if row is None else taken(rows.model, row)[0]
