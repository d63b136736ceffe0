"""Addresses of this app's pages about the same period and people."""

from urllib.parse import urlencode

from django.urls import reverse

from forecasting.periods import Period
from tenants.web import OrgRequest


def address(request: OrgRequest, name: str, period: Period, who: str, **more: object) -> str:
    """Return the address of a page of this app about the same period and people."""
    asked = {"period": period.kind, "on": period.starts_on.isoformat(), "who": who, **more}
    query = urlencode({key: str(value) for key, value in asked.items() if value not in ("", None)})
    return f"{reverse(f'forecasting:{name}', args=[request.organization.slug])}?{query}"


def siblings(request: OrgRequest, page: str, period: Period, who: str) -> dict[str, str]:
    """Return what `forecasting/pages.html` needs: which of the pages this is, and the addresses of the others."""
    names = ("forecast", "changes", "past", "flow", "shape")
    return {"page": page, **{f"to_{name}": address(request, name, period, who) for name in names}}
