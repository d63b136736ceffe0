"""What the actions promise: lock, ask the rule, change, record, hand on."""

import threading
import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, TimelineEntry
from funnel import actions
from funnel.actions import _log
from funnel.evidence import STANDARD
from funnel.history import as_it_stood, pushes
from funnel.models import Change, Evidence, EvidenceItem, Opportunity
from funnel.queries import stage_table
from funnel.stages import Category, Gate, MissingEvidence, Reason, Stage, Status
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, ExchangeRate
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, SECOND, going_on, make_account, make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scope(acme: Cast, request: pytest.FixtureRequest) -> Iterator[None]:
    with working_for(acme.org):
        yield


def kinds(opportunity: Opportunity) -> list[str]:
    return list(Change.objects.filter(opportunity=opportunity).order_by("id").values_list("kind", flat=True))


def seen(opportunity: Opportunity) -> Opportunity:
    found: Opportunity = Opportunity.objects.get(pk=opportunity.pk)
    return found


# Opening ------------------------------------------------------------------------------------------


def test_opening_records_the_whole_starting_state(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    change = Change.objects.get(opportunity=opportunity)
    assert change.kind == "created"
    assert change.new == {
        "stage": 1,
        "status": "open",
        "amount": MILLION,
        "expected_close": "2026-03-06",
        "owner": acme.rep.pk,
        "category": "pipeline",
        "proven": {"stage": 1, "percent": 0},
    }
    assert (change.occurred_at, change.recorded_at, change.percent) == (AT, AT, 0)
    assert AuditEvent.objects.filter(verb="opportunity.opened", target_id=opportunity.pk).exists()
    assert TimelineEntry.objects.filter(account=opportunity.account, verb="opportunity.opened").exists()


def test_the_same_request_opens_once(acme: Cast) -> None:
    account, key = make_account(acme.rep), uuid.uuid4()
    first = make_opportunity(acme.rep, account=account, request_key=key)
    again = make_opportunity(acme.rep, account=account, request_key=key)
    assert first.pk == again.pk
    assert Opportunity.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"name": "  "}, "name_empty"),
        ({"name": "x" * 10_000}, "name_too_long"),
        ({"name": "a\x00b"}, "name_unreadable"),
        ({"amount": -1}, "amount_negative"),
        ({"amount": 10**18}, "amount_too_large"),
        ({"expected_close_on": (AT - DAY).date()}, "close_before_opening"),
        ({"stage": Stage.DEPLOY}, "stage_not_open"),
        ({"quoted_currency": "USD"}, "rate_missing"),
    ],
)
def test_opening_refuses_bad_facts(acme: Cast, facts: dict, code: str) -> None:
    with pytest.raises(Refused) as refused:
        make_opportunity(acme.rep, account=make_account(acme.rep), **facts)
    assert refused.value.code == code
    assert not Opportunity.objects.exists()


def test_an_amount_in_another_currency_takes_the_latest_rate_of_the_day(acme: Cast) -> None:
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate="31.5")
    ExchangeRate.objects.create(currency="USD", on=date(2026, 2, 1), rate="33")
    opportunity = make_opportunity(acme.rep, amount=100_00, quoted_currency="USD")
    assert (opportunity.amount, opportunity.quoted_amount, opportunity.quoted_currency) == (3_150_00, 100_00, "USD")
    assert opportunity.rate_on == date(2026, 1, 1)


# Changing -----------------------------------------------------------------------------------------


