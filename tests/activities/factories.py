"""Visits and next actions for tests, made through the actions."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from accounts.models import Account
from activities import actions
from activities.kinds import Kind, Origin, Result
from activities.models import NextAction, Visit
from tenants.models import Membership


def make_visit(account: Account, by: Membership, at: datetime, **facts: Any) -> Visit:
    """Log a visit that went well, an hour before `at`."""
    facts = {
        "happened_at": at - timedelta(hours=1),
        "kind": Kind.VISIT,
        "result": Result.ADVANCED,
        "request_key": uuid4(),
        **facts,
    }
    return actions.log_visit(account, by=by, at=at, **facts)


def make_plan(account: Account, by: Membership, at: datetime, **facts: Any) -> Visit:
    """Plan a visit for the day after `at`."""
    facts = {"planned_at": at + timedelta(days=1), "kind": Kind.VISIT, "goal": "A trial agreed", **facts}
    return actions.plan_visit(account, by=by, at=at, **facts)


def make_step(
    account: Account, owner: Membership, at: datetime, due_on: date | None = None, **facts: Any
) -> NextAction:
    """Take on a next action, due three days after `at` unless said otherwise."""
    facts = {"text": "Send the offer", "by": owner, "origin": Origin.HAND, **facts}
    return actions.add_next_action(
        account, owner=owner, due_on=due_on or (at + timedelta(days=3)).date(), at=at, **facts
    )
