"""The forecast report, the rows behind its numbers, the strip of the board, and targets."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from forecasting import actions, labels, queries
from forecasting.drawing import NARROW, WIDE, draw
from forecasting.forms import TargetForm, chosen_period
from forecasting.periods import Kind, Period, period_of
from forecasting.views.address import address, of_list, siblings, whose_of
from funnel import filters
from funnel.queries import lead_figures, of_health, stage_table
from funnel.stages import Stage
from tenants.charts import Change, Reached
from tenants.errors import Refused, Stale
from tenants.formats import compact
from tenants.permissions import Permission
from tenants.queries import calendar_of
from tenants.web import OrgRequest, conflict, go, is_swap, number, org_view, render_page, to_page, toast

A_PAGE = 50
SWITCH = (Kind.MONTH, Kind.QUARTER)


def frame(request: OrgRequest, name: str, period: Period, whose: queries.Scope) -> dict[str, Any]:
    """Return what the head of a page needs: the period, its neighbours, and whose numbers these are."""
    who = whose.who
    return {
        "period": period,
        "period_label": labels.period_label(period),
        "is_current": request.today in period,
        "whose": whose,
        "previous": address(request, name, period.previous, who),
        "next": address(request, name, period.next, who),
        "switch": [
            (labels.KINDS[kind], kind == period.kind, address(request, name, _zoomed(period, kind, request), who))
            for kind in SWITCH
        ],
        **siblings(request, name, period, who),
    }


def _zoomed(period: Period, kind: Kind, request: OrgRequest) -> Period:
    """Return the month or quarter to which the switch leads: the one of today when it lies in this period."""
    day = request.today if request.today in period else period.starts_on
    return period_of(kind, day, request.organization.fiscal_year_start)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def forecast(request: OrgRequest) -> HttpResponse:
    """Say in one sentence where the period will land, and show what that stands on."""
    period = chosen_period(request.GET, request.organization, request.today)
    whose = whose_of(request)
    today = request.today
    found = queries.summary(request.membership, period, whose)
    course = queries.course(period, whose.owners)
    pace = None
    if found.numbers.target and today in period:
        pace = queries.pace_of(period, found.numbers.target, today, calendar_of(request.organization))
    drawings = [
        (
            css,
            draw(
                period,
                found.won_by_day,
                course.points,
                course.proven,
                target=found.numbers.target,
                today=today,
                size=size,
            ),
        )
        for css, size in (("only-wide", WIDE), ("only-narrow", NARROW))
    ]
    context = {
        **frame(request, "forecast", period, whose),
        **_cuts(request, period, whose, found),
        "found": found,
        "numbers": found.numbers,
        "committed": found.committed,
        "course": course,
        "drawings": drawings,
        **_moved(request, period, whose, found),
        "pace": pace,
        "shape_url": address(request, "shape", period, whose.who),
        "accuracy_url": address(request, "accuracy", period, whose.who),
    }
    return render_page(request, "forecasting/forecast.html", context)


_LINKED = ("due", "won", "counted", "committed", "promised", "overdue", "undated")


def _cuts(request: OrgRequest, period: Period, whose: queries.Scope, found: queries.Summary) -> dict[str, Any]:
    """Return the numbers by person and stage, each with the address of its rows."""

    def rows(**more: object) -> str:
        return address(request, "rows", period, whose.who, **more)

    stages = [(each, int(each.row.stage)) for each in found.stages]
    return {
        "funnel": [
            Reached(stage, each.row.label, each.reached_amount, each.reached_count, rows(what="reached", stage=stage))
            for each, stage in stages
        ],
        "urls": {what: rows(what=what) for what in _LINKED}
        | {"targets": address(request, "targets", period, whose.who)},
        "people": [(row, address(request, "forecast", period, f"m{row.member.pk}")) for row in found.people],
        "stages": [(each, rows(what="due", stage=stage)) for each, stage in stages if stage < Stage.DEPLOY],
    }


def _moved(request: OrgRequest, period: Period, whose: queries.Scope, found: queries.Summary) -> dict[str, Any]:
    """Return what changed since last week and why; nothing in a period that is over."""
    zone = request.organization.zone
    if period.ends_on < request.today:
        return {"moved": None}
    since = queries.week_before(request.today, zone)
    moved = queries.movement(request.membership, found, whose, since=since, zone=zone)
    return {
        "moved": moved,
        "cause": labels.CAUSES[moved.reason.cause] if moved.reason else "",
        "changes": _changes(request, period, whose, moved),
    }


def _changes(request: OrgRequest, period: Period, whose: queries.Scope, moved: queries.Movement) -> list[Change]:
    """Return what changed since last week, bucket by bucket, each with the address of its rows."""
    return [
        Change(
            str(labels.BUCKETS[bucket]),
            delta,
            address(request, "behind", period, whose.who, what="moved", bucket=bucket),
        )
        for bucket, delta, _count in moved.waterfall.buckets
    ]


def narrowing(request: OrgRequest, wanted: filters.Filters) -> dict[str, Any]:
    """Return what the form that narrows a list by health needs: what else of the address it keeps."""
    kept = [(name, value) for name, value in request.GET.items() if name not in {"health", "flag", "page"}]
    return {"filters": wanted, "kept": kept}


def stage_asked(request: OrgRequest, stages: Iterable[int]) -> int | None:
    """Return the stage that the address names, None for all."""
    return next((stage for stage in stages if str(stage) == request.GET.get("stage")), None)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def rows(request: OrgRequest) -> HttpResponse:
    """List the opportunities behind a number, with the sum of all of them."""
    period = chosen_period(request.GET, request.organization, request.today)
    whose = whose_of(request)
    what, zone = request.GET.get("what", "due"), request.organization.zone
    table = stage_table()
    percents = {row.stage: row.percent for row in table}
    names = {int(row.stage): row.label for row in table}
    stage = stage_asked(request, names)
    if what not in labels.ROWS:
        raise Http404
    wanted = filters.read(request.GET)
    found = queries.rows(period, zone, whose.owners, what=what, stage=stage).filter(of_health(wanted))
    page = Paginator(queries.listed(found, percents), A_PAGE).get_page(request.GET.get("page"))
    context = {
        **frame(request, "rows", period, whose),
        **narrowing(request, wanted),
        "back": address(request, "forecast", period, whose.who),
        "title": labels.ROWS[what],
        "stage_label": names.get(stage or 0, ""),
        "what": what,
        "totals": queries.totals(found, percents),
        "page_obj": page,
        "listed": [(each, names[each.stage], None) for each in page],
    }
    return render_page(request, "forecasting/rows.html", context)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def strip(request: OrgRequest) -> HttpResponse:
    """Show the numbers of a period on one line, for the board, as it is filtered."""
    period = chosen_period(request.GET, request.organization, request.today)
    whose = whose_of(request)
    found = queries.summary(request.membership, period, whose)
    organization, days = request.organization, {"first": period.starts_on, "last": period.ends_on}
    context = {
        "numbers": found.numbers,
        "leads": lead_figures(whose.owners, organization=organization, **days),
        "committed": found.committed,
        "period": period,
        "period_label": labels.period_label(period),
        "urls": {
            "leads": of_list(request, "leads", whose.who),
            "won": address(request, "rows", period, whose.who, what="won"),
            "due": address(request, "rows", period, whose.who, what="due"),
            "committed": address(request, "rows", period, whose.who, what="committed"),
            "promised": address(request, "rows", period, whose.who, what="promised"),
            "forecast": address(request, "forecast", period, whose.who),
        },
    }
    return render(request, "forecasting/strip.html", context)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def accuracy(request: OrgRequest) -> HttpResponse:
    """Show how near past forecasts came, measured on what was stored then."""
    period = chosen_period(request.GET, request.organization, request.today)
    whose = whose_of(request)
    judged = queries.past(period, whose.owners, request.today, request.organization.zone)
    past = [(labels.period_label(each.period), each) for each in judged]
    return render(request, "forecasting/accuracy.html", {"past": past, "marks": labels.MARKS.values()})


@org_view(Permission.FORECAST_VIEW)
@require_POST
def compute(request: OrgRequest) -> HttpResponse:
    """Compute health, alerts and today's snapshot now, as a job."""
    job = actions.start_now(by=request.membership, at=request.now)
    if job.by_id != request.membership.pk:
        return toast(HttpResponse(status=204), _("It is being computed already."))
    if is_swap(request):
        return render(request, "jobs/panel.html", {"job": job}, status=202)
    return go(request, to_page(request, "jobs:panel", job.pk))


