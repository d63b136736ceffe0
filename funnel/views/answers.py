"""What the pages of this app answer alike: dialogs, conflicts, what a decision touched."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import queries as accounts_queries
from funnel import filters, labels, queries
from funnel.helping import decides
from funnel.models import Opportunity
from funnel.stages import Category, Reason, Stage, StageRow, Status, weighted
from tenants import web
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import (
    OrgRequest,
    announce,
    back_from_dialog,
    conflict,
    go,
    is_swap,
    render_page,
    sent_from,
    to_page,
    toast,
)

read_write = require_http_methods(["GET", "HEAD", "POST"])


def url_of(request: OrgRequest, name: str, *args: object) -> str:
    """Return the address of a page of this app."""
    return to_page(request, f"funnel:{name}", *args)


def language(request: OrgRequest) -> str:
    """Return the language in which this page is written."""
    return get_language() or request.organization.language


def dialog(request: OrgRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Answer with a dialog; without htmx it is a page of its own, and an answer to that page stands in its place."""
    response = render_page(request, f"funnel/{template}.html", context, partial="dialog", status=status)
    if is_swap(request):
        place = "#content > .sheet" if sent_from(request) == request.path else "#dialog"
        response["HX-Retarget"], response["HX-Reswap"] = place, "innerHTML"
    return response


def must_leave(request: OrgRequest, home: str = "") -> bool:
    """Return whether the answer has to be another page: a browser sent this, or a page that shows nothing of it.

    :param home: the page that holds what the answer would change. Without one it may be any page but the dialog's own:
        a dialog opened at its own address has nothing around it.
    """
    sender = sent_from(request)
    return not is_swap(request) or sender == request.path or bool(home and sender and sender != home)


def refuse(form: Any, refused: Refused) -> None:
    """Say below the field it is about, or above the form, why the action refused."""
    field = _FIELDS.get(refused.code)
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
    "view_name_empty": "name",
    "view_name_too_long": "name",
    "view_name_taken": "name",
    "no_team": "shared",
    "day_outside": "expected_close_on",
    "reason_needed": "why",
    "rival_needed": "lost_to",
    "not_qualified": "why",
    "note_needed": "note",
    "note_too_long": "note",
    "document_needed": "file",
    "person_needed": "contact",
    "contact_elsewhere": "contact",
    "name_missing": "new_contact",
    "day_needed": "on",
    "sum_needed": "amount",
    "rivals_needed": "rivals",
    "rivals_stand": "no_rival",
    "override_why_needed": "why",
    "until_over": "until",
    "until_too_far": "until",
    "label_empty": "label",
    "label_too_long": "label",
    "role_needed": "roles",
    "role_unknown": "roles",
    "reports_in_a_circle": "reports_to",
    "reports_elsewhere": "reports_to",
    "contact_needed": "contact",
    "person_on_sheet": "contact",
    "competitor_needed": "competitor",
    "rival_on_sheet": "competitor",
    "not_a_competitor": "competitor",
    "verdict_needed": "verdict",
    "gap_empty": "text",
}


def card_context(request: OrgRequest) -> dict[str, Any]:
    """What a card needs besides the opportunity."""
    query = request.GET.copy()
    for name in ("to", "version", "view", "since"):
        query.pop(name, None)
    query["on"] = "board"
    return {"move_query": query.urlencode(), "may_edit": request.membership.can(Permission.FUNNEL_EDIT)}


def page_context(request: OrgRequest, found: Opportunity) -> dict[str, Any]:
    """Return everything that the page of one opportunity shows."""
    story = queries.story(found, today=request.today)
    proven_row = story.steps[found.proven_stage - 1].row
    may_judge = partial(queries.may_judge, found, request.membership)
    return {
        "opportunity": found,
        "story": story,
        "weighted": weighted(found.amount or 0, story.now.row.percent),
        "proven": weighted(found.amount or 0, proven_row.percent),
        "proven_row": proven_row,
        "status": labels.STATUSES[Status(found.status)],
        "category": labels.CATEGORIES[Category(found.category)],
        "reason": labels.REASONS[Reason(found.reason)] if found.reason else "",
        "is_open": found.status == Status.OPEN,
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "may_decide": request.membership.can(Permission.FUNNEL_EDIT)
        and decides(found.owner_id, request.membership.visible_owner_ids),
        "may_judge": may_judge,
        "judges_next": bool(story.waiting and story.waiting.filed and may_judge(filed_by=story.waiting.filed.by_id)),
        "sees_account": accounts_queries.may_see(request.membership, found.account),
        "move_query": "on=page",
    }


