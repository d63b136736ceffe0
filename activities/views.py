"""Pages of visits and next actions."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.models import Account
from activities import actions, dates, labels, queries
from activities.forms import (
    ActionForm,
    FilterForm,
    PlanForm,
    PostponeForm,
    VisitEditForm,
    VisitForm,
    day_choices,
    team_choices,
)
from activities.kinds import Origin, VisitState
from activities.models import NextAction, Visit
from funnel.labels import STAGES
from funnel.models import Opportunity
from funnel.queries import gap_in_sight
from funnel.stages import MissingEvidence, Stage
from tenants import formats
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, toast

PER_PAGE = 50


def number(request: OrgRequest, name: str) -> int | None:
    """Return an id from the address, or None where it is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def to_page(request: OrgRequest, name: str, *args: Any) -> str:
    """Return the address of a page of this organization."""
    return reverse(name, args=[request.organization.slug, *args])


def _visit(request: OrgRequest, pk: int) -> Visit:
    rows = Visit.objects.visible_to(request.membership).select_related("account", "opportunity", "by__user")
    found: Visit = get_object_or_404(rows, pk=pk)
    return found


def _action(request: OrgRequest, pk: int) -> NextAction:
    rows = NextAction.objects.visible_to(request.membership)
    found: NextAction = get_object_or_404(rows.select_related("account", "opportunity", "owner__user"), pk=pk)
    return found


# A visit that took place ----------------------------------------------------------------------


@org_view(Permission.VISIT_LOG)
def visit_new(request: OrgRequest) -> HttpResponse:
    """Record a visit: first the customer, then the rest; `?visit=` records a planned one."""
    planned = _planned(request)
    account = planned.account if planned else _chosen_account(request)
    if account is None:
        return render_page(request, "activities/visit_customer.html", _customers(request))
    also = [planned.opportunity_id] if planned and planned.opportunity_id else [number(request, "opportunity") or 0]
    offered = queries.offer(request.membership, account, also=also)
    form = VisitForm(
        request.POST if request.method == "POST" else None,
        offered=offered,
        by=request.membership,
        now=request.now,
        opportunity=_opportunity_among(request, offered),
        planned=planned,
    )
    if request.method == "POST" and form.is_valid():
        answer = _record(request, form, account, planned)
        if answer is not None:
            return answer
    context = {"form": form, "account": account, "planned": planned, "back": _back(request, planned)}
    status = 422 if form.is_bound else 200
    return render_page(request, "activities/visit_form.html", context, partial="form", status=status)


def _record(request: OrgRequest, form: VisitForm, account: Account, planned: Visit | None) -> HttpResponse | None:
    """Save the visit and go on; None when the form has to be shown again."""
    try:
        if planned is not None:
            seen = form.cleaned_data["version"] or 0
            visit = actions.hold(planned, seen=seen, by=request.membership, at=request.now, **form.record())
        else:
            key = form.cleaned_data["request_key"]
            visit = actions.log_visit(account, by=request.membership, at=request.now, request_key=key, **form.record())
    except MissingEvidence:
        form.add_error(
            None, gettext("Evidence for this stage is missing, and your company asks for it. Keep the stage.")
        )
    except Refused as refused:
        form.add_error(None, _why(refused))
    except Stale as stale:
        return _stale_visit(request, stale, form)
    else:
        messages.success(request, gettext("Visit recorded"))
        return go(request, _after(request, visit))
    return None


def _why(refused: Refused) -> str:
    """Return the sentence for a refusal of this app, or of the funnel that it passed on."""
    if refused.code in labels.REFUSALS:
        return labels.refusal(refused.code, refused.data)
    return gettext("The stage could not be changed. Keep the stage, and look at the opportunity.")


def _stale_visit(request: OrgRequest, stale: Stale, form: VisitForm) -> HttpResponse:
    version = stale.theirs.get("version")
    rows: list[tuple[str, Any, Any]] = [
        (gettext("Planned visit"), gettext("changed meanwhile"), gettext("what you are recording"))
    ]
    if "stage" in stale.theirs:
        advance, now = form.record()["advance"], Stage(cast("int", stale.theirs["stage"]))
        rows, version = [(gettext("Stage"), STAGES[now], STAGES[advance[1]] if advance else "")], None
    return conflict(
        request, rows, changed_by=stale.changed_by, template="activities/conflict.html", context={"version": version}
    )


def _planned(request: OrgRequest) -> Visit | None:
    pk = number(request, "visit")
    if pk is None:
        return None
    visit = _visit(request, pk)
    if visit.by_id != request.membership.pk or visit.state == VisitState.CANCELLED:
        raise Http404
    return visit