def _grid(
    request: OrgRequest, asked: Period, who: str, *, typed: TargetForm | None = None, message: str = ""
) -> dict[str, Any]:
    """Return what the page of targets shows; `typed` is a cell that was refused, with the reason in `message`."""
    kind = Kind.MONTH if asked.kind == Kind.MONTH else Kind.QUARTER
    year = period_of(Kind.YEAR, asked.starts_on, request.organization.fiscal_year_start)
    whose = queries.scope(request.membership, who)
    grid = queries.target_grid(whose, year, kind)
    fiscal = year.fiscal_start
    return {
        "rows": [(row, [_cell(row, cell, typed, message) for cell in row.cells]) for row in grid.rows],
        "columns": [
            (labels.period_label(period), period, total)
            for period, total in zip(grid.periods, grid.totals, strict=True)
        ],
        "total": grid.total,
        "year_label": labels.period_label(year),
        "stray": queries.stray_targets(whose.owners, year) if kind == Kind.QUARTER else 0,
        "whose": whose,
        "period": Period(kind, year.starts_on, fiscal),
        "previous": address(request, "targets", Period(kind, year.previous.starts_on, fiscal), who),
        "next": address(request, "targets", Period(kind, year.next.starts_on, fiscal), who),
        "switch": [
            (labels.KINDS[each], each == kind, address(request, "targets", Period(each, year.starts_on, fiscal), who))
            for each in SWITCH
        ],
    }


