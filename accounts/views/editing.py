"""Recording and changing a customer."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import actions, labels, queries
from accounts.forms import (
    AccountForm,
    QuickAccountForm,
)
from accounts.views import answers
from accounts.views.answers import read_write
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, toast, way_back


def _form_page(request: OrgRequest, form: AccountForm, *, status: int = 200, **context: Any) -> HttpResponse:
    parent = queries.picked(request.membership, form["parent"].value())
    context = {"form": form, "account": form.instance, "parent": parent, **context}
    return render_page(request, "accounts/form.html", context, partial="form", status=status)


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def account_new(request: OrgRequest) -> HttpResponse:
    """Record a customer; one that may be there already is shown first."""
    by, year = request.membership, request.today.year
    if request.method != "POST":
        initial = {
            "request_key": uuid4(),
            "name": request.GET.get("name", "")[:200],
            "parent": request.GET.get("parent"),
            "next": request.GET.get("next"),
        }
        return _form_page(request, AccountForm(by=by, this_year=year, initial=initial))
    form = AccountForm(request.POST, by=by, this_year=year)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    data = form.cleaned_data
    twins = queries.twins(by, name=data["name"], tax_id=data["tax_id"], request_key=data["request_key"])
    if twins and not data["anyway"]:
        return _form_page(request, form, status=422, twins=twins)
    try:
        account = actions.create_account(**form.values, by=by, at=request.now, request_key=data["request_key"])
    except Refused as refused:
        form.add_error(None, labels.refusal(refused))
        return _form_page(request, form, status=422)
    messages.success(request, _("Customer added: %(name)s") % {"name": account.name})
    return go(request, _after(request, data["next"], account.pk))


def _after(request: OrgRequest, wanted: str, pk: int) -> str:
    """Return the page of this organization that sent here, told of the new customer; else the customer's page."""
    wanted = way_back(request, wanted)
    return f"{wanted}{'&' if '?' in wanted else '?'}account={pk}" if wanted else answers.url(request, "account", pk)


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def account_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change a customer."""
    account = queries.account_or_404(request.membership, pk)
    by, year = request.membership, request.today.year
    if request.method != "POST":
        initial = {"version": account.version}
        return _form_page(request, AccountForm(instance=account, by=by, this_year=year, initial=initial))
    form = AccountForm(request.POST, instance=queries.account_or_404(request.membership, pk), by=by, this_year=year)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        actions.change_account(account, seen=form.cleaned_data["version"] or 0, by=by, at=request.now, **form.values)
    except Refused as refused:
        form.add_error(None, labels.refusal(refused))
        return _form_page(request, form, status=422)
    except Stale as stale:
        return conflict(request, answers.both(form, stale, form.values), stale, version=account.version)
    messages.success(request, _("Saved"))
    return go(request, answers.url(request, "account", pk))


@org_view(Permission.ACCOUNT_EDIT)
@require_POST
def quick_new(request: OrgRequest) -> HttpResponse:
    """Record a customer by its name alone; answers the option that stands for it. A name one has already is found."""
    form = QuickAccountForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/suggest.html", {"errors": form.errors.get("name")}, status=422)
    same = queries.named(request.membership, form.cleaned_data["name"])
    account = same or actions.create_account(
        name=form.cleaned_data["name"],
        owner=request.membership,
        by=request.membership,
        at=request.now,
        request_key=form.cleaned_data["request_key"],
    )
    response = render(request, "accounts/suggest.html", {"accounts": [account], "chosen": account.pk})
    return response if same else toast(response, _("Customer added: %(name)s") % {"name": account.name})
