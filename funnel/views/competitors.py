"""Competitors: how often we met each, how it went, and what worked."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, filters, labels, queries
from funnel.forms import AdoptForm
from funnel.views.answers import url_of
from tenants.errors import Refused
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def competitors(request: OrgRequest) -> HttpResponse:
    """Show every competitor, with what was won and lost against each."""
    by = request.membership
    may_adopt = by.can(Permission.ACCOUNT_EDIT) and by.can(Permission.FUNNEL_EDIT)
    context = {"met": queries.competitors(by), "unlinked": queries.unlinked(by), "may_adopt": may_adopt}
    return render_page(request, "funnel/competitors/list.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def competitor(request: OrgRequest, pk: int) -> HttpResponse:
    """Show one competitor: won and lost, what is open, our answers."""
    return render_page(request, "funnel/competitors/one.html", _against(request, pk))


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def competitor_panel(request: OrgRequest, pk: int) -> HttpResponse:
    """Show on the page of a company kept as a competitor how we fare against it."""
    part = "open" if request.htmx.target == "against-open" else "parts"
    return render(request, f"funnel/competitors/one.html#{part}", _against(request, pk))


def _against(request: OrgRequest, pk: int) -> dict[str, Any]:
    """Return what is known of a competitor; what is open now is narrowed by health and flag."""
    account, wanted = queries.competitor_or_404(request.membership, pk), filters.read(request.GET)
    return {"told": queries.against(request.membership, account, wanted), "filters": wanted}


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def competitor_adopt(request: OrgRequest) -> HttpResponse:
    """Keep a name, under which opportunities were lost, as a competitor, and link them to it."""
    if not request.membership.can(Permission.ACCOUNT_EDIT):
        raise PermissionDenied
    form = AdoptForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("competitor_needed")
        account, linked = actions.adopt_rival(form.cleaned_data["name"], by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused))
        return go(request, url_of(request, "competitors"))
    text = ngettext("%(name)s: %(n)s lost opportunity linked", "%(name)s: %(n)s lost opportunities linked", linked)
    messages.success(request, text % {"name": account.name, "n": f"{linked:,}"})
    return go(request, url_of(request, "competitor", account.pk))
