"""The table: every number finds its rows, in every order."""

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from funnel import actions
from funnel.evidence import State
from funnel.stages import Health, Reason, Stage
from tests.cast import Cast
from tests.funnel.health import mark_health
from tests.funnel.pages.places import Login, recent, text, url

pytestmark = pytest.mark.django_db


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


def test_what_the_customer_told_us_stands_in_columns(acme: Cast, login: Login) -> None:
    told, now = recent(acme.rep, "Told"), timezone.now()
    recent(acme.rep, "Silent")
    for key, value in (
        ("size", {"amount": 7_000_000_00}),
        ("budget", {"amount": 5_000_000_00}),
        ("schedule", {"on": date(2031, 5, 6)}),
    ):
        actions.file_evidence(told, key, **value, seen=0, by=acme.rep, at=now)
    client, table = login(acme.manager), url(acme, "table/?cols=size,budget,schedule")

    def cells(name: str) -> list[tuple[str, str]]:
        row = next(each for each in text(client.get(table)).split("<tr")[1:] if f">{name}<" in each)
        return re.findall(r'<td class="num"(?: title="([^"]*)")? data-named="[^"]*">([^<]*)</td>', row)

    (size, _short), (budget, _brief), (_none, day) = cells("Told")
    assert (size, budget) == (f"{acme.org.currency} 7,000,000", f"{acme.org.currency} 5,000,000")
    assert "2031" in day or "31" in day
    assert {short for _exact, short in cells("Silent")} <= {"—", ""}
    actions.file_evidence(told, "budget_clear", amount=4_000_000_00, seen=0, by=acme.rep, at=now)
    assert cells("Told")[1][0].endswith(" 4,000,000"), "the clear budget of a later stage counts"
    actions.judge_evidence(
        told, "budget_clear", verdict=State.SENT_BACK, word="Who said so?", seen=1, by=acme.manager, at=now
    )
    assert cells("Told")[1][0].endswith(" 5,000,000"), "what was sent back does not"
    with CaptureQueriesContext(connection) as plain:
        client.get(url(acme, "table/"))
    with CaptureQueriesContext(connection) as asked:
        client.get(table)
    assert len(asked) == len(plain)


@pytest.fixture
def told(acme: Cast) -> None:
    """Three opportunities of which the customer told more and more, and one of which nothing."""
    recent(acme.rep, "Untold")
    for n, name in enumerate(("Small", "Middle", "Large"), 1):
        found = recent(acme.rep, name)
        who: dict[str, Any] = {"seen": 0, "by": acme.rep, "at": timezone.now()}
        actions.file_evidence(found, "size", amount=n * 2_000_000_00, **who)
        actions.file_evidence(found, "budget", amount=n * 1_000_000_00, **who)
        actions.file_evidence(found, "schedule", on=date(2031, n, 6), **who)


def names_in(page: str) -> list[str]:
    return re.findall(r">(Untold|Small|Middle|Large)<", page)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("column", ["size", "budget", "schedule"])
def test_the_table_is_sorted_by_what_the_customer_told(acme: Cast, login: Login, column: str) -> None:
    client = login(acme.manager)
    up = names_in(text(client.get(url(acme, f"table/?cols={column}&sort={column}"))))
    down = names_in(text(client.get(url(acme, f"table/?cols={column}&sort=-{column}"))))
    assert up == ["Small", "Middle", "Large", "Untold"]
    assert down == ["Large", "Middle", "Small", "Untold"], "what is unknown comes last"
    assert f"sort=-{column}" in text(client.get(url(acme, f"table/?cols={column}&sort={column}")))


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("asked", "left", "words"),
    [
        ("size_from=400萬", {"Middle", "Large"}, "Size at least 4,000,000"),
        ("size_to=3,999,999", {"Small"}, "Size at most 3,999,999"),
        ("budget_from=2000000&budget_to=2.5M", {"Middle"}, "Budget 2,000,000 – 2,500,000"),
        ("budget_from=2000000", {"Middle", "Large"}, "Budget at least 2,000,000"),
        ("schedule_from=2031-02-06", {"Middle", "Large"}, "Schedule from 6 Feb 2031"),
        ("schedule_to=2031-02-06", {"Small", "Middle"}, "Schedule until 6 Feb 2031"),
        ("budget_from=much&size_to=-5&schedule_to=soon", {"Untold", "Small", "Middle", "Large"}, ""),
    ],
)
def test_lists_are_narrowed_by_what_the_customer_told(
    acme: Cast, login: Login, asked: str, left: set[str], words: str
) -> None:
    client = login(acme.manager)
    for path in ("table/", ""):
        page = text(client.get(url(acme, f"{path}?{asked}")))
        assert set(names_in(page)) == left
        assert words in page
    assert ('name="told"' in page) is False
    matrix = text(client.get(url(acme, f"matrix/?group=owner&across=stage&{asked}")))
    assert f">{len(left)}<" in matrix


@pytest.mark.usefixtures("told")
def test_a_saved_view_keeps_what_was_told_and_the_form_shows_it(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    page = text(client.get(url(acme, "table/?budget_from=200萬&schedule_to=2031-12-31&size_to=")))
    assert 'name="budget_from" inputmode="decimal" autocomplete="off" maxlength="40" value="2000000"' in page
    assert 'type="date" name="schedule_to" value="2031-12-31"' in page
    assert '<input type="hidden" name="budget_from" value="200萬">' in page, "the other filters keep it"
