"""Board, table and page of opportunities; the settings of stages."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import queries as accounts_queries
from funnel import actions, filters, labels, queries
from funnel.forms import (
    AbandonForm,
    EvidenceForm,
    ItemForm,
    LoseForm,
    MemberForm,
    MoveForm,
    OpportunityForm,
    ReopenForm,
    StagesForm,
    WinForm,
    opening,
    standing,
)
from funnel.models import Opportunity
from funnel.stages import Category, MissingEvidence, Reason, Stage, Status, weighted
from tenants.errors import Refused, Stale
from tenants.formats import compact, exact, plain, short_date
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, go, is_swap, org_view, render_page, toast

read_write = require_http_methods(["GET", "HEAD", "POST"])


def _url(request: OrgRequest, name: str, *args: object) -> str:
    return reverse(f"funnel:{name}", args=[request.organization.slug, *args])


def _language(request: OrgRequest) -> str:
    return get_language() or request.organization.language


def _dialog(request: OrgRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Answer with a dialog; without htmx it is a page of its own."""
    response = render_page(request, f"funnel/{template}.html", context, partial="dialog", status=status)
    if is_swap(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def _refuse(form: Any, refused: Refused, fields: dict[str, str]) -> None:
    """Say below the field it is about, or above the form, why the action refused."""
    field = fields.get(refused.code)
    form.add_error(field if field in form.fields else None, labels.refusal(refused))


_FIELDS = {
    "name_empty": "name",
    "name_too_long": "name",
    "name_unreadable": "name",
    "amount_negative": "amount",
    "amount_too_large": "amount",
    "amount_needed": "amount",
    "close_before_opening": "expected_close_on",
    "rate_missing": "quoted_currency",
    "closed_before_opening": "closed_on",
    "changed_after_close": "closed_on",
    "in_future": "closed_on",
    "reason_needed": "why",
    "rival_needed": "rival",
    "note_needed": "note",
    "label_empty": "label",
    "label_too_long": "label",
}


# Board and table ----------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def board(request: OrgRequest) -> HttpResponse:
    """Show the seven stages with the first cards of each; sums count all."""
    wanted = filters.read(request.GET)
    shown = queries.board(request.membership, wanted, today=request.today)
    context = {
        "board": shown,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "columns": shown.columns,
        "address": request.GET.urlencode(),
        "due_choices": labels.DUE,
        **_card_context(request),
    }
    return render_page(request, "funnel/board.html", context, partial="columns")


def _card_context(request: OrgRequest) -> dict[str, Any]:
    """What a card needs besides the opportunity."""
    query = request.GET.copy()
    query["on"] = "board"
    return {"move_query": query.urlencode(), "may_edit": request.membership.can(Permission.FUNNEL_EDIT)}


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def table(request: OrgRequest) -> HttpResponse:
    """List opportunities: the rows behind every number."""
    wanted = filters.read(request.GET)
    stages = queries.stage_table()
    rows = queries.listed(request.membership, wanted, today=request.today)
    totals = queries.totals(rows, stages)
    pages = queries.CountedPaginator(queries.in_order(rows, wanted), totals.count)
    context = {
        "page": pages.get_page(filters.page_number(request.GET)),
        "totals": totals,
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "stages": stages,
        "statuses": labels.STATUS_FILTERS,
        "flags": labels.FLAGS,
        "due_choices": labels.DUE,
        "closed_choices": labels.CLOSED,
        "healths": labels.HEALTHS.items(),
        "kept": [(name, request.GET[name]) for name in _KEPT if request.GET.get(name)],
        "narrowed": _narrowed(request, wanted),
        "closed": wanted.status in {Status.WON, Status.LOST, Status.ABANDONED, filters.CLOSED},
        "reasons": labels.REASONS,
    }
    return render_page(request, "funnel/table.html", context, partial="rows")


_KEPT = ("account", "category", "due_from", "due_to", "closed_from", "closed_to", "sort")


def _narrowed(request: OrgRequest, wanted: filters.Filters) -> list[tuple[str, str]]:
    """Return what a link narrowed that no control shows: words, and the address without it."""

    def without(*names: str) -> str:
        query = request.GET.copy()
        for name in (*names, "page"):
            query.pop(name, None)
        return f"?{query.urlencode()}"

    shown = []
    if wanted.account:
        shown.append((queries.account_name(request.membership, wanted.account), without("account")))
    if wanted.category in set(Category):
        shown.append((str(labels.CATEGORIES[Category(wanted.category)]), without("category")))
    for first, last, names, text in (
        (wanted.due_from, wanted.due_to, ("due_from", "due_to"), _("Due %(first)s – %(last)s")),
        (wanted.closed_from, wanted.closed_to, ("closed_from", "closed_to"), _("Closed %(first)s – %(last)s")),
    ):
        if first or last:
            days = {"first": _day(request, first), "last": _day(request, last)}
            shown.append((text % days, without(*names)))
    return shown


def _day(request: OrgRequest, day: date | None) -> str:
    return short_date(day, request.today, _language(request), weekday=False) if day else ""


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def of_account(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an account's opportunities as a panel of its page."""
    account = queries.account_or_404(request.membership, pk)
    context = {
        "account": account,
        "opportunities": queries.of_account(request.membership, account),
        "stages": queries.stage_table(),
    }
    return render(request, "funnel/of_account.html", context)


# One opportunity ----------------------------------------------------------------------------------


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def opportunity(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an opportunity: its path, facts, evidence, team and history."""
    found = queries.opportunity_or_404(request.membership, pk)
    return render_page(request, "funnel/opportunity.html", _page_context(request, found))


def _page_context(request: OrgRequest, found: Opportunity) -> dict[str, Any]:
    story = queries.story(found)
    return {
        "opportunity": found,
        "story": story,
        "weighted": weighted(found.amount or 0, story.now.row.percent),
        "status": labels.STATUSES[Status(found.status)],
        "category": labels.CATEGORIES[Category(found.category)],
        "reason": labels.REASONS[Reason(found.reason)] if found.reason else "",
        "is_open": found.status == Status.OPEN,
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "sees_account": found.sees_account,  # type: ignore[attr-defined]  # annotated by the query
        "move_query": "on=page",
    }


@org_view(Permission.FUNNEL_EDIT)
@read_write
def new(request: OrgRequest) -> HttpResponse:
    """Open an opportunity."""
    by, stages = request.membership, queries.stage_table()
    if request.method != "POST":
        account = accounts_queries.picked(by, request.GET.get("account"))
        form = OpportunityForm(by=by, stages=stages, initial=opening(account, None, by))
        return render_page(request, "funnel/new.html", {"form": form, "account": account})
    form = OpportunityForm(request.POST, by=by, stages=stages)
    if form.is_valid():
        try:
            facts = form.facts()
            made = actions.open_opportunity(facts.pop("account"), by=by, at=request.now, **facts)
            messages.success(request, _("Opportunity opened: %(name)s") % {"name": made.name})
            return go(request, _url(request, "opportunity", made.pk))
        except Refused as refused:
            _refuse(form, refused, _FIELDS)
    account = form.picked or accounts_queries.picked(by, request.POST.get("account"))
    context = {"form": form, "account": account, "typed": request.POST.get("q", "")}
    return render_page(request, "funnel/new.html", context, partial="form", status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_safe
def price(request: OrgRequest) -> HttpResponse:
    """Answer the amount field with the list price of the product just chosen, unless an amount was typed."""
    product = queries.product(_number(request.GET.get("product")))
    typed = request.GET.get("amount", "")[:40]
    amount = typed or (plain(product.list_price) if product else "")
    form = OpportunityForm(by=request.membership, stages=queries.stage_table(), initial={"amount": amount})
    return render(request, "funnel/new.html#amount", {"form": form})


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 11 else 0


@org_view(Permission.FUNNEL_EDIT)
@read_write
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change the facts of an opportunity."""
    found = queries.opportunity_or_404(request.membership, pk)
    if request.method != "POST":
        form = OpportunityForm(by=request.membership, opportunity=found, initial=standing(found))
        return _dialog(request, "edit", form=form, opportunity=found)
    form = OpportunityForm(request.POST, by=request.membership, opportunity=found)
    if form.is_valid():
        facts, seen = form.facts(), form.cleaned_data["version"] or 0
        try:
            why = form.cleaned_data["why"]
            actions.change_opportunity(found, seen=seen, by=request.membership, at=request.now, why=why, **facts)
            messages.success(request, _("Saved"))
            return go(request, _url(request, "opportunity", pk))
        except Stale as stale:
            return _both(request, form, stale, found.version)
        except Refused as refused:
            _refuse(form, refused, _FIELDS)
    return _dialog(request, "edit", form=form, opportunity=found, status=422)


def _both(request: OrgRequest, form: OpportunityForm, stale: Stale, version: int) -> HttpResponse:
    """Answer 409 with what stands and what was typed, field by field."""
    rows = []
    for name, theirs in stale.theirs.items():
        field = name.removesuffix("_id")
        if field not in form.fields:
            continue
        mine = form.cleaned_data[field]
        if field == "category":
            mine, theirs = mine or theirs, theirs
        if (mine.pk if hasattr(mine, "pk") else mine) != theirs:
            rows.append((form.fields[field].label, _shown(form, field, theirs), _shown(form, field, mine)))
    return _conflict(request, rows, stale, version=version)


def _conflict(request: OrgRequest, rows: list[Any], stale: Stale | None = None, *, version: int = 0) -> HttpResponse:
    """Answer 409 with (label, theirs, mine) of each field; with a version what was typed can be sent again."""
    typed = [(name, value) for name, value in request.POST.items() if name not in {"version", "csrfmiddlewaretoken"}]
    context = {
        "conflict": rows,
        "version": version,
        "typed": typed,
        "changed_by": stale.changed_by if stale else "",
        "changed_at": stale.changed_at if stale else None,
    }
    return render_page(request, "funnel/conflict.html", context, partial="both", status=409)


def _shown(form: OpportunityForm, field: str, value: Any) -> Any:
    """Return a value as the conflict shows it."""
    if field == "amount":
        return exact(value)
    if field == "category":
        return labels.CATEGORIES[Category(value)]
    queryset = getattr(form.fields[field], "queryset", None)
    return queries.named(queryset, value) if queryset is not None and isinstance(value, int) else value


# Moving and closing -------------------------------------------------------------------------------


def _answer(
    request: OrgRequest, found: Opportunity, text: str, stages: Iterable[int], *, may_undo: bool = True
) -> HttpResponse:
    """Answer a decision: the columns it touched, or the parts of the page; with an undo in the toast."""
    on = request.GET.get("on", "")
    if not is_swap(request) or on not in {"board", "page"}:
        messages.success(request, text)
        return go(request, _url(request, "opportunity", found.pk))
    if on == "board":
        touched = {Stage(stage) for stage in stages}
        shown = queries.board(request.membership, filters.read(request.GET), today=request.today, stages=touched)
        context = {"columns": shown.columns, "landed": found.pk, "oob": True, "board": shown, **_card_context(request)}
        response = render(request, "funnel/columns.html", context)
    else:
        fresh = queries.opportunity_or_404(request.membership, found.pk)
        response = render(request, "funnel/parts.html", {**_page_context(request, fresh), "oob": True})
    undo_url = f"{_url(request, 'undo', queries.last_change(found))}?{request.GET.urlencode()}" if may_undo else ""
    return announce(toast(response, text, undo_url=undo_url), "opportunity-moved", pk=found.pk)


def _told_stale(request: OrgRequest, stale: Stale, wanted: str, stages: list[Any]) -> HttpResponse:
    """Answer 409: where it stands now, and where it should have gone."""
    row = stages[int(str(stale.theirs["stage"])) - 1]
    status = Status(str(stale.theirs["status"]))
    theirs = row.label if status == Status.OPEN else labels.STATUSES[status]
    return _conflict(request, [(_("Stage"), theirs, wanted)], stale)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def move(request: OrgRequest, pk: int) -> HttpResponse:
    """Move an opportunity to another stage; on the way evidence can be filed. Deploy asks for the signature."""
    by, at = request.membership, request.now
    found, stages = queries.opportunity_or_404(by, pk), queries.stage_table()
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _dialog(request, "refused", error=_("Choose a stage."), opportunity=found, status=422)
    to, seen = Stage(form.cleaned_data["stage"]), form.cleaned_data["version"]
    left = Stage(found.stage)
    context = {"opportunity": found, "form": form, "left": stages[left - 1], "to": stages[to - 1]}
    if to == Stage.DEPLOY and found.status == Status.OPEN:
        return _win_dialog(request, found)
    try:
        if seen is not None and seen != found.version:
            raise queries.stale(found)
        for key, note in form.notes().items():
            actions.file_evidence(found, key, note=note, by=by, at=at)
        why, override = form.cleaned_data["why"], form.cleaned_data["anyway"]
        moved = actions.move(found, left=left, to=to, by=by, at=at, why=why, override=override)
    except Stale as stale:
        return _told_stale(request, stale, stages[to - 1].label, stages)
    except MissingEvidence as lacking:
        return _dialog(request, "missing", lacking=lacking, status=422, **context)
    except Refused as refused:
        if refused.code == "reason_needed":
            return _dialog(request, "back", tried="why" in request.POST, status=422, **context)
        return _dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    names = {"name": found.account.name, "from": stages[left - 1].label, "to": stages[to - 1].label}
    return _answer(request, moved, _("%(name)s: %(from)s → %(to)s") % names, [left, to])


def _win_dialog(
    request: OrgRequest, found: Opportunity, form: WinForm | None = None, lacking: MissingEvidence | None = None
) -> HttpResponse:
    """Ask what was signed, and when; 422 since a card dropped on Deploy is not won by that alone."""
    initial = {"amount": found.amount, "closed_on": request.today, "version": found.version}
    form = form or WinForm(today=request.today, initial=initial)
    return _dialog(request, "win", form=form, opportunity=found, lacking=lacking, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_safe
def close(request: OrgRequest, pk: int) -> HttpResponse:
    """Ask how an opportunity ended."""
    found = queries.opportunity_or_404(request.membership, pk)
    return _dialog(request, "close", opportunity=found)


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
        return _dialog(request, template, form=form, opportunity=found, outcome=outcome)
    left, lacking = found.stage, None
    if form.is_valid():
        try:
            ended = _end(request, found, Status(outcome), form)
            told = {"name": found.account.name, "amount": compact(ended.amount, _language(request))}
            return _answer(request, ended, _ENDED[Status(outcome)]() % told, {left, ended.stage})
        except Stale as stale:
            words = str(labels.STATUSES[Status(outcome)])
            return _told_stale(request, stale, words, queries.stage_table())
        except MissingEvidence as missing:
            lacking = missing
        except Refused as refused:
            _refuse(form, refused, _FIELDS)
    return _dialog(request, template, form=form, opportunity=found, outcome=outcome, lacking=lacking, status=422)


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
        return WinForm(data, today=request.today, initial=initial)
    return LoseForm(data, initial=initial) if outcome == Status.LOST else AbandonForm(data, initial=initial)


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
            override=typed["anyway"],
        )
    reason, note = typed["reason"], typed["note"]
    if outcome == Status.LOST:
        return actions.lose(found, seen=seen, reason=reason, rival=typed["rival"], note=note, by=by, at=at)
    return actions.abandon(found, seen=seen, reason=reason, note=note, by=by, at=at)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def reopen(request: OrgRequest, pk: int) -> HttpResponse:
    """Open a closed opportunity again, with the reason."""
    found = queries.opportunity_or_404(request.membership, pk)
    form = ReopenForm(request.POST if request.method == "POST" else None, initial={"version": found.version})
    if request.method != "POST":
        return _dialog(request, "reopen", form=form, opportunity=found)
    if form.is_valid():
        try:
            seen, why = form.cleaned_data["version"], form.cleaned_data["why"]
            again = actions.reopen(found, seen=seen, why=why, by=request.membership, at=request.now)
            return _answer(request, again, _("Reopened: %(name)s") % {"name": found.name}, {found.stage, again.stage})
        except Stale as stale:
            return _told_stale(request, stale, _("Reopened"), queries.stage_table())
        except Refused as refused:
            _refuse(form, refused, _FIELDS)
    return _dialog(request, "reopen", form=form, opportunity=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def undo(request: OrgRequest, pk: int) -> HttpResponse:
    """Take one's last move or close back, within thirty seconds."""
    found = queries.changed_opportunity_or_404(request.membership, pk)
    try:
        back = actions.undo(pk, by=request.membership, at=request.now)
    except Refused as refused:
        return _dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)
    text = _("Taken back: %(name)s") % {"name": found.account.name}
    return _answer(request, back, text, {found.stage, back.stage}, may_undo=False)


# Evidence and team --------------------------------------------------------------------------------


def _parts(request: OrgRequest, found: Opportunity, text: str) -> HttpResponse:
    """Answer with the parts of the page as they are now."""
    if not is_swap(request):
        messages.success(request, text)
        return go(request, _url(request, "opportunity", found.pk))
    fresh = queries.opportunity_or_404(request.membership, found.pk)
    return toast(render(request, "funnel/parts.html", {**_page_context(request, fresh), "oob": True}), text)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def evidence(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """File a piece of evidence."""
    found, item = queries.opportunity_or_404(request.membership, pk), queries.item_or_404(key)
    filed = next((each for each in queries.evidence_of(found) if each.item.key == key), None)
    if request.method != "POST":
        form = EvidenceForm(initial={"note": filed.note if filed else ""})
        return _dialog(request, "evidence", form=form, opportunity=found, item=item, filed=filed)
    form = EvidenceForm(request.POST)
    if form.is_valid():
        note = form.cleaned_data["note"]
        actions.file_evidence(found, key, note=note, by=request.membership, at=request.now)
        return _parts(request, found, _("Evidence filed: %(item)s") % {"item": item.label})
    return _dialog(request, "evidence", form=form, opportunity=found, item=item, filed=filed, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def evidence_withdraw(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Take a piece of evidence back."""
    found, item = queries.opportunity_or_404(request.membership, pk), queries.item_or_404(key)
    actions.withdraw_evidence(found, key, by=request.membership, at=request.now)
    return _parts(request, found, _("Evidence withdrawn: %(item)s") % {"item": item.label})


@org_view(Permission.FUNNEL_EDIT)
@read_write
def members(request: OrgRequest, pk: int) -> HttpResponse:
    """Put someone on the sales team."""
    found = queries.opportunity_or_404(request.membership, pk)
    form = MemberForm(request.POST if request.method == "POST" else None, opportunity=found)
    if request.method != "POST":
        return _dialog(request, "member", form=form, opportunity=found)
    if form.is_valid():
        member, part = form.cleaned_data["member"], form.cleaned_data["part"]
        actions.add_member(found, member=member, part=part, by=request.membership, at=request.now)
        return _parts(request, found, _("%(name)s is on the sales team now") % {"name": member.name})
    return _dialog(request, "member", form=form, opportunity=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def member_remove(request: OrgRequest, pk: int, member: int) -> HttpResponse:
    """Take someone off the sales team."""
    found = queries.opportunity_or_404(request.membership, pk)
    person = queries.member_or_404(found, member)
    actions.remove_member(found, member=person, by=request.membership, at=request.now)
    return _parts(request, found, _("%(name)s is no longer on the sales team") % {"name": person.name})


# Settings of the stages ---------------------------------------------------------------------------


@org_view(Permission.SETTINGS_EDIT)
@read_write
def stages(request: OrgRequest) -> HttpResponse:
    """Edit labels, percentages and gates of the stages."""
    rows = queries.stage_table()
    if request.method != "POST":
        form = StagesForm(stages=rows, initial={"edition": queries.edition()})
        return render_page(request, "funnel/stages.html", _stages_context(form, rows))
    form = StagesForm(request.POST, stages=rows)
    if form.is_valid():
        try:
            seen = form.cleaned_data["edition"]
            actions.change_stages(form.rows(), seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, _url(request, "stages"))
        except Stale as stale:
            both = zip(rows, form.rows(), strict=True)
            changed = [
                (now.label, f"{now.percent}%", f"{my.percent}%") for now, my in both if now.percent != my.percent
            ]
            return _conflict(request, changed, stale)
        except Refused as refused:
            form.add_error(f"percent_{refused.data['stage']}", labels.refusal(refused))
    return render_page(request, "funnel/stages.html", _stages_context(form, rows), partial="form", status=422)


def _stages_context(form: StagesForm, rows: list[Any]) -> dict[str, Any]:
    counts, items = queries.filed_counts(), queries.items_by_stage()
    return {
        "form": form,
        "weighing": queries.weighing({row.stage: row.percent for row in rows}),
        "stages": [
            {
                "row": row,
                "label": form[f"label_{row.stage}"],
                "percent": form[f"percent_{row.stage}"],
                "gate": form[f"gate_{row.stage}"],
                "items": [
                    {"key": key, "label": label, "is_standard": std, "is_active": active, "filed": counts.get(key, 0)}
                    for key, label, std, active in items[row.stage]
                ],
            }
            for row in rows
        ],
    }


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def effect(request: OrgRequest) -> HttpResponse:
    """Say what these percentages would make of the weighted pipeline, before they are saved."""
    rows = queries.stage_table()
    typed = {row.stage: _number(request.POST.get(f"percent_{row.stage}")) for row in rows}
    weighing = queries.weighing({stage: min(percent, 100) for stage, percent in typed.items()})
    return render(request, "funnel/stages.html#effect", {"weighing": weighing})


def _item_saved(request: OrgRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return go(request, _url(request, "stages"))


@org_view(Permission.SETTINGS_EDIT)
@read_write
def item_new(request: OrgRequest, stage: int) -> HttpResponse:
    """Demand one more piece of evidence in a stage."""
    if stage not in set(Stage):
        raise Http404
    row = queries.stage_table()[stage - 1]
    form = ItemForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        actions.add_item(Stage(stage), label=form.cleaned_data["label"], by=request.membership, at=request.now)
        return _item_saved(request, _("Evidence added"))
    status = 422 if request.method == "POST" else 200
    return _dialog(request, "item", form=form, row=row, status=status)


@org_view(Permission.SETTINGS_EDIT)
@read_write
def item_edit(request: OrgRequest, key: str) -> HttpResponse:
    """Call a piece of evidence something else."""
    item = queries.item_or_404(key)
    row = queries.stage_table()[item.stage - 1]
    data = request.POST if request.method == "POST" else None
    form = ItemForm(data, initial={"label": item.label})
    if form.is_valid():
        actions.rename_item(key, label=form.cleaned_data["label"], by=request.membership, at=request.now)
        return _item_saved(request, _("Saved"))
    status = 422 if request.method == "POST" else 200
    return _dialog(request, "item", form=form, row=row, item=item, status=status)


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def item_move(request: OrgRequest, key: str) -> HttpResponse:
    """Move a piece of evidence up or down in its list."""
    try:
        actions.move_item(key, up=request.POST.get("to") == "up", by=request.membership, at=request.now)
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return _item_saved(request, _("Saved"))


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def item_switch(request: OrgRequest, key: str) -> HttpResponse:
    """Demand a piece of evidence no longer, or again."""
    is_active = request.POST.get("active") == "1"
    try:
        actions.switch_item(key, is_active=is_active, by=request.membership, at=request.now)
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return _item_saved(request, _("Demanded again") if is_active else _("No longer demanded"))
