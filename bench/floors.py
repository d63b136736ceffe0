"""Views that nothing could be much faster than: "hello", and the rows of a page without sign-in and chrome."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils import timezone

from funnel import queries
from funnel.filters import Filters
from tenants.models import Membership
from tenants.scoping import reading

ROWS = "{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}"
SHOWN = [
    "account__name",
    "name",
    "stage",
    "amount",
    "expected_close_on",
    "owner__user__name",
    "health",
    "next_step",
    "next_step_on",
]


def hello(_request: HttpRequest) -> HttpResponse:
    """Answer without the database."""
    return whole("hello")


def whole(text: str) -> HttpResponse:
    """Answer with this text and its length, without which a server cannot keep the connection."""
    response = HttpResponse(text)
    response["Content-Length"] = str(len(response.content))
    return response


def executive(org: str) -> Membership:
    """Return who sees everything."""
    found: Membership = Membership.objects.select_related("organization", "user").get(
        organization__slug=org, role="executive", is_admin=True
    )
    return found


def answer(rows: Iterable[Any]) -> HttpResponse:
    """Answer with a bare table."""
    return whole(engines["django"].from_string(ROWS).render({"rows": rows}))


def listed(_request: HttpRequest, org: str) -> HttpResponse:
    """The fifty rows of the list."""
    who = executive(org)
    with reading(who.organization):
        rows = queries.in_order(queries.listed(who, Filters(), today=today(who)), Filters())
        return answer(rows.values_list(*SHOWN)[:50])


def board(_request: HttpRequest, org: str) -> HttpResponse:
    """The cards of the board."""
    who = executive(org)
    with reading(who.organization):
        shown = queries.board(who, Filters(), today=today(who))
        return answer([(card,) for column in shown.columns for card in column.cards])


def opportunity(_request: HttpRequest, org: str, pk: int) -> HttpResponse:
    """The facts and the change log of one opportunity."""
    who = executive(org)
    with reading(who.organization):
        rows = queries.visible(who).filter(pk=pk)
        log = rows.values_list("changes__kind", "changes__old", "changes__new", "changes__occurred_at")
        return answer([*rows.values_list(*SHOWN), *log])


def today(who: Membership) -> date:
    """Return the day of the organization."""
    return timezone.now().astimezone(who.organization.zone).date()


urlpatterns = [
    path("bench/hello/", hello),
    path("bench/bare/hello/", hello),
    path("bench/<slug:org>/list/", listed),
    path("bench/<slug:org>/board/", board),
    path("bench/<slug:org>/opportunity/<int:pk>/", opportunity),
]
