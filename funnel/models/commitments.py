"""That a customer committed to us, or that the economic buyer promised it."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from funnel.commitment import CommitmentKind
from funnel.models.opportunities import OfOpportunity, Opportunity
from jobs.models import StoredFile
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class CommitmentQuerySet(OfOpportunity["Commitment"]):
    """Commitments by what they mean."""

    def standing(self) -> "CommitmentQuerySet":
        """Those nobody has withdrawn."""
        return self.filter(withdrawn_at=None)


class Commitment(TenantModel):
    """The customer's procedure chose us, or the economic buyer promised it to us. One of each stands at a time.

    `what` is what the procedure decided, or the words of the promise; `note` and `file` prove it; `contact` promised.
    The columns `committed_on` and `eb_promised_on` of the opportunity say of lists and totals what stands.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="commitments")
    kind = models.CharField(max_length=10)
    on = models.DateField(_("Date"))
    what = models.CharField(_("What"), max_length=500)
    contact = TenantForeignKey(Contact, models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("Proof"), max_length=500, blank=True)
    file = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    withdrawn_why = models.CharField(max_length=500, blank=True)
    request_key = models.UUIDField(null=True, editable=False)

    objects: ClassVar[Any] = TenantManager.from_queryset(CommitmentQuerySet)()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "opportunity", "kind"],
                condition=Q(withdrawn_at=None),
                name="one_commitment_stands",
            ),
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="commitment_request_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=list(CommitmentKind)), name="commitment_kind_known"),
            models.CheckConstraint(condition=~Q(what=""), name="commitment_says_what"),
            models.CheckConstraint(
                condition=~Q(kind="procedure") | ~Q(note="") | Q(file__isnull=False), name="procedure_has_its_proof"
            ),
            models.CheckConstraint(
                condition=~Q(kind="promise") | Q(contact__isnull=False), name="promise_has_its_giver"
            ),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | ~Q(withdrawn_why=""), name="withdrawal_says_why"),
        ]

    def __str__(self) -> str:
        return self.what
