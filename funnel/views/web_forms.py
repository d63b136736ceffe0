"""What is asked of leads, the web forms that bring them, and the one address that is open to those forms."""

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries, web_forms
from funnel.forms import CriteriaForm, WebFormForm, standing_criteria
from funnel.leads import Criterion
from funnel.views.answers import read_write, refuse, url_of
from tenants.effects import seal
from tenants.errors import Refused, Stale
from tenants.formats import exact
from tenants.labels import in_a_row
from tenants.models import Organization
from tenants.permissions import Permission
from tenants.scoping import reading
from tenants.web import OrgRequest, both, conflict, go, open_view, org_view, render_page


@org_view(Permission.SETTINGS_EDIT)
@read_write
def lead_settings(request: OrgRequest) -> HttpResponse:
    """Show and change what is asked of a lead."""
    setting = queries.setting()
    form = CriteriaForm(request.POST if request.method == "POST" else None, initial=standing_criteria(setting))
    told = _told(request, form)
    if form.is_valid() and form.cleaned_data["version"] == setting.version and told["asks"] and not told["confirmed"]:
        form.add_error(None, _("Read what this will do, then confirm it."))
    if form.is_valid():
        try:
            seen = form.cleaned_data["version"]
            actions.change_criteria(form.criteria(), seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "lead_settings"))
        except Stale as stale:
            return _both(request, form, stale, setting.version)
        except Refused as refused:
            form.add_error("months" if refused.code == "months_range" else "budget_from", labels.refusal(refused))
    context = {"form": form, "criteria": labels.CRITERIA, "setting": setting, **told}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "funnel/leads/settings.html", context, partial="form", status=status)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def lead_effects(request: OrgRequest) -> HttpResponse:
    """Say how many open leads these criteria would judge otherwise, before they are saved."""
    return render(request, "funnel/leads/settings.html#effects", _told(request, CriteriaForm(request.POST)))


def _told(request: OrgRequest, form: CriteriaForm) -> dict[str, Any]:
    """Return what these criteria will do, and whether it was confirmed."""
    if not (form.is_bound and form.is_valid()):
        return {"asks": False}
    wanted = form.criteria()
    effects = queries.criteria_effects(wanted, today=request.today)
    key = seal({"budget_from": wanted.budget_from, "months": wanted.months, "musts": sorted(wanted.musts)})
    confirmed = request.POST.get("confirmed") == key
    return {"effects": effects, "asks": bool(effects), "seal": key, "confirmed": confirmed, "is_told": True}


def _both(request: OrgRequest, form: CriteriaForm, stale: Stale, version: int) -> HttpResponse:
    """Answer 409 with both values of what differs."""

    def shown(name: str, value: Any) -> Any:
        if name == "budget_from":
            return exact(value)
        return in_a_row(labels.ASKED[Criterion(each)] for each in value) if name == "musts" else value

    wanted = form.criteria()
    mine = {"budget_from": wanted.budget_from, "months": wanted.months, "musts": sorted(wanted.musts)}
    return conflict(request, both(form, stale.theirs, mine, shown), stale, version=version)


@org_view(Permission.IMPORT_RUN)
@read_write
def web_form_list(request: OrgRequest) -> HttpResponse:
    """Show the web forms, and make one."""
    form = WebFormForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = actions.make_web_form(by=request.membership, at=request.now, **form.cleaned_data)
            messages.success(request, _("Web form made: %(name)s") % {"name": made.name})
            return go(request, url_of(request, "web_form", made.pk))
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "web_forms": queries.web_forms()}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "funnel/leads/web_forms.html", context, partial="pane", status=status)


@org_view(Permission.IMPORT_RUN)
@read_write
def web_form(request: OrgRequest, pk: int) -> HttpResponse:
    """Show a web form: its address, how to sign, and who gets its leads."""
    found = queries.web_form_or_404(pk)
    form = WebFormForm(request.POST if request.method == "POST" else None, web_form=found)
    if form.is_valid():
        try:
            typed = dict(form.cleaned_data)
            seen = typed.pop("version")
            actions.change_web_form(found, seen=seen, by=request.membership, at=request.now, **typed)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "web_form", pk))
        except Stale as stale:
            rows = both(form, stale.theirs, typed, lambda _name, value: _shown(value))
            return conflict(request, rows, stale, version=stale.version)
        except Refused as refused:
            refuse(form, refused)
    return _web_form_page(request, pk, form, status=422 if request.method == "POST" else 200)


