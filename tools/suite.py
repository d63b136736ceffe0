"""Commands beside a throw-away PostgreSQL: the test suite, and whatever a developer runs."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

from tools.cluster import DATABASE, OWNER_ROLE, Cluster, outside
from tools.environment import build
from tools.files import locked
from tools.keys import secret_key
from tools.places import ROOT, VENV, VENV_PYTHON, var
from tools.processes import birth
from tools.schema import schema_fingerprint
from tools.trouble import say

NOT_COLLECTED = str(ROOT / "static-of-no-test")
"""A folder that is never there: tests see style sheets and scripts under their plain names, whatever was collected."""

TEST_DATABASE = re.compile(r"^test_salesops_(\d+)(_|$)")


def throw_away() -> Cluster:
    """The cluster of tests and development: fast, and no loss when it is deleted."""
    return Cluster(name="test-postgres", durable=False)


def hold(kind: int) -> IO[str] | None:
    """Say that we use the throw-away server (LOCK_SH), or ask whether nobody does (LOCK_EX); None means no."""
    handle = (var() / "test-postgres.users").open("a")
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def environment(cluster: Cluster | None) -> dict[str, str]:
    """Environment for a command: addresses of the databases, keys, and a test database of its own name."""
    given = {} if cluster is None else cluster.environment()
    return {
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "BASE_URL": "http://localhost:8000",
        "DJANGO_SETTINGS_MODULE": "salesops.settings",
        **os.environ,
        **given,
        "VAR_DIR": str(var()),
        "SECRET_KEY": secret_key(),
        "TEST_DB_NAME": f"test_salesops_{os.getpid()}",
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def drop_databases(cluster: Cluster, *, of: int | None = None) -> None:
    """Drop the test databases of process ``of``, or those of every process that is no more."""
    names = cluster.sql("SELECT datname FROM pg_database").split()
    for name in names:
        if (found := TEST_DATABASE.match(name)) and (int(found[1]) == of if of else not birth(int(found[1]))):
            cluster.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def start(cluster: Cluster) -> None:
    """See that it runs, free of what earlier runs left."""
    cluster.start()
    drop_databases(cluster)


def template(cluster: Cluster) -> str:
    """Name of a database with all migrations applied, from which test databases are copied; made when they changed.

    Empty when the migrations fail: the tests then say why.
    """
    name = f"template_salesops_{schema_fingerprint()[:16]}"
    with locked(var() / "template.lock"):
        names = cluster.sql("SELECT datname FROM pg_database ORDER BY oid").split()
        if name in names:
            return name
        unfinished = f"{name}_unfinished"
        others = [other for other in names if other.startswith("template_salesops_")]
        for old in [*others[:-2], unfinished]:
            cluster.sql(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
        cluster.sql(f'CREATE DATABASE "{unfinished}" OWNER {OWNER_ROLE}')
        env = environment(cluster)
        env |= {"DATABASE_URL": cluster.url(database=unfinished)}
        env |= {"DATABASE_OWNER_URL": cluster.url(OWNER_ROLE, unfinished)}
        command = [str(VENV_PYTHON), "manage.py", "migrate", "--verbosity", "0"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            return ""
        cluster.sql(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


def run(command: Sequence[str], env: dict[str, str]) -> int:
    """Run a command to its end; it gets the Ctrl-C of the terminal itself. Returns its exit code."""
    child = subprocess.Popen(command, env=env, cwd=ROOT)
    kept = {number: signal.signal(number, lambda n, _frame: forward(child, n)) for number in (signal.SIGTERM,)}
    kept[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return child.wait()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def forward(child: subprocess.Popen[bytes], number: int) -> None:
    """Pass a signal on to the child while it lives."""
    if child.poll() is None:
        child.send_signal(number)


def command_line(words: Sequence[str]) -> list[str]:
    """What the words after ``tools/dev`` stand for."""
    kind, rest = words[0], list(words[1:])
    if kind == "pytest":
        return [str(VENV_PYTHON), "-m", "pytest", *rest]
    if kind == "manage":
        return [str(VENV_PYTHON), "manage.py", *rest]
    return rest


def dev(words: Sequence[str]) -> int:
    """``tools/dev``: pytest …, manage …, run CMD …, stop, reset."""
    if not words or words[0] not in ("pytest", "manage", "run", "stop", "reset") or list(words) == ["run"]:
        say("tools/dev pytest ARGS… | manage ARGS… | run CMD ARGS… | stop | reset (empty development database)")
        return 2
    cluster = throw_away()
    if words[0] == "stop":
        if cluster.load():
            cluster.stop()
        return 0
    build(dev=True)
    if outside(os.environ):
        return run(command_line(words), environment(None))
    held = hold(fcntl.LOCK_SH)
    start(cluster)
    if words[0] == "reset":
        cluster.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cluster.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        return 0
    env = environment(cluster)
    if words[0] == "pytest":
        env |= {"TEST_DB_TEMPLATE": template(cluster), "STATIC_ROOT": NOT_COLLECTED}
    try:
        return run(command_line(words), env)
    finally:
        drop_databases(cluster, of=os.getpid())
        if held:
            held.close()


def suite(words: Sequence[str]) -> int:
    """``make test``: everything, on a server that is started for it and stopped afterwards unless others use it."""
    build(dev=True)
    command = [str(VENV_PYTHON), "-m", "pytest", "-n", os.environ.get("SALESOPS_TEST_PROCESSES", "2"), *words]
    if outside(os.environ):
        env = {**environment(None), "STATIC_ROOT": NOT_COLLECTED}
        return run([str(VENV_PYTHON), "manage.py", "messages", "compile"], env) or run(command, env)
    cluster = throw_away()
    held = hold(fcntl.LOCK_SH)
    try:
        start(cluster)
        env = environment(cluster)
        if code := run([str(VENV_PYTHON), "manage.py", "messages", "compile"], env):
            return code
        code = run(command, {**env, "TEST_DB_TEMPLATE": template(cluster), "STATIC_ROOT": NOT_COLLECTED})
        drop_databases(cluster, of=os.getpid())
        return code
    finally:
        if held:
            held.close()
        if alone := hold(fcntl.LOCK_EX):
            if cluster.load():
                cluster.stop()
            alone.close()


def lint(_words: Sequence[str]) -> int:
    """``make lint``: ruff, import-linter and mypy, all of them even when one complains."""
    build(dev=True)
    env = {"DJANGO_SETTINGS_MODULE": "salesops.settings", "SECRET_KEY": "lint", **os.environ}
    env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    failed = []
    for name, command in (
        ("ruff", [str(VENV_PYTHON), "-m", "ruff", "check", "."]),
        ("import-linter", [str(VENV / "bin" / "lint-imports")]),
        ("mypy", [str(VENV_PYTHON), "-m", "mypy"]),
    ):
        say(f"== {name}")
        if run(command, env):
            failed.append(name)
    if failed:
        sys.stderr.write(f"lint: {', '.join(failed)} complained.\n")
    return 1 if failed else 0
