"""The settings of the board: what one person should have open in a stage at most."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from funnel import actions, labels, queries
from funnel.forms import LimitsForm
from funnel.limits import ColumnLimit
from funnel.stages import Stage
from funnel.views.answers import read_write, url_of
from tenants import formats
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page


@org_view(Permission.SETTINGS_EDIT)
@read_write
def limits(request: OrgRequest) -> HttpResponse:
    """Set the limits of the columns; the page says who is over them now."""
    rows = queries.stage_table()
    now = {row.stage: row.limit for row in rows}
    data = request.POST if request.method == "POST" else None
    form = LimitsForm(data, stages=rows, edition=queries.edition())
    if data is None:
        return render_page(request, "funnel/column_limits.html", _context(form, now))
    wanted: dict[Stage, ColumnLimit] = now
    if form.is_valid():
        wanted = form.limits()
        try:
            seen = form.cleaned_data["edition"]
            actions.change_limits(wanted, seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "limits"))
        except Stale as stale:
            changed = [
                (row.label, _words(row.limit), _words(wanted[row.stage]))
                for row in form.stages
                if row.limit != wanted[row.stage]
            ]
            return conflict(request, changed, stale)
        except Refused as refused:
            form.add_error(None, labels.refusal(refused))
    return render_page(request, "funnel/column_limits.html", _context(form, wanted), partial="form", status=422)


def _words(limit: ColumnLimit) -> str:
    parts = [] if limit.count is None else [str(limit.count)]
    return " / ".join([*parts, *([] if limit.amount is None else [formats.exact(limit.amount)])])


def _context(form: LimitsForm, wanted: dict[Stage, ColumnLimit]) -> dict[str, Any]:
    standing = queries.limit_standing(wanted)
    return {
        "form": form,
        "stages": [
            {
                "row": row,
                "count": form[f"count_{row.stage}"],
                "amount": form[f"amount_{row.stage}"],
                "limit": wanted.get(row.stage),
                "standing": standing.get(row.stage),
            }
            for row in form.stages
        ],
    }
