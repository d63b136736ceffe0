"""For who runs the server: let somebody in again who lost their telephone, their passkey and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants import actions
from tenants.models import User


class Command(BaseCommand):
    help = "Take every second factor from a person, by address; the password stays, sessions end"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["address"]).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['address']}.")
        taken = actions.reset_second_factor(user)
        self.stdout.write(f"{taken} taken from {user.email}; they sign in with the password and set up new ones.")
