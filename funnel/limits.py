"""How much should stand in a column of the board at most. It warns, it never blocks. No Django here."""

from dataclasses import dataclass

from tenants.errors import Refused

LARGEST_COUNT, LARGEST_AMOUNT = 100_000, 10**17


@dataclass(frozen=True, slots=True)
class ColumnLimit:
    """What one person should have open in a stage at most: how many, and how much (minor units); None is no limit."""

    count: int | None = None
    amount: int | None = None

    def of(self, people: int) -> "ColumnLimit":
        """Return the limit of so many people together."""
        return ColumnLimit(
            None if self.count is None else self.count * people, None if self.amount is None else self.amount * people
        )

    def __bool__(self) -> bool:
        return self.count is not None or self.amount is not None

    def is_over(self, count: int, amount: int) -> bool:
        """Return whether a column with so many, worth so much, is over it."""
        return (self.count is not None and count > self.count) or (self.amount is not None and amount > self.amount)


NONE = ColumnLimit()


def check_limit(limit: ColumnLimit) -> None:
    """Check a limit that somebody typed.

    :raises Refused: `limit_not_positive`, `limit_too_large`.
    """
    for value, largest in ((limit.count, LARGEST_COUNT), (limit.amount, LARGEST_AMOUNT)):
        if value is not None and value <= 0:
            raise Refused("limit_not_positive")
        if value is not None and value > largest:
            raise Refused("limit_too_large")
