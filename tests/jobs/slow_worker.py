"""A Celery application with one slow kind of job, for the test that kills its worker."""

import os
import time
from datetime import datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
django.setup()

from jobs import actions  # noqa: E402  # Django first
from jobs.models import Job  # noqa: E402
from jobs.running import Progress, job_kind  # noqa: E402
from salesops.celery import app as app  # noqa: E402

CHUNKS = 12


@job_kind("slow", label="Slow")
def slow(job: Job, *, at: datetime) -> Progress:
    """Store a file, then dawdle, so that a kill comes between the effect and its commit."""
    here = job.cursor.get("next", 0)
    actions.store_file(f"chunk-{here}", b"x", "text/plain", by=None, at=at)
    time.sleep(0.25)
    return Progress(here + 1, CHUNKS, "", {"next": here + 1}, finished=here + 1 == CHUNKS)
