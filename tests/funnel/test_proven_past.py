"""How far the evidence reached at any past moment is what stood on the opportunity then, whatever was done to it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from funnel import actions, queries
from funnel.evidence import STANDARD, State
from funnel.history import ImportedOpportunity, as_it_stood, as_it_was_seen
from funnel.models import Change, Evidence, EvidenceItem, Opportunity, Spell, StageSetting
from funnel.stages import PERCENT, ChangeKind, Reason, Stage, Status
from tenants.errors import Refused
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, SECOND, going_on, make_account, make_opportunity, undone_afterwards

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
HOUR = timedelta(hours=1)
ONE_EACH = {stage: keys[0] for stage, keys in STANDARD.items()}
"""Each stage demands one thing in these tests."""


def demand(acme: Cast) -> None:
    """Let each stage demand one thing."""
    actions.move_item("opportunity_plan", up=True, by=acme.admin, at=AT)  # makes the rows
    EvidenceItem.objects.exclude(code__in=ONE_EACH.values()).delete()


def judge(opportunity: Opportunity, stage: int, verdict: State, acme: Cast, at: datetime) -> Evidence:
    """File what a stage demands where it is not, and say a verdict on it."""
    key = ONE_EACH[stage]
    if not Evidence.objects.filter(opportunity=opportunity, item__code=key).exists():
        actions.import_evidence([(opportunity.pk, key, "seen", acme.rep.pk)], at=at)
    filed = Evidence.objects.get(opportunity=opportunity, item__code=key)
    word = "who says so?" if verdict == State.SENT_BACK else ""
    return actions.judge_evidence(
        opportunity, key, verdict=verdict, word=word, seen=filed.version, by=acme.manager, at=at
    )


def rows(opportunity: Opportunity) -> list[tuple[Any, Any, int]]:
    """Return the rows of the log that tell of what is proven: before, now, and the percentage of what is claimed."""
    found = Change.objects.filter(opportunity=opportunity, kind=ChangeKind.PROVEN).order_by("id")
    return [(row.old and row.old["stage"], row.new["stage"], row.percent) for row in found]


def spell_at(opportunity: Opportunity, when: datetime) -> Spell:
    found: Spell = Spell.objects.get(opportunity=opportunity, from_at__lte=when, until_at__gt=when)
    return found


deeds = st.lists(
    st.one_of(
        st.tuples(st.just("verify"), st.integers(1, 6)),
        st.tuples(st.just("send back"), st.integers(1, 6)),
        st.tuples(st.just("withdraw"), st.integers(1, 6)),
        st.tuples(st.just("verify, and take it back"), st.integers(1, 6)),
        st.tuples(st.just("switch"), st.integers(1, 6)),
        st.tuples(st.just("move"), st.integers(1, 6)),
        st.tuples(st.just("move, and take it back"), st.integers(1, 6)),
        st.tuples(st.just("move, verify, and take the move back"), st.integers(1, 6)),
        st.tuples(st.just("lose, switch, reopen"), st.integers(1, 6)),
        st.tuples(st.just("lose, and take it back"), st.integers(1, 6)),
    ),
    max_size=12,
)


def do(what: str, stage: int, opportunity: Opportunity, acme: Cast, at: datetime) -> None:  # a list of deeds
    """Do one of the deeds; what it takes back it does twenty seconds later."""
    item, soon = ONE_EACH[stage], at + 20 * SECOND

    def switch() -> None:
        is_active = EvidenceItem.objects.get(code=item).is_active
        actions.switch_item(item, is_active=not is_active, by=acme.admin, at=at)

    def undo() -> None:
        last = Change.objects.filter(opportunity=opportunity).exclude(kind=ChangeKind.PROVEN).latest("id")
        actions.undo(last.pk, by=acme.rep, at=soon)

    filed = Evidence.objects.filter(opportunity=opportunity, item__code=item).first()
    is_demanded = EvidenceItem.objects.get(code=item).is_active
    match what.split(", "):
        case ["verify"] if is_demanded:
            judge(opportunity, stage, State.VERIFIED, acme, at)
        case ["verify", _] if is_demanded and (filed is None or filed.state != State.VERIFIED):
            said = judge(opportunity, stage, State.VERIFIED, acme, at)
            actions.unjudge_evidence(opportunity, item, seen=said.version, by=acme.manager, at=soon)
        case ["send back"] if is_demanded:
            judge(opportunity, stage, State.SENT_BACK, acme, at)
        case ["withdraw"] if filed is not None:
            actions.withdraw_evidence(opportunity, item, seen=filed.version, by=acme.rep, at=at)
        case ["switch"]:
            switch()
        case ["move", *taken_back] if opportunity.stage != stage:
            left = Stage(opportunity.stage)
            actions.move(opportunity, left=left, to=Stage(stage), by=acme.rep, at=at, **going_on(at))
            if taken_back[:1] == ["verify"] and EvidenceItem.objects.get(code=ONE_EACH[1]).is_active:
                judge(opportunity, 1, State.VERIFIED, acme, at + SECOND)
            if taken_back:
                undo()
        case ["lose", "switch", _]:
            lost = actions.lose(opportunity, seen=opportunity.version, reason=Reason.PRICE, by=acme.rep, at=at)
            switch()
            actions.reopen(lost, seen=lost.version, why="they called", by=acme.rep, at=soon)
        case ["lose", _]:
            actions.lose(opportunity, seen=opportunity.version, reason=Reason.PRICE, by=acme.rep, at=at)
            undo()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([1, 2, 5]), st.booleans(), deeds)
@example(1, True, [("move", 4)])
@example(1, True, [("move, and take it back", 2)])
@example(5, False, [("move, verify, and take the move back", 6)])
@example(1, False, [("switch", 1), ("verify", 2), ("move", 4), ("verify", 3), ("move", 2), ("move", 5)])
@example(3, False, [("verify", 1), ("verify", 2), ("verify", 3), ("send back", 2), ("move", 6), ("switch", 2)])
@example(4, False, [("verify", 1), ("lose, switch, reopen", 2), ("verify, and take it back", 2), ("verify", 3)])
def test_what_was_proven_then_is_what_stood_then(
    acme: Cast, opened_in: int, nothing_in_discover: bool, history: Sequence[tuple[str, int]]
) -> None:
    with undone_afterwards():
        demand(acme)
        if nothing_in_discover:
            actions.switch_item(ONE_EACH[1], is_active=False, by=acme.admin, at=AT)
        opportunity = make_opportunity(acme.rep, stage=Stage(opened_in))
        stood = [(AT, opportunity.stage, opportunity.proven_stage)]
        for number, (what, stage) in enumerate(history, start=1):
            opportunity = Opportunity.objects.get(pk=opportunity.pk)
            do(what, stage, opportunity, acme, AT + number * HOUR)
            opportunity = Opportunity.objects.get(pk=opportunity.pk)
            stood.append((AT + number * HOUR + 20 * SECOND, opportunity.stage, opportunity.proven_stage))
        log = Change.objects.filter(opportunity=opportunity).events()
        for when, claimed, proven in stood:
            told, read, seen = spell_at(opportunity, when), as_it_stood(log, when), as_it_was_seen(log, when)
            assert read is not None
            assert seen is not None
            assert told.proven_to is not None
            assert (told.stage, min(told.stage, told.proven_to)) == (claimed, proven), when
            assert told.percent == read.percent == seen.percent == PERCENT[Stage(claimed)]
            assert told.proven_percent == read.proven_percent == seen.proven_percent == PERCENT[Stage(proven)]
            assert seen.stage == claimed
        kept = [each for each in log if each.kind == ChangeKind.PROVEN and each.undoes is None]
        assert all(each.old["stage"] != each.new["stage"] for each in kept), "a row that tells nothing"


def test_moves_leave_no_row_of_what_is_proven_and_ask_nothing_more(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    for left, to in [(1, 3), (3, 5), (5, 2), (2, 4)]:
        opportunity = actions.move(
            opportunity, left=Stage(left), to=Stage(to), by=acme.rep, at=AT + DAY, **going_on(AT + DAY)
        )
    assert rows(opportunity) == []
    assert [each.proven_to for each in Spell.objects.filter(opportunity=opportunity)] == [1, 1]
    with CaptureQueriesContext(connection) as captured:
        actions.move(opportunity, left=Stage.SOLUTION_FIT, to=Stage.PROOF, by=acme.rep, at=AT + DAY, **going_on(AT))
    assert not any("proven_to" in each["sql"] for each in captured), "a move that proves nothing asks of nothing"


def test_a_verdict_leaves_one_row_where_it_proves_more_and_none_where_it_does_not(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.SOLUTION_FIT)
    judge(opportunity, 2, State.VERIFIED, acme, AT + HOUR)
    assert rows(opportunity) == [], "the stage before it lacks its proof"
    judge(opportunity, 1, State.VERIFIED, acme, AT + 2 * HOUR)
    assert rows(opportunity) == [(1, 3, 40)]
    row = Change.objects.get(opportunity=opportunity, kind=ChangeKind.PROVEN)
    assert (row.new, row.by, row.occurred_at) == ({"stage": 3, "percent": 20}, acme.manager, AT + 2 * HOUR)
    for when, percent in [(AT, 0), (AT + 2 * HOUR - SECOND, 0), (AT + 2 * HOUR, 20)]:
        assert spell_at(opportunity, when).proven_percent == percent


def test_an_edited_table_of_stages_never_rewrites_what_was_proven(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    judge(opportunity, 1, State.VERIFIED, acme, AT + HOUR)
    StageSetting.objects.create(stage=Stage.QUALIFY, label="Q", percent=15)
    assert [spell_at(opportunity, AT + HOUR).proven_percent, rows(opportunity)] == [10, [(1, 2, 20)]]
    judge(opportunity, 2, State.VERIFIED, acme, AT + 2 * HOUR)
    judge(opportunity, 2, State.SENT_BACK, acme, AT + 3 * HOUR)
    known = [spell_at(opportunity, AT + hours * HOUR).proven_percent for hours in (1, 2, 3)]
    assert known == [10, 20, 15]
    StageSetting.objects.create(stage=Stage.SOLUTION_FIT, label="S", percent=12)
    actions.move(opportunity, left=Stage.DEVELOP, to=Stage.SOLUTION_FIT, by=acme.rep, at=AT + DAY, **going_on())
    last = spell_at(opportunity, AT + DAY)
    assert (last.percent, last.proven_percent) == (12, 12), "never above what is claimed"


def test_a_verdict_taken_back_was_never_so(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    said = judge(opportunity, 1, State.VERIFIED, acme, AT + HOUR)
    actions.unjudge_evidence(opportunity, ONE_EACH[1], seen=said.version, by=acme.manager, at=AT + HOUR + 20 * SECOND)
    verdict, back = Change.objects.filter(opportunity=opportunity, kind=ChangeKind.PROVEN).order_by("id")
    assert back.undoes_id == verdict.pk
    assert Spell.objects.filter(opportunity=opportunity).count() == 1


@pytest.mark.parametrize("later", [0 * SECOND, SECOND])
def test_a_verdict_that_another_built_upon_is_taken_back_from_then_on(acme: Cast, later: timedelta) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    said = judge(opportunity, 1, State.VERIFIED, acme, AT + HOUR)
    judge(opportunity, 2, State.VERIFIED, acme, AT + HOUR + later)
    actions.unjudge_evidence(opportunity, ONE_EACH[1], seen=said.version, by=acme.manager, at=AT + HOUR + 20 * SECOND)
    assert rows(opportunity) == [(1, 2, 20), (2, 3, 20), (3, 1, 20)]
    assert not Change.objects.filter(opportunity=opportunity, undoes__isnull=False).exists()


def test_a_verdict_after_which_it_was_proven_once_more_is_taken_back_from_then_on(acme: Cast) -> None:
    """Without its row, the later one would say still that it is proven."""
    demand(acme)
    opportunity, at = make_opportunity(acme.rep, stage=Stage.DEVELOP), AT + HOUR
    other = actions.add_item(Stage.DISCOVER, label="They asked us", by=acme.admin, at=AT)

    def say(verdict: State, at: datetime) -> None:
        filed = actions.file_evidence(opportunity, other.key, note=f"{at}", seen=seen(), by=acme.rep, at=at)
        said: dict[str, Any] = {"word": "who says so?" if verdict == State.SENT_BACK else "", "by": acme.manager}
        actions.judge_evidence(opportunity, other.key, verdict=verdict, seen=filed.version, at=at, **said)

    def seen() -> int:
        return (
            Evidence.objects.filter(opportunity=opportunity, item=other).values_list("version", flat=True).first() or 0
        )

    say(State.VERIFIED, at)
    first = judge(opportunity, 1, State.VERIFIED, acme, at + SECOND)
    say(State.SENT_BACK, at + 2 * SECOND)
    say(State.VERIFIED, at + 3 * SECOND)
    actions.unjudge_evidence(opportunity, ONE_EACH[1], seen=first.version, by=acme.manager, at=at + 4 * SECOND)
    assert rows(opportunity) == [(1, 2, 20), (2, 1, 20), (1, 2, 20), (2, 1, 20)]
    assert spell_at(opportunity, at + 4 * SECOND).proven_to == 1
    assert Opportunity.objects.get(pk=opportunity.pk).proven_stage == 1


def test_a_verdict_between_a_move_and_its_undoing_hinders_nothing(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    moved = actions.move(
        opportunity, left=Stage.DEVELOP, to=Stage.PROOF, by=acme.rep, at=AT + HOUR, **going_on(AT + HOUR)
    )
    judge(opportunity, 1, State.VERIFIED, acme, AT + HOUR + SECOND)
    back = actions.undo(moved.last_change_id, by=acme.rep, at=AT + HOUR + 20 * SECOND)
    assert (back.stage, back.proven_stage) == (3, 2)
    judge(opportunity, 1, State.SENT_BACK, acme, AT + HOUR + 22 * SECOND)
    found = Opportunity.objects.get(pk=opportunity.pk)
    story = queries.story(found, today=AT.date())
    assert {line.kind for line in story.lines} == {"created", "stage", "category"}, "the evidence tells of itself"
    assert Change.objects.get(pk=queries.last_change(found)).kind != ChangeKind.PROVEN
    assert spell_at(opportunity, AT + HOUR + 20 * SECOND).proven_to == 2
    row = Change.objects.filter(opportunity=opportunity, kind=ChangeKind.PROVEN).earliest("id")
    with pytest.raises(Refused, match="not_undoable"):
        actions.undo(row.pk, by=acme.manager, at=AT + HOUR + 21 * SECOND)


def test_a_signature_is_dated_before_what_was_proven_later(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
    judge(opportunity, 1, State.VERIFIED, acme, AT + 5 * DAY)
    won = actions.win(
        opportunity,
        seen=opportunity.version,
        closed_on=(AT + 3 * DAY).date(),
        by=acme.rep,
        at=AT + 6 * DAY,
        **going_on(AT + 6 * DAY),
    )
    assert won.status == Status.WON
    left = Spell.objects.get(opportunity=opportunity, left_to__isnull=False)
    assert (left.stage, left.left_to, left.until_at) == (5, 7, won.closed_at)


def test_an_item_demanded_no_longer_is_told_for_all_by_one_statement(acme: Cast) -> None:
    demand(acme)
    account = make_account(acme.rep)
    made = [make_opportunity(acme.rep, f"No. {n}", account=account, stage=Stage.PROOF) for n in range(5)]
    judge(made[0], 1, State.VERIFIED, acme, AT + HOUR)
    lost = actions.lose(made[1], seen=1, reason=Reason.PRICE, by=acme.rep, at=AT + HOUR)
    with CaptureQueriesContext(connection) as captured:
        actions.switch_item(ONE_EACH[1], is_active=False, by=acme.admin, at=AT + DAY)
    written = [each["sql"] for each in captured if "INSERT INTO funnel_change" in each["sql"]]
    assert len(written) == 1
    judge(made[1], 2, State.VERIFIED, acme, AT + DAY)
    assert {each.pk: rows(each)[-1:] for each in made} == {
        made[0].pk: [(1, 2, 60)],
        made[1].pk: [],
        **{each.pk: [(1, 2, 60)] for each in made[2:]},
    }
    actions.reopen(lost, seen=lost.version, why="they called", by=acme.rep, at=AT + 2 * DAY)
    assert rows(lost) == [(1, 3, 60)], "what is closed hears of it when it is opened again"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_verdict_on_its_way_while_more_is_demanded_counts_as_well(acme: Cast) -> None:
    """Neither may count without the other: who judges has not seen the item, who switches it not the verdict."""
    with transaction.atomic():
        demand(acme)
        more = actions.add_item(Stage.DISCOVER, label="They asked us", by=acme.admin, at=AT)
        actions.switch_item(more.key, is_active=False, by=acme.admin, at=AT)
        opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    judged, waits, pids = threading.Event(), threading.Event(), list[int]()

    def verdict() -> None:
        try:
            with working_for(acme.org), transaction.atomic():
                judge(opportunity, 1, State.VERIFIED, acme, AT + HOUR)
                judged.set()
                waits.wait(20)
        finally:
            connections.close_all()

    def switch() -> None:
        try:
            judged.wait(20)
            with working_for(acme.org), transaction.atomic():
                pids.append(connection.connection.get_backend_pid())
                actions.switch_item(more.key, is_active=True, by=acme.admin, at=AT + HOUR + SECOND)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=each) for each in (verdict, switch)]
    for thread in threads:
        thread.start()
    for _each in range(100):
        if pids and _waits_for_another(pids[0]):
            break
        threads[1].join(0.1)
    waits.set()
    for thread in threads:
        thread.join(20)
    with transaction.atomic():
        assert Opportunity.objects.get(pk=opportunity.pk).proven_stage == 1
        assert spell_at(opportunity, AT + HOUR + SECOND).proven_to == 1


def _waits_for_another(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(cursor.fetchone()[0])


def test_a_log_older_than_this_knows_nothing_but_of_discover(acme: Cast) -> None:
    demand(acme)
    opportunity = make_opportunity(acme.rep)
    older: Opportunity = Opportunity.objects.get(pk=opportunity.pk)
    older.pk = None
    older.save(force_insert=True)
    start = Change.objects.get(opportunity=opportunity).new
    del start["proven"]
    moment = {"occurred_at": AT, "recorded_at": AT}
    Change.objects.create(opportunity=older, kind="created", new=start, percent=0, **moment)
    assert spell_at(older, AT).proven_percent == 0
    moved = actions.move(older, left=Stage.DISCOVER, to=Stage.PROOF, by=acme.rep, at=AT + HOUR, **going_on())
    then = spell_at(moved, AT + HOUR)
    assert (then.percent, then.proven_to, then.proven_percent) == (60, None, None)
    judge(moved, 2, State.VERIFIED, acme, AT + 2 * HOUR)
    assert rows(moved) == [(None, 1, 60)], "the first who looks says how it stands"


def test_what_an_import_brings_was_never_proven_beyond_what_is_demanded_first(acme: Cast) -> None:
    demand(acme)
    row = ImportedOpportunity(
        external_id="1",
        account_id=make_account(acme.rep).pk,
        owner_id=acme.rep.pk,
        name="Old",
        opened_at=AT,
        stages=[(Stage.DISCOVER, AT), (Stage.DEVELOP, AT + DAY)],
        amounts=[(7, AT)],
    )
    actions.import_opportunities([row], by=acme.admin, at=AT + 3 * DAY)
    opportunity = Opportunity.objects.get(external_id="1")
    assert spell_at(opportunity, AT + 2 * DAY).proven_percent == 0
    judge(opportunity, 1, State.VERIFIED, acme, AT + 4 * DAY)
    later = replace(row, stages=[*row.stages, (Stage.PROOF, AT + 3 * DAY + HOUR)])
    actions.import_opportunities([later], by=acme.admin, at=AT + 6 * DAY)
    kept = spell_at(opportunity, AT + 3 * DAY + HOUR)
    assert (kept.stage, kept.proven_to, rows(opportunity)) == (5, 1, [(1, 2, 20)]), "a verdict moves no other date"
    assert spell_at(opportunity, AT + 4 * DAY).proven_percent == 10
