"""By what questions about the past can be narrowed, beside whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404

from accounts.models import Account, Product
from accounts.segments import Segment
from forecasting.queries.scope import Scope
from funnel.slices import Slice
from tenants.ids import read_id
from tenants.models import Membership

CHOICES = 200


@dataclass(frozen=True)
class Narrowing:
    """The part of the funnel asked about, what stands in the address for it, and the choices there are."""

    slice: Slice
    asked: Mapping[str, str]
    products: Sequence[tuple[str, str]]
    regions: Sequence[tuple[str, str]]
    segments: Sequence[tuple[str, str]]


def narrowing(
    membership: Membership, whose: Scope, *, product: str, region: str, segment: str, offer: bool
) -> Narrowing:
    """Return the part of the funnel that these words from an address name.

    :param offer: fetch the choices too, which a page without filters does not need.
    :raises Http404: a product, region or segment that is not there.
    """
    goods = Product.objects.order_by("name").values_list("pk", "name")
    places = Account.objects.visible_to(membership).exclude(region="").order_by("region")
    regions = places.values_list("region", flat=True).distinct()
    named = None if (key := read_id(product)) is None else goods.filter(pk=key).first()
    is_there = (
        (not product or named)
        and (not region or ("\0" not in region and places.filter(region=region).exists()))
        and (not segment or segment in set(Segment))
    )
    if not is_there:
        raise Http404
    offered = list(goods[:CHOICES]) if offer else []
    offered += [named] if named and named not in offered else []
    seen = list(regions[:CHOICES]) if offer else []
    seen += [region] if region and region not in seen else []
    segments = [(str(each), str(each)) for each in Segment]
    return Narrowing(
        Slice(whose.owners, int(product) if product else None, region, segment),
        {"product": product, "region": region, "segment": segment},
        [(str(pk), name) for pk, name in offered],
        [(name, name) for name in seen],
        segments,
    )
