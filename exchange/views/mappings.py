"""Mappings kept under a name: save, list, rename, delete."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from exchange import actions, labels, queries
from exchange.forms import MappingNameForm
from exchange.models import SavedMapping
from exchange.views._shared import mine, page_of
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, number, org_view, render_page, to_page


@org_view(Permission.IMPORT_RUN)
@require_GET
def mappings(request: OrgRequest) -> HttpResponse:
    """List the mappings that this organization has saved."""
    return render_page(request, "exchange/mappings.html", {"mappings": queries.saved_mappings()})


@org_view(Permission.IMPORT_RUN)
@require_POST
def mapping_save(request: OrgRequest, pk: int) -> HttpResponse:
    """Keep the columns of an import under a name."""
    imported = mine(request, pk)
    form = MappingNameForm(request.POST)
    if form.is_valid():
        try:
            actions.save_mapping(imported, name=form.cleaned_data["name"], by=request.membership, at=request.now)
        except Refused as refused:
            form.add_error("name", str(labels.BARS.get(refused.code, refused.code)))
        else:
            return go(request, page_of(request, "import_detail", imported))
    context = {"imported": imported, "form": form}
    return render_page(request, "exchange/mapping_save.html", context, status=422)


@org_view(Permission.IMPORT_RUN)
@require_POST
def mapping_rename(request: OrgRequest, pk: int) -> HttpResponse:
    """Call a mapping something else."""
    mapping = get_object_or_404(SavedMapping, pk=pk)
    form = MappingNameForm(request.POST)
    if form.is_valid():
        name, seen = form.cleaned_data["name"], number(request.POST.get("version", ""))
        try:
            actions.rename_mapping(mapping, name=name, seen=seen, by=request.membership, at=request.now)
        except Refused as refused:
            form.add_error("name", str(labels.BARS.get(refused.code, refused.code)))
        except Stale as stale:
            rows = [(_("Name"), stale.theirs["name"], name)]
            return conflict(request, rows, stale, back=to_page(request, "exchange:mappings"))
        else:
            return go(request, to_page(request, "exchange:mappings"))
    context = {"mappings": queries.saved_mappings(), "wrong": mapping.pk, "form": form}
    return render_page(request, "exchange/mappings.html", context, status=422)


@org_view(Permission.IMPORT_RUN)
@require_POST
def mapping_delete(request: OrgRequest, pk: int) -> HttpResponse:
    """Keep a mapping no more."""
    mapping = get_object_or_404(SavedMapping, pk=pk)
    actions.forget_mapping(mapping, by=request.membership, at=request.now)
    return go(request, to_page(request, "exchange:mappings"))
