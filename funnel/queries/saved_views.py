"""Saved views: which there are for whom."""

from typing import NamedTuple, cast

from django.db import connection
from django.shortcuts import get_object_or_404

from funnel.models import SavedView
from funnel.models.saved_views import USABLE, usable
from funnel.saved_views import Place
from tenants.models import Membership
from tenants.scoping import require_organization_id

SHOWN = 100

# Written out, as every board and table asks it: Django takes longer to put it together than PostgreSQL to answer.
_VIEWS = f"""
    SELECT funnel_savedview.id, funnel_savedview.name, funnel_savedview.query, funnel_savedview.place,
        funnel_savedview.by_id, u.name,
        EXISTS (SELECT FROM funnel_defaultview d WHERE d.organization_id = funnel_savedview.organization_id
            AND d.member_id = %s AND d.place = funnel_savedview.place AND d.view_id = funnel_savedview.id)
    FROM funnel_savedview
    JOIN tenants_membership m ON m.id = funnel_savedview.by_id
    JOIN tenants_user u ON u.id = m.user_id
    WHERE funnel_savedview.organization_id = %s AND funnel_savedview.place = %s AND {USABLE}
    ORDER BY funnel_savedview.by_id <> %s, funnel_savedview.position, funnel_savedview.name, funnel_savedview.id
    LIMIT {SHOWN:d}
"""  # noqa: S608  # words of ours, values apart


class Usable(NamedTuple):
    """A view that a member may use: whose it is, and whether they open the page with it."""

    pk: int
    name: str
    query: str
    place: str
    by_id: int
    by: str
    is_default: bool


def saved_views(membership: Membership, place: Place) -> list[Usable]:
    """Return the views of board or table that a member may use, their own first; one query."""
    me, organization = membership.pk, require_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(_VIEWS, [me, organization, str(place), *usable(membership), me])
        return [Usable(*row) for row in cursor.fetchall()]


def view_or_404(membership: Membership, pk: int) -> SavedView:
    """Return a view that a member may use, or Http404."""
    return cast("SavedView", get_object_or_404(SavedView.objects.usable_by(membership), pk=pk))
