"""The pages about the past: every number opens its rows, bad days and foreign ids are refused, costs stand still."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client

from accounts import actions as accounts_actions
from accounts.models import Account
from forecasting import queries
from funnel.slices import Slice
from funnel.stages import Stage
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import NOW, QUARTER, TODAY, change, lose, make_opportunity, make_season, move, win
from tests.forecasting.test_pages import PAST, cost, page

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the morning of 23 November 2026."""
    monkeypatch.setattr("tenants.web.timezone.now", lambda: NOW)


@pytest.fixture
def season(acme: Cast) -> Cast:
    """The season, and some that moved in the last days."""
    with working_for(acme.org):
        make_season(acme)
        for owner in (acme.rep, acme.rep2):
            change(make_opportunity(owner, 500, TODAY, at=NOW - 30 * DAY), NOW - 2 * DAY, amount=700)
            move(make_opportunity(owner, 600, TODAY, at=NOW - 30 * DAY), Stage.PROOF, NOW - 3 * DAY)
            win(make_opportunity(owner, 800, TODAY, at=NOW - 30 * DAY), NOW - 2 * DAY)
            lose(make_opportunity(owner, 900, TODAY, at=NOW - 30 * DAY), NOW - 2 * DAY)
    return acme


def links(text: str) -> Iterator[tuple[str, int]]:
    """Yield each address of rows on a page, with how many it says there are; an amount has its exact one as title."""
    linked = r'<a href="([^"]*behind/[^"]*)"(?:[^>]*>[^<]*<span class="sub">|(?![^>]*title=)[^>]*>)([\d,]+)<'
    found = re.findall(linked, text)
    for url, number in found:
        yield unescape(url), int(number.replace(",", ""))


def opened(client: Client, url: str) -> int:
    """Return how many opportunities a page of rows says it has."""
    response = client.get(url)
    assert response.status_code == 200, url
    found = re.search(r'<tr class="total"><th scope="row">(\d+) opportunit', response.content.decode())
    return int(found.group(1)) if found else 0


@pytest.mark.parametrize("path", ["changes/", "changes/?by=category", "past/", "flow/stages/"])
def test_every_number_opens_just_its_rows(season: Cast, path: str) -> None:
    seen = 0
    for member in (season.rep, season.manager, season.executive):
        client = sign_in(member)
        for url, number in links(page(client, path)):
            assert opened(client, url) == number, url
            seen += number > 0
    assert seen > 5


def test_the_figures_of_the_flow_open_their_rows(season: Cast) -> None:
    client = sign_in(season.executive)
    text = page(client, "flow/") + page(client, "flow/time/")
    urls = {url.rsplit("what=", 1)[1]: url for url in map(unescape, re.findall(r'href="([^"]*behind/[^"]*)"', text))}
    (won, lost) = re.findall(r"(\d+) won, (\d+) lost", text)[0]
    stuck, qualified = (re.findall(rf"(\d+) {word}", text)[0] for word in ("stuck", "qualified"))
    for what, number in {"won": won, "lost": lost, "stuck": stuck, "qualified": qualified}.items():
        assert opened(client, urls[what]) == int(number) > 0
    slipped, due = map(int, re.findall(r"(\d+) of (\d+) due", text)[0])
    assert opened(client, urls["slipped"]) == slipped <= due


def test_the_counts_of_the_waterfall_are_those_of_its_buckets(season: Cast) -> None:
    client = sign_in(season.executive)
    text = page(client, "changes/")
    rows = re.findall(r'<tr><th scope="row"><a href="([^"]+)">[^<]+</a></th><td class="num">(\d+)<', text)
    assert len(rows) >= 4
    for url, number in rows:
        assert opened(client, unescape(url)) == int(number)
    with working_for(season.org):
        found = queries.waterfall(QUARTER, Slice(), since=queries.week_before(TODAY, season.org.zone))
        assert sum(int(number) for _url, number in rows) == sum(count for _bucket, _delta, count in found.buckets)


