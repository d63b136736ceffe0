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

    FEW_OPENED = "few_opened"
    FEW_LEADS = "few_leads"
    LEADS_LOST = "leads_lost"
    SLOW_ENTRY = "slow_entry"
    SOFT_QUALIFYING = "soft_qualifying"
    STUCK = "stuck"
    SILENT = "silent"
    WENT_BACK = "went_back"
    LOSES_THERE = "loses_there"
    UNPROVEN = "unproven"
    FEW_WINNERS = "few_winners"
    NOTHING_RIPE = "nothing_ripe"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Have:
    """What stands in a stage: how many open ones, worth how much, and how many of them carry a flag."""

    count: int = 0
    amount: int = 0
    stalled: int = 0
    unproven: int = 0
    pushed: int = 0
    silent: int = 0
    regressed: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a stage flows: the share that goes on and how many that was measured on; days, and on how many exits.

    `peers` is the share of everybody else; `is_usual` says that there is nobody else, and it is the usual share. Of
    `people` who had any there, `winners` got one through.
    """

    share: float | None = None
    counted: int = 0
    days: float | None = None
    exits: int = 0
    peers: float | None = None
    peers_counted: int = 0
    is_usual: bool = False
    people: int = 0
    winners: int = 0


@dataclass(frozen=True, slots=True)
class Inflow:
    """What comes in at the top: opportunities opened a day, leads open now, and what became of the latest leads."""

    opened: float = 0.0
    leads: int = 0
    converted: int = 0
    dropped: int = 0


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
class Told:
    """A cause with the two figures that it stands on: so many of so many, or against so many.

    `fit` is how well it explains the disease, from 0 to 1: the share of cases with the flaw, or the share that lacks.
    """

    cause: Cause
    fit: float
    have: float
    of: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A disease, the stages where it shows, and the two causes that fit the data best, the better first."""

    disease: Disease
    stages: tuple[int, ...]
    causes: tuple[Told, ...]


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


def shape(
    have: Mapping[int, Have],
    paces: Mapping[int, Pace],
    *,
    wins: float | None,
    days: int,
    inflow: Inflow = Inflow(),
) -> Shape:
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
    return Shape(tuple(parts), wins, tuple(_findings(parts, inflow, days)))


def _chosen(stage: int, pace: Pace) -> tuple[float, bool, float, bool]:
    own_share = pace.share is not None and pace.counted >= ENOUGH and pace.share > 0
    own_days = pace.days is not None and pace.exits >= ENOUGH
    share = pace.share if own_share and pace.share is not None else SHARES[stage]
    dwell = pace.days if own_days and pace.days is not None else float(STANDARD[Flag.STALLED][stage - 1])
    return share, own_share, max(dwell, 0.5), own_days


def _findings(parts: Sequence[Part], inflow: Inflow, days: int) -> list[Finding]:
    """Name the diseases, the one nearest to the money first."""
    rows = {part.stage: part for part in parts}
    findings = []
    if all(rows[stage].is_thin for stage in BOTTOM):
        middle = [rows[stage] for stage in MIDDLE]
        findings.append(
            _finding(
                Disease.EMPTY_BOTTOM,
                BOTTOM,
                _lacking(Cause.NOTHING_RIPE, sum(part.have.count for part in middle), _needed(middle)),
                _flawed(Cause.PUSHED, parts, "pushed"),
                _flawed(Cause.STUCK, middle, "stalled"),
                _lacking(Cause.FEW_OPENED, inflow.opened, _a_day(rows[1])),
            )
        )
    neck = choked(parts)
    if neck is not None:
        there, pace = [rows[neck]], rows[neck].pace
        findings.append(
            _finding(
                Disease.CHOKED_NECK,
                (neck,),
                _lacking(Cause.LOSES_THERE, pace.share or 0.0, pace.peers or 0.0),
                _flawed(Cause.UNPROVEN, there, "unproven"),
                _flawed(Cause.SILENT, there, "silent"),
                _lacking(Cause.FEW_WINNERS, pace.winners, pace.people),
            )
        )
    fat = [rows[stage] for stage in MIDDLE if rows[stage].is_bulging]
    if fat:
        findings.append(
            _finding(
                Disease.PREGNANT,
                tuple(part.stage for part in fat),
                _flawed(Cause.SOFT_QUALIFYING, fat, "unproven"),
                _flawed(Cause.STUCK, fat, "stalled"),
                _flawed(Cause.SILENT, fat, "silent"),
                _flawed(Cause.WENT_BACK, fat, "regressed"),
            )
        )
    thin = tuple(stage for stage in TOP if rows[stage].is_thin)
    if thin:
        findings.append(
            _finding(
                Disease.THIN_TOP,
                thin,
                _lacking(Cause.FEW_OPENED, inflow.opened, _a_day(rows[1])),
                _lacking(Cause.FEW_LEADS, inflow.leads, _a_day(rows[1]) * days),
                _lacking(Cause.LEADS_LOST, inflow.converted, inflow.converted + inflow.dropped),
                _flawed(Cause.SLOW_ENTRY, [rows[stage] for stage in TOP], "stalled"),
            )
        )
    return findings


def _needed(parts: Sequence[Part]) -> float:
    return sum(part.need or 0.0 for part in parts)


def _a_day(part: Part) -> float:
    """Return how many must enter a stage a day."""
    return (part.need or 0.0) / part.days


def _flawed(cause: Cause, parts: Sequence[Part], flag: str) -> Told:
    """Tell how many of what stands in these stages carry a flag."""
    flawed, count = sum(getattr(part.have, flag) for part in parts), sum(part.have.count for part in parts)
    return Told(cause, flawed / count if count else 0.0, flawed, count)


def _lacking(cause: Cause, have: float, of: float) -> Told:
    """Tell how much there is of what should be."""
    return Told(cause, max(1 - have / of, 0.0) if of else 0.0, have, of)


def _finding(disease: Disease, stages: tuple[int, ...], *causes: Told) -> Finding:
    """Rank the causes by how well they fit; what is measured on nothing is left out, which two of each never are."""
    ranked = sorted((told for told in causes if told.of), key=lambda told: -told.fit)
    return Finding(disease, stages, tuple(ranked[:2]))


def choked(parts: Sequence[Part]) -> int | None:
    """Return the stage whose conversion is the worst against peers, if it is worse by enough, on enough cases.

    Where there are none, as for the whole organization, the usual shares stand for them.
    """
    worst, by = None, CHOKED
    for part in parts:
        pace = part.pace
        if pace.share is None or pace.peers is None or pace.counted < ENOUGH:
            continue
        if pace.peers_counted < ENOUGH and not pace.is_usual:
            continue
        if pace.peers - pace.share >= by:
            worst, by = part.stage, pace.peers - pace.share
    return worst
