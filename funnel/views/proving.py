"""Evidence."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, queries
from funnel.forms import EvidenceForm
from funnel.views.answers import dialog, parts, read_write
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view


@org_view(Permission.FUNNEL_EDIT)
@read_write
def evidence(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """File a piece of evidence."""
    found, item = queries.opportunity_or_404(request.membership, pk), queries.item_or_404(key)
    filed = next((each for each in queries.evidence_of(found) if each.item.key == key), None)
    if request.method != "POST":
        form = EvidenceForm(initial={"note": filed.note if filed else ""})
        return dialog(request, "evidence", form=form, opportunity=found, item=item, filed=filed)
    form = EvidenceForm(request.POST)
    if form.is_valid():
        note = form.cleaned_data["note"]
        actions.file_evidence(found, key, note=note, by=request.membership, at=request.now)
        return parts(request, found, _("Evidence filed: %(item)s") % {"item": item.label})
    return dialog(request, "evidence", form=form, opportunity=found, item=item, filed=filed, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def evidence_withdraw(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Take a piece of evidence back."""
    found, item = queries.opportunity_or_404(request.membership, pk), queries.item_or_404(key)
    actions.withdraw_evidence(found, key, by=request.membership, at=request.now)
    return parts(request, found, _("Evidence withdrawn: %(item)s") % {"item": item.label})
