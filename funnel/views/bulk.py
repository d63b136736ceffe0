"""One change of many opportunities: choose, look at what would happen to each, do it, take it back."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, filters, labels, queries
from funnel.bulk import AT_ONCE, MOST, BulkKind, BulkState, Fate
from funnel.evidence import NoneFiled
from funnel.forms import BulkForm, ChoiceForm, EvidenceForm, LineForm
from funnel.models import BulkChange
from funnel.queries.bulk import Line, Plan
from funnel.stages import StageRow
from funnel.views.answers import dialog, language, read_write, refuse
from funnel.views.moving import evidence_form
from tenants import formats
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, is_swap, number, org_view


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def bulk(request: OrgRequest) -> HttpResponse:
    """Ask what to change of those that were picked; then show what would happen to each of them."""
    stages, by = queries.stage_table(), request.membership
    every = request.POST.get("all") == "1"
    wanted = filters.read(QueryDict(request.POST.get("query", "")))
    if every:
        ids, count = queries.all_matching(by, wanted, today=request.today, most=MOST)
    else:
        ids = queries.picked(by, [pk for pk in map(number, request.POST.getlist("pk")) if pk], most=MOST)
        count = len(ids)
    if not ids:
        error = labels.too_many(count, MOST) if count else labels.NOTHING_PICKED
        return dialog(request, "refused", error=error, status=422)
    form = BulkForm(request.POST if "kind" in request.POST else None, by=by, stages=stages)
    if form.is_valid():
        key, kind = form.cleaned_data["request_key"], BulkKind(form.cleaned_data["kind"])
        drawn = actions.draw_up(kind, form.to, ids, request_key=key, by=by, at=request.now)
        return _shown(request, drawn, stages)
    context = {"form": form, "count": count, "every": every, "ids": [] if every else ids}
    context["query"] = request.POST.get("query", "") if every else ""
    return dialog(request, "bulk", status=422 if form.is_bound else 200, **context)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def bulk_change(request: OrgRequest, pk: int) -> HttpResponse:
    """Show what would happen, or did; open one of its lines to answer there; do it."""
    found, stages = queries.bulk_or_404(request.membership, pk), queries.stage_table()
    if found.state != BulkState.DRAWN:
        return _shown(request, found, stages)
    plan = queries.plan(found, request.membership, stages, today=request.today)
    if request.method != "POST":
        opened = _opened(request, plan, request.GET.getlist("open"))
        if opened and is_swap(request):
            return _line(request, found, plan, opened[0])
        form = ChoiceForm(bulk=found, plan=plan, today=request.today, lines=opened)
        return _planned(request, found, stages, plan, form)
    opened = _opened(request, plan, request.POST.getlist("open"))
    form = ChoiceForm(request.POST, bulk=found, plan=plan, today=request.today, lines=opened)
    if not (form.is_valid() and _filed(request, form)):
        return _planned(request, found, stages, plan, form)
    done = actions.carry_out(found, form.choice(), by=request.membership, at=request.now)
    return _shown(request, done, stages)


def _line(request: OrgRequest, found: BulkChange, plan: Plan, form: LineForm) -> HttpResponse:
    """Answer with one line, opened; what was typed in the others stays as it is on the page."""
    context = {"each": _each(found, form.line, form), "bulk": found, "plan": plan, "new": True}
    return render(request, "funnel/bulk_item.html", {**context, "chosen": set(request.GET.getlist("go"))})


def _opened(request: OrgRequest, plan: Plan, asked: list[str]) -> list[LineForm]:
    """Return the forms of the lines that were opened, of those that have something to answer."""
    pks, data = {number(pk) for pk in asked}, request.POST if request.method == "POST" else None
    return [
        _line_form(request, line, data)
        for line in plan.lines
        if line.pk in pks and line.fate in {Fate.LACKS, Fate.BLOCKED, Fate.BACK}
    ]


def _line_form(request: OrgRequest, line: Line, data: QueryDict | None) -> LineForm:
    """Return the form of a line, with those of the evidence that it lacks still."""
    filings: list[EvidenceForm] = []
    if line.lacking:
        found = queries.opportunity_or_404(request.membership, line.pk)
        filed = {each.item.key: each for each in queries.evidence_of(found)}
        for item in line.lacking:
            how: dict[str, Any] = {"filed": filed.get(item.key), "prefix": f"{line.pk}-{item.key}", "data": data}
            filings.append(evidence_form(request, found, item, **how))
    asked = {f"{line.pk}-{name}" for name in ("ask", "why", "until")} | {
        form.add_prefix(n) for form in filings for n in form.fields
    }
    typed: dict[str, str] = data.dict() if data else {}  # type: ignore[assignment]  # one value each, the last
    lost = [
        value
        for name, value in typed.items()
        if name.startswith(f"{line.pk}-") and name not in asked and not name.endswith("-version") and value.strip()
    ]
    return LineForm(data, line=line, today=request.today, filings=filings, lost=", ".join(lost))


def _filed(request: OrgRequest, form: ChoiceForm) -> bool:
    """File all the evidence that was typed, or none of it; return whether it was."""
    filings = form.filings()
    typed = [(each.opportunity, each.item.key, each.values()) for each in filings]
    try:
        actions.file_many(typed, by=request.membership, at=request.now)
    except NoneFiled as why:
        for place, error in why.errors.items():
            if isinstance(error, Stale):
                filings[place].add_error(None, _("Somebody changed it meanwhile."))
            else:
                refuse(filings[place], error)
        return False
    return True


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def bulk_undo(request: OrgRequest, pk: int) -> HttpResponse:
    """Take it back, within thirty seconds."""
    found = queries.bulk_or_404(request.membership, pk)
    try:
        back = actions.take_back(found, by=request.membership, at=request.now)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), status=422)
    return _shown(request, back, queries.stage_table())


def _shown(request: OrgRequest, found: BulkChange, stages: list[StageRow]) -> HttpResponse:
    """Show a change as it stands: its plan, the job that works on it, or what became of each."""
    if found.state == BulkState.DRAWN:
        plan = queries.plan(found, request.membership, stages, today=request.today)
        return _planned(request, found, stages, plan, ChoiceForm(bulk=found, plan=plan, today=request.today))
    came = queries.outcome(found, request.membership)
    ended = found.stopped_at if found.state != BulkState.UNDONE else None
    context = {
        **_told(request, found, stages, came),
        "job": found.job if found.state in {BulkState.RUNNING, BulkState.UNDOING} else None,
        "may_undo": ended is not None
        and request.now - ended <= actions.UNDO_WITHIN
        and came.of(Fate.DONE, Fate.ASKED) > 0,
    }
    return dialog(request, "bulk_done", **context)


def _planned(
    request: OrgRequest, found: BulkChange, stages: list[StageRow], plan: Plan, form: ChoiceForm
) -> HttpResponse:
    chosen = set(form["go"].value() or []) if form.is_bound else set()
    context = {
        **_told(request, found, stages, plan, form.lines),
        "form": form,
        "chosen": chosen,
        "doable": plan.of(Fate.READY, Fate.BACK, Fate.LACKS, Fate.BLOCKED),
        "by_job": len(found.asked) > AT_ONCE,
    }
    return dialog(request, "bulk_plan", status=422 if form.is_bound else 200, **context)


def _told(
    request: OrgRequest,
    found: BulkChange,
    stages: list[StageRow],
    plan: Plan,
    opened: Mapping[int, LineForm] | None = None,
) -> dict[str, Any]:
    """Return what both pages say: what is changed to what, how many of each fate, and the lines."""
    to = found.to["key"]
    ways: dict[BulkKind, Callable[[], Any]] = {
        BulkKind.STAGE: lambda: stages[int(to) - 1].label,
        BulkKind.CATEGORY: lambda: labels.CATEGORIES[to] if to else labels.BY_STAGE,
        BulkKind.OWNER: lambda: queries.names_of(
            "owner", [str(to)], request.membership, table=stages, language=language(request)
        )[str(to)],
        BulkKind.CLOSE: lambda: formats.short_date(
            date.fromisoformat(to), request.today, language(request), weekday=False
        ),
    }
    words = ways[BulkKind(found.kind)]()
    lines = [_each(found, line, (opened or {}).get(line.pk)) for line in plan.lines]
    counts = [(labels.FATES[fate], plan.counts[fate]) for fate in labels.FATES if plan.counts.get(fate)]
    kind = labels.BULK_KINDS[found.kind]
    return {"bulk": found, "kind": kind, "to": words, "plan": plan, "lines": lines, "counts": counts}


def _each(found: BulkChange, line: Line, form: LineForm | None) -> dict[str, Any]:
    """Return what the line of one of them shows; `form` where it was opened."""
    answers = not found.outcome and line.fate in {Fate.LACKS, Fate.BLOCKED, Fate.BACK}
    words = labels.FATES[line.fate]
    return {"line": line, "words": words, "detail": _detail(found, line), "form": form, "answers": answers}


def _detail(found: BulkChange, line: Any) -> str:
    """Return why, in words."""
    if not found.outcome:
        return str(line.detail)
    said = found.outcome.get(str(line.pk), {})
    if line.fate == Fate.ASKED:
        return _("%(name)s decides") % {"name": said["name"]}
    return labels.refusal(Refused(said["code"], **said.get("data", {}))) if said.get("code") else ""
