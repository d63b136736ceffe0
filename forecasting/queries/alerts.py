"""The opportunities that break a health rule."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from django.db.models import F, QuerySet

from forecasting.models import Alert, owned_by
from funnel.models import Opportunity
from tenants.models import Membership


def flagged(membership: Membership, owners: Collection[int] | None, *, code: str = "") -> QuerySet[Opportunity]:
    """Return the open opportunities with a flag: at risk first, then the largest."""
    found = Opportunity.objects.visible_to(membership).open().filter(owned_by(owners)).exclude(flags=[])
    if code:
        found = found.filter(flags__contains=[code])
    ordered = found.with_card().order_by("health", F("amount").desc(nulls_last=True), "pk")
    return cast("QuerySet[Opportunity]", ordered)


def alerts_of(opportunities: Sequence[Opportunity]) -> dict[int, dict[str, datetime]]:
    """Return since when each standing flag of these opportunities stands."""
    since: dict[int, dict[str, datetime]] = defaultdict(dict)
    for alert in Alert.objects.standing().filter(opportunity__in=opportunities).order_by():
        since[alert.opportunity_id][alert.code] = alert.since
    return since