def _shown(value: Any) -> str:
    return (
        ("\N{CHECK MARK}" if value else "\N{EN DASH}")
        if isinstance(value, bool)
        else str(getattr(value, "name", value))
    )


def _web_form_page(
    request: OrgRequest, pk: int, form: WebFormForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    found = queries.web_form_or_404(pk)
    context = {
        "web_form": found,
        "form": form,
        "secret": secret,
        "address": request.build_absolute_uri(reverse("web_lead", args=[found.key])),
        "limits": web_forms.LIMITS.items(),
        "tolerance": web_forms.TOLERANCE,
    }
    return render_page(request, "funnel/leads/web_form.html", context, partial="pane", status=status)


@org_view(Permission.IMPORT_RUN)
@never_cache
@require_POST
def web_form_secret(request: OrgRequest, pk: int) -> HttpResponse:
    """Show the secret of a web form; the audit says who looked."""
    found = queries.web_form_or_404(pk)
    secret = actions.show_secret(found, by=request.membership, at=request.now)
    return _web_form_page(request, pk, WebFormForm(web_form=found), secret=secret)


@org_view(Permission.IMPORT_RUN)
@never_cache
@require_POST
def web_form_renew(request: OrgRequest, pk: int) -> HttpResponse:
    """Give a web form a new secret, and show it."""
    found = actions.renew_secret(queries.web_form_or_404(pk), by=request.membership, at=request.now)
    return _web_form_page(request, pk, WebFormForm(web_form=found), secret=actions.secrets_of(found)[0])


_STATUS = {
    "unknown_form": 404,
    "too_many": 429,
    "too_large": 413,
    "not_json": 400,
    "fields_wrong": 422,
    "signature_missing": 401,
    "signature_wrong": 401,
    "timestamp_old": 401,
    "replayed": 409,
}


def _no(code: str, **data: Any) -> JsonResponse:
    """Answer an error: a code for programs, a sentence for their authors."""
    answer = {"error": code, "message": labels.WEB_ERRORS[code] % data, **({k: data[k] for k in data if k == "fields"})}
    response = JsonResponse(answer, status=_STATUS[code])
    if code == "too_many":
        response["Retry-After"] = "60"
    return response


@csrf_exempt  # no session speaks here: the signature over timestamp and body is what a browser cannot forge
@open_view("a web form of an organization sends leads; its signature is the door, nothing can be read through it")
@never_cache
@require_POST
def web_lead(request: HttpRequest, *, key: str) -> HttpResponse:
    """Take a lead from a web form. Whatever is known of it already, the answer is the same."""
    if not ratelimit.consume(request, action="web_form"):
        return _no("too_many")
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > web_forms.LONGEST_BODY:
        return _no("too_large", limit=web_forms.LONGEST_BODY)
    place = web_forms.split_key(key)
    if place is None:
        return _no("unknown_form")
    try:
        with reading(Organization(pk=place[0])):
            _receive(request, place[1])
    except Refused as refused:
        return _no(refused.code, **refused.data)
    return JsonResponse({"status": "received"}, status=202)


def _receive(request: HttpRequest, token: str) -> None:
    """Check the signature, read the fields, record the lead.

    :raises Refused: with one of the codes of `_STATUS`.
    """
    form = queries.web_form_with(token)
    if form is None:
        raise Refused("unknown_form")
    timestamp, body = request.headers.get("X-Salesops-Timestamp", ""), request.body
    now = timezone.now()
    web_forms.check_signature(
        actions.secrets_of(form),
        timestamp=timestamp,
        signature=request.headers.get("X-Salesops-Signature", ""),
        body=body,
        now=int(now.timestamp()),
    )
    actions.receive(form, web_forms.read(body), digest=web_forms.digest(timestamp, body), at=now)
