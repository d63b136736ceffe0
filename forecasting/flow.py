"""The figures of a funnel's flow, from their parts; numbers.md §2. Amounts in minor units. No Django here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from forecasting.periods import Period
from forecasting.waterfall import State
from funnel.flow import Conversion
from funnel.stages import Status

FEW = 5
"""Fewer cases than this say nothing about a person."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What was closed in a window and had ever reached Qualify; and what stands open and should not any more.

    `stuck`: open, and overdue or older than 1.5 × P95 of the won cycles.
    """

    won: int = 0
    lost: int = 0
    won_amount: int = 0
    lost_amount: int = 0
    stuck: int = 0

    @property
    def rate(self) -> float | None:
        """Won ÷ (won + lost), by number; None where nothing was decided."""
        return _share(self.won, self.won + self.lost)

    @property
    def value_rate(self) -> float | None:
        """The same by amount."""
        return _share(self.won_amount, self.won_amount + self.lost_amount)

    @property
    def honest_rate(self) -> float | None:
        """Won ÷ (won + lost + stuck): what nobody dares to lose counts as not won."""
        return _share(self.won, self.won + self.lost + self.stuck)

    @property
    def average_won(self) -> int | None:
        """The average amount of what was won."""
        return self.won_amount // self.won if self.won else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def velocity(qualified: int, average_won: int | None, rate: float | None, cycle: float | None) -> int | None:
    """Return money per day: qualified open × average won × win rate ÷ median cycle in days; None without its parts."""
    if average_won is None or rate is None or not cycle:
        return None
    return round(qualified * average_won * rate / cycle)


def coverage_needed(value_rate: float | None, on_time: float | None) -> float | None:
    """Return 1 ÷ (win rate by value × share on time); None where either is unknown or nothing."""
    return 1 / (value_rate * on_time) if value_rate and on_time else None


class Fate(StrEnum):
    """What became of what was due when a period began."""

    DECIDED = "decided"
    SLIPPED = "slipped"
    STANDING = "standing"


def fate(state: State | None, period: Period, today: date) -> Fate:
    """Return what became of something due in a period, as it stands at the end of it or, if that is to come, now.

    Lost is not slipped; what was abandoned is neither won nor lost, so it is. While the period runs, what is open and
    still due in it stands.
    """
    if state is None or state.status in {Status.WON, Status.LOST}:
        return Fate.DECIDED
    if state.status == Status.ABANDONED:
        return Fate.SLIPPED
    still_due = state.due_on is not None and state.due_on <= period.ends_on
    return Fate.STANDING if still_due and today <= period.ends_on else Fate.SLIPPED


@dataclass(frozen=True, slots=True)
class Slippage:
    """What became of what was due when a period began; frozen then."""

    due: int = 0
    slipped: int = 0

    @property
    def rate(self) -> float | None:
        """Slipped ÷ all due."""
        return _share(self.slipped, self.due)

    @property
    def on_time(self) -> float | None:
        """The share that was decided in time."""
        return None if self.rate is None else 1 - self.rate


@dataclass(frozen=True, slots=True)
class Behind:
    """Who loses more at a stage than the peers: both shares that reach the next one, and how many that cost."""

    owner: int
    stage: int
    rate: float
    peers: float
    count: int

    @property
    def missed(self) -> float:
        """How many more would have gone on at the peers' share."""
        return (self.peers - self.rate) * self.count


def behind(by_owner: Mapping[int, Mapping[Any, Conversion]], of: Collection[int] | None = None) -> list[Behind]:
    """Return where people lose most against their peers, the costliest first: what to train.

    The peers are everybody else in the organization. Five cases are needed on either side.

    :param by_owner: of the whole organization.
    :param of: who is asked about; None is everybody.
    """
    found = []
    total: dict[int, Conversion] = {}
    for mine in by_owner.values():
        for stage, conversion in mine.items():
            total[stage] = total.get(stage, Conversion()) + conversion
    for owner, mine in by_owner.items():
        if of is not None and owner not in of:
            continue
        for stage, own in mine.items():
            others = Conversion(total[stage].reached - own.reached, total[stage].fell - own.fell)
            if own.rate is None or others.rate is None or min(own.counted, others.counted) < FEW:
                continue
            if own.rate < others.rate:
                found.append(Behind(owner, stage, own.rate, others.rate, own.counted))
    return sorted(found, key=lambda each: (-each.missed, each.owner, each.stage))
