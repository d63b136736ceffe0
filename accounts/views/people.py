"""The people at a customer, and ours who work with it."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import actions, queries
from accounts.forms import (
    ContactForm,
    MemberForm,
)
from accounts.models import Account
from accounts.views import answers
from accounts.views.answers import read_write
from tenants.errors import Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, toast


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def contact_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Add a person at a customer."""
    account = queries.account_or_404(request.membership, pk)
    if request.method != "POST":
        return _contact_dialog(request, ContactForm(initial={"request_key": uuid4()}), account)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _contact_dialog(request, form, account, status=422)
    contact = actions.create_contact(
        account,
        **form.values,
        by=request.membership,
        at=request.now,
        request_key=form.cleaned_data["request_key"],
    )
    return _contacts(request, account, _("Contact added: %(name)s") % {"name": contact.name})


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def contact_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change a person at a customer."""
    contact = queries.contact_or_404(request.membership, pk)
    account = contact.account
    if request.method != "POST":
        return _contact_dialog(request, ContactForm(instance=contact, initial={"version": contact.version}), account)
    form = ContactForm(request.POST, instance=queries.contact_or_404(request.membership, pk))
    if not form.is_valid():
        return _contact_dialog(request, form, account, status=422)
    try:
        seen = form.cleaned_data["version"] or 0
        actions.change_contact(contact, seen=seen, by=request.membership, at=request.now, **form.values)
    except Stale as stale:
        return conflict(request, answers.both(form, stale, form.values), stale, version=contact.version)
    return _contacts(request, account, _("Saved"))


def _contact_dialog(
    request: OrgRequest, form: ContactForm, account: Account, *, status: int = 200, **context: Any
) -> HttpResponse:
    context = {"form": form, "account": account, "contact": form.instance, **context}
    return answers.dialog(request, "accounts/contact.html", context, status)


def _contacts(request: OrgRequest, account: Account, words: str) -> HttpResponse:
    """Answer a saved contact: the panel for htmx, else the page."""
    if not request.htmx:
        messages.success(request, words)
        return go(request, answers.url(request, "account", account.pk))
    page = queries.page_of(account, request.membership)
    panel = render(request, "accounts/account.html#contacts", {"account": account, "page": page})
    return toast(answers.within(panel, "contacts"), words)


@org_view(Permission.ACCOUNT_EDIT)
@read_write
def members(request: OrgRequest, pk: int) -> HttpResponse:
    """Let somebody else work with a customer."""
    account = queries.account_or_404(request.membership, pk)
    form = MemberForm(request.POST if request.method == "POST" else None, account=account)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return answers.dialog(request, "accounts/member.html", {"form": form, "account": account}, status)
    actions.add_member(account, form.cleaned_data["member"], by=request.membership, at=request.now)
    return _members(
        request, account, _("%(name)s now works with this customer") % {"name": form.cleaned_data["member"]}
    )


@org_view(Permission.ACCOUNT_EDIT)
@require_POST
def member_remove(request: OrgRequest, pk: int, member: int) -> HttpResponse:
    """Take somebody off a customer."""
    account = queries.account_or_404(request.membership, pk)
    found = queries.member_or_404(account, member)
    actions.remove_member(account, found, by=request.membership, at=request.now)
    words = _("%(name)s no longer works with this customer") % {"name": found.name}
    if not queries.may_see(request.membership, account):
        messages.success(request, words)
        return go(request, answers.url(request, "list"))
    return _members(request, account, words)


def _members(request: OrgRequest, account: Account, words: str) -> HttpResponse:
    """Answer a changed circle: the panel for htmx, else the page."""
    if not request.htmx:
        messages.success(request, words)
        return go(request, answers.url(request, "account", account.pk))
    page = queries.page_of(account, request.membership)
    return toast(render(request, "accounts/account.html#members", {"account": account, "page": page}), words)
