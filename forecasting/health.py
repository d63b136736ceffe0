"""The health of an open opportunity: which rules it breaks, and the word for it. No Django here.

`forecasting.judging` says the same in SQL for a whole organization at once; a property test holds the two together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from funnel.flags import Flag
from funnel.stages import Health, Stage

OPEN_STAGES = tuple(Stage)[:6]
ENOUGH = 20
"""So many exits of a stage, or wins, make a percentile of one's own."""
EXPECTED_CYCLE = 90
"""Days from opening to winning while nothing was won."""

GRAVE = frozenset({Flag.OVERDUE, Flag.ZOMBIE})
"""One of these alone puts an opportunity at risk."""

PUSHED_DAYS = "pushed_days"
STANDARD: Mapping[str, tuple[int, ...]] = {
    Flag.OVERDUE: (1, 1, 1, 1, 1, 1),
    Flag.SILENT: (14, 14, 14, 14, 7, 7),
    Flag.NO_NEXT_STEP: (1, 1, 1, 1, 1, 1),
    Flag.NO_AMOUNT: (0, 1, 1, 1, 1, 1),
    Flag.NO_POWER: (0, 0, 30, 30, 30, 30),
    Flag.UNPROVEN: (0, 1, 1, 1, 1, 1),
    Flag.PUSHED: (2, 2, 2, 2, 2, 2),
    PUSHED_DAYS: (60, 60, 60, 60, 60, 60),
    Flag.STALLED: (14, 30, 30, 30, 30, 21),
    Flag.SINGLE_THREAD: (0, 0, 0, 1, 1, 1),
    Flag.REGRESSED: (30, 30, 30, 30, 30, 30),
    Flag.SHRINKING: (20, 20, 20, 20, 20, 20),
    Flag.AGEING: (2 * EXPECTED_CYCLE,) * 6,
    Flag.ZOMBIE: (3 * EXPECTED_CYCLE,) * 6,
}
"""What holds until an organization edits it, by stage: days, times, per cent, or 1 for a rule that has no number.

0 switches a rule off in a stage. What is measured (see `limits`) goes before these.
"""
SWITCHES = frozenset({Flag.OVERDUE, Flag.NO_NEXT_STEP, Flag.NO_AMOUNT, Flag.UNPROVEN, Flag.SINGLE_THREAD})
"""The rules that have no number."""
LARGEST = 3650


@dataclass(frozen=True, slots=True)
class Basis:
    """What an organization's own past says. Days; money in minor units.

    `exits` and `dwell` by stage, Discover first: how many have left it, and the 75th percentile of the days they had
    stayed. `wins` with the median, P90 and P95 of the days from opening to winning. `median_amount` of what is open.
    """

    exits: Sequence[int] = (0,) * 6
    dwell: Sequence[float | None] = (None,) * 6
    wins: int = 0
    cycle_median: float | None = None
    cycle_p90: float | None = None
    cycle_p95: float | None = None
    median_amount: int | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What holds in one stage, by code; 0 switches a rule off. `own` are the codes measured on the own past."""

    stage: int
    values: Mapping[str, int]
    own: frozenset[str] = frozenset()
    median_amount: int | None = None

    def __getitem__(self, code: str) -> int:
        """Return the limit of a rule."""
        return self.values[code]


def limits(basis: Basis, edited: Mapping[tuple[int, str], int]) -> list[Thresholds]:
    """Return what holds in each of the six stages: what was edited, else what the own past says, else the standard.

    stalled: the P75 of the days in the stage, from 20 exits on. ageing: P90 of won cycles, zombie: 1.5 × P95, both
    from 20 wins on; below that 2 × the median stands for the percentile (so 2 and 3 × the median), and without any win
    the expected cycle of 90 days stands for the median. A measured limit is at least a day.
    """
    found = []
    for n, stage in enumerate(OPEN_STAGES):
        measured = _cycle(basis)
        dwell = basis.dwell[n]
        if dwell is not None and basis.exits[n] >= ENOUGH:
            measured[Flag.STALLED] = _days(dwell)
        values = {code: edited.get((stage, code), measured.get(code, row[n])) for code, row in STANDARD.items()}
        own = frozenset(code for code in measured if (stage, code) not in edited)
        found.append(Thresholds(int(stage), values, own, basis.median_amount))
    return found


def as_table(holds: Sequence[Thresholds]) -> list[list[int]]:
    """Return the limits as they are stored: a row a stage, a column a code of `STANDARD`."""
    return [[held[code] for code in STANDARD] for held in holds]


def _cycle(basis: Basis) -> dict[str, int]:
    if basis.wins >= ENOUGH and basis.cycle_p90 is not None and basis.cycle_p95 is not None:
        return {Flag.AGEING: _days(basis.cycle_p90), Flag.ZOMBIE: _days(1.5 * basis.cycle_p95)}
    if basis.cycle_median is not None:
        return {Flag.AGEING: _days(2 * basis.cycle_median), Flag.ZOMBIE: _days(3 * basis.cycle_median)}
    return {}


def _days(limit: float) -> int:
    return min(LARGEST, max(1, int(limit)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of an open opportunity. Days are those of the organization's time zone.

    `last_contact_on` is None when nobody ever met the customer: then the silence counts from the opening.
    `lacking` counts the evidence of the stages left behind that is not filed, or was sent back. `contacts` are the
    people on the strategy sheet; `buyer_known` says that an economic buyer is among them, `buyer_met_on` when that
    person was last met. `went_back_on` is when it last left, backwards, a stage in which it does not stand again.
    `highest` is the largest amount it ever had, each valued at the exchange rates that hold now.
    `visit_on` is the day of the first visit planned for today or later.
    """

    stage: int
    amount: int | None
    expected_close_on: date | None
    opened_on: date
    stage_entered_on: date
    last_contact_on: date | None = None
    next_step_on: date | None = None
    push_count: int = 0
    push_days: int = 0
    went_back_on: date | None = None
    lacking: int = 0
    contacts: int = 0
    buyer_known: bool = False
    buyer_met_on: date | None = None
    highest: int | None = None
    visit_on: date | None = None


