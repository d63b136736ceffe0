"""The assessment of a customer, and what the organization has agreed on."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import actions, labels, queries
from accounts.forms import (
    AssessmentForm,
    SegmentsForm,
)
from accounts.models import Account, AssessmentSetting
from accounts.segments import Factor
from accounts.views import answers
from accounts.views.answers import read_write
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def account_assess(request: OrgRequest, pk: int) -> HttpResponse:
    """Judge a customer by the ten factors; begins with the last judgement."""
    account = queries.account_or_404(request.membership, pk)
    history = queries.assessments_of(account)
    latest = history[0] if history else None
    if request.method != "POST":
        initial: dict[str, Any] = {"request_key": uuid4(), "version": latest.pk if latest else 0}
        for row in latest.ratings.all() if latest else ():
            initial |= {f"rating_{row.factor}": str(row.rating), f"note_{row.factor}": row.note}
        return _assess_page(request, account, AssessmentForm(initial=initial))
    form = AssessmentForm(request.POST)
    if not form.is_valid():
        return _assess_page(request, account, form, status=422)
    try:
        made = actions.assess(
            account,
            ratings=form.ratings,
            notes=form.notes,
            by=request.membership,
            at=request.now,
            request_key=form.cleaned_data["request_key"],
            seen=form.cleaned_data["version"] or 0,
        )
    except Refused as refused:
        form.add_error(None, labels.refusal(refused))
        return _assess_page(request, account, form, status=422)
    except Stale as stale:
        return conflict(request, _both_judgements(form, stale), stale, version=latest.pk if latest else 0)
    messages.success(request, _("Assessed: segment %(segment)s") % {"segment": made.segment})
    return go(request, answers.url(request, "account", pk))


def _assess_page(
    request: OrgRequest, account: Account, form: AssessmentForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    rows = [
        {**line, "rating": form[f"rating_{line['factor']}"], "note": form[f"note_{line['factor']}"]}
        for line in answers.chart_rows(queries.chart(None))
    ]
    context = {"account": account, "form": form, "rows": rows, **context}
    return render_page(request, "accounts/assess.html", context, partial="form", status=status)


def _both_judgements(form: AssessmentForm, stale: Stale) -> list[tuple[Any, Any, Any]]:
    """Return (factor, theirs, mine) for the factors that are judged otherwise."""
    words: dict[object, labels.Text] = dict(labels.STEPS.items()) | {None: _("Not judged")}
    return [
        (labels.FACTORS[factor], words[stale.theirs.get(factor)], words[form.ratings.get(factor)])
        for factor in Factor
        if stale.theirs.get(factor) != form.ratings.get(factor)
    ]


@org_view(Permission.SETTINGS_EDIT)
@read_write
def segments(request: OrgRequest) -> HttpResponse:
    """Agree on the benchmark, the limits and the weights; saving places every customer anew."""
    setting = AssessmentSetting.current()
    if request.method != "POST":
        return _segments_page(request, SegmentsForm(instance=setting, initial={"version": setting.version}))
    form = SegmentsForm(request.POST, instance=AssessmentSetting.current())
    if not form.is_valid():
        return _segments_page(request, form, status=422)
    moves = queries.moves(**form.values) if form.cleaned_data["version"] == setting.version else None
    if moves and moves.total and request.POST.get("confirmed") != str(moves.total):
        form.add_error(None, _("Read what this will do, then confirm it."))
        return _segments_page(request, form, status=422, moves=moves)
    try:
        _setting, moved = actions.change_assessment_setting(
            seen=form.cleaned_data["version"], by=request.membership, at=request.now, **form.values
        )
    except Stale as stale:
        return conflict(request, answers.both(form, stale, form.values), stale, version=setting.version)
    words = ngettext("Saved. %(n)s customer changed segment.", "Saved. %(n)s customers changed segment.", moved)
    messages.success(request, words % {"n": f"{moved:,}"})
    return go(request, answers.url(request, "segments"))


def _segments_page(request: OrgRequest, form: SegmentsForm, *, status: int = 200, **context: Any) -> HttpResponse:
    counts = queries.segment_counts()
    context = {
        "form": form,
        "weights": [form[f"weight_{factor}"] for factor in Factor],
        "counts": [(segment, meaning, counts.get(segment, 0)) for segment, meaning in labels.SEGMENT_MEANINGS.items()],
        "usual": queries.usual_benchmark(),
        **context,
    }
    return render_page(request, "accounts/segments.html", context, partial="form", status=status)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def segments_preview(request: OrgRequest) -> HttpResponse:
    """Answer how many customers would change segment; changes nothing."""
    form = SegmentsForm(request.POST, instance=AssessmentSetting.current())
    if not form.is_valid():
        return render(request, "accounts/segments.html#preview", {"incomplete": True})
    moves = queries.moves(**form.values)
    context = {"moves": moves, "confirmed": request.POST.get("confirmed") == str(moves.total)}
    return render(request, "accounts/segments.html#preview", context)
