"""By what opportunities are grouped, on board, table and matrix. No Django here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from funnel.commitment import Backing
from funnel.stages import Category, Health, Stage, Status
from funnel.windows import month_from


@dataclass(frozen=True, slots=True)
class Dimension:
    """A field by which opportunities fall into groups. Keys of groups are text; '' is the group of those without.

    `param` is the filter that says the same as one group; `order` the keys in their order (empty: the largest first);
    `by_key` sorts groups by their key; `repeats` one opportunity may stand in several groups; `few` fits columns.
    """

    code: str
    param: str = ""
    order: tuple[str, ...] = ()
    by_key: bool = False
    repeats: bool = False
    few: bool = True


DIMENSIONS: Mapping[str, Dimension] = {
    dimension.code: dimension
    for dimension in (
        Dimension("owner", "owner"),
        Dimension("team"),
        Dimension("stage", "stage", order=tuple(str(int(stage)) for stage in Stage)),
        Dimension("category", "category", order=tuple(map(str, Category))),
        Dimension("health", order=(str(Health.RISK), str(Health.WATCH), str(Health.OK))),
        Dimension("backing", "backing", order=(str(Backing.COMMITTED), str(Backing.PROMISED), str(Backing.NONE))),
        Dimension("proven", order=tuple(str(int(stage)) for stage in Stage)),
        Dimension("flag", "flag", repeats=True, few=False),
        Dimension("due_month", by_key=True),
        Dimension("due_quarter", by_key=True),
        Dimension("product", "product"),
        Dimension("account", "account", few=False),
        Dimension("segment", order=("A+", "A", "B", "C", "D")),
        Dimension("industry"),
        Dimension("region"),
        Dimension("source"),
        Dimension("status", "status", order=tuple(map(str, Status))),
        Dimension("closed_month", by_key=True),
    )
}
"""In the order in which they are offered."""


def in_order(dimension: Dimension, sizes: Mapping[str, int]) -> list[str]:
    """Return the keys of groups as they are shown; `sizes` is what each is worth.

    What has no key comes last, unless the order names it.
    """
    if dimension.by_key:
        return sorted(sizes, key=lambda key: (not key, key))
    if dimension.order:
        places = {key: at for at, key in enumerate(dimension.order)}
        return sorted(sizes, key=lambda key: (places.get(key, len(places)), key))
    return sorted(sizes, key=lambda key: (-sizes[key], not key, key))


def months_shown(found: Iterable[str], today: date, ahead: int) -> list[str]:
    """Return first days of months: those found, and this month with so many after it, empty or not; '' stays last."""
    coming = [month_from(today, months).isoformat() for months in range(ahead + 1)]
    return sorted({*found, *coming}, key=lambda key: (not key, key))
