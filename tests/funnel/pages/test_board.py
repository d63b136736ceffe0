"""The board: its sums, its order, its filters, its queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as accounts_actions
from funnel import actions
from funnel.models import OpportunityMember
from funnel.queries import CARDS
from funnel.stages import Health, Stage
from tenants.models import Membership
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, make_account, make_opportunity
from tests.funnel.health import mark_health
from tests.funnel.pages.places import Login, recent, text, url

pytestmark = pytest.mark.django_db

PAGES = ["", "table/", "new/"]


def test_the_sums_of_the_board_count_all_and_the_cards_are_the_first_few(acme: Cast, login: Login) -> None:
    account = make_account(acme.rep)
    for number in range(CARDS + 3):
        recent(acme.rep, f"Deal {number}", account=account, stage=Stage.QUALIFY, amount=(number + 1) * 100)
    page = login(acme.manager).get(url(acme))
    column = page.context["columns"][1]
    assert (column.count, len(column.cards), column.rest) == (33, 30, 3)
    assert (column.total, column.weighted) == (561_00, 56_10)
    assert page.context["board"].total == 561_00
    assert f"{url(acme, 'table/')}?stage=2" in text(page)
    assert [card.amount for card in column.cards[:2]] == [33_00, 32_00]


def test_what_needs_attention_comes_first(acme: Cast, login: Login) -> None:
    large, small = recent(acme.rep, "large", amount=9 * MILLION), recent(acme.rep, "small", amount=1)
    watch = recent(acme.rep, "watch", amount=2)
    mark_health([(small.pk, Health.RISK, ["overdue"]), (watch.pk, Health.WATCH, ["silent"]), (large.pk, Health.OK, [])])
    board = login(acme.rep).get(url(acme)).context["board"]
    assert [card.pk for card in board.columns[0].cards] == [small.pk, watch.pk, large.pk]
    assert board.attention == 2
    narrowed = login(acme.rep).get(url(acme, "?health=attention")).context["board"]
    assert (narrowed.count, narrowed.attention) == (2, 2)


def test_the_last_column_shows_what_was_won_this_quarter(acme: Cast, login: Login) -> None:
    now = recent(acme.rep, "now")
    actions.win(now, seen=1, by=acme.rep, at=timezone.now())
    past = make_opportunity(acme.rep, "past", at=timezone.now() - 400 * DAY)
    actions.win(past, seen=1, by=acme.rep, at=timezone.now() - 300 * DAY)
    won = login(acme.rep).get(url(acme)).context["columns"][-1]
    assert [card.pk for card in won.cards] == [now.pk]


def test_everyone_sees_their_own_board(acme: Cast, login: Login) -> None:
    mine, other, far = recent(acme.rep), recent(acme.rep2, "other"), recent(acme.partner, "far")

    def seen(member: Membership) -> set[int]:
        return {card.pk for column in login(member).get(url(acme)).context["columns"] for card in column.cards}

    assert seen(acme.rep) == {mine.pk}
    assert seen(acme.manager) == {mine.pk, other.pk}
    assert seen(acme.executive) == {mine.pk, other.pk, far.pk}
    assert seen(acme.partner) == {far.pk}
    OpportunityMember.objects.create(opportunity=mine, member=acme.partner)
    assert seen(acme.partner) == {far.pk, mine.pk}


def test_filters_of_the_board(acme: Cast, login: Login) -> None:
    client, product = (
        login(acme.executive),
        accounts_actions.create_product(name="Sensor", by=acme.executive, at=timezone.now()),
    )
    first = recent(acme.rep, "Alpha line", product=product, expected_close_on=timezone.now().date())
    second = recent(acme.partner, "Beta line", expected_close_on=timezone.now().date() + timedelta(400))

    def left(query: str) -> set[int]:
        return {card.pk for column in client.get(url(acme, query)).context["columns"] for card in column.cards}

    assert left("?q=alpha") == {first.pk}
    assert left(f"?owner={acme.partner.pk}") == {second.pk}
    assert left(f"?team={acme.team.pk}") == {first.pk}
    assert left(f"?product={product.pk}") == {first.pk}
    assert left("?due=this_quarter") == {first.pk}
    assert left("?due=none") == set()
    for nonsense in ("?q=%00&owner=x", "?team=999999999999999999999", "?due_from=2026-99-01&product=-1"):
        assert left(nonsense) == {first.pk, second.pk}


@pytest.mark.parametrize("path", PAGES)
def test_queries_do_not_grow_with_the_cards(acme: Cast, login: Login, path: str) -> None:
    client, account = login(acme.manager), make_account(acme.rep)
    recent(acme.rep, "first", account=account)
    client.get(url(acme, path))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url(acme, path))
    for number in range(29):
        recent(acme.rep, f"Deal {number}", account=account)
    with CaptureQueriesContext(connection) as thirty:
        client.get(url(acme, path))
    assert len(one) == len(thirty)
    assert len(thirty) <= 15, "\n".join(query["sql"] for query in thirty)


def test_queries_of_the_page_do_not_grow(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.manager), recent(acme.rep)
    client.get(url(acme, f"{opportunity.pk}/"))
    actions.file_evidence(opportunity, "budget", note="3 million", amount=5, seen=0, by=acme.rep, at=timezone.now())
    actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=timezone.now(), owner=acme.rep2)
    with CaptureQueriesContext(connection) as few:
        client.get(url(acme, f"{opportunity.pk}/"))
    for key in ("key_needs", "strategy"):
        actions.file_evidence(opportunity, key, note="yes", seen=0, by=acme.rep2, at=timezone.now())
    actions.file_evidence(opportunity, "competitors", new_rival="Rival", seen=0, by=acme.rep2, at=timezone.now())
    actions.add_member(opportunity, member=acme.partner, part="demo", by=acme.rep2, at=timezone.now())
    actions.change_opportunity(opportunity, seen=2, by=acme.rep2, at=timezone.now(), owner=acme.rep, amount=5)
    with CaptureQueriesContext(connection) as many:
        page = client.get(url(acme, f"{opportunity.pk}/"))
    assert len(many) == len(few) <= 15, "\n".join(query["sql"] for query in many)
    assert "3 million" in text(page)
