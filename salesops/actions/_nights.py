"""The nights that lie behind the demo company: alerts raised one after the other, gone up the ladder, kept quiet."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from forecasting import actions as forecasting_actions
from funnel.models import Opportunity
from salesops import demo_health
from tenants.models import Membership, Organization


def live_nights(organization: Organization, people: Mapping[str, Membership], *, at: datetime) -> None:
    """Judge what is open as so many nights would have, each a part of it that stood there by then, and today all.

    Some alerts are muted by their owners' manager.
    """
    rows = list(Opportunity.objects.open().order_by("pk").values_list("pk", "stage_entered_at"))
    for night, share in demo_health.NIGHTS:
        when = at - timedelta(days=night)
        ids = [pk for number, (pk, since) in enumerate(rows) if since < when and number % demo_health.PARTS < share]
        forecasting_actions.judge(ids, when)
        forecasting_actions.tell_untold(organization, at=when)
        forecasting_actions.climb(organization, at=when)
    forecasting_actions.refresh_health(organization, at=at)
    for code, reason, days in demo_health.MUTES:
        found = Opportunity.objects.open().filter(flags__contains=[code]).order_by("-amount", "pk").first()
        if found is not None:
            until = at.astimezone(organization.zone).date() + timedelta(days=days)
            forecasting_actions.mute(found, code, until=until, reason=reason, by=people["lin"], at=at)
