"""Customers of the demo company that pay in another currency, and the rates."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import cycle

from forecasting.periods import Kind, period_of
from funnel import actions as funnel_actions
from funnel.models import Opportunity
from salesops import demo_company
from salesops.demo_deals import Deal
from tenants import actions as tenants_actions
from tenants.models import Membership

QUOTED_AGO, VALUED_AGO = timedelta(days=9), timedelta(days=2)


def quote_abroad(
    deals: Iterable[Deal], opportunities: Mapping[str, int], *, today: date, by: Membership, at: datetime
) -> None:
    """Set the rates, quote some open opportunities in other currencies, and let the night after the new rates come."""
    rates: dict[str, Decimal] = {}
    for currency, days, rate in demo_company.RATES:
        on = today - timedelta(days=days)
        tenants_actions.add_rate(by.organization, currency=currency, on=on, rate=Decimal(rate), by=by, at=at)
        rates.setdefault(currency, Decimal(rate))
    quoted_at = at - QUOTED_AGO
    quarter = period_of(Kind.QUARTER, today)
    still = [
        deal
        for deal in deals
        if not deal.outcome and all(each[-1][0] < quoted_at for each in (deal.amounts, deal.stages, deal.closes))
    ]
    still.sort(key=lambda deal: (not quarter.starts_on <= deal.closes[-1][1] <= quarter.ends_on, -deal.amount))
    chosen = [
        deal
        for region in demo_company.REGIONS
        for deal in [each for each in still if each.company.region == region][: demo_company.QUOTED_A_REGION]
    ]
    for currency, deal in zip(cycle(demo_company.QUOTED), chosen, strict=False):
        found = Opportunity.objects.select_related("owner").get(pk=opportunities[deal.key])
        price = round(deal.amount / rates[currency] / 10_000) * 10_000  # whole hundreds
        funnel_actions.change_opportunity(
            found,
            seen=found.version,
            amount=price,
            quoted_currency=currency,
            by=found.owner,
            at=quoted_at,
        )
    funnel_actions.revalue(on=today - timedelta(days=2), at=at - VALUED_AGO)
