"""That a customer committed to us, apart from our stage; and the economic buyer's promise, apart from both."""

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from funnel import actions, labels, queries
from funnel.commitment import CommitmentKind, Procedure
from funnel.forms import CommitmentForm, WithdrawForm
from funnel.helping import decides
from funnel.stages import Status
from funnel.views.answers import dialog, heard, read_write, refuse
from jobs.views import attachment
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, org_view, render_page

CHANGED = "commitment-changed"
"""What the panel of commitments listens to."""


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def commitment(request: OrgRequest, pk: int) -> HttpResponse:
    """Show whether the customer has committed, or the economic buyer just promised."""
    found = queries.opportunity_or_404(request.membership, pk)
    procedure = found.buying_procedure
    context = {
        "opportunity": found,
        "committed": queries.committed(found),
        "backing": labels.BACKINGS[found.backing],
        "procedure": labels.PROCEDURES[Procedure(procedure)] if procedure else "",
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "may_decide": request.membership.can(Permission.FUNNEL_EDIT)
        and decides(found.owner_id, request.membership.visible_owner_ids),
        "is_open": found.status == Status.OPEN,
    }
    return render_page(request, "funnel/commitment/panel.html", context, partial="panel")


@org_view(Permission.FUNNEL_EDIT)
@read_write
def commitment_new(request: OrgRequest, pk: int, kind: str) -> HttpResponse:
    """Record that the customer's procedure chose us, or that the economic buyer promised it."""
    found = queries.opportunity_or_404(request.membership, pk)
    if kind not in set(CommitmentKind):
        raise Http404
    what = CommitmentKind(kind)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = CommitmentForm(*sent, kind=what, opportunity=found, by=request.membership, today=request.today)
    if form.is_valid():
        try:
            actions.record_commitment(found, what, by=request.membership, at=request.now, **form.values())
            return heard(request, pk, str(labels.COMMITMENTS[what]), CHANGED)
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "opportunity": found, "kind": what, "heading": labels.COMMITMENTS[what]}
    return dialog(request, "commitment/new", status=422 if sent else 200, **context)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def commitment_withdraw(request: OrgRequest, pk: int) -> HttpResponse:
    """Say why what was committed or promised does not hold any more."""
    found = queries.commitment_or_404(request.membership, pk)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        why = form.cleaned_data["why"]
        try:
            actions.withdraw_commitment(found, why=why, by=request.membership, at=request.now)
            return heard(request, found.opportunity_id, _("Withdrawn"), CHANGED)
        except Stale as stale:
            return conflict(request, [(_("Why"), stale.theirs["why"], why)], stale)
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "opportunity": found.opportunity, "commitment": found}
    return dialog(request, "commitment/withdraw", status=422 if request.method == "POST" else 200, **context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def commitment_file(request: OrgRequest, pk: int) -> HttpResponse:
    """Download the file that proves a commitment."""
    return attachment(queries.proof_or_404(request.membership, pk))
