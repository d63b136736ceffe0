"""The page of one opportunity; opening and editing it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import queries as accounts_queries
from funnel import actions, labels, queries
from funnel.forms import (
    OpportunityForm,
    opening,
    standing,
)
from funnel.models import Opportunity
from funnel.stages import Category, Stage
from funnel.views.answers import both, dialog, fresh_parts, page_context, read_write, refuse, url_of
from tenants.errors import Refused, Stale
from tenants.formats import exact, plain
from tenants.permissions import Permission
from tenants.web import OrgRequest, back_from_dialog, conflict, go, is_swap, number, org_view, render_page, way_back


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def opportunity(request: OrgRequest, pk: int) -> HttpResponse:
    """Show an opportunity: its path, facts, evidence, team and history; the parts anew where its page asks for them.

    `?next=` is the list one came from.
    """
    found = queries.opportunity_or_404(request.membership, pk)
    if is_swap(request):
        return fresh_parts(request, found)
    context = {**page_context(request, found), "back": way_back(request, request.GET.get("next"))}
    return render_page(request, "funnel/opportunity.html", context)


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def guide(request: OrgRequest, stage: int) -> HttpResponse:
    """Show what the method says of a stage, whichever an opportunity is in."""
    if stage not in set(Stage):
        raise Http404
    context = {"row": queries.stage_table()[stage - 1], "guide": labels.GUIDES[Stage(stage)]}
    return render_page(request, "funnel/guide.html", context, partial="guide")


@org_view(Permission.FUNNEL_EDIT)
@read_write
def new(request: OrgRequest) -> HttpResponse:
    """Open an opportunity."""
    by = request.membership
    if request.method != "POST":
        account = accounts_queries.picked(by, request.GET.get("account"))
        form = OpportunityForm(by=by, initial=opening(account, None, by))
        return render_page(request, "funnel/new.html", {"form": form, "account": account})
    form = OpportunityForm(request.POST, by=by)
    if form.is_valid():
        try:
            facts = form.facts()
            made = actions.open_opportunity(facts.pop("account"), by=by, at=request.now, **facts)
            messages.success(request, _("Opportunity opened: %(name)s") % {"name": made.name})
            return go(request, url_of(request, "opportunity", made.pk))
        except Refused as refused:
            refuse(form, refused)
    account = form.picked or accounts_queries.picked(by, request.POST.get("account"))
    context = {"form": form, "account": account, "typed": request.POST.get("q", "")}
    return render_page(request, "funnel/new.html", context, partial="form", status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_safe
def price(request: OrgRequest) -> HttpResponse:
    """Answer the amount field with the list price of the product just chosen, unless an amount was typed."""
    product = queries.product(number(request.GET.get("product")))
    typed = request.GET.get("amount", "")[:40]
    amount = typed or (plain(product.list_price) if product else "")
    form = OpportunityForm(by=request.membership, stages=queries.stage_table(), initial={"amount": amount})
    return render(request, "funnel/new.html#amount", {"form": form})


@org_view(Permission.FUNNEL_EDIT)
@read_write
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change the facts of an opportunity."""
    found = queries.opportunity_or_404(request.membership, pk)
    if request.method != "POST":
        form = OpportunityForm(by=request.membership, opportunity=found, initial=standing(found))
        return dialog(request, "edit", form=form, opportunity=found)
    form = OpportunityForm(request.POST, by=request.membership, opportunity=found)
    if form.is_valid():
        facts, seen = form.facts(), form.cleaned_data["version"] or 0
        try:
            why = form.cleaned_data["why"]
            by, at = request.membership, request.now
            saved = actions.change_opportunity(found, seen=seen, by=by, at=at, why=why, **facts)
            messages.success(request, _("Saved"), extra_tags=_undo(request, found, saved))
            return go(request, back_from_dialog(request, url_of(request, "opportunity", pk)))
        except Stale as stale:
            return _both(request, form, stale, found.version)
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "edit", form=form, opportunity=found, status=422)


_NOT_TAKEN_BACK = ("name", "amount", "quoted_amount", "quoted_currency", "product_id", "source")
"""What the log does not tell, or not by what it was quoted at: there is no taking back half of what was saved."""


def _undo(request: OrgRequest, found: Opportunity, saved: Opportunity) -> str:
    """Return the address that takes back what was saved, where the log tells of all of it; '' otherwise."""
    if not saved.last_change_id or any(getattr(found, name) != getattr(saved, name) for name in _NOT_TAKEN_BACK):
        return ""
    return url_of(request, "undo", saved.last_change_id)


_WORDS = {"amount": exact, "category": lambda code: labels.CATEGORIES[Category(code)]}


def _both(request: OrgRequest, form: OpportunityForm, stale: Stale, version: int) -> HttpResponse:
    """Answer 409 with what stands and what was typed, field by field."""
    said = {name: value for name, value in stale.theirs.items() if name != "category" or form.cleaned_data["category"]}
    return conflict(request, both(form, said, _WORDS), stale, version=version)
