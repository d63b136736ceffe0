"""Fixtures for every test. Tests always run on PostgreSQL, as the runtime role."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import Client, TransactionTestCase

from tenants.models import Membership
from tests.cast import Cast, make_cast, sign_in


def _flush_as_owner(self: TransactionTestCase) -> None:
    """Empty the database after a transactional test: only the owner role may truncate."""
    connections["default"].close()
    call_command("flush", verbosity=0, interactive=False, database="owner", inhibit_post_migrate=True)


TransactionTestCase._fixture_teardown = _flush_as_owner  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _fresh_cache(settings: pytest.FixtureRequest) -> Iterator[None]:
    """Throttles count from zero in each test."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]
    cache.clear()
    yield
    cache.clear()


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
