"""How long a large import takes: ``python -m bench.imports [--rows 100000] [--customers 10000] [--profile FILE]``.

A PostgreSQL of its own in VAR_DIR (as safe as in production), an empty organization with 20 sellers, a CSV file of
opportunities, and the jobs that a worker runs, in one process that does nothing else: read, check, import, undo.
Prints seconds on the clock, seconds of both processors (the worker's and its database connection's) and statements for
each, and the memory of the worker at its peak. Exit 1 where check and import together miss the aim of issue 3.
"""

import argparse
import contextlib
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

AIM_SECONDS, AIM_MEGABYTES = 120, 600
SELLERS = 20
DATABASE = "bench_imports"
HEADINGS = ["Opportunity ID", "Opportunity", "Account", "Owner", "Product", "Stage", "Amount", "Created", "Close date"]
STAGES = ["Prospecting"] * 4 + ["Engaging"] * 8 + ["Negotiation"] * 3 + ["Won"] * 50 + ["Lost"] * 35
PRODUCTS = ["GTX Pro", "GTX Basic", "MG Special", "MG Advanced", "GTX Plus Pro", "GTX Plus Basic", "GTK 500"]
TRADES = ["精密", "電子", "光電", "機械", "物流", "食品", "紡織", "生技", "化工", "營造", "Medical", "Robotics"]
THEMES = ["產線監控一期", "預知保養", "報工模組", "檢測整合", "Energy audit", "Press line renewal", "Quality gates"]


def write(path: Path, rows: int, customers: int) -> None:
    """Write the file: the same numbers give the same rows."""
    chance = random.Random(20260101)
    names = [f"{chance.choice('宏永晟立佳恆鼎聯瑞華')}{chance.choice(TRADES)}{n:05}" for n in range(customers)]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADINGS)
        for n in range(rows):
            stage, year, month, day = chance.choice(STAGES), chance.randint(2022, 2024), *_day(chance)
            ended = stage in {"Won", "Lost"}
            out.writerow(
                [
                    f"OP-{n:06}",
                    f"{chance.choice(THEMES)} {n}",
                    chance.choice(names),
                    f"Seller {chance.randrange(SELLERS):02}",
                    chance.choice(PRODUCTS),
                    stage,
                    "" if stage == "Lost" else chance.randrange(50_000, 9_000_000),
                    f"{year}-{month:02}-{day:02}",
                    f"{year + 1}-{month:02}-{day:02}" if ended else f"2027-{month:02}-{day:02}",
                ]
            )


def _day(chance: random.Random) -> tuple[int, int]:
    return chance.randint(1, 10), chance.randint(1, 28)


# In the process that works --------------------------------------------------------------------------


def prepare(path: Path) -> None:
    """Found the organization and upload the file, as the web process does."""
    from django.utils import timezone

    from exchange import actions
    from exchange.targets import TARGETS
    from tenants import actions as tenants
    from tenants.models import Membership, User
    from tenants.permissions import Role
    from tenants.scoping import working_for

    now = timezone.now()
    boss = User.objects.create(email="boss@example.com", name="Boss", language="en")
    founder = tenants.found_organization(boss, name="Bench", language="en", at=now, slug="bench")
    for n in range(SELLERS):
        user = User.objects.create(email=f"{n}@example.com", name=f"Seller {n:02}", language="en")
        Membership.objects.create(organization=founder.organization, user=user, role=Role.REP, team=founder.team)
    with working_for(founder.organization):
        content = path.read_bytes()
        actions.start(TARGETS["opportunities"], name="bench.csv", content=content, by=founder, at=now)