def test_changing_logs_each_fact_and_counts_pushes(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    opportunity = actions.change_opportunity(
        opportunity,
        seen=1,
        by=acme.rep,
        at=AT + DAY,
        why="customer asked",
        amount=2 * MILLION,
        expected_close_on=date(2026, 4, 2),
        owner=acme.rep2,
        category=Category.COMMIT,
        name="Energy, phase two",
    )
    assert kinds(opportunity) == ["created", "amount", "expected_close", "owner", "category"]
    assert (opportunity.push_count, opportunity.version, opportunity.category_is_own) == (1, 2, True)
    amount = Change.objects.get(opportunity=opportunity, kind="amount")
    assert (amount.old, amount.new, amount.why) == (MILLION, 2 * MILLION, "customer asked")


def test_a_close_before_the_opening_is_refused_and_nothing_kept(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    asked: dict = {"expected_close_on": (AT - DAY).date(), "amount": 2 * MILLION}
    with pytest.raises(Refused, match="close_before_opening"):
        actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=AT + DAY, **asked)
    opportunity.refresh_from_db()
    assert (opportunity.version, opportunity.amount, kinds(opportunity)) == (1, MILLION, ["created"])


def test_changing_to_the_same_leaves_no_trace(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    again = actions.change_opportunity(
        opportunity, seen=1, by=acme.rep, at=AT + DAY, name=opportunity.name, amount=MILLION
    )
    assert again.version == 1
    assert kinds(opportunity) == ["created"]


def test_a_stale_change_is_refused_with_what_stands(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=AT, amount=5)
    with pytest.raises(Stale) as stale:
        actions.change_opportunity(opportunity, seen=1, by=acme.executive, at=AT, amount=6)
    assert stale.value.theirs["amount"] == 5
    assert stale.value.changed_by == acme.rep.name


def test_the_close_date_of_a_closed_one_stays(acme: Cast) -> None:
    opportunity = actions.win(make_opportunity(acme.rep), seen=1, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="closed"):
        actions.change_opportunity(opportunity, seen=2, by=acme.rep, at=AT, expected_close_on=date(2027, 1, 1))
    with pytest.raises(Refused, match="closed"):
        actions.change_opportunity(opportunity, seen=2, by=acme.rep, at=AT, category=Category.COMMIT)


# Moving -------------------------------------------------------------------------------------------


def test_missing_evidence_warns_then_goes_on(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.DEVELOP, by=acme.rep, at=AT)
    assert [item.key for item in lacking.value.items] == [*STANDARD[1], *STANDARD[2]]
    assert lacking.value.can_override
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.DEVELOP, by=acme.rep, at=AT + DAY, **going_on())
    assert (moved.stage, moved.stage_entered_at, moved.version) == (Stage.DEVELOP, AT + DAY, 2)
    assert kinds(moved) == ["created", "stage"]
    assert Change.objects.get(kind="stage").percent == 20


def test_a_blocking_stage_knows_no_override(acme: Cast) -> None:
    rows = _table()
    rows[0] = type(rows[0])(Stage.DISCOVER, "", 0, Gate.BLOCK)
    actions.change_stages(_plain(rows), seen=0, by=acme.admin, at=AT)
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())
    assert not lacking.value.can_override
    actions.file_evidence(opportunity, "opportunity_plan", note="plan of 3 Jan", seen=0, by=acme.rep, at=AT)
    assert actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT).stage == Stage.QUALIFY


def test_going_back_needs_a_reason(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    with pytest.raises(Refused, match="reason_needed"):
        actions.move(opportunity, left=Stage.CLOSE, to=Stage.PROOF, by=acme.rep, at=AT, why="  ")
    moved = actions.move(opportunity, left=Stage.CLOSE, to=Stage.PROOF, by=acme.rep, at=AT, why="budget cut")
    assert moved.stage == Stage.PROOF
    assert Change.objects.get(kind="stage").why == "budget cut"
    assert (moved.category, kinds(moved)) == ("best_case", ["created", "stage", "category"])


def test_the_own_category_survives_a_move(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, category=Category.COMMIT)
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.PROOF, by=acme.rep, at=AT, **going_on())
    assert (moved.category, kinds(moved)) == ("commit", ["created", "stage"])


def test_a_move_from_where_it_stands_no_more_is_stale(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())
    with pytest.raises(Stale):
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())


def test_deploy_is_reached_by_winning_alone(acme: Cast) -> None:
    with pytest.raises(Refused, match="deploy_is_won"):
        actions.move(make_opportunity(acme.rep), left=Stage.DISCOVER, to=Stage.DEPLOY, by=acme.rep, at=AT)


# Closing ------------------------------------------------------------------------------------------


