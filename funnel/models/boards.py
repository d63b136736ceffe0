"""How board and table are looked at: limits of columns, saved views; and what is done to many at once."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from funnel.limits import Limit
from funnel.saved_views import NAME_LENGTH, QUERY_LENGTH, Place, Shared
from funnel.stages import Stage
from jobs.models import Job
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class StageLimitQuerySet(models.QuerySet["StageLimit"]):
    """The limits of an organization."""

    def limits(self) -> dict[Stage, Limit]:
        """Return what one person may have open in a stage; stages without a limit are left out."""
        return {Stage(row.stage): Limit(row.most_count, row.most_amount) for row in self if row.is_set}

    def edition(self) -> int:
        """Return a number that grows with every change: what a form saw."""
        return sum(self.values_list("version", flat=True))


class StageLimit(TenantModel):
    """How many, or how much (minor units), one person should have open in a stage at most. It warns, never blocks."""

    stage = models.PositiveSmallIntegerField()
    most_count = models.PositiveIntegerField(null=True)
    most_amount = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(StageLimitQuerySet)()

    class Meta:
        ordering = ["stage"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "stage"], name="one_limit_per_stage"),
            models.CheckConstraint(condition=Q(stage__gte=1, stage__lt=Stage.DEPLOY), name="stage_limit_known"),
            models.CheckConstraint(condition=Q(most_amount__gt=0) | Q(most_amount=None), name="most_amount_positive"),
        ]

    @property
    def is_set(self) -> bool:
        """Whether it limits anything."""
        return self.most_count is not None or self.most_amount is not None


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views by who may use them."""

    def usable_by(self, membership: Membership) -> "SavedViewQuerySet":
        """One's own, what is shared with everyone, and what is shared with a team one is in, or leads from above."""
        shared = Q(shared=Shared.EVERYONE)
        if membership.team_id:
            above = [int(pk) for pk in membership.team.path.strip("/").split("/") if pk.isdigit()]
            shared |= Q(shared=Shared.TEAM, team_id__in=above)
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


class BulkChange(TenantModel):
    """One change of many opportunities: what was asked of which, as they were seen, and what became of each.

    `asked` holds (id, version) of each, `outcome` by id what was done: see `funnel.bulk`. It is drawn up first, and
    done once; `request_key` makes drawing it up safe to repeat.
    """

    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    request_key = models.UUIDField(editable=False)
    kind = models.CharField(max_length=12)
    to = models.JSONField(default=dict)
    asked = models.JSONField(default=list)
    outcome = models.JSONField(default=dict)
    state = models.CharField(max_length=8, default="drawn")
    job = TenantForeignKey(Job, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "request_key"], name="bulk_change_once"),
            models.CheckConstraint(
                condition=Q(state__in=["drawn", "running", "done", "undoing", "undone"]), name="bulk_change_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["stage", "owner", "close", "category", "next"]), name="bulk_change_kind_known"
            ),
        ]
