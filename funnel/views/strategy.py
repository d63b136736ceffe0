"""The strategy sheet of an opportunity: who decides, rivals, what is missing, go or no-go."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, labels, queries
from funnel.forms import PARTS, GapForm, GoForm, ProcedureForm, RivalForm, RoleForm
from funnel.labels import ATTITUDES
from funnel.models import Opportunity
from funnel.stages import Status
from funnel.views.answers import dialog, must_leave, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, number, org_view, render_page, toast, way_back


def _context(request: OrgRequest, found: Opportunity) -> dict[str, Any]:
    return {
        "opportunity": found,
        "sheet": queries.sheet(found, today=request.today),
        "is_open": found.status == Status.OPEN,
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "attitudes": [("unknown" if code is None else code.name.lower(), words) for code, words in ATTITUDES.items()],
        "full": {"steps": [True, True, True]},
    }


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def strategy(request: OrgRequest, pk: int) -> HttpResponse:
    """Show the strategy sheet of an opportunity."""
    found = queries.opportunity_or_404(request.membership, pk)
    context = {**_context(request, found), "back": way_back(request, request.GET.get("next"))}
    return render_page(request, "funnel/strategy/sheet.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def strategy_panel(request: OrgRequest, pk: int) -> HttpResponse:
    """Show on the page of an opportunity what matters most of its sheet."""
    found = queries.opportunity_or_404(request.membership, pk)
    context = {"opportunity": found, "summary": queries.summary(found)}
    return render(request, "funnel/strategy/panel.html", context)


def _saved(request: OrgRequest, found: Opportunity, text: str) -> HttpResponse:
    """Answer with the sheet as it is now, in place; without htmx by its page."""
    home = url_of(request, "strategy", found.pk)
    if must_leave(request, home):
        messages.success(request, text)
        return go(request, home)
    fresh = queries.opportunity_or_404(request.membership, found.pk)
    answer = render(request, "funnel/strategy/sheet.html#sheet", {**_context(request, fresh), "oob": True})
    return toast(answer, text)


def _written(
    request: OrgRequest, found: Opportunity, template: str, form: Any, act: Callable[[], str], **context: Any
) -> HttpResponse:
    """Show the dialog, or do what was typed in it; stale is 409 with both values, bad is 422 with what was typed."""
    if not form.is_bound:
        return dialog(request, f"strategy/{template}", form=form, opportunity=found, **context)
    if form.is_valid():
        try:
            return _saved(request, found, act())
        except Stale as stale:
            return conflict(request, _both(form, stale), stale, version=stale.version)
        except ObjectDoesNotExist as gone:
            raise Http404 from gone
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, f"strategy/{template}", form=form, opportunity=found, status=422, **context)


_NAMES = {"verdict_why": "why", "closed_at": "is_known", "role": "roles"}


def _both(form: Any, stale: Stale) -> list[tuple[Any, Any, Any]]:
    """Return (label, theirs, mine) of every field that differs."""
    theirs = {_NAMES.get(name, name): value for name, value in stale.theirs.items()}
    if "roles" in theirs:
        also: Any = theirs.pop("also")
        theirs["roles"] = [theirs["roles"], *also]
    rows = []
    for name, field in form.fields.items():
        if name in theirs:
            now, mine = _words(field, theirs[name]), _words(field, form.cleaned_data[name])
            rows += [(field.label, now, mine)] * (now != mine)
    return rows


def _words(field: Any, value: Any) -> str:
    """Return a value as its field shows it."""
    words = {str(code): str(text) for code, text in getattr(field, "choices", ())}
    if isinstance(value, list):
        return in_a_row(words.get(str(each), str(each)) for each in value)
    if type(field).__name__ == "BooleanField":
        return labels.ANSWERS["yes" if value else "no"]  # type: ignore[index, return-value]  # codes are text
    key = str(int(value)) if isinstance(value, int) else str(getattr(value, "pk", value))
    return words.get(key, words.get("unknown", "") if value is None else str(value))


# Who decides ------------------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_EDIT)
@read_write
def role_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Put a person on the sheet."""
    found = queries.opportunity_or_404(request.membership, pk)
    by, at = request.membership, request.now
    form = RoleForm(request.POST if request.method == "POST" else None, by=by, opportunity=found)

    def act() -> str:
        row = actions.add_role(found, by=by, at=at, **form.facts())
        return _("%(name)s stands on the sheet now") % {"name": row.contact.name}

    return _written(request, found, "role", form, act)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def role_edit(request: OrgRequest, pk: int, role: int) -> HttpResponse:
    """Change what a person on the sheet is."""
    found = queries.opportunity_or_404(request.membership, pk)
    row, by, at = queries.role_or_404(found, role), request.membership, request.now
    form = RoleForm(request.POST if request.method == "POST" else None, by=by, opportunity=found, role=row)

    def act() -> str:
        actions.change_role(found, role, seen=form.cleaned_data["version"] or 0, by=by, at=at, **form.facts())
        return _("Saved")

    return _written(request, found, "role", form, act, role=row)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def role_remove(request: OrgRequest, pk: int, role: int) -> HttpResponse:
    """Take a person off the sheet."""
    found = queries.opportunity_or_404(request.membership, pk)
    row = queries.role_or_404(found, role)
    try:
        seen = number(request.POST.get("version"))
        actions.remove_role(found, role, seen=seen, by=request.membership, at=request.now)
    except Stale as stale:
        return _kept(request, row.contact.name, stale)
    return _saved(request, found, _("%(name)s no longer stands on the sheet") % {"name": row.contact.name})


def _kept(request: OrgRequest, name: str, stale: Stale) -> HttpResponse:
    """Answer 409: whoever was to go was changed meanwhile."""
    return conflict(request, [(name, _("Changed meanwhile"), _("Take off the sheet"))], stale)


