"""The board by other fields than the stage, the limits of its columns, what others did, and two on the same card."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from funnel import actions
from funnel.filters import read_board
from funnel.limits import ColumnLimit, check_limit
from funnel.models import Change, Opportunity, StageSetting
from funnel.queries import pulse
from funnel.regrouping import SPAN, day_in, is_past
from funnel.stages import Category, Health, Stage
from funnel.windows import month_from
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tests.accounts.factories import make_product
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, SECOND, going_on, make_account, make_opportunity

pytestmark = pytest.mark.usefixtures("scope")
Login = Callable[[Membership], Client]
SWAP = {"HX-Request": "true"}


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.none() | st.dates(), st.dates(date(2000, 1, 1), date(2100, 1, 1))
)
def test_the_day_suggested_lies_in_its_column(any_day: date, now: date | None, today: date) -> None:
    for months in SPAN.values():
        first = any_day.replace(day=1)
        day = day_in(first, months, now, today)
        assert first <= day < month_from(first, months)
        if first <= today < month_from(first, months):
            assert day >= today


LIMITS = st.builds(ColumnLimit, st.none() | st.integers(1, 50), st.none() | st.integers(1, 10**9))


@given(LIMITS, st.integers(0, 100), st.integers(0, 10**10), st.integers(1, 9))
def test_a_limit_of_many_is_that_of_one_times_them(limit: ColumnLimit, count: int, amount: int, people: int) -> None:
    assert limit.of(people).is_over(count * people, amount * people) == limit.is_over(count, amount)
    assert not ColumnLimit().is_over(count, amount)
    check_limit(limit)


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        (ColumnLimit(0), "limit_not_positive"),
        (ColumnLimit(None, -1), "limit_not_positive"),
        (ColumnLimit(100_001), "limit_too_large"),
        (ColumnLimit(1, 10**18), "limit_too_large"),
    ],
)
def test_limits_that_mean_nothing_are_refused(limit: ColumnLimit, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_limit(limit)


def test_the_board_is_not_grouped_by_what_has_too_many_groups() -> None:
    assert read_board({"group": "category"}).group == "category"
    for code in ("account", "flag", "stage", "status", "closed_month", "nonsense"):
        assert read_board({"group": code}).group == ""


def url(cast: Cast, path: str = "") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def recent(owner: Membership, name: str, **facts: Any) -> Opportunity:
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


def regroup(client: Client, cast: Cast, found: Opportunity, code: str, **data: Any) -> Any:
    data = {"version": found.version, **data}
    return client.post(url(cast, f"{found.pk}/regroup/?on=board&group={code}"), data, headers=SWAP)


# Grouped --------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "code",
    ["owner", "team", "category", "health", "due_month", "due_quarter", "product", "segment", "region", "source"],
)
def test_grouped_columns_hold_everything_once(acme: Cast, login: Login, code: str) -> None:
    product = make_product(acme, "Sensor")
    today = timezone.localdate()
    for number in range(12):
        made = recent(
            acme.rep if number % 3 else acme.rep2,
            f"Deal {number}",
            amount=number * MILLION if number else None,
            expected_close_on=today + timedelta(days=20 * number) if number % 4 else None,
            product=product if number % 2 else None,
        )
        Opportunity.objects.filter(pk=made.pk).update(health=list(Health)[number % 3], source=["", "Fair"][number % 2])
    page = login(acme.manager).get(url(acme, f"?group={code}"))
    board = page.context["board"]
    assert sum(column.count for column in board.columns) == board.count == 12
    assert sum(column.total for column in board.columns) == board.total == sum(range(12)) * MILLION
    cards = [card.pk for column in board.columns for card in column.cards]
    assert sorted(cards) == sorted(Opportunity.objects.values_list("pk", flat=True))
    for column in board.columns:
        assert len(column.cards) == column.count
        urgency = [["risk", "watch", "ok"].index(card.health) for card in column.cards]
        assert urgency == sorted(urgency)
    assert "col-g1" in page.content.decode()


@pytest.mark.django_db
def test_thirty_cards_of_groups_cost_what_one_costs(acme: Cast, login: Login) -> None:
    client, account, counts = login(acme.manager), make_account(acme.rep), []
    for number in range(31):
        recent(acme.rep, f"Deal {number}", account=account, category=list(Category)[number % 4])
        if number in {0, 30}:
            client.get(url(acme, "?group=owner"))
            with CaptureQueriesContext(connection) as asked:
                client.get(url(acme, "?group=owner"))
            counts.append(len(asked))
    assert counts[0] == counts[1] <= 15 + 2  # with the two that open and close the transaction


@pytest.mark.django_db
def test_more_groups_than_columns_are_named(acme: Cast, login: Login) -> None:
    account = make_account(acme.rep)
    for number in range(16):
        made = recent(acme.rep, f"Deal {number}", account=account)
        Opportunity.objects.filter(pk=made.pk).update(source=f"Source {number}")
    page = login(acme.rep).get(url(acme, "?group=source"))
    assert len(page.context["board"].columns) == 14
    assert page.context["board"].count == 16
    assert "2 more groups have no column here" in page.content.decode()


@pytest.mark.django_db
def test_a_move_gives_another_category_and_the_toast_takes_it_back(acme: Cast, login: Login) -> None:
    client, found = login(acme.rep), recent(acme.rep, "one")
    answer = regroup(client, acme, found, "category", to="commit")
    assert answer.status_code == 200
    assert 'hx-swap-oob="innerHTML"' in answer.content.decode()
    found.refresh_from_db()
    assert (found.category, found.category_is_own) == ("commit", True)
    undo = re.search(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])
    assert undo
    assert client.post(undo.group(1), headers=SWAP).status_code == 200
    found.refresh_from_db()
    assert (found.category, found.category_is_own) == ("pipeline", False)
    verbs = ["opportunity.changed", "opportunity.undone"]
    assert list(AuditEvent.objects.filter(verb__in=verbs).order_by("id").values_list("verb", flat=True)) == verbs


@pytest.mark.django_db
def test_a_source_is_taken_back_by_the_toast_too(acme: Cast, login: Login) -> None:
    client, found = login(acme.rep), recent(acme.rep, "one")
    answer = regroup(client, acme, found, "source", to="Fair")
    undo = re.search(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])
    assert undo
    assert client.post(undo.group(1), headers=SWAP).status_code == 200
    found.refresh_from_db()
    assert found.source == ""


@pytest.mark.django_db
def test_a_move_to_a_month_before_the_opening_is_refused(acme: Cast, login: Login) -> None:
    client, found = login(acme.rep), recent(acme.rep, "one")
    month, before = month_from(timezone.localdate(), -3), found.expected_close_on
    day = (month + timedelta(days=9)).isoformat()
    answer = regroup(client, acme, found, "due_month", to=month.isoformat(), asked="1", expected_close_on=day)
    assert answer.status_code == 422
    assert "lies before the opening" in answer.content.decode()
    found.refresh_from_db()
    assert (found.version, found.expected_close_on) == (1, before)


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["due_month", "due_quarter"])
def test_only_columns_of_today_and_later_are_offered(acme: Cast, login: Login, code: str) -> None:
    client, today = login(acme.rep), timezone.localdate()
    late = make_opportunity(acme.rep, "late", at=timezone.now() - 300 * DAY, expected_close_on=today - 200 * DAY)
    recent(acme.rep, "due", expected_close_on=today)
    page = client.get(url(acme, f"?group={code}"))
    keys = [column.key for column in page.context["board"].columns if column.key]
    menu = page.content.decode().partition('id="move-menu"')[2]
    offered = re.findall(r'data-to="([^"]+)"', menu)
    first, last = keys[0], month_from(today, 0).isoformat()
    assert first < last
    assert first not in offered, "its cards stay to be seen, but nothing is moved there"
    assert offered == [key for key in keys if not is_past(date.fromisoformat(key), SPAN[code], today)] != []
    refused = regroup(client, acme, late, code, to=first)
    assert (refused.status_code, "have gone by" in refused.content.decode()) == (422, True)
    for key in offered:
        asked = regroup(client, acme, late, code, to=key)
        assert asked.context["form"].initial["expected_close_on"] >= today
        assert re.search(r'<label for="[^"]*expected_close_on">Expected close</label>', asked.content.decode())


def test_a_span_is_past_once_its_last_day_is_over() -> None:
    assert not is_past(date(2026, 1, 1), 1, date(2026, 1, 31))
    assert is_past(date(2026, 1, 1), 1, date(2026, 2, 1))
    assert not is_past(date(2026, 1, 1), 3, date(2026, 3, 31))
    assert is_past(date(2026, 1, 1), 3, date(2026, 4, 1))


@pytest.mark.django_db
def test_a_move_to_another_month_asks_for_the_day(acme: Cast, login: Login) -> None:
    client, found = login(acme.rep), recent(acme.rep, "one")
    month, before = month_from(timezone.localdate(), 3), found.expected_close_on
    asked = regroup(client, acme, found, "due_month", to=month.isoformat())
    assert asked.status_code == 422
    assert "expected_close_on" in asked.content.decode()
    outside = regroup(client, acme, found, "due_month", to=month.isoformat(), asked="1", expected_close_on="2031-01-01")
    assert outside.status_code == 422
    assert "within this column" in outside.content.decode()
    day = month + timedelta(days=9)
    given = regroup(
        client,
        acme,
        found,
        "due_month",
        to=month.isoformat(),
        asked="1",
        expected_close_on=day.isoformat(),
        why="Budget",
    )
    assert given.status_code == 200
    found.refresh_from_db()
    assert found.expected_close_on == day
    assert Change.objects.get(kind="expected_close").why == "Budget"
    undo = re.search(r'"undo_url": "([^"]+)"', given.headers["HX-Trigger"])
    assert undo
    assert client.post(undo.group(1), headers=SWAP).status_code == 200
    found.refresh_from_db()
    assert (found.expected_close_on, found.push_count) == (before, 0)
    none = regroup(client, acme, found, "due_month", to="", asked="1")
    assert none.status_code == 200
    found.refresh_from_db()
    assert found.expected_close_on is None


@pytest.mark.django_db
def test_a_move_to_another_owner_asks_and_gives_it_only_in_sight(acme: Cast, login: Login) -> None:
    client, found = login(acme.manager), recent(acme.rep, "one")
    assert regroup(client, acme, found, "owner", to=acme.rep2.pk).status_code == 422
    assert regroup(client, acme, found, "owner", to=acme.partner.pk, asked="1").status_code == 422
    assert regroup(client, acme, found, "owner", to="x", asked="1").status_code == 422
    assert regroup(client, acme, found, "owner", to=acme.rep2.pk, asked="1", why="Knows them").status_code == 200
    found.refresh_from_db()
    assert found.owner_id == acme.rep2.pk


@pytest.mark.django_db
def test_where_a_move_means_nothing_it_is_refused_with_the_reason(acme: Cast, login: Login) -> None:
    client, found = login(acme.rep), recent(acme.rep, "one")
    for code, words in (
        ("health", "clear its flags"),
        ("team", "another owner"),
        ("region", "customer"),
        ("flag", "another column"),
    ):
        answer = regroup(client, acme, found, code, to="ok")
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert regroup(client, acme, found, "category", to="closed").status_code == 422
    assert regroup(client, acme, found, "product", to="4711").status_code == 422
    assert regroup(login(acme.partner), acme, found, "category", to="commit").status_code == 404
    assert regroup(login(acme.colleague), acme, found, "category", to="commit").status_code == 403
    assert Opportunity.objects.get().version == found.version


@pytest.mark.django_db
def test_two_on_the_same_card_see_both_and_one_click_repeats_mine(acme: Cast, login: Login) -> None:
    client, found = login(acme.manager), recent(acme.rep, "one")
    actions.change_opportunity(found, seen=1, category=Category.COMMIT, by=acme.rep, at=timezone.now())
    stale = regroup(client, acme, found, "category", to="best_case")
    text = stale.content.decode()
    assert stale.status_code == 409
    assert "Rep Acme" in text
    assert "Commit" in text
    assert "Best case" in text
    assert 'hx-swap-oob="innerHTML"' in text  # the board shows theirs at once
    version = re.search(r'data-keep="(\d+)"', text)
    assert version
    assert regroup(client, acme, found, "category", to="best_case", version=version.group(1)).status_code == 200
    found.refresh_from_db()
    assert found.category == "best_case"


@pytest.mark.django_db
def test_a_stale_move_shows_theirs_at_once_and_can_be_repeated(acme: Cast, login: Login) -> None:
    client, found = login(acme.manager), recent(acme.rep, "one")
    actions.move(found, left=Stage.DISCOVER, to=Stage.QUALIFY, **going_on(now := timezone.now()), by=acme.rep, at=now)
    address = url(acme, f"{found.pk}/move/?on=board")
    data = {"stage": 3, "version": found.version, "from": 1, "anyway": "on", "why": "they hurry"}
    data["until"] = (timezone.now() + 7 * DAY).date().isoformat()
    text = (stale := client.post(address, data, headers=SWAP)).content.decode()
    assert stale.status_code == 409
    for stage in (1, 2, 3):
        assert f'id="col-{stage}"' in text
    version = re.search(r'data-keep="(\d+)"', text)
    assert version
    assert client.post(address, {**data, "version": version.group(1)}, headers=SWAP).status_code == 200
    found.refresh_from_db()
    assert found.stage == Stage.DEVELOP


# Limits ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_limits_are_shown_and_stop_nobody(acme: Cast, login: Login) -> None:
    wanted = {Stage.DISCOVER: ColumnLimit(1), Stage.QUALIFY: ColumnLimit(None, MILLION)}
    actions.change_limits(wanted, seen=0, by=acme.admin, at=timezone.now())
    for number in range(3):
        recent(acme.rep, f"Deal {number}")
    recent(acme.rep, "large", stage=Stage.QUALIFY, amount=2 * MILLION)
    text = (page := login(acme.rep).get(url(acme))).content.decode()
    first, second, third = page.context["board"].columns[:3]
    assert (first.limit, first.is_over, second.is_over, third.limit) == (ColumnLimit(1), True, True, None)
    assert "3/1" in text
    assert text.count("Over the limit") == 2
    # a team's column compares with what its people may have together: two reps and their manager
    first = login(acme.manager).get(url(acme)).context["board"].columns[0]
    assert (first.limit, first.is_over) == (ColumnLimit(3), False)
    assert login(acme.manager).get(url(acme, f"?owner={acme.rep.pk}")).context["board"].columns[0].is_over
    assert login(acme.manager).get(url(acme, f"?team={acme.team.pk}")).context["board"].columns[0].limit == ColumnLimit(
        3
    )
    # a part of a column says nothing of the whole
    assert login(acme.rep).get(url(acme, "?due=none")).context["board"].columns[0].limit is None


@pytest.mark.django_db
def test_the_settings_say_who_is_over_and_keep_a_history(acme: Cast, login: Login) -> None:
    for number in range(3):
        recent(acme.rep, f"Deal {number}")
    client = login(acme.admin)
    assert "most of one person: 3" in client.get(url(acme, "stages/limits/")).content.decode()
    form = {"edition": 0, "count_1": "2", "amount_2": "1000"}
    assert client.post(url(acme, "stages/limits/"), form).status_code == 303
    assert StageSetting.objects.get(stage=1).most_count == 2
    assert StageSetting.objects.get(stage=2).most_amount == 100_000
    event = AuditEvent.objects.filter(verb="limits.changed").latest("id")
    assert event.data == {"stage": 2, "most_amount": [None, 100_000]}
    assert "1 person is over it" in client.get(url(acme, "stages/limits/")).content.decode()
    assert client.post(url(acme, "stages/limits/"), form).status_code == 409
    for bad in ({"count_1": "0"}, {"count_1": "x"}, {"amount_1": "-5"}, {"count_1": "9" * 30}):
        answer = client.post(url(acme, "stages/limits/"), {"edition": 2, **bad})
        assert answer.status_code == 422, bad
        assert next(iter(bad.values())) in answer.content.decode()
    with pytest.raises(Stale):
        actions.change_limits({}, seen=1, by=acme.admin, at=timezone.now())
    actions.change_limits({}, seen=2, by=acme.admin, at=timezone.now())
    assert not any(row.limit for row in StageSetting.table())
    assert login(acme.manager).get(url(acme, "stages/limits/")).status_code == 403


# What others did ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_open_board_hears_what_others_did_and_only_what_it_may_see(
    acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, other = recent(acme.rep, "one"), recent(acme.partner, "far")
    since = int(timezone.now().timestamp()) + 60
    address = url(acme, f"pulse/?since={since}")
    manager = login(acme.manager)
    assert manager.get(address, headers=SWAP).status_code == 204
    later = timezone.now() + 90 * SECOND
    actions.move(other, left=Stage.DISCOVER, to=Stage.QUALIFY, **going_on(later), by=acme.partner, at=later)
    assert manager.get(address, headers=SWAP).status_code == 204
    actions.move(found, left=Stage.DISCOVER, to=Stage.QUALIFY, **going_on(later), by=acme.rep, at=later)
    text = manager.get(address, headers=SWAP).content.decode()
    assert re.findall(r'id="col-(\d)"', text) == ["1", "2"]
    assert 'id="board-pulse"' in text
    assert login(acme.rep).get(address, headers=SWAP).status_code == 204  # one's own moves answered already
    monkeypatch.setattr(pulse, "LATEST", 2)  # more happened than is read
    assert re.findall(r'id="col-(\d)"', manager.get(address, headers=SWAP).content.decode()) == list("1234567")
    monkeypatch.undo()
    for nonsense in ("", "?since=x", f"?since={9**40}"):
        assert manager.get(url(acme, f"pulse/{nonsense}"), headers=SWAP).status_code == 204
