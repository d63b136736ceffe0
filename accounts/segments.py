"""Kinds, segments and the ten factors of an account; which segment an account is in. No Django here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a company is to us."""

    CUSTOMER = "customer"
    CHANNEL_PARTNER = "channel_partner"
    SUPPLIER = "supplier"
    COMPETITOR = "competitor"
    OTHER = "other"


class Segment(StrEnum):
    """Where effort goes: potential against revenue; D is not enough data."""

    A_PLUS = "A+"
    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Factor(StrEnum):
    """The ten factors of an account's future potential, in order."""

    ORGANIZATION = "organization"
    MARKET_POSITION = "market_position"
    REQUIREMENTS = "requirements"
    STRATEGIC_VALUE = "strategic_value"
    OPPORTUNITIES = "opportunities"
    SOLUTION_FIT = "solution_fit"
    ADVANTAGE = "advantage"
    TRACK_RECORD = "track_record"
    SPONSORSHIP = "sponsorship"
    CULTURE = "culture"


class Potential(StrEnum):
    """What the assessment says of the future."""

    HIGH = "high"
    LOW = "low"
    UNKNOWN = "unknown"


class Revenue(StrEnum):
    """What an account brings a year, against the benchmark."""

    HIGH = "high"
    LOW = "low"
    LITTLE = "little"


KNOWN_FROM = 50
"""Below this confidence, in percent, the potential is unknown."""

HIGH_FROM = 60
LITTLE_PERCENT = 10
BENCHMARK = 100_000_000


@dataclass(frozen=True)
class Limits:
    """What a company has agreed on.

    `benchmark`: revenue a year that counts as high, minor units, above 0. `high_from`: score from which the
    potential is high. `little_percent`: revenue below this share of the benchmark is little.
    """

    benchmark: int = BENCHMARK
    high_from: int = HIGH_FROM
    little_percent: int = LITTLE_PERCENT


@dataclass(frozen=True)
class Placement:
    """Where an account stands and why; `assess` says that its potential is still unknown."""

    segment: Segment
    potential: Potential
    revenue: Revenue

    @property
    def assess(self) -> bool:
        """Whether the account waits for an assessment."""
        return self.potential == Potential.UNKNOWN


def potential(score: int | None, confidence: int, limits: Limits) -> Potential:
    """Return what a score at this confidence (both 0–100) says: unknown below 50% confidence, high from the limit."""
    if score is None or confidence < KNOWN_FROM:
        return Potential.UNKNOWN
    return Potential.HIGH if score >= limits.high_from else Potential.LOW


def revenue_level(revenue: int, limits: Limits) -> Revenue:
    """Return how revenue a year (minor units) stands against the benchmark; returns of goods may make it negative."""
    if revenue >= limits.benchmark:
        return Revenue.HIGH
    return Revenue.LITTLE if revenue <= 0 or revenue * 100 < limits.benchmark * limits.little_percent else Revenue.LOW


def place(*, revenue: int, score: int | None, confidence: int, limits: Limits) -> Placement:
    """Return the segment of an account.

    Potential high: A+ with high revenue, else A. Potential low or unknown: B with high revenue, else C; but D when
    it is unknown and there is little or no revenue.
    """
    future, level = potential(score, confidence, limits), revenue_level(revenue, limits)
    if future == Potential.HIGH:
        segment = Segment.A_PLUS if level == Revenue.HIGH else Segment.A
    elif level == Revenue.HIGH:
        segment = Segment.B
    elif future == Potential.UNKNOWN and level == Revenue.LITTLE:
        segment = Segment.D
    else:
        segment = Segment.C
    return Placement(segment, future, level)


def few_that_make(share_percent: int, revenues: Sequence[int]) -> int:
    """Return how many of the largest revenues together make this share of all; 0 when there is no revenue."""
    earning = sorted((revenue for revenue in revenues if revenue > 0), reverse=True)
    goal, total = sum(earning) * share_percent, 0
    for count, revenue in enumerate(earning, start=1):
        total += revenue * 100
        if total >= goal:
            return count
    return 0
