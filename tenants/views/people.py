"""Settings: the people of an organization, what each is, and whether they may enter."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import actions, labels, queries
from tenants.errors import Refused, Stale
from tenants.forms.people import Member, PeopleFilter
from tenants.models import Membership
from tenants.permissions import Permission, Role
from tenants.web import OrgRequest, conflict, go, org_view, render_page, to_page

PAGE = 50


@org_view(Permission.PEOPLE_EDIT)
@require_safe
def people(request: OrgRequest) -> HttpResponse:
    """List the members and the open invitations; the deactivated ones fold out below."""
    narrowed = PeopleFilter(request.GET, rows=queries.team_tree())
    narrowed.is_valid()
    asked = narrowed.cleaned_data
    wanted = {"role": asked.get("role", ""), "team": asked.get("team", "")}
    inactive = asked.get("inactive", False)
    found = queries.people(asked.get("q", ""), inactive=inactive, **wanted)
    context = {
        "filter": narrowed,
        "asked": asked,
        "page": Paginator(found, PAGE).get_page(asked.get("page")),
        "out": 0 if inactive else queries.people(asked.get("q", ""), inactive=True, **wanted).count(),
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
        "invitations": [] if inactive else _invitations(request),
    }
    partial = "table" if inactive and request.htmx.target == "people-out" else "list"
    return render_page(request, "tenants/people.html", context, partial=partial)


def _invitations(request: OrgRequest) -> list[dict[str, object]]:
    roles = dict(labels.ROLES)
    return [
        {
            "it": invitation,
            "role": roles[invitation.role],
            "state": (state := invitation.state_at(request.now)),
            "words": labels.INVITATION_STATES[state],
        }
        for invitation in queries.open_invitations()
    ]


def _moves_power(request: HttpRequest) -> bool:
    """Return whether somebody would become an admin or be none any more, or come to see everything."""
    member = queries.person_or_404(request.resolver_match.kwargs["pk"] if request.resolver_match else 0)
    is_raised = request.POST.get("role") == Role.EXECUTIVE != member.role
    return is_raised or bool(request.POST.get("is_admin")) != member.is_admin


@org_view(Permission.PEOPLE_EDIT, fresh=_moves_power)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: OrgRequest, pk: int) -> HttpResponse:
    """Show what a member is, and change it."""
    member = queries.person_or_404(pk)
    if request.method != "POST":
        return _person_page(request, member, Member(initial=Member.values_of(member)))
    form = Member(request.POST)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        seen = fields.pop("version")
        try:
            actions.change_member(member, seen=seen, by=request.membership, at=request.now, **fields)
        except Stale as stale:
            return _stale(request, member, form, stale)
        except Refused as refused:
            form.add_error("is_admin", labels.refusal(refused))
        else:
            messages.success(request, _("{name} is saved.").format(name=member.name))
            mine = member.pk == request.membership.pk
            return go(request, reverse("home") if mine else to_page(request, "tenants:people"))
    return _person_page(request, member, form, status=422)


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def person_effects(request: OrgRequest, pk: int) -> HttpResponse:
    """Say whose records a member would see as something else; nothing is changed."""
    member = queries.person_or_404(pk)
    form = Member(request.POST)
    told: dict[str, Any] = {}
    if form.is_valid():
        role, team = form.cleaned_data["role"], form.cleaned_data["team"]
        if (role, team) != (member.role, member.team):
            now, then = queries.sight_told(member, role, team)
            told = {"sentence": labels.SIGHT[role], "now": now, "then": then}
        told["admin"] = form.cleaned_data["is_admin"] != member.is_admin
        told["takes"] = member.is_admin and told["admin"]
    return _person_page(request, member, form, partial="effects", told=told)


def _person_page(
    request: OrgRequest, member: Membership, form: Member, *, partial: str = "form", status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        **more,
        "person": member,
        "form": form,
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
    }
    return render_page(request, "tenants/person.html", context, partial=partial, status=status)


def _stale(request: OrgRequest, member: Membership, form: Member, stale: Stale) -> HttpResponse:
    team = form.cleaned_data["team"]
    mine = {**form.cleaned_data, "team": team.pk if team else None}
    shown = {**mine, "team": team.name if team else None}
    theirs = {**stale.theirs, "team": member.team.name if member.team else None}
    rows = [
        (labels.field_words(name), labels.value_words(name, theirs[name]), labels.value_words(name, shown[name]))
        for name in ("role", "team", "is_admin")
        if stale.theirs[name] != mine[name]
    ]
    return conflict(request, rows, stale, version=stale.version)


# Whether they may enter ---------------------------------------------------------------------------


@org_view(Permission.PEOPLE_EDIT, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: OrgRequest, pk: int) -> HttpResponse:
    """Say what ends and what stays when a member is deactivated, then do it."""
    member = queries.person_or_404(pk)
    context: dict[str, Any] = {"person": member, "mine": member.pk == request.membership.pk}
    if request.method != "POST":
        return render_page(request, "tenants/deactivate.html", context)
    try:
        actions.deactivate(member, by=request.membership, at=request.now)
    except Refused as refused:
        context["refused"] = labels.refusal(refused)
        return render_page(request, "tenants/deactivate.html", context, status=422)
    messages.success(request, _("{name} is deactivated and can no longer enter.").format(name=member.name))
    if context["mine"]:
        return go(request, reverse("home"))
    return go(request, to_page(request, "tenants:person", pk))


@org_view(Permission.PEOPLE_EDIT, fresh=True)
@require_POST
def reactivate(request: OrgRequest, pk: int) -> HttpResponse:
    """Let a member in again, as what they were."""
    member = queries.person_or_404(pk)
    actions.reactivate(member, by=request.membership, at=request.now)
    messages.success(request, _("{name} can enter again.").format(name=member.name))
    return go(request, to_page(request, "tenants:person", pk))
