"""The shape of a funnel: what stands in each stage against what the target needs, and the disease it shows."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from forecasting import queries
from forecasting.forms import chosen_period
from forecasting.labels import shape as shape_labels
from forecasting.shape import Cause, Finding, Part, Shape
from forecasting.views.address import address, of_list, whose_of
from forecasting.views.report import frame
from funnel.flags import Flag
from funnel.queries import stage_table
from tenants.permissions import Permission
from tenants.web import OrgRequest, org_view, render_page

WIDTH = 100.0
_FLAG = {
    Cause.STUCK: Flag.STALLED,
    Cause.SOFT_QUALIFYING: Flag.UNPROVEN,
    Cause.SLOW_ENTRY: Flag.STALLED,
    Cause.SILENT: Flag.SILENT,
    Cause.WENT_BACK: Flag.REGRESSED,
    Cause.UNPROVEN: Flag.UNPROVEN,
    Cause.PUSHED: Flag.PUSHED,
}


@org_view(Permission.FORECAST_VIEW)
@require_GET
def shape(request: OrgRequest) -> HttpResponse:
    """Show have against need in each stage, name the disease, the causes that fit, and what to ask."""
    period = chosen_period(request.GET, request.organization, request.today)
    whose = whose_of(request)
    summary = queries.summary(request.membership, period, whose)
    found = queries.shape_of(request.organization, period, summary, whose.owners, at=request.now)
    context = {
        **frame(request, "shape", period, whose),
        "found": found,
        "is_bare": summary.is_bare and not any(part.have.count for part in found.parts),
        "numbers": summary.numbers,
        "rows": _rows(request, found, whose.who),
        "findings": [_finding(request, each, whose.who, is_usual=whose.owners is None) for each in found.findings],
        "own_stages": sum(part.is_own_share for part in found.parts),
        "url": address(request, "shape", period, whose.who),
    }
    return render_page(
        request, "forecasting/shape.html", context, partial="brief" if request.GET.get("brief") else "panel"
    )


def _rows(request: OrgRequest, found: Shape, who: str) -> list[dict[str, Any]]:
    """Return each stage as the chart draws it: bars by number, need as a mark, on one scale."""
    names = {int(row.stage): row.label for row in stage_table()}
    scale = max([1.0, *(max(part.have.count, part.need or 0) for part in found.parts)])
    return [
        {
            "part": part,
            "label": names[part.stage],
            "width": round(part.have.count / scale * WIDTH, 2),
            "need_x": None if part.need is None else round(min(part.need / scale * WIDTH, WIDTH - 0.6), 2),
            "url": _cell(request, part.stage, who),
            "state": _state(part),
        }
        for part in found.parts
    ]


def _state(part: Part) -> str:
    return "thin" if part.is_thin else "bulging" if part.is_bulging else ""


def _cell(request: OrgRequest, stage: int, who: str, flag: str = "") -> str:
    """Return the address of the open opportunities of a stage, flagged or not, in the table."""
    return of_list(request, "table", who, stage=stage, flag=flag)


def _finding(request: OrgRequest, finding: Finding, who: str, *, is_usual: bool) -> dict[str, Any]:
    names = {int(row.stage): row.label for row in stage_table()}
    flag = _FLAG.get(finding.causes[0].cause, "")
    return {
        "name": shape_labels.DISEASES[finding.disease].name,
        "text": shape_labels.DISEASES[finding.disease].text,
        "question": shape_labels.DISEASES[finding.disease].question,
        "causes": [shape_labels.told(each, is_usual=is_usual) for each in finding.causes],
        "look": [(names[stage], _cell(request, stage, who, flag)) for stage in finding.stages],
    }
