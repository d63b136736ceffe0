"""Which organization is this code working for? No answer, no rows.

The first lock between tenants: a tenant table touched outside `working_for` raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from django.db import connections, models, transaction

M = TypeVar("M", bound=models.Model)

_current: ContextVar[int | None] = ContextVar("current_organization", default=None)


class NoOrganization(RuntimeError):
    """A tenant table was touched outside `working_for`."""


class HasKey(Protocol):
    """Anything with a primary key: an Organization, or a stand-in that carries its id."""

    pk: Any


def current_organization_id() -> int | None:
    """Return the id of the organization being worked for, or None."""
    return _current.get()


def require_organization_id() -> int:
    """Return the id of the organization being worked for.

    :raises NoOrganization: there is none.
    """
    current = _current.get()
    if current is None:
        raise NoOrganization
    return current


def _push() -> None:
    """Tell the transactions that are open already; later ones hear it at their BEGIN."""
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block and not connection.needs_rollback:
            connection.set_organization()  # type: ignore[attr-defined]  # our own backend


@contextmanager
def working_for(organization: HasKey) -> Iterator[None]:
    """Enter the scope of one organization: managers filter by it, the database enforces it."""
    token = _current.set(int(organization.pk))
    _push()
    try:
        yield
    finally:
        _current.reset(token)
        _push()


@contextmanager
def reading(organization: HasKey) -> Iterator[None]:
    """Enter the scope and open a transaction: what reads outside a request stand in."""
    with working_for(organization), transaction.atomic():
        yield


class TenantManager(models.Manager[M]):
    """The manager of every tenant table: rows of the current organization, or an error."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the rows of the current organization.

        :raises NoOrganization: outside a scope.
        """
        current = _current.get()
        if current is None:
            raise NoOrganization(self.model._meta.label)
        return super().get_queryset().filter(organization_id=current)
