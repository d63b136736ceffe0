"""The work of this app in the background: a change of many opportunities."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from funnel import actions
from jobs.models import Job
from jobs.running import Progress, job_kind


@job_kind(actions.BULK_JOB, label=_("Change of many opportunities"), steps={"change": _("Change them one by one")})
def change_many(job: Job, *, at: datetime) -> Progress:
    """Do, or take back, the next few."""
    bulk, done = actions.work_on_chunk(job.payload["bulk"], job.cursor.get("start", 0), at=at)
    url = reverse("funnel:bulk_change", args=[bulk.by.organization.slug, bulk.pk])
    total = len(bulk.asked)
    return Progress(done, total, "change", {"start": done}, finished=done >= total, result={"url": url})
