"""Saved views: which there are for whom."""

from typing import cast

from django.db.models import Case, Exists, IntegerField, OuterRef, Value, When
from django.shortcuts import get_object_or_404

from funnel.models import DefaultView, SavedView
from funnel.saved_views import Place
from tenants.models import Membership

SHOWN = 100


def saved_views(membership: Membership, place: Place) -> list[SavedView]:
    """Return the views of board or table that a member may use, their own first; one query.

    `is_default` is annotated: whether they open the page with it.
    """
    chosen = DefaultView.objects.filter(member=membership, place=place, view_id=OuterRef("pk"))
    own = Case(When(by=membership, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = SavedView.objects.usable_by(membership).filter(place=place).annotate(is_default=Exists(chosen))
    return list(rows.order_by(own, "position", "name", "id").select_related("by__user")[:SHOWN])


def view_or_404(membership: Membership, pk: int) -> SavedView:
    """Return a view that a member may use, or Http404."""
    return cast("SavedView", get_object_or_404(SavedView.objects.usable_by(membership), pk=pk))
