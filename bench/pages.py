"""What is asked of the server: each page by itself, and the mixture of a working day."""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from bench.browser import Ask
from tools.cluster import OWNER_ROLE, Cluster

SEED = 7
SHARES = {"list": 25, "board": 20, "opportunity": 25, "move": 10, "report": 5, "create": 5, "forecast": 5, "review": 5}
"""Of a hundred pages of the mixed load."""


@dataclass
class Known:
    """What requests to one organization name."""

    org: str
    executive: int
    account: int
    product: int
    review: int
    opportunities: list[int]
    moves: Iterator[tuple[int, int, int]]  # opportunity, stage and version, each handed out once


def known(cluster: Cluster, database: str, org: str) -> Known:
    """Return what can be asked for in an organization."""
    connection = psycopg2.connect(cluster.url(OWNER_ROLE, database))
    with connection, connection.cursor() as cursor:

        def rows(sql: str) -> list[Any]:
            cursor.execute(sql, {"org": org})
            return cursor.fetchall()

        of = "WHERE organization_id = (SELECT id FROM tenants_organization WHERE slug = %(org)s)"
        ((executive,),) = rows(f"SELECT id FROM tenants_membership {of} AND role = 'executive' AND is_admin")
        ((account,),) = rows(f"SELECT min(id) FROM accounts_account {of}")
        ((product,),) = rows(f"SELECT min(id) FROM accounts_product {of}")
        ((review,),) = rows(f"SELECT max(id) FROM coaching_review {of}")
        opened = rows(f"SELECT id, stage, version FROM funnel_opportunity {of} AND status = 'open' ORDER BY id")
    connection.close()
    random.Random(SEED).shuffle(opened)
    return Known(
        org,
        executive,
        account,
        product,
        review,
        [pk for pk, _stage, _version in opened[:500]],
        iter([each for each in opened[500:] if each[1] < 6]),
    )


def asks(known: Known) -> Mapping[str, Callable[[], Ask]]:
    """Return for each page what asks for it once more."""
    dice, base = random.Random(SEED), f"/o/{known.org}"

    def opportunity() -> Ask:
        return Ask("opportunity", f"{base}/funnel/{dice.choice(known.opportunities)}/")

    def move() -> Ask:
        pk, stage, version = next(known.moves)
        until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
        form = {"stage": str(stage + 1), "version": str(version), "anyway": "on", "why": "It follows", "until": until}
        return Ask("move", f"{base}/funnel/{pk}/move/?on=board", form, swap=True)

    def create() -> Ask:
        form = {
            "account": str(known.account),
            "name": f"New opportunity {dice.randrange(10**6)}",
            "product": str(known.product),
            "amount": "1280000",
            "quoted_currency": "TWD",
            "expected_close_on": "",
            "stage": "1",
            "owner": str(known.executive),
            "request_key": str(uuid.uuid4()),
        }
        return Ask("create", f"{base}/funnel/new/", form)

    return {
        "list": lambda: Ask("list", f"{base}/funnel/table/"),
        "board": lambda: Ask("board", f"{base}/funnel/"),
        "opportunity": opportunity,
        "move": move,
        "report": lambda: Ask("report", f"{base}/funnel/matrix/"),
        "create": create,
        "forecast": lambda: Ask("forecast", f"{base}/forecast/"),
        "review": lambda: Ask("review", f"{base}/coaching/reviews/{known.review}/"),
    }


def floors(known: Known) -> Mapping[str, str]:
    """Return the addresses of the bare views."""
    base = f"/bench/{known.org}"
    return {
        "list": f"{base}/list/",
        "board": f"{base}/board/",
        "opportunity": f"{base}/opportunity/{known.opportunities[0]}/",
    }


def mixture(known: Known, seed: int) -> Iterator[Ask]:
    """Yield page after page of a working day."""
    dice, pages = random.Random(SEED + seed), asks(known)
    names, shares = list(SHARES), list(SHARES.values())
    while True:
        yield pages[dice.choices(names, shares)[0]]()
