"""Where the settings of an organization are, and what their form sends."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from tenants import actions
from tenants.models import ExchangeRate, Membership, Organization
from tenants.scoping import working_for
from tests.cast import AT, Cast

Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(f"tenants:{name}", args=[cast.org.slug, *args])


def form(cast: Cast, **values: Any) -> dict[str, Any]:
    org = Organization.objects.get(pk=cast.org.pk)
    return {
        "name": org.name,
        "currency": org.currency,
        "language": org.language,
        "time_zone": org.time_zone,
        "fiscal_year_start": org.fiscal_year_start,
        "working_days": list(org.working_days),
        "version": org.version,
        **values,
    }


def confirmed(client: Client, cast: Cast, **values: Any) -> dict[str, Any]:
    """Return what the form sends after its effects were read and confirmed."""
    told = client.post(url(cast, "organization_effects"), form(cast, **values), headers=HTMX).content.decode()
    found = re.search(r'name="confirmed" value="(\w+)"', told)
    return {**form(cast, **values), **({"confirmed": found[1]} if found else {})}


def add_rate(cast: Cast, currency: str = "USD", on: date = date(2026, 1, 1), rate: str = "32.5") -> ExchangeRate:
    with working_for(cast.org):
        return actions.add_rate(cast.org, currency=currency, on=on, rate=Decimal(rate), by=cast.admin, at=AT)
