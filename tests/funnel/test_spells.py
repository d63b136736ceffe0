"""Spells are the change log: at any moment what the rules read from it, whether undone, reopened or learnt late."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from funnel import actions
from funnel.history import ENDLESS, Event, Snapshot, as_it_stood, as_it_was_seen, closing, effective, reopening, undone
from funnel.models import Change, Opportunity, Spell
from funnel.stages import PERCENT, Category, ChangeKind, Reason, Stage, Status
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, SECOND, going_on, make_account, make_opportunity, undone_afterwards

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

moves = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.just(ChangeKind.STAGE), st.integers(1, 6)),
            st.tuples(st.just(ChangeKind.AMOUNT), st.one_of(st.none(), st.integers(0, 10**9))),
            st.tuples(st.just(ChangeKind.RATE), st.integers(0, 10**9)),
            st.tuples(st.just(ChangeKind.EXPECTED_CLOSE), st.one_of(st.none(), st.dates(date(2026, 1, 1)))),
            st.tuples(st.just(ChangeKind.OWNER), st.integers(0, 2)),
            st.tuples(st.just(ChangeKind.CATEGORY), st.sampled_from(list(Category))),
            st.tuples(st.sampled_from([ChangeKind.WON, ChangeKind.LOST, ChangeKind.ABANDONED]), st.none()),
            st.tuples(st.just(ChangeKind.REOPENED), st.none()),
            st.tuples(st.just(ChangeKind.PROVEN), st.tuples(st.integers(1, 7), st.integers(0, 20))),
            *[st.tuples(st.just("undo"), st.integers(0, last)) for last in (0, 1, 3)],  # as often as to be found
        ),
        st.sampled_from([0, 0, 0, 0, 1, 3, 9]),  # so many hours it was learnt late
    ),
    max_size=14,
)


def lived(
    people: Sequence[Membership], steps: Sequence[Any], due: date | None = None, proven: Any = None
) -> tuple[Opportunity, list[Event]]:
    """Write a log row by row, as actions do; some rows are of the same moment, some are learnt late.

    Opened at T0, worth 5; the first two steps follow ten hours later, then three every three hours.
    """
    start = Snapshot.as_json(
        stage=1, amount=5, expected_close_on=due, owner=people[0].pk, category="pipeline", proven=proven
    )
    if proven is None:
        del start["proven"]  # as older logs tell it
    account = make_account(people[0], at=T0)
    opportunity: Opportunity = Opportunity.objects.create(
        account=account, name="x", owner=people[0], stage_entered_at=T0, opened_at=T0, updated_at=T0
    )
    log = [_append(opportunity, ChangeKind.CREATED, None, start, T0, T0)]
    for number, ((kind, value), late) in enumerate(steps, start=1):
        at = T0 + (number - number % 3 + 10) * HOUR  # three at a time are of the same moment
        when = max(at - late * HOUR, T0) if kind != "undo" else at
        now = as_it_stood(effective(log), at)
        assert now is not None
        if kind == "undo":
            gone = {each.undoes for each in log}
            mine = [each for each in log[1:] if each.undoes is None and each.id not in gone]
            if value < len(mine):
                back = mine[-1 - value]
                again = undone(back.kind, back.old) if back.kind != ChangeKind.RATE else back.kind
                log.append(_append(opportunity, again, back.new, back.old, at, at, undoes=back.id))
            continue
        old, new = None, value
        if kind in {ChangeKind.WON, ChangeKind.LOST, ChangeKind.ABANDONED}:
            draft, _s, _c = closing(
                Status(kind), Stage(now.stage), Category(now.category), when, percents=PERCENT, reason="price"
            )
            old, new = draft.old, draft.new
        elif kind == ChangeKind.REOPENED:
            held = {name: getattr(now, name) for name in ("status", "closed_at", "stage", "category")}
            draft = reopening(held, Stage(min(now.stage, 6)), Category(now.category), when, percent=0, why="x")
            old, new = draft.old, draft.new
        elif kind == ChangeKind.OWNER:
            old, new = now.owner, people[value].pk
        elif kind == ChangeKind.EXPECTED_CLOSE:
            new = value.isoformat() if value else None
        elif kind == ChangeKind.PROVEN:
            old, new = now.proven, dict(zip(("stage", "percent"), value, strict=True))
        log.append(_append(opportunity, kind, old, new, when, at))
    return opportunity, log


def _append(
    opportunity: Opportunity, kind: Any, old: Any, new: Any, when: datetime, at: datetime, undoes: int | None = None
) -> Event:
    made = Change.objects.create(
        opportunity=opportunity,
        kind=kind,
        old=old,
        new=new,
        percent=10,
        occurred_at=when,
        recorded_at=at,
        undoes_id=undoes,
    )
    event: Event = made.as_event()
    return event


def told(opportunity: Opportunity) -> list[dict[str, Any]]:
    """Return the spells as they stand, without their ids."""
    rows = Spell.objects.filter(opportunity=opportunity).order_by("from_at").values()
    return [{key: value for key, value in row.items() if key not in {"id", "opportunity_id"}} for row in rows]


def at_once(opportunity: Opportunity) -> Opportunity:
    """Return another one with the same log, written by one statement."""
    twin: Opportunity = Opportunity.objects.get(pk=opportunity.pk)
    twin.pk = None
    twin.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO funnel_change (organization_id, opportunity_id, id, undoes_id, kind, old, new, percent, why,
                occurred_at, recorded_at)
            SELECT organization_id, %s, id + 1000000000, undoes_id + 1000000000, kind, old, new, percent, why,
                occurred_at, recorded_at FROM funnel_change WHERE opportunity_id = %s""",
            [twin.pk, opportunity.pk],
        )
    return twin


