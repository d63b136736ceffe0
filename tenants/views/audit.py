"""Settings: who did what, when."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from tenants import labels, queries
from tenants.forms.organization import AuditFilter
from tenants.models import AuditEvent
from tenants.permissions import Permission
from tenants.topics import TOPICS
from tenants.web import OrgRequest, number, org_view, render_page


@org_view(Permission.AUDIT_VIEW)
@require_safe
def audit(request: OrgRequest) -> HttpResponse:
    """Show the audit, newest first, narrowed by what the address says."""
    chosen = AuditFilter(request.GET).chosen()
    before = chosen.pop("before", None)
    page = queries.audit_page(chosen, organization=request.organization, before=before)
    names = queries.names_of_people()
    context = {
        "rows": _rows(page.events, names),
        "older": page.older,
        "before": before,
        "chosen": chosen,
        "people": sorted(names.items(), key=lambda item: item[1]),
        "verbs": sorted(((verb, str(words)) for verb, words in labels.VERBS.items()), key=lambda item: item[1]),
        "kinds": sorted(((kind, str(words)) for kind, words in labels.KINDS.items()), key=lambda item: item[1]),
    }
    return render_page(request, "tenants/audit.html", context, partial="events")


def _rows(events: Iterable[AuditEvent], names: Mapping[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "event": event,
            "who": names.get(event.by_id or 0, ""),
            "did": labels.verb_words(event.verb),
            "kind": labels.kind_words(event.target_type),
            "details": labels.audit_details(event.data, names),
        }
        for event in events
    ]


@org_view(Permission.HOME_VIEW)
@require_safe
def history(request: OrgRequest, topic: str) -> HttpResponse:
    """Show the last changes of what one page of the settings is about, to whoever may change it."""
    found = TOPICS.get(topic)
    if found is None:
        raise Http404
    if not request.membership.can(found.permission):
        raise PermissionDenied
    events = queries.history(found, request.membership, thing=number(request.GET.get("thing")) or None)
    context = {"rows": _rows(events, queries.names_of_people() if events else {}), "topic": topic}
    return render_page(request, "tenants/changes.html", context, partial="changes")
