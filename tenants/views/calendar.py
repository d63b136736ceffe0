"""Settings: days off, and the working days that make up for them."""

from datetime import date
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from tenants import actions, labels, queries
from tenants.errors import Refused
from tenants.forms.organization import HolidayForm
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page, to_page, toast


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
            form.add_error("first", labels.refusal(refused))
        else:
            messages.success(request, _("The calendar is saved."))
            to = to_page(request, "tenants:calendar")
            return go(request, f"{to}?year={form.cleaned_data['first'].year}")
    return _calendar_page(request, form, _year(request), status=422)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def calendar_effects(request: OrgRequest) -> HttpResponse:
    """Say how many working days the months would have; nothing is changed."""
    form = HolidayForm(request.POST)
    form.is_valid()
    typed = form.cleaned_data
    told = None
    if typed.get("first") and typed.get("last"):
        told = queries.days_told(
            request.organization, typed["first"], typed["last"], is_working=typed.get("is_working", False)
        )
    return _calendar_page(request, form, _year(request), partial="effects", told=told)


def _year(request: OrgRequest) -> int:
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else request.today.year
    return year if 1970 <= year <= 2200 else request.today.year


def _calendar_page(
    request: OrgRequest, form: HolidayForm, year: int, *, partial: str = "days", status: int = 200, **more: Any
) -> HttpResponse:
    days = queries.calendar_of(request.organization)
    months: list[dict[str, Any]] = [
        {"name": name, "days": days.count(date(year, month, 1), _last_day(year, month))}
        for month, name in labels.MONTHS
    ]
    context = {
        **more,
        "form": form,
        "year": year,
        "holidays": queries.holidays_of(year),
        "months": months,
        "total": sum(month["days"] for month in months),
    }
    return render_page(request, "tenants/calendar.html", context, partial=partial, status=status)


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
        return toast(HttpResponse(status=204), labels.refusal(refused), kind="error")
    return HttpResponseClientRefresh()
