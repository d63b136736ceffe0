"""Asking whoever leads, and deciding: in place on the today page, on the opportunity, or on a page of its own."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, approval_filters, labels, queries
from funnel.approvals import ApprovalKind, ApprovalState
from funnel.forms import ApprovalForm, VerdictForm
from funnel.models import Approval
from funnel.views.answers import dialog, heard, must_leave, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, number, org_view, render_page, toast

A_PAGE = 30
CHANGED = "approvals-changed"
"""What the panels of approvals listen to, wherever they stand."""


@org_view(Permission.FUNNEL_EDIT)
@read_write
def approval_new(request: OrgRequest, pk: int, kind: str) -> HttpResponse:
    """Ask for a discount, an exception to a stage, a resource; a dialog that opens from anywhere."""
    found = queries.opportunity_or_404(request.membership, pk)
    if kind not in set(ApprovalKind):
        raise Http404
    asked = ApprovalKind(kind)
    initial = {"stage": number(request.GET.get("stage")) or found.stage, "percent": request.GET.get("percent", "")[:5]}
    form = ApprovalForm(request.POST if request.method == "POST" else None, kind=asked, initial=initial)
    if form.is_valid():
        typed, by, at = form.cleaned_data, request.membership, request.now
        try:
            made = actions.ask_approval(
                found, form.demand(), why=typed["why"], by=by, at=at, request_key=typed["request_key"]
            )
            text = _("Asked: %(name)s decides") % {"name": made.approver.name}
            return heard(request, pk, text, CHANGED)
        except Refused as refused:
            refuse(form, refused)
    context = {"form": form, "opportunity": found, "kind": asked, "heading": labels.APPROVAL_KINDS[asked]}
    context["deciding"] = queries.who_decides(found, asked, asker=request.membership)
    return dialog(request, "approvals/new", status=422 if request.method == "POST" else 200, **context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def approvals_of(request: OrgRequest, pk: int) -> HttpResponse:
    """Show on the page of an opportunity what was asked for it."""
    found = queries.opportunity_or_404(request.membership, pk)
    context = {
        "opportunity": found,
        "requests": queries.asked_of_opportunity(found, request.membership),
        "may_ask": request.membership.can(Permission.FUNNEL_EDIT) and found.closed_at is None,
        "kinds": labels.APPROVAL_KINDS,
    }
    return render_page(request, "funnel/approvals/of.html", context, partial="panel")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def approvals(request: OrgRequest) -> HttpResponse:
    """List what was asked for opportunities in sight, waiting and decided."""
    wanted = approval_filters.read(request.GET)
    page = Paginator(queries.approvals(request.membership, wanted), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "filters": wanted,
        "kinds": labels.APPROVAL_KINDS,
        "page": page,
        "requests": queries.requests(list(page), request.membership),
    }
    return render_page(request, "funnel/approvals/list.html", context, partial="rows")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def approvals_today(request: OrgRequest) -> HttpResponse:
    """Show on the today page what waits for me; nothing where nothing waits."""
    waiting = queries.requests(queries.waiting_for(request.membership), request.membership)
    return render(request, "funnel/approvals/today.html", {"requests": waiting})


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def approval(request: OrgRequest, pk: int) -> HttpResponse:
    """Show one request, to decide on it."""
    return _row(request, queries.approval_or_404(request.membership, pk))


def _row(request: OrgRequest, found: Approval, *, status: int = 200, **more: Any) -> HttpResponse:
    """Answer with the line of a request; without htmx it is a page of its own."""
    table = queries.stage_table() if found.stage else []
    context = {"each": queries.as_request(found, request.membership, table), "opportunity": found.opportunity, **more}
    return render_page(request, "funnel/approvals/one.html", context, partial="line", status=status)


@org_view(Permission.APPROVAL_DECIDE)
@require_POST
def approval_decide(request: OrgRequest, pk: int) -> HttpResponse:
    """Grant or refuse what was asked, with a word."""
    found = queries.approval_or_404(request.membership, pk)
    verdict, form = request.POST.get("verdict"), VerdictForm(request.POST)
    if verdict not in {ApprovalState.GRANTED, ApprovalState.REFUSED}:
        raise Http404
    if not form.is_valid():
        return _row(request, found, form=form, status=422)
    typed: dict[str, Any] = {"seen": form.cleaned_data["version"], "word": form.cleaned_data["word"]}
    try:
        if verdict == ApprovalState.GRANTED:
            until = form.cleaned_data["until"]
            actions.grant(found, until=until, by=request.membership, at=request.now, **typed)
        else:
            actions.refuse(found, by=request.membership, at=request.now, **typed)
    except Stale as stale:
        return _decided_meanwhile(request, stale, ApprovalState(verdict), typed["word"])
    except Refused as refused:
        form.add_error(_FIELDS.get(refused.code), labels.refusal(refused))
        return _row(request, found, form=form, status=422)
    return _done(request, pk, labels.APPROVAL_STATES[ApprovalState(verdict)])


_FIELDS = {"refusal_word_needed": "word", "word_too_long": "word", "until_over": "until", "until_too_far": "until"}


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def approval_withdraw(request: OrgRequest, pk: int) -> HttpResponse:
    """Take back what was asked."""
    found, form = queries.approval_or_404(request.membership, pk), VerdictForm(request.POST)
    if not form.is_valid():
        return _row(request, found, form=form, status=422)
    seen, word = form.cleaned_data["version"], form.cleaned_data["word"]
    try:
        actions.withdraw(found, seen=seen, word=word, by=request.membership, at=request.now)
    except Stale as stale:
        return _decided_meanwhile(request, stale, ApprovalState.WITHDRAWN, word)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), opportunity=found.opportunity, status=422)
    return _done(request, pk, labels.APPROVAL_STATES[ApprovalState.WITHDRAWN])


def _done(request: OrgRequest, pk: int, text: Any) -> HttpResponse:
    """Answer with the line as it is now."""
    if must_leave(request):
        messages.success(request, text)
        return go(request, url_of(request, "approval", pk))
    return toast(_row(request, queries.approval_or_404(request.membership, pk)), str(text))


def _decided_meanwhile(request: OrgRequest, stale: Stale, verdict: ApprovalState, word: str) -> HttpResponse:
    """Answer 409 with both verdicts."""
    theirs = labels.APPROVAL_STATES[ApprovalState(stale.theirs["state"])]
    rows = [(_("Verdict"), theirs, labels.APPROVAL_STATES[verdict]), (_("A word"), stale.theirs["word"], word)]
    return conflict(request, rows, stale)
