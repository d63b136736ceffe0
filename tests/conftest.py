"""Fixtures for every test. Tests always run on PostgreSQL, as the runtime role."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from psycopg2.errors import DeadlockDetected
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from salesops.celery import app as celery_app
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast, make_cast, sign_in

celery_app.conf.update(broker_url="memory://")  # wake-ups go nowhere; tests of transports start workers themselves


def _flush_as_owner(self: TransactionTestCase) -> None:
    """Empty the database after a transactional test: only the owner role may truncate.

    A page may still be answered for a browser that has gone; where the two wait for each other, PostgreSQL ends one,
    and the other is done by then.
    """
    connections["default"].close()
    try:
        _flush()
    except (CommandError, OperationalError) as failed:
        if not isinstance(failed.__cause__, DeadlockDetected) and not isinstance(
            getattr(failed.__cause__, "__cause__", None), DeadlockDetected
        ):
            raise
        _flush()


def _flush() -> None:
    """Empty every table, those too that are never emptied but here."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'never_emptied' ORDER BY 1")
        logs = [name for (name,) in cursor.fetchall()]
        for log in logs:
            cursor.execute(f"ALTER TABLE {log} DISABLE TRIGGER never_emptied")
        call_command("flush", verbosity=0, interactive=False, database="owner", inhibit_post_migrate=True)
        for log in logs:
            cursor.execute(f"ALTER TABLE {log} ENABLE TRIGGER never_emptied")


TransactionTestCase._fixture_teardown = _flush_as_owner  # type: ignore[attr-defined]  # not in the stubs


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Make the test database as the owner; the runtime role's alias mirrors it, whichever alias a test names."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
    yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            connection.close()
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _fresh_cache(settings: Settings) -> Iterator[None]:
    """Throttles count from zero in each test."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def now() -> datetime:
    """The moment of the test."""
    return timezone.now()


@pytest.fixture
def scope(request: pytest.FixtureRequest) -> Iterator[None]:
    """Work for acme throughout a test that is about it."""
    if "acme" not in request.fixturenames:
        yield
        return
    with working_for(request.getfixturevalue("acme").org):
        yield


@pytest.fixture
def acme(db: None) -> Cast:
    """The organization under test."""
    return make_cast("acme")


@pytest.fixture
def globex(db: None) -> Cast:
    """The stranger."""
    return make_cast("globex")


@pytest.fixture
def login() -> Callable[[Membership], Client]:
    """Sign a member in: `client = login(acme.rep)`."""
    return sign_in
