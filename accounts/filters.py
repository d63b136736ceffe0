"""What the list of customers is narrowed and sorted by, as it stands in the address. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.segments import Kind, Segment
from tenants.ids import read_number

SORTS = ("name", "segment", "owner", "revenue", "last_contact")
QUIET_DAYS = (30, 60, 90, 180)


@dataclass(frozen=True)
class Filters:
    """Narrows the list. Empty means all; `quiet` is days without contact; `top` those that make 80% of the revenue."""

    q: str = ""
    owner: int = 0
    team: int = 0
    segment: str = ""
    industry: str = ""
    region: str = ""
    kind: str = ""
    quiet: int = 0
    assess: bool = False
    top: bool = False
    sort: str = "name"

    @property
    def active(self) -> bool:
        """Whether anything is narrowed."""
        return self != Filters(sort=self.sort)


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def read(query: Mapping[str, str]) -> Filters:
    """Read the filters from a query string; what cannot be is left out."""
    sort = query.get("sort", "")
    return Filters(
        q=query.get("q", "").replace("\x00", "").strip()[:200],
        owner=read_number(query.get("owner", "")),
        team=read_number(query.get("team", "")),
        segment=_one_of(query.get("segment", ""), tuple(Segment)),
        industry=query.get("industry", "").replace("\x00", "")[:80],
        region=query.get("region", "").replace("\x00", "")[:80],
        kind=_one_of(query.get("kind", ""), tuple(Kind)),
        quiet=read_number(_one_of(query.get("quiet", ""), tuple(map(str, QUIET_DAYS)))),
        assess=query.get("assess") == "1",
        top=query.get("top") == "1",
        sort=sort if sort.removeprefix("-") in SORTS else "name",
    )


def page_number(query: Mapping[str, str]) -> int:
    """Return the page asked for, from 1."""
    return read_number(query.get("page", "")) or 1
