"""Grouping by any field: the numbers of groups agree with the rows, for everybody, and each group opens its own."""

import html
import random
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

from accounts.models import Account
from funnel import actions, filters, queries
from funnel.grouping import DIMENSIONS, in_order, months_shown
from funnel.labels import GROUPINGS, WITHOUT
from funnel.models import Opportunity, OpportunityMember
from funnel.stages import Health, Stage, Status, weighted
from tenants.models import Membership
from tests.accounts.factories import make_product
from tests.cast import Cast
from tests.funnel.factories import DAY, make_account, make_opportunity

Login = Callable[[Membership], Client]


def test_every_field_has_its_words() -> None:
    assert set(GROUPINGS) == set(WITHOUT) == set(DIMENSIONS)


KEYS = st.dictionaries(st.sampled_from(["", "A", "A+", "B", "2026-11-01", "2025-01-01", "zz"]), st.integers(0, 9))


@given(KEYS, st.sampled_from(list(DIMENSIONS.values())))
def test_groups_are_all_shown_once_in_an_order(sizes: dict[str, int], dimension: Any) -> None:
    found = in_order(dimension, sizes)
    assert sorted(found) == sorted(sizes)
    if dimension.by_key:
        assert [key for key in found if key] == sorted(key for key in sizes if key)
        assert "" not in found[:-1]
    elif not dimension.order:
        assert [sizes[key] for key in found] == sorted(sizes.values(), reverse=True)


def test_the_months_to_come_are_shown_empty_or_not() -> None:
    assert months_shown(["2027-05-01", ""], date(2026, 11, 30), 2) == [
        *("2026-11-01", "2026-12-01", "2027-01-01", "2027-05-01", ""),
    ]


def url(cast: Cast, path: str = "table/") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


@pytest.fixture
def _scene(acme: Cast, scope: None) -> None:
    """Three dozen opportunities of everything, some of them closed, some on another's sales team."""
    acme.org.fiscal_year_start = 2
    acme.org.save()
    dice, today = random.Random(4), timezone.localdate()
    accounts = [make_account(acme.rep, f"Customer {n}") for n in range(4)]
    Account.objects.filter(pk=accounts[0].pk).update(region='North & "East" + 50%', industry="Steel", segment="A+")
    Account.objects.filter(pk=accounts[1].pk).update(region="<b>South</b>, coast", segment="B")
    product = make_product(acme, "Sensor")
    for number in range(36):
        owner = dice.choice([acme.rep, acme.rep2, acme.partner, acme.manager])
        stage = Stage(dice.randrange(1, 7))
        due = dice.choice([None, today + timedelta(days=dice.randrange(0, 400))])
        made = make_opportunity(
            owner,
            f"Deal {number}",
            dice.choice(accounts),
            timezone.now() - 30 * DAY,
            amount=dice.choice([None, dice.randrange(1, 10**9)]),
            expected_close_on=due,
            product=dice.choice([None, product]),
            stage=stage,
            source=dice.choice(["", "Fair", "Web=1&2"]),
        )
        flags = dice.sample(["stalled", "silent", "overdue"], dice.randrange(4))
        proof: dict[str, Any] = {
            "eb_promised_on": dice.choice([None, today]),
            "committed_on": dice.choice([None, None, today]),
        }
        proof |= {"buying_procedure": dice.choice(["", "eb_alone"]), "proven_stage": dice.randrange(1, stage + 1)}
        Opportunity.objects.filter(pk=made.pk).update(health=dice.choice(list(Health)), flags=flags, **proof)
        if number % 6 == 0:
            actions.abandon(made, seen=made.version, reason="timing", by=owner, at=timezone.now())
        elif number % 7 == 0:
            OpportunityMember.objects.create(opportunity=made, member=dice.choice([acme.colleague, acme.partner]))


