"""Next actions: done, dropped, taken back, given another day, or made of what nobody knows yet."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST

from activities import actions, labels
from activities.forms import (
    ActionForm,
    PostponeForm,
    day_choices,
)
from activities.models import NextAction
from activities.views._shared import STEP_CHANGED, added, again
from funnel.queries import gap_in_sight
from tenants import formats
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, conflict, go, org_view, render_page, to_page, toast


def _action(request: OrgRequest, pk: int) -> NextAction:
    rows = NextAction.objects.visible_to(request.membership)
    found: NextAction = get_object_or_404(rows.select_related("account", "opportunity", "owner__user"), pk=pk)
    return found


@org_view(Permission.VISIT_LOG)
@require_POST
def complete(request: OrgRequest, pk: int) -> HttpResponse:
    """Say that a next action is done; it can be taken back."""
    return _end(request, pk, actions.complete, gettext("Done"))


@org_view(Permission.VISIT_LOG)
@require_POST
def drop(request: OrgRequest, pk: int) -> HttpResponse:
    """Say that a next action will not be done; it can be taken back."""
    return _end(request, pk, actions.drop, gettext("Dropped"))


def _end(request: OrgRequest, pk: int, act: Callable[..., NextAction], words: str) -> HttpResponse:
    try:
        action = act(_action(request, pk), by=request.membership, at=request.now)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused), kind="error")
    if not request.htmx:
        messages.success(request, words)
        return go(request, to_page(request, "salesops:today"))
    return toast(_changed(request, action), words, undo_url=to_page(request, "activities:take_back", action.pk))


def _step(request: OrgRequest, action: NextAction) -> dict[str, Any]:
    """Return what a row of a list of next actions shows; `?where=` says on whose page it stands."""
    return {"action": action, "mine": True, "where": request.GET.get("where", "")[:20]}


def _changed(request: OrgRequest, action: NextAction) -> HttpResponse:
    """Answer with the row of a next action as it is now; the page of its opportunity hears of it."""
    return announce(render_page(request, "activities/step.html", _step(request, action)), STEP_CHANGED)


@org_view(Permission.VISIT_LOG)
@require_POST
def take_back(request: OrgRequest, pk: int) -> HttpResponse:
    """Open a next action again that was done or dropped."""
    actions.take_back(_action(request, pk), by=request.membership, at=request.now)
    return again(request, to_page(request, "salesops:today"))


@org_view(Permission.VISIT_LOG)
def postpone(request: OrgRequest, pk: int) -> HttpResponse:
    """Give a next action another day."""
    action = _action(request, pk)
    start = {"text": action.text, "due_on": action.due_on, "version": action.version}
    form = PostponeForm(request.POST if request.method == "POST" else None, initial=start)
    context = {**_step(request, action), "form": form, "days": day_choices(request.today)}
    if form.is_valid():
        data = form.cleaned_data
        try:
            action = actions.postpone(
                action,
                seen=data["version"],
                due_on=data["due_on"],
                text=data["text"],
                by=request.membership,
                at=request.now,
            )
        except Refused as refused:
            form.add_error("due_on", labels.refusal(refused))
        except Stale as stale:
            return _stale_action(request, stale, data)
        else:
            return _postponed(request, action)
    status = 422 if form.is_bound else 200
    answer = render_page(request, "activities/postpone.html", context, partial="dialog", status=status)
    if form.is_bound and request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog", "innerHTML"
    return answer


def _postponed(request: OrgRequest, action: NextAction) -> HttpResponse:
    if not request.htmx:
        return go(request, to_page(request, "salesops:today"))
    return toast(_changed(request, action), gettext("New day saved"))


@org_view(Permission.VISIT_LOG)
def seek(request: OrgRequest, pk: int) -> HttpResponse:
    """Make a next action of something that we do not know about an opportunity."""
    gap = gap_in_sight(request.membership, pk)
    opportunity = gap.opportunity
    form = ActionForm(request.POST if request.method == "POST" else None, today=request.today, text=gap.text)
    if form.is_valid() and added(request, form, opportunity.account, opportunity, gap=gap):
        messages.success(request, gettext("Next action added"))
        return go(request, to_page(request, "funnel:strategy", opportunity.pk))
    context = {"form": form, "gap": gap, "opportunity": opportunity}
    status = 422 if form.is_bound else 200
    answer = render_page(request, "activities/seek.html", context, partial="dialog", status=status)
    if request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog", "innerHTML"
    return answer


def _stale_action(request: OrgRequest, stale: Stale, mine: dict[str, Any]) -> HttpResponse:
    language = get_language() or "en"
    theirs = formats.short_date(stale.theirs["due_on"], request.today, language)
    own = formats.short_date(mine["due_on"], request.today, language)
    rows = [
        (gettext("By when"), theirs, own),
        (gettext("Next action"), stale.theirs["text"], mine["text"]),
    ]
    return conflict(request, rows, stale, version=stale.version)
