"""``python -m bench [--fresh] [--write] [--json FILE]``; ``make bench`` starts it."""

import argparse
import contextlib
import json
import os
import re
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg2

from bench.browser import Answer, Ask, Session, Trouble, together
from bench.figures import PAGES, Page, Run, missed, percentile, table, verdict
from bench.pages import Known, asks, floors, known, mixture
from bench.place import RUN, machine, megabytes, served
from tools.cluster import RUNTIME_ROLE, Cluster
from tools.places import ROOT, var
from tools.trouble import say

BIG, TENTH = "big", "tenth"
PASSWORD = "correct horse battery staple"
CLIENTS = 8
WARM, TIMES = 8, 40
TOGETHER, MIXED = 3.0, 20.0
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def one_by_one(session: Session, ask: Callable[[], Ask], times: int) -> list[Answer]:
    """Ask so often, one after the other."""
    return [session.ask(ask()) for _ in range(times)]


def ms(answers: Sequence[Answer], percent: int) -> float:
    """Return a percentile in milliseconds."""
    return percentile([answer.seconds * 1000 for answer in answers], percent)


def bare_sql(cluster: Cluster, name: str, organization: str) -> tuple[int, float]:
    """Send again what a page sent to the database. Returns how many statements, and the milliseconds they took."""
    said = json.loads((var() / f"{name}.sql.json").read_text(encoding="utf-8"))
    connection = psycopg2.connect(cluster.url(RUNTIME_ROLE, RUN))
    took = []
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_organization WHERE slug = %s", (organization,))
        (scope,) = cursor.fetchone() or (0,)
        connection.rollback()
        for _ in range(12):
            # A repeated key would find what the first one made; everything else may be written again and rolled back.
            keys = {found: str(uuid.uuid4()) for sql in said for found in re.findall(r"'([0-9a-f-]{36})'::uuid", sql)}
            began = time.perf_counter()
            cursor.execute("SELECT set_config('app.organization', %s, true)", (str(scope),))
            for sql in said:
                if is_control(sql):
                    continue
                for old, new in keys.items():
                    sql = sql.replace(old, new)
                cursor.execute(sql)
                if cursor.description:
                    cursor.fetchall()
            took.append((time.perf_counter() - began) * 1000)
            connection.rollback()
    return sum(not is_control(sql) for sql in said), statistics.median(took)


def is_control(sql: str) -> bool:
    """Whether a statement only marks a place in its transaction."""
    return sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))


