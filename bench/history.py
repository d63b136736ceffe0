"""``python -m bench.history [--fresh]``: how fast the past is told, on the companies of ``make bench``.

100,000 opportunities and 2,000,000 rows of change log in one organization. The queries themselves are measured, without
the web around them: each is asked ten times, the median counts. Prints a table; exit 1 where an aim is missed.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django

from bench.place import environment, fill
from tools.cluster import Cluster
from tools.places import ROOT, VENV_PYTHON
from tools.ports import free_port
from tools.trouble import say

TIMES = 10
AIM = 400  # ms


def asked(now: datetime) -> dict[str, Callable[[], Any]]:
    """Return the questions by name; each is one the pages ask."""
    from forecasting import queries
    from forecasting.periods import Kind, period_of
    from forecasting.queries import flow
    from funnel import queries as funnel_queries
    from funnel.slices import Slice

    year, quarter = period_of(Kind.YEAR, now.date()), period_of(Kind.QUARTER, now.date())
    ago = {days: now - timedelta(days=days) for days in (7, 365, 1000)}
    whole = Slice()
    last_year: dict[str, Any] = {"since": ago[365], "until": now}
    return {
        "waterfall over a year, due in the year": lambda: queries.waterfall(year, whole, since=ago[365]),
        "waterfall over a year, due in the quarter": lambda: queries.waterfall(quarter, whole, since=ago[365]),
        "waterfall since last week": lambda: queries.waterfall(quarter, whole, since=ago[7]),
        "funnel as of last week": lambda: queries.stood(whole, at=ago[7]),
        "funnel as of a year ago": lambda: queries.stood(whole, at=ago[365]),
        "funnel as of 1,000 days ago": lambda: queries.stood(whole, at=ago[1000]),
        "matrix over a week": lambda: queries.flows(whole, by="stage", since=ago[7]),
        "matrix over a year": lambda: queries.flows(whole, by="stage", since=ago[365]),
        "dwell by stage, a year": lambda: funnel_queries.dwell(**last_year),
        "conversion by stage and owner, a year": lambda: funnel_queries.conversion_by_owner(**last_year),
        "won cycle, a year": lambda: funnel_queries.won_cycle(**last_year),
        "win rates, a year": lambda: flow.decided(whole, **last_year, today=now.date(), p95=200),
        "slippage of the quarter": lambda: flow.slippage(quarter, whole, today=now.date(), zone=UTC),
        "pushes, a year": lambda: flow.pushes(whole, **last_year),
    }


AIMED = ("waterfall", "funnel")
"""The questions that have an aim: what their names begin with."""


def measure() -> int:
    """Ask each question ten times and print the median, fastest and slowest; 1 where an aim is missed."""
    django.setup()
    from django.utils import timezone

    from bench.load import BIG
    from tenants.models import Organization
    from tenants.scoping import reading

    organization = Organization.objects.get(slug=BIG)
    missed = 0
    say("| Question | median ms | fastest | slowest | at most |")
    say("| --- | ---: | ---: | ---: | ---: |")
    for name, ask in asked(timezone.now()).items():
        took = []
        for _ in range(TIMES):
            with reading(organization):
                began = time.perf_counter()
                ask()
                took.append((time.perf_counter() - began) * 1000)
        middle, aim = statistics.median(took), AIM if name.startswith(AIMED) else None
        missed += aim is not None and middle > aim
        say(f"| {name} | {middle:.0f} | {min(took):.0f} | {max(took):.0f} | {aim or ''} |")
    return int(missed > 0)


def main() -> int:
    """Make the companies where they are not there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="make the companies anew")
    parser.add_argument("--here", action="store_true", help="only measure, on the database of DATABASE_URL")
    words = parser.parse_args()
    if words.here:
        return measure()
    cluster = Cluster()
    cluster.start()
    try:
        env = environment(cluster, fill(cluster, fresh=words.fresh), free_port())
        program = [str(VENV_PYTHON), "-m", "bench.history", "--here"]
        return subprocess.run(program, cwd=ROOT, env=env, check=False).returncode
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
