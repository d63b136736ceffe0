"""Wake-ups by Celery. The job row is the truth; a message may be lost, late or doubled."""

from celery import shared_task
from django.utils import timezone

from jobs import actions, running
from jobs.models import Job
from tenants.tasks import OrgTask

TURN_SECONDS = 20
"""After so long a job makes room for the next one in the queue."""


@shared_task(base=OrgTask, name="jobs.tasks.wake", ignore_result=True)
def wake(*, organization_id: int, job_id: int) -> None:
    """Run a job, if nobody else does; a long one hands itself on."""
    if not running.run(Job(pk=job_id, organization_id=organization_id), seconds=TURN_SECONDS):
        actions.wake(organization_id, job_id)


@shared_task(name="jobs.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Wake again whatever waits too long: its message was lost, or its worker died."""
    actions.sweep(at=timezone.now())
