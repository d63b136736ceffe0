"""The pages: what they show, what they answer, and to whom."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import actions as accounts_actions
from funnel import actions
from funnel.models import Change, Evidence, EvidenceItem, Opportunity, OpportunityMember
from funnel.queries import CARDS, stage_table
from funnel.stages import GRACE, Gate, Health, Reason, Stage
from tenants.models import ExchangeRate, Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, going_on, make_account, make_opportunity
from tests.funnel.health import mark_health

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Login = Callable[[Membership], Client]
PAGES = ["", "table/", "new/"]


@pytest.fixture(autouse=True)
def _scope(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


def url(cast: Cast, path: str = "") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def recent(owner: Membership, name: str = "Energy monitoring", **facts: Any) -> Opportunity:
    """Open an opportunity three days ago."""
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


def text(response: Any) -> str:
    return str(response.content.decode())


# Board --------------------------------------------------------------------------------------------


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
    for key in ("key_needs", "strategy", "competitors"):
        actions.file_evidence(opportunity, key, note="yes", seen=0, by=acme.rep, at=timezone.now())
    actions.add_member(opportunity, member=acme.partner, part="demo", by=acme.rep, at=timezone.now())
    actions.change_opportunity(opportunity, seen=2, by=acme.rep2, at=timezone.now(), owner=acme.rep, amount=5)
    with CaptureQueriesContext(connection) as many:
        page = client.get(url(acme, f"{opportunity.pk}/"))
    assert len(many) == len(few) <= 15, "\n".join(query["sql"] for query in many)
    assert "3 million" in text(page)


GOING_ON = {"anyway": "on", "why": "they hurry", "until": (timezone.now() + timedelta(7)).date().isoformat()}


# Moving -------------------------------------------------------------------------------------------


def drop(client: Client, cast: Cast, opportunity: Opportunity, stage: int, **data: Any) -> Any:
    data = {"stage": stage, "version": opportunity.version, **data}
    return client.post(url(cast, f"{opportunity.pk}/move/?on=board"), data, headers=HTMX)


def test_a_drop_asks_for_what_is_missing_and_files_it(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    answer = drop(client, acme, opportunity, 2)
    assert answer.status_code == 422
    assert "Opportunity plan recorded" in text(answer)
    assert "Move anyway" in text(answer)
    answer = drop(client, acme, opportunity, 2, **{"opportunity_plan-note": "plan of Monday, seen by their CTO"})
    assert answer.status_code == 200
    assert set(re.findall(r'id="(col-\d)"', text(answer))) == {"col-1", "col-2"}
    assert text(answer).count('hx-swap-oob="true"') == 2
    assert "undo" in answer["HX-Trigger"]
    assert Evidence.objects.get().note == "plan of Monday, seen by their CTO"
    assert Opportunity.objects.get().stage == Stage.QUALIFY


def test_one_may_go_on_anyway_where_the_stage_only_warns(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    assert drop(client, acme, opportunity, 3, **GOING_ON).status_code == 200
    rows = [type(row)(row.stage, "", row.percent, Gate.BLOCK) for row in stage_table()]
    actions.change_stages(rows, seen=0, by=acme.admin, at=timezone.now())
    opportunity = Opportunity.objects.get()
    answer = drop(client, acme, opportunity, 4, **GOING_ON)
    assert answer.status_code == 422
    assert "Move anyway" not in text(answer)
    assert Opportunity.objects.get().stage == Stage.DEVELOP


def test_back_asks_why(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep, stage=Stage.PROOF)
    answer = drop(client, acme, opportunity, 2)
    assert answer.status_code == 422
    assert 'name="why"' in text(answer)
    assert "Say why." not in text(answer)
    assert "Say why." in text(drop(client, acme, opportunity, 2, why=" "))
    assert drop(client, acme, opportunity, 2, why="they stopped the project").status_code == 200
    assert Change.objects.get(kind="stage").why == "they stopped the project"


def test_deploy_asks_what_was_signed(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep, stage=Stage.CLOSE)
    answer = drop(client, acme, opportunity, 7)
    assert answer.status_code == 422
    assert 'name="closed_on"' in text(answer)
    close = url(acme, f"{opportunity.pk}/close/won/?on=board")
    data = {"version": 1, "amount": "1280萬", "closed_on": timezone.now().date().isoformat()}
    answer = client.post(close, data, headers=HTMX)
    assert answer.status_code == 422
    assert "Signed agreement" in text(answer)
    assert f'value="{timezone.localdate() + GRACE}"' in text(answer)  # a day is proposed
    empty = client.post(close, {**data, **GOING_ON, "until": ""}, headers=HTMX)
    assert (empty.status_code, "Enter the last day" in text(empty)) == (422, True)
    assert client.post(close, {**data, **GOING_ON}, headers=HTMX).status_code == 200
    won = Opportunity.objects.get()
    assert (won.status, won.amount) == ("won", 12_800_000_00)


def test_a_card_that_another_moved_answers_409(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    actions.move(
        opportunity, left=Stage.DISCOVER, to=Stage.CLOSE, by=acme.manager, **going_on(now := timezone.now()), at=now
    )
    answer = drop(client, acme, opportunity, 2, **GOING_ON)
    assert answer.status_code == 409
    for words in (acme.manager.name, "Close", "Qualify"):
        assert words in text(answer)


def test_undo_within_thirty_seconds(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    drop(client, acme, opportunity, 2, **GOING_ON)
    change = Change.objects.get(kind="stage")
    answer = client.post(url(acme, f"undo/{change.pk}/?on=board"), headers=HTMX)
    assert answer.status_code == 200
    assert set(re.findall(r'id="(col-\d)"', text(answer))) == {"col-1", "col-2"}
    assert Opportunity.objects.get().stage == Stage.DISCOVER
    again = client.post(url(acme, f"undo/{change.pk}/?on=board"), headers=HTMX)
    assert again.status_code == 422
    assert login(acme.rep2).post(url(acme, f"undo/{change.pk}/")).status_code == 404


def test_without_htmx_moves_work_too(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    asked = client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 2, "version": 1})
    assert asked.status_code == 422
    assert "<html" in text(asked)
    done = client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 2, "version": 1, **GOING_ON})
    assert done.status_code == 303
    assert client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 99}).status_code == 422


# Table --------------------------------------------------------------------------------------------


def test_every_number_finds_its_rows(acme: Cast, login: Login) -> None:
    client, now = login(acme.manager), timezone.now()
    first = recent(acme.rep, "first", stage=Stage.CLOSE, amount=300)
    won, lost = recent(acme.rep, "won"), recent(acme.rep2, "lost")
    actions.win(won, seen=1, by=acme.rep, at=now)
    actions.lose(lost, seen=1, reason=Reason.RIVAL, rival="Rival Co", by=acme.rep2, at=now)
    mark_health([(first.pk, Health.RISK, ["overdue"])])
    today = now.astimezone(acme.org.zone).date().isoformat()

    def rows(query: str) -> set[int]:
        return {row.pk for row in client.get(url(acme, f"table/?{query}")).context["page"]}

    assert rows("") == rows("stage=6") == rows("health=attention") == rows("flag=overdue") == {first.pk}
    assert rows("status=won") == rows(f"status=won&closed_from={today}&closed_to={today}") == {won.pk}
    assert rows("status=closed") == rows("status=closed&closed=this_quarter") == {won.pk, lost.pk}
    assert rows("status=all") == {first.pk, won.pk, lost.pk}
    assert rows(f"status=all&owner={acme.rep2.pk}") == {lost.pk}
    assert rows(f"status=all&account={won.account_id}") == {won.pk}
    assert rows("status=won&closed_to=2020-01-01") == set()
    assert rows("category=commit") == {first.pk}
    totals = client.get(url(acme, "table/")).context["totals"]
    assert (totals.count, totals.total, totals.weighted) == (1, 300, 240)
    assert "Rival Co" in text(client.get(url(acme, "table/?status=lost")))


@pytest.mark.parametrize("sort", ["name", "-stage", "amount", "-due", "owner", "health", "next", "-closed", "x'"])
def test_the_table_sorts(acme: Cast, login: Login, sort: str) -> None:
    recent(acme.rep, "first", amount=1)
    recent(acme.rep, "second", amount=2)
    page = login(acme.rep).get(url(acme, "table/"), {"sort": sort})
    assert len(page.context["page"]) == 2


def test_empty_states(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    assert "No opportunities yet" in text(client.get(url(acme)))
    assert "No opportunities yet" in text(client.get(url(acme, "table/")))
    assert "No opportunity matches" in text(client.get(url(acme, "?q=x")))
    assert "No opportunity matches" in text(client.get(url(acme, "table/?q=x")))


# Opening and editing ------------------------------------------------------------------------------


def opening(cast: Cast, **facts: Any) -> dict[str, Any]:
    return {
        "account": make_account(cast.rep, "Delta Precision", timezone.now()).pk,
        "name": "Energy monitoring",
        "amount": "1280萬",
        "quoted_currency": "TWD",
        "stage": 1,
        "owner": cast.rep.pk,
        "request_key": "0b9a4d5e-3f1c-4c0a-9a63-0a4f3e6f2b10",
        **facts,
    }


def test_a_new_opportunity_once(acme: Cast, login: Login) -> None:
    client, data = login(acme.rep), opening(acme)
    first, again = (client.post(url(acme, "new/"), data) for _each in range(2))
    opportunity = Opportunity.objects.get()
    assert first["Location"] == again["Location"] == url(acme, f"{opportunity.pk}/")
    assert opportunity.amount == 12_800_000_00


@pytest.mark.parametrize(
    "facts",
    [
        {"name": ""},
        {"name": "x" * 10_000},
        {"name": "a\x00b"},
        {"amount": "-5"},
        {"amount": "1e308"},
        {"amount": "９" * 400},
        {"amount": "much"},
        {"expected_close_on": "2001-01-01"},
        {"expected_close_on": "soon"},
        {"account": "999999999999999999999999"},
        {"account": ""},
        {"stage": "7"},
        {"owner": "0"},
        {"quoted_currency": "USD"},
        {"quoted_currency": "\x00"},
        {"request_key": "no"},
    ],
)
def test_bad_input_keeps_what_was_typed(acme: Cast, login: Login, facts: dict) -> None:
    answer = login(acme.rep).post(url(acme, "new/"), opening(acme, **{"source": "trade fair", **facts}))
    assert answer.status_code == 422
    assert "trade fair" in text(answer)
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd()", "🚀 太空", "x" * 200])
def test_odd_names_are_only_names(acme: Cast, login: Login, name: str) -> None:
    client = login(acme.rep)
    page = client.post(url(acme, "new/"), opening(acme, name=name), follow=True)
    assert page.status_code == 200
    assert "<script>alert" not in text(page)
    assert Opportunity.objects.get().name == name


def test_opening_with_another_currency(acme: Cast, login: Login) -> None:
    ExchangeRate.objects.create(currency="USD", on=timezone.now().date() - timedelta(9), rate="30")
    login(acme.rep).post(url(acme, "new/"), opening(acme, amount="1,000", quoted_currency="USD"))
    opportunity = Opportunity.objects.get()
    assert (opportunity.amount, opportunity.quoted_amount) == (30_000_00, 1_000_00)


def test_the_list_price_fills_the_amount(acme: Cast, login: Login) -> None:
    product = accounts_actions.create_product(name="Sensor", list_price=25_000_00, by=acme.executive, at=timezone.now())
    client = login(acme.rep)
    assert 'value="25000"' in text(client.get(url(acme, f"new/price/?product={product.pk}")))
    assert 'value="7"' in text(client.get(url(acme, f"new/price/?product={product.pk}&amount=7")))


def test_editing_and_a_stale_edit(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    data = {"name": "Energy, phase two", "amount": "500", "quoted_currency": "TWD", "owner": acme.rep.pk, "version": 1}
    assert client.get(url(acme, f"{opportunity.pk}/edit/"), headers=HTMX).status_code == 200
    saved = client.post(url(acme, f"{opportunity.pk}/edit/"), data, headers=HTMX)
    assert saved.status_code == 200, text(saved)
    assert saved["HX-Redirect"]
    answer = client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "700"}, headers=HTMX)
    assert answer.status_code == 409
    assert "500" in text(answer)
    assert "700" in text(answer)
    assert 'data-keep="2"' in text(answer)
    assert client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "-1"}, headers=HTMX).status_code == 422
    kept = client.post(url(acme, f"{opportunity.pk}/edit/"), {**data, "amount": "700", "version": 2}, headers=HTMX)
    assert kept["HX-Redirect"]
    assert Opportunity.objects.get().amount == 700_00


# The page of one ----------------------------------------------------------------------------------


def test_the_page_tells_the_story(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep, stage=Stage.QUALIFY)
    actions.move(
        opportunity, left=Stage.QUALIFY, to=Stage.DISCOVER, why="no budget yet", by=acme.rep, at=timezone.now()
    )
    mark_health([(opportunity.pk, Health.WATCH, ["no_next_step"])])
    page = text(login(acme.manager).get(url(acme, f"{opportunity.pk}/")))
    for words in (
        "no budget yet",
        "Who has a problem that we can solve?",
        "Add a next action with a date.",
        "No next step",
    ):
        assert words in page


def test_evidence_is_filed_edited_and_withdrawn(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/evidence/budget/")
    assert client.get(path, headers=HTMX).status_code == 200
    assert client.post(path, {"note": "approved by the CFO"}, headers=HTMX).status_code == 422
    answer = client.post(path, {"note": "approved by the CFO", "amount": "3M"}, headers=HTMX)
    assert "approved by the CFO" in text(answer)
    assert "approved by the CFO" in text(client.get(path, headers=HTMX))
    assert client.post(f"{path}withdraw/", {"version": 1}, headers=HTMX).status_code == 200
    assert not Evidence.objects.exists()
    assert client.get(url(acme, f"{opportunity.pk}/evidence/nonsense/")).status_code == 404


@pytest.mark.parametrize(
    ("outcome", "data", "status"),
    [
        ("lost", {"reason": "price"}, 200),
        ("lost", {"reason": "rival"}, 422),
        ("lost", {"reason": "rival", "rival": "Rival Co"}, 200),
        ("lost", {}, 422),
        ("lost", {"reason": "whim"}, 422),
        ("abandoned", {"reason": "no_budget", "note": "next year"}, 200),
        ("abandoned", {"reason": "rival"}, 422),
        ("won", {"amount": "0", "closed_on": "2020-01-01"}, 422),
        ("won", {"amount": "5", "closed_on": "2020-01-01", "anyway": "on"}, 422),
        ("stolen", {}, 404),
    ],
)
def test_closing(acme: Cast, login: Login, outcome: str, data: dict, status: int) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/close/{outcome}/?on=page")
    answer = client.post(path, {"version": 1, **data}, headers=HTMX)
    assert answer.status_code == status
    assert Opportunity.objects.get().status == (outcome if status == 200 else "open")
    if status == 200:
        assert 'id="opportunity-head"' in text(answer)
        again = client.post(path, {"version": 1, **data}, headers=HTMX)
        assert again.status_code == 409


def test_reopening(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    actions.abandon(opportunity, seen=1, reason=Reason.TIMING, by=acme.rep, at=timezone.now())
    path = url(acme, f"{opportunity.pk}/reopen/?on=page")
    assert client.get(path, headers=HTMX).status_code == 200
    assert client.post(path, {"version": 2, "why": ""}, headers=HTMX).status_code == 422
    assert client.post(path, {"version": 1, "why": "they called"}, headers=HTMX).status_code == 409
    assert client.post(path, {"version": 2, "why": "they called"}, headers=HTMX).status_code == 200
    assert Opportunity.objects.get().status == "open"


def test_the_sales_team(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/members/")
    assert client.get(path, headers=HTMX).status_code == 200
    answer = client.post(path, {"member": acme.partner.pk, "part": "demo"}, headers=HTMX)
    assert acme.partner.name in answer["HX-Trigger"]
    assert acme.partner.name in text(client.get(url(acme, f"{opportunity.pk}/team/")))
    assert client.post(path, {"member": 0}, headers=HTMX).status_code == 422
    with working_for(acme.org):
        helper = OpportunityMember.objects.get()
    assert client.post(f"{path}{helper.pk}/remove/", headers=HTMX).status_code == 200
    assert client.post(f"{path}{helper.pk}/remove/", headers=HTMX).status_code == 404


def test_the_panel_of_an_account(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    page = login(acme.rep).get(url(acme, f"of/{opportunity.account_id}/"))
    assert opportunity.name in text(page)
    assert login(acme.rep2).get(url(acme, f"of/{opportunity.account_id}/")).status_code == 404


# Who may ------------------------------------------------------------------------------------------


def doors(opportunity: Opportunity) -> list[tuple[str, str]]:
    change = Change.objects.filter(opportunity=opportunity).latest("id").pk
    one = f"{opportunity.pk}/"
    return [
        ("get", one),
        ("get", f"{one}edit/"),
        ("post", f"{one}edit/"),
        ("post", f"{one}move/"),
        ("get", f"{one}close/"),
        ("get", f"{one}close/won/"),
        ("post", f"{one}close/lost/"),
        ("post", f"{one}reopen/"),
        ("get", f"{one}evidence/budget/"),
        ("post", f"{one}evidence/budget/withdraw/"),
        ("get", f"{one}members/"),
        ("post", f"{one}members/1/remove/"),
        ("post", f"undo/{change}/"),
        ("get", f"of/{opportunity.account_id}/"),
    ]


def test_another_organization_and_another_rep_find_nothing(acme: Cast, globex: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    for member, cast in ((globex.executive, globex), (acme.rep2, acme), (acme.partner, acme), (globex.rep, acme)):
        client = login(member)
        for method, path in doors(opportunity):
            answer = getattr(client, method)(url(cast, path), {"stage": 2, "version": 1})
            assert answer.status_code == 404, (member, path)


@pytest.mark.parametrize("path", ["99999999999999999999/", "undo/99999999999999999999/", "of/99999999999999999999/"])
def test_ids_beyond_all_bounds_find_nothing(acme: Cast, login: Login, path: str) -> None:
    client = login(acme.executive)
    assert client.post(url(acme, path)).status_code in {404, 405}
    assert client.get(url(acme, path)).status_code in {404, 405}


def test_who_may_not_is_told_so(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    assert login(acme.admin).get(url(acme, f"{opportunity.pk}/edit/")).status_code == 403
    assert login(acme.rep).get(url(acme, "stages/")).status_code == 403
    assert login(acme.rep).post(url(acme, "stages/1/items/"), {"label": "x"}).status_code == 403


# Settings -----------------------------------------------------------------------------------------


def stages_data(**changed: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"edition": 0}
    for row in stage_table():
        data |= {f"label_{row.stage}": "", f"percent_{row.stage}": row.percent, f"gate_{row.stage}": str(row.gate)}
    return {**data, **changed}


def test_the_stages_say_what_a_change_will_do(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    recent(acme.rep, stage=Stage.QUALIFY, amount=1_000_000_00)
    assert client.get(url(acme, "stages/")).status_code == 200
    told = text(client.post(url(acme, "stages/effect/"), stages_data(percent_2=15), headers=HTMX))
    assert "from 100K to 150K" in told
    changed = stages_data(percent_2=15, label_2="Judge", gate_2="block")
    for agreed in ({}, {"confirmed": "12000000"}):
        unread = client.post(url(acme, "stages/"), {**changed, **agreed})
        assert unread.status_code == 422
        assert "then confirm it" in text(unread)
        assert stage_table()[1].percent == 10
    saved = client.post(url(acme, "stages/"), {**changed, "confirmed": "15000000"})
    assert saved.status_code == 303
    row = stage_table()[1]
    assert (row.label, row.percent, row.gate) == ("Judge", 15, Gate.BLOCK)
    assert Change.objects.get().percent == 10
    assert client.post(url(acme, "stages/"), stages_data(percent_2=12)).status_code == 409


@pytest.mark.parametrize(
    "changed", [{"percent_2": 0}, {"percent_7": 90}, {"percent_2": 200}, {"percent_3": "x"}, {"gate_1": "maybe"}]
)
def test_bad_percentages(acme: Cast, login: Login, changed: dict) -> None:
    assert login(acme.admin).post(url(acme, "stages/"), stages_data(**changed)).status_code == 422
    assert stage_table()[1].percent == 10


def test_evidence_items_of_the_company(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    assert client.get(url(acme, "stages/4/items/"), headers=HTMX).status_code == 200
    assert client.post(url(acme, "stages/4/items/"), {"label": ""}, headers=HTMX).status_code == 422
    agreed = {"label": "Architecture agreed", "kind": "fact"}
    signed = {"label": "Architecture signed", "kind": "document"}
    assert client.post(url(acme, "stages/4/items/"), agreed).status_code == 303
    own = EvidenceItem.objects.get(code="").key
    assert client.post(url(acme, f"stages/items/{own}/move/"), {"to": "up"}).status_code == 303
    assert client.post(url(acme, f"stages/items/{own}/"), signed).status_code == 303
    assert EvidenceItem.objects.get(code="").kind == "document"
    assert client.post(url(acme, f"stages/items/{own}/switch/"), {"active": "0"}).status_code == 303
    assert str(EvidenceItem.objects.get(code="")) == "Architecture signed"
    assert not EvidenceItem.objects.get(code="").is_active
    page = text(client.get(url(acme, "stages/")))
    assert "Architecture signed" in page
    for path in ("stages/9/items/", "stages/items/own-999999/", "stages/items/nonsense/"):
        assert client.get(url(acme, path)).status_code == 404
    assert client.post(url(acme, "stages/items/own-999999/switch/"), {"active": "0"}).status_code == 404


def test_a_colleague_on_the_sales_team_reads_and_changes_nothing(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        shared, other = make_opportunity(acme.rep, "Shared"), make_opportunity(acme.rep, "Not theirs")
        actions.add_member(shared, member=acme.colleague, part="terms", by=acme.rep, at=timezone.now())
    client = login(acme.colleague)
    page = client.get(reverse("funnel:opportunity", args=["acme", shared.pk]))
    assert page.status_code == 200
    assert 'id="opportunity-edit"' not in page.content.decode()
    assert client.get(reverse("funnel:edit", args=["acme", shared.pk])).status_code == 403
    assert client.get(reverse("funnel:opportunity", args=["acme", other.pk])).status_code == 404
