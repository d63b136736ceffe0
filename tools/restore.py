"""``make restore FILE=…``: a backup into a fresh database, whole or not at all.

It is loaded beside, under another name, compared with its manifest, migrated, and only then gets the name it is for.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from tools import archive
from tools.backup import owned_database
from tools.cluster import RUNTIME_ROLE, Cluster, outside
from tools.databases import THINGS, Database, client, migrations, session, totals
from tools.environment import build
from tools.keys import secret_key
from tools.places import ROOT, VENV, VENV_PYTHON, var
from tools.schema import schema_fingerprint
from tools.supervisor import manage, write_notes
from tools.trouble import Trouble, say


def restore(words: Sequence[str]) -> int:
    """``make restore FILE=…``."""
    if len(words) != 1 or not words[0]:
        raise Trouble("Which backup?", "make restore FILE=var/backups/salesops-….backup")
    path = Path(words[0]).absolute()
    say(f"Reading {path.name} from end to end …")
    manifest = archive.check(path)
    if not VENV_PYTHON.exists():
        build()
    refuse_newer(manifest)
    with owned_database() as database:
        refuse_server(database, manifest)
        refuse_target(database)
        load(path, manifest, database)
        if not outside(os.environ):
            remember()
    rows = sum(table["rows"] for table in manifest["tables"].values())
    say(f"Restored into the database {database.name}: {len(manifest['tables'])} tables, {rows:,} rows, all as counted.")
    if manifest.get("secret_key") != archive.key_print():
        say(
            "It was made under another SECRET_KEY: everybody signs in anew, links in mails no longer work, and second "
            "factors open only under the old key. Set that one, if you have it."
        )
    return 0


# -- what speaks against it, before anything is written -----------------------------------------------


def known_migrations() -> set[str]:
    """The migrations of this code, as app.name."""
    done = subprocess.run(
        [str(VENV_PYTHON), "manage.py", "known_migrations"],
        cwd=ROOT,
        env=app_environment("", ""),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Trouble(f"manage.py known_migrations failed:\n{done.stderr.strip()[-3000:]}", "mend what it says.")
    return set(done.stdout.split())


def refuse_newer(manifest: Mapping[str, Any]) -> None:
    """Raise Trouble for a backup that knows more than this code."""
    if unknown := sorted(set(manifest["migrations"]) - known_migrations()):
        raise Trouble(
            f"This backup was made by a newer salesops ({manifest.get('salesops')}; here is {archive.app_version()}): "
            f"its schema has {', '.join(unknown[:5])}{' …' if len(unknown) > 5 else ''}, unknown here.",
            "restore it with that version. Nothing was changed.",
        )


def refuse_server(database: Database, manifest: Mapping[str, Any]) -> None:
    """Raise Trouble for a server older than the one that was backed up, or without the runtime role."""
    ours = database.called("postgres")
    if (major := ours.major()) < int(manifest["postgres"]):
        raise Trouble(
            f"The backup is of PostgreSQL {manifest['postgres']}; this server is of version {major}.",
            f"restore it on PostgreSQL {manifest['postgres']} or newer. Nothing was changed.",
        )
    question = f"SELECT 1 FROM pg_roles WHERE rolname = {literal(runtime_role())}"  # noqa: S608  # quoted
    if not ours.ask(question):
        raise Trouble(
            f"This server has no role {runtime_role()}, as which pages are served (DATABASE_URL).",
            f"make it first: CREATE ROLE {runtime_role()} LOGIN NOBYPASSRLS PASSWORD '…'. Nothing was changed.",
        )


def refuse_target(database: Database) -> None:
    """Raise Trouble for a database that holds anything at all."""
    if not exists(database):
        return
    with session(database) as talk:
        if talk.ask(THINGS) == ["0"]:
            return
        newer = set(migrations(talk)) - known_migrations()
    raise Trouble(
        f"The database {database.name} is not empty{': it holds a newer salesops than this one' if newer else ''}. "
        "A restore never overwrites anything.",
        "name a fresh one in DATABASE_URL and DATABASE_OWNER_URL; for make run: VAR_DIR=/another/folder make restore "
        "FILE=…, then VAR_DIR=/another/folder make run. Nothing was changed.",
    )


# -- the restore itself -------------------------------------------------------------------------------


def load(path: Path, manifest: Mapping[str, Any], database: Database) -> None:
    """Load, compare, migrate, and give it its name; on any trouble what was loaded goes."""
    beside, server = database.called(f"{database.name[:40]}_restoring"), database.called("postgres")
    if exists(beside):  # an earlier restore was killed; one that still runs keeps it
        server.ask(f"DROP DATABASE {name(beside)}")
    server.ask(f"CREATE DATABASE {name(beside)} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        say(f"Loading {sum(table['rows'] for table in manifest['tables'].values()):,} rows …")
        program = client("pg_restore", int(manifest["postgres"]))
        command = [program, "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--dbname"]
        archive.feed(path, [*command, beside.name], beside, manifest["dump_sha256"])
        compare(beside, manifest)
        say("Migrating and granting …")
        manage(app_environment(runtime_url(beside.name), beside.url()), "migrate", "--verbosity", "0")
        refuse_target(database)
        if exists(database):
            server.ask(f"DROP DATABASE {name(database)}")
        server.ask(f"ALTER DATABASE {name(beside)} RENAME TO {name(database)}")
    except BaseException:
        server.ask(f"DROP DATABASE IF EXISTS {name(beside)} WITH (FORCE)")
        raise


def compare(database: Database, manifest: Mapping[str, Any]) -> None:
    """Raise Trouble where a count or a sum differs from what the backup says of itself."""
    with session(database) as talk:
        found = totals(talk)
    expected: dict[str, dict[str, int]] = manifest["tables"]
    if wrong := sorted(table for table in found.keys() | expected.keys() if found.get(table) != expected.get(table)):
        raise Trouble(
            f"What was loaded differs from what the backup counted, in: {', '.join(wrong)}.",
            "take another backup; what was loaded was removed again.",
        )


def remember() -> None:
    """Tell the private server's database that it is migrated, and that no demo company is to be made in it."""
    cluster = Cluster()
    cluster.load()
    write_notes(cluster, {"schema": schema_fingerprint(), "demo": True})


# -- names and addresses ------------------------------------------------------------------------------


def exists(database: Database) -> bool:
    """Whether the server has a database of this name."""
    question = f"SELECT 1 FROM pg_database WHERE datname = {literal(database.name)}"  # noqa: S608  # quoted
    return bool(database.called("postgres").ask(question))


def name(database: Database) -> str:
    """Its name, quoted for SQL."""
    return '"' + database.name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def runtime_role() -> str:
    """As whom pages are served."""
    return unquote(urlsplit(os.environ.get("DATABASE_URL", "")).username or RUNTIME_ROLE)


def runtime_url(database: str) -> str:
    """The runtime role's address of another database of the same server."""
    if outside(os.environ):
        return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))
    cluster = Cluster()
    cluster.load()
    return cluster.url(database=database)


def app_environment(runtime: str, owner: str) -> dict[str, str]:
    """What Django's commands read."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "salesops.settings",
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "SECRET_KEY": secret_key(),
        "VAR_DIR": str(var()),
        **({"DATABASE_URL": runtime, "DATABASE_OWNER_URL": owner} if runtime else {}),
    }