def _cell(row: queries.TargetRow, cell: queries.Cell, typed: TargetForm | None, message: str) -> dict[str, Any]:
    """Return one cell of the targets, with what was typed if it was refused."""
    asked = typed.data if typed else {}
    mine = (asked.get("owner"), asked.get("starts_on")) == (str(row.member.pk), cell.period.starts_on.isoformat())
    label = f"{row.member.name}, {labels.period_label(cell.period)}"
    return {
        "owner": row.member.pk,
        "cell": cell,
        "label": label,
        "text": asked.get("amount", "") if mine else None,
        "message": message if mine else "",
    }


@org_view(Permission.FORECAST_VIEW)
@require_GET
def targets(request: OrgRequest) -> HttpResponse:
    """Show who is to sell how much, by month or quarter of a year; to be edited in place by who may."""
    asked = chosen_period(request.GET, request.organization, request.today)
    return render_page(request, "forecasting/targets.html", _grid(request, asked, request.GET.get("who", "")))


@org_view(Permission.TARGET_EDIT)
@require_POST
def set_target(request: OrgRequest) -> HttpResponse:
    """Set one cell of the targets; the answer is that cell, with the sums it belongs to."""
    form = TargetForm(request.POST)
    person = queries.person_or_404(request.membership, number(request.POST.get("owner")))
    if not form.is_valid():
        return _answer(request, form, str(form.errors.get("amount", [_("Reload the page.")])[0]))
    data = form.cleaned_data
    try:
        actions.set_target(
            person,
            data["period"],
            data["starts_on"],
            data["amount"],
            by=request.membership,
            at=request.now,
            seen=data["version"],
        )
    except Refused as error:
        return _answer(request, form, labels.refusal(error))
    except Stale as stale:
        return _both(request, data["amount"], stale)
    return _answer(request, form, "")


def _answer(request: OrgRequest, form: TargetForm, message: str) -> HttpResponse:
    """Answer with the cell (htmx) or the page: saved, or 422 with what was typed and why it was refused."""
    asked = chosen_period(
        {"period": form.data.get("period"), "on": form.data.get("starts_on", "")}, request.organization, request.today
    )
    who = form.data.get("who", "")
    if not message and not is_swap(request):
        return go(request, address(request, "targets", asked, who))
    grid = _grid(request, asked, who, typed=form if message else None, message=message)
    status = 422 if message else 200
    if not is_swap(request):
        return render(request, "forecasting/targets.html", grid, status=status)
    here = (form.data.get("owner"), form.data.get("starts_on"))
    found = [
        (row, cell)
        for row, cells in grid["rows"]
        for cell in cells
        if (str(row.member.pk), cell["cell"].period.starts_on.isoformat()) == here
    ]
    if not found:
        raise Http404
    return render(request, "forecasting/saved.html", {**grid, "row": found[0][0], "each": found[0][1]}, status=status)


def _both(request: OrgRequest, mine: int | None, stale: Stale) -> HttpResponse:
    """Answer 409 with the target that stands and the one that was typed."""
    language = get_language() or "en"
    rows = [(_("Target"), compact(stale.theirs["amount"], language), compact(mine, language))]
    back = to_page(request, "forecasting:targets")
    return conflict(request, rows, stale, version=stale.version, back=back)
