"""Money of several currencies: how small its smallest unit is, and what it is worth in another."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0}
"""Currencies without cents (ISO 4217); every other one here has two digits after the point."""


def exponent(currency: str) -> int:
    """Return how many digits stand after the point: 2 for TWD, 0 for JPY."""
    return EXPONENTS.get(currency, 2)


def convert(minor: int, rate: Decimal, *, source_exponent: int = 2, target_exponent: int = 2) -> int:
    """Return an amount in minor units of the target currency, rounded half away from zero.

    :param minor: the amount in minor units of the source currency.
    :param rate: what one whole unit of the source is worth in whole units of the target; above zero.
    :raises ValueError: the rate is not above zero.
    """
    if not rate > 0:
        raise ValueError(rate)
    with localcontext(prec=60):
        value = Decimal(minor) * rate * Decimal(10) ** (target_exponent - source_exponent)
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
