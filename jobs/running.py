"""Run jobs: kinds register a function that does one chunk, the runner repeats it to the end."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from jobs import actions
from jobs.labels import KINDS, KindWords, Text
from jobs.models import Job, StoredFile, WakeUp
from jobs.retries import LEASE, TRIES, wait_after
from jobs.states import State
from tenants.errors import Refused
from tenants.models import Membership, Organization
from tenants.scoping import working_for

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """Where a job stands after a chunk.

    `done` of `total` units; `step`, a code of the kind's steps; `cursor`, JSON values from which the next chunk goes
    on; `result`, JSON values merged into the job's (counts by code, `url` of a page that shows it).
    """

    done: int
    total: int
    step: str
    cursor: Mapping[str, Any]
    finished: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    result_file: StoredFile | None = None


class _StarterIsOut(Exception):
    """Whoever started the job may not enter any more: what the chunk did is taken back."""


ChunkFunction = Callable[..., Progress]
_chunks: dict[str, ChunkFunction] = {}


def job_kind(
    code: str,
    *,
    label: Text,
    steps: Mapping[str, Text] | None = None,
    counts: Mapping[str, Text] | None = None,
    errors: Mapping[str, Text] | None = None,
    done: Text = "",
) -> Callable[[ChunkFunction], ChunkFunction]:
    """Register `def chunk(job, *, at) -> Progress` as the work of jobs of kind `code`.

    The runner calls it inside the organization's scope, in one transaction with the cursor and progress it returns,
    until it is finished: make a chunk last a second or two. It stands in a module that `tasks.py` imports.

    :param steps: the words of the steps, in order, by the codes that `Progress.step` uses.
    :param counts: the words of the numbers in `Progress.result`, by code.
    :param done: what tells whoever started it that it is over, with `%(title)s` and `%(total)s`.
    :param errors: the words of `Refused` codes; a refusal ends the job at once, anything else is tried again.
    """

    def register(chunk: ChunkFunction) -> ChunkFunction:
        _chunks[code] = chunk
        KINDS[code] = KindWords(label, steps or {}, counts or {}, errors or {}, done)
        return chunk

    return register


def run(job: Job, *, seconds: float | None = None) -> bool:
    """Run the chunks of a job until it ends, fails for now, or somebody else has it; return False to be called again.

    :param seconds: stop early after so long, so that other jobs get their turn; None works on to the end.
    """
    organization: Organization = job.organization
    until = None if seconds is None else time.monotonic() + seconds
    with working_for(organization):
        more = _pick_up(organization, job.pk, at=timezone.now())
        while more:
            more = _chunk(organization, job.pk)
            if more and until is not None and time.monotonic() >= until:
                return False
        if seconds is None:
            with transaction.atomic():
                job.refresh_from_db()
    return True


def _lock(organization: Organization, job_id: int) -> WakeUp | None:
    """Take the right to run this job, or None: somebody else has it, or the job is at its end."""
    return (
        WakeUp.objects.select_for_update(skip_locked=True)
        .filter(organization_id=organization.pk, job_id=job_id)
        .first()
    )


@transaction.atomic
def _pick_up(organization: Organization, job_id: int, *, at: datetime) -> bool:
    """Count this try where a crash cannot undo it; give up after too many."""
    turn = _lock(organization, job_id)
    if turn is None:
        return False
    job = Job.objects.running().filter(pk=job_id).first()
    if job is None:
        turn.delete()
        return False
    if turn.attempts >= TRIES:
        _fail(organization, job, reference=_reference(), at=at)
        return False
    turn.attempts, turn.next_at = turn.attempts + 1, at + LEASE
    turn.save(update_fields=["attempts", "next_at"])
    Job.objects.filter(pk=job_id, started_at=None).update(started_at=at)
    Job.objects.filter(pk=job_id, state=State.QUEUED).update(state=State.RUNNING)
    return True


def _chunk(organization: Organization, job_id: int) -> bool:
    """Run one chunk in one transaction with its progress; return whether there is more to do now."""
    try:
        with transaction.atomic():
            _plan_anew()
            return _work(organization, job_id, at=timezone.now())
    except _StarterIsOut:
        _call_off(organization, job_id)
    except Refused as refusal:
        _give_up(organization, job_id, error=refusal.code)
    except Exception:
        reference = _reference()
        logger.exception("job %s of organization %s, reference %s", job_id, organization.pk, reference)
        _put_off(organization, job_id, reference=reference, at=timezone.now())
    return False


def _plan_anew() -> None:
    """Have the server forget its plans of earlier chunks.

    The check of each foreign key keeps its plan for as long as the connection lives. One made while a table was all but
    empty reads the organization's whole table for every row once that has grown, until the server gathers statistics,
    which may be minutes and a hundred thousand rows later.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def _work(organization: Organization, job_id: int, *, at: datetime) -> bool:
    turn = _lock(organization, job_id)
    if turn is None:
        return False
    job: Job = Job.objects.get(pk=job_id)
    if job.cancel_requested or _starter_is_out(job):
        actions.end(job, State.CANCELLED, at=at, url=_page(organization, job))
        return False
    progress = _chunks[job.kind](job, at=at)
    if _starter_is_out(job):
        raise _StarterIsOut
    job.done, job.total, job.step = max(job.done, progress.done), progress.total, progress.step
    job.cursor = dict(progress.cursor)
    job.result = {**job.result, **progress.result}
    if progress.result_file is not None:
        job.result_file = progress.result_file
    job.save(update_fields=["done", "total", "step", "cursor", "result", "result_file"])
    now = timezone.now()
    if progress.finished:
        actions.end(job, State.DONE, at=now, url=_page(organization, job))
        return False
    turn.attempts, turn.next_at = 1, now + LEASE
    turn.save(update_fields=["attempts", "next_at"])
    return True


def _starter_is_out(job: Job) -> bool:
    """Whether the member who started it was deactivated, as the database says at this moment."""
    return job.by_id is not None and not Membership.objects.active().filter(pk=job.by_id).exists()


@transaction.atomic
def _call_off(organization: Organization, job_id: int) -> None:
    """Cancel a job whose starter was deactivated while a chunk ran."""
    if _lock(organization, job_id) is not None:
        job: Job = Job.objects.get(pk=job_id)
        actions.end(job, State.CANCELLED, at=timezone.now(), url=_page(organization, job))


@transaction.atomic
def _put_off(organization: Organization, job_id: int, *, reference: str, at: datetime) -> None:
    """After a failure nobody expected: try again later, or not any more."""
    turn = _lock(organization, job_id)
    if turn is None:
        return
    if turn.attempts >= TRIES:
        _fail(organization, Job.objects.get(pk=job_id), reference=reference, at=at)
        return
    turn.next_at = at + wait_after(turn.attempts)
    turn.save(update_fields=["next_at"])


@transaction.atomic
def _give_up(organization: Organization, job_id: int, *, error: str) -> None:
    if _lock(organization, job_id) is not None:
        _fail(organization, Job.objects.get(pk=job_id), reference=error, at=timezone.now())


def _fail(organization: Organization, job: Job, *, reference: str, at: datetime) -> None:
    actions.end(job, State.FAILED, at=at, url=_page(organization, job), error=reference)


def _page(organization: Organization, job: Job) -> str:
    """Where the end of this job is looked at."""
    return job.url or reverse("jobs:panel", args=[organization.slug, job.pk])


def _reference() -> str:
    """A number that leads from the screen to the log."""
    return uuid.uuid4().hex[:12]
