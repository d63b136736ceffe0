"""The seven stages of the funnel, the ends of an opportunity, and what a move must satisfy. No Django here."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from funnel.evidence import Item
from funnel.limits import NONE, ColumnLimit
from tenants.errors import Refused


class Stage(IntEnum):
    """The seven steps, in order; the steps stay, a company edits labels, percentages and evidence."""

    DISCOVER = 1
    QUALIFY = 2
    DEVELOP = 3
    SOLUTION_FIT = 4
    PROOF = 5
    CLOSE = 6
    DEPLOY = 7


PERCENT: Mapping[Stage, int] = {
    Stage.DISCOVER: 0,
    Stage.QUALIFY: 10,
    Stage.DEVELOP: 20,
    Stage.SOLUTION_FIT: 40,
    Stage.PROOF: 60,
    Stage.CLOSE: 80,
    Stage.DEPLOY: 100,
}


class Status(StrEnum):
    """Whether an opportunity is still open, and how it ended."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"


class Gate(StrEnum):
    """What missing evidence does when an opportunity moves forward."""

    WARN = "warn"
    BLOCK = "block"


class Category(StrEnum):
    """The forecast category: the rep's word on it."""

    OMITTED = "omitted"
    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"


class ChangeKind(StrEnum):
    """What the change log records."""

    CREATED = "created"
    AMOUNT = "amount"
    RATE = "rate"
    EXPECTED_CLOSE = "expected_close"
    STAGE = "stage"
    OWNER = "owner"
    CATEGORY = "category"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REOPENED = "reopened"
    PROVEN = "proven"


class Reason(StrEnum):
    """Why an opportunity was lost or abandoned."""

    PRICE = "price"
    PRODUCT = "product"
    RIVAL = "rival"
    RELATIONSHIP = "relationship"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    TIMING = "timing"
    NOT_QUALIFIED = "not_qualified"
    OTHER = "other"


class Health(StrEnum):
    """The health of an opportunity: shape, word and colour."""

    OK = "ok"
    WATCH = "watch"
    RISK = "risk"


URGENT = (Health.RISK, Health.WATCH)
"""What needs attention, in the order in which it comes first."""


