"""Money of several currencies: what an amount is worth in another.

Every amount is stored in hundredths of its currency's unit, yen and won too, so that amounts need no company to be
read, compared and shown.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext


def convert(minor: int, rate: Decimal) -> int:
    """Return an amount in hundredths of the target currency, rounded half away from zero.

    :param minor: the amount in hundredths of the source currency.
    :param rate: what one whole unit of the source is worth in whole units of the target; above zero.
    :raises ValueError: the rate is not above zero.
    """
    if not rate > 0:
        raise ValueError(rate)
    with localcontext(prec=60):
        return int((Decimal(minor) * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))
