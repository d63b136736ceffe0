"""Judging evidence: on the page of an opportunity, in the list of what waits, on the today page."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries
from funnel.evidence import State
from funnel.forms import JudgeForm
from funnel.models import Evidence, Opportunity
from funnel.views.answers import dialog, read_write, url_of
from funnel.views.proofs import shown, waiting_list
from funnel.views.proving import item_refused
from tenants.errors import Refused, Stale
from tenants.labels import worded
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, is_swap, number, org_view

_WORD_CODES = frozenset({"word_needed", "word_too_long"})


@org_view(Permission.EVIDENCE_JUDGE)
@read_write
def evidence_judge(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Verify a piece of evidence, mark it as confirmed by the customer, or send it back with a word."""
    found = queries.opportunity_or_404(request.membership, pk)
    filed = queries.filed_or_404(found, key)
    form = JudgeForm(request.POST if request.method == "POST" else None, initial={"version": filed.version})
    if form.is_valid():
        word, verdict, seen = form.cleaned_data["word"], form.state, form.cleaned_data["version"]
        by, at = request.membership, request.now
        try:
            judged = actions.judge_evidence(found, key, verdict=verdict, word=word, seen=seen, by=by, at=at)
            return _judged(request, found, judged, filed.state)
        except Stale as stale:
            return _both_verdicts(request, stale, verdict, word)
        except Refused as refused:
            if refused.code not in _WORD_CODES:
                return item_refused(request, refused, found)
            form.add_error("word", labels.refusal(refused))
    if request.method == "POST" and is_swap(request) and request.GET.get("on") == "list":
        return waiting_list(request, focus=filed.pk, form=form, status=422)
    status = 422 if request.method == "POST" else 200
    return dialog(request, "verdict", form=form, opportunity=found, filed=filed, status=status)


def _judged(request: OrgRequest, found: Opportunity, judged: Evidence, before: str) -> HttpResponse:
    """Answer with what the page shows now; what waited before can wait again by the undo in the toast."""
    text = worded(labels.STATES[State(judged.state)], judged.item)
    undo = ""
    if before == State.FILED:
        asked = request.GET.copy()
        asked["seen"] = str(judged.version)
        undo = f"{url_of(request, 'evidence_unjudge', found.pk, judged.item.key)}?{asked.urlencode()}"
    return shown(request, found, text, undo=undo)


@org_view(Permission.EVIDENCE_JUDGE)
@require_POST
def evidence_unjudge(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Take one's verdict back, within thirty seconds: it waits anew."""
    found = queries.opportunity_or_404(request.membership, pk)
    filed, seen = queries.filed_or_404(found, key), number(request.GET.get("seen"))
    try:
        actions.unjudge_evidence(found, key, seen=seen, by=request.membership, at=request.now)
    except Refused as refused:
        return item_refused(request, refused, found)
    return shown(request, found, _("Verdict taken back: %(item)s") % {"item": filed.item}, focus=filed.pk)


def _both_verdicts(request: OrgRequest, stale: Stale, verdict: State, word: str) -> HttpResponse:
    """Answer 409 with what stands now, and what was to be said."""
    theirs = labels.STATES[State(stale.theirs["state"])]
    rows = [(_("Verdict"), theirs, labels.STATES[verdict])]
    if stale.theirs["word"] or word:
        rows.append((_("What is missing?"), stale.theirs["word"], word))
    return conflict(request, rows, stale)
