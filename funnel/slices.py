"""Which opportunities a question about the funnel is about, beside whose. No Django here."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the funnel: `owners` (membership ids, None for everyone), one product, one region, one segment.

    The owner is who it was at the moment asked about. Product, region and segment are what they are today: the change
    log does not hold them.
    """

    owners: Collection[int] | None = None
    product: int | None = None
    region: str = ""
    segment: str = ""
