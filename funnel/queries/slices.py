"""A slice of the funnel, as a condition of a statement."""

from typing import Any

from funnel.slices import Slice


def of_slice(slice_: Slice, table: str) -> tuple[str, dict[str, Any]]:
    """Return the condition on a table of spells, " AND …" or nothing, and what it takes."""
    found, taken = "", dict[str, Any]()
    if slice_.owners is not None:
        found += f" AND {table}.owner_id = ANY(%(slice_owners)s)"
        taken["slice_owners"] = sorted(slice_.owners)
    wanted = ""
    if slice_.product is not None:
        wanted += " AND o.product_id = %(slice_product)s"
        taken["slice_product"] = slice_.product
    if slice_.region:
        wanted += " AND a.region = %(slice_region)s"
        taken["slice_region"] = slice_.region
    if slice_.segment:
        wanted += " AND a.segment = %(slice_segment)s"
        taken["slice_segment"] = slice_.segment
    if wanted:
        found += (
            f" AND {table}.opportunity_id IN (SELECT o.id FROM funnel_opportunity o JOIN accounts_account a"  # noqa: S608
            " ON a.organization_id = o.organization_id AND a.id = o.account_id"
            f" WHERE o.organization_id = %(organization)s{wanted})"
        )
    return found, taken