def _chosen_account(request: OrgRequest) -> Account | None:
    pk, opportunity = number(request, "account"), number(request, "opportunity")
    open_to = queries.open_to(request.membership)
    if pk is not None:
        return get_object_or_404(open_to, pk=pk)
    if opportunity is not None:
        return get_object_or_404(open_to, opportunities__pk=opportunity)
    return None


def _opportunity_among(request: OrgRequest, offered: queries.Offer) -> int | None:
    wanted = number(request, "opportunity")
    return wanted if any(step.opportunity.pk == wanted for step in offered.steps) else None


def _customers(request: OrgRequest) -> dict[str, Any]:
    return {
        "accounts": queries.recent_accounts(request.membership, request.now),
        "typed": request.GET.get("q", "").strip()[:200],
        "plan": request.resolver_match is not None and request.resolver_match.url_name == "visit_plan",
    }


def _back(request: OrgRequest, planned: Visit | None) -> str:
    opportunity = planned.opportunity_id if planned else number(request, "opportunity")
    if opportunity:
        return to_page(request, "funnel:opportunity", opportunity)
    return to_page(request, "salesops:today")


def _after(request: OrgRequest, visit: Visit) -> str:
    """Return where to go: back to the opportunity one came from, else to today."""
    if number(request, "opportunity") and visit.opportunity_id:
        return to_page(request, "funnel:opportunity", visit.opportunity_id)
    return to_page(request, "salesops:today")


@org_view(Permission.VISIT_VIEW)
@require_GET
def due(request: OrgRequest) -> HttpResponse:
    """Say which day a typed step names: 下週三 → 12/2 (三)."""
    text = next((request.GET[name] for name in ("next_text", "next", "text") if name in request.GET), "")
    on, rest = dates.parse_due(text[:400], request.today)
    return render_page(request, "activities/due.html", {"on": on, "rest": rest})


# Planned visits -------------------------------------------------------------------------------


@org_view(Permission.VISIT_LOG)
def visit_plan(request: OrgRequest) -> HttpResponse:
    """Plan a visit: its goal, with whom, when."""
    account = _chosen_account(request)
    if account is None:
        return render_page(request, "activities/visit_customer.html", _customers(request))
    offered = queries.offer(request.membership, account)
    data = request.POST if request.method == "POST" else None
    form = PlanForm(data, offered=offered, now=request.now, opportunity=_opportunity_among(request, offered))
    if form.is_valid():
        actions.plan_visit(account, by=request.membership, at=request.now, **form.record())
        messages.success(request, gettext("Visit planned"))
        return go(request, to_page(request, "salesops:today"))
    context = {"form": form, "account": account, "back": _back(request, None)}
    status = 422 if form.is_bound else 200
    return render_page(request, "activities/plan_form.html", context, partial="form", status=status)


@org_view(Permission.VISIT_LOG)
@require_POST
def call_off(request: OrgRequest, pk: int) -> HttpResponse:
    """Call a planned visit off; it can be taken back."""
    visit = _own(request, _visit(request, pk))
    try:
        visit = actions.call_off(visit, by=request.membership, at=request.now)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused.code), kind="error")
    answer = render_page(request, "activities/planned.html", {"visit": visit})
    return toast(answer, gettext("Visit called off"), undo_url=to_page(request, "activities:put_back", visit.pk))


@org_view(Permission.VISIT_LOG)
@require_POST
def put_back(request: OrgRequest, pk: int) -> HttpResponse:
    """Take the calling-off back."""
    visit = actions.put_back(_own(request, _visit(request, pk)), by=request.membership, at=request.now)
    return _again(request, to_page(request, "activities:visit", visit.pk))


def _own(request: OrgRequest, visit: Visit) -> Visit:
    """Return the visit to who may change it: the one who made it, or their manager."""
    ids = request.membership.visible_owner_ids
    if ids is not None and visit.by_id not in ids:
        raise PermissionDenied
    return visit


def _again(request: OrgRequest, url: str) -> HttpResponse:
    """Answer an undo: htmx reads the page anew, a browser goes to `url`."""
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return go(request, url)


# The list and the page ------------------------------------------------------------------------


@org_view(Permission.VISIT_VIEW)
@require_safe
def visits(request: OrgRequest) -> HttpResponse:
    """List the visits one may see, with the counts of the span."""
    form = FilterForm(request.GET)
    chosen = form.chosen()
    rows = queries.visits(request.membership, chosen, request.today)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "chosen": chosen,
        "counts": queries.count_visits(request.membership, chosen, request.today),
        "people": queries.people_of(request.membership),
        "teams": team_choices(queries.teams_of(request.membership)),
        "spans": labels.SPANS.items(),
        "kinds": labels.KINDS.items(),
        "results": labels.RESULTS.items(),
        "is_filtered": chosen != queries.VisitFilter(state=chosen.state),
    }
    return render_page(request, "activities/visits.html", context)


