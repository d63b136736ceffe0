"""The durable job row, its wake-up, notifications and stored files."""

from typing import Any, ClassVar

from django.db import models

from jobs.states import State
from tenants.models import Membership, Organization, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class StoredFile(TenantModel):
    """A file someone uploaded or a job made; kept in the database, so that walls and backups hold it too."""

    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs by what they mean."""

    def visible_to(self, membership: Membership) -> "JobQuerySet":
        """A job belongs to whoever started it."""
        return self.filter(by=membership)

    def running(self) -> "JobQuerySet":
        """Those that are not at an end."""
        return self.filter(state__in=[State.QUEUED, State.RUNNING])


class Job(TenantModel):
    """What runs in the background. This row is the truth; the Celery message only wakes a worker.

    A long job works chunk by chunk: each chunk's effect, `cursor` and progress are one transaction.
    """

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200, blank=True)
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="jobs")
    state = models.CharField(max_length=10, default=State.QUEUED, choices=[(s.value, s.value) for s in State])
    step = models.CharField(max_length=40, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    payload = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=200, blank=True)
    result_file = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    unique_key = models.CharField(max_length=80, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(JobQuerySet)()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "by", "-id"], name="job_of_a_member")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "unique_key"],
                condition=models.Q(state__in=["queued", "running"]) & ~models.Q(unique_key=""),
                name="one_running_job_per_key",
            )
        ]


class WakeUp(models.Model):
    """A job that waits for a worker. Outside the walls: ids and a time only, so that the sweep sees all."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    job_id = models.BigIntegerField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "jobs_wakeup"
        constraints = [models.UniqueConstraint(fields=["organization", "job_id"], name="one_wake_up_per_job")]
        indexes = [models.Index(fields=["next_at"], name="wake_up_due")]


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by what they mean."""

    def visible_to(self, membership: Membership) -> "NotificationQuerySet":
        """Only one's own."""
        return self.filter(to=membership)

    def unread(self) -> "NotificationQuerySet":
        """Those not seen yet."""
        return self.filter(read_at=None)


class Notification(TenantModel):
    """One line under the bell. `code` is translated with `data`; `url` is a path on this site."""

    to = TenantForeignKey(Membership, models.CASCADE, related_name="notifications")
    code = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    unique_key = models.CharField(max_length=120)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(NotificationQuerySet)()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "to", "-id"], name="notification_of_a_member")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "to", "unique_key"], name="never_told_twice")
        ]
