"""Amounts in another currency, and what an account is worth to us."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Min, Sum

from accounts import actions as accounts_actions
from funnel.discounts import NONE, after
from funnel.models import Opportunity
from funnel.revenue import since, yearly
from tenants.currencies import convert
from tenants.errors import Refused
from tenants.models import ExchangeRate, Organization


@dataclass(frozen=True, slots=True)
class Quoted:
    """An amount in the reporting currency, and what was typed where that was another one."""

    amount: int | None
    quoted_amount: int | None = None
    quoted_currency: str = ""
    rate_on: date | None = None


def reporting_amount(organization: Organization, amount: int | None, currency: str, *, on: date) -> Quoted:
    """Convert an amount at the rate dated last up to `on`; amounts are hundredths in every currency, as on screen.

    :raises Refused: `rate_missing`.
    """
    if amount is None or currency in {"", organization.currency}:
        return Quoted(amount)
    rate = ExchangeRate.objects.filter(currency=currency, on__lte=on).order_by("-on").first()
    if rate is None:
        raise Refused("rate_missing", currency=currency, on=on.isoformat())
    return Quoted(convert(amount, rate.rate), amount, currency, rate.on)


def revenue_changed(account_ids: set[int], *, at: datetime, without: Collection[int] = ()) -> None:
    """Tell these accounts what they bring in a year; `without` are opportunities that are about to go."""
    won = (
        Opportunity.objects.won()
        .filter(account_id__in=account_ids, closed_at__gt=since(at), closed_at__lte=at)
        .exclude(pk__in=without)
        .order_by()
        .values("account_id")
        .annotate(total=Sum("amount"), first=Min("closed_at"))
    )
    totals = {row["account_id"]: yearly(row["total"] or 0, row["first"], at) for row in won}
    accounts_actions.note_revenue({pk: totals.get(pk, 0) for pk in account_ids}, at=at)


PRICED = ["amount", "quoted_amount", "rate_on", "discount", "full_amount"]
"""The fields that `set_price` sets."""


def set_price(opportunity: Opportunity, price: int, percent: Decimal) -> list[str]:
    """Set what is left of a price (minor units of the currency of the quotation) after a discount; return the fields.

    :raises Refused: `rate_missing`.
    """
    left, currency = after(price, percent), opportunity.quoted_currency
    if currency and opportunity.rate_on is not None:
        quoted = reporting_amount(opportunity.organization, left, currency, on=opportunity.rate_on)
        opportunity.amount, opportunity.quoted_amount = quoted.amount, quoted.quoted_amount
        opportunity.rate_on = quoted.rate_on
    else:
        opportunity.amount = left
    opportunity.discount, opportunity.full_amount = percent, price if percent else None
    return PRICED


def quotation(opportunity: Opportunity) -> dict[str, Any]:
    """Return how the amount came to be, as the log keeps it where a signature ends it."""
    rate_on = opportunity.rate_on.isoformat() if opportunity.rate_on else None
    return {
        "quoted_amount": opportunity.quoted_amount,
        "quoted_currency": opportunity.quoted_currency,
        "rate_on": rate_on,
        "discount": str(opportunity.discount),
        "full_amount": opportunity.full_amount,
    }


def quote_again(opportunity: Opportunity, told: Mapping[str, Any]) -> None:
    """Set what `quotation` told."""
    rate_on = told["rate_on"]
    opportunity.quoted_amount, opportunity.quoted_currency = told["quoted_amount"], told["quoted_currency"]
    opportunity.rate_on = date.fromisoformat(rate_on) if rate_on else None
    opportunity.discount, opportunity.full_amount = Decimal(told["discount"]), told["full_amount"]


def end_discount(opportunity: Opportunity) -> list[str]:
    """Say that no discount is given on the price that stands; return the fields."""
    opportunity.discount, opportunity.full_amount = NONE, None
    return ["discount", "full_amount"]
