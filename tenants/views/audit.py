"""Settings: who did what, when."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tenants import labels, queries
from tenants.forms.organization import AuditFilter
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view, render_page


@org_view(Permission.AUDIT_VIEW)
@require_safe
def audit(request: OrgRequest) -> HttpResponse:
    """Show the audit, newest first, narrowed by what the address says."""
    chosen = AuditFilter(request.GET).chosen()
    before = chosen.pop("before", None)
    page = queries.audit_page(chosen, organization=request.organization, before=before)
    names = queries.names_of_people()
    rows = [
        {
            "event": event,
            "who": names.get(event.by_id or 0, ""),
            "did": labels.verb_words(event.verb),
            "kind": labels.kind_words(event.target_type),
            "details": labels.audit_details(event.data, names),
        }
        for event in page.events
    ]
    context = {
        "rows": rows,
        "older": page.older,
        "before": before,
        "chosen": chosen,
        "people": sorted(names.items(), key=lambda item: item[1]),
        "verbs": sorted(((verb, str(words)) for verb, words in labels.VERBS.items()), key=lambda item: item[1]),
        "kinds": sorted(((kind, str(words)) for kind, words in labels.KINDS.items()), key=lambda item: item[1]),
    }
    return render_page(request, "tenants/audit.html", context, partial="events")
