"""What apps to the right write on an opportunity. None of it counts the version up: nobody edits it in a form."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from funnel.judges import judge_anew
from funnel.models import DecisionRole, Opportunity
from tenants.backend.prepared import run_prepared

BATCH = 1_000


@transaction.atomic
def note_contact(opportunity: Opportunity, *, met_at: datetime, at: datetime) -> None:
    """Note that the customer was met about it; the latest meeting stands."""
    note_contacts({opportunity.pk: met_at}, at=at)
    opportunity.last_contact_at = max(met_at, opportunity.last_contact_at or met_at)


@transaction.atomic
def note_contacts(met: Mapping[int, datetime], *, at: datetime) -> None:
    """Note for many opportunities, by id, when the customer was last met about them."""
    rows = Opportunity.objects.select_for_update(of=("self",)).filter(pk__in=met).order_by("pk").only("last_contact_at")
    later = [row for row in rows if row.last_contact_at is None or row.last_contact_at < met[row.pk]]
    for row in later:
        row.last_contact_at = met[row.pk]
    Opportunity.objects.bulk_update(later, ["last_contact_at"], batch_size=BATCH)
    judge_anew([row.pk for row in later], at=at)


@transaction.atomic
def note_met(met: Mapping[int, date | None], *, at: datetime) -> None:
    """Set on every strategy sheet the day on which people, by the id of the contact, were last met; None says never."""
    rows = DecisionRole.objects.select_for_update(of=("self",)).filter(contact__in=met).order_by("pk")
    changed = [
        row
        for row in rows.only("contact_id", "last_met_on", "opportunity_id")
        if row.last_met_on != met[row.contact_id]
    ]
    for row in changed:
        row.last_met_on = met[row.contact_id]
    DecisionRole.objects.bulk_update(changed, ["last_met_on"], batch_size=BATCH)
    judge_anew({row.opportunity_id for row in changed}, at=at)


@transaction.atomic
def note_next_step(opportunity: Opportunity, *, text: str, on: date | None, at: datetime) -> None:
    """Note the next action and its date; '' and None say that there is none."""
    opportunity.next_step, opportunity.next_step_on = text.strip()[:200], on
    note_next_steps({opportunity.pk: (text, on)}, at=at)


@transaction.atomic
def note_next_steps(steps: Mapping[int, tuple[str, date | None]], *, at: datetime) -> None:
    """Note for many opportunities, by id, the next action and its date; ("", None) says that there is none."""
    rows = list(Opportunity.objects.select_for_update(of=("self",)).filter(pk__in=steps).order_by("pk"))
    for row in rows:
        text, row.next_step_on = steps[row.pk]
        row.next_step = text.strip()[:200]
    Opportunity.objects.bulk_update(rows, ["next_step", "next_step_on"], batch_size=BATCH)
    judge_anew([row.pk for row in rows], at=at)


_NOTE = """
    WITH verdicts AS MATERIALIZED ({judgement}),
    differing AS MATERIALIZED (
        SELECT v.id, v.seen, v.health, v.flags FROM verdicts v
        WHERE v.health IS DISTINCT FROM v.health_before OR v.flags IS DISTINCT FROM v.flags_before
    ), {first} kept AS MATERIALIZED (
        SELECT o.id, o.xmin AS seen FROM funnel_opportunity o
        WHERE o.organization_id = %(org)s {some} AND o.id IN (SELECT id FROM differing UNION SELECT id FROM touched)
        ORDER BY o.id FOR NO KEY UPDATE
    ), noted AS (
        UPDATE funnel_opportunity o SET health = d.health, flags = d.flags
        FROM differing d JOIN kept k ON k.id = d.id
        WHERE o.organization_id = %(org)s AND o.id = d.id AND o.xmin = d.seen
        RETURNING o.id, o.health, o.flags
    )
"""


@transaction.atomic(savepoint=False)
def note_judged(judgement: str, asked: Mapping[str, Any], *, first: str, along: str) -> list[tuple[Any, ...]]:
    """Note the health of many as a statement judges it, in one statement with what the judge keeps of its own.

    Only what changed is written, and what somebody else changed while it was judged is passed over: whoever did has had
    it judged themselves.

    :param judgement: a statement with rows of (id, seen, health, flags, health_before, flags_before, …), where `seen`
        is the `xmin` of the row that was judged.
    :param asked: the parameters, among them `org`, and `some` where only those with these ids are judged: then the plan
        is kept for the next time; one that fits some does not fit all.
    :param first: common table expressions on `verdicts`, each ending in a comma, one of them `touched` (id): those of
        which the judge keeps something. They are locked with what changed, in the order of their ids, before anything
        is written, so that two who judge the same never wait for each other.
    :param along: the rest of the statement, from a comma or SELECT on. It sees `verdicts` (what the judgement said),
        `kept` (id, seen: those locked, as they are then) and `noted` (id, health, flags of what changed); its rows
        are returned.
    """
    some = "some" in asked
    narrowed = _NOTE.replace("{some}", "AND o.id = ANY(%(some)s)" if some else "")
    statement = narrowed.replace("{judgement}", judgement).replace("{first}", first) + along
    if some:
        return run_prepared(statement, asked)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