def test_winning(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + DAY, amount=3 * MILLION)
    assert (won.status, won.stage, won.category, won.closed_at) == ("won", 7, "closed", AT + DAY)
    assert kinds(won) == ["created", "amount", "won"]
    change = Change.objects.get(kind="won")
    assert (change.old["stage"], change.new["stage"], change.percent) == (6, 7, 100)
    assert Account.objects.get(pk=won.account_id).annual_revenue == 3 * MILLION
    with pytest.raises(Refused, match="closed"):
        actions.win(won, seen=2, by=acme.rep, at=AT + DAY)


def test_winning_asks_for_evidence_first(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    with pytest.raises(MissingEvidence):
        actions.win(opportunity, seen=1, by=acme.rep, at=AT, asks=True)


def test_winning_without_an_amount_is_refused(acme: Cast) -> None:
    with pytest.raises(Refused, match="amount_needed"):
        actions.win(make_opportunity(acme.rep, amount=None), seen=1, by=acme.rep, at=AT)


def test_a_win_of_an_earlier_day(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + 9 * DAY, closed_on=(AT + 3 * DAY).date())
    assert won.closed_at is not None
    assert won.closed_at.astimezone(acme.org.zone).date() == (AT + 3 * DAY).date()
    change = Change.objects.get(kind="won")
    assert (change.occurred_at, change.recorded_at) == (won.closed_at, AT + 9 * DAY)


@pytest.mark.parametrize(
    ("days", "code"), [(-3, "closed_before_opening"), (30, "in_future"), (1, "changed_after_close")]
)
def test_a_win_on_an_impossible_day(acme: Cast, days: int, code: str) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=AT + 3 * DAY, amount=5)
    with pytest.raises(Refused, match=code):
        actions.win(opportunity, seen=2, by=acme.rep, at=AT + 9 * DAY, closed_on=(AT + days * DAY).date())


