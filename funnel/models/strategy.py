"""The strategy sheet of an opportunity: who decides, the rivals, what we know of ourselves, what is still missing."""

from datetime import date
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account, Contact
from funnel.leads import Answer, Criteria, Criterion
from funnel.models.opportunities import OfOpportunity, Opportunity
from funnel.strategy import Attitude, Influence, Ladder, Role, Verdict, criteria_of
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager

LONG = 2_000
_YES_NO = [Answer.UNKNOWN, Answer.YES, Answer.NO]


class Strategy(TenantModel):
    """The sheet itself, one an opportunity. No row yet means that nothing was written.

    `need` and `compete` answer the two criteria that no fact answers; the verdict is the latest one.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="strategies")
    strengths = models.TextField(pgettext_lazy("SWOT", "Strengths"), max_length=LONG, blank=True)
    weaknesses = models.TextField(pgettext_lazy("SWOT", "Weaknesses"), max_length=LONG, blank=True)
    openings = models.TextField(pgettext_lazy("SWOT", "Opportunities"), max_length=LONG, blank=True)
    threats = models.TextField(pgettext_lazy("SWOT", "Threats"), max_length=LONG, blank=True)
    ucv = models.TextField(_("Unique customer value"), max_length=LONG, blank=True)
    ladder = models.CharField(_("Relationship ladder"), max_length=20, blank=True)
    win_next = TenantForeignKey("DecisionRole", models.SET_NULL, null=True, blank=True, related_name="+")
    win_how = models.TextField(_("How"), max_length=LONG, blank=True)
    need = models.CharField(max_length=10, default=Answer.UNKNOWN)
    compete = models.CharField(max_length=10, default=Answer.UNKNOWN)
    verdict = models.CharField(_("Go or no-go"), max_length=5, blank=True)
    verdict_why = models.CharField(_("Why"), max_length=500, blank=True)
    verdict_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    verdict_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity"], name="one_strategy"),
            models.CheckConstraint(condition=Q(ladder__in=["", *Ladder]), name="ladder_known"),
            models.CheckConstraint(condition=Q(need__in=_YES_NO, compete__in=_YES_NO), name="need_and_compete_known"),
            models.CheckConstraint(condition=Q(verdict__in=["", *Verdict]), name="verdict_known"),
            models.CheckConstraint(
                condition=Q(verdict="", verdict_at=None) | (~Q(verdict="") & Q(verdict_at__isnull=False)),
                name="verdict_has_its_time",
            ),
        ]

    def weighed(
        self, opportunity: Opportunity, criteria: Criteria, *, has_buyer: bool, today: date
    ) -> dict[Criterion, Answer]:
        """Return what the organization's criteria say of an opportunity with these two answers."""
        return criteria_of(
            need=self.need,
            compete=self.compete,
            amount=opportunity.amount,
            closes_on=opportunity.expected_close_on,
            has_buyer=has_buyer,
            procedure=opportunity.buying_procedure,
            criteria=criteria,
            today=today,
        )


class DecisionRole(TenantModel):
    """A person's part in the customer's decision: one row a person.

    `role` is the part that counts most, `also` the others: the economic buyer always stands in `role`.
    `last_met_on` is written by activities through an action.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="roles")
    contact = TenantForeignKey(Contact, models.PROTECT, related_name="roles")
    role = models.CharField(_("Role"), max_length=10)
    also = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    influence = models.PositiveSmallIntegerField(_("Influence"), default=Influence.MEDIUM)
    attitude = models.SmallIntegerField(_("Attitude to us"), null=True, blank=True)
    win = models.CharField(_("What a win is for them"), max_length=500, blank=True)
    reports_to = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")
    last_met_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-influence", "id"]
        indexes = [
            models.Index(
                fields=["organization", "opportunity"],
                condition=Q(role=Role.EB),
                include=["last_met_on", "attitude"],
                name="buyer_of_opportunity",
            ),
            models.Index(fields=["organization", "contact"], name="role_of_contact"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "contact"], name="person_once_on_a_sheet"),
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="decision_role_known"),
            models.CheckConstraint(condition=Q(also__contained_by=list(Role)), name="other_roles_known"),
            models.CheckConstraint(condition=Q(influence__in=list(Influence)), name="influence_known"),
            models.CheckConstraint(condition=Q(attitude__in=list(Attitude)) | Q(attitude=None), name="attitude_known"),
            models.CheckConstraint(
                condition=~Q(reports_to=models.F("id")) | Q(reports_to=None), name="nobody_reports_to_themselves"
            ),
        ]

    def __str__(self) -> str:
        return str(self.contact)


class RivalQuerySet(models.QuerySet["Rival"]):
    """Who competes."""

    def on(self, opportunity: Opportunity) -> "RivalQuerySet":
        """Those on its strategy sheet, with their names, in the order in which they were put there."""
        return self.filter(opportunity=opportunity).select_related("competitor")


class Rival(TenantModel):
    """A competitor who stands for the same opportunity, and our answer."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="rivals")
    competitor = TenantForeignKey(Account, models.PROTECT, related_name="rivalries")
    strengths = models.TextField(_("Their strengths"), max_length=LONG, blank=True)
    weaknesses = models.TextField(_("Their weaknesses"), max_length=LONG, blank=True)
    answer = models.TextField(_("Our answer"), max_length=LONG, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(RivalQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["organization", "competitor"], name="rival_by_competitor")]
        constraints = [models.UniqueConstraint(fields=["organization", "opportunity", "competitor"], name="rival_once")]

    def __str__(self) -> str:
        return str(self.competitor)


class InformationGapQuerySet(OfOpportunity["InformationGap"]):
    """Gaps by whose they are."""


class InformationGap(TenantModel):
    """Something we do not know yet.

    Who finds it out, and by when, is written by activities through an action, as is that it was done.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="gaps")
    text = models.CharField(_("What we do not know"), max_length=200)
    answer = models.CharField(_("What we found out"), max_length=500, blank=True)
    sought_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    sought_until = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(InformationGapQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["organization", "opportunity"], condition=Q(closed_at=None), name="gap_open_of_opportunity"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"], condition=Q(request_key__isnull=False), name="gap_request_once"
            )
        ]

    def __str__(self) -> str:
        return self.text
