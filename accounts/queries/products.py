"""Products, for their page and for what is sold."""

from django.shortcuts import get_object_or_404

from accounts.models import Product


def product_or_404(pk: int) -> Product:
    """Return a product, or Http404."""
    return get_object_or_404(Product, pk=pk)


def products() -> list[Product]:
    """Return every product, those on sale first."""
    return list(Product.objects.order_by("-is_active", "series", "name_key"))