def test_losing_and_reopening(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
    with pytest.raises(Refused, match="rival_needed"):
        actions.lose(opportunity, seen=1, reason=Reason.RIVAL, by=acme.rep, at=AT)
    lost = actions.lose(opportunity, seen=1, reason=Reason.RIVAL, rival="Rival Co", note="cheaper", by=acme.rep, at=AT)
    assert (lost.status, lost.stage, lost.rival, lost.reason_note) == ("lost", Stage.PROOF, "Rival Co", "cheaper")
    with pytest.raises(Refused, match="reason_needed"):
        actions.reopen(lost, seen=2, why="", by=acme.rep, at=AT)
    again = actions.reopen(lost, seen=2, why="they called", by=acme.rep, at=AT + DAY)
    assert (again.status, again.stage, again.reason, again.closed_at) == ("open", Stage.PROOF, "", None)
    assert kinds(again) == ["created", "lost", "reopened"]
    with pytest.raises(Refused, match="not_closed"):
        actions.reopen(again, seen=3, why="x", by=acme.rep, at=AT)


def test_a_won_one_reopens_where_it_stood_before(acme: Cast) -> None:
    won = actions.win(make_opportunity(acme.rep, stage=Stage.PROOF), seen=1, by=acme.rep, at=AT)
    again = actions.reopen(won, seen=2, why="signature withdrawn", by=acme.rep, at=AT + DAY)
    assert (again.stage, again.category, again.stage_entered_at) == (Stage.PROOF, "best_case", AT + DAY)
    assert Account.objects.get(pk=won.account_id).annual_revenue == 0


def test_abandoning(acme: Cast) -> None:
    gone = actions.abandon(make_opportunity(acme.rep), seen=1, reason=Reason.NOT_QUALIFIED, by=acme.rep, at=AT)
    assert (gone.status, gone.reason) == ("abandoned", "not_qualified")
    with pytest.raises(Refused, match="reason_unknown"):
        actions.abandon(make_opportunity(acme.rep, "other"), seen=1, reason="x", by=acme.rep, at=AT)


# Undo ---------------------------------------------------------------------------------------------


def last_change(opportunity: Opportunity) -> Change:
    found: Change = Change.objects.filter(opportunity=opportunity).order_by("id").last()
    return found


def test_undoing_a_move_restores_everything_and_erases_nothing(acme: Cast) -> None:
    before = seen(make_opportunity(acme.rep))
    moved = actions.move(before, left=Stage.DISCOVER, to=Stage.CLOSE, by=acme.rep, at=AT + DAY, **going_on())
    back = actions.undo(last_change(moved).pk, by=acme.rep, at=AT + DAY + 20 * SECOND)
    assert (back.stage, back.stage_entered_at, back.category) == (Stage.DISCOVER, AT, "pipeline")
    assert kinds(back) == ["created", "stage", "category", "category", "stage"]
    assert Change.objects.filter(undoes__isnull=False).count() == 2
    events = Change.objects.filter(opportunity=back).events()
    between, after = (as_it_stood(events, AT + DAY + seconds * SECOND) for seconds in (10, 30))
    assert between is not None
    assert after is not None
    assert (between.stage, after.stage, after.stage_entered_at) == (6, 1, AT)


def test_undoing_ends(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + DAY, amount=7)
    back = actions.undo(last_change(won).pk, by=acme.rep, at=AT + DAY + SECOND)
    assert (back.status, back.stage, back.amount, back.closed_at) == ("open", Stage.PROOF, MILLION, None)
    lost = actions.lose(back, seen=back.version, reason=Reason.PRICE, by=acme.rep, at=AT + 2 * DAY)
    reopened = actions.reopen(lost, seen=lost.version, why="x", by=acme.rep, at=AT + 3 * DAY)
    again = actions.undo(last_change(reopened).pk, by=acme.rep, at=AT + 3 * DAY + SECOND)
    assert (again.status, again.reason, again.closed_at) == ("lost", "price", AT + 2 * DAY)
    assert last_change(again).kind == "lost"


def test_undoing_a_change_of_close_owner_or_category_leaves_no_push_behind(acme: Cast) -> None:
    before = seen(make_opportunity(acme.rep))
    shown = ("expected_close_on", "owner_id", "category", "category_is_own", "push_count")
    stood = [getattr(before, field) for field in shown]
    far = date(2027, 4, 2)
    changed = actions.change_opportunity(
        before,
        seen=before.version,
        by=acme.rep,
        at=AT + DAY,
        expected_close_on=far,
        owner=acme.rep2,
        category=Category.COMMIT,
    )
    assert changed.push_count == pushes(Change.objects.filter(opportunity=before).events())[0] == 1
    back = actions.undo(last_change(changed).pk, by=acme.rep, at=AT + DAY + SECOND)
    back.refresh_from_db()
    assert [getattr(back, field) for field in shown] == stood
    assert pushes(Change.objects.filter(opportunity=before).events()) == (0, 0)
    assert Change.objects.filter(undoes__isnull=False).count() == 3
    again = actions.change_opportunity(
        back, seen=back.version, by=acme.rep, at=AT + 2 * DAY, expected_close_on=far, amount=5
    )
    with pytest.raises(Refused, match="not_undoable"):  # what else a form changed is not in the log
        actions.undo(last_change(again).pk, by=acme.rep, at=AT + 2 * DAY + SECOND)


def test_undo_has_its_limits(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)

    def refused(change: Change, by: object, at: object) -> str:
        with pytest.raises(Refused) as error:
            actions.undo(change.pk, by=by, at=at)  # type: ignore[arg-type]
        return error.value.code

    assert refused(last_change(opportunity), acme.rep, AT) == "not_undoable"
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT + DAY, **going_on())
    change = last_change(moved)
    assert refused(change, acme.rep2, AT + DAY) == "not_yours"
    assert refused(change, acme.rep, AT + DAY + 31 * SECOND) == "too_late"
    actions.undo(change.pk, by=acme.rep, at=AT + DAY + SECOND)
    assert refused(change, acme.rep, AT + DAY + 2 * SECOND) == "already_undone"
    assert refused(last_change(moved), acme.rep, AT + DAY + 2 * SECOND) == "not_undoable"
    again = actions.move(moved, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT + 2 * DAY, **going_on())
    change = last_change(again)
    actions.change_opportunity(again, seen=again.version, by=acme.rep, at=AT + 2 * DAY + SECOND, amount=1)
    assert refused(change, acme.rep, AT + 2 * DAY + 2 * SECOND) == "changed_since"


