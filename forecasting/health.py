"""The health of an open opportunity: which rules it breaks, and the word for it. No Django here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from funnel.stages import Health, Stage

SILENT_DAYS = 14
SILENT_DAYS_LATE = 7
"""In Proof of value and Close."""
PUSHES = 2
REGRESSED_DAYS = 30
STALLED_DAYS = {
    Stage.DISCOVER: 14,
    Stage.QUALIFY: 30,
    Stage.DEVELOP: 30,
    Stage.SOLUTION_FIT: 30,
    Stage.PROOF: 30,
    Stage.CLOSE: 21,
}


class Flag:
    """The codes of the rules; their words, and what would clear them, stand in `funnel.labels.FLAGS`."""

    OVERDUE = "overdue"
    SILENT = "silent"
    NO_NEXT_STEP = "no_next_step"
    NO_AMOUNT = "no_amount"
    PUSHED = "pushed"
    STALLED = "stalled"
    REGRESSED = "regressed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of an open opportunity. Days are those of the organization's time zone.

    `last_contact_on` is None when nobody ever met the customer: then the silence counts from the opening.
    """

    stage: int
    amount: int | None
    expected_close_on: date | None
    opened_on: date
    stage_entered_on: date
    last_contact_on: date | None = None
    next_step_on: date | None = None
    push_count: int = 0
    went_back_on: date | None = None


def silent_after(stage: int) -> int:
    """Return after how many days without contact an opportunity in this stage is silent."""
    return SILENT_DAYS_LATE if stage in {Stage.PROOF, Stage.CLOSE} else SILENT_DAYS


def silent_days(facts: Facts, today: date) -> int:
    """Return the days since the last contact with the customer."""
    return (today - (facts.last_contact_on or facts.opened_on)).days


def broken(facts: Facts, today: date) -> list[str]:
    """Return the codes of the rules that an opportunity breaks, the gravest first.

    overdue: expected close in the past. silent: no contact for more than 14 days (7 in Proof of value and Close).
    no_next_step: no open next action with a date. no_amount: none, or zero, from Qualify on. pushed: the close moved
    into a later month twice or more. stalled: longer in its stage than 14 / 30 / 30 / 30 / 30 / 21 days.
    regressed: went back a stage in the last 30 days.
    """
    days_in_stage = (today - facts.stage_entered_on).days
    rules = {
        Flag.OVERDUE: facts.expected_close_on is not None and facts.expected_close_on < today,
        Flag.SILENT: silent_days(facts, today) > silent_after(facts.stage),
        Flag.NO_NEXT_STEP: facts.next_step_on is None,
        Flag.NO_AMOUNT: facts.stage >= Stage.QUALIFY and not facts.amount,
        Flag.PUSHED: facts.push_count >= PUSHES,
        Flag.STALLED: days_in_stage > STALLED_DAYS.get(Stage(facts.stage), days_in_stage),
        Flag.REGRESSED: facts.went_back_on is not None and (today - facts.went_back_on).days <= REGRESSED_DAYS,
    }
    return [code for code, is_broken in rules.items() if is_broken]


def health(flags: Collection[str]) -> Health:
    """Return healthy without flags, watch with one or two, at risk with three or more, or when overdue."""
    if len(flags) >= 3 or Flag.OVERDUE in flags:
        return Health.RISK
    return Health.WATCH if flags else Health.OK


def difference(before: Collection[str], now: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags that were raised, and those that were cleared."""
    return [code for code in now if code not in before], [code for code in before if code not in now]
