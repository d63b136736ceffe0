"""The durable job row, its wake-up, notifications and stored files."""

from typing import Any, ClassVar

from django.db import models

from jobs import labels
from jobs.states import ENDED, State
from tenants.models import Membership, Organization, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    """Stored files by what they mean."""

    def visible_to(self, membership: Membership) -> "StoredFileQuerySet":
        """What one stored oneself, and the results of one's own jobs."""
        results = Job.objects.filter(by=membership, result_file__isnull=False).values("result_file_id")
        return self.filter(models.Q(by=membership) | models.Q(pk__in=results))


class StoredFile(TenantModel):
    """A file someone uploaded or a job made; kept in the database, so that walls and backups hold it too."""

    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(StoredFileQuerySet)()

    def __str__(self) -> str:
        return self.name


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

    def __str__(self) -> str:
        return self.title or str(labels.words_of(self.kind).label)

    @property
    def has_ended(self) -> bool:
        """Whether it will not run again."""
        return self.state in ENDED

    @property
    def state_label(self) -> str:
        """Its state in words."""
        return str(labels.STATES[self.state])

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Its named steps in order, each with `done`, `now` or ``."""
        codes = list(labels.words_of(self.kind).steps)
        here = codes.index(self.step) if self.step in codes else -1
        everything = self.state == State.DONE
        marks = ["done" if everything or i < here else "now" if i == here else "" for i in range(len(codes))]
        words = [str(text) for text in labels.words_of(self.kind).steps.values()]
        return list(zip(words, marks, strict=True))

    @property
    def done_text(self) -> str:
        """How many are done: 3,412."""
        return f"{self.done:,}"

    @property
    def total_text(self) -> str:
        """How many there are: 5,000."""
        return f"{self.total:,}"

    @property
    def counts(self) -> list[tuple[str, str]]:
        """What came out, in numbers: those of `result` for which the kind has words."""
        words = labels.words_of(self.kind).counts
        return [(str(words[code]), f"{int(self.result[code]):,}") for code in words if code in self.result]

    @property
    def error_label(self) -> str:
        """Why it was refused, in words; empty when `error` is the reference of a failure nobody expected."""
        return str(labels.words_of(self.kind).errors.get(self.error, ""))

    @property
    def url(self) -> str:
        """The path where its result is seen; empty when there is none."""
        return str(self.result.get("url", ""))


class WakeUp(models.Model):
    """A job that waits for a worker or runs. Outside the walls: ids and a time only, so that the sweep sees all.

    Whoever runs a chunk holds the lock of this row, not of the job: a job can be watched and cancelled meanwhile.
    `attempts` counts how often it was picked up without a chunk succeeding.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    job_id = models.BigIntegerField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "jobs_wakeup"
        constraints = [models.UniqueConstraint(fields=["organization", "job_id"], name="one_wake_up_per_job")]
        indexes = [models.Index(fields=["next_at"], name="wake_up_due")]

    def __str__(self) -> str:
        return f"{self.organization_id}/{self.job_id}"


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
        constraints = [models.UniqueConstraint(fields=["organization", "to", "unique_key"], name="never_told_twice")]

    @property
    def text(self) -> str:
        """Its words, in the language of the reader."""
        return labels.notification_text(self.code, self.data)
