"""The second lock's messenger: sets `app.organization` transaction-locally at every BEGIN.

A session-level SET would leak to the next client through a connection pool.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from tenants.scoping import current_organization_id

OWNER = "owner"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that carries the organization, and refuses a runtime role that is too strong."""

    prepared: dict[str, str] | None
    """What is prepared in the session of this connection, by the statement; None where it may be another's next time.

    A pool in between gives itself away: the session is not the one that the connection was told of when it began.
    """

    def init_connection_state(self) -> None:
        """Refuse to work as a role that row-level security does not bind."""
        super().init_connection_state()
        self.prepared = None
        if self.alias in {OWNER, NO_DB_ALIAS}:
            return
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid),"
                " pg_backend_pid() FROM pg_roles r WHERE rolname = current_user"
            )
            too_strong, session = cursor.fetchone()
        if session == self.connection.get_backend_pid():
            self.prepared = {}
        if not self.get_autocommit():
            self.connection.commit()
        if too_strong:
            message = (
                "DATABASE_URL signs in as a role that owns tables, is a superuser or bypasses row-level security. "
                "Use the runtime role there, and the owner role in DATABASE_OWNER_URL."
            )
            raise ImproperlyConfigured(message)

    def set_organization(self) -> None:
        """Name the current organization in the open transaction ('' for none: every policy then fails)."""
        if self.connection.get_transaction_status() == TRANSACTION_STATUS_INERROR:
            return  # the rollback to the savepoint brings the old value back by itself
        current = current_organization_id()
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.organization', %s, true)", ("" if current is None else str(current),)
            )

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        """Begin a transaction (Django calls this for an outermost atomic) with the organization named in it."""
        super().set_autocommit(autocommit, *args, **kwargs)
        if not autocommit and current_organization_id() is not None:
            self.set_organization()
