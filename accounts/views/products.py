"""What we sell."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import actions, labels, queries
from accounts.forms import (
    ProductForm,
)
from accounts.views import answers
from accounts.views.answers import read_write
from tenants.effects import Adjustment, effects
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, toast


@org_view(Permission.ACCOUNT_VIEW)
@require_safe
def product_list(request: OrgRequest) -> HttpResponse:
    """List what we sell."""
    return render_page(request, "accounts/products.html", {"products": queries.products()})


@org_view(Permission.PRODUCT_EDIT)
@read_write
def product_new(request: OrgRequest) -> HttpResponse:
    """Add a product."""
    form = ProductForm(request.POST if request.method == "POST" else None, initial={"is_active": True})
    if request.method != "POST" or not form.is_valid():
        return _product_dialog(request, form, 422 if request.method == "POST" else 200)
    try:
        product = actions.create_product(**form.values, by=request.membership, at=request.now)
    except Refused as refused:
        form.add_error("name", labels.refusal(refused))
        return _product_dialog(request, form, 422)
    return _products(request, _("Product added: %(name)s") % {"name": product.name})


@org_view(Permission.PRODUCT_EDIT)
@read_write
def product_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Change a product, or take it off sale."""
    product = queries.product_or_404(pk)
    if request.method != "POST":
        return _product_dialog(request, ProductForm(instance=product, initial={"version": product.version}), 200)
    form = ProductForm(request.POST, instance=queries.product_or_404(pk))
    if not form.is_valid():
        return _product_dialog(request, form, 422)
    try:
        seen = form.cleaned_data["version"] or 0
        actions.change_product(product, seen=seen, by=request.membership, at=request.now, **form.values)
    except Refused as refused:
        form.add_error("name", labels.refusal(refused))
        return _product_dialog(request, form, 422)
    except Stale as stale:
        return conflict(request, answers.both(form, stale, form.values), stale, version=product.version)
    return _products(request, _("Saved"))


def _product_dialog(request: OrgRequest, form: ProductForm, status: int, **context: Any) -> HttpResponse:
    product = form.instance
    told = (
        effects([Adjustment(product, "product.is_active", before=True, after=False, now=request.now)])
        if product.pk
        else []
    )
    data = {"form": form, "product": product, "told": " ".join(effect.text for effect in told), **context}
    return answers.dialog(request, "accounts/product.html", data, status)


def _products(request: OrgRequest, words: str) -> HttpResponse:
    """Answer a saved product: the table for htmx, else the page."""
    if not request.htmx:
        messages.success(request, words)
        return go(request, answers.url(request, "products"))
    table = render(request, "accounts/products.html#table", {"products": queries.products()})
    return toast(answers.within(table, "products"), words)
