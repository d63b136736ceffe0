"""Answers that several pages give: addresses, both values of a conflict, forms in the dialog."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import labels, queries
from tenants import web
from tenants.errors import Stale
from tenants.formats import exact
from tenants.web import OrgRequest, render_page, to_page

read_write = require_http_methods(["GET", "HEAD", "POST"])


def url(request: OrgRequest, name: str, *args: object) -> str:
    """Return the address of a page of this app."""
    return to_page(request, f"accounts:{name}", *args)


def _shown(field: str, value: Any, form: Any) -> Any:
    """Return a value as the conflict table shows it."""
    choice = dict(getattr(form.fields[field], "choices", None) or {}) if field == "kind" else {}
    if field in {"turnover", "list_price", "benchmark"}:
        return exact(value)
    return choice.get(value, value)


def both(form: Any, stale: Stale, values: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (label, theirs, mine) for the fields that differ."""
    return web.both(form, stale.theirs, values, lambda name, value: _shown(name, value, form))


def within(response: HttpResponse, panel: str) -> HttpResponse:
    """Put this answer in the place of a panel, whichever form was sent."""
    response["HX-Retarget"], response["HX-Reswap"] = f"#{panel}", "outerHTML"
    return response


def dialog(request: OrgRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Answer a form in the dialog; an error stays in it."""
    response = render_page(request, template, context, partial="form", status=status)
    if status != 200:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def chart_rows(lines: list[queries.Line]) -> list[dict[str, Any]]:
    """Return the factors as the chart draws them."""
    return [
        {
            "label": labels.FACTORS[line.factor],
            "group": labels.GROUPS[line.group],
            "rating": line.rating,
            "note": line.note,
            "factor": line.factor,
            "questions": labels.QUESTIONS[line.factor],
        }
        for line in lines
    ]
