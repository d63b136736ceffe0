"""What the measurements add up to: percentiles, the aims and whether they are met, the table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

TIMES_HELLO: Mapping[str, int] = {"list": 30, "opportunity": 30, "board": 50, "report": 50, "create": 25}
PAGES_A_SECOND = 60
GROWTH = 1.3
QUERIES = 15
MEGABYTES = 130
PAGES = ("list", "board", "opportunity", "move", "report", "create", "forecast", "review")


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


@dataclass(frozen=True)
class Page:
    """One page, measured. Times are milliseconds of wall clock at the client; None was not measured."""

    name: str
    p50: float
    p95: float
    hello: float  # p50 of hello right before and after this page
    p50_of_8: float
    p95_of_8: float
    queries: int
    size: int
    tenth: float
    sql: float | None = None
    bare: float | None = None

    @property
    def times_hello(self) -> float:
        """How many times hello it takes."""
        return self.p50 / self.hello


@dataclass(frozen=True)
class Run:
    """Everything that one run measured."""

    hello: float
    hello_95: float
    bare_hello: float  # without middleware
    pages: Sequence[Page]
    pages_a_second: float
    processes: Sequence[float]  # megabytes
    generator: float  # share of one core that the load generator took at 8 clients
    machine: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for a file, with the aims."""
        return {**asdict(self), "aims": [asdict(aim) | {"is_met": aim.is_met} for aim in aims(self)]}


@dataclass(frozen=True)
class Aim:
    """Something promised, and what was measured."""

    what: str
    limit: float
    measured: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def aims(run: Run) -> list[Aim]:
    """Return every aim with what was measured."""
    timed = [page for page in run.pages if page.name in TIMES_HELLO]
    found = [Aim(f"{page.name}: times hello", TIMES_HELLO[page.name], page.times_hello) for page in timed]
    found += [Aim(f"{page.name}: 100,000 against 10,000", GROWTH, page.p50 / page.tenth) for page in run.pages]
    found += [Aim(f"{page.name}: queries", QUERIES, page.queries) for page in run.pages]
    found.append(Aim("mixed load at 8 clients: pages a second", PAGES_A_SECOND, run.pages_a_second, at_least=True))
    found.append(Aim("megabytes of a web process", MEGABYTES, max(run.processes)))
    return found


def verdict(run: Run) -> int:
    """Return the exit code: 0, or 1 where an aim is missed."""
    return 0 if all(aim.is_met for aim in aims(run)) else 1


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def table(run: Run) -> str:
    """Return what was measured, as a table of Markdown."""
    head = (
        "| Page | p50 | p95 | × hello | p50 of 8 | p95 of 8 | queries | bytes | with 10,000 | bare SQL | bare rows |",
        "| --- " + "| ---: " * 10 + "|",
    )
    lines = [f"| hello | {run.hello:.2f} | {run.hello_95:.2f} | 1 | | | 0 | 5 | | | |"]
    lines.append(f"| hello, without middleware | {run.bare_hello:.2f} | | | | | 0 | 5 | | | |")
    lines += [
        f"| {page.name} | {_ms(page.p50)} | {_ms(page.p95)} | {page.times_hello:.0f} | {_ms(page.p50_of_8)} | "
        f"{_ms(page.p95_of_8)} | {page.queries} | {page.size:,} | {_ms(page.tenth)} | {_ms(page.sql)} | "
        f"{_ms(page.bare)} |"
        for page in run.pages
    ]
    processes = ", ".join(f"{size:.0f}" for size in run.processes)
    below = (
        f"Mixed load at 8 clients: {run.pages_a_second:.0f} pages/s (the load generator took "
        f"{run.generator:.0%} of one core). Web processes: {processes} MB."
    )
    return "\n".join([*head, *lines, "", below])


def missed(run: Run) -> str:
    """Return a line for every aim that is missed; empty where all are met."""
    return "\n".join(
        f"missed: {aim.what}: {aim.measured:.3g}, {'at least' if aim.at_least else 'at most'} {aim.limit:g}"
        for aim in aims(run)
        if not aim.is_met
    )
