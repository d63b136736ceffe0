"""Customers, contacts and products."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import actions as accounts
from accounts.segments import Factor
from tests.cast import Cast
from tests.walls.furnishing.texts import Text


def archive(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    at = timezone.now() - timedelta(days=40)
    facts: dict[str, Any] = {
        "industry": text(80),
        "region": text(80),
        "address": text(200),
        "phone": text(40),
        "website": text(200),
        "source": text(80),
        "notes": text(2_000),
        "external_id": text(80),
        "tax_id": text(30),
    }
    parent = accounts.create_account(name=f"{text(190)} group", owner=cast.rep, by=cast.rep, at=at)
    account = accounts.create_account(
        name=text(200), owner=cast.rep, by=cast.rep, at=at, parent=parent, founded_year=1990, **facts
    )
    contact = accounts.create_contact(
        account,
        name=text(120),
        position=text(120),
        department=text(120),
        phone=text(40),
        email=f"{text(60)}@x.example",
        notes=text(2_000),
        by=cast.rep,
        at=at,
    )
    ratings = dict.fromkeys(Factor, 75)
    accounts.assess(account, ratings=ratings, notes={f: text(500) for f in Factor}, by=cast.rep, at=at)
    for helper in (cast.colleague, cast.partner):
        accounts.add_member(account, helper, by=cast.rep, at=at)
    product = accounts.create_product(name=text(120), series=text(80), list_price=900_000, by=cast.manager, at=at)
    return {"account": account, "parent": parent, "contact": contact, "product": product, "member": cast.colleague}
