"""The Celery application. A message only wakes a worker; the job row in PostgreSQL is the truth.

Messages carry the reference number of the request that sent them, so that one number leads through both logs.
"""

import logging
import os
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from celery import Celery, Task, signals
from django.core.cache import cache

from salesops.logs import known_as, request_id
from salesops.needed import refuse_without

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")

app = Celery("salesops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger("salesops.tasks")

_HEADER = "salesops_request_id"
_SWEEP = "jobs.tasks.sweep"
HEARTBEAT = "salesops.swept_at"
"""When the last sweep went through: beat, broker and a worker were well then."""

_NUMBERS = ("organization_id", "job_id")
_running: dict[str, tuple[float, AbstractContextManager[None]]] = {}


@signals.celeryd_init.connect(weak=False)
@signals.beat_init.connect(weak=False)
def refuse(**_kwargs: Any) -> None:
    """End at once, and say why, where something is missing."""
    refuse_without()


@signals.setup_logging.connect(weak=False)
def keep_our_logging(**_kwargs: Any) -> None:
    """Let the settings say how logs look: whoever receives this keeps Celery from saying it."""
    logging.captureWarnings(True)


@signals.before_task_publish.connect(weak=False)
def hand_on(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Write on a message under which number it is sent."""
    headers[_HEADER] = request_id()


@signals.task_prerun.connect(weak=False)
def begin(task_id: str, task: Task[Any, Any], **_kwargs: Any) -> None:
    """Work under the number that stands on the message."""
    number = (task.request.headers or {}).get(_HEADER) or uuid.uuid4().hex[:12]
    known = known_as(number)
    known.__enter__()
    _running[task_id] = (time.perf_counter(), known)


@signals.task_postrun.connect(weak=False)
def end(task_id: str, task: Task[Any, Any], kwargs: dict[str, Any], state: str, **_kwargs: Any) -> None:
    """Log one line for a task, by numbers only."""
    began, known = _running.pop(task_id)
    numbers = {key.removesuffix("_id"): kwargs[key] for key in _NUMBERS if isinstance(kwargs.get(key), int)}
    if task.name == _SWEEP and state == "SUCCESS":
        cache.set(HEARTBEAT, time.time(), timeout=None)
    else:
        facts = {"task": task.name, "state": state, **numbers, "ms": round((time.perf_counter() - began) * 1000, 1)}
        logger.info("task", extra={"facts": facts})
    known.__exit__(None, None, None)


@signals.worker_ready.connect(weak=False)
@signals.heartbeat_sent.connect(weak=False)
@signals.after_task_publish.connect(weak=False)
def alive(**_kwargs: Any) -> None:
    """Touch the file that the health check of a worker or of beat looks at, where one is named."""
    if path := os.environ.get("ALIVE_FILE"):
        Path(path).touch()
