"""What can be done with an import besides going through it: stop it, undo it, delete it."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from exchange import actions, labels, queries
from exchange.models import Import
from exchange.views._shared import changed_since, is_grave, mine, page_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, number, org_view, render_page, to_page


@org_view(Permission.IMPORT_RUN)
@require_POST
def import_stop(request: OrgRequest, pk: int) -> HttpResponse:
    """Stop the work on an import at the border of its next chunk."""
    imported = mine(request, pk)
    try:
        actions.stop(imported, by=request.membership, at=request.now)
    except Refused as refused:
        return _refused(request, imported, refused)
    return go(request, page_of(request, "import_detail", imported))


@org_view(Permission.IMPORT_RUN, fresh=is_grave)
@require_http_methods(["GET", "POST"])
def import_undo(request: OrgRequest, pk: int) -> HttpResponse:
    """Say what undoing would do, or why it cannot be; then do it."""
    imported = mine(request, pk)
    if request.method != "POST":
        return _undo_page(request, imported)
    try:
        seen = number(request.POST.get("version", ""))
        actions.undo(imported, seen=seen, by=request.membership, at=request.now)
    except Stale:
        rows = [(_("State"), imported.state_label, _("as you saw them before"))]
        return changed_since(request, imported, rows)
    except Refused as refused:
        if refused.code == "import_touched":
            return _undo_page(request, imported, status=409)
        return _refused(request, imported, refused)
    return go(request, page_of(request, "import_detail", imported))


def _undo_page(request: OrgRequest, imported: Import, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"imported": imported, "running": imported.is_running}
    if not imported.undo_bar and not context["running"]:
        context |= queries.undoing(imported, by=request.membership)
    return render_page(request, "exchange/import_undo.html", context, status=status)


@org_view(Permission.IMPORT_RUN)
@require_http_methods(["GET", "POST"])
def import_delete(request: OrgRequest, pk: int) -> HttpResponse:
    """Say what goes with an import's file and rows; then let them go."""
    imported = mine(request, pk)
    if request.method != "POST":
        context = {"imported": imported, "running": imported.is_running}
        return render_page(request, "exchange/import_delete.html", context)
    try:
        seen = number(request.POST.get("version", ""))
        actions.delete(imported, seen=seen, by=request.membership, at=request.now)
    except Stale:
        rows = [(_("State"), imported.state_label, _("as you saw them before"))]
        return changed_since(request, imported, rows)
    except Refused as refused:
        return _refused(request, imported, refused)
    return go(request, to_page(request, "exchange:imports"))


def _refused(request: OrgRequest, imported: Import, refused: Refused) -> HttpResponse:
    """Answer 409 with the reason, in place of what was asked."""
    context = {"imported": imported, "words": labels.BARS.get(refused.code, refused.code)}
    return render_page(request, "exchange/import_refused.html", context, status=409)
