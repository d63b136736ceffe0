"""Kept plans: they know no organization, follow the tables, outlive a rollback, and are not kept in a pool."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2.extensions
import pytest
from django.db import DatabaseError, NotSupportedError, connection, connections, transaction

from tenants.backend.base import DatabaseWrapper
from tenants.backend.prepared import run_prepared
from tenants.backend.whole import columns
from tenants.models import Team
from tenants.scoping import reading, working_for
from tests.cast import Cast

NAMES = "SELECT name FROM tenants_team WHERE name LIKE %(like)s ORDER BY id"
TEAMS = "SELECT id FROM tenants_team WHERE name LIKE %(like)s ORDER BY id"


@pytest.fixture(autouse=True)
def _prepared_anew() -> Iterator[None]:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.prepared = {}  # type: ignore[attr-defined]  # our own backend
    yield
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.prepared = {}  # type: ignore[attr-defined]  # as above


WHOLE = TEAMS.replace("SELECT id", f"SELECT {columns(Team, 'tenants_team')}")


def teams() -> list[int]:
    return [pk for (pk,) in run_prepared(TEAMS, {"like": "%"})]


def kept() -> list[tuple[int, int]]:
    """How often what is prepared was run by a plan of its own, and how often by the one that is kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT custom_plans, generic_plans FROM pg_prepared_statements")
        return cursor.fetchall()


@pytest.mark.django_db
def test_a_plan_made_for_one_organization_shows_nothing_of_it_to_another(acme: Cast, globex: Cast) -> None:
    theirs = {cast: list(Team.objects.order_by("pk").values_list("pk", flat=True)) for cast in _each(acme, globex)}
    for _ in range(4):
        for cast in _each(acme, globex):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            assert teams() == theirs[cast]
    assert kept() == [(0, 8)]
    with pytest.raises(DatabaseError), transaction.atomic():
        teams()


def _each(*casts: Cast) -> Iterator[Cast]:
    for cast in casts:
        with working_for(cast.org):
            yield cast


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_plan_is_made_anew_once_its_table_was_changed(acme: Cast) -> None:
    def run() -> list[Any]:
        with reading(acme.org):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            return [*teams(), *run_prepared(WHOLE, {"like": "%"})]

    before = run()
    try:
        for change in (
            "ALTER TABLE tenants_team ADD COLUMN colour text DEFAULT 'red'",
            "ALTER TABLE tenants_team ALTER COLUMN name TYPE varchar(500)",
            "ALTER TABLE tenants_team DROP COLUMN colour",
            "CREATE INDEX team_for_a_moment ON tenants_team (name, id)",
            "DROP INDEX team_for_a_moment",
        ):
            with connections["owner"].cursor() as cursor:
                cursor.execute(change)
            assert run() == before
    finally:
        with connections["owner"].cursor() as cursor:
            length = Team._meta.get_field("name").max_length
            cursor.execute(f"ALTER TABLE tenants_team ALTER COLUMN name TYPE varchar({length})")
    assert len(kept()) == 2


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_column_of_another_type_costs_one_request(acme: Cast) -> None:
    def names() -> list[str]:
        with reading(acme.org):
            return [name for (name,) in run_prepared(NAMES, {"like": "%"})]

    def alter(length: int) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE tenants_team ALTER COLUMN name TYPE varchar({length})")

    before, length = names(), Team._meta.get_field("name").max_length or 0
    try:
        alter(length + 20)
        with pytest.raises(NotSupportedError):
            names()
        assert names() == before
    finally:
        alter(length)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_stays_prepared_whatever_becomes_of_the_transaction(acme: Cast) -> None:
    with contextlib.suppress(ZeroDivisionError), reading(acme.org):
        before = teams()
        raise ZeroDivisionError
    with contextlib.suppress(DatabaseError), reading(acme.org):
        run_prepared("SELECT 1 / %(by)s::int", {"by": 0})
    with reading(acme.org):
        assert teams() == before
        with pytest.raises(DatabaseError), transaction.atomic():
            run_prepared("SELECT 1 / %(by)s::int", {"by": 0})
        assert run_prepared("SELECT 1 / %(by)s::int", {"by": 1}) == [(1,)]
    assert len(kept()) == 2


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_new_session_has_nothing_prepared() -> None:
    for _ in range(2):
        assert run_prepared("SELECT %(one)s::int", {"one": 1}) == [(1,)]
        assert len(kept()) == 1
        connection.close()


@pytest.mark.django_db
def test_nothing_is_prepared_where_the_next_transaction_may_find_another_session(acme: Cast) -> None:
    class Pooled(psycopg2.extensions.connection):  # type: ignore[misc]  # psycopg2 ships no types
        def get_backend_pid(self) -> int:
            return 0

    connection.ensure_connection()
    for factory, expected in ((Pooled, None), (psycopg2.extensions.connection, {})):
        given = connections["default"].settings_dict
        settings = {**given, "OPTIONS": {**given["OPTIONS"], "connection_factory": factory}}
        wrapper = DatabaseWrapper(settings, alias="default")
        with contextlib.closing(wrapper):
            wrapper.connect()
            assert wrapper.prepared == expected
    connection.prepared = None  # type: ignore[attr-defined]  # our own backend
    with working_for(acme.org):
        assert teams() == list(Team.objects.order_by("pk").values_list("pk", flat=True))
    assert kept() == []
