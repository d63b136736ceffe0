"""The home pages, which compose what the apps answer."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.queries import search as find
from activities.queries import exceptions, today_of
from funnel.queries import parts_owed
from salesops import queries
from tenants.permissions import Permission, Role
from tenants.queries import memberships_of, person_or_404
from tenants.web import OrgRequest, open_view, org_view, render_page


@open_view("sends a signed-in person to their organization, anyone else to the sign-in page")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Go where this person works; someone in no organization is told so."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    membership = min(memberships_of(request.user), key=lambda each: each.pk, default=None)
    if membership is None:
        return render(request, "tenants/no_organization.html")
    return redirect("salesops:start", membership.organization.slug)


@org_view(Permission.HOME_VIEW)
@require_safe
def start(request: OrgRequest) -> HttpResponse:
    """Go to the start page: who owns or helps → today, manager → board, executive → forecast, admin → settings."""
    membership = request.membership
    pages = {
        Role.REP: "salesops:today",
        Role.PARTNER: "salesops:today",
        Role.MANAGER: "funnel:board",
        Role.EXECUTIVE: "forecasting:forecast",
        Role.COLLEAGUE: "tenants:settings" if membership.is_admin else "salesops:today",
    }
    return redirect(reverse(pages[Role(membership.role)], args=[request.organization.slug]))


@org_view(Permission.HOME_VIEW)
@require_safe
def today(request: OrgRequest) -> HttpResponse:
    """Show what waits for me today; a manager also what is not in order in the team."""
    membership = request.membership
    context = {
        "day": today_of(membership, request.now, request.today) if membership.can(Permission.VISIT_VIEW) else None,
        "owes": not membership.can(Permission.VISIT_VIEW) and bool(parts_owed(membership)),
        "team": exceptions(membership, request.now, request.today) if membership.can(Permission.REVIEW_RUN) else None,
    }
    return render_page(request, "salesops/today.html", context)


@org_view(Permission.HOME_VIEW)
@require_safe
def search(request: OrgRequest) -> HttpResponse:
    """Answer the palette: what I may see with these letters anywhere in its name."""
    text = request.GET.get("q", "").replace("\x00", "")[:200]
    found = find(request.membership, text) if request.membership.can(Permission.ACCOUNT_VIEW) else []
    return render(request, "salesops/search.html", {"groups": found})


@org_view(Permission.HOME_VIEW)
@require_safe
def sees(request: OrgRequest, pk: int) -> HttpResponse:
    """Show in numbers what a member sees: their own to everyone, anybody's to an admin, who learns counts alone."""
    person = person_or_404(pk)
    if person.pk != request.membership.pk and not request.membership.can(Permission.PEOPLE_EDIT):
        raise PermissionDenied
    context = {"person": person, "seen": queries.sight(person, request.membership)}
    return render_page(request, "salesops/sees.html", context, partial="panel")


@org_view(Permission.PEOPLE_EDIT)
@require_safe
def holds(request: OrgRequest, pk: int) -> HttpResponse:
    """Show how much stands on a member's name: what waits when they are deactivated."""
    person = person_or_404(pk)
    context = {"person": person, "held": queries.holdings(person, request.membership, today=request.today)}
    return render_page(request, "salesops/holds.html", context, partial="panel")