def both(form: Any, theirs: Mapping[str, Any], words: Mapping[str, Callable[[Any], Any]]) -> list[tuple[Any, Any, Any]]:
    """Return (label, theirs, mine) of each field of `form` that stands otherwise; `words` say a field's value."""

    def shown(field: str, value: Any) -> Any:
        queryset = getattr(form.fields[field], "queryset", None)
        if queryset is not None and isinstance(value, int):
            return queries.named(queryset, value)
        return words[field](value) if field in words else value

    mine = {field: getattr(form.cleaned_data.get(field), "pk", form.cleaned_data.get(field)) for field in form.fields}
    return web.both(form, {name.removesuffix("_id"): value for name, value in theirs.items()}, mine, shown)


def conflict_here(
    request: OrgRequest,
    rows: list[Any],
    stale: Stale,
    *,
    version: int | None = None,
    touched: Collection[Stage] = (),
) -> HttpResponse:
    """Answer a conflict of what may have been done on a board.

    :param touched: the stages in which a board stands otherwise now: it shows them at once, behind the question.
    """
    on_board = is_swap(request) and request.GET.get("on") == "board"
    response = conflict(request, rows, stale, version=version, fresh=on_board)
    if on_board and touched:
        response.content += columns(request, touched).content
    return response


def columns(
    request: OrgRequest, touched: Collection[Stage], *, landed: int = 0, table: list[StageRow] | None = None
) -> HttpResponse:
    """Answer with columns of the board as they are now: those of these stages, or all where it is grouped otherwise."""
    asked, membership, day = filters.read_board(request.GET), request.membership, request.today
    if asked.group:
        rows = table or queries.stage_table()
        shown = queries.group_board(membership, asked, today=day, table=rows, language=language(request))
    else:
        shown = queries.board(membership, asked, today=day, stages=touched, table=table)
    context = {"columns": shown.columns, "landed": landed, "oob": True, "board": shown, **card_context(request)}
    return render(request, "funnel/columns.html", {**context, "grouped": asked.group})


def answer(
    request: OrgRequest,
    found: Opportunity,
    text: str,
    stages: Iterable[int],
    *,
    may_undo: bool = True,
    undo: str | None = None,
    table: list[StageRow] | None = None,
) -> HttpResponse:
    """Answer a decision: the columns it touched, or the parts of the page; with an undo in the toast.

    :param undo: the address that takes it back, where that is not the undo of a move; '' for none.
    """
    on = request.GET.get("on", "")
    home = url_of(request, "opportunity", found.pk)
    if on not in {"board", "page"} or must_leave(request, home if on == "page" else ""):
        messages.success(request, text)
        return go(request, back_from_dialog(request, home))
    if on == "board":
        response = columns(request, {Stage(stage) for stage in stages}, landed=found.pk, table=table)
    else:
        response = fresh_parts(request, queries.opportunity_or_404(request.membership, found.pk))
    if undo is None:
        last = url_of(request, "undo", queries.last_change(found)) if may_undo else ""
        undo = f"{last}?{request.GET.urlencode()}" if last else ""
    return announce(toast(response, text, undo_url=undo), "opportunity-moved", pk=found.pk)


def told_stale(
    request: OrgRequest,
    stale: Stale,
    wanted: str,
    stages: list[Any],
    *,
    version: int | None = None,
    touched: Collection[Stage] = (),
) -> HttpResponse:
    """Answer 409: where it stands now, and where it should have gone; with a version one click sends it again."""
    row = stages[stale.theirs["stage"] - 1]
    status = Status(stale.theirs["status"])
    theirs = row.label if status == Status.OPEN else labels.STATUSES[status]
    again = version if status == Status.OPEN else None
    touched = {*touched, Stage(stale.theirs["stage"])}
    return conflict_here(request, [(_("Stage"), theirs, wanted)], stale, version=again, touched=touched)


def heard(request: OrgRequest, pk: int, text: str, event: str) -> HttpResponse:
    """Answer that something about an opportunity changed; the panels that stand open hear of it and ask anew."""
    if must_leave(request):
        messages.success(request, text)
        return go(request, url_of(request, "opportunity", pk))
    return announce(toast(HttpResponse(), text), event)


def parts(request: OrgRequest, found: Opportunity, text: str, *, undo: str = "") -> HttpResponse:
    """Answer with the parts of the page as they are now; `undo` is the address that takes back what was done."""
    home = url_of(request, "opportunity", found.pk)
    if must_leave(request, home):
        messages.success(request, text)
        return go(request, back_from_dialog(request, home))
    fresh = fresh_parts(request, queries.opportunity_or_404(request.membership, found.pk))
    return toast(fresh, text, undo_url=undo)


def fresh_parts(request: OrgRequest, found: Opportunity) -> HttpResponse:
    """Answer with the parts of the page as they are now, each in its place."""
    return render(request, "funnel/parts.html", {**page_context(request, found), "oob": True})
