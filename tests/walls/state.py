"""What stands in the database: fingerprints of all of it, to tell whether anything changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, models, transaction

from tenants.models import Organization
from tenants.scoping import reading
from tests.walls.stranger import STRANGE, tenant_models

WRITTEN_BY_VISITING = {
    # table: (columns, rows) that say nothing of what was asked for
    "django_session": ("session_data expire_date", ""),  # the way back, what is to be told next, until when
    "usersessions_usersession": (  # once a minute: where a session that lives was seen
        "",
        " WHERE session_key NOT IN (SELECT session_key FROM django_session)",
    ),
}


def _digest(table: str, where: str) -> str:
    columns, rows = WRITTEN_BY_VISITING.get(table, ("", ""))
    left_out = " ".join(f"- '{column}'" for column in columns.split())
    row = f"(to_jsonb(t) {left_out})::text" if columns else "t::text"
    checksum = f"md5(coalesce(string_agg({row}, '|' ORDER BY {row}), ''))"
    return f"SELECT '{table}', count(*), {checksum} FROM \"{table}\" t{where or rows}"


State = dict[str, tuple[int, str]]


def state_of(organization: Organization, alias: str = "owner") -> State:
    """Return count and checksum of one organization's rows in each tenant table.

    :param alias: `default` sees what the open transaction did, by entering the scope; `owner` what is committed.
    """
    where = f" WHERE organization_id = {organization.pk}"
    statement = " UNION ALL ".join(_digest(model._meta.db_table, where) for model in tenant_models())
    if alias == "owner":
        return _state("owner", statement)
    with reading(organization):
        return _state(alias, statement)


def whole_state() -> State:
    """Return count and checksum of every table there is, as the owner sees it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [str(name) for (name,) in cursor.fetchall()]
    return _state("owner", " UNION ALL ".join(_digest(table, "") for table in tables))


def _state(alias: str, statement: str) -> State:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}


def differences(before: State, after: State) -> list[str]:
    """Return the tables in which something changed."""
    return [table for table in after if before.get(table) != after[table]]


def strange_references(organization: Organization) -> list[str]:
    """Return the columns in which a row of this organization names the stranger's id, in the open transaction."""
    places = [
        (model._meta.db_table, field.column)
        for model in tenant_models()
        for field in model._meta.concrete_fields
        if field.is_relation or (isinstance(field, models.IntegerField) and field.attname.endswith("_id"))
    ]
    mine = f"organization_id = {organization.pk}"
    asked = " UNION ".join(
        f'SELECT \'{table}.{column}\' FROM "{table}" WHERE {mine} AND "{column}" = {STRANGE}'
        for table, column in places
    )
    with reading(organization), connection.cursor() as cursor:
        cursor.execute(asked)
        return [str(name) for (name,) in cursor.fetchall()]


@contextmanager
def nothing_stays() -> Iterator[None]:
    """Take back whatever is written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def noting_writes() -> Iterator[list[str]]:
    """Note the statements that write."""
    written: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}:
            written.append(str(sql)[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield written
