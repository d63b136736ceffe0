"""What every page of an import begins with."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from exchange.models import Import
from tenants.web import OrgRequest, conflict, to_page


def mine(request: OrgRequest, pk: int) -> Import:
    """Return an import one may see, or 404."""
    imports = Import.objects.visible_to(request.membership)
    found: Import = get_object_or_404(
        imports.select_related("by__user", "by__organization", "job", "rejects", "undone_by__user").defer(
            "rejects__content"
        ),
        pk=pk,
    )
    return found


def is_grave(request: HttpRequest) -> bool:
    """Return whether an import fills what nobody fills without having just said that it is them."""
    asked = request.resolver_match.kwargs["pk"] if request.resolver_match else 0
    found = Import.objects.filter(pk=asked).only("target", "mapping").first()
    return found is not None and bool(found.kind.grave & found.mapping.keys())


def page_of(request: OrgRequest, name: str, imported: Import) -> str:
    """Return the address of one of its pages."""
    return to_page(request, f"exchange:{name}", imported.pk)


def changed_since(request: OrgRequest, imported: Import, rows: list[tuple[str, Any, Any]]) -> HttpResponse:
    """Answer 409: somebody was faster."""
    return conflict(request, rows, back=page_of(request, "import_detail", imported))
