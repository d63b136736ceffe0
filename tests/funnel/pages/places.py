"""The pages of opportunities: their addresses, and what is asked of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from funnel.models import Opportunity
from tenants.models import Membership
from tests.cast import Cast
from tests.funnel.factories import DAY, make_opportunity

HTMX = {"HX-Request": "true"}
Login = Callable[[Membership], Client]


def url(cast: Cast, path: str = "") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def recent(owner: Membership, name: str = "Energy monitoring", **facts: Any) -> Opportunity:
    """Open an opportunity three days ago."""
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


def text(response: Any) -> str:
    return str(response.content.decode())


GOING_ON = {"anyway": "on", "why": "they hurry", "until": (timezone.now() + timedelta(7)).date().isoformat()}


def drop(client: Client, cast: Cast, opportunity: Opportunity, stage: int, **data: Any) -> Any:
    data = {"stage": stage, "version": opportunity.version, **data}
    return client.post(url(cast, f"{opportunity.pk}/move/?on=board"), data, headers=HTMX)
