"""Whether this process lives, and whether it can do its work: asked by health checks, telling no secret."""

import logging
import time
from collections.abc import Callable

from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from salesops.celery import HEARTBEAT
from tenants.web import open_view

logger = logging.getLogger("salesops.health")

LATE_AFTER = 60
"""Seconds without a sweep, which is due every five, until the background work counts as late."""

_seen: dict[str, bool] = {}


@open_view("a health check asks whether the process lives, before anyone has signed in")
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer that this process lives; asks nobody else."""
    return JsonResponse({"status": "ok"})


@open_view("a load balancer asks whether pages can be served, before anyone has signed in")
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when pages can be served, else 503, with one word for each part.

    A late worker is told but takes no page away: what is to be done waits in the database.
    """
    parts = {name: _word(name, part) for name, part in PARTS.items()}
    able = all(parts[name] == "ok" for name in ("database", "migrations", "broker"))
    return JsonResponse({"status": "ok" if able else "failing", **parts}, status=200 if able else 503)


def _word(name: str, part: Callable[[], str]) -> str:
    """Return what a part says of itself; why it failed stands in the log alone."""
    try:
        return part()
    except Exception:
        logger.exception("%s is not ready", name)
        return "failing"


def _database() -> str:
    """The database answers, to a role that the walls bind: signing in as any other raises."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    """Every migration of this code is applied; once so, it stays so for this process."""
    if not _seen.get("migrated"):
        loader = MigrationLoader(connection)
        _seen["migrated"] = not loader.disk_migrations.keys() - loader.applied_migrations.keys()
    return "ok" if _seen["migrated"] else "missing"


def _broker() -> str:
    """The broker takes messages, and the cache keeps what the throttles count."""
    cache.set("salesops.ready", 1, timeout=60)
    with current_app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0)
    return "ok"


def _worker() -> str:
    """Beat, the broker and a worker carried a sweep through a moment ago."""
    swept_at = cache.get(HEARTBEAT)
    return "ok" if swept_at is not None and time.time() - swept_at < LATE_AFTER else "late"


PARTS = {"database": _database, "migrations": _migrations, "broker": _broker, "worker": _worker}
