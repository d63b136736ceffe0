"""`manage.py known_migrations`: the migrations of this code, one a line; asks no database."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db.migrations.loader import MigrationLoader


class Command(BaseCommand):
    """A restore compares them with those of the backup before it writes anything."""

    help = "Print the migrations of this code as app.name."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, sorted."""
        known = MigrationLoader(None).disk_migrations
        self.stdout.write("\n".join(sorted(f"{app}.{name}" for app, name in known)))