def test_days_that_cannot_be_answered_are_refused_with_what_was_typed(season: Cast) -> None:
    client = sign_in(season.manager)
    for query, words in {
        "since=2026-11-20&until=2026-11-01": "The first day lies after the last one.",
        "since=2026-11-24": "the future has not been logged yet",
        "until=2027-01-01": "the future has not been logged yet",
        "since=yesterday": "Enter a day such as",
        "since=1900-01-01": "Enter a day such as",
    }.items():
        for path in PAST:
            page(client, f"{path}?{query}", status=422)
        text = page(client, f"changes/?{query}", status=422)
        assert words in text
        assert f'value="{query.split("&")[0].split("=")[1]}"' in text


def test_velocity_trails_twelve_months_whatever_days_are_chosen(season: Cast) -> None:
    client = sign_in(season.executive)
    year, week = (
        client.get(f"/o/acme/forecast/flow/{query}").context for query in ("", f"?since={TODAY - timedelta(days=1)}")
    )
    assert week["closed"] != year["closed"], "the other figures are of the days chosen"
    assert week["velocity"] == year["velocity"] > 0


def test_foreign_and_unknown_words_are_not_found(season: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        theirs = accounts_actions.create_product(name="Theirs", list_price=1, by=globex.admin, at=NOW)
    client = sign_in(season.executive)
    for query in [f"product={theirs.pk}", "product=x", "region=Atlantis", "segment=Z", f"who=m{globex.rep.pk}"]:
        for path in PAST:
            page(client, f"{path}?{query}", status=404)
    for query in ["", "what=secret", "what=moved&bucket=x", "what=went&came=new&went=secret", "what=left&stage=9"]:
        page(client, f"behind/?{query}", status=404)
    page(client, "behind/?what=stood&since=2027-01-01", status=404)


def test_who_has_nothing_yet_reads_what_to_do_instead_of_empty_charts(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for path in ("forecast/", "forecast/changes/", "forecast/past/", "forecast/flow/"):
        text = client.get(f"/o/acme/{path}").content.decode()
        assert "Nothing to tell yet" in text, path
        assert "<table" not in text.partition("<main")[2].partition("</main>")[0], path
        assert "/o/acme/funnel/new/" in text, path
    with working_for(acme.org):
        make_opportunity(acme.rep, 100_000, TODAY)
    for path in ("forecast/", "forecast/changes/", "forecast/past/", "forecast/flow/"):
        assert "Nothing to tell yet" not in client.get(f"/o/acme/{path}").content.decode(), path


def test_an_amount_that_stayed_is_said_to_have_stayed(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, 100_000, TODAY)
    day = f"since={TODAY}&until={TODAY}&period=quarter&on={QUARTER.starts_on}"
    for path in ("forecast/changes/", "forecast/past/"):
        assert "as much as at the end of" in sign_in(acme.rep).get(f"/o/acme/{path}?{day}").content.decode(), path


def test_narrowing_by_region_segment_and_product(season: Cast) -> None:
    with working_for(season.org):
        one = make_opportunity(season.rep, 123_400, TODAY, at=NOW - DAY, name="Narrow")
        account = Account.objects.get(pk=one.account_id)
        accounts_actions.change_account(account, seen=account.version, by=season.rep, at=NOW, region="Taipei")
    client = sign_in(season.executive)
    text = page(client, "past/?region=Taipei&since=2026-11-20")
    assert [number for _url, number in links(text) if number] == [1, 1]
    assert all("region=Taipei" in url for url, _number in links(text))
    assert quote("A+") in page(client, "changes/?segment=A%2B")


def test_what_is_not_among_the_choices_offered_can_be_asked_all_the_same(
    season: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.queries.asking.CHOICES", 0)
    with working_for(season.org):
        product = accounts_actions.create_product(name="Sensor", list_price=1, by=season.admin, at=NOW)
        account = Account.objects.get(pk=make_opportunity(season.rep, 100, TODAY, at=NOW - DAY).account_id)
        accounts_actions.change_account(account, seen=account.version, by=season.rep, at=NOW, region="Taipei")
    client = sign_in(season.executive)
    assert f'<option value="{product.pk}" selected>Sensor' in page(client, f"changes/?product={product.pk}")
    assert '<option value="Taipei" selected>Taipei' in page(client, "changes/?region=Taipei")


def test_what_nobody_may_see_is_not_counted(season: Cast) -> None:
    with working_for(season.org):
        hers = queries.stood(Slice({season.rep.pk}))
    text = page(sign_in(season.rep), "past/")
    assert sum(number for url, number in links(text) if "stage=" in url and f"since={TODAY}" in url) == sum(
        each.count for each in hers.values()
    )


def test_thirty_cost_what_one_costs_on_the_pages_of_the_past(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, 100, TODAY)
        make_opportunity(acme.rep, 100, TODAY, at=NOW - 2 * DAY)
    clients = [sign_in(member) for member in (acme.rep, acme.manager, acme.executive)]
    paths = [*PAST, "behind/?what=moved&bucket=new", "behind/?what=stood", "behind/?what=qualified"]
    few = [cost(client, path) for client in clients for path in paths]
    with working_for(acme.org):
        for n in range(29):
            each = make_opportunity((acme.rep, acme.rep2)[n % 2], 100, TODAY, at=NOW - (n + 2) * DAY)
            if n % 3 == 0:
                win(each, NOW - DAY)
    assert [cost(client, path) for client in clients for path in paths] == few
    assert max(few) <= 15, dict(zip(paths * 3, few, strict=True))


def test_what_left_ones_sight_counts_in_the_number_and_shows_nothing_of_itself(acme: Cast) -> None:
    with working_for(acme.org):
        gone = make_opportunity(acme.rep, 111_100, TODAY, at=NOW - 30 * DAY, name="Gone south")
        change(gone, NOW - 2 * DAY, owner=acme.partner)
        change(gone, NOW - DAY, amount=999_900)
    there = "Gone south|9,999"
    stood = f"behind/?what=stood&since={TODAY - 9 * DAY}"
    assert "Gone south" in page(sign_in(acme.executive), stood)
    assert not re.search(there, page(sign_in(acme.rep), stood))
    for bars in ["changes/", ""]:
        assert "what=moved&amp;bucket=transferred_out" in page(sign_in(acme.rep), bars)
        text = page(sign_in(acme.rep), "behind/?what=moved&bucket=transferred_out")
        assert "1 more counted for −1.11K and is no longer in your sight" in text
        assert not re.search(there, text)
    text = page(sign_in(acme.rep), "")
    assert "mainly by one that is no longer in your sight" in text
    assert not re.search(there, text)


@pytest.mark.parametrize("path", ["changes/", "past/"])
def test_rows_add_up_to_the_number_they_stand_behind(season: Cast, path: str) -> None:
    client = sign_in(season.executive)
    text = page(client, path)
    found = re.findall(
        r'href="([^"]*behind/[^"]*)"[^<]*>[^<]*(?:<[^>]*>)*[^<]*</a>\s*</t[dh]>'
        r'(?:<td class="num">[^<]*</td>)?<td class="num" title="([^"]*)"',
        text,
    )
    assert path != "changes/" or len(found) >= 4
    for url, exact in found:
        rows = client.get(unescape(url)).content.decode()
        total = rows[rows.index('<tr class="total">') :].split("</tr>")[0]
        assert f'title="{exact}"' in total, url


def test_who_loses_most_stands_with_the_stage_and_the_peers(acme: Cast) -> None:
    with working_for(acme.org):
        for owner, gone in ((acme.rep, 1), (acme.rep2, 4)):
            for n in range(5):
                each = make_opportunity(owner, 100, TODAY, at=NOW - 60 * DAY, stage=Stage.QUALIFY)
                if n < gone:
                    move(each, Stage.DEVELOP, NOW - 30 * DAY)
                else:
                    lose(each, NOW - 20 * DAY)
    url = "/o/acme/forecast/flow/stages/"
    text = sign_in(acme.manager).get(url).content.decode()
    table = text[text.index("Who loses most, and where</caption>") :]
    rows = [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table[table.index("<tbody>") :])
    ]
    assert rows == [[acme.rep.name, "Qualify", "20% of 5", "80%", "3.0"]], "4 of 5 of the peers went on: 3 more would"
    opened_for = unescape(re.findall(r'<th scope="row" class="nowrap"><a href="([^"]*)"', table)[0])
    assert f"who=m{acme.rep.pk}" in opened_for
    assert "Who loses most" not in sign_in(acme.rep).get(url).content.decode(), (
        "who leads nobody is compared with nobody"
    )
