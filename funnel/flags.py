"""What may be wrong with an open opportunity. No Django here."""

from enum import StrEnum


class Flag(StrEnum):
    """The codes of the rules of health, the gravest first: the order in which an opportunity's flags stand.

    `forecasting.health` raises them; their words, and what would clear them, stand in `funnel.labels.FLAGS`.
    """

    OVERDUE = "overdue"
    ZOMBIE = "zombie"
    SILENT = "silent"
    NO_NEXT_STEP = "no_next_step"
    NO_AMOUNT = "no_amount"
    NO_POWER = "no_power"
    UNPROVEN = "unproven"
    PUSHED = "pushed"
    STALLED = "stalled"
    SINGLE_THREAD = "single_thread"
    REGRESSED = "regressed"
    SHRINKING = "shrinking"
    AGEING = "ageing"
