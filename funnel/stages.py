"""The seven stages of the funnel and the ends of an opportunity. No Django here."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum


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
    EXPECTED_CLOSE = "expected_close"
    STAGE = "stage"
    OWNER = "owner"
    CATEGORY = "category"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REOPENED = "reopened"


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
