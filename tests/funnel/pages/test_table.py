"""The table: every number finds its rows, in every order."""

import re
from datetime import date

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
        return re.findall(r'<td class="num wide-only"(?: title="([^"]*)")?>([^<]*)</td>', row)

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