@org_view(Permission.VISIT_VIEW)
@require_safe
def visit(request: OrgRequest, pk: int) -> HttpResponse:
    """Show one visit."""
    found = _visit(request, pk)
    ids = request.membership.visible_owner_ids
    context = {
        "visit": found,
        "met": found.met.select_related("contact"),
        "may_change": request.membership.can(Permission.VISIT_LOG) and (ids is None or found.by_id in ids),
        "is_mine": found.by_id == request.membership.pk,
    }
    return render_page(request, "activities/visit.html", context)


@org_view(Permission.VISIT_LOG)
def visit_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Correct a visit, or move a planned one."""
    found = _own(request, _visit(request, pk))
    if found.state == VisitState.CANCELLED:
        raise Http404
    form = VisitEditForm(request.POST if request.method == "POST" else None, visit=found)
    if form.is_valid():
        seen, changes = form.cleaned_data["version"], form.changes()
        try:
            actions.change_visit(found, seen=seen, by=request.membership, at=request.now, **changes)
        except Refused as refused:
            form.add_error("happened_at", labels.refusal(refused.code, refused.data))
        except Stale as stale:
            rows = [
                (str(form.fields[name].label), _shown(name, stale.theirs[name]), _shown(name, mine))
                for name, mine in changes.items()
                if stale.theirs[name] != mine
            ]
            context = {"version": stale.theirs["version"]}
            return conflict(request, rows, template="activities/conflict.html", context=context)
        else:
            messages.success(request, gettext("Saved"))
            return go(request, to_page(request, "activities:visit", found.pk))
    status = 422 if form.is_bound else 200
    return render_page(
        request, "activities/visit_edit.html", {"form": form, "visit": found}, partial="form", status=status
    )


def _shown(name: str, value: Any) -> Any:
    words: dict[str, Any] = {"kind": labels.KINDS, "result": labels.RESULTS}
    return words[name].get(value, value) if name in words else value


# Next actions ---------------------------------------------------------------------------------


@org_view(Permission.VISIT_LOG)
@require_POST
def complete(request: OrgRequest, pk: int) -> HttpResponse:
    """Say that a next action is done; it can be taken back."""
    action = _action(request, pk)
    try:
        action = actions.complete(action, by=request.membership, at=request.now)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused.code), kind="error")
    return _ended(request, action, gettext("Done"))


@org_view(Permission.VISIT_LOG)
@require_POST
def drop(request: OrgRequest, pk: int) -> HttpResponse:
    """Say that a next action will not be done; it can be taken back."""
    action = _action(request, pk)
    try:
        action = actions.drop(action, by=request.membership, at=request.now)
    except Refused as refused:
        return toast(HttpResponse(status=204), labels.refusal(refused.code), kind="error")
    return _ended(request, action, gettext("Dropped"))


def _step(request: OrgRequest, action: NextAction) -> dict[str, Any]:
    """Return what a row of a list of next actions shows; `?where=` says on whose page it stands."""
    return {"action": action, "mine": True, "where": request.GET.get("where", "")[:20]}


def _ended(request: OrgRequest, action: NextAction, words: str) -> HttpResponse:
    undo = to_page(request, "activities:take_back", action.pk)
    if not request.htmx:
        messages.success(request, words)
        return go(request, to_page(request, "salesops:today"))
    return toast(render_page(request, "activities/step.html", _step(request, action)), words, undo_url=undo)


@org_view(Permission.VISIT_LOG)
@require_POST
def take_back(request: OrgRequest, pk: int) -> HttpResponse:
    """Open a next action again that was done or dropped."""
    actions.take_back(_action(request, pk), by=request.membership, at=request.now)
    return _again(request, to_page(request, "salesops:today"))


@org_view(Permission.VISIT_LOG)
def postpone(request: OrgRequest, pk: int) -> HttpResponse:
    """Give a next action another day."""
    action = _action(request, pk)
    start = {"text": action.text, "due_on": action.due_on, "version": action.version}
    form = PostponeForm(request.POST if request.method == "POST" else None, initial=start)
    context = {**_step(request, action), "form": form, "days": day_choices(request.today)}
    if form.is_valid():
        data = form.cleaned_data
        try:
            action = actions.postpone(
                action,
                seen=data["version"],
                due_on=data["due_on"],
                text=data["text"],
                by=request.membership,
                at=request.now,
            )
        except Refused as refused:
            form.add_error("due_on", labels.refusal(refused.code, refused.data))
        except Stale as stale:
            return _stale_action(request, stale, data)
        else:
            return _postponed(request, action)
    status = 422 if form.is_bound else 200
    answer = render_page(request, "activities/postpone.html", context, partial="dialog", status=status)
    if form.is_bound and request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog", "innerHTML"
    return answer


def _postponed(request: OrgRequest, action: NextAction) -> HttpResponse:
    if not request.htmx:
        return go(request, to_page(request, "salesops:today"))
    return toast(render_page(request, "activities/step.html", _step(request, action)), gettext("New day saved"))


@org_view(Permission.VISIT_LOG)
def seek(request: OrgRequest, pk: int) -> HttpResponse:
    """Make a next action of something that we do not know about an opportunity."""
    gap = gap_in_sight(request.membership, pk)
    opportunity = gap.opportunity
    form = ActionForm(request.POST if request.method == "POST" else None, today=request.today, text=gap.text)
    if form.is_valid():
        text, on = form.cleaned_data["step"]
        try:
            actions.add_next_action(
                opportunity.account,
                owner=_doer(request, opportunity),
                text=text,
                due_on=on,
                by=request.membership,
                at=request.now,
                opportunity=opportunity,
                gap=gap,
                request_key=form.cleaned_data["request_key"],
            )
        except Refused as refused:
            form.add_error("next_text", labels.refusal(refused.code, refused.data))
        else:
            messages.success(request, gettext("Next action added"))
            return go(request, to_page(request, "funnel:strategy", opportunity.pk))
    context = {"form": form, "gap": gap, "opportunity": opportunity}
    status = 422 if form.is_bound else 200
    answer = render_page(request, "activities/seek.html", context, partial="dialog", status=status)
    if request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog", "innerHTML"
    return answer


def _stale_action(request: OrgRequest, stale: Stale, mine: dict[str, Any]) -> HttpResponse:
    language = get_language() or "en"
    theirs = formats.short_date(cast("date", stale.theirs["due_on"]), request.today, language)
    own = formats.short_date(mine["due_on"], request.today, language)
    rows = [
        (gettext("By when"), theirs, own),
        (gettext("Next action"), stale.theirs["text"], mine["text"]),
    ]
    context = {"version": stale.theirs["version"]}
    return conflict(request, rows, template="activities/conflict.html", context=context)


# Panels on the pages of lower apps --------------------------------------------------------------


@org_view(Permission.VISIT_VIEW)
def of_opportunity(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an opportunity's next actions and visits; a post adds a next action."""
    rows = Opportunity.objects.visible_to(request.membership).select_related("account", "owner__user")
    opportunity: Opportunity = get_object_or_404(rows, pk=pk)
    return _panel(request, opportunity.account, opportunity)


