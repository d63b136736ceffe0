"""Addresses of this app's pages about the same period and people."""

from urllib.parse import urlencode

from forecasting import queries
from forecasting.periods import Period
from tenants.web import OrgRequest, to_page

_FILTERS = {"m": "owner", "t": "team"}
"""How the lists of opportunities and leads ask for a person or a team; the pages here ask `who=m7`, `who=t7`."""


def whose_of(request: OrgRequest) -> queries.Scope:
    """Return whose numbers are asked for, in the words of these pages or in those of the lists.

    :raises Http404: a team or person that is not there, or not visible.
    """
    asked = request.GET
    listed = next((f"{kind}{asked[name]}" for kind, name in _FILTERS.items() if asked.get(name)), "")
    return queries.scope(request.membership, asked.get("who", listed))


def of_list(request: OrgRequest, name: str, who: str, **more: object) -> str:
    """Return the address of a list of the funnel about the same people."""
    people = {_FILTERS[who[0]]: who[1:]} if who else {}
    query = urlencode({key: str(value) for key, value in {**more, **people}.items() if value not in ("", None)})
    return f"{to_page(request, f'funnel:{name}')}?{query}".rstrip("?")


def address(request: OrgRequest, name: str, period: Period, who: str, **more: object) -> str:
    """Return the address of a page of this app about the same period and people."""
    asked = {"period": period.kind, "on": period.starts_on.isoformat(), "who": who, **more}
    query = urlencode({key: str(value) for key, value in asked.items() if value not in ("", None)})
    return f"{to_page(request, f'forecasting:{name}')}?{query}"


def siblings(request: OrgRequest, page: str, period: Period, who: str) -> dict[str, str]:
    """Return what `forecasting/pages.html` needs: which of the pages this is, and the addresses of the others."""
    names = ("forecast", "changes", "past", "flow", "shape")
    return {"page": page, **{f"to_{name}": address(request, name, period, who) for name in names}}
