"""Made-up companies for the tests."""

from datetime import UTC, datetime
from typing import Any

from accounts import actions
from accounts.models import Account, Contact, Product
from tests.cast import Cast

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def make_account(cast: Cast, name: str = "Formosa Plastics", **fields: Any) -> Account:
    """A company of the cast's rep, recorded by its owner; call inside the scope."""
    owner = fields.pop("owner", cast.rep)
    by = fields.pop("by", owner)
    return actions.create_account(name=name, owner=owner, by=by, at=fields.pop("at", AT), **fields)


def make_contact(account: Account, name: str = "王小明", **fields: Any) -> Contact:
    """A person there, recorded by the owner."""
    return actions.create_contact(account, name=name, by=account.owner, at=AT, **fields)


def make_product(cast: Cast, name: str = "Press Brake 80", **fields: Any) -> Product:
    """A product, recorded by the manager."""
    return actions.create_product(name=name, by=cast.manager, at=AT, **fields)
