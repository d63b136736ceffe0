"""What a pipeline review decides. No Django here."""

from enum import StrEnum


class Decision(StrEnum):
    """The five decisions, in the order of their keys 1–5."""

    ADVANCE = "advance"
    HOLD = "hold"
    HELP = "help"
    POSTPONE = "postpone"
    ABANDON = "abandon"


class Outcome(StrEnum):
    """What became of what was agreed last time."""

    DONE = "done"
    PARTLY = "partly"
    NOT_DONE = "not_done"
