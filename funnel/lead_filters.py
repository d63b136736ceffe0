"""What the list of leads is narrowed and sorted by, as it stands in the address. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from funnel.leads import DropReason, LeadStatus, Source, Step
from tenants.ids import read_number

SORTS = ("company", "step", "source", "owner", "next", "created", "closed")
ALL = "all"
DUE = ("overdue", "none")


@dataclass(frozen=True)
class LeadFilters:
    """Narrows the list; empty means all. `status` is one of LeadStatus or `all`; `next` is `overdue` or `none`."""

    q: str = ""
    team: int = 0
    owner: int = 0
    status: str = str(LeadStatus.OPEN)
    step: int = 0
    source: str = ""
    reason: str = ""
    next: str = ""
    sort: str = ""

    @property
    def active(self) -> bool:
        """Whether anything is narrowed."""
        return replace(self, sort="") != LeadFilters()


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def read(query: Mapping[str, str]) -> LeadFilters:
    """Read the filters from a query string; what cannot be is left out."""
    step, sort = read_number(query.get("step", "")), query.get("sort", "")
    return LeadFilters(
        q=query.get("q", "").replace("\x00", "").strip()[:200],
        team=read_number(query.get("team", "")),
        owner=read_number(query.get("owner", "")),
        status=_one_of(query.get("status", ""), (*LeadStatus, ALL)) or str(LeadStatus.OPEN),
        step=step if step in set(Step) else 0,
        source=_one_of(query.get("source", ""), tuple(Source)),
        reason=_one_of(query.get("reason", ""), tuple(DropReason)),
        next=_one_of(query.get("next", ""), DUE),
        sort=sort if sort.removeprefix("-") in SORTS else "",
    )


def page_number(query: Mapping[str, str]) -> int:
    """Return the page asked for, from 1."""
    return read_number(query.get("page", "")) or 1
