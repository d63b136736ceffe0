"""Settings: what there is to set, the organization itself, its currencies, its calendar."""

from datetime import date
from typing import Any
from urllib.parse import quote
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from tenants import actions, labels, queries
from tenants.errors import Refused, Stale
from tenants.forms.organization import HolidayForm, OrganizationForm, RateForm
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, toast


@org_view(Permission.SETTINGS_EDIT)
@require_safe
def settings(request: OrgRequest) -> HttpResponse:
    """Show what there is to set, with what waits there."""
    return render_page(
        request,
        "tenants/settings.html",
        {
            "people": queries.people().count(),
            "invitations": queries.open_invitations().count(),
            "teams": queries.teams().count(),
            "rates": len(queries.rates()),
            "holidays": queries.holidays_of(request.today.year).count(),
        },
    )


@org_view(Permission.SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def organization(request: OrgRequest) -> HttpResponse:
    """Show and change the settings of the organization."""
    org = request.organization
    if request.method != "POST":
        return _organization_page(request, OrganizationForm(initial=OrganizationForm.values_of(org)))
    form = OrganizationForm(request.POST)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        seen = fields.pop("version")
        try:
            actions.change_organization(org, seen=seen, by=request.membership, at=request.now, **fields)
        except Stale as stale:
            return _stale(request, form, stale)
        except Refused as refused:
            form.add_error("currency", labels.refusal(refused.code, refused.data))
        else:
            messages.success(request, _("The settings are saved."))
            return go(request, reverse("tenants:organization", args=[org.slug]))
    return _organization_page(request, form, status=422)


def _organization_page(request: OrgRequest, form: OrganizationForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "zones": sorted(available_timezones())}
    return render_page(request, "tenants/organization.html", context, partial="form", status=status)


def _stale(request: OrgRequest, form: OrganizationForm, stale: Stale) -> HttpResponse:
    rows = []
    for name, theirs in stale.theirs.items():
        if name != "version" and theirs != form.cleaned_data[name]:
            mine = form.cleaned_data[name]
            rows.append((labels.field_words(name), labels.value_words(name, theirs), labels.value_words(name, mine)))
    return conflict(
        request,
        rows,
        changed_by=stale.changed_by,
        changed_at=stale.changed_at,  # type: ignore[arg-type]  # the audit's moment
        template="tenants/organization.html",
        context={"form": form, "zones": sorted(available_timezones()), "version": stale.theirs["version"]},
    )


# Currencies ---------------------------------------------------------------------------------------


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
            form.add_error("on", labels.refusal(refused.code, refused.data))
        else:
            messages.success(request, _("The rate is saved."))
            return go(request, reverse("tenants:currencies", args=[org.slug]))
    return _currencies_page(request, form, status=422)


def _currencies_page(request: OrgRequest, form: RateForm, status: int = 200) -> HttpResponse:
    names = dict(labels.CURRENCIES)
    context = {
        "form": form,
        "currency_name": names[request.organization.currency],
        "rates": [(code, names.get(code, code), rates) for code, rates in queries.rates()],
    }
    return render_page(request, "tenants/currencies.html", context, partial="rates", status=status)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def delete_rate(request: OrgRequest, pk: int) -> HttpResponse:
    """Delete a rate, with a way back."""
    rate = queries.rate_or_404(pk)
    slug = request.organization.slug
    back = f"?currency={rate.currency}&on={rate.on}&rate={rate.rate}"
    actions.delete_rate(rate, by=request.membership, at=request.now)
    if not request.htmx:
        messages.success(request, _("The rate is deleted."))
        return go(request, reverse("tenants:currencies", args=[slug]))
    page = _currencies_page(request, RateForm(organization=request.organization, initial={"on": request.today}))
    return toast(page, _("The rate is deleted."), undo_url=reverse("tenants:restore_rate", args=[slug]) + back)


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
        return toast(HttpResponse(status=204), labels.refusal(refused.code, refused.data), kind="error")
    return HttpResponseClientRefresh()


# Calendar -----------------------------------------------------------------------------------------


@org_view(Permission.SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: OrgRequest) -> HttpResponse:
    """Show the holidays of a year, and add some."""
    if request.method != "POST":
        return _calendar_page(request, HolidayForm(), _year(request))
    form = HolidayForm(request.POST)
    if form.is_valid():
        try:
            actions.add_days_to_calendar(
                request.organization, by=request.membership, at=request.now, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error("first", labels.refusal(refused.code, refused.data))
        else:
            messages.success(request, _("The calendar is saved."))
            to = reverse("tenants:calendar", args=[request.organization.slug])
            return go(request, f"{to}?year={form.cleaned_data['first'].year}")
    return _calendar_page(request, form, _year(request), status=422)


def _year(request: OrgRequest) -> int:
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else request.today.year
    return year if 1970 <= year <= 2200 else request.today.year


def _calendar_page(request: OrgRequest, form: HolidayForm, year: int, status: int = 200) -> HttpResponse:
    days = queries.calendar_of(request.organization)
    months: list[dict[str, Any]] = [
        {"name": name, "days": days.count(date(year, month, 1), _last_day(year, month))}
        for month, name in labels.MONTHS
    ]
    context = {
        "form": form,
        "year": year,
        "holidays": queries.holidays_of(year),
        "months": months,
        "total": sum(month["days"] for month in months),
    }
    return render_page(request, "tenants/calendar.html", context, partial="days", status=status)


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def delete_holiday(request: OrgRequest, pk: int) -> HttpResponse:
    """Take a day out of the calendar, with a way back."""
    holiday = queries.holiday_or_404(pk)
    year = holiday.on.year
    slug = request.organization.slug
    back = f"?first={holiday.on}&name={quote(holiday.name)}" + ("&is_working=on" if holiday.is_working else "")
    actions.delete_from_calendar(holiday, by=request.membership, at=request.now)
    if not request.htmx:
        messages.success(request, _("The day is deleted."))
        return go(request, reverse("tenants:calendar", args=[slug]) + f"?year={year}")
    page = _calendar_page(request, HolidayForm(), year)
    return toast(page, _("The day is deleted."), undo_url=reverse("tenants:restore_holiday", args=[slug]) + back)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def restore_holiday(request: OrgRequest) -> HttpResponse:
    """Undo a deletion: add the day named in the address again."""
    form = HolidayForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=422)
    try:
        actions.add_days_to_calendar(request.organization, by=request.membership, at=request.now, **form.cleaned_data)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused.code, refused.data), kind="error")
    return HttpResponseClientRefresh()