@org_view(Permission.VISIT_VIEW)
def of_account(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an account's next actions and visits; a post adds a next action."""
    account: Account = get_object_or_404(queries.open_to(request.membership), pk=pk)
    return _panel(request, account, None)


def _panel(request: OrgRequest, account: Account, opportunity: Opportunity | None) -> HttpResponse:
    may_log = request.membership.can(Permission.VISIT_LOG)
    form = ActionForm(request.POST if request.method == "POST" and may_log else None, today=request.today)
    if form.is_valid() and _added(request, form, account, opportunity):
        form = ActionForm(today=request.today)
    status = 422 if form.is_bound else 200
    place: dict[str, Any] = {"opportunity": opportunity} if opportunity else {"account": account}
    context = {
        "form": form,
        "account": account,
        "opportunity": opportunity,
        "here": request.path,
        "where": "opportunity" if opportunity else "account",
        "may_log": may_log,
        "steps": queries.actions_of(request.membership, **place),
        "visits": queries.visits_of(request.membership, **place),
    }
    return render_page(request, "activities/panel.html", context, status=status)


def _added(request: OrgRequest, form: ActionForm, account: Account, opportunity: Opportunity | None) -> bool:
    """Add the next action of a form; what is refused stands in it."""
    text, on = form.cleaned_data["step"]
    try:
        actions.add_next_action(
            account,
            owner=_doer(request, opportunity),
            text=text,
            due_on=on,
            by=request.membership,
            at=request.now,
            opportunity=opportunity,
            origin=Origin.HAND,
            request_key=form.cleaned_data["request_key"],
        )
    except Refused as refused:
        form.add_error("next_text", labels.refusal(refused.code, refused.data))
        return False
    return True


def _doer(request: OrgRequest, opportunity: Opportunity | None) -> Any:
    """Return who will do it: the opportunity's owner when their manager writes it, else who writes."""
    ids = request.membership.visible_owner_ids
    if opportunity is not None and (ids is None or opportunity.owner_id in ids):
        return opportunity.owner
    return request.membership