class Measure:
    """Counts what one step costs."""

    def __init__(self) -> None:
        self.statements = 0
        self.seconds: dict[str, list[float]] = {}
        self.lines: list[tuple[str, float, float, float, int]] = []

    def counted(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Count a statement, and how long it took, by how it begins."""
        self.statements += 1
        began = time.monotonic()
        answer = execute(*args)
        head = " ".join(str(args[0]).split())[:90]
        self.seconds.setdefault(head, []).append(time.monotonic() - began)
        return answer

    def dearest(self, count: int) -> list[tuple[str, int, float]]:
        """Return the statements that took longest in all: how they begin, how often, seconds."""
        found = [(head, len(took), sum(took)) for head, took in self.seconds.items()]
        return sorted(found, key=lambda each: -each[2])[:count]

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step."""
        self.statements = 0
        clock, own, theirs = time.monotonic(), _own(), _backend()
        yield
        self.lines.append((name, time.monotonic() - clock, _own() - own, _backend() - theirs, self.statements))


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _backend() -> float:
    """Return the processor seconds that this connection's server process has used."""
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text(encoding="utf-8")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(profile: str, rows: int, statements: int) -> bool:
    """Run the jobs of the import one after the other; return whether the aims are met."""
    from django.db import connection
    from django.utils import timezone

    from exchange import actions, queries
    from exchange.models import Import
    from jobs import running
    from tenants.models import Membership, Organization
    from tenants.scoping import reading, working_for

    organization = Organization.objects.get(slug="bench")
    by = Membership.objects.select_related("user", "organization").get(
        organization=organization, user__email="boss@example.com"
    )
    measure = Measure()
    with working_for(organization), connection.execute_wrapper(measure.counted), profiled(profile):

        def ran(name: str, imported: Import) -> Import:
            with measure.step(name):
                running.run(imported.job)
            return fresh()

        def fresh() -> Import:
            with reading(organization):
                found: Import = Import.objects.select_related("job").get()
                return found

        imported = fresh()
        imported = ran("read", imported) if imported.job else imported
        with reading(organization):
            mapping = imported.mapping
            groups = [*queries.date_group(imported, mapping), *queries.questions(imported, mapping, by=by)]
        answers = {question.code: question.default for group in groups for question in group.questions}
        how: Any = {"by": by, "at": timezone.now()}
        imported = actions.settle(imported, mapping=mapping, answers=answers, seen=imported.version, **how)
        imported = ran("check", imported)
        imported = ran("import", actions.run(imported, seen=imported.version, **how))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        outcome = dict(imported.tally.verdicts)
        imported = ran("undo", actions.undo(imported, seen=imported.version, **how))
    print(f"{rows:,} rows: {outcome}; then {imported.state}")  # noqa: T201  # a report
    print(f"{'':8}{'seconds':>9}{'worker':>9}{'database':>9}{'queries':>9}{'rows/s':>9}")  # noqa: T201
    for name, clock, own, theirs, queries_sent in measure.lines:
        print(f"{name:8}{clock:9.1f}{own:9.1f}{theirs:9.1f}{queries_sent:9,}{rows / clock:9,.0f}")  # noqa: T201
    for head, times, seconds in measure.dearest(statements):
        print(f"{seconds:8.1f} s {times:6,} x {head}")  # noqa: T201
    took = sum(line[1] for line in measure.lines if line[0] in {"check", "import"})
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"check + import {took:.0f} s (aim {AIM_SECONDS}); peak {peak:.0f} MB (aim {AIM_MEGABYTES})")  # noqa: T201
    print(f"with the undo: peak {after:.0f} MB")  # noqa: T201
    return took < AIM_SECONDS and peak < AIM_MEGABYTES and outcome == {"created": rows}


@contextlib.contextmanager
def profiled(path: str) -> Iterator[None]:
    """Write a profile, if one is wanted; it makes everything slower."""
    if not path:
        yield
        return
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(path)


# In the process that starts it ----------------------------------------------------------------------


def main() -> int:
    """Start the database, prepare, work, stop."""
    from tools.cluster import OWNER_ROLE, Cluster
    from tools.places import ROOT, VENV_PYTHON
    from tools.suite import environment
    from tools.supervisor import fresh_broker

    asked = _arguments().parse_args()
    cluster = Cluster(name="imports-postgres")
    cluster.start()
    try:
        cluster.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cluster.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        env = environment(None) | {
            "DATABASE_URL": cluster.url(database=DATABASE),
            "DATABASE_OWNER_URL": cluster.url(OWNER_ROLE, DATABASE),
        }

        def child(*words: str) -> int:
            return subprocess.run([str(VENV_PYTHON), *words], cwd=ROOT, env=env, check=False).returncode

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.csv"
            write(path, asked.rows, asked.customers)
            passed = ["-m", "bench.imports", "--file", str(path), "--rows", str(asked.rows), "--profile", asked.profile]
            passed += ["--statements", str(asked.statements)]
            fresh_broker()
            failed = child("manage.py", "migrate", "--verbosity", "0") or child(*passed, "--prepare")
            return failed or child(*passed, "--work")
    finally:
        cluster.stop()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--profile", default="")
    parser.add_argument("--statements", type=int, default=0, help="print so many of the dearest statements")
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    given = _arguments().parse_args()
    if not (given.prepare or given.work):
        sys.exit(main())
    import django

    django.setup()
    if given.prepare:
        prepare(Path(given.file))
    elif not work(given.profile, given.rows, given.statements):
        sys.exit(1)
