"""Visits, pipeline reviews and one-on-ones."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from activities import actions as activities
from activities.kinds import Kind, Result
from activities.models import NextAction, Visit
from coaching import actions as coaching
from coaching.decisions import Decision, Outcome
from tests.cast import Cast
from tests.walls.furnishing.texts import Text


def meet(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    account, opportunity, contact = rows["account"], rows["opportunity"], rows["contact"]
    visit = activities.log_visit(
        account,
        by=cast.rep,
        at=now,
        happened_at=now - timedelta(hours=2),
        kind=Kind.VISIT,
        result=Result.ADVANCED,
        note=text(2_000),
        opportunity=opportunity,
        contacts=[contact],
        commitment=text(300),
        next_text=text(200),
        next_on=(now + timedelta(days=2)).date(),
        new_contacts=[(text(120), text(120))],
    )

    def plan() -> Visit:
        return activities.plan_visit(
            account,
            by=cast.rep,
            at=now,
            planned_at=now + timedelta(hours=1),
            kind=Kind.VISIT,
            goal=text(200),
            opportunity=opportunity,
            contacts=[contact],
        )

    def step() -> NextAction:
        return activities.add_next_action(
            account,
            owner=cast.rep,
            text=text(200),
            due_on=(now + timedelta(days=1)).date(),
            by=cast.rep,
            at=now,
            opportunity=opportunity,
        )

    cancelled, dropped = activities.call_off(plan(), by=cast.rep, at=now), step()
    activities.drop(dropped, by=cast.rep, at=now)
    return {"visit": visit, "planned": plan(), "cancelled": cancelled, "step": step(), "dropped": dropped}


def review(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    past = coaching.start_review(by=cast.manager, at=now - timedelta(days=7))
    due = (now + timedelta(days=3)).date()
    said: dict[str, Any] = {
        "decision": Decision.ADVANCE,
        "comment": text(2_000),
        "next_text": text(200),
        "next_on": due,
    }
    entry: dict[str, Any] = {"seen": 0, "by": cast.manager, **said}
    coaching.decide(past, rows["opportunity"], at=now - timedelta(days=7), **entry)
    coaching.end_review(past, by=cast.manager, at=now - timedelta(days=6), minutes=text(2_000))
    review = coaching.start_review(by=cast.manager, at=now)
    coaching.decide(review, rows["opportunity"], at=now, **entry)
    return {"review": review, "past": past, "person": cast.rep}


def coach(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    for days in (5, 1):
        session = coaching.hold_session(
            rows["opportunity"],
            by=cast.manager,
            at=now - timedelta(days=days),
            agreed=text(2_000),
            outcome=None if days == 5 else Outcome.DONE,
            outcome_note="" if days == 5 else text(2_000),
            worth_pursuing=True,
            findings=text(2_000),
            customer_commitment=text(2_000),
            skill=text(120),
            next_text=text(200),
            next_on=(now + timedelta(days=4)).date(),
        )
    return {"session": session}
