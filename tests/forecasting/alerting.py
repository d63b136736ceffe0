"""What tests of alerts share."""

from datetime import timedelta

from django.test import Client

from forecasting import actions
from forecasting.health import OPEN_STAGES, STANDARD
from forecasting.models import Alert
from funnel.models import Opportunity
from tenants.models import Membership
from tests.cast import Cast
from tests.forecasting.factories import NOW, TODAY, make_opportunity

HTMX = {"HX-Request": "true"}
DAY = timedelta(days=1)


def told(member: Membership) -> list[str]:
    return [each.text for each in member.notifications.order_by("pk")]


def watch_dates_alone(cast: Cast, ladder: tuple[int, ...] = (3, 5, 7)) -> None:
    """Switch every rule off but that of the expected close."""
    off = {(int(stage), code): 0 for stage in OPEN_STAGES for code in STANDARD if code != "overdue"}
    actions.change_health(off, ladder=ladder, seen=1, by=cast.executive, at=NOW)


def make_overdue(owner: Membership, name: str = "Pump") -> Opportunity:
    return make_opportunity(owner, 100, TODAY - DAY, name=name)


def raise_flag(opportunity: Opportunity) -> None:
    """Let it be known as overdue, with an alert that nobody has heard of."""
    Opportunity.objects.filter(pk=opportunity.pk).update(flags=["overdue"], health="risk")
    Alert.objects.get_or_create(opportunity=opportunity, code="overdue", cleared_at=None, defaults={"since": NOW})


def text_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(f"/o/acme/forecast/{path}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()
