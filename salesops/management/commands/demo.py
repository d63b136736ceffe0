"""`manage.py demo`: the demo company, to look around in."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction
from django.utils import timezone

from salesops import actions, demo_company
from tenants.models import Membership, Organization

PASSWORD = "salesops-demo"  # noqa: S105  # known to all on purpose; only ever offered on this machine
OF_A_USER = ("account_emailaddress", "mfa_authenticator", "usersessions_usersession")
LOCAL = ("http://localhost", "http://127.0.0.1", "http://[::1]")


class Command(BaseCommand):
    """Make the demo company, tell its sign-ins, or throw it away and make it anew."""

    help = "Make the demo company (refused where it could be reached from outside: its password is known)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done; without a word the company is made."""
        parser.add_argument("--if-empty", action="store_true", help="only if there is no organization at all")
        parser.add_argument("--reset", action="store_true", help="throw it away first")
        parser.add_argument("--sign-ins", action="store_true", help="only print the sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; everything or nothing."""
        if options["sign_ins"]:
            self._sign_ins()
            return
        if not settings.BASE_URL.startswith(LOCAL):
            message = f"The demo company is for this machine alone; BASE_URL is {settings.BASE_URL}."
            raise CommandError(message)
        if options["if_empty"] and Organization.objects.exists():
            return
        if options["reset"]:
            _throw_away()
        elif Organization.objects.filter(slug=demo_company.SLUG).exists():
            message = "The demo company is there already; --reset makes it anew."
            raise CommandError(message)
        now = timezone.now()
        actions.found_demo_company(today=now.astimezone(demo_company.ZONE).date(), at=now, password=PASSWORD)
        self._sign_ins()

    def _sign_ins(self) -> None:
        if not Membership.objects.filter(organization__slug=demo_company.SLUG).exists():
            return
        shown = {
            "wang": "executive",
            "lin": "manager",
            "chen": "rep",
            "partner": "partner",
            "legal": "colleague",
            "admin": "admin",
        }
        self.stdout.write(f"Sign-ins of {demo_company.NAME} (password {PASSWORD}):")
        for key, role in shown.items():
            self.stdout.write(f"  {role:<10}{actions.demo_email(key)}")


def _throw_away() -> None:
    """Delete every row of the demo company as the owner role; audit and change log yield to nobody else."""
    connection = connections["owner"]
    with transaction.atomic(using="owner"), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_organization WHERE slug = %s", [demo_company.SLUG])
        found = cursor.fetchone()
        if found is None:
            return
        cursor.execute(
            "SELECT c.relname, bool_or(t.tgname IS NOT NULL) FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'"
            " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'append_only'"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname"
        )
        tables = cursor.fetchall()
        cursor.execute("SELECT user_id FROM tenants_membership WHERE organization_id = %s", found)
        people = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, append_only in tables:
            name = connection.ops.quote_name(table)
            if append_only:
                cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER append_only")
            cursor.execute(f"DELETE FROM {name} WHERE organization_id = %s", found)  # noqa: S608  # a table's name
        cursor.execute("DELETE FROM tenants_organization WHERE id = %s", found)
        cursor.execute(
            "SELECT id FROM tenants_user u WHERE id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM tenants_membership m WHERE m.user_id = u.id)",
            [people],
        )
        gone = [row[0] for row in cursor.fetchall()]
        for table in OF_A_USER:
            cursor.execute(f"DELETE FROM {table} WHERE user_id = ANY(%s)", [gone])  # noqa: S608  # names of ours
        cursor.execute("DELETE FROM tenants_user WHERE id = ANY(%s)", [gone])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, append_only in tables:
            if append_only:
                cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} ENABLE TRIGGER append_only")
