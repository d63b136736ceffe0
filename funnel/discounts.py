"""Discounts: what may be given alone, and what is left of a price. No Django here.

A discount is given on the price quoted to the customer before it, never on the list price of the product: quantity and
terms make what is quoted differ from the list, and only what was quoted is known to both sides. `amount` is what is
left after it. Whoever types another amount by hand quotes a new price, on which no discount is given yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tenants.errors import Refused
from tenants.permissions import Role

ALL = Decimal(100)
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class DiscountLimits:
    """How many percent a rep (and a partner) and a manager may give alone; an executive may give any."""

    rep: Decimal
    manager: Decimal

    def of(self, role: str) -> Decimal:
        """Return what this role may give alone."""
        if role == Role.EXECUTIVE:
            return ALL
        return self.manager if role == Role.MANAGER else self.rep


@dataclass(frozen=True, slots=True)
class Basis:
    """What a discount is given on: the price before it in minor units of its currency, and the product."""

    price: int | None
    currency: str
    product: int | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A discount that was granted, and what it was granted on."""

    percent: Decimal
    basis: Basis


def check_limits(limits: DiscountLimits) -> None:
    """Check what may be given alone.

    :raises Refused: `limit_range` outside 0–100, `limits_not_ascending` where a rep may give more than a manager.
    """
    if not (0 <= limits.rep <= 100 and 0 <= limits.manager <= 100):
        raise Refused("limit_range")
    if limits.rep > limits.manager:
        raise Refused("limits_not_ascending")


def is_beyond(percent: Decimal | None, limits: DiscountLimits) -> bool:
    """Return whether more is asked than a manager may give, so that executives alone decide; None asks no discount."""
    return percent is not None and percent > limits.manager


def allowed(limits: DiscountLimits, role: str, basis: Basis, grants: Iterable[Grant]) -> Decimal:
    """Return how many percent may be given on this price: one's own limit, or more where it was granted for it.

    What was granted on another price or product does not count any more.
    """
    return max([limits.of(role), *(grant.percent for grant in grants if grant.basis == basis)])


def ask_discount(percent: Decimal, *, allowed: Decimal, basis: Basis) -> None:
    """Ask whether this discount may be given.

    :raises Refused: `discount_zero_to_all`; `amount_needed` without a price; `discount_beyond` with `limit`.
    """
    if not 0 <= percent <= ALL:
        raise Refused("discount_zero_to_all")
    if basis.price is None:
        raise Refused("amount_needed")
    if percent > allowed:
        raise Refused("discount_beyond", limit=f"{float(allowed):g}", percent=f"{float(percent):g}")


def after(price: int, percent: Decimal) -> int:
    """Return what is left of a price, in the same minor units, rounded half up."""
    return int((price * (ALL - percent) / ALL).quantize(Decimal(1), ROUND_HALF_UP))
