"""Where it is measured: a PostgreSQL of its own, the companies in it, and the web server as it is started for users."""

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tools.cluster import OWNER_ROLE, RUNTIME_ROLE, Cluster
from tools.environment import fingerprint
from tools.places import ROOT, VENV_PYTHON, var
from tools.ports import free_port
from tools.schema import schema_fingerprint
from tools.supervisor import Child, await_page, collect, manage, programs, run_environment, stale_catalogues, stop_all
from tools.trouble import Trouble, demand_space, say

RUN = "bench_run"


def edition() -> str:
    """Return a word that changes with the schema, with the rows, and with the week they are relative to."""
    year, week, _day = datetime.now(UTC).isocalendar()
    parts = [schema_fingerprint(), *(fingerprint(ROOT / "bench" / name) for name in ("company.py", "load.py"))]
    return hashlib.sha256(f"{parts} {year} {week}".encode()).hexdigest()[:16]


def environment(cluster: Cluster, database: str, port: int) -> dict[str, str]:
    """Return what the programs read: production settings, this database."""
    env = run_environment(cluster, port)
    env["DATABASE_URL"], env["DATABASE_OWNER_URL"] = (
        cluster.url(role, database) for role in (RUNTIME_ROLE, OWNER_ROLE)
    )
    env |= {"WEB_CONCURRENCY": str(os.cpu_count() or 1)}  # as gunicorn.conf.py wants it: one process a core
    env |= {"BASE_URL": f"http://localhost:{port}", "BENCH_SUPERUSER": cluster.url("postgres", database)}
    for name in ("DEBUG", "REDIS_URL", "LOG_LEVEL"):
        env.pop(name, None)
    return env


def fill(cluster: Cluster, *, fresh: bool) -> str:
    """Return the name of the database that holds the companies; made where it is not there."""
    name = f"bench_{edition()}"
    known = cluster.sql("SELECT datname FROM pg_database WHERE datname LIKE 'bench_%'").split()
    for old in known:
        if fresh or old != name:
            cluster.sql(f'DROP DATABASE "{old}" WITH (FORCE)')
    if name in known and not fresh:
        return name
    say("Making the companies (only when the schema, the rows or the week changed) …")
    began, unfinished = time.monotonic(), f"{name}_unfinished"
    cluster.sql(f'CREATE DATABASE "{unfinished}" OWNER {OWNER_ROLE}')
    env = environment(cluster, unfinished, free_port())
    manage(env, "migrate", "--verbosity", "0")
    done = subprocess.run(
        [str(VENV_PYTHON), "-m", "bench.load"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise Trouble(f"The companies could not be made:\n{done.stderr.strip()[-3000:]}", "mend what it says.")
    cluster.sql(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    say(f"Made in {time.monotonic() - began:.0f} s.")
    return name


@contextlib.contextmanager
def served(*, fresh: bool) -> Iterator[tuple[int, Child, Cluster]]:
    """Start everything on a copy of the companies, and stop it all whatever happens."""
    demand_space(var(), 3000)
    (var() / "log").mkdir(exist_ok=True)
    cluster, children = Cluster(), list[Child]()
    try:
        cluster.start()
        kept = fill(cluster, fresh=fresh)
        cluster.sql(f'DROP DATABASE IF EXISTS "{RUN}" WITH (FORCE)')
        cluster.sql(f'CREATE DATABASE "{RUN}" TEMPLATE "{kept}" OWNER {OWNER_ROLE}')
        cluster.sql("CHECKPOINT")
        port = free_port()
        env = environment(cluster, RUN, port)
        if stale_catalogues():
            manage(env, "messages", "compile")
        collect(env)
        web = programs(env, port)[0]
        web.command = ["bench.wsgi" if word == "salesops.wsgi" else word for word in web.command]
        web.log.unlink(missing_ok=True)
        children.append(web)
        web.start()
        await_page(web, port)
        yield port, web, cluster
    finally:
        stop_all(children)
        if cluster.state:
            cluster.stop()


def megabytes(leader: int) -> list[float]:
    """Return the resident memory of the web processes of a server: its master and its workers."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in shown.splitlines()]
    return [rss / 1024 for pid, parent, rss in rows if leader in (pid, parent)]


def machine() -> dict[str, str]:
    """Return what it ran on, without names."""
    cores, model, memory = os.cpu_count() or 1, "", ""
    with contextlib.suppress(OSError):
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next((line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name")), "")
        total = Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]
        memory = f"{int(total) / 1024**2:.0f} GB"
    return {"cores": str(cores), "cpu": model, "memory": memory, "on": f"{datetime.now(UTC):%Y-%m-%d}"}
