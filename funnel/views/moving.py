"""Moving, winning, losing, reopening, taking back."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, labels, queries
from funnel.evidence import Item
from funnel.forms import (
    AbandonForm,
    EvidenceForm,
    LoseForm,
    MoveForm,
    ReopenForm,
    WinForm,
)
from funnel.models import Evidence, Opportunity
from funnel.stages import GRACE, MissingEvidence, Stage, StageRow, Status
from funnel.views.answers import answer, dialog, language, read_write, refuse, told_stale
from funnel.views.proving import both_filings
from tenants.errors import Refused, Stale
from tenants.formats import compact
from tenants.permissions import Permission
from tenants.web import OrgRequest, number, org_view


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def move(request: OrgRequest, pk: int) -> HttpResponse:
    """Move an opportunity to another stage; on the way evidence can be filed. Deploy asks for the signature."""
    found, stages = queries.opportunity_or_404(request.membership, pk), queries.stage_table()
    form = MoveForm(request.POST)
    if not form.is_valid():
        return dialog(request, "refused", error=_("Choose a stage."), opportunity=found, status=422)
    to, seen = Stage(form.cleaned_data["stage"]), form.cleaned_data["version"]
    left = Stage(found.stage)
    context = {"opportunity": found, "form": form, "left": stages[left - 1], "to": stages[to - 1]}
    if to == Stage.DEPLOY and found.status == Status.OPEN:
        return _win_dialog(request, found)
    try:
        filings = _filings(request, found)
        if seen is not None and seen != found.version:
            raise queries.stale(found)
        moved = _file_and_move(request, found, form, to, filings, stages)
    except Stale as stale:
        if "item" in stale.theirs:
            return both_filings(request, stale, next(each for each in filings if each.item.key == stale.theirs["item"]))
        return told_stale(
            request, stale, stages[to - 1].label, stages, version=found.version, touched=_seen_in(request, to)
        )
    except Refused as refused:
        if refused.code == "reason_needed":
            return dialog(request, "back", tried="why" in request.POST, status=422, **context)
        return dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)
    if isinstance(moved, MissingEvidence):
        return _missing(request, moved, form, filings, context)
    names = {"name": found.account.name, "from": stages[left - 1].label, "to": stages[to - 1].label}
    return answer(request, moved, _("%(name)s: %(from)s → %(to)s") % names, [left, to], table=stages)


def _seen_in(request: OrgRequest, to: Stage) -> set[Stage]:
    """Return the columns where whoever moved a card may see it still: where it came from, and where it should go."""
    seen = number(request.POST.get("from"))
    return {to, *([Stage(seen)] if seen in set(Stage) else [])}


def _file_and_move(
    request: OrgRequest,
    found: Opportunity,
    form: MoveForm,
    to: Stage,
    filings: list[EvidenceForm],
    table: list[StageRow],
) -> Opportunity | MissingEvidence:
    """File what was typed and move; the forms say why something was not taken."""
    fine = not [each for each in filings if not each.is_valid()]
    typed = [(each.item.key, each.values()) for each in filings] if fine else []
    way = actions.file_and_move(
        found,
        typed,
        left=Stage(found.stage),
        to=to,
        by=request.membership,
        at=request.now,
        why=form.cleaned_data["why"],
        until=form.goes_on_until if fine else None,
        table=table,
    )
    for place, refused in way.refused.items():
        refuse(filings[place], refused)
    if way.going_on is not None:
        refuse(form, way.going_on)
    return way.came


def _filings(request: OrgRequest, found: Opportunity) -> list[EvidenceForm]:
    """Return the forms of the evidence that was typed on the way, each with its item's key before its fields.

    :raises Refused: `item_removed`, something was typed for an item that is no longer demanded.
    """
    typed = {
        name.rpartition("-")[0]
        for name, value in request.POST.items()
        if "-" in name and str(value).strip() and not name.endswith("-version")
    }
    items = [item for item in queries.checklist() if item.key in typed] if typed else []
    if typed - {item.key for item in items}:
        raise Refused("item_removed")
    return [evidence_form(request, found, item, data=request.POST) for item in items]


def evidence_form(
    request: OrgRequest,
    found: Opportunity,
    item: Item,
    *,
    data: Any = None,
    filed: Evidence | None = None,
    prefix: str = "",
) -> EvidenceForm:
    """Return the brief form of an item, as it stands among others; with a `prefix` one that may be left empty."""
    about: dict[str, Any] = {"item": item, "opportunity": found, "by": request.membership, "filed": filed}
    how: dict[str, Any] = {"empty_permitted": True, "use_required_attribute": False} if prefix else {}
    return EvidenceForm(data, **about, is_brief=True, prefix=prefix or item.key, **how)


def _missing(
    request: OrgRequest, lacking: MissingEvidence, form: MoveForm, filings: list[EvidenceForm], context: dict[str, Any]
) -> HttpResponse:
    """Show what is missing, to file it, or to say why one goes on without; nothing that was typed is lost."""
    typed = {each.item.key: each for each in filings if any(each.errors for each in filings)}
    found = context["opportunity"]
    filed = {each.item.key: each for each in queries.evidence_of(found)}
    asked = [
        typed.get(item.key) or evidence_form(request, found, item, filed=filed.get(item.key)) for item in lacking.items
    ]
    until = request.today + GRACE
    return dialog(request, "missing", lacking=lacking, asked=asked, proposed=until, status=422, **context)


def _win_dialog(
    request: OrgRequest, found: Opportunity, form: WinForm | None = None, lacking: MissingEvidence | None = None
) -> HttpResponse:
    """Ask what was signed, and when; 422 since a card dropped on Deploy is not won by that alone."""
    initial = {"amount": found.amount, "closed_on": request.today, "version": found.version}
    form = form or WinForm(today=request.today, initial=initial)
    return dialog(request, "win", form=form, opportunity=found, lacking=lacking, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_safe
def close(request: OrgRequest, pk: int) -> HttpResponse:
    """Ask how an opportunity ended."""
    found = queries.opportunity_or_404(request.membership, pk)
    return dialog(request, "close", opportunity=found)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def close_as(request: OrgRequest, pk: int, outcome: str) -> HttpResponse:
    """Win, lose or abandon an opportunity."""
    found = queries.opportunity_or_404(request.membership, pk)
    if outcome not in {Status.WON, Status.LOST, Status.ABANDONED}:
        raise Http404
    form = _end_form(request, found, Status(outcome))
    template = "win" if outcome == Status.WON else "end"
    if request.method != "POST":
        return dialog(request, template, form=form, opportunity=found, outcome=outcome)
    left, lacking = found.stage, None
    if form.is_valid():
        try:
            ended = _end(request, found, Status(outcome), form)
            told = {"name": found.account.name, "amount": compact(ended.amount, language(request))}
            return answer(request, ended, _ENDED[Status(outcome)]() % told, {left, ended.stage})
        except Stale as stale:
            words = str(labels.STATUSES[Status(outcome)])
            return told_stale(request, stale, words, queries.stage_table())
        except MissingEvidence as missing:
            lacking = missing
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, template, form=form, opportunity=found, outcome=outcome, lacking=lacking, status=422)


_ENDED: dict[Status, Callable[[], str]] = {
    Status.WON: lambda: _("Won: %(name)s, %(amount)s"),
    Status.LOST: lambda: _("Lost: %(name)s"),
    Status.ABANDONED: lambda: _("Let go: %(name)s"),
}


def _end_form(request: OrgRequest, found: Opportunity, outcome: Status) -> WinForm | LoseForm | AbandonForm:
    data = request.POST if request.method == "POST" else None
    initial: dict[str, Any] = {"version": found.version}
    if outcome == Status.WON:
        initial |= {"amount": found.amount, "closed_on": request.today}
        proposed = {"until": (request.today + GRACE).isoformat()}  # shown where it turns out that evidence is missing
        typed = data if data is None or data.get("anyway") else {**proposed, **data.dict()}
        return WinForm(typed, today=request.today, initial=initial)
    if outcome == Status.LOST:
        return LoseForm(data, by=request.membership, opportunity=found, initial=initial)
    return AbandonForm(data, initial=initial)


def _end(request: OrgRequest, found: Opportunity, outcome: Status, form: Any) -> Opportunity:
    typed, by, at = form.cleaned_data, request.membership, request.now
    seen = typed["version"]
    if outcome == Status.WON:
        return actions.win(
            found,
            seen=seen,
            by=by,
            at=at,
            amount=typed["amount"],
            closed_on=typed["closed_on"],
            asks=True,
            why=typed["why"],
            until=typed["until"] if typed["anyway"] else None,
        )
    reason, note = typed["reason"], typed["note"]
    if outcome == Status.LOST:
        to = {"rival": typed["rival"], "lost_to": None if typed["rival"] else typed["lost_to"]}
        may_keep = by.can(Permission.ACCOUNT_EDIT)
        return actions.lose(found, seen=seen, reason=reason, **to, new_competitor=may_keep, note=note, by=by, at=at)
    return actions.abandon(found, seen=seen, reason=reason, note=note, by=by, at=at)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def reopen(request: OrgRequest, pk: int) -> HttpResponse:
    """Open a closed opportunity again, with the reason."""
    found = queries.opportunity_or_404(request.membership, pk)
    form = ReopenForm(request.POST if request.method == "POST" else None, initial={"version": found.version})
    if request.method != "POST":
        return dialog(request, "reopen", form=form, opportunity=found)
    if form.is_valid():
        try:
            seen, why = form.cleaned_data["version"], form.cleaned_data["why"]
            again = actions.reopen(found, seen=seen, why=why, by=request.membership, at=request.now)
            return answer(request, again, _("Reopened: %(name)s") % {"name": found.name}, {found.stage, again.stage})
        except Stale as stale:
            return told_stale(request, stale, _("Reopened"), queries.stage_table())
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "reopen", form=form, opportunity=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def undo(request: OrgRequest, pk: int) -> HttpResponse:
    """Take one's last decision back, within thirty seconds."""
    found = queries.changed_opportunity_or_404(request.membership, pk)
    try:
        back = actions.undo(pk, by=request.membership, at=request.now)
    except Refused as refused:
        return dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)
    text = _("Taken back: %(name)s") % {"name": found.account.name}
    return answer(request, back, text, {found.stage, back.stage}, may_undo=False)
