"""The jobs of an import: read the file, check it without writing, import it, take it back."""

from datetime import datetime
from typing import Any

from celery import shared_task
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange import actions, labels
from exchange.models import Import
from exchange.states import ImportState
from jobs.models import Job
from jobs.running import Progress, job_kind
from tenants.models import Membership, Organization
from tenants.scoping import working_for


def _import(job: Job) -> Import:
    """The import of a job, without its file: that is large, and only the reading of it needs it."""
    imported: Import = Import.objects.select_related("by__user", "by__organization").get(pk=job.payload["import"])
    return imported


def _page(imported: Import) -> str:
    return reverse("exchange:import_detail", args=[imported.by.organization.slug, imported.pk])


@job_kind(
    actions.READ_JOB,
    label=_("Read a file"),
    steps={code: labels.STEPS[code] for code in ("read", "survey")},
    done=_("“%(title)s” was read."),
)
def read_file(job: Job, *, at: datetime) -> Progress:
    """Stage the next rows; when there are no more, look through the columns."""
    imported = _import(job)
    result: dict[str, Any] = {"url": _page(imported)}
    if job.cursor.get("look"):
        actions.look_through(imported)
        return Progress(imported.total, imported.total, "survey", {}, finished=True, result=result)
    step = actions.read_on(imported, after=job.cursor.get("after", 0), position=job.cursor.get("position", 0))
    refused = imported.state == ImportState.REFUSED
    return Progress(step.done, step.done, "read", step.cursor, finished=refused, result=result)


@job_kind(
    actions.CHECK_JOB,
    label=_("Check an import"),
    steps={code: labels.STEPS[code] for code in ("check", "rejects")},
    counts=labels.VERDICTS,
    errors=labels.BARS,
    done=_("“%(title)s” is checked; rows: %(total)s."),
)
def check_rows(job: Job, *, at: datetime) -> Progress:
    """Check the next rows."""
    return _chunk(job, "check", dry=True, at=at)


@job_kind(
    actions.IMPORT_JOB,
    label=_("Import rows"),
    steps={code: labels.STEPS[code] for code in ("import", "rejects")},
    counts=labels.VERDICTS,
    errors=labels.BARS,
    done=_("“%(title)s” is imported; rows: %(total)s."),
)
def import_rows(job: Job, *, at: datetime) -> Progress:
    """Import the next rows."""
    return _chunk(job, "import", dry=False, at=at)


@job_kind(
    actions.UNDO_JOB,
    label=_("Undo an import"),
    steps={"undo": labels.STEPS["undo"]},
    counts=labels.UNDONE,
    errors=labels.BARS,
    done=_("The import of “%(title)s” was undone; rows: %(total)s."),
)
def undo_rows(job: Job, *, at: datetime) -> Progress:
    """Take an import back, all of it in this one chunk."""
    imported = _import(job)
    done = actions.take_back(imported, by=_by(job), at=at)
    removed, restored = (sum(counts[place] for counts in done.counts.values()) for place in (0, 1))
    result = {"removed": removed, "restored": restored, "url": _page(imported)}
    return Progress(done.rows, done.rows, "undo", {}, finished=True, result=result)


def _by(job: Job) -> Membership:
    """Whoever started the job, whose rights it works with."""
    found: Membership = Membership.objects.select_related("user", "organization").get(pk=job.by_id or 0)
    return found


def _chunk(job: Job, step: str, *, dry: bool, at: datetime) -> Progress:
    imported = _import(job)
    if job.cursor.get("rejects"):
        rejects = actions.finish(imported, dry=dry, by=_by(job), at=at)
        return _progress(imported, "rejects", dict(job.cursor), finished=True, result_file=rejects)
    position = job.cursor.get("position", 0) if dry else imported.position
    done = actions.work_on(imported, position=position, dry=dry, by=_by(job), at=at)
    return _progress(imported, step, dict(done.cursor))


def _progress(imported: Import, step: str, cursor: dict[str, Any], **more: Any) -> Progress:
    counts = imported.tally
    result = {**counts.verdicts, "url": _page(imported)}
    return Progress(counts.total, imported.total, step, cursor, result=result, **more)


@shared_task(name="exchange.tasks.purge", ignore_result=True)
def purge() -> None:
    """Remove what old imports staged, in every organization; runs each night."""
    now = timezone.now()
    for organization in Organization.objects.order_by("pk"):
        with working_for(organization):
            while actions.purge(at=now):
                pass
