"""Giving a discount; how much may be given without asking."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries
from funnel.discounts import after
from funnel.forms import DiscountForm, DiscountsForm, standing_limits
from funnel.models import Opportunity
from funnel.stages import Status
from funnel.views.answers import dialog, parts, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.formats import exact
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, conflict, go, org_view, render_page


@org_view(Permission.FUNNEL_EDIT)
@read_write
def discount(request: OrgRequest, pk: int) -> HttpResponse:
    """Give a discount; beyond what one may give alone it is offered to ask."""
    found = queries.opportunity_or_404(request.membership, pk)
    if found.status != Status.OPEN:
        error = labels.REFUSALS["closed"]
        return dialog(request, "refused", error=error, opportunity=found, status=422)
    percent = labels.percent_text(found.discount) if found.discount else request.GET.get("percent", "")[:5]
    initial = {"percent": percent, "version": found.version}
    form, beyond = DiscountForm(request.POST if request.method == "POST" else None, initial=initial), ""
    if form.is_valid():
        wanted, seen = form.cleaned_data["percent"], form.cleaned_data["version"]
        try:
            given = actions.give_discount(found, wanted, seen=seen, by=request.membership, at=request.now)
            text = _("Discount of %(percent)s%%") % {"percent": labels.percent_text(given.discount)}
            return announce(parts(request, given, text), "approvals-changed")
        except Stale as stale:
            return _stale(request, found, stale, wanted)
        except Refused as refused:
            beyond = labels.percent_text(wanted) if refused.code == "discount_beyond" else ""
            refuse(form, refused)
    context = {"form": form, "opportunity": found, "basis": found.basis, "beyond": beyond}
    context["currency"] = found.quoted_currency or request.organization.currency
    context["may"] = labels.percent_text(queries.may_give(found, request.membership, on=request.today))
    return dialog(request, "discount", status=422 if request.method == "POST" else 200, **context)


def _stale(request: OrgRequest, found: Opportunity, stale: Stale, wanted: Decimal) -> HttpResponse:
    """Answer 409 with the amount that stands, and what the discount would have left."""
    mine = after(found.basis.price, wanted) if found.basis.price is not None else None
    return conflict(request, [(_("Amount"), exact(found.amount), exact(mine))], stale, version=found.version)


@org_view(Permission.SETTINGS_EDIT)
@read_write
def discounts(request: OrgRequest) -> HttpResponse:
    """Show and change how much may be given without asking."""
    setting = queries.discount_setting()
    form = DiscountsForm(request.POST if request.method == "POST" else None, initial=standing_limits(setting))
    if form.is_valid():
        try:
            seen = form.cleaned_data["version"]
            actions.change_discounts(form.limits(), seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "discounts"))
        except Stale as stale:
            return _both(request, form, stale, setting.version)
        except Refused as refused:
            form.add_error("rep", labels.refusal(refused))
    context = {"form": form, "effects": _effects(form)}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "funnel/discounts.html", context, partial="form", status=status)


def _effects(form: DiscountsForm) -> list[Any]:
    return queries.limit_effects(form.limits()) if form.is_bound and form.is_valid() else []


def _both(request: OrgRequest, form: DiscountsForm, stale: Stale, version: int) -> HttpResponse:
    """Answer 409 with both values of what differs."""
    names = {"rep": "rep_percent", "manager": "manager_percent"}
    rows = [
        (form.fields[name].label, labels.percent_text(stale.theirs[key]), labels.percent_text(form.cleaned_data[name]))
        for name, key in names.items()
        if stale.theirs[key] != form.cleaned_data[name]
    ]
    return conflict(request, rows, stale, version=version)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def discounts_effect(request: OrgRequest) -> HttpResponse:
    """Say what these limits would do, before they are saved."""
    return render(request, "funnel/discounts.html#effect", {"effects": _effects(DiscountsForm(request.POST))})
