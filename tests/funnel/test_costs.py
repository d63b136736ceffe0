"""How many things a page asks the database; thirty of anything cost what one costs."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from funnel import actions, queries
from funnel.evidence import STANDARD
from funnel.filters import Filters
from funnel.models import Opportunity
from funnel.stages import Health, Stage
from tenants.models import Membership
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]


def recent(owner: Membership, name: str, **facts: Any) -> Opportunity:
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


def asked(captured: CaptureQueriesContext) -> list[str]:
    """What was asked, without what only opens or closes a transaction."""
    return [each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


def moved(client: Client, opportunity: Opportunity) -> list[str]:
    form = {"stage": opportunity.stage + 1, "version": opportunity.version, "anyway": "on", "why": "they hurry"}
    form["until"] = (timezone.now() + 7 * DAY).date().isoformat()
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(f"/o/acme/funnel/{opportunity.pk}/move/?on=board", form, headers={"HX-Request": "true"})
    assert f'id="opportunity-{opportunity.pk}"' in answer.content.decode()
    return asked(captured)


def test_a_move_asks_at_most_fifteen_things_however_full_the_board(acme: Cast, login: Login) -> None:
    client, account = login(acme.executive), make_account(acme.rep)

    def proven(opportunity: Opportunity) -> Opportunity:
        filed = [(opportunity.pk, key, "seen", acme.rep.pk) for key in STANDARD[opportunity.stage]]
        actions.import_evidence(filed, at=timezone.now())
        return opportunity

    first = moved(client, proven(recent(acme.rep, "first", account=account)))
    for number in range(30):
        recent(acme.rep, f"Deal {number}", account=account, stage=Stage(number % 6 + 1))
    full = moved(client, proven(recent(acme.rep, "last", account=account, stage=Stage.PROOF)))
    assert len(first) == len(full) <= 15, "\n".join(full)
    without = moved(client, recent(acme.rep, "without evidence", account=account, stage=Stage.PROOF))
    assert len(without) == len(full) + 1, "who goes on without evidence is one thing more to write down"


def test_a_move_that_is_told_to_the_owner_asks_fifteen_things_in_all(
    acme: Cast, login: Login, django_capture_on_commit_callbacks: Any
) -> None:
    client = login(acme.executive)
    moved(client, recent(acme.rep, "first", stage=Stage.DISCOVER))  # what the stages demand is written down once
    new = recent(acme.rep, "unproven", stage=Stage.DISCOVER)
    with CaptureQueriesContext(connection) as captured, django_capture_on_commit_callbacks(execute=True):
        moved(client, new)
    assert [said for said in asked(captured) if "jobs_notification" in said]
    assert len(asked(captured)) <= 15, "\n".join(asked(captured))


def test_some_columns_of_the_board_say_what_they_say_among_all(acme: Cast) -> None:
    for number in range(12):
        recent(acme.rep, f"Deal {number}", stage=Stage(number % 6 + 1), amount=number * MILLION)
    today, some = timezone.now().date(), {Stage.QUALIFY, Stage.PROOF, Stage.DEPLOY}
    whole = queries.board(acme.executive, Filters(), today=today)
    part = queries.board(acme.executive, Filters(), today=today, stages=some)
    assert part.columns == [column for column in whole.columns if column.row and column.row.stage in some]
    assert part.count == 4


def test_a_new_opportunity_asks_at_most_fifteen_things(acme: Cast, login: Login) -> None:
    client, account = login(acme.executive), make_account(acme.rep)
    form = {"account": account.pk, "name": "New", "amount": "12", "quoted_currency": acme.org.currency, "stage": 1}
    form |= {"owner": acme.rep.pk, "request_key": str(uuid4())}
    with CaptureQueriesContext(connection) as captured:
        assert client.post("/o/acme/funnel/new/", form).status_code == 303
    assert len(asked(captured)) <= 15, "\n".join(asked(captured))


def test_the_board_shows_the_same_first_cards_as_the_list(acme: Cast) -> None:
    account = make_account(acme.rep)
    for number in range(40):
        amount = None if number % 9 == 0 else number * MILLION % 7
        one = recent(acme.rep, f"Deal {number}", account=account, stage=Stage(number % 3 + 1), amount=amount)
        one.health = [Health.OK, Health.WATCH, Health.RISK][number % 3 - number % 2]
        one.save()
    today = timezone.now().date()
    board = queries.board(acme.executive, Filters(), today=today)
    for column in board.columns[:3]:
        assert column.row is not None
        narrowed = Filters(stage=column.row.stage)
        rows = queries.in_order(queries.listed(acme.executive, narrowed, today=today), narrowed)
        assert [card.pk for card in column.cards] == [row.pk for row in rows]
        assert column.count == len(rows)
        assert column.total == sum(row.amount or 0 for row in rows)
