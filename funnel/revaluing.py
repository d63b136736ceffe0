"""What an amount quoted in another currency is worth by the rates of a day. No Django here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from funnel.facts import check_amount
from tenants.currencies import convert
from tenants.errors import Refused

Rates = Mapping[str, Sequence[tuple[date, Decimal]]]
"""The dated rates of each currency, the oldest first."""


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount in the reporting currency, and the rate that it stands at."""

    amount: int
    rate_on: date
    rate: Decimal

    def words(self, currency: str) -> str:
        """Return the rate as the change log tells it, in no language."""
        return f"{currency} {self.rate.normalize():f}"


def dated(rates: Iterable[tuple[str, date, Decimal]]) -> Rates:
    """Return rates (currency, day, rate) by their currency."""
    found: dict[str, list[tuple[date, Decimal]]] = {}
    for currency, on, rate in rates:
        found.setdefault(currency, []).append((on, rate))
    return {currency: sorted(each) for currency, each in found.items()}


def worth(quoted: int, currency: str, rate_on: date, rates: Rates, *, on: date) -> Worth | None:
    """Return what a quotation that stands at the rate of `rate_on` is worth at the last rate up to `on`.

    None leaves it as it is: it stands at a later rate already, no rate is that old, or it would be worth more than an
    amount may be.
    """
    known = [each for each in rates.get(currency, ()) if each[0] <= on]
    if rate_on > on or not known:
        return None
    day, rate = known[-1]
    amount = convert(quoted, rate)
    try:
        check_amount(amount)
    except Refused:
        return None
    return Worth(amount, day, rate)
