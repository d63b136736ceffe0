"""Saved views of board and table."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries
from funnel.forms import ViewForm
from funnel.models import SavedView
from funnel.saved_views import Place, Shared, kept, params
from funnel.views.answers import dialog, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view


def address_of(request: OrgRequest, view: SavedView | queries.Usable) -> str:
    """Return where a view is looked at."""
    query = QueryDict(mutable=True)
    query.update(params(view.query))
    query["view"] = str(view.pk)
    return f"{url_of(request, view.place)}?{query.urlencode()}"


def views_context(request: OrgRequest, place: Place) -> dict[str, Any]:
    """Return what the tabs of saved views show; a view is on while the address still says what it says."""
    found = queries.saved_views(request.membership, place)
    now = _kept(request)
    chosen = request.GET.get("view", "")
    tabs = [
        {
            "view": view,
            "address": address_of(request, view),
            "is_on": view.query == now and (str(view.pk) == chosen or not chosen),
            "is_mine": view.by_id == request.membership.pk,
        }
        for view in found
    ]
    return {"tabs": tabs, "place": place, "plain": not now, "kept_query": now}


def _kept(request: OrgRequest) -> str:
    try:
        return kept(request.GET)
    except Refused:
        return ""


def default_address(request: OrgRequest, tabs: list[dict[str, Any]]) -> str:
    """Return where to go first: the view with which somebody opens this page, where the address says nothing."""
    if request.GET or request.htmx:
        return ""
    return next((tab["address"] for tab in tabs if tab["view"].is_default), "")


@org_view(Permission.FUNNEL_VIEW)
@read_write
def view_new(request: OrgRequest, place: str) -> HttpResponse:
    """Save what board or table shows now under a name."""
    query = QueryDict(request.POST.get("query", "") if request.method == "POST" else request.GET.urlencode())
    form = ViewForm(request.POST if request.method == "POST" else None, by=request.membership)
    where = Place(place)
    if form.is_valid():
        try:
            name, shared = form.cleaned_data["name"], Shared(form.cleaned_data["shared"])
            view = actions.save_view(
                name, place=where, query=query, shared=shared, by=request.membership, at=request.now
            )
            if form.cleaned_data["is_default"]:
                actions.choose_default(view, place=where, by=request.membership)
            messages.success(request, _("View saved: %(name)s") % {"name": view.name})
            return go(request, address_of(request, view))
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "query": query.urlencode(), "place": where, "view": None}
    return dialog(request, "view", status=422 if form.is_bound else 200, **context)


@org_view(Permission.FUNNEL_VIEW)
@read_write
def view_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Rename or share one's own view; use anybody's as the first one of the page."""
    view, by = queries.view_or_404(request.membership, pk), request.membership
    first = any(each.pk == pk and each.is_default for each in queries.saved_views(by, Place(view.place)))
    initial = {"name": view.name, "shared": view.shared, "is_default": first, "version": view.version}
    form = ViewForm(request.POST if request.method == "POST" else None, by=by, view=view, initial=initial)
    if form.is_valid():
        try:
            if view.by_id == by.pk:
                typed = form.cleaned_data
                shared, seen = Shared(typed["shared"]), typed["version"] or view.version
                view = actions.change_view(view, name=typed["name"], shared=shared, seen=seen, by=by, at=request.now)
            is_default = form.cleaned_data["is_default"]
            if is_default != first:
                actions.choose_default(view if is_default else None, place=Place(view.place), by=by)
            messages.success(request, _("Saved"))
            return go(request, address_of(request, view))
        except Stale as stale:
            both = [(_("Name"), stale.theirs["name"], form.cleaned_data["name"])]
            return conflict(request, both, stale, version=view.version)
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "view": view, "place": view.place, "is_mine": view.by_id == by.pk}
    return dialog(request, "view", status=422 if form.is_bound else 200, **context)


@org_view(Permission.FUNNEL_VIEW)
@require_POST
def view_delete(request: OrgRequest, pk: int) -> HttpResponse:
    """Delete one's own view."""
    view = queries.view_or_404(request.membership, pk)
    try:
        actions.delete_view(view, by=request.membership, at=request.now)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), status=422)
    messages.success(request, _("View deleted: %(name)s") % {"name": view.name})
    return go(request, url_of(request, view.place) + "?view=")


@org_view(Permission.FUNNEL_VIEW)
@require_POST
def view_move(request: OrgRequest, pk: int) -> HttpResponse:
    """Move one's own view one place up or down among the tabs."""
    view = queries.view_or_404(request.membership, pk)
    try:
        actions.move_view(view, up=request.POST.get("to") == "up", by=request.membership)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), status=422)
    return go(request, address_of(request, view))
