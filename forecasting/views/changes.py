"""What changed between two days, and the funnel as it stood on one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from forecasting import labels, queries
from forecasting.views.asked import Asked, asked_of, before
from forecasting.waterfall import Bucket, Part
from funnel import queries as funnel_queries
from funnel.labels import CATEGORIES
from funnel.stages import Category, Stage, StageRow
from tenants.charts import Change
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view, render_page

WEEK = 7
SPANS = (7, 30, 90, 365)


# What changed ----------------------------------------------------------------------------------------


@org_view(Permission.FORECAST_VIEW)
@require_GET
def changes(request: OrgRequest) -> HttpResponse:
    """Say what changed in the pipeline of a period between two days, and what came from where and went to where."""
    asked = asked_of(request, days=WEEK, offer=True)
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
        "spans": [(days, asked.to("changes", since=before(request.today, days), until="")) for days in SPANS],
        "by": by,
        **_matrix(asked, by, cells, funnel_queries.stage_table()),
    }
    return render_page(request, "forecasting/changes.html", context, status=asked.status)


def places(by: str, table: list[StageRow]) -> dict[str, str]:
    """Return the stages in which something stands open, or the categories, with their words."""
    if by == "category":
        return {str(each): str(CATEGORIES[each]) for each in Category if each != Category.CLOSED}
    return {str(int(row.stage)): row.label for row in table if row.stage != Stage.DEPLOY}


def _matrix(
    asked: Asked, by: str, cells: Mapping[tuple[str, str], queries.MatrixCell], table: list[StageRow]
) -> dict[str, Any]:
    """Return lines, columns and sums of the matrix, each cell with the address of its rows."""
    stood = places(by, table)
    ends = {code: str(words) for code, words in labels.ENDS.items()}
    lines = {**stood, queries.NEW: ends[queries.NEW]}
    columns = {**stood, **{code: words for code, words in ends.items() if code != queries.NEW}}
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
    asked = asked_of(request, days=90, offer=True)
    context = {
        **asked.frame("past"),
        **_stood(asked),
        "spans": [(days, asked.to("past", since=before(request.today, days), until="")) for days in SPANS],
    }
    return render_page(request, "forecasting/past.html", context, status=asked.status)


def _stood(asked: Asked) -> dict[str, Any]:
    """Return what stood in each stage on both days, each number with the address of its rows."""
    slice_, none = asked.narrowing.slice, queries.Stood()
    first = queries.stood(slice_, at=asked.since)
    last = queries.stood(slice_, at=asked.until)
    table = [row for row in funnel_queries.stage_table() if row.stage != Stage.DEPLOY]
    whole = [sum(stood.values(), none) for stood in (first, last)]
    then, now = whole

    def rows(day: date, stage: int | None) -> str:
        return asked.to("behind", what="stood", since=day, until="", stage=stage)

    sums = rows(asked.since_on, None), rows(asked.until_on, None)
    return {
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
        "first": then,
        "last": now,
        "both": list(zip(whole, sums, strict=True)),
        "change": now.amount - then.amount,
        "weighted_change": now.weighted - then.weighted,
        "proven_change": None if then.proven is None or now.proven is None else now.proven - then.proven,
        "widest": max((each.amount for stood in (first, last) for each in stood.values()), default=0),
        "first_rows": sums[0],
        "last_rows": sums[1],
    }
