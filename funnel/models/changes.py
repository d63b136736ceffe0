"""The change log, and what was laid aside of it."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from funnel.history import Event
from funnel.models.opportunities import Opportunity
from funnel.stages import ChangeKind
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class ChangeQuerySet(models.QuerySet["Change"]):
    """Rows of the change log."""

    def done(self) -> "ChangeQuerySet":
        """All but how far the evidence reached: that follows from the evidence, and is taken back with it."""
        return self.exclude(kind=ChangeKind.PROVEN)

    def events(self) -> list[Event]:
        """Return the rows as rules know them, in the order in which they occurred."""
        return [row.as_event() for row in self.order_by("occurred_at", "id")]


class Change(TenantModel):
    """One change of an opportunity. Append-only: a database trigger refuses update and delete.

    What `old` and `new` hold is said in `funnel.history`. `percent` is the stage percentage after the change.
    `occurred_at` is when it was so, `recorded_at` when we learnt it. `undoes` names the row that this one compensates.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    percent = models.PositiveSmallIntegerField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    undoes = TenantForeignKey("self", models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(ChangeQuerySet)()

    class Meta:
        ordering = ["occurred_at", "id"]
        indexes = [
            models.Index(fields=["organization", "opportunity", "occurred_at", "id"], name="change_of_opportunity"),
            models.Index(fields=["organization", "occurred_at"], name="change_by_time"),
        ]
        constraints = [models.CheckConstraint(condition=Q(kind__in=list(ChangeKind)), name="change_kind_known")]

    def as_event(self) -> Event:
        """Return the row as rules know it."""
        return Event(
            id=self.pk,
            kind=self.kind,
            old=self.old,
            new=self.new,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            percent=self.percent,
            undoes=self.undoes_id,
        )


class WithdrawnChange(TenantModel):
    """A row of the change log whose opportunity is gone, because its import was undone. Append-only, as the log is.

    The log lets a row go only when it stands here word for word (a trigger compares), so nothing logged is ever lost;
    and what stands here counts in no list, total or waterfall. `name` and `external_id` are the opportunity's.
    """

    change_id = models.BigIntegerField()
    opportunity_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    percent = models.PositiveSmallIntegerField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    undoes_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField()
    withdrawn_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "change_id"], name="change_withdrawn_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