# Rivals -----------------------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_EDIT)
@read_write
def rival_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Put a competitor on the sheet."""
    found = queries.opportunity_or_404(request.membership, pk)
    by, at = request.membership, request.now
    form = RivalForm(request.POST if request.method == "POST" else None, by=by, may_add=by.can(Permission.ACCOUNT_EDIT))

    def act() -> str:
        row = actions.add_rival(found, by=by, at=at, **form.facts())
        return _("%(name)s stands on the sheet now") % {"name": row.competitor.name}

    return _written(request, found, "rival", form, act, shaken=queries.shaken(found))


@org_view(Permission.FUNNEL_EDIT)
@read_write
def rival_edit(request: OrgRequest, pk: int, rival: int) -> HttpResponse:
    """Change what stands of a rival."""
    found = queries.opportunity_or_404(request.membership, pk)
    row, by, at = queries.rival_or_404(found, rival), request.membership, request.now
    form = RivalForm(request.POST if request.method == "POST" else None, by=by, may_add=False, rival=row)

    def act() -> str:
        actions.change_rival(found, rival, seen=form.cleaned_data["version"] or 0, by=by, at=at, **form.facts())
        return _("Saved")

    return _written(request, found, "rival", form, act, rival=row, shaken=queries.shaken(found, row))


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def rival_remove(request: OrgRequest, pk: int, rival: int) -> HttpResponse:
    """Take a rival off the sheet."""
    found = queries.opportunity_or_404(request.membership, pk)
    row = queries.rival_or_404(found, rival)
    try:
        seen = number(request.POST.get("version"))
        actions.remove_rival(found, rival, seen=seen, by=request.membership, at=request.now)
    except Stale as stale:
        return _kept(request, row.competitor.name, stale)
    return _saved(request, found, _("%(name)s no longer stands on the sheet") % {"name": row.competitor.name})


# The sheet itself -------------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_EDIT)
@read_write
def strategy_part(request: OrgRequest, pk: int, part: str) -> HttpResponse:
    """Write a part of the sheet: SWOT, value and ladder, whom to win next."""
    if part not in PARTS:
        raise Http404
    found = queries.opportunity_or_404(request.membership, pk)
    data, row = request.POST if request.method == "POST" else None, queries.strategy_of(found)
    form = PARTS[part](data, row=row, opportunity=found)

    def act() -> str:
        seen = form.cleaned_data["version"]
        actions.change_strategy(found, seen=seen, by=request.membership, at=request.now, **form.facts())
        return _("Saved")

    return _written(request, found, "part", form, act, part=part)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def procedure(request: OrgRequest, pk: int) -> HttpResponse:
    """Note how the customer decides."""
    found = queries.opportunity_or_404(request.membership, pk)
    initial = {"buying_procedure": found.buying_procedure, "version": found.version}
    form = ProcedureForm(request.POST if request.method == "POST" else None, initial=initial)

    def act() -> str:
        typed, by = form.cleaned_data, request.membership
        chosen = typed["buying_procedure"]
        actions.note_procedure(found, seen=typed["version"], procedure=chosen, by=by, at=request.now)
        return _("Saved")

    return _written(request, found, "part", form, act, part="procedure")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def strategy_resources(request: OrgRequest, pk: int) -> HttpResponse:
    """Show on the sheet what was asked of whoever leads."""
    found = queries.opportunity_or_404(request.membership, pk)
    context = {
        "opportunity": found,
        "requests": queries.resources_of(found, request.membership),
        "may_ask": request.membership.can(Permission.FUNNEL_EDIT) and found.status == Status.OPEN,
    }
    return render(request, "funnel/strategy/resources.html", context)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def verdict(request: OrgRequest, pk: int) -> HttpResponse:
    """Decide go or no-go, by the organization's criteria."""
    found = queries.opportunity_or_404(request.membership, pk)
    form = GoForm(request.POST if request.method == "POST" else None, row=queries.strategy_of(found))
    sheet = queries.sheet(found, today=request.today)

    def act() -> str:
        typed = dict(form.cleaned_data)
        row = actions.decide(found, seen=typed.pop("version"), by=request.membership, at=request.now, **typed)
        return _("Decided: %(verdict)s") % {"verdict": labels.VERDICTS[row.verdict]}  # type: ignore[index]  # a code

    return _written(request, found, "verdict", form, act, sheet=sheet)


# What we do not know ----------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_EDIT)
@read_write
def gap_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Note something that we do not know."""
    found = queries.opportunity_or_404(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    form = GapForm(data, is_new=True, initial={"request_key": uuid4()})

    def act() -> str:
        typed = form.cleaned_data
        actions.add_gap(
            found, text=typed["text"], request_key=typed["request_key"], by=request.membership, at=request.now
        )
        return _("Noted")

    return _written(request, found, "gap", form, act)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def gap_edit(request: OrgRequest, pk: int, gap: int) -> HttpResponse:
    """Say what was found out, or put the question in other words."""
    found = queries.opportunity_or_404(request.membership, pk)
    row = queries.gap_or_404(found, gap)
    initial = {
        "text": row.text,
        "answer": row.answer,
        "is_known": request.GET.get("known") == "1" or row.closed_at is not None,
        "version": row.version,
    }
    form = GapForm(request.POST if request.method == "POST" else None, is_new=False, initial=initial)

    def act() -> str:
        typed = dict(form.cleaned_data)
        actions.change_gap(found, gap, seen=typed.pop("version") or 0, by=request.membership, at=request.now, **typed)
        return _("Saved")

    return _written(request, found, "gap", form, act, gap=row)
