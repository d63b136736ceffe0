"""Evidence across opportunities: what waits for a verdict, and what is missing in order of money."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from funnel import filters, queries
from funnel.forms import JudgeForm
from funnel.models import Opportunity
from funnel.views.answers import must_leave, parts, url_of
from tenants.permissions import Permission
from tenants.queries import PAGE, CountedPaginator
from tenants.web import OrgRequest, go, is_swap, number, org_view, render_page, toast

FEW = 5
A_PAGE = 15
"""Opportunities on a page of what is to be verified."""


@org_view(Permission.EVIDENCE_JUDGE)
@require_safe
def proofs(request: OrgRequest) -> HttpResponse:
    """List the evidence to verify by opportunity, the largest first; the verdict is said in place."""
    return waiting_list(request)


def waiting_list(
    request: OrgRequest, *, focus: int = 0, form: JudgeForm | None = None, is_answer: bool = False, status: int = 200
) -> HttpResponse:
    """Answer with what waits for a verdict.

    :param focus: the piece of evidence to go on with; the first, or that nothing waits, where it is gone.
    :param form: what was typed for it, and why it was refused.
    :param is_answer: a verdict has just been said.
    """
    is_oldest = request.GET.get("sort") == "oldest"
    number_of_page = filters.page_number(request.GET)
    page = queries.claims(request.membership, number=number_of_page, size=A_PAGE, is_oldest=is_oldest)
    every = [each.pk for claim in page for each in claim.evidence]
    following = dict(pairwise(every))
    labels = {row.stage: row.label for row in queries.stage_table()} if every else {}
    context = {
        "page": page,
        "claims": [
            (claim.opportunity, labels[claim.opportunity.stage], [(e, following.get(e.pk)) for e in claim.evidence])
            for claim in page
        ],
        "left": queries.to_verify(request.membership).count(),
        "is_oldest": is_oldest,
        "focus": _going_on(focus, every) if is_answer or form else 0,
        "form": form,
        "is_answer": is_answer,
    }
    response = render_page(request, "funnel/proofs.html", context, partial="list", status=status)
    return _in_place(request, response, "#proofs")


def _going_on(wanted: int, shown: Sequence[int]) -> int:
    """Return what is under the hand after an answer: what was wanted, the first where it is gone, 0 for nothing."""
    return wanted if wanted in shown else next(iter(shown), 0)


def _in_place(request: OrgRequest, response: HttpResponse, target: str) -> HttpResponse:
    if is_swap(request):
        response["HX-Retarget"], response["HX-Reswap"] = target, "outerHTML"
    return response


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def missing_proofs(request: OrgRequest) -> HttpResponse:
    """List what is missing to prove what is claimed, in order of money; who must act can do it there."""
    return missing_rows(request)


def missing_rows(request: OrgRequest, *, focus: int = 0, is_answer: bool = False) -> HttpResponse:
    """Answer with what is missing, on a page of it; after an answer one goes on with opportunity `focus`."""
    table, asked, wanted = queries.stage_table(), filters.page_number(request.GET), filters.read(request.GET)
    total = queries.unproven_sums(request.membership, table, wanted)
    pages: Paginator[Any] = CountedPaginator(range(total.count), total.count)
    page = pages.get_page(asked)
    found = queries.unproven(request.membership, table, wanted, first=(page.number - 1) * PAGE, most=PAGE)
    labels = {row.stage: row.label for row in table}
    context = {
        "page": page,
        "found": [(row, labels[row.opportunity.proven_stage], labels[row.opportunity.stage]) for row in found],
        "filters": wanted,
        "total": total,
        "focus": _going_on(focus, [row.opportunity.pk for row in found]) if is_answer else 0,
        "is_answer": is_answer,
        "may_judge": request.membership.can(Permission.EVIDENCE_JUDGE),
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
    }
    response = render_page(request, "funnel/missing_proofs.html", context, partial="rows")
    return _in_place(request, response, "#missing-proofs")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def proofs_today(request: OrgRequest) -> HttpResponse:
    """Show on the today page what waits: verdicts for a manager, what was sent back and the dearest gaps for a rep."""
    return _today(request)


def today_panel(request: OrgRequest, *, focus: int = 0, is_answer: bool = False) -> HttpResponse:
    """Answer with the panel after a verdict that was said in it."""
    return _in_place(request, _today(request, focus=focus, is_answer=is_answer), "#proofs-today")


def _today(request: OrgRequest, *, focus: int = 0, is_answer: bool = False) -> HttpResponse:
    by, table = request.membership, queries.stage_table()
    waiting = queries.to_verify(by)
    shown = list(waiting[:FEW])
    every = [each.pk for each in shown]
    following = dict(pairwise(every))
    context = {
        "waiting": [(each, following.get(each.pk)) for each in shown],
        "waiting_count": waiting.count(),
        "focus": _going_on(focus, every) if is_answer else 0,
        "is_answer": is_answer,
        "sent_back": queries.sent_back(by)[:FEW],
        "found": queries.unproven(by, table, most=FEW),
    }
    return render(request, "funnel/proofs_today.html", context)


_SHOWN_IN = {"list": waiting_list, "today": today_panel, "missing": missing_rows}
"""What the page shows anew on which somebody filed or judged, besides that of the opportunity."""


def shown(request: OrgRequest, found: Opportunity, text: str, *, focus: int = 0, undo: str = "") -> HttpResponse:
    """Answer what was done to evidence with what the page shows now on which it was done.

    :param focus: the piece of evidence to go on with, where it is not the one after.
    :param undo: the address that takes it back.
    """
    on = request.GET.get("on", "")
    if on not in _SHOWN_IN:
        return parts(request, found, text, undo=undo)
    if must_leave(request):
        messages.success(request, text)
        return go(request, url_of(request, "missing_proofs" if on == "missing" else "proofs"))
    focus = found.pk if on == "missing" else focus or number(request.POST.get("next"))
    return toast(_SHOWN_IN[on](request, focus=focus, is_answer=True), text, undo_url=undo)
