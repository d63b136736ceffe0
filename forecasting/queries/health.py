"""What the rules of health ask of opportunities, and what other limits would do."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from forecasting.health import Facts, Thresholds
from forecasting.judging import judgement, seen_facts
from forecasting.models import JOB
from funnel.flags import Flag
from jobs.models import Job
from tenants.scoping import require_organization_id


def facts_of(opportunities: Collection[int], *, at: datetime) -> dict[int, Facts]:
    """Return what the rules of health ask of these open opportunities, by id."""
    if not opportunities:
        return {}
    statement, asked = seen_facts(require_organization_id(), opportunities, at=at)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return {pk: Facts(*facts) for pk, *facts in cursor.fetchall()}


def is_being_judged() -> bool:
    """Whether the job that judges all there are runs, or waits to."""
    return bool(Job.objects.running().filter(kind=JOB).exists())


def would_change(holds: Sequence[Thresholds], *, at: datetime) -> list[tuple[str, int, int]]:
    """Return for each rule how many open opportunities would gain its flag under these limits, and how many lose it.

    Both sides are judged now, so that what the time did since the night counts on neither. Rules that nobody gains or
    loses are left out.
    """
    now, then = _judged(None, at), _judged(holds, at)
    found: list[tuple[str, int, int]] = []
    for code in Flag:
        before, after = ({pk for pk, flags in each.items() if code in flags} for each in (now, then))
        if before != after:
            found.append((code, len(after - before), len(before - after)))
    return found


def _judged(given: Sequence[Thresholds] | None, at: datetime) -> dict[int, list[str]]:
    statement, asked = judgement(require_organization_id(), None, at=at, given=given)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return {pk: flags for pk, *_seen, flags in cursor.fetchall()}
