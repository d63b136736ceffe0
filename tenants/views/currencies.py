"""Settings: the dated rates of other currencies."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from tenants import actions, labels, queries
from tenants.errors import Refused
from tenants.forms.organization import RateForm
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page, toast


@org_view(Permission.SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def currencies(request: OrgRequest) -> HttpResponse:
    """Show the dated rates, and add one."""
    org = request.organization
    if request.method != "POST":
        return _currencies_page(request, RateForm(organization=org, initial={"on": request.today}))
    form = RateForm(request.POST, organization=org)
    if form.is_valid():
        try:
            actions.add_rate(org, by=request.membership, at=request.now, **form.cleaned_data)
        except Refused as refused:
            form.add_error("on", labels.refusal(refused))
        else:
            messages.success(request, _("The rate is saved."))
            return go(request, reverse("tenants:currencies", args=[org.slug]))
    return _currencies_page(request, form, status=422)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def rate_effects(request: OrgRequest) -> HttpResponse:
    """Say what a rate would mean for what was typed and what is converted from now on; nothing is changed."""
    org = request.organization
    form = RateForm(request.POST, organization=org)
    told = None
    if form.is_valid():
        data = form.cleaned_data
        new = queries.NewRate(currency=data["currency"], on=data["on"], rate=data["rate"])
        told = queries.rate_told(org, new, request.now)
    return _currencies_page(request, form, partial="effects", told=told)


def _currencies_page(
    request: OrgRequest, form: RateForm, *, partial: str = "rates", status: int = 200, **more: Any
) -> HttpResponse:
    names = dict(labels.CURRENCIES)
    context = {
        **more,
        "form": form,
        "currency_name": names[request.organization.currency],
        "rates": [(code, names.get(code, code), rates) for code, rates in queries.rates()],
    }
    return render_page(request, "tenants/currencies.html", context, partial=partial, status=status)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def delete_rate(request: OrgRequest, pk: int) -> HttpResponse:
    """Delete a rate, with a way back."""
    rate = queries.rate_or_404(pk)
    slug = request.organization.slug
    back = f"?currency={rate.currency}&on={rate.on}&rate={rate.rate}"
    said = " ".join([_("The rate is deleted."), *(effect.text for effect in queries.rate_lost(rate, request.now))])
    try:
        actions.delete_rate(rate, by=request.membership, at=request.now)
    except Refused as refused:
        sentence = labels.refusal(refused)
        blank = RateForm(organization=request.organization, initial={"on": request.today, "currency": rate.currency})
        return _currencies_page(request, blank, status=422, refused=sentence)
    if not request.htmx:
        messages.success(request, said)
        return go(request, reverse("tenants:currencies", args=[slug]))
    page = _currencies_page(request, RateForm(organization=request.organization, initial={"on": request.today}))
    return toast(page, said, undo_url=reverse("tenants:restore_rate", args=[slug]) + back)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def restore_rate(request: OrgRequest) -> HttpResponse:
    """Undo a deletion: add the rate named in the address again."""
    form = RateForm(request.GET, organization=request.organization)
    if not form.is_valid():
        return HttpResponse(status=422)
    try:
        actions.add_rate(request.organization, by=request.membership, at=request.now, **form.cleaned_data)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused), kind="error")
    return HttpResponseClientRefresh()
