"""How the funnel flows; and the rows behind each number about the past."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from forecasting import labels, queries
from forecasting.flow import behind as behind_peers
from forecasting.flow import coverage_needed, velocity
from forecasting.queries import flow as figures
from forecasting.views.address import address
from forecasting.views.asked import Asked, asked_of, before
from forecasting.views.changes import places
from forecasting.views.report import narrowing, stage_asked
from forecasting.views.worth import counted
from forecasting.waterfall import Bucket
from funnel import filters
from funnel import queries as funnel_queries
from funnel.flow import Conversion, Spread
from funnel.queries.behind import Behind
from funnel.queries.flow import FATES
from funnel.stages import Stage
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view, render_page

A_PAGE = 50
WEEK, YEAR = 7, 365
SPANS = (30, 90, 365)
SHOWN_BEHIND = 8


# How it flows -----------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def flow(request: OrgRequest) -> HttpResponse:
    """Say how much is won, how long it takes, and how much money a day that makes."""
    asked = asked_of(request, days=YEAR, offer=True)
    cycle, found = _decided(asked, asked.window)
    closed = found.closed
    trailing = {**asked.window, "since": figures.evening(before(asked.until_on, YEAR), request.organization.zone)}
    usual, year = (cycle, found) if trailing == asked.window else _decided(asked, trailing)
    what = ("won", "lost", "abandoned", "stuck", "qualified")
    context = {
        **asked.frame("flow"),
        "cycle": cycle,
        "found": found,
        "closed": closed,
        "velocity": velocity(found.qualified, year.closed.average_won, year.closed.rate, usual.p50),
        "average_won": year.closed.average_won,
        "urls": {each: asked.to("behind", what=each) for each in what},
        "time_url": asked.to("flow_time"),
        "stages_url": asked.to("flow_stages"),
        "spans": [(days, asked.to("flow", since=before(request.today, days), until="")) for days in SPANS],
    }
    return render_page(request, "forecasting/flow.html", context, status=asked.status)


def _decided(asked: Asked, window: Mapping[str, Any]) -> tuple[Spread, figures.Decided]:
    """Return how long what was won took, and what was decided."""
    cycle = funnel_queries.won_cycle(**window)
    return cycle, figures.decided(**window, today=asked.until_on, p95=cycle.p95)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def flow_time(request: OrgRequest) -> HttpResponse:
    """Say what slips, how often dates are pushed, and what must be open to reach the target."""
    asked = asked_of(request, days=YEAR)
    slice_, zone, today = asked.narrowing.slice, request.organization.zone, request.today
    before = asked.period.previous
    slips = figures.slippage(asked.period, slice_, today=today, zone=zone)
    last = figures.slippage(before, slice_, today=today, zone=zone)
    found = figures.decided(**asked.window, today=asked.until_on, p95=None)
    numbers = queries.summary(request.membership, asked.period, asked.whose).numbers
    narrowed = any(asked.narrowing.asked.values())
    context = {
        **asked.frame("flow"),
        "slips": slips,
        "last": last,
        "last_label": labels.period_label(before),
        "pushes": figures.pushes(**asked.window),
        "coverage": None if narrowed else numbers.coverage,
        "needed": coverage_needed(found.closed.value_rate, last.on_time),
        "narrowed": narrowed,
        "numbers": numbers,
        "urls": {
            "slipped": asked.to("behind", what="slipped"),
            "slipped_before": asked.to("behind", what="slipped", on=before.starts_on),
            "pushed": asked.to("behind", what="pushed"),
            "due": address(request, "rows", asked.period, asked.whose.who, what="due"),
        },
    }
    return render_page(request, "forecasting/flow_time.html", context, status=asked.status)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def flow_stages(request: OrgRequest) -> HttpResponse:
    """Say by stage how long opportunities stay and how many go on, and who loses most against the peers."""
    asked = asked_of(request, days=YEAR)
    context = {**asked.frame("flow"), **_stages(asked)}
    return render_page(request, "forecasting/flow_stages.html", context, status=asked.status)


def _stages(asked: Asked) -> dict[str, Any]:
    """Return how each stage flows, and where somebody loses more than everybody else."""
    dwell, owners = funnel_queries.dwell(**asked.window), asked.narrowing.slice.owners
    everybody = funnel_queries.conversion_by_owner(
        **{**asked.window, "slice_": replace(asked.narrowing.slice, owners=None)}
    )
    table = {int(row.stage): row.label for row in funnel_queries.stage_table() if row.stage != Stage.DEPLOY}
    total = _summed(each for owner, each in everybody.items() if owners is None or owner in owners)
    names = {person.pk: person.name for person in asked.whose.people}
    return {
        "stages": [
            (
                stage,
                label,
                total.get(stage, Conversion()),
                {fate: asked.to("behind", what=fate, stage=stage) for fate in FATES},
                dwell.get(Stage(stage), Spread()),
                asked.to("behind", what="left", stage=stage),
            )
            for stage, label in table.items()
        ],
        "losing": [
            (names.get(each.owner, _("Somebody who left")), table[each.stage], each, asked.of(each.owner))
            for each in behind_peers(everybody, owners)
            if each.stage in table
        ][:SHOWN_BEHIND],
    }


def _summed(conversions: Iterable[Mapping[Stage, Conversion]]) -> dict[int, Conversion]:
    """Return the conversions of several people, stage by stage, as one."""
    total: dict[int, Conversion] = {}
    for each in conversions:
        for stage, conversion in each.items():
            total[stage] = total.get(stage, Conversion()) + conversion
    return total


# The rows behind --------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def behind(request: OrgRequest) -> HttpResponse:
    """List the opportunities behind a number of these pages, as they are today, with the sum of all of them."""
    asked = asked_of(request, days=WEEK)
    what = request.GET.get("what", "")
    if what not in labels.BEHIND or not asked.form.is_valid():
        raise Http404
    table = funnel_queries.stage_table()
    names = {int(row.stage): row.label for row in table}
    stage = stage_asked(request, names)
    wanted = filters.read(request.GET)
    whole = _behind(asked, what, stage, places(request.GET.get("by", "stage"), table))
    found = whole.visible_to(request.membership).filter(funnel_queries.of_health(wanted))
    percents = {row.stage: row.percent for row in table}
    page = Paginator(queries.listed(found, percents), A_PAGE).get_page(request.GET.get("page"))
    bucket = next((each for each in Bucket if each == request.GET.get("bucket")), None)
    context = {
        **asked.frame("behind"),
        **narrowing(request, wanted),
        "back": asked.to({"moved": "changes", "went": "changes", "stood": "past"}.get(what, "flow")),
        "title": labels.BUCKETS[bucket] if what == "moved" and bucket else labels.BEHIND[what],
        "stage_label": names.get(stage or 0, ""),
        "what": what,
        "as_today": True,
        "totals": queries.totals(found, percents),
        "page_obj": page,
        **counted(
            whole, found, list(page), names, by=request.membership, is_narrowed=bool(wanted.health or wanted.flag)
        ),
    }
    return render_page(request, "forecasting/rows.html", context)


def _behind(asked: Asked, what: str, stage: int | None, places: Mapping[str, str]) -> Behind:
    """Return the opportunities behind a number.

    :raises Http404: a bucket, cell or stage that does not exist.
    """
    get, request, slice_ = asked.request.GET, asked.request, asked.narrowing.slice
    moments = {"since": asked.since, "until": asked.until}
    if what == "moved" and get.get("bucket") in set(Bucket):
        return queries.moved(asked.period, slice_, bucket=Bucket(get["bucket"]), **moments)
    if what == "went":
        came, went = get.get("came", ""), get.get("went", "")
        if {came, went} <= {*places, *labels.ENDS}:
            by = "category" if get.get("by") == "category" else "stage"
            return queries.flowed(slice_, by=by, came=came, went=went, **moments)
    if what == "stood":
        day = asked.since if asked.since_on < request.today else queries.LATEST
        return queries.stood_rows(slice_, stage=stage, at=day)
    if what == "slipped":
        return figures.slipped(asked.period, slice_, today=request.today, zone=request.organization.zone)
    if what == "pushed":
        return figures.pushed(**asked.window)
    if what in FATES and stage is not None:
        return funnel_queries.conversion_rows(stage=stage, fate=what, **asked.window)
    if what == "left" and stage is not None:
        return funnel_queries.dwell_rows(stage=stage, **asked.window)
    if what in {"won", "lost", "abandoned", "stuck", "qualified"}:
        p95 = funnel_queries.won_cycle(**asked.window).p95
        return figures.decided_rows(**asked.window, fate=what, today=asked.until_on, p95=p95)
    raise Http404
