"""The shape of a funnel: what stands in each stage against what the target needs there. No Django here.

Needed stock = needed inflow × expected dwell (Little's law). The last stage needs so much inflow that its
conversion leaves the wins that close the gap; each stage before as much as leaves that of the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from forecasting.health import ENOUGH, STANDARD
from funnel.flags import Flag

STAGES = range(1, 7)
THIN, BULGING = 0.7, 1.5
SHARES: Mapping[int, float] = {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.667, 5: 0.75, 6: 0.8}
"""The share of a stage that goes on, until an organization has enough of its own (numbers.md §5)."""
TOP, MIDDLE, BOTTOM = (1, 2), (3, 4), (5, 6)
CHOKED = 0.15
"""So far below its peers a stage's conversion must lie to be called choked."""


class Disease(StrEnum):
    """What the pattern is called."""

    THIN_TOP = "thin_top"
    PREGNANT = "pregnant"
    CHOKED_NECK = "choked_neck"
    EMPTY_BOTTOM = "empty_bottom"


class Cause(StrEnum):
    """What may lie behind it."""

    FEW_LEADS = "few_leads"
    SLOW_ENTRY = "slow_entry"
    SOFT_QUALIFYING = "soft_qualifying"
    STUCK = "stuck"
    LOSES_THERE = "loses_there"
    UNPROVEN = "unproven"
    NOTHING_RIPE = "nothing_ripe"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Have:
    """What stands in a stage: how many open ones, and how many of them are stalled, unproven or pushed."""

    count: int = 0
    amount: int = 0
    stalled: int = 0
    unproven: int = 0
    pushed: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a stage flows: the share that goes on and how many that was measured on; days, and on how many exits.

    `peers` is the share of everybody else.
    """

    share: float | None = None
    counted: int = 0
    days: float | None = None
    exits: int = 0
    peers: float | None = None
    peers_counted: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A stage of the shape: what stands there, what is needed (None without a target), and whose figures these are."""

    stage: int
    have: Have
    need: float | None
    share: float
    is_own_share: bool
    days: float
    is_own_days: bool
    pace: Pace

    @property
    def ratio(self) -> float | None:
        """have ÷ need; None where nothing is needed."""
        return self.have.count / self.need if self.need else None

    @property
    def is_thin(self) -> bool:
        """Below 0.7 of need."""
        return self.ratio is not None and self.ratio < THIN

    @property
    def is_bulging(self) -> bool:
        """Above 1.5 of need."""
        return self.ratio is not None and self.ratio > BULGING


@dataclass(frozen=True, slots=True)
class Finding:
    """A disease, the stages where it shows, and the causes that fit the data, the likelier first."""

    disease: Disease
    stages: tuple[int, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The whole funnel; `wins` is how many wins the gap still needs, None without a target or a usual amount."""

    parts: tuple[Part, ...]
    wins: float | None
    findings: tuple[Finding, ...] = field(default=())


def wins_needed(gap: int | None, average_won: int | None) -> float | None:
    """Return how many wins of the usual amount close a gap; none where it is closed."""
    if gap is None or not average_won:
        return None
    return max(gap, 0) / average_won


def shape(have: Mapping[int, Have], paces: Mapping[int, Pace], *, wins: float | None, days: int) -> Shape:
    """Return the shape: need = wins a day ÷ the shares still to come × days in the stage.

    :param wins: how many are needed in the next `days` days.
    """
    chosen = {stage: _chosen(stage, paces.get(stage, Pace())) for stage in STAGES}
    parts, chain = list[Part](), 1.0
    for stage in reversed(STAGES):
        share, own_share, dwell, own_dwell = chosen[stage]
        chain *= share
        need = None if wins is None else wins / max(days, 1) / chain * dwell
        pace = paces.get(stage, Pace())
        parts.insert(0, Part(stage, have.get(stage, Have()), need, share, own_share, dwell, own_dwell, pace))
    found = Shape(tuple(parts), wins)
    return Shape(found.parts, wins, tuple(_findings(found)))


def _chosen(stage: int, pace: Pace) -> tuple[float, bool, float, bool]:
    own_share = pace.share is not None and pace.counted >= ENOUGH and pace.share > 0
    own_days = pace.days is not None and pace.exits >= ENOUGH
    share = pace.share if own_share and pace.share is not None else SHARES[stage]
    dwell = pace.days if own_days and pace.days is not None else float(STANDARD[Flag.STALLED][stage - 1])
    return share, own_share, max(dwell, 0.5), own_days


def _findings(found: Shape) -> list[Finding]:
    """Name the diseases, the one nearest to the money first."""
    rows = {part.stage: part for part in found.parts}
    findings = []
    if all(rows[stage].is_thin for stage in BOTTOM):
        pushed = _share([rows[stage].have for stage in STAGES], "pushed")
        findings.append(
            _finding(Disease.EMPTY_BOTTOM, BOTTOM, (Cause.NOTHING_RIPE, 1 - pushed), (Cause.PUSHED, pushed))
        )
    neck = choked(found.parts)
    if neck is not None:
        unproven = _share([rows[neck].have], Flag.UNPROVEN)
        causes = ((Cause.LOSES_THERE, 1 - unproven), (Cause.UNPROVEN, unproven))
        findings.append(_finding(Disease.CHOKED_NECK, (neck,), *causes))
    fat = tuple(stage for stage in MIDDLE if rows[stage].is_bulging)
    if fat:
        there = [rows[stage].have for stage in fat]
        causes = ((Cause.SOFT_QUALIFYING, _share(there, Flag.UNPROVEN)), (Cause.STUCK, _share(there, Flag.STALLED)))
        findings.append(_finding(Disease.PREGNANT, fat, *causes))
    thin = tuple(stage for stage in TOP if rows[stage].is_thin)
    if thin:
        slow = _share([rows[stage].have for stage in TOP], Flag.STALLED)
        findings.append(_finding(Disease.THIN_TOP, thin, (Cause.FEW_LEADS, 1 - slow), (Cause.SLOW_ENTRY, slow)))
    return findings


def _share(there: Sequence[Have], flag: str) -> float:
    """Return the share of what stands in these stages that carries a flag; nothing where nothing stands."""
    count = sum(each.count for each in there)
    return sum(getattr(each, flag) for each in there) / count if count else 0.0


def _finding(disease: Disease, stages: tuple[int, ...], *causes: tuple[Cause, float]) -> Finding:
    """Rank the causes by the share of cases that each explains; what explains none is left out."""
    ranked = sorted((cause for cause in causes if cause[1] > 0), key=lambda cause: -cause[1])
    return Finding(disease, stages, tuple(cause for cause, _share_of_it in ranked))


def choked(parts: Sequence[Part]) -> int | None:
    """Return the stage whose conversion is the worst against peers, if it is worse by enough, on enough cases."""
    worst, by = None, CHOKED
    for part in parts:
        pace = part.pace
        if pace.share is None or pace.peers is None or pace.counted < ENOUGH or pace.peers_counted < ENOUGH:
            continue
        if pace.peers - pace.share >= by:
            worst, by = part.stage, pace.peers - pace.share
    return worst
