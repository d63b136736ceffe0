"""Statements that take longer to plan than to run: PostgreSQL keeps their plan as long as the connection lives."""

from collections.abc import Mapping
from typing import Any

from django.db import NotSupportedError, connection


def run_prepared(statement: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement by a plan that is made once a connection, and return its rows.

    No plan knows an organization: the walls ask for it each time. PostgreSQL makes it anew once a table that it reads
    was changed or counted. Where a migration gave a column that is answered another type, one request of each
    connection fails, and from then on it keeps nothing; nor does it where the session is not its own (a pool).
    """
    names = sorted(asked)
    with connection.cursor() as cursor:
        held = connection.prepared  # type: ignore[attr-defined]  # our own backend; known once there is a session
        if held is None:
            cursor.execute(statement, asked)
        else:
            if statement not in held:
                held[statement] = _prepare(f"kept_{len(held)}", statement, names)
            try:
                cursor.execute(f"EXECUTE {held[statement]} ({', '.join(f'%({name})s' for name in names)})", asked)
            except NotSupportedError:  # "cached plan must not change result type"
                connection.prepared = None  # type: ignore[attr-defined]  # as above
                raise
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _prepare(called: str, statement: str, names: list[str]) -> str:
    """Prepare it as part of no transaction: it stays, whatever becomes of this one. Nobody counts it as a statement."""
    numbered = statement % {name: f"${number}" for number, name in enumerate(names, 1)}
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(f"PREPARE {called} AS {numbered}")
    return called
