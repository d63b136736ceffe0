"""An opportunity with a sales team to be, and a partner company."""

from typing import Any

import pytest

from accounts import actions as accounts_actions
from accounts.models import Account
from accounts.segments import Kind
from funnel.models import Opportunity
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity


@pytest.fixture
def deal(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep)


@pytest.fixture
def company(acme: Cast) -> Account:
    """A partner company that does not sign in."""
    facts: dict[str, Any] = {"kind": Kind.CHANNEL_PARTNER}
    made: Account = accounts_actions.create_account(name="Reseller", owner=acme.rep, by=acme.rep, at=AT, **facts)
    return made
