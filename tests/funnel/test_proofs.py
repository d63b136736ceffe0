"""Claimed and proven agree wherever they stand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forecasting.actions import take_snapshot
from forecasting.models import ForecastSnapshot, OpportunitySnapshot
from forecasting.periods import Kind as PeriodKind
from forecasting.periods import period_of
from forecasting.queries import summary
from funnel import actions, queries
from funnel.evidence import STANDARD, State
from funnel.filters import Filters
from funnel.models import Change, Opportunity, StageSetting
from funnel.stages import PERCENT, Stage, weighted
from tenants.models import Membership
from tenants.templatetags.ui import money_exact
from tests.cast import Cast
from tests.funnel.factories import MILLION, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}
WHO = ["rep", "rep2", "manager", "executive", "partner", "colleague"]


def verify(opportunity: Opportunity, upto: int, by: Membership) -> None:
    """Prove all stages before this one."""
    keys = [key for stage in range(1, upto) for key in STANDARD[stage]]
    actions.import_evidence([(opportunity.pk, key, "seen", opportunity.owner_id) for key in keys], at=timezone.now())
    for key in keys:
        actions.judge_evidence(opportunity, key, verdict=State.VERIFIED, seen=1, by=by, at=timezone.now())


@pytest.fixture
def season(acme: Cast) -> list[Opportunity]:
    """Open ones of every seller in several stages, proven to different depths, all due this quarter."""
    now = timezone.now()
    due = period_of(PeriodKind.QUARTER, now.date()).ends_on
    made = []
    for n, owner in enumerate([acme.rep, acme.rep2, acme.manager, acme.executive, acme.partner]):
        for stage in (Stage.QUALIFY, Stage.SOLUTION_FIT, Stage.CLOSE):
            amount = MILLION + 10_101 * n + int(stage)
            each = make_opportunity(
                owner, f"{owner.pk} {stage}", at=now, stage=stage, amount=amount, expected_close_on=due
            )
            verify(each, min(int(stage), 1 + (n + int(stage)) % 5), acme.executive)
            made.append(each)
    return list(Opportunity.objects.filter(pk__in=[each.pk for each in made]))


@pytest.mark.parametrize("who", WHO)
def test_claimed_and_proven_agree_wherever_they_stand(acme: Cast, season: list[Opportunity], who: str) -> None:
    member, today = getattr(acme, who), timezone.now().date()
    mine = [each for each in season if Opportunity.objects.visible_to(member).filter(pk=each.pk).exists()]
    proven = sum(weighted(each.amount or 0, PERCENT[Stage(each.proven_stage)]) for each in mine)
    claimed = sum(weighted(each.amount or 0, PERCENT[Stage(each.stage)]) for each in mine)
    assert proven <= claimed
    table, rows = queries.stage_table(), queries.listed(member, Filters(), today=today)
    board = queries.board(member, Filters(), today=today)
    grouped = queries.groups(rows, "owner", member, table=table, language="en").shown
    matrix, _heads = queries.matrix(rows, "owner", "stage", member, table=table, language="en")
    total = queries.unproven_sums(member, table)
    by_owner = queries.group_board(member, Filters(group="owner"), today=today, table=table, language="en")
    forecast = summary(member, period_of(PeriodKind.QUARTER, today))
    whole: list[Any] = [
        *(board, queries.totals(rows, table, status="open"), queries.totals(rows, table), by_owner),
        *(matrix.sum, forecast.numbers),
    ]
    assert {(each.weighted, each.proven) for each in whole} == {(claimed, proven)}
    every: list[Any] = [board.columns, grouped, matrix.sums, by_owner.columns, [row.numbers for row in forecast.people]]
    for parts in every:
        assert (sum(part.weighted for part in parts), sum(part.proven for part in parts)) == (claimed, proven)
    by_stage = {column.key: column.weighted for column in board.columns}
    assert {str(int(row.row.stage)): row.weighted for row in forecast.stages if row.weighted} == {
        key: amount for key, amount in by_stage.items() if amount
    }
    listed = queries.unproven(member, table, most=50)
    assert sum(each.unproven for each in listed) == total.unproven == claimed - proven
    assert (total.count, total.claimed) == (len(listed), sum(each.opportunity.claimed for each in listed))
    assert [each.unproven for each in listed] == sorted((each.unproven for each in listed), reverse=True)


def test_what_is_all_proven_is_claimed_to_the_last_cent(acme: Cast) -> None:
    for _n in range(3):
        make_opportunity(acme.rep, at=timezone.now(), stage=Stage.QUALIFY, amount=5)
    Opportunity.objects.update(proven_stage=Stage.QUALIFY)
    assert weighted(15, PERCENT[Stage.QUALIFY]) == 2 < 3 * weighted(5, PERCENT[Stage.QUALIFY])
    today, table = timezone.now().date(), queries.stage_table()
    totals = queries.totals(queries.listed(acme.rep, Filters(), today=today), table)
    board = queries.board(acme.rep, Filters(), today=today)
    assert totals.weighted == totals.proven == board.weighted == board.proven == 3
    weighing = queries.weighing(PERCENT)
    assert (weighing.now, weighing.then, weighing.proven_now, weighing.proven_then) == (3, 3, 3, 3)


def test_other_percentages_say_what_they_make_of_the_claimed_and_of_the_proven(acme: Cast, login: Login) -> None:
    one = make_opportunity(acme.rep, at=timezone.now(), stage=Stage.DEVELOP, amount=100_000)
    Opportunity.objects.filter(pk=one.pk).update(proven_stage=Stage.QUALIFY)
    other = dict(PERCENT) | {Stage.QUALIFY: 15, Stage.DEVELOP: 30}
    assert queries.weighing(other) == queries.Weighing(20_000, 30_000, 10_000, 15_000, 1)
    typed = {f"percent_{stage}": percent for stage, percent in other.items()}
    said = login(acme.admin).post("/o/acme/funnel/stages/effect/", typed).content.decode()
    assert "The proven weighted pipeline of what is open goes from 100 to 150." in said


@pytest.mark.parametrize("who", ["rep", "manager", "executive"])
def test_the_pages_of_the_forecast_and_the_review_say_claimed_and_proven_side_by_side(
    acme: Cast, season: list[Opportunity], login: Login, who: str
) -> None:
    member, now = getattr(acme, who), timezone.now()
    mine = [each for each in season if Opportunity.objects.visible_to(member).filter(pk=each.pk).exists()]
    proven = sum(weighted(each.amount or 0, PERCENT[Stage(each.proven_stage)]) for each in mine)
    claimed = sum(weighted(each.amount or 0, PERCENT[Stage(each.stage)]) for each in mine)
    client, home = login(member), "/o/acme/forecast/"
    period = period_of(PeriodKind.QUARTER, now.date())
    past = client.get(f"{home}past/")
    assert (past.context["last"].weighted, past.context["last"].proven) == (claimed, proven)
    page = client.get(f"{home}past/?since={now.date() - timedelta(days=1)}").content.decode()
    assert "not recorded" not in page, "nothing stood yesterday, so nothing of it is proven"
    take_snapshot(acme.org, on=now.date(), at=now)
    forecast = client.get(f"{home}?period=quarter&on={period.starts_on}")
    numbers, text = forecast.context["numbers"], forecast.content.decode()
    assert forecast.context["course"].points == [(now.date(), claimed)]
    assert forecast.context["course"].proven == [(now.date(), proven)]
    assert numbers.proven_forecast == proven
    for row in forecast.context["people"]:
        one = row[0].numbers
        shown = [f'title="{money_exact(amount, acme.org.currency)}"' for amount in (one.forecast, one.proven_forecast)]
        assert all(each in text for each in shown) or len(forecast.context["people"]) == 1
    assert 'class="proven"' in text
    assert text.count("sub only-narrow") >= 6, "a phone shows it too"
    ForecastSnapshot.objects.update(open_proven=None)
    again = client.get(f"{home}?period=quarter&on={period.starts_on}")
    assert (again.context["course"].proven, 'class="proven"' in again.content.decode()) == ([], False)


def test_what_was_proven_on_a_past_day_stands_beside_what_was_claimed(acme: Cast, login: Login) -> None:
    now = timezone.now()
    made = make_opportunity(acme.rep, at=now - timedelta(days=9), stage=Stage.QUALIFY, amount=MILLION)
    verify(made, 2, acme.executive)

    def past(days: int) -> tuple[Any, str]:
        page = login(acme.rep).get(f"/o/acme/forecast/past/?since={now.date() - timedelta(days=days)}")
        return page.context, page.content.decode()

    context, page = past(3)
    assert (context["first"].weighted, context["first"].proven) == (context["last"].weighted, 0)
    assert context["last"].proven == context["last"].weighted == context["proven_change"] > 0
    assert context["weighted_change"] == 0
    assert "not recorded" not in page
    rows = login(acme.rep).get(context["first_rows"]).context["worth"]
    assert (rows.weighted, rows.proven) == (context["first"].weighted, 0)
    StageSetting.objects.create(stage=Stage.QUALIFY, label="Q", percent=30)
    changed = past(90)[0]["last"]
    assert changed.weighted == changed.proven == weighted(MILLION, 30), "as the board weights it now"


def test_what_nobody_recorded_of_a_past_day_is_not_invented(acme: Cast, login: Login) -> None:
    now = timezone.now()
    url, opened = f"/o/acme/forecast/past/?since={now.date() - timedelta(days=3)}", now - timedelta(days=9)
    known = make_opportunity(acme.rep, at=opened, stage=Stage.QUALIFY, amount=MILLION)

    def older(amount: int | None, stage: Stage) -> None:
        """Make one whose log is older than what logs tell now."""
        twin = Opportunity.objects.get(pk=known.pk)
        twin.pk, twin.amount, twin.stage = None, amount, stage
        twin.save(force_insert=True)
        start = {**Change.objects.get(opportunity=known).new, "amount": amount, "stage": int(stage)}
        del start["proven"]
        facts = {"kind": "created", "new": start, "percent": PERCENT[stage]}
        Change.objects.create(opportunity=twin, occurred_at=opened, recorded_at=opened, **facts)

    older(None, Stage.PROOF)
    older(MILLION, Stage.DISCOVER)
    assert login(acme.rep).get(url).context["first"].proven == 0, "what is worth nothing is known to prove nothing"
    older(MILLION, Stage.PROOF)
    page = login(acme.rep).get(url)
    assert (page.context["first"].weighted, page.context["first"].proven) == (weighted(MILLION, 70), None)
    assert (page.context["last"].proven, page.context["proven_change"]) == (0, None)
    assert page.content.decode().count("not recorded") == 1
    rows = login(acme.rep).get(page.context["first_rows"])
    assert (rows.context["worth"].weighted, rows.context["worth"].proven) == (weighted(MILLION, 70), None)
    assert rows.content.decode().count("not recorded") == 4, "of the one and of the sum, on the phone too"


@pytest.mark.parametrize("who", ["rep", "manager", "executive"])
def test_the_forecast_counts_what_is_proven_by_person_stage_and_evening(
    acme: Cast, season: list[Opportunity], who: str
) -> None:
    member, now = getattr(acme, who), timezone.now()
    period = period_of(PeriodKind.QUARTER, now.date())
    ids = member.visible_owner_ids
    mine = [each for each in season if ids is None or each.owner_id in ids]
    proven = sum(weighted(each.amount or 0, PERCENT[Stage(each.proven_stage)]) for each in mine)
    found = summary(member, period)
    assert found.numbers.proven == proven > 0
    assert sum(row.numbers.proven for row in found.people) == proven
    assert sum(stage.proven for stage in found.stages) == proven
    assert found.numbers.unproven == found.numbers.weighted - proven
    take_snapshot(acme.org, on=now.date(), at=now)
    stored = ForecastSnapshot.objects.filter(period="quarter", starts_on=period.starts_on)
    kept = stored if ids is None else stored.filter(owner_id__in=ids)
    assert sum(each.open_proven or 0 for each in kept) == proven
    assert OpportunitySnapshot.objects.count() == len(season)


def test_a_change_of_the_checklist_says_what_it_does_to_what_is_proven(
    acme: Cast, season: list[Opportunity], login: Login
) -> None:
    client, stages = login(acme.admin), "/o/acme/funnel/stages/"
    proven = sum(weighted(each.amount or 0, PERCENT[Stage(each.proven_stage)]) for each in season)
    now, then = queries.proven_then(more=Stage.DISCOVER)
    assert (now, then) == (proven, 0), "what nobody has filed yet leaves nothing proven"
    data: dict[str, Any] = {"label": "Site seen", "kind": "fact"}
    asked = client.post(f"{stages}1/items/", data, headers=HTMX)
    assert asked.status_code == 422
    assert "What this does" in asked.content.decode()
    assert client.post(f"{stages}1/items/", {**data, "confirmed": "5"}, headers=HTMX).status_code == 422
    assert client.post(f"{stages}1/items/", {**data, "confirmed": "0"}).status_code == 303
    assert not Opportunity.objects.filter(proven_stage__gt=1).exists()
    own = next(item.key for item in queries.checklist() if item.label == "Site seen")
    before, after = queries.proven_then(without=own)
    assert (before, after) == (0, proven)
    switch = f"{stages}items/{own}/switch/"
    assert client.post(switch, {"active": "0"}).status_code == 422
    assert client.post(switch, {"active": "0", "confirmed": str(proven)}).status_code == 303
    assert queries.proven_then(again=own) == (proven, 0)
    sums = [weighted(each.amount or 0, PERCENT[Stage(each.proven_stage)]) for each in Opportunity.objects.open()]
    assert sum(sums) == proven, "what was proven is proven again"
