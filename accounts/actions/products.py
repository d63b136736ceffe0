"""Products: recorded and changed."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import names
from accounts.actions import _rows
from accounts.models import Product
from tenants import audit
from tenants.actions.locking import one_at_a_time, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import require_organization_id


def _free_product_name(name: str, *, but: int | None = None) -> str:
    """Return the key of a product's name; one at a time asks for one.

    :raises Refused: name_taken.
    """
    one_at_a_time(f"product_name:{require_organization_id()}")
    name_key = names.key(name)[:120]
    if Product.objects.filter(name_key=name_key).exclude(pk=but).exists():
        raise Refused("name_taken")
    return name_key


@transaction.atomic
def create_product(*, name: str, by: Membership, at: datetime, **fields: Any) -> Product:
    """Record what we sell.

    :raises Refused: name_missing, name_taken (also for another spelling of the same name).
    """
    named = _rows.named({"name": name})
    product: Product = Product.objects.create(**named, **fields, name_key=_free_product_name(named["name"]))
    audit.record("product.created", product, by=by, at=at)
    return product


@transaction.atomic
def change_product(product: Product, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Product:
    """Change fields of a product; `is_active=False` takes it off sale, what was sold keeps it.

    :raises Stale: it has been changed since version `seen`.
    :raises Refused: name_missing, name_taken.
    """
    product = Product.objects.select_for_update().get(pk=product.pk)
    fields = _rows.named(fields)
    changes = _rows.changes(product, fields)
    if not changes:
        return product
    refuse_stale(product, seen, *fields)
    for name, value in fields.items():
        setattr(product, name, value)
    product.name_key = _free_product_name(product.name, but=product.pk)
    product.version += 1
    product.save()
    audit.record("product.changed", product, by=by, at=at, changes=changes)
    return product
