"""Kinds and results of customer meetings. No Django here."""

from enum import StrEnum


class Kind(StrEnum):
    """How we met."""

    VISIT = "visit"
    CALL = "call"
    VIDEO = "video"
    EXHIBITION = "exhibition"


class Result(StrEnum):
    """What came of it."""

    ADVANCED = "advanced"
    STEADY = "steady"
    BLOCKED = "blocked"
    NOBODY = "nobody"


class VisitState(StrEnum):
    """Planned, done or called off."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class Origin(StrEnum):
    """Where a next action was agreed."""

    VISIT = "visit"
    REVIEW = "review"
    COACHING = "coaching"
    HAND = "hand"
