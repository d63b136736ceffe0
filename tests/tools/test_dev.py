"""tools/dev: several people at once share one throw-away server, and never a test database."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from tests.tools.conftest import Checkout

TELL = "import json, os; print(json.dumps(dict(os.environ)))"


def told(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The environment that a command found."""
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_two_at_once_share_the_server_and_nothing_else(checkout: Checkout) -> None:
    with ThreadPoolExecutor() as both:
        first, second = both.map(told, both.map(lambda _: checkout.run("dev", "run", sys.executable, "-c", TELL), "12"))
    try:
        assert first["DATABASE_URL"] == second["DATABASE_URL"]
        assert first["TEST_DB_NAME"] != second["TEST_DB_NAME"]
        with psycopg2.connect(second["DATABASE_OWNER_URL"]) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW fsync")
            assert cursor.fetchone() == ("off",)
    finally:
        assert checkout.run("dev", "stop").returncode == 0


def test_the_exit_code_is_that_of_the_command_and_its_databases_are_dropped(checkout: Checkout) -> None:
    make = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_OWNER_URL']); c.autocommit = True;"
    make += "c.cursor().execute('CREATE DATABASE ' + os.environ['TEST_DB_NAME'] + '_gw0'); raise SystemExit(7)"
    assert checkout.run("dev", "run", sys.executable, "-c", make).returncode == 7
    count = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_OWNER_URL']).cursor();"
    count += "c.execute(\"SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'\"); print(c.fetchone()[0])"
    try:
        assert checkout.run("dev", "run", sys.executable, "-c", count).stdout.strip() == "0"
    finally:
        assert checkout.run("dev", "stop").returncode == 0


def test_an_unknown_word_shows_what_there_is(checkout: Checkout) -> None:
    done = checkout.run("dev", "unheard-of")
    assert done.returncode == 2
    assert "tools/dev pytest" in done.stdout
