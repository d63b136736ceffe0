"""What is done to many opportunities at once."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from funnel.bulk import BulkKind, BulkState
from jobs.models import Job
from tenants.models import Membership, TenantForeignKey, TenantModel


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
    state = models.CharField(max_length=8, default=BulkState.DRAWN)
    job = TenantForeignKey(Job, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "request_key"], name="bulk_change_once"),
            models.CheckConstraint(condition=Q(state__in=list(BulkState)), name="bulk_change_state_known"),
            models.CheckConstraint(condition=Q(kind__in=list(BulkKind)), name="bulk_change_kind_known"),
        ]

    @property
    def stopped_at(self) -> datetime | None:
        """When it came to its end, or was left half-way: its job was cancelled, or failed; None while it goes on."""
        if self.state in {BulkState.RUNNING, BulkState.UNDOING} and self.job is not None:
            return self.job.ended_at
        return self.ended_at
