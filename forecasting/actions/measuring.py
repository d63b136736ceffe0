"""What the nights measure of an organization's past, for the limits of its health rules."""

from datetime import datetime, timedelta

from django.db import connection

from forecasting.health import as_table, limits
from forecasting.models import HealthSetting, thresholds
from funnel.queries import dwell, won_cycle
from funnel.stages import Stage
from tenants.models import Organization

WINDOW = timedelta(days=730)
"""How far back an organization's past is measured."""

_MEDIAN = """
    SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY amount))::bigint
    FROM funnel_opportunity WHERE organization_id = %(org)s AND status = 'open' AND amount > 0
"""


def measure(organization: Organization, *, at: datetime) -> HealthSetting:
    """Measure how long opportunities stayed in a stage and took to be won in the last two years, and the median amount
    of what is open; set the limits that follow.
    """
    found, _made = HealthSetting.objects.get_or_create(organization_id=organization.pk)
    stays = dwell(since=at - WINDOW, until=at)
    spreads = [stays.get(stage) for stage in list(Stage)[:6]]
    found.exits = [spread.count if spread else 0 for spread in spreads]
    found.dwell = [spread.p75 if spread else None for spread in spreads]
    cycle = won_cycle(since=at - WINDOW, until=at)
    found.wins, found.cycle_median, found.cycle_p90, found.cycle_p95 = cycle.count, cycle.p50, cycle.p90, cycle.p95
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, {"org": organization.pk})
        (found.median_amount,) = cursor.fetchone()
    found.held = as_table(limits(found.basis, thresholds()))
    found.measured_at = at
    found.save()
    setting: HealthSetting = found
    return setting
