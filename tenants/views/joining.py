"""The page behind the link of an invitation: the one page of an organization that is opened from outside."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tenants import actions, labels, queries
from tenants.errors import Refused
from tenants.forms.sign_in import Join
from tenants.invitations import InvitationState
from tenants.models import Invitation, Membership, User
from tenants.scoping import reading
from tenants.web import open_view

BACKEND = "tenants.sign_in.Backend"


@open_view("whoever holds the secret link of an invitation; the page enters the scope by itself")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, *, org: str, token: str) -> HttpResponse:
    """Say what the invitation is, and take it: as who is signed in, or as a new person."""
    with reading(queries.organization_or_404(org)):
        invitation = queries.invitation_with(token)
        if invitation is None:
            return _closed(request, None, "invitation_unknown", 404)
        state = invitation.state_at(timezone.now())
        if state != InvitationState.OPEN and not (state == InvitationState.ACCEPTED and request.user.is_authenticated):
            return _closed(request, invitation, f"invitation_{state}", 410)
        if request.user.is_authenticated:
            return _as_myself(request, invitation, request.user)
        if queries.has_account(invitation.email):
            return _page(request, invitation, "sign_in")
        return _as_someone_new(request, invitation)


def _as_myself(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    """Let the signed-in person take the seat, if it is theirs."""
    if invitation.email.lower() != user.email.lower():
        return _page(request, invitation, "another", status=403 if request.method == "POST" else 200)
    if request.method != "POST" and invitation.accepted_at is None:
        return _page(request, invitation, "accept")
    try:
        member = actions.accept(invitation, user=user, at=timezone.now())
    except Refused as refused:
        return _closed(request, invitation, refused.code, 410)
    return _welcome(request, member)


def _as_someone_new(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Ask for a name and a password, and make a person of the invited address."""
    if request.method != "POST":
        return _page(request, invitation, "new", form=Join(email=invitation.email, initial={"name": invitation.name}))
    form = Join(request.POST, email=invitation.email)
    if not form.is_valid():
        return _page(request, invitation, "new", form=form, status=422)
    try:
        member = actions.join(invitation, at=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        return _closed(request, invitation, refused.code, 409)
    login(request, member.user, backend=BACKEND)
    return _welcome(request, member)


def _welcome(request: HttpRequest, member: Membership) -> HttpResponse:
    name = member.organization.name
    messages.success(request, _("Welcome to {organization}.").format(organization=name))
    return redirect("salesops:start", member.organization.slug)


def _page(
    request: HttpRequest, invitation: Invitation, step: str, *, form: Join | None = None, status: int = 200
) -> HttpResponse:
    role = invitation.role
    context = {
        "step": step,
        "invitation": invitation,
        "organization": invitation.organization,
        "inviter": invitation.invited_by,
        "role": dict(labels.ROLES)[role],
        "sight": labels.SIGHT[role],
        "form": form,
    }
    return render(request, "tenants/join.html", context, status=status)


def _closed(request: HttpRequest, invitation: Invitation | None, code: str, status: int) -> HttpResponse:
    context: dict[str, Any] = {"step": "closed", "sentence": labels.REFUSALS[code], "invitation": invitation}
    if invitation is not None:
        context |= {"organization": invitation.organization, "inviter": invitation.invited_by}
    return render(request, "tenants/join.html", context, status=status)
