"""What was asked of whoever leads, and what they said."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Product
from funnel.approvals import ApprovalKind, ApprovalState, Demand, Person, deciders
from funnel.discounts import Basis, Grant, is_beyond
from funnel.models.discounts import DiscountSetting
from funnel.models.opportunities import OfOpportunity, Opportunity
from funnel.stages import Stage
from tenants import tree
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.permissions import Role
from tenants.scoping import TenantManager


def people_above(owner: Membership) -> list[Person]:
    """Return the managers of this member's team and of the teams above it, and the executives.

    Above an executive there are only the others.
    """
    if owner.role == Role.EXECUTIVE:
        ids = Membership.objects.in_current_organization().active().filter(role=Role.EXECUTIVE)
        return [Person(pk, Role.EXECUTIVE, 0) for pk in ids.values_list("pk", flat=True)]
    path = Team.objects.filter(pk=owner.team_id).values_list("path", flat=True).first() if owner.team_id else None
    above = [*tree.ancestors(path), owner.team_id] if path else []
    depths = {team: depth for depth, team in enumerate(above)}
    rows = Membership.objects.in_current_organization().filter(role__in=[Role.MANAGER, Role.EXECUTIVE])
    return [
        Person(pk, role, depths.get(team, 0), is_active=active and user_active)
        for pk, role, team, active, user_active in rows.values_list(
            "pk", "role", "team_id", "is_active", "user__is_active"
        )
        if role == Role.EXECUTIVE or team in depths
    ]


def deciders_of(opportunity: Opportunity, *, asker: int, percent: Decimal | None = None) -> list[int]:
    """Return the memberships that may decide on what is asked for an opportunity, nearest first.

    :param percent: the discount that is asked; more than a manager may give is decided by executives.
    """
    limits = DiscountSetting.current().limits
    people = people_above(opportunity.owner)
    return deciders(people, asker=asker, owner=opportunity.owner_id, executives_only=is_beyond(percent, limits))


class ApprovalQuerySet(OfOpportunity["Approval"]):
    """Requests by what they mean."""

    def waiting(self) -> "ApprovalQuerySet":
        """Those nobody has decided or taken back."""
        return self.filter(state=ApprovalState.ASKED)

    def valid(self, *, on: date) -> "ApprovalQuerySet":
        """Those granted that still hold on a day."""
        return self.filter(Q(granted_until=None) | Q(granted_until__gte=on), state=ApprovalState.GRANTED)

    def overrides(self, opportunities: Iterable[int], *, on: date) -> "dict[int, dict[int, Approval]]":
        """Return what lets opportunities leave stages without their evidence on a day, by opportunity and stage: of
        each the latest that was granted; one query.
        """
        rows = self.valid(on=on).filter(opportunity_id__in=opportunities, kind=ApprovalKind.OVERRIDE)
        found: dict[int, dict[int, Approval]] = {}
        for row in rows.select_related("decided_by__user").order_by("decided_at", "pk"):
            if row.stage is not None:
                found.setdefault(row.opportunity_id, {})[row.stage] = row
        return found

    def discounts(self, opportunity: Opportunity, *, on: date) -> list[Grant]:
        """Return the discounts granted for an opportunity that hold on a day, each with what it was granted on."""
        rows = self.valid(on=on).filter(opportunity=opportunity, kind=ApprovalKind.DISCOUNT)
        return [Grant(row.percent, row.basis) for row in rows if row.percent is not None]

    def with_words(self) -> "ApprovalQuerySet":
        """Fetch what a line shows."""
        return self.select_related(
            "opportunity__account", "opportunity__owner", "asked_by__user", "approver__user", "decided_by__user"
        )


class Approval(TenantModel):
    """Something asked for an opportunity. Which fields hold what is asked says `funnel.approvals.Demand`.

    `price` (minor units of `currency`, '' the reporting one) and `product` are what a discount is granted on.
    `approver` was asked; whoever else stands above the owner may decide instead. `granted_until` is the last day on
    which it holds, None for no end. `word` says why it was granted, refused or taken back.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="approvals")
    kind = models.CharField(max_length=10)
    percent = models.DecimalField(_("Discount"), max_digits=4, decimal_places=1, null=True)
    stage = models.PositiveSmallIntegerField(_("Stage"), null=True)
    until = models.DateField(_("Holds until"), null=True)
    what = models.CharField(_("What"), max_length=500, blank=True)
    price = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    product = TenantForeignKey(Product, models.PROTECT, null=True, related_name="+")
    why = models.CharField(_("Why"), max_length=500)
    asked_by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    approver = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default=ApprovalState.ASKED)
    decided_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)
    granted_until = models.DateField(null=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(ApprovalQuerySet)()

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "opportunity", "-asked_at"], name="approval_of_opportunity"),
            models.Index(
                fields=["organization", "approver", "asked_at"], condition=Q(state="asked"), name="approval_waiting"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="approval_request_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "opportunity", "kind", "stage"],
                condition=Q(state="asked", kind__in=["discount", "override"]),
                nulls_distinct=False,
                name="approval_waits_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=list(ApprovalKind)), name="approval_kind_known"),
            models.CheckConstraint(condition=Q(state__in=list(ApprovalState)), name="approval_state_known"),
            models.CheckConstraint(
                condition=~Q(kind="discount") | Q(percent__gt=0, percent__lte=100), name="discount_has_its_percent"
            ),
            models.CheckConstraint(
                condition=~Q(kind="override") | Q(stage__isnull=False, until__isnull=False),
                name="override_has_stage_and_end",
            ),
            models.CheckConstraint(condition=~Q(kind="resource") | ~Q(what=""), name="resource_says_what"),
            models.CheckConstraint(
                condition=Q(state="asked", decided_at=None) | (~Q(state="asked") & Q(decided_at__isnull=False)),
                name="decided_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(word=""), name="refusal_has_a_word"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.opportunity_id}"

    @property
    def demand(self) -> Demand:
        """What is asked, as the rules take it."""
        stage = Stage(self.stage) if self.stage else None
        return Demand(ApprovalKind(self.kind), self.percent, stage, self.until, self.what)

    @property
    def basis(self) -> Basis:
        """What a discount was asked on."""
        return Basis(self.price, self.currency, self.product_id)

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be decided."""
        return self.state == ApprovalState.ASKED
