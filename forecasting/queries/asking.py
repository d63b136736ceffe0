"""By what questions about the past can be narrowed, beside whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404

from accounts.models import Account, Product
from accounts.segments import Segment
from forecasting.queries.scope import Scope
from funnel.slices import Slice
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
    products: list[tuple[str, str]] = []
    regions: list[tuple[str, str]] = []
    if offer or product:
        found = Product.objects.order_by("name").values_list("pk", "name")
        products = [(str(pk), name) for pk, name in found[:CHOICES]]
    if offer or region:
        seen = Account.objects.visible_to(membership).exclude(region="").order_by("region")
        regions = [(name, name) for name in seen.values_list("region", flat=True).distinct()[:CHOICES]]
    segments = [(str(each), str(each)) for each in Segment]
    for word, known in ((product, products), (region, regions), (segment, segments)):
        if word and word not in {value for value, _name in known}:
            raise Http404
    return Narrowing(
        Slice(whose.owners, int(product) if product else None, region, segment),
        {"product": product, "region": region, "segment": segment},
        products,
        regions,
        segments,
    )
