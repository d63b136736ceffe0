"""Moving a card to another column where the columns are no stages: another category, month, owner."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, filters, labels, queries
from funnel.forms import RegroupForm
from funnel.models import Opportunity
from funnel.queries.dimensions import day_of
from funnel.regrouping import AT_ONCE, SPAN, day_in, is_past
from funnel.stages import Category, Stage
from funnel.views.answers import answer, conflict_here, dialog, language, refuse, url_of
from funnel.windows import month_from, quarter_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, number, org_view


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def regroup(request: OrgRequest, pk: int) -> HttpResponse:
    """Give an opportunity what another column of the grouped board stands for, or say why that cannot be."""
    found = queries.opportunity_or_404(request.membership, pk)
    code = filters.read_board(request.GET).group
    if code in labels.NOT_MOVED or code not in labels.GROUPINGS:
        error = labels.NOT_MOVED.get(code, _("Choose another column."))
        return dialog(request, "refused", error=error, opportunity=found, status=422)
    data = request.POST.copy()
    for name in ("to", "version"):
        data.setdefault(name, request.GET.get(name, ""))
    key = str(data["to"])
    asks = code not in AT_ONCE
    first = day_of(key) if code in SPAN else None
    if first and "asked" not in data and is_past(first, SPAN[code], request.today):
        error = labels.refusal(Refused("column_past"))
        return dialog(request, "refused", error=error, opportunity=found, status=422)
    begun = _asked(request, found, code, key)
    form = RegroupForm(data if not asks or "asked" in data else None, code=code, initial=begun)
    if form.is_bound and form.is_valid():
        try:
            return _change(request, found, code, key, form)
        except Stale as stale:
            return _told(request, found, code, key, stale)
        except Refused as refused:
            refuse(form, refused)
            if not asks:
                return dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)
    named = queries.names_of(code, [key], request.membership, table=queries.stage_table(), language=language(request))
    return dialog(request, "regroup", form=form, opportunity=found, to=key, name=named[key], code=code, status=422)


def _asked(request: OrgRequest, found: Opportunity, code: str, key: str) -> dict[str, Any]:
    """Return with what the dialog begins."""
    first = day_of(key) if code in SPAN else None
    day = day_in(first, SPAN[code], found.expected_close_on, request.today) if first else None
    return {"version": found.version, "expected_close_on": day}


def _facts(request: OrgRequest, code: str, key: str, form: RegroupForm) -> dict[str, Any]:
    """Return what is to be changed.

    :raises Refused: `column_unknown`, `day_outside`.
    """
    if code == "category":
        if key and (key not in set(Category) or key == Category.CLOSED):
            raise Refused("column_unknown")
        return {"category": Category(key) if key else None}
    if code == "source":
        return {"source": key}
    if code in SPAN:
        day, first = form.cleaned_data["expected_close_on"], day_of(key)
        if key and (first is None or day is None or not first <= day < month_from(first, SPAN[code])):
            raise Refused("day_outside")
        return {"expected_close_on": day if key else None}
    pk = number(key)
    row = queries.product(pk) if code == "product" else queries.owner_in_sight(request.membership, pk)
    if row is None and (key or code == "owner"):
        raise Refused("column_unknown")
    return {code: row}


def _change(request: OrgRequest, found: Opportunity, code: str, key: str, form: RegroupForm) -> HttpResponse:
    seen, why = form.cleaned_data["version"], form.cleaned_data["why"]
    seen = found.version if seen is None else seen
    facts = _facts(request, code, key, form)
    by, at = request.membership, request.now
    changed = actions.change_opportunity(found, seen=seen, by=by, at=at, why=why, **facts)
    names = queries.names_of(code, [key], by, table=queries.stage_table(), language=language(request))
    told = {"name": found.account.name, "field": labels.GROUPINGS[code], "to": names[key]}
    undo = _undo(request, found, changed, code) if changed.version != seen else ""
    return answer(request, changed, _("%(name)s: %(field)s %(to)s") % told, {changed.stage}, undo=undo)


def _undo(request: OrgRequest, found: Opportunity, changed: Opportunity, code: str) -> str:
    """Return the address that takes it back: what the log tells of by an undo, anything else by a move back."""
    query = request.GET.copy()
    query["group"], query["on"] = code, "board"
    for name in ("to", "version"):
        query.pop(name, None)
    if changed.last_change_id:
        return f"{url_of(request, 'undo', changed.last_change_id)}?{query.urlencode()}"
    query["to"], query["version"] = _key_of(found, code), str(changed.version)
    return f"{url_of(request, 'regroup', found.pk)}?{query.urlencode()}"


def _key_of(found: Opportunity, code: str) -> str:
    """Return what gives an opportunity back what it had; a category that followed the stage follows it again."""
    if code == "category":
        return found.category if found.category_is_own else ""
    return str(found.product_id or "") if code == "product" else found.source


_FIELDS = {
    "owner": "owner_id",
    "product": "product_id",
    "due_month": "expected_close_on",
    "due_quarter": "expected_close_on",
}


def _told(request: OrgRequest, found: Opportunity, code: str, key: str, stale: Stale) -> HttpResponse:
    """Answer 409 with what it has now and what it should have got; one click repeats it."""
    now = stale.theirs[_FIELDS.get(code, code)]
    theirs = now.replace(day=1).isoformat() if isinstance(now, date) else str(now or "")
    if code == "due_quarter" and isinstance(now, date):
        first, _last, _number, _year = quarter_of(now, request.organization.fiscal_year_start)
        theirs = first.isoformat()
    both = {theirs, key}
    names = queries.names_of(code, both, request.membership, table=queries.stage_table(), language=language(request))
    rows = [(labels.GROUPINGS[code], names[theirs], names[key])]
    return conflict_here(request, rows, stale, version=found.version, touched={Stage(found.stage)})
