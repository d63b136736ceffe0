"""Targets, nightly snapshots and alerts. Money is in minor units of the reporting currency."""

from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, Expression, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from forecasting.periods import Period
from funnel.models import Opportunity
from funnel.stages import Category, Stage, Status
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager

PERIODS = ["month", "quarter"]


def open_and_counted() -> Q:
    """Return the condition of opportunities that a forecast counts: open, and not omitted by their category."""
    return Q(status=Status.OPEN) & ~Q(category=Category.OMITTED)


def due_in(period: Period) -> Q:
    """Return the condition of opportunities that are open and due in a period."""
    return open_and_counted() & Q(expected_close_on__range=(period.starts_on, period.ends_on))


def closed_in(period: Period, zone: tzinfo) -> Q:
    """Return the condition of opportunities that were won, lost or abandoned in a period."""
    begins_at, ends_at = period.instants(zone)
    return ~Q(status=Status.OPEN) & Q(closed_at__gte=begins_at, closed_at__lt=ends_at)


def owned_by(owners: Collection[int] | None) -> Q:
    """Return the condition of opportunities of these owners; None is everyone."""
    return Q() if owners is None else Q(owner_id__in=owners)


def weighted_amount(percents: Mapping[Stage, int]) -> Expression:
    """Return amount × percentage of the stage, rounded half up for each row, as `weighting.weighted` does."""
    percent = Case(
        *(When(stage=stage, then=Value(percents[stage])) for stage in percents),
        default=Value(0),
        output_field=models.BigIntegerField(),
    )
    return (Coalesce(F("amount"), Value(0)) * percent + Value(50)) / Value(100)


class TargetQuerySet(models.QuerySet["Target"]):
    """Targets by what they mean."""

    def visible_to(self, membership: Membership) -> "TargetQuerySet":
        """One's own; the team's for a manager; all for an executive."""
        ids = membership.visible_owner_ids
        return self if ids is None else self.filter(owner_id__in=ids)


class Target(TenantModel):
    """What one person is to sell in one period."""

    owner = TenantForeignKey(Membership, models.PROTECT, related_name="targets")
    period = models.CharField(max_length=10)
    starts_on = models.DateField()
    amount = models.BigIntegerField(_("Target"))
    version = models.PositiveIntegerField(default=1)
    set_by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(TargetQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "owner", "period", "starts_on"], name="one_target_a_person_and_period"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="target_not_negative"),
            models.CheckConstraint(condition=Q(period__in=PERIODS), name="target_period_known"),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.starts_on}"


class OpportunitySnapshot(TenantModel):
    """An open opportunity as it stood at the end of a day."""

    on = models.DateField()
    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="snapshots")
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    stage = models.PositiveSmallIntegerField()
    percent = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(null=True)
    expected_close_on = models.DateField(null=True)
    category = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "on", "opportunity"], name="one_opportunity_snapshot_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.opportunity_id} {self.on}"


class ForecastSnapshot(TenantModel):
    """The forecast of one person's period as it was computed on a day, with all its parts."""

    on = models.DateField()
    period = models.CharField(max_length=10)
    starts_on = models.DateField()
    ends_on = models.DateField()
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    won = models.BigIntegerField()
    open_weighted = models.BigIntegerField()
    open_total = models.BigIntegerField()
    open_count = models.PositiveIntegerField()
    target = models.BigIntegerField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "on", "period", "starts_on", "owner"], name="one_forecast_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.starts_on} {self.on}"


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts by what they mean."""

    def visible_to(self, membership: Membership) -> "AlertQuerySet":
        """Those on opportunities one may see."""
        if membership.visible_owner_ids is None:
            return self
        return self.filter(opportunity__in=Opportunity.objects.visible_to(membership))

    def standing(self) -> "AlertQuerySet":
        """Those not cleared yet."""
        return self.filter(cleared_at=None)


class Alert(TenantModel):
    """A health rule that an opportunity broke, from when to when."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="alerts")
    code = models.CharField(max_length=20)
    since = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(AlertQuerySet)()

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "opportunity", "code"],
                condition=Q(cleared_at=None),
                name="one_standing_alert_per_rule",
            )
        ]

    def __str__(self) -> str:
        return self.code
