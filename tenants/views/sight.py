"""What a member may see, explained to the member and to admins: in words, in numbers, and permission by permission."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tenants import labels, queries
from tenants.permissions import Permission, reasons
from tenants.web import OrgRequest, org_view, render_page


@org_view(Permission.HOME_VIEW)
@require_safe
def sight(request: OrgRequest, pk: int) -> HttpResponse:
    """Explain a member's sight; everyone may read their own, an admin anybody's."""
    member = queries.person_or_404(pk)
    mine = member.pk == request.membership.pk
    if not mine and not request.membership.can(Permission.PEOPLE_EDIT):
        raise PermissionDenied
    found = reasons(member.role, is_admin=member.is_admin)
    context: dict[str, Any] = {
        "person": member,
        "mine": mine,
        "role": dict(labels.ROLES)[member.role],
        "sentence": labels.SIGHT[member.role],
        "admin_sight": labels.ADMIN_SIGHT,
        "led": queries.led_by(member),
        "permissions": [
            (
                labels.permission_words(reason.permission),
                reason.is_granted and member.is_active,
                labels.reason_words(reason, member.role) if member.is_active or not reason.is_granted else "",
            )
            for reason in found
        ],
    }
    return render_page(request, "tenants/person_sight.html", context)
