"""Which opportunities a question about the funnel is about, beside whose. No Django here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


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

    def sql(self, table: str) -> tuple[str, dict[str, Any]]:
        """Return the condition on a table of spells, " AND …" or nothing, and what it takes."""
        found, taken = "", dict[str, Any]()
        if self.owners is not None:
            found += f" AND {table}.owner_id = ANY(%(slice_owners)s)"
            taken["slice_owners"] = sorted(self.owners)
        wanted = ""
        if self.product is not None:
            wanted += " AND o.product_id = %(slice_product)s"
            taken["slice_product"] = self.product
        if self.region:
            wanted += " AND a.region = %(slice_region)s"
            taken["slice_region"] = self.region
        if self.segment:
            wanted += " AND a.segment = %(slice_segment)s"
            taken["slice_segment"] = self.segment
        if wanted:
            found += (
                f" AND {table}.opportunity_id IN (SELECT o.id FROM funnel_opportunity o JOIN accounts_account a"  # noqa: S608
                " ON a.organization_id = o.organization_id AND a.id = o.account_id"
                f" WHERE o.organization_id = %(organization)s{wanted})"
            )
        return found, taken
