"""Open opportunities by stage and owner: the numbers, who sees whose, and that every number opens its rows."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from funnel import actions
from funnel.matrix import COLUMNS, Cell, arranged
from funnel.models import Opportunity, OpportunityMember
from funnel.stages import Stage
from tenants.models import Membership
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity

Login = Callable[[Membership], Client]


AMOUNTS = [st.integers(0, 99)] * 3
FIGURES = st.tuples(st.sampled_from("abcde"), st.sampled_from(COLUMNS), st.integers(1, 9), *AMOUNTS)


@given(st.lists(FIGURES, max_size=8, unique_by=lambda figure: figure[:2]))
def test_rows_and_columns_add_up_to_the_same(figures: list[tuple[str, str, int, int, int, int]]) -> None:
    found = arranged(figures, {"a": "Ann"}, COLUMNS)
    whole = Cell(*(sum(part) for part in zip(*(figure[2:] for figure in figures), strict=True)))
    assert sum((row.sum for row in found.rows), Cell()) == found.sum == whole
    for at in range(len(COLUMNS)):
        assert sum((row.cells[at] for row in found.rows), Cell()) == found.sums[at]
    assert [row.sum.total for row in found.rows] == sorted((row.sum.total for row in found.rows), reverse=True)


def url(cast: Cast, path: str = "matrix/") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def recent(owner: Membership, name: str, **facts: Any) -> Opportunity:
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_every_number_opens_the_rows_that_it_counts(acme: Cast, login: Login) -> None:
    recent(acme.rep, "one", stage=Stage.QUALIFY, amount=3 * MILLION)
    recent(acme.rep, "two", stage=Stage.QUALIFY, amount=None)
    recent(acme.rep2, "three", stage=Stage.PROOF, amount=MILLION)
    won = recent(acme.rep, "won", amount=9 * MILLION)
    actions.win(won, seen=1, by=acme.rep, at=timezone.now())
    client = login(acme.executive)
    page = client.get(url(acme))
    assert page.context["matrix"].sum == Cell(3, 4 * MILLION, 9 * MILLION // 10, 0)
    text = page.content.decode()
    shown = re.findall(r'<a href="([^"]*table/[^"]*)" title="[^"]*">[^<]*<span class="sub">(\d+)</span>', text)
    assert len(shown) == 2 + 2 + 2 + 1  # cells, sums of rows, sums of columns, the sum of all
    for address, count in shown:
        assert client.get(html.unescape(address)).context["totals"].count == int(count)


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_everyone_counts_what_they_may_see(acme: Cast, login: Login) -> None:
    mine = recent(acme.rep, "mine")
    recent(acme.rep2, "other")
    recent(acme.partner, "far")

    def counted(member: Membership) -> int:
        return int(login(member).get(url(acme)).context["matrix"].sum.count)

    assert [counted(who) for who in (acme.rep, acme.manager, acme.executive, acme.partner)] == [1, 2, 3, 1]
    OpportunityMember.objects.create(opportunity=mine, member=acme.partner)
    assert counted(acme.partner) == 2
    assert login(acme.partner).get(url(acme)).context["matrix"].rows[0].name


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_filters_narrow_it_and_stay_in_the_addresses(acme: Cast, login: Login) -> None:
    recent(acme.rep, "Alpha line", stage=Stage.QUALIFY)
    recent(acme.rep2, "Beta line", stage=Stage.QUALIFY)
    page = login(acme.executive).get(url(acme, "matrix/?q=alpha&status=won&stage=5&sort=name"))
    assert page.context["matrix"].sum.count == 1
    assert "table/?q=alpha&amp;stage=2&amp;owner=" in page.content.decode()
    assert login(acme.executive).get(url(acme, "matrix/?q=nothing")).context["matrix"].rows == ()
    for nonsense in ("?q=%00", "?owner=x&due=never", "?team=999999999999999999999"):
        assert login(acme.executive).get(url(acme, f"matrix/{nonsense}")).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_thirty_cost_what_one_costs(acme: Cast, login: Login) -> None:
    client = login(acme.manager)
    recent(acme.rep, "first")
    client.get(url(acme))
    with CaptureQueriesContext(connection) as one:
        client.get(url(acme))
    for number in range(29):
        recent(acme.rep if number % 2 else acme.rep2, f"Deal {number}", stage=Stage(number % 6 + 1))
    with CaptureQueriesContext(connection) as thirty:
        client.get(url(acme))
    assert len(one) == len(thirty) <= 15
