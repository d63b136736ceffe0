"""Settings: whom to invite, what would become of each, and the invitations that are open."""

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tenants import actions, labels, queries
from tenants.errors import Refused
from tenants.forms.people import Invite, verdict_words
from tenants.permissions import Permission, Role
from tenants.views import mails
from tenants.web import OrgRequest, go, org_view, render_page, to_page


def _gives_power(request: HttpRequest) -> bool:
    """Return whether anybody is invited as an admin, or as somebody who sees everything."""
    form = Invite(request.POST, now=timezone.now())
    form.is_valid()
    roles = {request.POST.get("role"), *(invitee.role for invitee in form.invitees)}
    return bool(request.POST.get("is_admin")) or Role.EXECUTIVE in roles


@org_view(Permission.PEOPLE_EDIT, fresh=_gives_power)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: OrgRequest) -> HttpResponse:
    """Invite one person or many: all of the list, or nobody."""
    if request.method != "POST":
        return _page(request, Invite(now=request.now))
    form = Invite(request.POST, now=request.now)
    if not form.is_valid():
        return _page(request, form, status=422)
    invited = actions.invite(request.organization, by=request.membership, at=request.now, **form.values)
    mails.send_invitations(invited.sent)
    _tell(request, invited)
    return go(request, to_page(request, "tenants:people"))


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def preview(request: OrgRequest) -> HttpResponse:
    """Say what would become of each person of the list; nothing is sent and nothing kept."""
    form = Invite(request.POST, now=request.now)
    form.is_valid()
    form.errors.pop("emails", None)  # the table below says it line by line
    return _page(request, form, partial="preview")


def _page(request: OrgRequest, form: Invite, *, partial: str = "form", status: int = 200) -> HttpResponse:
    roles = dict(labels.ROLES)
    counts = Counter(invitee.verdict for invitee in form.invitees)
    context = {
        "form": form,
        "lines": [(invitee, roles.get(invitee.role, ""), verdict_words(invitee)) for invitee in form.invitees],
        "sent": sum(invitee.is_sent for invitee in form.invitees),
        "wrong": sum(invitee.is_wrong for invitee in form.invitees),
        "left": sum(counts[verdict] for verdict in labels.LEFT_ALONE),
        "sight": [(words, labels.SIGHT[role]) for role, words in labels.ROLES],
        "admin_sight": labels.ADMIN_SIGHT,
    }
    return render_page(request, "tenants/invite.html", context, partial=partial, status=status)


def _tell(request: OrgRequest, invited: actions.Invited) -> None:
    """Say what became of the addresses."""
    parts = []
    if sent := len(invited.sent):
        parts.append(
            ngettext("{n} invitation is on its way.", "{n} invitations are on their way.", sent).format(n=sent)
        )
    if invited.waiting:
        parts.append(_("Already invited: {list}.").format(list=_few(invited.waiting)))
    if invited.members:
        parts.append(_("Already members: {list}.").format(list=_few(invited.members)))
    level = messages.SUCCESS if invited.sent else messages.WARNING
    messages.add_message(request, level, " ".join(parts))


def _few(addresses: list[str]) -> str:
    """Name the first ones of a long list, and how many more there are."""
    shown = labels.in_a_row(addresses[:5])
    return shown if len(addresses) <= 5 else _("{list} and {n} more").format(list=shown, n=len(addresses) - 5)


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def resend(request: OrgRequest, pk: int) -> HttpResponse:
    """Send an invitation again, with a new link and a new term."""
    invitation = queries.invitation_or_404(pk)
    try:
        seen = request.POST.get("seen", "")
        renewed, token = actions.renew(invitation, seen=seen, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused))
    else:
        mails.send_invitations([(renewed, token)] if token else [])
        messages.success(request, _("The invitation is on its way again; the old link no longer works."))
    return go(request, to_page(request, "tenants:people"))


@org_view(Permission.PEOPLE_EDIT)
@require_POST
def withdraw(request: OrgRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = queries.invitation_or_404(pk)
    try:
        actions.withdraw(invitation, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused))
    else:
        messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return go(request, to_page(request, "tenants:people"))
