"""The settings of the stages."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries
from funnel.evidence import Item, Kind
from funnel.forms import (
    ItemForm,
    StagesForm,
)
from funnel.stages import Gate, Stage, StageRow, check_percents
from funnel.views.answers import dialog, read_write, url_of
from tenants.errors import Refused, Stale
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, number, org_view, render_page


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
        told = _to_confirm(request, form, rows)
        if told is not None:
            form.add_error(None, _("Read what this will do, then confirm it."))
            context = {**_stages_context(form, rows), **told}
            return render_page(request, "funnel/stages.html", context, partial="form", status=422)
        try:
            seen = form.cleaned_data["edition"]
            actions.change_stages(form.rows(), seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "stages"))
        except Stale as stale:
            return conflict(request, _both_stages(rows, form.rows()), stale)
        except Refused as refused:
            form.add_error(f"percent_{refused.data['stage']}", labels.refusal(refused))
    return render_page(request, "funnel/stages.html", _stages_context(form, rows), partial="form", status=422)


def _both_stages(rows: list[StageRow], mine: list[StageRow]) -> list[tuple[Any, Any, Any]]:
    """Return (stage, theirs, mine) of each stage that would stand otherwise: its label, percentage, gate."""

    def said(row: StageRow) -> str:
        return in_a_row([row.label or labels.STAGES[row.stage], f"{row.percent}%", labels.GATES[row.gate]])

    pairs = [(now.label, said(now), said(my)) for now, my in zip(rows, mine, strict=True)]
    return [(label, theirs, my) for label, theirs, my in pairs if theirs != my]


def _to_confirm(request: OrgRequest, form: StagesForm, rows: list[StageRow]) -> dict[str, Any] | None:
    """Return what must be confirmed first: another weighted pipeline than was agreed to, other gates before those that
    lack evidence; None if nothing must.
    """
    percents = {row.stage: row.percent for row in form.rows()}
    try:
        check_percents(percents)
    except Refused:
        return None  # the action says what is wrong with them
    told = _told(queries.weighing(percents), rows, {row.stage: row.gate for row in form.rows()})
    agreed = not told["seal"] or request.POST.get("confirmed") == told["seal"]
    return None if agreed or form.cleaned_data["edition"] != queries.edition() else told


def _told(weighing: queries.Weighing, rows: list[StageRow], gates: dict[Stage, str]) -> dict[str, Any]:
    """Return what other percentages and gates will do, and what a confirmation of just that carries; '' for none."""
    lacking = queries.lacking_by_stage() if any(gates[row.stage] != row.gate for row in rows) else {}
    held = [
        (row, gates[row.stage] == Gate.BLOCK, lacking[row.stage])
        for row in rows
        if gates[row.stage] != row.gate and lacking[row.stage]
    ]
    parts = [str(weighing.then)] if held or weighing.now != weighing.then else []
    parts += [f"{row.stage:d}{'b' if blocks else 'w'}{count}" for row, blocks, count in held]
    return {"weighing": weighing, "held": held, "seal": ".".join(parts)}


def _stages_context(form: StagesForm, rows: list[StageRow]) -> dict[str, Any]:
    counts, items, lacking = queries.filed_counts(), queries.items_by_stage(), queries.lacking_by_stage()
    return {
        "form": form,
        "weighing": queries.weighing({row.stage: row.percent for row in rows}),
        "stages": [
            {
                "row": row,
                "label": form[f"label_{row.stage}"],
                "percent": form[f"percent_{row.stage}"],
                "gate": form[f"gate_{row.stage}"],
                "lacking": lacking[row.stage],
                "items": [
                    {
                        "key": key,
                        "label": label,
                        "kind": labels.KINDS[kind],
                        "is_standard": std,
                        "is_active": active,
                        "filed": counts.get(key, 0),
                    }
                    for key, label, kind, std, active in items[row.stage]
                ],
            }
            for row in rows
        ],
    }


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def effect(request: OrgRequest) -> HttpResponse:
    """Say what these percentages would make of the weighted pipeline, and these gates of who can go on, before they
    are saved.
    """
    rows = queries.stage_table()
    typed = {row.stage: number(request.POST.get(f"percent_{row.stage}")) for row in rows}
    weighing = queries.weighing({stage: min(percent, 100) for stage, percent in typed.items()})
    sent = {row.stage: request.POST.get(f"gate_{row.stage}", "") for row in rows}
    gates = {row.stage: sent[row.stage] if sent[row.stage] in set(Gate) else row.gate for row in rows}
    told = _told(weighing, rows, gates)
    context = {**told, "confirmed": bool(told["seal"]) and request.POST.get("confirmed") == told["seal"]}
    return render(request, "funnel/stages.html#effect", context)


def _item_saved(request: OrgRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return go(request, url_of(request, "stages"))


@org_view(Permission.SETTINGS_EDIT)
@read_write
def item_new(request: OrgRequest, stage: int) -> HttpResponse:
    """Demand one more piece of evidence in a stage."""
    if stage not in set(Stage):
        raise Http404
    row = queries.stage_table()[stage - 1]
    form = ItemForm(request.POST if request.method == "POST" else None)
    status, effect = 422 if request.method == "POST" else 200, None
    if form.is_valid():
        effect = _to_read(request, queries.proven_then(more=Stage(stage)))
        if effect is None:
            label, kind = form.cleaned_data["label"], form.cleaned_data["kind"]
            actions.add_item(Stage(stage), label=label, kind=kind, by=request.membership, at=request.now)
            return _item_saved(request, _("Evidence added"))
    return dialog(request, "item", form=form, row=row, effect=effect, status=status)


def _to_read(request: OrgRequest, figures: tuple[int, int]) -> tuple[int, int] | None:
    """Return the proven weighted pipeline now and then, where that must be confirmed first; None if nothing must."""
    now, then = figures
    return None if now == then or request.POST.get("confirmed") == str(then) else figures


@org_view(Permission.SETTINGS_EDIT)
@read_write
def item_edit(request: OrgRequest, key: str) -> HttpResponse:
    """Call a piece of evidence something else."""
    item = queries.item_or_404(key)
    row = queries.stage_table()[item.stage - 1]
    data = request.POST if request.method == "POST" else None
    seen = queries.item_version(item)
    form = ItemForm(data, initial={"label": item.label, "kind": item.kind, "version": seen})
    kept = None
    if form.is_valid():
        typed = {**form.cleaned_data, "seen": form.cleaned_data["version"] or 0}
        del typed["version"]
        kept = _kept(request, item, typed["kind"]) if typed["seen"] == seen else None
        if kept is None:
            try:
                actions.change_item(key, **typed, by=request.membership, at=request.now)
                return _item_saved(request, _("Saved"))
            except Stale as stale:
                return conflict(request, _both_items(form, stale), stale, version=stale.version)
    status = 422 if request.method == "POST" else 200
    return dialog(request, "item", form=form, row=row, item=item, kept=kept, status=status)


def _both_items(form: ItemForm, stale: Stale) -> list[tuple[Any, Any, Any]]:
    """Return (label, theirs, mine) of what an item is called and what proves it."""
    theirs, mine = ({**each, "kind": labels.KINDS[each["kind"]]} for each in (stale.theirs, form.cleaned_data))
    return [(form.fields[name].label, theirs[name], mine[name]) for name in ("label", "kind")]


def _kept(request: OrgRequest, item: Item, kind: Kind) -> dict[str, Any] | None:
    """Return what must be read before something else proves an item: what is filed stays as it is; None if nothing."""
    filed = queries.filed_counts().get(item.key, 0) if kind != item.kind else 0
    seal = f"{kind}.{filed}"
    if not filed or request.POST.get("confirmed") == seal:
        return None
    return {"n": filed, "was": labels.KINDS[item.kind], "now": labels.KINDS[kind], "seal": seal}


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
    effect = _to_read(request, queries.proven_then(again=key) if is_active else queries.proven_then(without=key))
    label = queries.item_label(key)
    if effect is not None and label:
        return dialog(request, "item_switch", effect=effect, label=label, is_active=is_active, status=422)
    try:
        actions.switch_item(key, is_active=is_active, by=request.membership, at=request.now)
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return _item_saved(request, _("Demanded again") if is_active else _("No longer demanded"))
