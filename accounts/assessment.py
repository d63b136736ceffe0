"""The ten-factor assessment of an account's future potential. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.segments import Factor

STEPS = (0, 25, 50, 75, 100)
"""The five steps a factor is judged by, poor to good."""

LARGEST_WEIGHT = 100
EVEN: Mapping[Factor, int] = dict.fromkeys(Factor, 10)
"""Every factor weighs the same until the company says otherwise."""


@dataclass(frozen=True)
class Group:
    """Factors that belong together on the chart."""

    code: str
    factors: tuple[Factor, ...]


GROUPS = (
    Group("profile", (Factor.ORGANIZATION, Factor.MARKET_POSITION, Factor.REQUIREMENTS, Factor.STRATEGIC_VALUE)),
    Group("pipeline", (Factor.OPPORTUNITIES, Factor.SOLUTION_FIT, Factor.ADVANTAGE)),
    Group("relationship", (Factor.TRACK_RECORD, Factor.SPONSORSHIP, Factor.CULTURE)),
)


@dataclass(frozen=True)
class Judgement:
    """What an assessment adds up to, both 0–100; `score` is None while nothing is known.

    Both are rounded down, so that the number one reads and the limit it is held against agree.
    """

    score: int | None
    confidence: int


UNJUDGED = Judgement(score=None, confidence=0)


def judge(ratings: Mapping[Factor, int], weights: Mapping[Factor, int]) -> Judgement:
    """Add up an assessment.

    Score = Σ weight × rating ÷ Σ weight over the factors known; confidence = weight known ÷ all weight.

    :param ratings: the factors known, each by one of `STEPS`.
    :param weights: whole numbers from 0; a factor left out weighs nothing.
    :raises ValueError: a rating is not one of the five steps, or a weight is below 0.
    """
    if any(rating not in STEPS for rating in ratings.values()):
        raise ValueError("a rating is one of the five steps")
    if any(weight < 0 for weight in weights.values()):
        raise ValueError("a weight is 0 or more")
    known = sum(weights.get(factor, 0) for factor in ratings)
    if not known:
        return UNJUDGED
    total = sum(weights.get(factor, 0) * rating for factor, rating in ratings.items())
    return Judgement(score=total // known, confidence=100 * known // sum(weights.values()))


def trend(scores: list[int | None]) -> int | None:
    """Return the change from the one-but-last known score to the last one, oldest first; None without two of them."""
    known = [score for score in scores if score is not None]
    return known[-1] - known[-2] if len(known) > 1 else None
