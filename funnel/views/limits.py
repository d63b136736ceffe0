"""The settings of the board: what one person should have open in a stage at most."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from funnel import actions, labels, queries
from funnel.forms import LimitsForm
from funnel.limits import Limit
from funnel.stages import Stage
from funnel.views.answers import conflict, read_write, url_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, org_view, render_page


@org_view(Permission.SETTINGS_EDIT)
@read_write
def limits(request: OrgRequest) -> HttpResponse:
    """Set the limits of the columns; the page says who is over them now."""
    rows, now = queries.stage_table(), queries.limits()
    data = request.POST if request.method == "POST" else None
    form = LimitsForm(data, stages=rows, now=now, edition=queries.limits_edition())
    if data is None:
        return render_page(request, "funnel/limits.html", _context(form, now))
    wanted: dict[Stage, Limit] = now
    if form.is_valid():
        wanted = form.limits()
        try:
            seen = form.cleaned_data["edition"]
            actions.change_limits(wanted, seen=seen, by=request.membership, at=request.now)
            messages.success(request, _("Saved"))
            return go(request, url_of(request, "limits"))
        except Stale as stale:
            changed = [
                (row.label, now.get(row.stage, Limit()).count, wanted[row.stage].count)
                for row in form.stages
                if now.get(row.stage, Limit()) != wanted[row.stage]
            ]
            return conflict(request, changed, stale)
        except Refused as refused:
            form.add_error(None, labels.refusal(refused))
    return render_page(request, "funnel/limits.html", _context(form, wanted), partial="form", status=422)


def _context(form: LimitsForm, wanted: dict[Stage, Limit]) -> dict[str, Any]:
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
