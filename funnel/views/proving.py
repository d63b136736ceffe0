"""Evidence and the sales team."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, queries
from funnel.forms import (
    EvidenceForm,
    MemberForm,
)
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


@org_view(Permission.FUNNEL_EDIT)
@read_write
def members(request: OrgRequest, pk: int) -> HttpResponse:
    """Put someone on the sales team."""
    found = queries.opportunity_or_404(request.membership, pk)
    form = MemberForm(request.POST if request.method == "POST" else None, opportunity=found)
    if request.method != "POST":
        return dialog(request, "member", form=form, opportunity=found)
    if form.is_valid():
        member, part = form.cleaned_data["member"], form.cleaned_data["part"]
        actions.add_member(found, member=member, part=part, by=request.membership, at=request.now)
        return parts(request, found, _("%(name)s is on the sales team now") % {"name": member.name})
    return dialog(request, "member", form=form, opportunity=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def member_remove(request: OrgRequest, pk: int, member: int) -> HttpResponse:
    """Take someone off the sales team."""
    found = queries.opportunity_or_404(request.membership, pk)
    person = queries.member_or_404(found, member)
    actions.remove_member(found, member=person, by=request.membership, at=request.now)
    return parts(request, found, _("%(name)s is no longer on the sales team") % {"name": person.name})
