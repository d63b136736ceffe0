"""The weighted forecast and what it leaves open. Amounts in minor units. No Django here.

Weighted forecast = won so far + Σ amount × stage % over what is open and due in the period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forecasting.periods import Kind, Period
from funnel.stages import weighted as weigh


def weighted(amount: int | None, percent: int) -> int:
    """Return amount × percentage, rounded half up for each opportunity, so that every cut adds up; none counts 0."""
    return weigh(amount or 0, percent)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a person or team has won in a period, what is open and due in it, and the target (None: none was set).

    What is open is weighted by the stage it claims, and by the stage that is proven (`proven`).
    """

    won: int = 0
    won_count: int = 0
    weighted: int = 0
    proven: int = 0
    open_total: int = 0
    open_count: int = 0
    target: int | None = None

    def __add__(self, other: "Numbers") -> "Numbers":
        """Add two; a missing target counts as nothing beside one that was set."""
        targets = [target for target in (self.target, other.target) if target is not None]
        return Numbers(
            self.won + other.won,
            self.won_count + other.won_count,
            self.weighted + other.weighted,
            self.proven + other.proven,
            self.open_total + other.open_total,
            self.open_count + other.open_count,
            sum(targets) if targets else None,
        )

    @property
    def forecast(self) -> int:
        """The weighted forecast: won so far + weighted pipeline due in the period."""
        return self.won + self.weighted

    @property
    def proven_forecast(self) -> int:
        """The same by what is proven: won so far + proven pipeline due in the period."""
        return self.won + self.proven

    @property
    def unproven(self) -> int:
        """How much of the weighted pipeline no evidence proves."""
        return self.weighted - self.proven

    @property
    def to_go(self) -> int | None:
        """target − won so far; below zero when more was won."""
        return None if self.target is None else self.target - self.won

    @property
    def gap(self) -> int | None:
        """target − weighted forecast; below zero when the forecast is above the target."""
        return None if self.target is None else self.target - self.forecast

    @property
    def over(self) -> int:
        """By how much the weighted forecast is above the target."""
        return max(0, -(self.gap or 0))

    @property
    def attained(self) -> float | None:
        """won ÷ target."""
        return self.won / self.target if self.target else None

    @property
    def expected(self) -> float | None:
        """weighted forecast ÷ target."""
        return self.forecast / self.target if self.target else None

    @property
    def coverage(self) -> float | None:
        """open and due in the period ÷ to go; None once the target is met, and without one."""
        return self.open_total / self.to_go if self.to_go is not None and self.to_go > 0 else None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return self == Numbers()


def target_of(stored: Mapping[tuple[int, str, date], int], owner: int, period: Period) -> int | None:
    """Return a person's target of a period: the one that was set, else the sum of those of its parts, else None.

    :param stored: amounts by (owner, kind of period, first day).
    """
    own = stored.get((owner, period.kind, period.starts_on))
    if own is not None or period.kind == Kind.MONTH:
        return own
    parts = [part for part in (target_of(stored, owner, each) for each in period.parts) if part is not None]
    return sum(parts) if parts else None
