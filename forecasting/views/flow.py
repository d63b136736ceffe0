"""What changed between two days, the funnel as it stood on one, how it flows; and the rows behind each number."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from forecasting import labels, queries
from forecasting.flow import behind as behind_peers
from forecasting.flow import coverage_needed, velocity
from forecasting.forms import BetweenForm, chosen_period
from forecasting.periods import Kind, Period
from forecasting.queries import flow as figures
from forecasting.views.address import address
from forecasting.waterfall import Bucket, Part
from funnel import queries as funnel_queries
from funnel.flow import Conversion, Spread
from funnel.labels import CATEGORIES
from funnel.queries.behind import Behind
from funnel.queries.flow import FATES
from funnel.stages import Category, Stage, StageRow
from tenants.charts import Change
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view, render_page

A_PAGE = 50
WEEK, YEAR = 7, 365
SPANS = (7, 30, 90, 365)
SHOWN_BEHIND = 8


@dataclass(frozen=True)
class Asked:
    """What a page about the past is asked: a period, whose, which part of the funnel, and from which day to which."""

    request: OrgRequest
    period: Period
    whose: queries.Scope
    narrowing: queries.Narrowing
    form: BetweenForm
    since_on: date
    until_on: date

    @property
    def since(self) -> datetime:
        """How the first day ended."""
        return figures.evening(self.since_on, self.request.organization.zone)

    @property
    def until(self) -> datetime:
        """How the last day ended; now, if it has not."""
        if self.until_on >= self.request.today:
            return queries.LATEST
        return figures.evening(self.until_on, self.request.organization.zone)

    @property
    def window(self) -> dict[str, Any]:
        """From when until when something happened, for the figures that count what happened."""
        return {"since": self.since, "until": min(self.until, self.request.now), "slice_": self.narrowing.slice}

    @property
    def status(self) -> int:
        """200, or 422 where the days cannot be answered."""
        return 200 if self.form.is_valid() else 422

    def to(self, name: str, **more: object) -> str:
        """Return the address of another page about the same."""
        days = {"since": self.since_on, "until": "" if self.until_on == self.request.today else self.until_on}
        return address(self.request, name, self.period, self.whose.who, **{**self.narrowing.asked, **days, **more})

    def of(self, owner: int) -> str:
        """Return the address of one person's flow."""
        return replace(self, whose=replace(self.whose, who=f"m{owner}")).to("flow")

    def frame(self, name: str) -> dict[str, Any]:
        """Return what the head of a page needs."""
        return {
            "asked": self,
            "period": self.period,
            "period_label": labels.period_label(self.period),
            "whose": self.whose,
            "page": name,
            "to_forecast": address(self.request, "forecast", self.period, self.whose.who),
            "to_changes": self.to("changes"),
            "to_past": self.to("past"),
            "to_flow": self.to("flow", since="", until=""),
            "kinds": [(kind, labels.KINDS[kind]) for kind in Kind],
            "message": " ".join(str(error) for error in self.form.non_field_errors()),
            "error": not self.form.is_valid(),
        }


def _asked(request: OrgRequest, *, days: int, offer: bool = False) -> Asked:
    """Read what is asked; with `offer` also what there is to choose.

    :raises Http404: people, a product, a region or a segment that are not there, or not visible.
    """
    get = request.GET
    whose = queries.scope(request.membership, get.get("who", ""))
    words = {name: get.get(name, "") for name in ("product", "region", "segment")}
    form = BetweenForm(get, today=request.today, days=days)
    found = form.cleaned_data if form.is_valid() else {"since": request.today, "until": request.today}
    return Asked(
        request=request,
        period=chosen_period(get, request.organization, request.today),
        whose=whose,
        narrowing=queries.narrowing(request.membership, whose, **words, offer=offer),
        form=form,
        since_on=found["since"],
        until_on=found["until"],
    )


