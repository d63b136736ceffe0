#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

WITHOUT_SERVERS = frozenset({"collectstatic", "help", "makemigrations", "messages", "known_migrations", "--help"})
"""Commands that need no database: they run while an image is built."""

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    from django.core.management import execute_from_command_line

    from salesops.needed import refuse_without

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command not in WITHOUT_SERVERS:
        refuse_without(*(["DATABASE_OWNER_URL"] if command == "migrate" else []))
    execute_from_command_line(sys.argv)
