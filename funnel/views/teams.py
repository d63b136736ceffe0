"""The sales team of an opportunity and its joint plan; what one owes, on the today page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, labels, queries
from funnel.forms import MemberForm, PartForm
from funnel.stages import Status
from funnel.views.answers import dialog, heard, read_write, refuse
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, number, org_view, render_page

CHANGED = "team-changed"
"""What the panels of the sales team listen to."""


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def team(request: OrgRequest, pk: int) -> HttpResponse:
    """Show who is on the sales team, and the joint plan."""
    found = queries.opportunity_or_404(request.membership, pk)
    context = {
        "opportunity": found,
        "team": queries.sales_team(found, request.membership),
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "is_open": found.status == Status.OPEN,
    }
    return render_page(request, "funnel/team/panel.html", context, partial="panel")


@org_view(Permission.HOME_VIEW)
@require_safe
def parts_today(request: OrgRequest) -> HttpResponse:
    """Show on the today page which parts of joint plans one owes; nothing where there are none."""
    return render(request, "funnel/team/today.html", {"parts": queries.parts_owed(request.membership)})


@org_view(Permission.FUNNEL_EDIT)
@read_write
def members(request: OrgRequest, pk: int) -> HttpResponse:
    """Put someone on the sales team, or a partner company."""
    found = queries.opportunity_or_404(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    form = MemberForm(data, opportunity=found, by=request.membership)
    if form.is_valid():
        typed, by, at = form.cleaned_data, request.membership, request.now
        joins: dict[str, Any] = {"part": typed["part"], "due_on": typed["due_on"], "by": by, "at": at}
        try:
            if typed["member"]:
                actions.add_member(found, member=typed["member"], **joins)
            else:
                actions.add_partner(found, partner=typed["partner"], **joins)
            name = (typed["member"] or typed["partner"]).name
            return heard(request, pk, _("%(name)s is on the sales team now") % {"name": name}, CHANGED)
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "team/member", form=form, opportunity=found, status=200 if data is None else 422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def helper_remove(request: OrgRequest, pk: int, helper: int) -> HttpResponse:
    """Take someone off the sales team."""
    found = queries.opportunity_or_404(request.membership, pk)
    row = queries.helper_or_404(found, helper)
    name = row.who.name
    actions.remove_helper(row, by=request.membership, at=request.now)
    return heard(request, pk, _("%(name)s is no longer on the sales team") % {"name": name}, CHANGED)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def part_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Give somebody a part in the joint plan."""
    found = queries.opportunity_or_404(request.membership, pk)
    data = request.POST if request.method == "POST" else None
    form = PartForm(data, opportunity=found)
    if form.is_valid():
        typed, by, at = form.cleaned_data, request.membership, request.now
        said = {"text": typed["text"], "due_on": typed["due_on"], "request_key": typed["request_key"]}
        try:
            actions.add_part(found, doer=form.doer(), by=by, at=at, **said)
            return heard(request, pk, _("Part added"), CHANGED)
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "team/part", form=form, opportunity=found, status=200 if data is None else 422)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def part_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change a part of the joint plan."""
    part = queries.part_or_404(request.membership, pk)
    data, found = request.POST if request.method == "POST" else None, part.opportunity
    form = PartForm(data, opportunity=found, part=part)
    if form.is_valid():
        typed, by, at = form.cleaned_data, request.membership, request.now
        said = {"text": typed["text"], "due_on": typed["due_on"], "seen": typed["version"] or 0}
        try:
            actions.change_part(part, doer=form.doer(), by=by, at=at, **said)
            return heard(request, part.opportunity_id, _("Saved"), CHANGED)
        except Stale as stale:
            return _both(request, form, stale, part.version)
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "team/part", form=form, opportunity=found, part=part, status=200 if data is None else 422)


def _both(request: OrgRequest, form: PartForm, stale: Stale, version: int) -> HttpResponse:
    """Answer 409 with both values of what differs."""
    choices: dict[str, Any] = dict(form.fields["who"].choices)  # type: ignore[attr-defined]  # a ChoiceField
    typed, theirs = form.cleaned_data, stale.theirs
    due = typed["due_on"].isoformat() if typed["due_on"] else ""
    rows = [
        (_("What"), theirs["text"], typed["text"]),
        (_("Who"), theirs["who"], choices[typed["who"]]),
        (_("Due on"), theirs["due_on"], due),
    ]
    return conflict(request, [row for row in rows if row[1] != row[2]], stale, version=version)


@org_view(Permission.FUNNEL_VIEW)
@require_POST
def part_done(request: OrgRequest, pk: int) -> HttpResponse:
    """Say that a part is done, or that it is not after all."""
    part, is_done = queries.part_or_404(request.membership, pk), request.POST.get("done") == "1"
    act = actions.finish_part if is_done else actions.resume_part
    try:
        act(part, by=request.membership, at=request.now)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), opportunity=part.opportunity, status=422)
    text = _("Done: %(part)s") if is_done else _("Not done yet: %(part)s")
    return heard(request, part.opportunity_id, text % {"part": part.text}, CHANGED)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def part_drop(request: OrgRequest, pk: int) -> HttpResponse:
    """Take a part out of the joint plan."""
    part = queries.part_or_404(request.membership, pk)
    try:
        actions.drop_part(part, seen=number(request.POST.get("version")), by=request.membership, at=request.now)
    except Stale as stale:
        return conflict(request, [(_("What"), stale.theirs["text"], part.text)], stale)
    return heard(request, part.opportunity_id, _("Taken out of the plan: %(part)s") % {"part": part.text}, CHANGED)