def urgency(health: str) -> int:
    """Return the place of a health in every list: 0 comes first, what needs no attention last."""
    return next((place for place, each in enumerate(URGENT) if each == health), len(URGENT))


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage as one organization has it: its label, its percentage, what missing evidence does, and how much one
    person should have open in it.
    """

    stage: Stage
    label: str
    percent: int
    gate: Gate
    limit: ColumnLimit = NONE


class MissingEvidence(Refused):
    """Evidence of the stages passed is not filed. `items` lists it; `can_override` says whether one may go on.

    `blocking` are the stages among them that may be left only when that was granted.
    """

    def __init__(self, items: Iterable[Item], *, blocking: Collection[Stage] = ()) -> None:
        """Take what is missing, and which of the stages concerned block."""
        self.items, self.blocking, self.can_override = tuple(items), tuple(sorted(blocking)), not blocking
        can_override = self.can_override
        super().__init__("missing_evidence", items=[item.key for item in self.items], can_override=can_override)


def default_category(stage: Stage) -> Category:
    """Return the forecast category of an opportunity in this stage whose rep has not chosen one."""
    if stage <= Stage.DEVELOP:
        return Category.PIPELINE
    if stage <= Stage.PROOF:
        return Category.BEST_CASE
    return Category.COMMIT if stage == Stage.CLOSE else Category.CLOSED


def passed(left: Stage, to: Stage) -> tuple[Stage, ...]:
    """Return the stages that a move forward leaves behind, first to last; a move back passes none."""
    return tuple(Stage(at) for at in range(left, to))


def missing(
    items: Iterable[Item], filed: Collection[str], *, left: Stage, to: Stage, overdue: Collection[int] = ()
) -> tuple[Item, ...]:
    """Return the evidence that a move from `left` to `to` demands and that is not in `filed` (keys of items).

    :param overdue: stages that were left without theirs until a day that is over: a move forward asks again.
    """
    asked = {*range(left, to), *(overdue if to > left else ())}
    return tuple(item for item in items if item.stage in asked and item.key not in filed)


def ask_evidence(
    lacking: Iterable[Item],
    gates: Mapping[Stage, Gate],
    *,
    override: bool,
    excused: Collection[int] = (),
    granted: Collection[int] = (),
) -> tuple[Item, ...]:
    """Ask whether to go on without this evidence; return what it is gone on without, and nobody has excused yet.

    :param excused: stages left without theirs before, until a day to come; that excuses none that blocks.
    :param granted: stages for which going on was granted, whether they block or not.
    :raises MissingEvidence: a stage concerned blocks, or warns and `override` is not given.
    """
    blocking = {stage for stage, gate in gates.items() if gate == Gate.BLOCK} - set(granted)
    excuses = ({*excused} - blocking) | {*granted}
    lacking = tuple(item for item in lacking if item.stage not in excuses)
    blocked = blocking & {Stage(item.stage) for item in lacking}
    if lacking and (blocked or not override):
        raise MissingEvidence(lacking, blocking=blocked)
    return lacking


GRACE = timedelta(days=14)
"""How long one goes on without evidence where nobody says otherwise."""
LONGEST_GRACE, LONGEST_GRANT = timedelta(days=92), timedelta(days=366)
"""For how long one excuses oneself, and for how long whoever leads may excuse one."""


def check_override(*, why: str, until: date, today: date) -> None:
    """Check what going on without evidence must say.

    :raises Refused: `override_why_needed`, `until_over`, `until_too_far`.
    """
    if not why:
        raise Refused("override_why_needed")
    check_until(until, today=today, longest=LONGEST_GRACE)


def check_until(until: date, *, today: date, longest: timedelta) -> None:
    """Check the last day on which evidence may still be missing, or something granted holds.

    :raises Refused: `until_over`, `until_too_far` with `days`.
    """
    if until < today:
        raise Refused("until_over")
    if until > today + longest:
        raise Refused("until_too_far", days=longest.days)


def ask_move(*, status: Status, left: Stage, to: Stage, why: str) -> None:
    """Ask whether an opportunity may go from `left` to `to`. Steps may be skipped, forward and back.

    :raises Refused: `closed`, `same_stage`, `deploy_is_won` (winning is its own decision) or
        `reason_needed` (going back).
    """
    if status != Status.OPEN:
        raise Refused("closed")
    if to == left:
        raise Refused("same_stage")
    if to == Stage.DEPLOY:
        raise Refused("deploy_is_won")
    if to < left and not why.strip():
        raise Refused("reason_needed")


def ask_close(*, status: Status, outcome: Status, reason: str = "", rival: str = "") -> None:
    """Ask whether an opportunity may end this way.

    :raises Refused: `closed`, `reason_needed`, `reason_unknown`, or `rival_needed` (lost to a rival: to whom).
    """
    if status != Status.OPEN:
        raise Refused("closed")
    if outcome == Status.WON:
        return
    if not reason:
        raise Refused("reason_needed")
    if reason not in set(Reason):
        raise Refused("reason_unknown")
    if outcome == Status.LOST and reason == Reason.RIVAL and not rival.strip():
        raise Refused("rival_needed")


def check_percents(percents: Mapping[Stage, int]) -> None:
    """Check the percentages of all seven stages.

    :raises Refused: `percent_range` outside 0–100, `percent_deploy` where Deploy is not 100,
        `percents_not_ascending` where a stage does not exceed the one before; `stage` says which.
    """
    before = -1
    for stage in Stage:
        percent = percents[stage]
        if not 0 <= percent <= 100:
            raise Refused("percent_range", stage=stage)
        if percent <= before:
            raise Refused("percents_not_ascending", stage=stage)
        before = percent
    if before != 100:
        raise Refused("percent_deploy", stage=Stage.DEPLOY)


def weighted(amount: int, percent: int) -> int:
    """Return amount x percentage, in the same minor units, rounded half up."""
    return (amount * percent + 50) // 100