def test_the_log_cannot_be_changed(acme: Cast) -> None:
    make_opportunity(acme.rep)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Change.objects.update(why="x")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Change.objects.all().delete()


# Evidence, team, notes ----------------------------------------------------------------------------


def test_filing_replaces_the_note_and_the_audit_keeps_the_first(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.file_evidence(opportunity, "key_needs", note="3 million", seen=0, by=acme.rep, at=AT)
    actions.file_evidence(opportunity, "key_needs", note="4 million", seen=1, by=acme.manager, at=AT)
    actions.file_evidence(opportunity, "key_needs", note="4 million", seen=1, by=acme.rep, at=AT + DAY)
    filed = Evidence.objects.get()
    assert (filed.note, filed.by, filed.at) == ("4 million", acme.manager, AT)
    notes = [event.data["note"] for event in AuditEvent.objects.filter(verb="evidence.filed").order_by("id")]
    assert notes == [["", "3 million"], ["3 million", "4 million"]]
    for note in ("  ", "x" * 2_001):
        with pytest.raises(Refused):
            actions.file_evidence(opportunity, "key_needs", note=note, seen=2, by=acme.rep, at=AT)
    actions.withdraw_evidence(opportunity, "key_needs", seen=2, by=acme.rep, at=AT)
    assert not Evidence.objects.exists()


def test_whoever_joins_the_sales_team_sees_it(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    assert not Opportunity.objects.visible_to(acme.partner).exists()
    helper = actions.add_member(opportunity, member=acme.partner, part="demo", by=acme.rep, at=AT)
    assert Opportunity.objects.visible_to(acme.partner).get() == opportunity
    actions.remove_helper(helper, by=acme.rep, at=AT)
    assert not Opportunity.objects.visible_to(acme.partner).exists()
    with pytest.raises(Refused, match="already_member"):
        actions.add_member(opportunity, member=acme.rep, part="", by=acme.rep, at=AT)


def test_notes_of_other_apps_do_not_make_an_edit_stale(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.note_contact(opportunity, met_at=AT + DAY, at=AT + DAY)
    actions.note_contact(opportunity, met_at=AT, at=AT + DAY)
    actions.note_next_step(opportunity, text="call the CTO", on=date(2026, 1, 9), at=AT)
    now = seen(opportunity)
    assert (now.last_contact_at, now.next_step, now.next_step_on) == (AT + DAY, "call the CTO", date(2026, 1, 9))
    assert ("no_next_step" in now.flags, now.version) == (False, 1)
    actions.note_next_step(opportunity, text="", on=None, at=AT)
    assert seen(opportunity).next_step_on is None
    assert "no_next_step" in seen(opportunity).flags


# Shaping ------------------------------------------------------------------------------------------


def _table() -> list:
    return stage_table()


def _plain(rows: list) -> list:
    return [type(row)(row.stage, "", row.percent, row.gate) for row in rows]


def test_percentages_never_rewrite_the_past(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.QUALIFY)
    rows = [
        type(row)(row.stage, "Judge" if row.stage == 2 else "", 15 if row.stage == 2 else row.percent, row.gate)
        for row in _table()
    ]
    actions.change_stages(rows, seen=0, by=acme.admin, at=AT)
    assert [(row.label, row.percent) for row in _table()][1] == ("Judge", 15)
    assert Change.objects.get(opportunity=opportunity).percent == 10
    with pytest.raises(Stale):
        actions.change_stages(rows, seen=0, by=acme.admin, at=AT)
    assert AuditEvent.objects.filter(verb="stages.changed").count() == 1


def test_evidence_items_are_added_renamed_moved_and_switched(acme: Cast) -> None:
    def keys(stage: int) -> list[str]:
        return [item.key for item in EvidenceItem.objects.all().checklist() if item.stage == stage]

    assert keys(4) == ["requirements_confirmed", "vision_shared"]
    assert not EvidenceItem.objects.exists()
    own = actions.add_item(Stage.SOLUTION_FIT, label="Architecture agreed", by=acme.admin, at=AT)
    actions.move_item(own.key, up=True, by=acme.admin, at=AT)
    assert keys(4) == ["requirements_confirmed", own.key, "vision_shared"]
    actions.move_item("requirements_confirmed", up=True, by=acme.admin, at=AT)
    actions.change_item("vision_shared", label="Vision signed", seen=1, by=acme.admin, at=AT)
    actions.switch_item("requirements_confirmed", is_active=False, by=acme.admin, at=AT)
    assert keys(4) == [own.key, "vision_shared"]
    assert (
        str(actions.change_item("vision_shared", label="", seen=2, by=acme.admin, at=AT))
        == "Vision shared with the decision maker"
    )
    with pytest.raises(Refused, match="label_empty"):
        actions.change_item(own.key, label=" ", seen=1, by=acme.admin, at=AT)
    opportunity = make_opportunity(acme.rep, stage=Stage.SOLUTION_FIT)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.SOLUTION_FIT, to=Stage.PROOF, by=acme.rep, at=AT)
    assert [item.label for item in lacking.value.items] == [
        "Architecture agreed",
        "Vision shared with the decision maker",
    ]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE funnel_change SET why = 'x'",
        "DELETE FROM funnel_change",
        "TRUNCATE funnel_change CASCADE",
        "TRUNCATE funnel_opportunity CASCADE",
        "TRUNCATE funnel_withdrawnchange",
        "TRUNCATE funnel_leadevent",
        "TRUNCATE tenants_auditevent",
    ],
)
def test_not_even_who_owns_the_tables_rewrites_the_log(acme: Cast, statement: str) -> None:
    make_opportunity(acme.rep)
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM funnel_change")
        assert cursor.fetchone()[0], "there is something to rewrite"
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(using="owner"),
        owner.cursor() as cursor,
    ):
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE funnel_change CASCADE")