def snapshot(spell: Spell | None) -> tuple[Any, ...] | None:
    if spell is None:
        return None
    closed, due = spell.closed_at, spell.expected_close_on
    return (
        *(spell.stage, spell.status, spell.amount, due.isoformat() if due else None, spell.owner_id, spell.category),
        *(spell.stage_entered_at, closed.isoformat() if closed else None, spell.percent),
        *(spell.proven_to, spell.proven_percent),
    )


def as_told(state: Snapshot | None) -> tuple[Any, ...] | None:
    if state is None:
        return None
    return (
        *(state.stage, state.status, state.amount, state.expected_close, state.owner, state.category),
        *(state.stage_entered_at, state.closed_at, state.percent),
        *(state.proven and state.proven["stage"], state.proven_percent),
    )


def at(opportunity: Opportunity, when: datetime) -> Spell | None:
    found: Spell | None = Spell.objects.filter(opportunity=opportunity, from_at__lte=when, until_at__gt=when).first()
    return found


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves, st.sampled_from([None, {"stage": 1, "percent": 0}, {"stage": 3, "percent": 4}]))
@example([((ChangeKind.STAGE, 4), 0), ((ChangeKind.AMOUNT, 7), 0), (("undo", 1), 0), ((ChangeKind.STAGE, 2), 9)], None)
@example([((ChangeKind.STAGE, 5), 0), ((ChangeKind.PROVEN, (3, 4)), 0), (("undo", 0), 0)], None)
@example([((ChangeKind.PROVEN, (3, 20)), 0), ((ChangeKind.STAGE, 5), 0), ((ChangeKind.STAGE, 2), 0)], None)
def test_the_spell_of_any_moment_is_what_the_rules_read_from_the_log(
    acme: Cast, steps: Sequence[Any], proven: Any
) -> None:
    with working_for(acme.org):
        opportunity, log = lived([acme.rep, acme.rep2, acme.manager], steps, proven=proven)
        moments = sorted({each.occurred_at + delta for each in log for delta in (-SECOND, 0 * SECOND, SECOND)})
        for when in moments:
            assert snapshot(at(opportunity, when)) == as_told(as_it_stood(effective(log), when)), when
        kept = told(opportunity)
        assert [row["until_at"] for row in kept] == [*[row["from_at"] for row in kept[1:]], ENDLESS]
        assert told(at_once(opportunity)) == kept, "row by row it was told otherwise than at once"
        for row, later in zip(kept, [*kept[1:], None], strict=True):
            went = None
            if row["status"] == Status.OPEN and later is not None:
                if later["status"] in {Status.LOST, Status.ABANDONED}:
                    went = 0
                elif later["status"] == Status.WON:
                    went = Stage.DEPLOY
                elif later["stage"] != row["stage"]:
                    went = later["stage"]
            assert row["left_to"] == went
        priced = [each for each in effective(log) if each.kind == ChangeKind.AMOUNT]
        assert [row["priced"] for row in kept] == [
            sum(each.occurred_at <= row["from_at"] for each in priced) for row in kept
        ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_what_was_recorded_by_a_moment_tells_what_was_seen_at_it(acme: Cast, steps: Sequence[Any]) -> None:
    with working_for(acme.org):
        _opportunity, log = lived([acme.rep, acme.rep2, acme.manager], [(step, 0) for step, _late in steps])
        for number, event in enumerate(log):
            if number + 1 < len(log) and log[number + 1].recorded_at == event.recorded_at:
                continue
            known = log[: number + 1]
            assert as_it_was_seen(log, event.recorded_at) == as_it_stood(effective(known), event.recorded_at)


def test_an_undone_move_was_never_so(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.CLOSE, by=acme.rep, at=AT + DAY, **going_on())
        assert [row["left_to"] for row in told(moved)] == [Stage.CLOSE, None]
        change = Change.objects.filter(opportunity=moved).latest("id")
        actions.undo(change.pk, by=acme.rep, at=AT + DAY + 20 * SECOND)
        only = Spell.objects.get(opportunity=moved)
        assert (only.stage, only.left_to, only.from_at, only.until_at) == (Stage.DISCOVER, None, AT, ENDLESS)


def test_actions_of_one_moment_leave_one_spell(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
        actions.win(opportunity, seen=1, amount=7, by=acme.rep, at=AT + DAY)
        first, second = Spell.objects.filter(opportunity=opportunity).order_by("from_at")
        assert (first.left_to, first.until_at) == (Stage.DEPLOY, AT + DAY)
        assert (second.status, second.stage, second.amount, second.closed_at) == ("won", 7, 7, AT + DAY)
        assert second.percent == 100


def test_what_was_lost_left_its_stage_for_nothing(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
        lost = actions.lose(opportunity, seen=1, reason=Reason.PRICE, by=acme.rep, at=AT + DAY)
        actions.reopen(lost, seen=lost.version, why="they called", by=acme.rep, at=AT + 2 * DAY)
        spells = Spell.objects.filter(opportunity=opportunity).order_by("from_at")
        assert [(each.status, each.left_to, each.stage_entered_at) for each in spells] == [
            ("open", 0, AT),
            ("lost", None, AT),
            ("open", None, AT),
        ]


BY_HAND = [
    "UPDATE funnel_spell SET amount = 1",
    "DELETE FROM funnel_spell",
    "INSERT INTO funnel_spell SELECT * FROM funnel_spell",
    "SELECT funnel_tell_spells(organization_id, ARRAY[opportunity_id], '-infinity') FROM funnel_spell",
    "ALTER TABLE funnel_change DISABLE TRIGGER tells_spells",
    "SET LOCAL session_replication_role = replica",
    "SELECT 1 FROM funnel_spell FOR UPDATE",
]


@pytest.mark.parametrize("statement", BY_HAND)
def test_nobody_but_the_database_writes_spells(acme: Cast, statement: str) -> None:
    with working_for(acme.org):
        before = told(make_opportunity(acme.rep))
        with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
            _run(statement)
        assert told(Opportunity.objects.get()) == before


def test_the_hand_that_writes_them_cannot_be_borrowed(acme: Cast) -> None:
    """The trigger's function has its owner's rights; it tells of rows of the log alone, which stand behind its wall."""
    with working_for(acme.org):
        make_opportunity(acme.rep)
        with pytest.raises(DatabaseError, match="of funnel_change alone"), transaction.atomic():
            _run(
                """CREATE TEMP TABLE bait AS SELECT organization_id, opportunity_id, undoes_id, occurred_at
                    FROM funnel_change;
                CREATE TRIGGER lure AFTER INSERT ON bait REFERENCING NEW TABLE AS touched
                    FOR EACH STATEMENT EXECUTE FUNCTION funnel_tell_what_changed();
                INSERT INTO bait SELECT * FROM bait"""
            )


def test_a_table_of_the_callers_own_does_not_stand_in_for_the_log(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        _run("CREATE TEMP TABLE funnel_change AS SELECT * FROM public.funnel_change LIMIT 0")
        _run(
            """INSERT INTO public.funnel_change (organization_id, opportunity_id, kind, old, new, percent, why,
                occurred_at, recorded_at)
            SELECT organization_id, opportunity_id, 'amount', 'null', '7', 0, '', occurred_at, recorded_at
            FROM public.funnel_change"""
        )
        assert [(row["status"], row["amount"]) for row in told(opportunity)] == [("open", 7)]


def test_one_organization_never_tells_the_spells_of_another(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        theirs = make_opportunity(globex.rep)
        before = told(theirs)
    with working_for(acme.org):
        mine = make_opportunity(acme.rep)
        with undone_afterwards():
            _append(theirs, ChangeKind.AMOUNT, None, 7, AT + DAY, AT + DAY)
            with working_for(globex.org):
                assert told(theirs) == before
            with pytest.raises(IntegrityError), transaction.atomic():
                _run("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            _run(
                "INSERT INTO funnel_change (organization_id, opportunity_id, kind, percent, why, occurred_at,"
                f" recorded_at) VALUES ({globex.org.pk}, {theirs.pk}, 'amount', 0, '', now(), now())"
            )
        assert {each.opportunity_id for each in Spell.objects.all()} == {mine.pk}
    with working_for(globex.org):
        assert told(theirs) == before


def _run(statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)
