"""Opening and changing an opportunity, and the log that nobody rewrites."""

import uuid
from datetime import date

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import TimelineEntry
from funnel import actions
from funnel.models import Change, Evidence, Opportunity
from funnel.stages import Category, Stage
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, ExchangeRate
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_account, make_opportunity
from tests.funnel.logged import kinds, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


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
