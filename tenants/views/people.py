"""Settings: the people of an organization, and whom it invites."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import actions, labels, queries
from tenants.errors import Refused, Stale
from tenants.forms.people import Invite, Member, PeopleFilter
from tenants.models import Membership
from tenants.permissions import Permission
from tenants.views import mails
from tenants.web import OrgRequest, conflict, go, org_view, render_page

PAGE = 50


@org_view(Permission.PEOPLE_EDIT)
@require_safe
def people(request: OrgRequest) -> HttpResponse:
    """List the members and the open invitations."""
    narrowed = PeopleFilter(request.GET)
    narrowed.is_valid()
    asked = narrowed.cleaned_data
    found = queries.people(asked.get("q", ""), role=asked.get("role", ""), inactive=asked.get("inactive", False))
    context = {
        "filter": narrowed,
        "asked": asked,
        "page": Paginator(found, PAGE).get_page(asked.get("page")),
        "roles": dict(labels.ROLES),
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
        "invitations": _invitations(request),
    }
    return render_page(request, "tenants/people.html", context, partial="list")


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


@org_view(Permission.PEOPLE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: OrgRequest) -> HttpResponse:
    """Invite one address or many."""
    if request.method != "POST":
        return _invite_page(request, Invite())
    form = Invite(request.POST)
    if not form.is_valid():
        return _invite_page(request, form, status=422)
    invited = actions.invite(request.organization, by=request.membership, at=request.now, **form.cleaned_data)
    for invitation, token in invited.sent:
        mails.send_invitation(invitation, token)
    _tell(request, invited)
    return go(request, reverse("tenants:people", args=[request.organization.slug]))


def _invite_page(request: OrgRequest, form: Invite, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
    }
    return render_page(request, "tenants/invite.html", context, partial="form", status=status)


def _tell(request: OrgRequest, invited: actions.Invited) -> None:
    """Say what became of the addresses."""
    parts = []
    if sent := len(invited.sent):
        parts.append(
            ngettext("{n} invitation is on its way.", "{n} invitations are on their way.", sent).format(n=sent)
        )
    if invited.waiting:
        parts.append(_("Already invited: {list}.").format(list=", ".join(invited.waiting)))
    if invited.members:
        parts.append(_("Already members: {list}.").format(list=", ".join(invited.members)))
    level = messages.SUCCESS if invited.sent else messages.WARNING
    messages.add_message(request, level, " ".join(parts))


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def resend(request: OrgRequest, pk: int) -> HttpResponse:
    """Send an invitation again, with a new link and a new term."""
    invitation = queries.invitation_or_404(pk)
    try:
        renewed, token = actions.renew(invitation, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused.code, refused.data))
    else:
        mails.send_invitation(renewed, token)
        messages.success(request, _("The invitation is on its way again; the old link no longer works."))
    return go(request, reverse("tenants:people", args=[request.organization.slug]))


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def withdraw(request: OrgRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = queries.invitation_or_404(pk)
    try:
        actions.withdraw(invitation, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused.code, refused.data))
    else:
        messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return go(request, reverse("tenants:people", args=[request.organization.slug]))


@org_view(Permission.PEOPLE_EDIT)
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
            form.add_error("is_admin" if fields["is_active"] else "is_active", _sentence(refused))
        else:
            messages.success(request, _("{name} is saved.").format(name=member.name))
            mine = member.pk == request.membership.pk
            return go(request, reverse("home") if mine else reverse("tenants:people", args=[request.organization.slug]))
    return _person_page(request, member, form, status=422)


def _sentence(refused: Refused) -> str:
    return labels.refusal(refused.code, refused.data)


def _person_page(request: OrgRequest, member: Membership, form: Member, status: int = 200) -> HttpResponse:
    context = {
        "person": member,
        "form": form,
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
    }
    return render_page(request, "tenants/person.html", context, partial="form", status=status)


def _stale(request: OrgRequest, member: Membership, form: Member, stale: Stale) -> HttpResponse:
    team = form.cleaned_data["team"]
    mine = {**form.cleaned_data, "team": team.pk if team else None}
    shown = {**mine, "team": team.name if team else None}
    theirs = {**stale.theirs, "team": member.team.name if member.team else None}
    rows = [
        (labels.field_words(name), labels.value_words(name, theirs[name]), labels.value_words(name, shown[name]))
        for name in ("role", "team", "is_admin", "is_active")
        if stale.theirs[name] != mine[name]
    ]
    context = {"person": member, "form": form, "version": stale.theirs["version"]}
    return conflict(request, rows, template="tenants/person.html", context=context)
