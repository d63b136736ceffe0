"""The nightly computation of every organization, and the job that does it."""

from datetime import date, datetime

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from forecasting import actions
from jobs.models import Job
from jobs.running import Progress, job_kind
from tenants.models import Organization
from tenants.scoping import working_for


@job_kind(
    actions.JOB,
    label=_("Forecast"),
    steps={"health": _("Check the health of opportunities"), "snapshot": _("Store the forecast")},
    counts={"flagged": _("Opportunities with a flag"), "stored": _("Opportunities stored")},
)
def compute(job: Job, *, at: datetime) -> Progress:
    """Judge every opportunity, then store the forecast of the day in `payload["on"]`."""
    organization: Organization = job.organization
    if job.cursor.get("step") != "snapshot":
        flagged = actions.refresh_health(organization, at=at)
        return Progress(1, 2, "snapshot", {"step": "snapshot"}, result={"flagged": flagged})
    stored = actions.take_snapshot(organization, on=date.fromisoformat(job.payload["on"]), at=at)
    return Progress(2, 2, "snapshot", {}, finished=True, result={"stored": stored})


@shared_task(name="forecasting.tasks.nightly", ignore_result=True)
def nightly() -> None:
    """Start the computation of every organization whose day has ended since it was last asked; runs each hour."""
    now = timezone.now()
    for organization in Organization.objects.order_by("pk"):
        with working_for(organization), transaction.atomic():
            actions.start_night(organization, at=now)
