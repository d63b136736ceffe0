"""How board and table are looked at: saved views."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from funnel.saved_views import NAME_LENGTH, QUERY_LENGTH, Place, Shared
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager

USABLE = f"""(
    funnel_savedview.by_id = %s OR funnel_savedview.shared = '{Shared.EVERYONE}'
    OR funnel_savedview.shared = '{Shared.TEAM}' AND EXISTS (
        SELECT FROM tenants_team mine JOIN tenants_team theirs ON mine.path ^@ theirs.path
        WHERE mine.id = %s AND theirs.id = funnel_savedview.team_id
            AND mine.organization_id = funnel_savedview.organization_id
            AND theirs.organization_id = funnel_savedview.organization_id)
)"""
"""Which views a member may use: one's own, what is shared with everyone, or with one's team or a team above it."""


def usable(membership: Membership) -> tuple[int, int | None]:
    """Return the values of `USABLE`."""
    return membership.pk, membership.team_id


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views by who may use them."""

    def usable_by(self, membership: Membership) -> "SavedViewQuerySet":
        """Those that `membership` may use."""
        return self.filter(RawSQL(USABLE, usable(membership), output_field=models.BooleanField()))  # noqa: S611  # words of ours, values apart


class SavedView(TenantModel):
    """Filters, grouping, sort and columns of board or table under a name; `query` is its address, in one order.

    What it shows is what its reader may see: nothing of the rows is kept here.
    """

    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    name = models.CharField(_("Name"), max_length=NAME_LENGTH)
    place = models.CharField(max_length=5)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    shared = models.CharField(_("For whom"), max_length=8, default=Shared.ME)
    team = TenantForeignKey(Team, models.CASCADE, null=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(SavedViewQuerySet)()

    class Meta:
        ordering = ["position", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "by", "name"], name="saved_view_name_once"),
            models.CheckConstraint(condition=Q(place__in=list(Place)), name="saved_view_place_known"),
            models.CheckConstraint(condition=Q(shared__in=list(Shared)), name="saved_view_shared_known"),
            models.CheckConstraint(condition=~Q(shared=Shared.TEAM) | Q(team__isnull=False), name="shared_with_a_team"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(TenantModel):
    """With which saved view a member opens board or table."""

    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")
    place = models.CharField(max_length=5)
    view = TenantForeignKey(SavedView, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "member", "place"], name="one_default_view"),
            models.CheckConstraint(condition=Q(place__in=list(Place)), name="default_view_place_known"),
        ]
