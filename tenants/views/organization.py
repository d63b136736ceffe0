"""Settings: what there is to set and what it stands at; the organization itself."""

from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import actions, labels, queries
from tenants.effects import seal, standing
from tenants.errors import Refused, Stale
from tenants.forms.organization import OrganizationForm
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page


@org_view(Permission.SETTINGS_EDIT)
@require_safe
def settings(request: OrgRequest) -> HttpResponse:
    """Show what there is to set, and what each of it stands at."""
    org = request.organization
    rates = queries.rates()
    return render_page(
        request,
        "tenants/settings.html",
        {
            "month": labels.value_words("fiscal_year_start", org.fiscal_year_start),
            "language": labels.value_words("language", org.language),
            "counts": queries.counts(org, request.today.year),
            "rates": len(rates),
            "codes": labels.in_a_row(code for code, _dated in rates),
            "standings": [
                (page, standing(page.view, request.membership, request.today)) for page in labels.SETTING_PAGES
            ],
        },
    )


@org_view(Permission.SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def organization(request: OrgRequest) -> HttpResponse:
    """Show and change the settings of the organization; what changes numbers must be confirmed."""
    org = request.organization
    if request.method != "POST":
        return _page(request, OrganizationForm(initial=OrganizationForm.values_of(org)))
    form = OrganizationForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    fields = dict(form.cleaned_data)
    seen = fields.pop("version")
    told = _told(request, fields)
    if seen == org.version and told["asks"] and not told["confirmed"]:
        form.add_error(None, _("Read what this will do, then confirm it."))
        return _page(request, form, status=422, **told)
    try:
        actions.change_organization(org, seen=seen, by=request.membership, at=request.now, **fields)
    except Stale as stale:
        return _stale(request, form, stale)
    except Refused as refused:
        form.add_error("name" if refused.code == "name_missing" else "currency", labels.refusal(refused))
        return _page(request, form, status=422, **told)
    messages.success(request, _("The settings are saved."))
    return go(request, reverse("tenants:organization", args=[org.slug]))


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def organization_effects(request: OrgRequest) -> HttpResponse:
    """Say what these settings would do; nothing is changed."""
    form = OrganizationForm(request.POST)
    form.is_valid()
    fields = {name: value for name, value in form.cleaned_data.items() if name != "version"}
    return _page(request, form, partial="effects", **_told(request, fields))


def _told(request: OrgRequest, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what new values will do, whether that must be confirmed, and whether it was."""
    org = request.organization
    effects = queries.effects_of(org, fields, request.now)
    key = seal({name: value for name, value in fields.items() if getattr(org, name) != value})
    stops = any(effect.stops for effect in effects)
    return {
        "effects": effects,
        "stops": stops,
        "asks": not stops and any(effect.asks for effect in effects),
        "seal": key,
        "confirmed": request.POST.get("confirmed") == key,
    }


def _page(
    request: OrgRequest, form: OrganizationForm, *, partial: str = "form", status: int = 200, **told: Any
) -> HttpResponse:
    context = {"form": form, "zones": sorted(available_timezones()), **told}
    return render_page(request, "tenants/organization.html", context, partial=partial, status=status)


def _stale(request: OrgRequest, form: OrganizationForm, stale: Stale) -> HttpResponse:
    rows = []
    for name, theirs in stale.theirs.items():
        if theirs != form.cleaned_data[name]:
            mine = form.cleaned_data[name]
            rows.append((labels.field_words(name), labels.value_words(name, theirs), labels.value_words(name, mine)))
    return conflict(request, rows, stale, version=stale.version)