# Two at once --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_moves_at_once_one_is_stale(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    barrier, answers = threading.Barrier(2), []

    def go() -> None:
        try:
            with working_for(acme.org):
                barrier.wait(10)
                actions.move(
                    opportunity,
                    left=Stage.DISCOVER,
                    to=Stage.QUALIFY,
                    by=acme.rep,
                    at=AT + timedelta(1),
                    **going_on(),
                )
                answers.append("moved")
        except Stale:
            answers.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["moved", "stale"]
    with reading(acme.org):
        assert seen(opportunity).status == Status.OPEN
        assert kinds(opportunity) == ["created", "stage"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_who_waited_for_an_opportunity_gets_it_with_whom_it_points_to_now(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with reading(acme.org):
        Opportunity.objects.filter(pk=opportunity.pk).update(updated_by=None)
    taken, found = threading.Event(), []

    def wait() -> None:
        try:
            taken.wait(10)
            with reading(acme.org):
                locked = _log.lock(opportunity)
                with CaptureQueriesContext(connection) as asked:
                    assert locked.updated_by is not None
                    found.append((locked.owner.name, locked.updated_by.name, locked.account.name))
                assert not asked.captured_queries
        finally:
            connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    with transaction.atomic():
        Opportunity.objects.filter(pk=opportunity.pk).update(owner=acme.rep2, updated_by=acme.manager)
        taken.set()
        with connection.cursor() as cursor:
            for _ in range(500):
                cursor.execute("SELECT count(*), pg_sleep(0.02) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
    thread.join(20)
    assert found == [(acme.rep2.name, acme.manager.name, opportunity.account.name)]


def test_what_is_gone_cannot_be_locked(acme: Cast, globex: Cast) -> None:
    mine = make_opportunity(acme.rep)
    with working_for(globex.org), pytest.raises(Opportunity.DoesNotExist):
        _log.lock(mine)
