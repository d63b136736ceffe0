"""How one signs in, and from where; and the page that explains why an organization asks for a second factor."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import actions, devices, labels
from tenants.errors import Refused
from tenants.models import User
from tenants.permissions import Permission
from tenants.queries import access, memberships_of
from tenants.web import WANTED, OrgRequest, go, lacks_second_factor, membership_or_404, open_view, org_view, render_page

OWN = "asks for a signed-in person itself; it is about the person, not an organization"
PEOPLE_SHOWN = 20


@open_view(OWN)
@login_required
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show how I sign in: address, password, app, passkeys, recovery codes; and where I am signed in."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # login_required has seen to it
    codes = access.authenticator_of(user, Authenticator.Type.RECOVERY_CODES)
    context = {
        "app": access.authenticator_of(user, Authenticator.Type.TOTP),
        "passkeys": access.passkeys_of(user),
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": len(access.sessions_of(user)),
        "obstacle": _obstacle(user),
        "waiting": request.session.get(WANTED),
        "asking": [each.organization for each in memberships_of(user) if each.organization.second_factor_required],
    }
    return render(request, "mfa/index.html", context)


def _obstacle(user: User) -> str:
    """Say why no second factor can be added now: the address is not confirmed, so the account may be a squatter's."""
    try:
        validate_can_add_authenticator(user)
    except ValidationError:
        return str(get_adapter().error_messages["unverified_email"])
    return ""


@open_view(OWN)
@login_required
@never_cache
@require_safe
def needed(request: HttpRequest, *, slug: str) -> HttpResponse:
    """Explain why this organization is closed to who has no second factor, and how one is set up."""
    assert isinstance(request.user, User)  # noqa: S101  # as above
    membership = membership_or_404(request.user, slug)
    if not lacks_second_factor(membership):
        return redirect(_way_back(request, slug))
    others = [place.organization for place in memberships_of(request.user) if place.pk != membership.pk]
    context = {
        "organization": membership.organization,
        "open_ones": [each for each in others if not each.second_factor_required],
        "obstacle": _obstacle(request.user),
    }
    return render(request, "mfa/needed.html", context)


def _way_back(request: HttpRequest, slug: str) -> str:
    """Return the page of this organization that was wanted before, or its start page; it waits no longer."""
    place, path = request.session.pop(WANTED, ("", ""))
    return str(path) if place == slug else reverse("salesops:start", args=[slug])


# Sessions -----------------------------------------------------------------------------------------


@open_view(OWN)
@login_required
@never_cache
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Show where I am signed in."""
    assert isinstance(request.user, User)  # noqa: S101  # as above
    rows = [
        {
            "it": session,
            "browser": devices.browser(session.user_agent),
            "system": devices.system(session.user_agent),
            "pocket": devices.system(session.user_agent) in devices.POCKET,
            "here": session.session_key == request.session.session_key,
        }
        for session in access.sessions_of(request.user)
    ]
    rows.sort(key=lambda row: not row["here"])
    return render(request, "usersessions/usersession_list.html", {"rows": rows})


@open_view(OWN)
@login_required
@require_POST
def end_session(request: HttpRequest, *, pk: int) -> HttpResponse:
    """End one of my sessions; it is over with its next request."""
    assert isinstance(request.user, User)  # noqa: S101  # as above
    session = access.session_or_404(request.user, pk)
    here = session.session_key == request.session.session_key
    actions.end_session(session)
    if here:
        logout(request)
        return redirect("account_login")
    messages.success(request, _("The session is ended."))
    return redirect("usersessions_list")


@open_view(OWN)
@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all my sessions but this one."""
    assert isinstance(request.user, User)  # noqa: S101  # as above
    actions.end_sessions(request.user, but=str(request.session.session_key))
    messages.success(request, _("All other sessions are ended."))
    return redirect("usersessions_list")


# The organization's setting -----------------------------------------------------------------------


@org_view(Permission.SETTINGS_EDIT, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: OrgRequest) -> HttpResponse:
    """Show whether a second factor is asked for and who would be led to its set-up; switch it."""
    refusal = ""
    if request.method == "POST":
        required = request.POST.get("required") == "1"
        try:
            changed = actions.require_second_factor(
                request.organization, required=required, by=request.membership, at=request.now
            )
        except Refused as refused:
            refusal = labels.refusal(refused)
        else:
            if changed:
                messages.success(
                    request,
                    _("A second factor is required now.") if required else _("A second factor is no longer required."),
                )
            return go(request, request.path)
    lacking = list(access.without_second_factor())
    context = {
        "lacking": lacking[:PEOPLE_SHOWN],
        "lacking_count": len(lacking),
        "more": max(0, len(lacking) - PEOPLE_SHOWN),
        "members": access.member_count(),
        "mine": request.membership.user.has_second_factor,
        "refusal": refusal,
    }
    return render_page(request, "tenants/security.html", context, partial="form", status=422 if refusal else 200)