# What changed ----------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def changes(request: OrgRequest) -> HttpResponse:
    """Say what changed in the pipeline of a period between two days, and what came from where and went to where."""
    asked = _asked(request, days=WEEK, offer=True)
    by = "category" if request.GET.get("by") == "category" else "stage"
    slice_ = asked.narrowing.slice
    found = queries.waterfall(asked.period, slice_, since=asked.since, until=asked.until)
    cells = queries.flows(slice_, by=by, since=asked.since, until=asked.until)
    lost, abandoned = (found.parts.get(bucket, Part()) for bucket in (Bucket.LOST, Bucket.ABANDONED))
    context = {
        **asked.frame("changes"),
        "found": found,
        "changes": [
            Change(str(labels.BUCKETS[bucket]), delta, asked.to("behind", what="moved", bucket=bucket))
            for bucket, delta, _count in found.buckets
        ],
        "counts": [
            (labels.BUCKETS[bucket], count, delta, asked.to("behind", what="moved", bucket=bucket))
            for bucket, delta, count in found.buckets
        ],
        "lost": lost + abandoned if abandoned.count else None,
        "net": found.end - found.start,
        "spans": [(days, asked.to("changes", since=_before(request.today, days), until="")) for days in SPANS],
        "by": by,
        **_matrix(asked, by, cells, funnel_queries.stage_table()),
    }
    return render_page(request, "forecasting/changes.html", context, status=asked.status)


def _before(today: date, days: int) -> date:
    return date.fromordinal(today.toordinal() - days)


def _places(by: str, table: list[StageRow]) -> dict[str, str]:
    """Return the stages in which something stands open, or the categories, with their words."""
    if by == "category":
        return {str(each): str(CATEGORIES[each]) for each in Category if each != Category.CLOSED}
    return {str(int(row.stage)): row.label for row in table if row.stage != Stage.DEPLOY}


def _matrix(
    asked: Asked, by: str, cells: Mapping[tuple[str, str], queries.MatrixCell], table: list[StageRow]
) -> dict[str, Any]:
    """Return lines, columns and sums of the matrix, each cell with the address of its rows."""
    places = _places(by, table)
    ends = {code: str(words) for code, words in labels.ENDS.items()}
    lines = {**places, queries.NEW: ends[queries.NEW]}
    columns = {**places, **{code: words for code, words in ends.items() if code != queries.NEW}}
    none = queries.MatrixCell()

    def cell(came: str, went: str) -> tuple[queries.MatrixCell, str, bool]:
        return cells.get((came, went), none), asked.to("behind", what="went", by=by, came=came, went=went), came == went

    return {
        "columns": columns.values(),
        "lines": [
            (
                words,
                [cell(came, went) for went in columns],
                sum((each for key, each in cells.items() if key[0] == came), none),
            )
            for came, words in lines.items()
        ],
        "sums": [sum((each for key, each in cells.items() if key[1] == went), none) for went in columns],
        "all": sum(cells.values(), none),
    }


# As it stood ------------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def past(request: OrgRequest) -> HttpResponse:
    """Show the funnel as it stood on a day beside how it stands on a later one."""
    asked = _asked(request, days=90, offer=True)
    slice_, none = asked.narrowing.slice, queries.Stood()
    first = queries.stood(slice_, at=asked.since)
    last = queries.stood(slice_, at=asked.until)
    table = [row for row in funnel_queries.stage_table() if row.stage != Stage.DEPLOY]
    whole = [sum(stood.values(), none) for stood in (first, last)]

    def rows(day: date, stage: int | None) -> str:
        return asked.to("behind", what="stood", since=day, until="", stage=stage)

    context = {
        **asked.frame("past"),
        "stages": [
            (
                row,
                first.get(row.stage, none),
                rows(asked.since_on, row.stage),
                last.get(row.stage, none),
                rows(asked.until_on, row.stage),
                last.get(row.stage, none).amount - first.get(row.stage, none).amount,
            )
            for row in table
        ],
        "first": whole[0],
        "last": whole[1],
        "change": whole[1].amount - whole[0].amount,
        "widest": max((each.amount for stood in (first, last) for each in stood.values()), default=0),
        "first_rows": rows(asked.since_on, None),
        "last_rows": rows(asked.until_on, None),
        "spans": [(days, asked.to("past", since=_before(request.today, days), until="")) for days in SPANS],
    }
    return render_page(request, "forecasting/past.html", context, status=asked.status)


