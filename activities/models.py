"""Visits, planned and logged, and next actions."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact
from activities import labels
from activities.kinds import Kind, Origin, Result, VisitState
from funnel.models import InformationGap, Opportunity, OpportunityMember
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class VisitQuerySet(models.QuerySet["Visit"]):
    """Visits by what they mean."""

    def visible_to(self, membership: Membership) -> "VisitQuerySet":
        """One's own, the team's for a manager, and those of opportunities whose sales team one is on."""
        ids = membership.visible_owner_ids
        if ids is None:
            return self
        helped = OpportunityMember.objects.filter(member=membership).values("opportunity_id")
        return self.filter(Q(by_id__in=ids) | Q(opportunity_id__in=helped))


class Visit(TenantModel):
    """A planned or logged customer meeting; `is_first` marks FSI, the rest are follow-ups (FUA)."""

    account = TenantForeignKey(Account, models.PROTECT, related_name="visits")
    opportunity = TenantForeignKey(Opportunity, models.PROTECT, null=True, blank=True, related_name="visits")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="visits")
    state = models.CharField(max_length=10, default=VisitState.DONE)
    kind = models.CharField(_("How"), max_length=10, default=Kind.VISIT)
    happened_at = models.DateTimeField(_("When"))  # the planned time while it is planned
    result = models.CharField(_("Result"), max_length=10, blank=True)
    goal = models.CharField(_("Goal"), max_length=200, blank=True)
    note = models.TextField(_("Note"), max_length=5_000, blank=True)
    commitment = models.CharField(_("What the customer agreed to do"), max_length=300, blank=True)
    is_first = models.BooleanField(default=False)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    recorded_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(VisitQuerySet)()

    class Meta:
        ordering = ["-happened_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "by", "-happened_at"], name="visit_of_member"),
            models.Index(fields=["organization", "account", "-happened_at"], name="visit_of_account"),
            models.Index(fields=["organization", "opportunity", "-happened_at"], name="visit_of_opportunity"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="visit_request_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="visit_kind_known"),
            models.CheckConstraint(condition=Q(result__in=["", *Result]), name="visit_result_known"),
            models.CheckConstraint(condition=Q(state__in=list(VisitState)), name="visit_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.happened_at:%Y-%m-%d}"

    @property
    def kind_label(self) -> labels.Words:
        """How we met, in words."""
        return labels.KINDS[Kind(self.kind)]

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return labels.KIND_ICONS[Kind(self.kind)]

    @property
    def result_label(self) -> labels.Words:
        """What came of it, in words; nothing while it is planned."""
        return labels.RESULTS[Result(self.result)] if self.result else ""

    @property
    def result_chip(self) -> str:
        """The look of the result's chip."""
        return labels.RESULT_CHIPS[Result(self.result)] if self.result else ""


class VisitContact(TenantModel):
    """Whom we met."""

    visit = TenantForeignKey(Visit, models.CASCADE, related_name="met")
    contact = TenantForeignKey(Contact, models.PROTECT, related_name="met_at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "visit", "contact"], name="met_once_a_visit")]


class NextActionQuerySet(models.QuerySet["NextAction"]):
    """Next actions by what they mean."""

    def visible_to(self, membership: Membership) -> "NextActionQuerySet":
        """One's own; the team's for a manager; all for an executive."""
        ids = membership.visible_owner_ids
        return self if ids is None else self.filter(owner_id__in=ids)

    def open(self) -> "NextActionQuerySet":
        """Those not done and not dropped."""
        return self.filter(done_at=None, dropped_at=None)


class NextAction(TenantModel):
    """What, who, by when."""

    account = TenantForeignKey(Account, models.PROTECT, related_name="next_actions")
    opportunity = TenantForeignKey(Opportunity, models.PROTECT, null=True, blank=True, related_name="next_actions")
    gap = TenantForeignKey(InformationGap, models.SET_NULL, null=True, blank=True, related_name="next_actions")
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="next_actions")
    text = models.CharField(_("Next action"), max_length=200)
    due_on = models.DateField(_("By"))
    origin = models.CharField(max_length=10, default=Origin.HAND)
    created_by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(NextActionQuerySet)()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(
                fields=["organization", "owner", "due_on"],
                condition=Q(done_at=None, dropped_at=None),
                name="next_action_open",
            ),
            models.Index(fields=["organization", "opportunity"], name="next_action_of_opportunity"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="next_action_request_once",
            ),
            models.CheckConstraint(condition=Q(origin__in=list(Origin)), name="next_action_origin_known"),
        ]

    def __str__(self) -> str:
        return self.text
