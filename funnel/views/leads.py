"""The list of leads, one lead, recording and editing it; the panels that other pages show."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from funnel import actions, labels, lead_filters, queries
from funnel.forms import LeadForm, LeadNoteForm, new_lead, standing_lead
from funnel.leads import DropReason, LeadStatus, Source
from funnel.models import Lead
from funnel.views.answers import both, dialog, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.formats import exact
from tenants.permissions import Permission
from tenants.queries import CountedPaginator
from tenants.web import OrgRequest, conflict, go, org_view, render_page


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def lead_list(request: OrgRequest) -> HttpResponse:
    """List the leads one may see, by their steps."""
    wanted = lead_filters.read(request.GET)
    rows = queries.narrowed_leads(request.membership, wanted, today=request.today)
    steps = queries.step_counts(rows)
    count = sum(each.count for each in steps if wanted.step in {0, each.step})
    pages = CountedPaginator(queries.leads_in_order(rows, wanted), count)
    context = {
        "page": pages.get_page(lead_filters.page_number(request.GET)),
        "steps": steps,
        "count": count,
        "all": sum(each.count for each in steps),
        "filters": wanted,
        "choices": queries.choices(request.membership),
        "statuses": [*labels.LEAD_STATUSES.items(), (lead_filters.ALL, _("All"))],
        "status_words": labels.LEAD_STATUSES,
        "sources": labels.SOURCES,
        "reasons": labels.DROP_REASONS,
        "closed": wanted.status not in {LeadStatus.OPEN, lead_filters.ALL},
    }
    return render_page(request, "funnel/leads/list.html", context, partial="rows")


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_new(request: OrgRequest) -> HttpResponse:
    """Record a lead; one that may be there already is shown first."""
    by = request.membership
    if request.method != "POST":
        initial = new_lead(by) | {"company": request.GET.get("company", "").replace("\x00", "")[:200]}
        return render_page(
            request, "funnel/leads/new.html", {"form": LeadForm(by=by, today=request.today, initial=initial)}
        )
    form = LeadForm(request.POST, by=by, today=request.today)
    twins = None
    if form.is_valid():
        typed = form.cleaned_data
        company = typed["company"] or typed["person"]
        twins = queries.lead_twins(by, form.keys(), company, request_key=typed["request_key"])
        if not twins or typed["anyway"]:
            try:
                made = actions.record_lead(by=by, at=request.now, request_key=typed["request_key"], **form.facts())
                messages.success(request, _("Lead recorded: %(name)s") % {"name": made})
                return go(request, url_of(request, "lead", made.pk))
            except Refused as refused:
                refuse_lead(form, refused)
    context = {"form": form, "twins": twins, **twin_words()}
    return render_page(request, "funnel/leads/new.html", context, partial="form", status=422)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def lead(request: OrgRequest, pk: int) -> HttpResponse:
    """Show a lead: its path, what it lacks, the criteria, its history."""
    found = queries.lead_or_404(request.membership, pk)
    return lead_answer(request, found)


def lead_answer(
    request: OrgRequest, found: Lead, *, note: LeadNoteForm | None = None, status: int = 200
) -> HttpResponse:
    """Answer with the page of a lead."""
    initial = {"next_step": found.next_step, "next_step_on": found.next_step_on}
    context = {
        "lead": found,
        "told": queries.lead_page(request.membership, found, today=request.today),
        "note": note or LeadNoteForm(today=request.today, initial=initial),
        "may_edit": request.membership.can(Permission.FUNNEL_EDIT),
        "is_open": found.status == LeadStatus.OPEN,
        "status_label": labels.LEAD_STATUSES[LeadStatus(found.status)],
        "source": labels.SOURCES[Source(found.source)],
        "reason": labels.DROP_REASONS[DropReason(found.reason)] if found.reason else "",
    }
    return render_page(request, "funnel/leads/lead.html", context, status=status)


def twin_words() -> dict[str, Any]:
    """What the list of possible duplicates needs besides them."""
    return {"status_words": labels.LEAD_STATUSES, "reasons": labels.DROP_REASONS}


def refuse_lead(form: Any, refused: Refused) -> None:
    """Say below the field it is about, or above the form, why the action refused."""
    field = {"company_empty": "company", "owner_out_of_reach": "owner"}.get(refused.code)
    if refused.code in {"amount_negative", "amount_too_large"}:
        field = "budget"
    if field in form.fields:
        form.add_error(field, labels.refusal(refused))
    else:
        refuse(form, refused)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change the facts of a lead, or give it to someone else."""
    found = queries.lead_or_404(request.membership, pk)
    if request.method != "POST":
        form = LeadForm(by=request.membership, today=request.today, lead=found, initial=standing_lead(found))
        return dialog(request, "leads/edit", form=form, lead=found)
    form = LeadForm(request.POST, by=request.membership, today=request.today, lead=found)
    if form.is_valid():
        try:
            seen = form.cleaned_data["version"] or 0
            actions.change_lead(found, seen=seen, by=request.membership, at=request.now, **form.facts())
            messages.success(request, _("Saved"))
            return go(request, after(request, found))
        except Stale as stale:
            return conflict(request, both(form, stale.theirs, _WORDS), stale, version=found.version)
        except Refused as refused:
            refuse_lead(form, refused)
    return dialog(request, "leads/edit", form=form, lead=found, status=422)


_WORDS = {"budget": exact, "source": lambda code: labels.SOURCES[Source(code)]}


def after(request: OrgRequest, found: Lead) -> str:
    """Return the page of a lead, or the list where it is now somebody's whom one cannot see."""
    seen = queries.sees_lead(request.membership, found.pk)
    return url_of(request, "lead", found.pk) if seen else url_of(request, "leads")


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def lead_twins(request: OrgRequest, pk: int) -> HttpResponse:
    """Show who may be the same as an open lead, as a panel of its page, which need not wait for it."""
    found = queries.lead_or_404(request.membership, pk)
    is_open = found.status == LeadStatus.OPEN
    twins = queries.lead_twins(request.membership, found.keys, found.company, but=pk) if is_open else None
    context = {"lead": found, "twins": twins, "merge": request.membership.can(Permission.FUNNEL_EDIT), **twin_words()}
    return render(request, "funnel/leads/same.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def leads_today(request: OrgRequest) -> HttpResponse:
    """Show the leads that wait for me, and what the team dropped, as a panel of the start page."""
    waiting = queries.leads_today(request.membership, now=request.now, today=request.today)
    return render(request, "funnel/leads/today.html", {"waiting": waiting, "reasons": labels.DROP_REASONS})


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def lead_of(request: OrgRequest, pk: int) -> HttpResponse:
    """Say which lead an opportunity came from, as a panel of its page."""
    found = queries.opportunity_or_404(request.membership, pk)
    return render(request, "funnel/leads/of.html", {"lead": queries.lead_of(request.membership, found.pk)})
