"""Start and cancel jobs, wake their workers, store files, tell people."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction

from jobs.labels import words_of
from jobs.models import Job, Notification, StoredFile, WakeUp
from jobs.retries import LEASE
from jobs.states import ENDED
from tenants import audit
from tenants.models import Membership
from tenants.scoping import require_organization_id

_SWEPT_AT_ONCE = 500


@transaction.atomic
def enqueue(
    kind: str,
    *,
    payload: Mapping[str, Any],
    by: Membership | None,
    at: datetime,
    title: str = "",
    unique_key: str = "",
) -> Job:
    """Write a job down; a worker is woken when the transaction commits.

    :param kind: a code registered by `jobs.running.job_kind`.
    :param payload: JSON values; what is large goes into a stored file, whose id stands here.
    :param unique_key: while a job with this key waits or runs, that job is returned instead of a second one.
    """
    if unique_key and (running := Job.objects.running().filter(unique_key=unique_key).first()):
        found: Job = running
        return found
    try:
        with transaction.atomic():
            job: Job = Job.objects.create(
                kind=kind, title=title[:200], by=by, payload=dict(payload), unique_key=unique_key, created_at=at
            )
    except IntegrityError:  # somebody else was faster by a moment
        faster: Job | None = Job.objects.running().filter(unique_key=unique_key).first() if unique_key else None
        if faster is None:
            raise
        return faster
    organization = require_organization_id()
    WakeUp.objects.create(organization_id=organization, job_id=job.pk, next_at=at + LEASE)
    wake(organization, job.pk)
    return job


@transaction.atomic
def cancel(job: Job, *, by: Membership, at: datetime) -> Job:
    """Ask a job to stop; it does so at the border of its next chunk, what is done stays done."""
    if Job.objects.running().filter(pk=job.pk, cancel_requested=False).update(cancel_requested=True):
        audit.record("job.cancelled", job, by=by, at=at, kind=job.kind)
        wake(require_organization_id(), job.pk)
    job.refresh_from_db()
    return job


def wake(organization_id: int, job_id: int) -> None:
    """Send a wake-up for a job when the transaction commits; a lost one is made good by the sweep."""

    def send() -> None:
        ids = {"organization_id": organization_id, "job_id": job_id}
        current_app.send_task("jobs.tasks.wake", kwargs=ids, ignore_result=True)

    transaction.on_commit(send, robust=True)


@transaction.atomic
def sweep(*, at: datetime) -> int:
    """Wake again every job whose time has come and that nobody runs; return how many."""
    due = list(
        WakeUp.objects.select_for_update(skip_locked=True).filter(next_at__lte=at).order_by("next_at")[:_SWEPT_AT_ONCE]
    )
    WakeUp.objects.filter(pk__in=[each.pk for each in due]).update(next_at=at + LEASE)
    for each in due:
        wake(each.organization_id, each.job_id)
    return len(due)


def store_file(name: str, content: bytes, content_type: str, *, by: Membership | None, at: datetime) -> StoredFile:
    """Keep a file in the database. Only `by`, and the starter of a job whose result it is, can fetch it."""
    stored: StoredFile = StoredFile.objects.create(
        name=name[:200],
        content_type=content_type[:100],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        by=by,
        at=at,
    )
    return stored


@dataclass(frozen=True)
class Notice:
    """Something to tell a member: see `notify`."""

    to_id: int
    code: str
    unique_key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


def notify(to: Membership, code: str, *, data: Mapping[str, Any], url: str, unique_key: str, at: datetime) -> None:
    """Put one line under a member's bell, unless they have heard `unique_key` before.

    :param code: registered by `jobs.labels.register_notification`, whose placeholders `data` fills.
    :param url: a path on this site.
    """
    notify_all([Notice(to.pk, code, unique_key, data, url)], at=at)


def notify_all(notices: Iterable[Notice], *, at: datetime) -> None:
    """Tell many at once, in one statement; whoever has heard a `unique_key` before is not told again."""
    Notification.objects.bulk_create(
        [
            Notification(
                to_id=notice.to_id,
                code=notice.code,
                data=dict(notice.data),
                url=notice.url[:300],
                unique_key=notice.unique_key[:120],
                at=at,
            )
            for notice in notices
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )


TELL_FOUND = """
    INSERT INTO jobs_notification (organization_id, to_id, code, data, url, unique_key, at)
    SELECT %(org)s, f.to_id, %(code)s, f.data, %(url)s, f.unique_key, %(at)s FROM found f
    ON CONFLICT DO NOTHING
"""
"""`notify_all` as the end of a statement that knows by itself what there is to tell: in `found` (to_id, data,
unique_key), a common table expression of it. What is told and that it was told are then written as one.
"""


def unsay(unique_key: str) -> int:
    """Take a line back from under the bells of those who have not read it, since it was not meant; return from how
    many.
    """
    count: int = Notification.objects.unread().filter(unique_key=unique_key).delete()[0]
    return count


def amend(unique_key: str, data: Mapping[str, Any]) -> int:
    """Change what a line says under the bells of those who have not read it, since part of it was not meant; return
    under how many.
    """
    count: int = Notification.objects.unread().filter(unique_key=unique_key).update(data=dict(data))
    return count


def read(membership: Membership, *, at: datetime, pk: int | None = None) -> int:
    """Mark one notification (`pk`) or all of a member's as read; return how many were unread."""
    unread = Notification.objects.visible_to(membership).unread()
    count: int = (unread if pk is None else unread.filter(pk=pk)).update(read_at=at)
    return count


def end(job: Job, state: str, *, at: datetime, url: str, error: str = "") -> None:
    """Close a job for good: its wake-up goes, and whoever started it is told."""
    assert state in ENDED  # noqa: S101  # a slip of the programmer, never of a user
    job.state, job.error, job.ended_at = state, error[:200], at
    job.save(update_fields=["state", "error", "ended_at"])
    WakeUp.objects.filter(organization_id=require_organization_id(), job_id=job.pk).delete()
    if job.by_id is not None:
        data = {"title": job.title, "kind": job.kind, "done": job.done, "total": job.total, "error": job.error}
        data["counts"] = {code: job.result[code] for code in words_of(job.kind).counts if job.result.get(code)}
        notify_all([Notice(job.by_id, f"job_{state}", f"job:{job.pk}:{state}", data, url)], at=at)
