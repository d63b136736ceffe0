"""Opportunities for tests, made through the actions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import actions as accounts_actions
from accounts.models import Account
from funnel import actions
from funnel.models import Opportunity
from funnel.stages import GRACE
from tenants.models import Membership
from tests.cast import AT

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
MILLION = 100_000_000  # of cents


@contextmanager
def undone_afterwards() -> Iterator[None]:
    """Undo what is written meanwhile, so that the examples of one property test do not add up."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_account(owner: Membership, name: str = "Delta Precision", at: datetime = AT) -> Account:
    """Make a customer."""
    account: Account = accounts_actions.create_account(name=name, owner=owner, by=owner, at=at)
    return account


def make_opportunity(
    owner: Membership, name: str = "Energy monitoring", account: Account | None = None, at: datetime = AT, **facts: Any
) -> Opportunity:
    """Open an opportunity worth a million, due in sixty days."""
    facts = {"amount": MILLION, "expected_close_on": (at + 60 * DAY).date(), **facts}
    return actions.open_opportunity(
        account or make_account(owner, f"Customer of {name}", at), name=name, owner=owner, by=owner, at=at, **facts
    )


def going_on(at: datetime = AT) -> dict[str, Any]:
    """Return what a move says that goes on without evidence: why, and for how long."""
    return {"why": "they asked us to hurry", "until": at.date() + GRACE}
