"""Settings: the team tree."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import actions, labels, queries
from tenants.errors import Refused, Stale
from tenants.forms.people import TeamForm
from tenants.models import Team
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, to_page


@org_view(Permission.PEOPLE_EDIT)
@require_safe
def teams(request: OrgRequest) -> HttpResponse:
    """Show the tree."""
    return render_page(request, "tenants/teams.html", {"rows": queries.team_tree()})


@org_view(Permission.PEOPLE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: OrgRequest) -> HttpResponse:
    """Create a team, at the top or inside another."""
    if request.method != "POST":
        form = TeamForm(initial={"parent": request.GET.get("inside", "")})
        return render_page(request, "tenants/team.html", {"form": form}, partial="form")
    form = TeamForm(request.POST)
    if form.is_valid():
        name, parent = form.cleaned_data["name"], form.cleaned_data["parent"]
        try:
            actions.create_team(request.organization, name=name, parent=parent, by=request.membership, at=request.now)
        except Refused as refused:
            form.add_error("name", labels.refusal(refused))
        else:
            messages.success(request, _("{name} is created.").format(name=name))
            return go(request, to_page(request, "tenants:teams"))
    return render_page(request, "tenants/team.html", {"form": form}, partial="form", status=422)


@org_view(Permission.PEOPLE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: OrgRequest, pk: int) -> HttpResponse:
    """Show a team, rename it, move it."""
    it = queries.team_or_404(pk)
    if request.method != "POST":
        return _team_page(request, it, TeamForm(initial=TeamForm.values_of(it)))
    form = TeamForm(request.POST)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        seen = fields.pop("version") or 0
        try:
            actions.change_team(it, seen=seen, by=request.membership, at=request.now, **fields)
        except Stale as stale:
            return _stale(request, it, form, stale)
        except Refused as refused:
            field = "name" if refused.code == "team_name_taken" else "parent"
            form.add_error(field, labels.refusal(refused))
        else:
            messages.success(request, _("{name} is saved.").format(name=fields["name"]))
            return go(request, to_page(request, "tenants:teams"))
    return _team_page(request, it, form, status=422)


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def team_effects(request: OrgRequest, pk: int) -> HttpResponse:
    """Say who would lose and who would gain sight if a team moved; nothing is changed."""
    it = queries.team_or_404(pk)
    form = TeamForm(request.POST)
    form.is_valid()
    moved = queries.move_told(it, form.cleaned_data["parent"]) if "parent" in form.cleaned_data else None
    context = {"team": it, "form": form, "members": queries.members_of(it), "moved": moved}
    return render_page(request, "tenants/team.html", context, partial="effects")


def _team_page(request: OrgRequest, it: Team, form: TeamForm, status: int = 200) -> HttpResponse:
    context = {"team": it, "form": form, "members": queries.members_of(it)}
    return render_page(request, "tenants/team.html", context, partial="form", status=status)


def _stale(request: OrgRequest, it: Team, form: TeamForm, stale: Stale) -> HttpResponse:
    parent = form.cleaned_data["parent"]
    rows = []
    if stale.theirs["name"] != form.cleaned_data["name"]:
        rows.append((labels.field_words("name"), stale.theirs["name"], form.cleaned_data["name"]))
    if stale.theirs["parent"] != (parent.pk if parent else None):
        rows.append((labels.field_words("parent"), it.parent and it.parent.name, parent and parent.name))
    return conflict(request, rows, stale, version=stale.version)


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def delete_team(request: OrgRequest, pk: int) -> HttpResponse:
    """Delete an empty team."""
    it = queries.team_or_404(pk)
    try:
        actions.delete_team(it, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused))
        return go(request, to_page(request, "tenants:team", pk))
    messages.success(request, _("{name} is deleted.").format(name=it.name))
    return go(request, to_page(request, "tenants:teams"))
