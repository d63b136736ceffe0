"""Judging health: after a change for what changed, every night for all."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from forecasting.actions.alerting import (
    FIRST_ALL,
    FIRST_SOME,
    KEEP_ALL,
    KEEP_SOME,
    climb,
    take_back,
    tell_soon,
    tell_untold,
    telling,
)
from forecasting.actions.measuring import measure
from forecasting.judging import judgement
from forecasting.models import JOB
from funnel.actions import note_judged
from funnel.judges import Verdicts
from funnel.models import Opportunity
from jobs.actions import enqueue
from tenants.actions.locking import one_at_a_time
from tenants.models import Membership, Organization
from tenants.scoping import require_organization_id

MANY = 1_000
"""From so many on, judging all there are takes no longer than judging these."""


@transaction.atomic(savepoint=False)
def judge(ids: Collection[int] | None, at: datetime, by: Membership | None = None) -> Verdicts:
    """Judge some opportunities after a change, clear and open their alerts; the owners hear of it after the commit.

    A flag that clears and returns within a day is the same alert, later it is a new one. An owner who made the change
    is not told: they see it on the page that answers. So many as an import holds are judged with all there are. None,
    after a change of what all are judged by, judges all there are: at once where they are few, or else by the job of
    the night, for 20,000 take seconds.
    """
    if ids is None and is_judged_later():
        today = at.astimezone(_organization(by).zone).date()
        enqueue(JOB, payload={"on": today.isoformat()}, by=by, at=at)
        return {}
    if ids is None or len(ids) > MANY:
        _judge_all(_organization(by), at=at)
        return {}
    statement, asked = judgement(require_organization_id(), ids, at=at)
    asked["by"] = None if by is None else by.pk
    rows = note_judged(statement, asked, first=FIRST_SOME, along=KEEP_SOME)
    if news := {each for *_noted, each in rows if each}:
        tell_soon(_organization(by), at, over=ids if "over" in news else (), untold="untold" in news)
    return {pk: (health, flags) for pk, health, flags, each in rows if not each}


def _organization(by: Membership | None) -> Organization:
    return by.organization if by else Organization.objects.get(pk=require_organization_id())


@transaction.atomic
def refresh_health(organization: Organization, *, at: datetime) -> int:
    """Measure the organization's past, judge every open opportunity, clear and open alerts, tell owners, climb.

    Return how many opportunities carry a flag.
    """
    one_at_a_time(f"forecasting.health:{organization.pk}")
    measure(organization, at=at)
    _judge_all(organization, at=at)
    with _all_at_once():
        tell_untold(organization, at=at)
        climb(organization, at=at)
    count: int = Opportunity.objects.open().exclude(flags=[]).count()
    return count


def is_judged_later() -> bool:
    """Whether all there are would keep a page waiting."""
    return Opportunity.objects.open()[: MANY + 1].count() > MANY


def _judge_all(organization: Organization, *, at: datetime) -> None:
    statement, asked = judgement(organization.pk, None, at=at)
    with _all_at_once():
        asked |= telling(organization, at=at)
        over = note_judged(statement, asked, first=FIRST_ALL, along=KEEP_ALL)
    if over:
        take_back(organization, None, at=at)


@contextmanager
def _all_at_once() -> Iterator[None]:
    """Let thousands meet thousands without loops in loops: the planner takes them for one each, above all where the
    statistics are older than the rows of this organization.
    """
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_nestloop")
        ((before,),) = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [before])
