"""What was filed as evidence and what became of it, and going on without."""

from typing import Any, ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from funnel.evidence import JUDGED, PROVING, State
from funnel.models.opportunities import Opportunity
from funnel.models.stages import EvidenceItem
from funnel.models.strategy import Rival
from funnel.stages import Stage
from jobs.models import StoredFile
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.permissions import Permission
from tenants.scoping import TenantManager


def led_by(member: Membership) -> frozenset[int] | None:
    """Return the owners whose evidence a member may be asked to judge, as `refusal_to_judge` takes them."""
    return member.visible_owner_ids if member.can(Permission.EVIDENCE_JUDGE) else frozenset()


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    """Evidence by what it means."""

    def proving(self) -> "EvidenceQuerySet":
        """What a manager verified or the customer confirmed."""
        return self.filter(state__in=PROVING)

    def standing(self) -> "EvidenceQuerySet":
        """What counts as filed: all but what was sent back."""
        return self.exclude(state=State.SENT_BACK)

    def with_rivals(self) -> "EvidenceQuerySet":
        """Fetch as `rivals` the names of those who compete, where that is what was filed."""
        rivals = Rival.objects.filter(opportunity=OuterRef("opportunity")).values("competitor__name")
        return self.annotate(rivals=Case(When(has_rivals=True, then=ArraySubquery(rivals)), default=None))


class Evidence(TenantModel):
    """A piece of evidence filed for an opportunity, with the value that its kind asks for, and what became of it.

    `amount` is in minor units of the reporting currency; `contact` is a person at the opportunity's account. `word` is
    what the manager said when it was sent back. `version` counts filings and verdicts: a verdict names what it saw.

    `has_rivals` says whether somebody else competes, None where that is not what was filed. Who, is never copied here:
    it is those who stand on the strategy sheet, and whoever changes them there files it anew.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="evidence")
    item = TenantForeignKey(EvidenceItem, models.PROTECT, related_name="+")
    note = models.TextField(_("Note"), max_length=2_000, blank=True)
    contact = TenantForeignKey(Contact, models.PROTECT, null=True, related_name="+")
    on = models.DateField(null=True)
    amount = models.BigIntegerField(null=True)
    has_rivals = models.BooleanField(null=True)
    file = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, default=State.FILED)
    judged_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(EvidenceQuerySet)()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(
                fields=["organization", "at"],
                condition=Q(state="filed"),
                include=["opportunity", "item"],
                name="evidence_to_verify",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "item"], name="one_of_each_evidence"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="evidence_state_known"),
            models.CheckConstraint(
                condition=Q(state="filed", judged_by=None, judged_at=None)
                | Q(state__in=JUDGED, judged_by__isnull=False, judged_at__isnull=False),
                name="verdict_has_its_judge",
            ),
            models.CheckConstraint(condition=~Q(state="sent_back") | ~Q(word=""), name="sent_back_with_a_word"),
            models.CheckConstraint(condition=Q(amount__gte=0) | Q(amount=None), name="evidence_amount_not_negative"),
        ]


class StageOverride(TenantModel):
    """Someone left a stage without all of its evidence: who, why, and until when it is to be filed. Proves nothing."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="overrides")
    stage = models.PositiveSmallIntegerField()
    why = models.CharField(max_length=500)
    until = models.DateField()
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["organization", "opportunity", "stage"], name="override_of_opportunity")]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="override_stage_known"),
            models.CheckConstraint(condition=~Q(why=""), name="override_says_why"),
        ]