# How it flows -----------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def flow(request: OrgRequest) -> HttpResponse:
    """Say how much is won, how long it takes, and how much money a day that makes."""
    asked = _asked(request, days=YEAR, offer=True)
    cycle = funnel_queries.won_cycle(**asked.window)
    found = figures.decided(**asked.window, today=asked.until_on, p95=cycle.p95)
    closed = found.closed
    what = ("won", "lost", "abandoned", "stuck", "qualified")
    context = {
        **asked.frame("flow"),
        "cycle": cycle,
        "found": found,
        "closed": closed,
        "velocity": velocity(found.qualified, closed.average_won, closed.rate, cycle.p50),
        "urls": {each: asked.to("behind", what=each) for each in what},
        "time_url": asked.to("flow_time"),
        "stages_url": asked.to("flow_stages"),
        "spans": [(days, asked.to("flow", since=_before(request.today, days), until="")) for days in SPANS[1:]],
    }
    return render_page(request, "forecasting/flow.html", context, status=asked.status)


@org_view(Permission.FORECAST_VIEW)
@require_GET
def flow_time(request: OrgRequest) -> HttpResponse:
    """Say what slips, how often dates are pushed, and what must be open to reach the target."""
    asked = _asked(request, days=YEAR)
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
    asked = _asked(request, days=YEAR)
    dwell = funnel_queries.dwell(**asked.window)
    owners = asked.narrowing.slice.owners
    everybody = funnel_queries.conversion_by_owner(
        **{**asked.window, "slice_": replace(asked.narrowing.slice, owners=None)}
    )
    table = {int(row.stage): row.label for row in funnel_queries.stage_table() if row.stage != Stage.DEPLOY}
    total: dict[int, Conversion] = {}
    for mine in (each for owner, each in everybody.items() if owners is None or owner in owners):
        for stage, conversion in mine.items():
            total[stage] = total.get(stage, Conversion()) + conversion
    names = {person.pk: person.name for person in asked.whose.people}

    def rows(what: str, stage: int) -> str:
        return asked.to("behind", what=what, stage=stage)

    context = {
        **asked.frame("flow"),
        "stages": [
            (
                stage,
                label,
                total.get(stage, Conversion()),
                {fate: rows(fate, stage) for fate in FATES},
                dwell.get(Stage(stage), Spread()),
                rows("left", stage),
            )
            for stage, label in table.items()
        ],
        "losing": [
            (names.get(each.owner, _("Somebody who left")), table[each.stage], each, asked.of(each.owner))
            for each in behind_peers(everybody, owners)
            if each.stage in table
        ][:SHOWN_BEHIND],
    }
    return render_page(request, "forecasting/flow_stages.html", context, status=asked.status)


# The rows behind --------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def behind(request: OrgRequest) -> HttpResponse:
    """List the opportunities behind a number of these pages, as they are today, with the sum of all of them."""
    asked = _asked(request, days=WEEK)
    what = request.GET.get("what", "")
    if what not in labels.BEHIND or not asked.form.is_valid():
        raise Http404
    table = funnel_queries.stage_table()
    names = {int(row.stage): row.label for row in table}
    stage = next((number for number in names if str(number) == request.GET.get("stage")), None)
    whole = _behind(asked, what, stage, _places(request.GET.get("by", "stage"), table))
    found = whole.visible_to(request.membership)
    percents = {row.stage: row.percent for row in table}
    page = Paginator(queries.listed(found, percents), A_PAGE).get_page(request.GET.get("page"))
    bucket = next((each for each in Bucket if each == request.GET.get("bucket")), None)
    context = {
        **asked.frame("behind"),
        "back": asked.to({"moved": "changes", "went": "changes", "stood": "past"}.get(what, "flow")),
        "title": labels.BUCKETS[bucket] if what == "moved" and bucket else labels.BEHIND[what],
        "stage_label": names.get(stage or 0, ""),
        "what": what,
        "as_today": True,
        "totals": queries.totals(found, percents),
        "beyond": whole.beyond(request.membership),
        "page_obj": page,
        "listed": [(each, names[each.stage]) for each in page],
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