def everyone(cast: Cast) -> list[Membership]:
    return [cast.rep, cast.rep2, cast.manager, cast.executive, cast.partner, cast.colleague]


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
@pytest.mark.parametrize("code", DIMENSIONS)
def test_groups_agree_with_the_database_for_every_role(acme: Cast, code: str) -> None:
    table = queries.stage_table()
    for who in everyone(acme):
        for status in ("open", "all"):
            wanted = filters.read({"status": status})
            rows = queries.listed(who, wanted, today=timezone.localdate())
            found = queries.groups(rows, code, who, table=table, language="en")
            standing = list(rows)
            assert found.number == len(found.shown)
            assert {group.key for group in found.shown} == set(found.names)
            for group in found.shown:
                inside = queries.listed(
                    who, filters.read({"status": status, f"in_{code}": group.key}), today=timezone.localdate()
                )
                mine = list(inside)
                assert (group.count, group.total) == (len(mine), sum(row.amount or 0 for row in mine))
                standing_here = [row for row in mine if row.status == "open"]
                assert group.weighted == sum(
                    weighted(row.amount or 0, table[row.stage - 1].percent) for row in standing_here
                )
            if not DIMENSIONS[code].repeats:
                assert sum(group.count for group in found.shown) == len(standing)
                assert sum(group.total for group in found.shown) == sum(row.amount or 0 for row in standing)


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
def test_board_table_groups_and_matrix_say_the_same_to_every_role(acme: Cast, login: Login) -> None:
    for who in everyone(acme):
        standing = list(Opportunity.objects.visible_to(who).filter(status=Status.OPEN))
        count, total = len(standing), sum(row.amount or 0 for row in standing)
        client = login(who)
        board = client.get(url(acme, "")).context["board"]
        assert (board.count, board.total) == (count, total)
        for group in ("", "region", "owner", "flag"):
            totals = client.get(url(acme, f"table/?group={group}")).context["totals"]
            assert (totals.count, totals.total) == (count, total)
        for pair in ("group=owner&across=stage", "group=region&across=category", "group=account&across=due_month"):
            found = client.get(url(acme, f"matrix/?{pair}")).context["matrix"].sum
            assert (found.count, found.total) == (count, total)


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
@pytest.mark.parametrize("code", DIMENSIONS)
def test_each_group_opens_its_rows(acme: Cast, login: Login, code: str) -> None:
    client = login(acme.executive)
    text = client.get(url(acme, f"table/?status=all&group={code}&q=deal")).content.decode()
    rows = re.findall(r'<tr data-href="([^"]*)"><th[^>]*>.*?</th><td class="num"[^>]*>(\d+)</td>', text)
    assert rows
    for address, count in rows:
        page = client.get(html.unescape(address))
        assert page.context["totals"].count == int(count)
        assert not page.context["filters"].group


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
def test_on_the_phone_each_figure_of_a_group_says_what_it_is(acme: Cast, login: Login) -> None:
    page = login(acme.executive).get(url(acme, "table/?group=owner")).content.decode()
    lines = page.count("<tr data-href") + 1  # that of all together
    assert lines > 1
    for named in ("Opportunities", "Weighted", "Proven"):
        assert page.count(f'data-named="{named}"') == lines


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
def test_cells_of_two_fields_open_their_rows(acme: Cast, login: Login) -> None:
    client = login(acme.executive)
    text = client.get(url(acme, "matrix/?group=region&across=health")).content.decode()
    shown = re.findall(r'<a href="([^"]*table/[^"]*)" title="[^"]*">[^<]*<span class="sub">(\d+)</span>', text)
    assert len(shown) > 8
    for address, count in shown:
        assert client.get(html.unescape(address)).context["totals"].count == int(count)


@pytest.mark.django_db
@pytest.mark.usefixtures("_scene")
def test_what_claims_more_than_is_proven_is_found_everywhere(acme: Cast, login: Login) -> None:
    standing = [row for row in Opportunity.objects.filter(status=Status.OPEN) if row.proven_stage < row.stage]
    assert standing
    client = login(acme.executive)
    assert client.get(url(acme, "table/?gap=1&status=all")).context["totals"].count == len(standing)
    assert client.get(url(acme, "?gap=1")).context["board"].count == len(standing)


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_nonsense_in_the_address_harms_nothing(acme: Cast, login: Login) -> None:
    make_opportunity(acme.rep)
    client = login(acme.executive)
    for nonsense in (
        *("?group=nothing", "?in_owner=x", "?in_stage=99", "?in_due_month=2026-13-01", "?in_due_quarter=%00"),
        *("?in_region=%00", f"?in_account={9**30}", "?in_flag=" + "x" * 500, "?group=flag&page=99999999999"),
        *("?in_closed_month=9999-12-01", "?in_owner=²", "?group=owner&page=7"),
    ):
        for page in ("table/", "", "matrix/"):
            assert client.get(url(acme, page + nonsense)).status_code == 200, nonsense


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_a_filter_whose_value_has_gone_says_so(acme: Cast, login: Login) -> None:
    make_opportunity(acme.rep)
    text = login(acme.executive).get(url(acme, "table/?product=4711&owner=4712")).content.decode()
    assert text.count("no longer there") == 2
    own = make_account(acme.rep, "Secret Customer")
    text = login(acme.partner).get(url(acme, f"table/?account={own.pk}")).content.decode()
    assert "no longer there" in text
    assert "Secret Customer" not in text


@pytest.mark.django_db
@pytest.mark.usefixtures("scope")
def test_thirty_groups_cost_what_one_costs(acme: Cast, login: Login) -> None:
    client = login(acme.manager)
    counts = []
    for number in range(30):
        make_opportunity(acme.rep, f"Deal {number}", make_account(acme.rep, f"C {number}"))
        if number in {0, 29}:
            client.get(url(acme, "table/?group=account"))
            with CaptureQueriesContext(connection) as asked:
                client.get(url(acme, "table/?group=account"))
            counts.append(len(asked))
    assert counts[0] == counts[1] <= 15
