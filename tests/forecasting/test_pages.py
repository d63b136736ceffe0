"""The pages of the forecast: who may see what, what is refused, what is kept, and how much it costs."""

import re
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forecasting import actions, queries
from forecasting.models import Alert, Target
from forecasting.periods import Kind, period_of
from funnel import actions as funnel_actions
from funnel.commitment import CommitmentKind
from funnel.models import Opportunity
from funnel.stages import Stage
from jobs.models import Job
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import MONTH, NOW, QUARTER, TODAY, change, make_opportunity, make_season, win

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DAY = timedelta(days=1)
PAST = ["changes/", "past/", "flow/", "flow/time/", "flow/stages/"]
PAGES = ["", "rows/", "strip/", "accuracy/", "alerts/", "targets/", *PAST]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the morning of 23 November 2026."""
    monkeypatch.setattr("tenants.web.timezone.now", lambda: NOW)


def page(client: Client, path: str = "", *, headers: dict[str, str] | None = None, status: int = 200) -> str:
    response = client.get(f"/o/acme/forecast/{path}", headers=headers)
    assert response.status_code == status
    return response.content.decode()


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        page(client, path)
    return len(caught)


# Doors ------------------------------------------------------------------------------------------------


def test_only_those_who_may_see_forecasts_see_one(acme: Cast, globex: Cast) -> None:
    seen = [(member, 200) for member in (acme.rep, acme.manager, acme.executive)]
    barred = [(member, 403) for member in (acme.partner, acme.colleague, acme.admin)]
    for member, status in [*seen, *barred, (globex.executive, 404)]:
        client = sign_in(member)
        for path in PAGES:
            page(client, path, status=status)


def test_strangers_and_people_out_of_sight_are_not_found(acme: Cast, globex: Cast) -> None:
    for member, who in [
        (acme.executive, f"m{globex.rep.pk}"),
        (acme.executive, f"t{globex.team.pk}"),
        (acme.manager, f"m{acme.partner.pk}"),
        (acme.rep, f"m{acme.rep2.pk}"),
    ]:
        client = sign_in(member)
        for path in PAGES:
            page(client, f"{path}?who={who}", status=404)


def test_any_period_that_is_typed_gives_a_page(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for query in ["?period=x&on=y", "?on=0001-01-01", "?on=9999-12-31", "?period=year&on=2026-02-30"]:
        for path in PAGES:
            page(client, path + query)


def test_only_known_rows_are_listed(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for query in ["?what=secret", "?what=moved", "?what=moved&bucket=secret"]:
        page(client, "rows/" + query, status=404)
    page(client, "rows/?what=due&stage=99")
    page(client, "behind/?what=moved&bucket=new&page=9999")


# The report -------------------------------------------------------------------------------------------


def test_the_report_says_what_was_won_what_is_expected_and_what_is_short(acme: Cast) -> None:
    with working_for(acme.org):
        win(make_opportunity(acme.rep, 300_000_00, TODAY), NOW - DAY)
        make_opportunity(acme.rep, 200_000_00, TODAY, stage=Stage.CLOSE, name="Turbine")
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 1_000_000_00, by=acme.manager, at=NOW)
    text = re.sub(r"<[^>]+>", "", page(sign_in(acme.rep)))
    assert "300K won so far" in text
    assert "Q4 2026 comes to 460K, 540K short of the target of 1M." in text
    assert "Since last week the forecast rose by 240K, mainly by Line 3 Ltd: won." in text
    assert "working day 38 of 66" in text
    assert "No evening has been stored yet" in text


def test_every_number_of_the_report_opens_its_rows(acme: Cast) -> None:
    due = make_season(acme)[1]
    with working_for(acme.org):
        funnel_actions.record_commitment(
            due,
            CommitmentKind.PROCEDURE,
            on=TODAY,
            what="They voted for us",
            note="Minutes",
            by=acme.rep,
            at=NOW,
        )
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 1_000_000_00, by=acme.manager, at=NOW)
    client = sign_in(acme.manager)
    text = page(client)
    links = {
        link.replace("&amp;", "&") for link in re.findall(r'href="(/o/acme/forecast/(?:rows|behind)/[^"]+)"', text)
    }
    assert {what for link in links for what in re.findall(r"what=(\w+)", link)} == {
        "won",
        "committed",
        "due",
        "counted",
        "reached",
        "overdue",
        "undated",
        "moved",
    }
    assert '<a href="/o/acme/funnel/proofs/missing/">Missing proofs</a>' in text
    assert re.search(r'<a href="/o/acme/forecast/targets/\?period=', text), "target and pace open the targets"
    for link in links:
        assert "No opportunity stands behind" not in client.get(link).content.decode() or "stage=" in link


def test_what_is_proven_opens_the_same_rows_with_the_same_sum(acme: Cast) -> None:
    with working_for(acme.org):
        made = make_opportunity(acme.rep, 200_000_00, TODAY, stage=Stage.CLOSE)
        Opportunity.objects.filter(pk=made.pk).update(proven_stage=Stage.PROOF)
        make_opportunity(acme.rep2, 500_000_00, TODAY)
        make_opportunity(acme.rep, 500_000_00, QUARTER.next.starts_on)
    client, who = sign_in(acme.manager), f"m{acme.rep.pk}"
    for path in (f"?who={who}", f"strip/?who={who}"):
        answer = client.get(f"/o/acme/forecast/{path}")
        numbers, text = answer.context["numbers"], answer.content.decode()
        assert 0 < numbers.proven < numbers.weighted
        [link] = re.findall(rf'title="TWD {numbers.proven // 100:,}"><a href="([^"]+)">', text)
        totals = client.get(link.replace("&amp;", "&")).context["totals"]
        assert (totals.count, totals.proven) == (1, numbers.proven)


def test_the_rows_show_the_sum_of_all_pages(acme: Cast) -> None:
    with working_for(acme.org):
        for _ in range(52):
            make_opportunity(acme.rep, 1_000_00, TODAY)
    text = page(sign_in(acme.rep), "rows/?what=due")
    assert "52 opportunities" in text
    assert 'title="TWD 52,000"' in text
    assert text.count("<tr data-href") == 50


def test_last_week_does_not_concern_a_period_that_is_over(acme: Cast) -> None:
    make_season(acme)
    text = page(sign_in(acme.manager), f"?on={QUARTER.previous.starts_on}")
    assert "Since last week" not in text
    assert "Changes since last week" not in text


def test_thirty_opportunities_cost_what_one_costs(acme: Cast) -> None:
    def add() -> None:
        change(make_opportunity(acme.rep, 100, TODAY - DAY), NOW - DAY, amount=200)
        win(make_opportunity(acme.rep, 100, TODAY), NOW - DAY)

    def costs() -> dict[tuple[str, str], int]:
        return {(role, path): cost(clients[role], path) for role in clients for path in [*PAGES, "rows/?what=due"]}

    clients = {str(member.role): sign_in(member) for member in (acme.rep, acme.manager, acme.executive)}
    with working_for(acme.org):
        add()
        add()
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 100, by=acme.manager, at=NOW)
        actions.refresh_health(acme.org, at=NOW)
        actions.take_snapshot(acme.org, on=TODAY, at=NOW)
    few = costs()
    with working_for(acme.org):
        for _ in range(13):
            add()
        actions.refresh_health(acme.org, at=NOW)
    assert costs() == few
    assert max(few.values()) <= 15


def test_the_strip_of_the_board(acme: Cast) -> None:
    make_season(acme)
    text = page(sign_in(acme.rep), "strip/", headers=HTMX)
    with working_for(acme.org):
        numbers = queries.summary(acme.rep, QUARTER).numbers
    assert "<html" not in text
    for amount in (numbers.won, numbers.weighted, numbers.open_total):
        assert f'title="TWD {amount / 100:,.2f}"'.replace(".00", "") in text


def test_people_are_asked_for_in_the_words_of_the_lists_too(acme: Cast) -> None:
    make_season(acme)
    manager = sign_in(acme.manager)
    for listed, own in ((f"owner={acme.rep.pk}", f"m{acme.rep.pk}"), (f"team={acme.team.pk}", f"t{acme.team.pk}")):
        strip = page(manager, f"strip/?{listed}", headers=HTMX)
        assert f"who={own}" in strip
        assert f"/o/acme/funnel/leads/?{listed}" in strip
        assert f"who={own}" in page(manager, f"?{listed}")
    page(sign_in(acme.rep), f"?owner={acme.rep2.pk}", status=404)


def test_computing_now_starts_one_job_and_shows_its_panel(acme: Cast) -> None:
    client = sign_in(acme.rep)
    assert client.get("/o/acme/forecast/compute/").status_code == 405
    started = client.post("/o/acme/forecast/compute/", headers=HTMX)
    assert started.status_code == 202
    assert "hx-get" in started.content.decode()
    assert client.post("/o/acme/forecast/compute/").status_code == 303
    other = sign_in(acme.manager).post("/o/acme/forecast/compute/", headers=HTMX)
    assert (other.status_code, "computed already" in other["HX-Trigger"]) == (204, True)
    with working_for(acme.org):
        assert Job.objects.count() == 1


# Alerts -----------------------------------------------------------------------------------------------


def test_alerts_show_what_is_wrong_and_what_would_clear_it(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, None, TODAY - 3 * DAY, name="Pump")
        make_opportunity(acme.rep2, 100, TODAY - 3 * DAY, name="Valve")
        actions.refresh_health(acme.org, at=NOW)
    text = page(sign_in(acme.rep), "alerts/")
    assert "Pump" in text
    assert "Valve" not in text
    assert "3 days overdue" in text
    assert "60 days without contact" in text
    assert "Add a next action with a date." in text
    panel = page(sign_in(acme.manager), "alerts/", headers=HTMX)
    assert "<html" not in panel
    assert "Valve" in panel
    only = page(sign_in(acme.manager), "alerts/?flag=no_amount")
    assert "Pump" in only
    assert "Valve" not in only
    assert "No opportunity breaks this rule" in page(sign_in(acme.manager), "alerts/?flag=pushed")


def test_without_alerts_everything_is_in_order(acme: Cast) -> None:
    assert "Everything is in order" in page(sign_in(acme.rep), "alerts/")
    assert "Everything is in order" in page(sign_in(acme.rep), "alerts/", headers=HTMX)


# Targets ----------------------------------------------------------------------------------------------


def cell(owner: Membership, amount: str, version: int = 0, more: dict[str, str] | None = None) -> dict[str, str]:
    return {
        "owner": str(owner.pk),
        "period": "quarter",
        "starts_on": QUARTER.starts_on.isoformat(),
        "amount": amount,
        "version": str(version),
        **(more or {}),
    }


def stored(acme: Cast) -> list[tuple[int, int]]:
    with working_for(acme.org):
        return list(Target.objects.values_list("amount", "version"))


URL = "/o/acme/forecast/targets/set/"


def test_a_manager_sets_targets_of_the_team(acme: Cast) -> None:
    client = sign_in(acme.manager)
    saved = client.post(URL, cell(acme.rep, "1,280萬"), headers=HTMX)
    assert saved.status_code == 200
    assert 'value="12,800,000"' in saved.content.decode()
    assert 'name="version" value="1"' in saved.content.decode()
    assert saved.content.decode().count("hx-swap-oob") == 6
    assert stored(acme) == [(12_800_000_00, 1)]
    changed = client.post(URL, cell(acme.rep, "13M", 1))
    assert changed.status_code == 303
    assert changed["Location"].startswith("/o/acme/forecast/targets/?period=quarter&on=2026-10-01")
    assert stored(acme) == [(13_000_000_00, 2)]
    assert "13,000,000" in page(client, "targets/")
    with working_for(acme.org):
        event = AuditEvent.objects.filter(verb="target.set").latest("pk")
    assert event.by_id == acme.manager.pk
    assert event.data["amount"] == [12_800_000_00, 13_000_000_00]


def test_sending_it_twice_sets_it_once(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for _ in range(2):
        assert client.post(URL, cell(acme.rep, "5000"), headers=HTMX).status_code == 200
    assert stored(acme) == [(5_000_00, 1)]
    with working_for(acme.org):
        assert AuditEvent.objects.filter(verb="target.set").count() == 1


def test_an_empty_field_takes_the_target_away(acme: Cast) -> None:
    client = sign_in(acme.manager)
    client.post(URL, cell(acme.rep, "5000"))
    assert client.post(URL, cell(acme.rep, " ", 1), headers=HTMX).status_code == 200
    assert stored(acme) == []


UNREADABLE = [
    ("much", "Enter an amount such as"),
    ("-5", "cannot be negative"),
    ("1e308", "Enter an amount such as"),
    ("9" * 30, "too large"),
    ("=cmd()", "Enter an amount such as"),
    ("0.001", "at most two decimals"),
    ("<b>5</b>", "Enter an amount such as"),
]


def test_what_cannot_be_read_is_kept_and_explained(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for (amount, message), headers in product(UNREADABLE, (HTMX, {})):
        refused = client.post(URL, cell(acme.rep, amount), headers=headers)
        text = refused.content.decode()
        assert refused.status_code == 422
        assert message in text
        assert amount.replace("<", "&lt;").replace(">", "&gt;") in text
        assert ("<html" in text) == (not headers)
    assert stored(acme) == []


def test_an_edit_of_something_old_shows_both_values(acme: Cast) -> None:
    sign_in(acme.executive).post(URL, cell(acme.rep, "7000"))
    client = sign_in(acme.manager)
    for headers in (HTMX, {}):
        clash = client.post(URL, cell(acme.rep, "8000", 0), headers=headers)
        text = clash.content.decode()
        assert clash.status_code == 409
        assert "7K" in text
        assert "8K" in text
        assert "Executive Acme" in text
        assert 'data-keep="1"' in text
    assert stored(acme) == [(7_000_00, 1)]
    assert client.post(URL, cell(acme.rep, "8000", 1)).status_code == 303
    with working_for(acme.org):
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, None, by=acme.executive, at=NOW)
    gone = client.post(URL, cell(acme.rep, "9000", 2), headers=HTMX)
    assert gone.status_code == 409
    assert 'data-keep="0"' in gone.content.decode()


def test_targets_of_others_cannot_be_set(acme: Cast, globex: Cast) -> None:
    for member, owner, status in [
        (acme.rep, acme.rep, 403),
        (acme.colleague, acme.rep, 403),
        (acme.manager, acme.partner, 404),
        (acme.manager, globex.rep, 404),
        (acme.executive, globex.rep, 404),
        (acme.executive, acme.partner, 303),
        (acme.executive, acme.colleague, 422),
        (globex.executive, acme.rep, 404),
    ]:
        assert sign_in(member).post(URL, cell(owner, "5")).status_code == status
    for typed in ("", "x", "0", "9" * 30):
        assert sign_in(acme.manager).post(URL, cell(acme.rep, "5", more={"owner": typed})).status_code == 404


def test_a_cell_that_does_not_exist_cannot_be_set(acme: Cast) -> None:
    client = sign_in(acme.manager)
    for name, value in [
        ("starts_on", "2026-11-01"),
        ("starts_on", "never"),
        ("period", "year"),
        ("version", "-1"),
        ("version", ""),
    ]:
        assert client.post(URL, cell(acme.rep, "5", more={name: value})).status_code == 422
    assert stored(acme) == []


def test_a_rep_sees_the_own_target_but_no_field(acme: Cast) -> None:
    with working_for(acme.org):
        actions.set_target(acme.rep, "month", MONTH.starts_on, 5_000_00, by=acme.manager, at=NOW)
        actions.set_target(acme.rep2, "month", MONTH.starts_on, 6_000_00, by=acme.manager, at=NOW)
    text = page(sign_in(acme.rep), "targets/?period=month")
    assert re.search(r"\b5K\b", text)
    assert not re.search(r"\b6K\b", text)  # a word: the token of the page may hold anything
    assert "target-cell" not in text
    quarters = page(sign_in(acme.manager), "targets/")
    assert 'placeholder="5,000"' in quarters


def test_the_year_of_the_targets_is_the_organizations(acme: Cast) -> None:
    acme.org.fiscal_year_start = 4
    acme.org.save()
    text = page(sign_in(acme.manager), "targets/")
    assert "FY2026 Q1" in text
    assert period_of(Kind.YEAR, TODAY, 4).starts_on.isoformat() == "2026-04-01"


# Health and alerts ------------------------------------------------------------------------------------


def test_health_is_written_alerts_open_and_clear_and_nobody_is_told_twice(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, None, TODAY - DAY, name="Pump")
        for _ in range(2):
            actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
        assert opportunity.health == "risk"
        flags = ["overdue", "silent", "no_next_step", "no_amount", "no_power", "unproven", "stalled"]
        assert opportunity.flags == flags
        assert Alert.objects.standing().count() == len(flags)
        told = list(acme.rep.notifications.all())
        assert [each.text for each in told] == ["1 of your opportunities needs attention: Pump"]
        change(opportunity, NOW, amount=100, expected_close_on=TODAY)
        actions.refresh_health(acme.org, at=NOW + DAY)
        left = {*flags} - {"no_amount"}
        assert set(Alert.objects.standing().values_list("code", flat=True)) == left
        opportunity.refresh_from_db()
        assert "no_amount" not in opportunity.flags
        win(opportunity, NOW + 2 * DAY)
        assert Alert.objects.standing().count() == 0
        assert Alert.objects.filter(cleared_at=NOW + 2 * DAY).count() == len(left)


def test_health_costs_the_same_for_one_and_for_many(acme: Cast) -> None:
    def judged() -> int:
        with CaptureQueriesContext(connection) as caught:
            actions.refresh_health(acme.org, at=NOW)
        return len(caught)

    with working_for(acme.org):
        judged()  # the first night of all writes the row that the others find
        make_opportunity(acme.rep, 100, TODAY)
        first = judged()
        for _ in range(20):
            make_opportunity(acme.rep, 100, TODAY)
        assert judged() == first
        assert Opportunity.objects.exclude(flags=[]).count() == 21
