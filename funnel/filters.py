"""What board and table are narrowed and sorted by, as it stands in the address. No Django here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from funnel.columns import read_columns
from funnel.commitment import Backing
from funnel.grouping import DIMENSIONS
from funnel.stages import Health, Stage, Status
from funnel.windows import WINDOWS, window
from tenants.formats import AmountError, parse_money
from tenants.ids import read_number

SORTS = (
    *("name", "stage", "amount", "due", "owner", "health", "next", "closed", "contact", "entered"),
    *("size", "budget", "schedule"),
)
TOLD = ("size_from", "size_to", "budget_from", "budget_to", "schedule_from", "schedule_to")
"""Bounds, both included, of what the customer told: amounts as people type them, and days."""
VIEW_PARAMS = (
    *("q", "team", "owner", "account", "product", "status", "stage", "health", "flag", "category", "backing"),
    *("gap", "due", "due_from", "due_to", "closed", "closed_from", "closed_to", *(f"in_{code}" for code in DIMENSIONS)),
    *TOLD,
    *("sort", "group", "across", "cols"),
)
"""Everything of an address that a saved view keeps, in its order."""
ALL, CLOSED, ATTENTION = "all", "closed", "attention"
_FIRST, _LAST = date(1900, 1, 1), date(2200, 12, 31)  # the day before and after still are dates


@dataclass(frozen=True)
class Filters:
    """Narrows board and table; empty means all.

    `status` is one of Status, `closed` (won, lost or abandoned) or `all`; `health` one of Health or `attention` (watch
    and risk); `flag` the code of a health flag; `backing` one of Backing; `gap` those that claim
    more than is proven. `due` and `closed` are named spans (see
    `windows`), or `overdue` and `none` for `due`; the dates beside them bound the same day by day, both ends included.
    `within` are groups (see `grouping`): the code of what is grouped by, and the key; they stand in the address as
    `in_<code>`. `told` are those of `TOLD` that are set, amounts in minor units. `group` and `across` say by what the
    rows left are grouped, in lines and in columns; `cols` what a line shows.
    """

    q: str = ""
    team: int = 0
    owner: int = 0
    account: int = 0
    product: int = 0
    status: str = str(Status.OPEN)
    stage: int = 0
    health: str = ""
    flag: str = ""
    category: str = ""
    backing: str = ""
    gap: bool = False
    due: str = ""
    due_from: date | None = None
    due_to: date | None = None
    closed: str = ""
    closed_from: date | None = None
    closed_to: date | None = None
    within: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, int | date], ...] = ()
    sort: str = ""
    group: str = ""
    across: str = ""
    cols: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether anything is narrowed beyond the status."""
        return replace(self, sort="", group="", across="", cols=(), status=str(Status.OPEN)) != Filters()

    def due_between(self, today: date, fiscal_start: int) -> tuple[date | None, date | None]:
        """Return the days between which the expected close lies; None is no bound."""
        first, last = window(self.due, today, fiscal_start) or (None, None)
        return self.due_from or first, self.due_to or last

    def closed_between(self, today: date, fiscal_start: int) -> tuple[date | None, date | None]:
        """Return the days between which it was closed; None is no bound."""
        first, last = window(self.closed, today, fiscal_start) or (None, None)
        return self.closed_from or first, self.closed_to or last


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and _FIRST <= day <= _LAST else None


def _amount(text: str) -> int | None:
    try:
        amount = parse_money(text[:40])
    except AmountError:
        return None
    return amount if amount >= 0 else None


def _told(query: Mapping[str, str]) -> Iterator[tuple[str, int | date]]:
    for name in TOLD:
        text = query.get(name, "")
        value = _date(text) if name.startswith("schedule") else _amount(text)
        if value is not None:
            yield name, value


def _text(text: str, limit: int = 200) -> str:
    return text.replace("\x00", "").strip()[:limit]


def read(query: Mapping[str, str]) -> Filters:
    """Read the filters from a query string; what cannot be is left out."""
    stage, sort = read_number(query.get("stage", "")), query.get("sort", "")
    return Filters(
        q=_text(query.get("q", "")),
        team=read_number(query.get("team", "")),
        owner=read_number(query.get("owner", "")),
        account=read_number(query.get("account", "")),
        product=read_number(query.get("product", "")),
        status=_one_of(query.get("status", ""), (*Status, CLOSED, ALL)) or str(Status.OPEN),
        stage=stage if stage in set(Stage) else 0,
        health=_one_of(query.get("health", ""), (*Health, ATTENTION)),
        flag="".join(c for c in query.get("flag", "")[:20] if c.isalnum() or c == "_"),
        category=query.get("category", "")[:10] if query.get("category", "").replace("_", "").isalpha() else "",
        backing=_one_of(query.get("backing", ""), (Backing.COMMITTED, Backing.PROMISED)),
        gap=query.get("gap", "") == "1",
        due=_one_of(query.get("due", ""), (*WINDOWS, "overdue", "none")),
        due_from=_date(query.get("due_from", "")),
        due_to=_date(query.get("due_to", "")),
        closed=_one_of(query.get("closed", ""), WINDOWS),
        closed_from=_date(query.get("closed_from", "")),
        closed_to=_date(query.get("closed_to", "")),
        within=tuple((code, _text(query[name])) for code in DIMENSIONS if (name := f"in_{code}") in query),
        told=tuple(_told(query)),
        sort=sort if sort.removeprefix("-") in SORTS else "",
        group=_one_of(query.get("group", ""), tuple(DIMENSIONS)),
        across=_one_of(query.get("across", ""), tuple(DIMENSIONS)),
        cols=read_columns(query.get("cols", "")),
    )


def read_board(query: Mapping[str, str]) -> Filters:
    """Read the filters of the board: it is not grouped by what has too many groups, or is the same for all."""
    found = read(query)
    fits = found.group and DIMENSIONS[found.group].few and found.group not in {"stage", "status", "closed_month"}
    return found if fits else replace(found, group="")


def page_number(query: Mapping[str, str]) -> int:
    """Return the page asked for, from 1."""
    return read_number(query.get("page", "")) or 1