def silent_days(facts: Facts, today: date) -> int:
    """Return the days since the last contact with the customer."""
    return (today - (facts.last_contact_on or facts.opened_on)).days


def is_planned(facts: Facts, today: date) -> bool:
    """Return whether something lies ahead: a next action or a planned visit, dated today or later."""
    return any(day is not None and day >= today for day in (facts.next_step_on, facts.visit_on))


def cut_percent(facts: Facts) -> int:
    """Return by how many per cent the amount was cut since its highest, rounded down; no amount at all is 100."""
    if not facts.highest:
        return 0
    return (facts.highest - (facts.amount or 0)) * 100 // facts.highest


def broken(facts: Facts, today: date, limits: Thresholds) -> list[str]:
    """Return the codes of the rules that an opportunity breaks, the gravest first.

    overdue: expected close in the past. zombie, ageing: open for longer than their limits; a zombie is not called
    ageing besides. silent: no contact for more days than the limit. no_next_step: no open next action with a date.
    no_amount: none, or zero. no_power: no economic buyer known, or not met for longer than the limit. unproven:
    evidence of a stage left behind is missing. pushed: the close moved into a later month as often as the limit says,
    or by more days in all. stalled: longer in its stage than the limit. single_thread: above the organization's median
    amount, and at most one contact on the sheet. regressed: went back within the limit, and does not stand there again.
    shrinking: the amount was cut by at least so many per cent since its highest; what the
    exchange rate did to it is no cut.
    """
    age = (today - facts.opened_on).days
    zombie = _over(age, limits[Flag.ZOMBIE])
    large = limits.median_amount is not None and (facts.amount or 0) > limits.median_amount
    power, back = limits[Flag.NO_POWER], limits[Flag.REGRESSED]
    unmet = not facts.buyer_known or facts.buyer_met_on is None or (today - facts.buyer_met_on).days > power
    rules = {
        Flag.OVERDUE: facts.expected_close_on is not None and facts.expected_close_on < today,
        Flag.ZOMBIE: zombie,
        Flag.SILENT: silent_days(facts, today) > limits[Flag.SILENT],
        Flag.NO_NEXT_STEP: facts.next_step_on is None,
        Flag.NO_AMOUNT: not facts.amount,
        Flag.NO_POWER: unmet,
        Flag.UNPROVEN: facts.lacking > 0,
        Flag.PUSHED: facts.push_count >= limits[Flag.PUSHED],
        Flag.STALLED: (today - facts.stage_entered_on).days > limits[Flag.STALLED],
        Flag.SINGLE_THREAD: large and facts.contacts <= 1,
        Flag.REGRESSED: facts.went_back_on is not None and (today - facts.went_back_on).days <= back,
        Flag.SHRINKING: cut_percent(facts) >= limits[Flag.SHRINKING],
        Flag.AGEING: not zombie and _over(age, limits[Flag.AGEING]),
    }
    found = {code for code, is_broken in rules.items() if is_broken and limits[code]}
    if _over(facts.push_days, limits[PUSHED_DAYS]):
        found.add(Flag.PUSHED)
    return [code for code in Flag if code in found]


def _over(days: int, limit: int) -> bool:
    return limit > 0 and days > limit


def health(flags: Collection[str]) -> Health:
    """Return healthy without flags, watch with one or two, at risk with three or more, when overdue, or a zombie."""
    if len(flags) >= 3 or GRAVE & set(flags):
        return Health.RISK
    return Health.WATCH if flags else Health.OK
