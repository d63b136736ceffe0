"""The joint plan of a sales team: who does which part of it, and by when."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from funnel.models.opportunities import OfOpportunity, Opportunity
from funnel.stages import Status
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class PlanPartQuerySet(OfOpportunity["PlanPart"]):
    """Parts by what they mean."""

    def open(self) -> "PlanPartQuerySet":
        """Those that are not done."""
        return self.filter(done_at=None)

    def owed_by(self, membership: Membership) -> "PlanPartQuerySet":
        """What this member still has to do for opportunities that are open."""
        return self.open().filter(member=membership, opportunity__status=Status.OPEN)

    def in_order(self) -> "PlanPartQuerySet":
        """As the plan reads: by day, what has no day last."""
        return self.order_by(F("due_on").asc(nulls_last=True), "pk")


class PlanPart(TenantModel):
    """A part of the joint plan. Either a member has it, or a partner company that does not sign in here."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="plan")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    partner = TenantForeignKey(Account, models.PROTECT, null=True, related_name="+")
    text = models.CharField(_("Part"), max_length=200)
    due_on = models.DateField(_("Due on"), null=True)
    done_at = models.DateTimeField(null=True)
    done_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(PlanPartQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["organization", "opportunity"], name="part_of_opportunity"),
            models.Index(
                fields=["organization", "member", "due_on"], condition=Q(done_at=None), name="part_owed_by_member"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"], condition=Q(request_key__isnull=False), name="part_request_once"
            ),
            models.CheckConstraint(
                condition=Q(member__isnull=False, partner=None) | Q(member=None, partner__isnull=False),
                name="part_has_one_who_does_it",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="part_says_what"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def who(self) -> Any:
        """The member or the partner company whose part it is; both have a `name`."""
        return self.member or self.partner
