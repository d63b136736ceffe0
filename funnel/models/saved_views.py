"""How board and table are looked at: saved views."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from funnel.saved_views import NAME_LENGTH, QUERY_LENGTH, Place, Shared
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager
from tenants.tree import ancestors


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views by who may use them."""

    def usable_by(self, membership: Membership) -> "SavedViewQuerySet":
        """One's own, what is shared with everyone, and what is shared with one's team or a team above it."""
        shared = Q(shared=Shared.EVERYONE)
        if membership.team_id:
            path = membership.team.path
            shared |= Q(shared=Shared.TEAM, team_id__in=[*ancestors(path), membership.team_id])
        return self.filter(Q(by=membership) | shared)


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