class Bench:
    """One run against a server."""

    def __init__(self, port: int, cluster: Cluster) -> None:
        """Take where the server is."""
        self.port, self.cluster = port, cluster
        self.hellos: list[Answer] = []
        self.known: dict[str, Known] = {}
        self.people: dict[str, dict[str, Session]] = {}
        for org in (BIG, TENTH):
            self.known[org] = known(cluster, RUN, org)
            self.people[org] = {"executive": self.session("00", org), "manager": self.session("01", org)}
        self.eight = {
            who: [Session(port, dict(self.people[BIG][who].cookies)) for _ in range(CLIENTS)]
            for who in ("executive", "manager")
        }

    def session(self, person: str, org: str) -> Session:
        """Sign somebody in."""
        session = Session(self.port)
        session.sign_in(f"{person}@{org}.example", PASSWORD)
        return session

    def hello(self, times: int = 200, path: str = "/bench/hello/") -> list[Answer]:
        """Ask for hello."""
        session = Session(self.port)
        one_by_one(session, lambda: Ask("hello", path), times // 4)
        found = one_by_one(session, lambda: Ask("hello", path), times)
        session.close()
        self.hellos += found if path == "/bench/hello/" else []
        return found

    def page(self, name: str) -> Page:
        """Measure one page: alone, large against small by turns; together; its queries; and its floors."""
        who = "manager" if name == "review" else "executive"
        big, tenth = self.people[BIG][who], self.people[TENTH][who]
        ask, ask_tenth = asks(self.known[BIG])[name], asks(self.known[TENTH])[name]
        one_by_one(big, ask, WARM)
        one_by_one(tenth, ask_tenth, WARM)
        hello, large, small = self.hello(), [], []
        for _ in range(TIMES):
            large.append(big.ask(ask()))
            small.append(tenth.ask(ask_tenth()))
        hello += self.hello()
        before = ask()
        big.ask(Ask(name, before.path, before.form, swap=before.swap, record=name))
        queries, sql = bare_sql(self.cluster, name, BIG)
        eight, _took = together(self.eight[who], lambda _at: iter(ask, None), TOGETHER)
        bare = None
        if path := floors(self.known[BIG]).get(name):
            bare = ms(one_by_one(Session(self.port), lambda: Ask(name, path), 30)[5:], 50)
        return Page(
            name=name,
            p50=ms(large, 50),
            p95=ms(large, 95),
            hello=ms(hello, 50),
            p50_of_8=ms(eight, 50),
            p95_of_8=ms(eight, 95),
            queries=queries,
            size=int(percentile([answer.size for answer in large], 50)),
            tenth=ms(small, 50),
            sql=sql,
            bare=bare,
        )

    def mixed(self) -> tuple[float, float]:
        """Return pages a second at eight clients, and what the load generator took of a core."""
        big = self.known[BIG]
        began = time.process_time()
        answers, took = together(self.eight["executive"], lambda n: mixture(big, n), MIXED)
        return len(answers) / took, (time.process_time() - began) / took


def measure(port: int, pid: int, cluster: Cluster, names: Sequence[str]) -> Run:
    """Measure everything; hello before and after each page, since a machine changes its mind."""
    bench = Bench(port, cluster)
    hello, bare = bench.hello(1000), bench.hello(1000, "/bench/bare/hello/")
    say(f"  {'hello':12} p50 {ms(hello, 50):6.2f} ms   without middleware {ms(bare, 50):6.2f} ms")
    pages = []
    for name in names:
        pages.append(bench.page(name))
        page = pages[-1]
        say(f"  {name:12} p50 {page.p50:6.1f} ms, {page.times_hello:4.0f} × hello   {page.queries} queries")
    pages_a_second, generator = bench.mixed()
    return Run(
        hello=ms(bench.hellos, 50),
        hello_95=ms(bench.hellos, 95),
        bare_hello=ms(bare, 50),
        pages=pages,
        pages_a_second=pages_a_second,
        processes=megabytes(pid),
        generator=generator,
        machine=machine(),
    )


def write(run: Run) -> None:
    """Put the table between the marks of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    where = f"{run.machine['cores']} cores ({run.machine['cpu']}), {run.machine['memory']}, {run.machine['on']}"
    block = f"<!-- table -->\n\nMeasured by `make bench` on {where}. Times are milliseconds.\n\n{table(run)}\n\n"
    if said := missed(run):
        block += f"```\n{said}\n```\n\n"
    found = re.sub(r"<!-- table -->.*?<!-- /table -->", lambda _: block + "<!-- /table -->", text, flags=re.DOTALL)
    DOCUMENT.write_text(found, encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Measure and judge; the exit code is 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--fresh", action="store_true", help="make the companies anew")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--json", type=Path, default=None, help="where the JSON goes; var/bench/bench.json without it")
    parser.add_argument("--only", nargs="*", default=list(PAGES), choices=PAGES, help="measure only these pages")
    asked = parser.parse_args(words)
    os.environ.pop("PORT", None)
    with served(fresh=asked.fresh) as (port, web, cluster):
        assert web.process is not None  # noqa: S101  # it was started
        run = measure(port, web.process.pid, cluster, asked.only)
    (asked.json or var() / "bench.json").write_text(json.dumps(run.as_json(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"\n{table(run)}\n\n{missed(run) or 'Every aim is met.'}\n")
    if asked.write:
        write(run)
    return verdict(run)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"{trouble}")
