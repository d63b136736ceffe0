"""`migrate` works as the owner role, then grants the runtime role what it may do."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from tenants.backend.base import OWNER


class Command(Migrate):
    """Migrate as the owner; the runtime role gets rows and sequences, never TRUNCATE or a table of its own.

    What the database derives from other tables it may only read.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments; the database is the owner's unless said otherwise."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then grant."""
        options["database"] = OWNER
        super().handle(*args, **options)
        runtime = connections[OWNER].ops.quote_name(str(settings.DATABASES["default"]["USER"]))
        with connections[OWNER].cursor() as cursor:
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {runtime}")
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {runtime}")
            cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {runtime}")
            for table in sorted(settings.WRITTEN_BY_THE_DATABASE):
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
                if cursor.fetchone() == (True,):  # not yet there, or gone back to before it
                    cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {runtime}")
