"""Targets, nightly snapshots, the limits of health, and alerts. Money is in minor units of the reporting currency."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from forecasting.health import LARGEST, OPEN_STAGES, STANDARD, Basis, as_table, limits
from forecasting.ladder import STEPS, chain
from forecasting.periods import Period
from funnel.flags import Flag
from funnel.models import Opportunity
from funnel.stages import Category, Status
from tenants.models import Membership, Organization, TenantForeignKey, TenantModel
from tenants.permissions import Role
from tenants.scoping import TenantManager

PERIODS = ["month", "quarter"]
JOB = "forecast"
"""The job of the night, which judges health and computes the snapshots; it is asked for by day too."""


def standard_ladder() -> list[int]:
    """Return the days after which an alert goes one step up, until an organization edits them."""
    return list(STEPS)


def standard_limits() -> list[list[int]]:
    """Return the limits of health that hold until an organization edits them or its past is measured."""
    return as_table(limits(Basis(), {}))


def no_exits() -> list[int]:
    """Return that nothing was measured of any stage."""
    return [0] * 6


def no_dwell() -> list[float | None]:
    """Return that no stay was measured in any stage."""
    return [None] * 6


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
    open_proven = models.BigIntegerField(null=True)  # None: that evening nobody asked how far it was proven
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
    """A health rule that an opportunity broke, from when to when.

    `told_at` is when its owner heard of it; None while they have not. `step` is how far up it went (0: the owner alone
    knows, 1: their manager, and so on), `step_at` since when. What stands again within a day is opened again as it was.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="alerts")
    code = models.CharField(max_length=20)
    since = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    step_at = models.DateTimeField(null=True)

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


def rungs_of(organization: Organization, owners: Collection[int]) -> Mapping[int, list[list[int]]]:
    """Return for each of these owners whom their alerts go up to, one rung a step."""
    people = list(Membership.objects.active().filter(organization=organization).select_related("team"))
    paths = {person.pk: person.team.path if person.team else "" for person in people}
    leaders: dict[str, list[int]] = defaultdict(list)
    for person in people:
        if person.role == Role.MANAGER and person.team:
            leaders[person.team.path].append(person.pk)
    executives = [person.pk for person in people if person.role == Role.EXECUTIVE]
    return {owner: chain(owner, paths.get(owner, ""), leaders, executives) for owner in owners}


class HealthThreshold(TenantModel):
    """What an organization edited of a health rule in a stage; see `health.STANDARD` for the codes and their units."""

    stage = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=20)
    value = models.PositiveIntegerField()

    class Meta:
        ordering = ["stage", "code"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "stage", "code"], name="one_threshold"),
            models.CheckConstraint(condition=Q(stage__in=list(OPEN_STAGES)), name="threshold_stage_known"),
            models.CheckConstraint(condition=Q(code__in=list(STANDARD)), name="threshold_code_known"),
            models.CheckConstraint(condition=Q(value__lte=LARGEST), name="threshold_not_too_large"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.stage}"


class HealthSetting(TenantModel):
    """One row an organization: the ladder of its alerts, what the nights measured of its past, and what follows.

    `ladder` are the days after which a standing alert goes one step up; `version` counts edits of ladder or thresholds.
    `held` are the limits that hold now (`health.as_table`), made of the thresholds and what was measured.
    """

    ladder = ArrayField(models.PositiveSmallIntegerField(), default=standard_ladder)
    version = models.PositiveIntegerField(default=1)
    held = ArrayField(ArrayField(models.PositiveIntegerField()), default=standard_limits)
    exits = ArrayField(models.PositiveIntegerField(), default=no_exits)
    dwell = ArrayField(models.FloatField(null=True), default=no_dwell)
    wins = models.PositiveIntegerField(default=0)
    cycle_median = models.FloatField(null=True)
    cycle_p90 = models.FloatField(null=True)
    cycle_p95 = models.FloatField(null=True)
    median_amount = models.BigIntegerField(null=True)
    measured_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_health_setting")]

    def __str__(self) -> str:
        return f"{self.ladder}"

    @classmethod
    def current(cls) -> "HealthSetting":
        """Return the organization's row, or what holds while there is none."""
        found: HealthSetting = cls.objects.first() or cls()
        return found

    @property
    def basis(self) -> Basis:
        """What was measured, as the rules take it."""
        return Basis(
            tuple(self.exits),
            tuple(self.dwell),
            self.wins,
            self.cycle_median,
            self.cycle_p90,
            self.cycle_p95,
            self.median_amount,
        )


class Mute(TenantModel):
    """A rule that keeps quiet about an opportunity until the end of a day: no bell, no mail, no step up.

    The flag itself stays to be seen. `ended_at` says that it was lifted before its time.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="mutes")
    code = models.CharField(max_length=20)
    until = models.DateField(pgettext_lazy("mute", "Until"))
    reason = models.CharField(_("Reason"), max_length=200)
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "opportunity", "code"], condition=Q(ended_at=None), name="one_mute_at_a_time"
            ),
            models.CheckConstraint(condition=Q(code__in=list(Flag)), name="muted_code_known"),
        ]

    def __str__(self) -> str:
        return self.code


class Digest(TenantModel):
    """That a member was written to on a day, and about what: everything between two moments, `since` and `until`."""

    to = TenantForeignKey(Membership, models.CASCADE, related_name="digests")
    on = models.DateField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    lines = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-on"]
        constraints = [models.UniqueConstraint(fields=["organization", "to", "on"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.to_id} {self.on}"


def thresholds() -> dict[tuple[int, str], int]:
    """Return what the organization edited, by stage and code."""
    return {(row.stage, row.code): row.value for row in HealthThreshold.objects.all()}
