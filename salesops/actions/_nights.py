"""The nights that lie behind the demo company: alerts raised one after the other, gone up the ladder, kept quiet."""

from datetime import datetime, timedelta

from django.db.models import F

from forecasting import actions as forecasting_actions
from forecasting.actions.measuring import measure
from forecasting.models import Alert
from funnel.models import Opportunity
from salesops import demo_health
from tenants.models import Membership, Organization
from tenants.permissions import Role


def live_nights(organization: Organization, *, at: datetime) -> None:
    """Judge what is open as so many nights would have, each what was open by then, and today all.

    Some are muted, by their owners while they have not gone up, by the executive once they have.
    """
    measure(organization, at=at)
    boss = Membership.objects.filter(role=Role.EXECUTIVE).order_by("pk")[0]
    rows = list(Opportunity.objects.open().order_by("pk").values_list("pk", "opened_at"))
    for night in demo_health.NIGHTS:
        when = at - timedelta(days=night)
        ids = [pk for pk, since in rows if since < when]
        forecasting_actions.judge(ids, when)
        forecasting_actions.tell_untold(organization, at=when)
        forecasting_actions.climb(organization, at=when)
    forecasting_actions.refresh_health(organization, at=at)
    for code, reason, days in demo_health.MUTES:
        fresh = (
            Alert.objects.standing()
            .filter(code=code, step__in=[0, 3])
            .select_related("opportunity__owner__organization")
        )
        alert = fresh.order_by("step", F("opportunity__amount").desc(nulls_last=True), "pk").first()
        if alert is not None:
            until = at.astimezone(organization.zone).date() + timedelta(days=days)
            by = boss if alert.step else alert.opportunity.owner
            forecasting_actions.mute(alert.opportunity, code, until=until, reason=reason, seen=0, by=by, at=at)
