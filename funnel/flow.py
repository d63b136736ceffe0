"""How opportunities flow through the stages: the figures of numbers.md §2 from their parts. No Django here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something takes: percentiles and mean in days over `count` cases; all None without a case."""

    count: int = 0
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p95: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of those that entered a stage: `reached` the next one or beyond, `fell` (left without, or stay
    longer than 95% of all that left), `pending` (too young to say).
    """

    reached: int = 0
    fell: int = 0
    pending: int = 0

    @property
    def counted(self) -> int:
        """Those of whom one can say what became of them."""
        return self.reached + self.fell

    @property
    def rate(self) -> float | None:
        """The share that reached the next stage or beyond, among those that count; None where none does."""
        return self.reached / self.counted if self.counted else None

    def __add__(self, other: "Conversion") -> "Conversion":
        """Add up two groups."""
        return Conversion(self.reached + other.reached, self.fell + other.fell, self.pending + other.pending)


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay of an opportunity in a stage; `left_to` 7 is won, 0 lost or abandoned, None while it stays."""

    opportunity: int
    stage: int
    entered_at: datetime
    left_at: datetime | None = None
    left_to: int | None = None


def conversions(
    stays: Iterable[Stay], *, since: datetime, until: datetime, patience: dict[int, timedelta]
) -> dict[int, Conversion]:
    """Return by stage what became of those that entered it from `since` until before `until`, as of `until`.

    An opportunity counts once a stage, from the first time it entered in the window.

    :param patience: the P95 of each stage's dwell: who stays longer counts as fallen. Without it nobody does.
    """
    mine: dict[int, list[Stay]] = {}
    for stay in stays:
        mine.setdefault(stay.opportunity, []).append(stay)
    found: dict[int, Conversion] = {}
    for every in mine.values():
        seen: set[int] = set()
        every.sort(key=lambda stay: (stay.entered_at, stay.left_at or until))
        for at, stay in enumerate(every):
            if not since <= stay.entered_at < until or stay.stage in seen:
                continue
            seen.add(stay.stage)
            later = [each.left_to or 0 for each in every[at:] if each.left_at is not None and each.left_at <= until]
            found[stay.stage] = found.get(stay.stage, Conversion()) + _fate(stay, later, until, patience)
    return found


def _fate(stay: Stay, later: Sequence[int], until: datetime, patience: dict[int, timedelta]) -> Conversion:
    if any(left_to > stay.stage for left_to in later):
        return Conversion(reached=1)
    if later or (stay.stage in patience and until - stay.entered_at > patience[stay.stage]):
        return Conversion(fell=1)
    return Conversion(pending=1)
