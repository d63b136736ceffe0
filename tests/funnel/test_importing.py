"""Opportunities with their dated past, in bulk."""

from dataclasses import replace
from datetime import date

import pytest

from accounts.models import Account
from funnel import actions
from funnel.history import ImportedOpportunity, as_it_stood, as_it_was_seen
from funnel.models import Change, Opportunity
from funnel.stages import Stage, Status
from tenants.errors import Refused
from tenants.models import AuditEvent
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
NOW = AT + 100 * DAY


@pytest.fixture
def won(acme: Cast) -> ImportedOpportunity:
    """A sale with a rich past."""
    return ImportedOpportunity(
        external_id="A-1",
        account_id=make_account(acme.rep).pk,
        owner_id=acme.rep.pk,
        name="Press line",
        opened_at=AT,
        stages=[(Stage.QUALIFY, AT), (Stage.SOLUTION_FIT, AT + 10 * DAY), (Stage.CLOSE, AT + 30 * DAY)],
        amounts=[(None, AT), (MILLION, AT + 5 * DAY), (2 * MILLION, AT + 50 * DAY)],
        closes=[(date(2026, 2, 1), AT), (date(2026, 3, 9), AT + 20 * DAY)],
        outcome=Status.WON,
        closed_at=AT + 50 * DAY,
    )


def test_the_past_arrives_dated(acme: Cast, won: ImportedOpportunity) -> None:
    counts = actions.import_opportunities([won], by=acme.manager, at=NOW)
    opportunity = Opportunity.objects.get()
    assert (counts.created, counts.updated, counts.unchanged) == (1, 0, 0)
    assert counts.ids == {"A-1": opportunity.pk}
    assert (opportunity.status, opportunity.stage, opportunity.amount) == ("won", 7, 2 * MILLION)
    assert (opportunity.push_count, opportunity.closed_at) == (1, AT + 50 * DAY)
    events = Change.objects.filter(opportunity=opportunity).events()
    assert {event.recorded_at for event in events} == {NOW}
    assert as_it_was_seen(events, NOW - DAY) is None
    then = as_it_stood(events, AT + 15 * DAY)
    assert then is not None
    assert (then.stage, then.amount, then.category, then.percent) == (4, MILLION, "best_case", 40)
    assert Account.objects.get(pk=won.account_id).annual_revenue == 2 * MILLION


def test_the_same_rows_again_change_nothing(acme: Cast, won: ImportedOpportunity) -> None:
    rows = [won, replace(won, external_id="A-2", outcome=Status.OPEN, closed_at=None)]
    actions.import_opportunities(rows, by=acme.manager, at=NOW)
    before = Change.objects.count()
    counts = actions.import_opportunities([*rows, rows[0]], by=acme.manager, at=NOW + DAY)
    assert (counts.created, counts.updated, counts.unchanged) == (0, 0, 2)
    assert Change.objects.count() == before
    assert AuditEvent.objects.filter(verb="opportunity.imported").count() == 1


def test_what_changed_is_logged_in_order(acme: Cast, won: ImportedOpportunity) -> None:
    still_open = replace(won, outcome=Status.OPEN, closed_at=None, stages=won.stages[:2], amounts=won.amounts[:2])
    actions.import_opportunities([still_open], by=acme.manager, at=AT + 25 * DAY)
    counts = actions.import_opportunities([won], by=acme.manager, at=NOW)
    assert counts.updated == 1
    opportunity = Opportunity.objects.get()
    assert (opportunity.status, opportunity.stage, opportunity.closed_at) == ("won", 7, AT + 50 * DAY)
    log = [(row.kind, row.occurred_at) for row in Change.objects.order_by("occurred_at", "id")]
    assert log[-5:-1] == [
        ("expected_close", AT + 20 * DAY),
        ("stage", AT + 30 * DAY),
        ("category", AT + 30 * DAY),
        ("amount", AT + 50 * DAY),
    ]
    assert log[-1] == ("won", AT + 50 * DAY)
    assert opportunity.version == 2


def test_an_import_does_not_take_back_what_was_moved_here(acme: Cast, won: ImportedOpportunity) -> None:
    row = replace(won, outcome=Status.OPEN, closed_at=None)
    actions.import_opportunities([row], by=acme.manager, at=NOW)
    opportunity = Opportunity.objects.get()
    actions.move(opportunity, left=Stage.CLOSE, to=Stage.PROOF, why="audit", by=acme.rep, at=NOW + DAY)
    assert actions.import_opportunities([row], by=acme.manager, at=NOW + 2 * DAY).unchanged == 1
    lost = actions.lose(Opportunity.objects.get(), seen=2, reason="price", by=acme.rep, at=NOW + 3 * DAY)
    assert actions.import_opportunities([row], by=acme.manager, at=NOW + 4 * DAY).unchanged == 1
    assert Opportunity.objects.get().status == lost.status


def test_a_late_correction_keeps_the_log_in_order(acme: Cast, won: ImportedOpportunity) -> None:
    row = replace(won, outcome=Status.OPEN, closed_at=None)
    actions.import_opportunities([row], by=acme.manager, at=NOW)
    actions.change_opportunity(Opportunity.objects.get(), seen=1, by=acme.rep, at=NOW + DAY, amount=5 * MILLION)
    lost = replace(row, outcome=Status.LOST, closed_at=NOW, reason="price", rival="Rival Co")
    actions.import_opportunities([lost], by=acme.manager, at=NOW + 2 * DAY)
    opportunity = Opportunity.objects.get()
    assert (opportunity.status, opportunity.closed_at, opportunity.rival) == ("lost", NOW, "Rival Co")
    change = Change.objects.get(kind="lost")
    assert change.occurred_at == NOW + 2 * DAY
    final = as_it_stood(Change.objects.events(), NOW + 3 * DAY)
    assert final is not None
    assert (final.status, final.amount) == ("lost", opportunity.amount)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"external_id": " "}, "external_id_empty"),
        ({"name": ""}, "name_empty"),
        ({"name": "x" * 10_000}, "name_too_long"),
        ({"rival": "a\x00"}, "text_unreadable"),
        ({"reason": "whim"}, "reason_unknown"),
        ({"amounts": [(-1, AT)]}, "amount_negative"),
        ({"amounts": [(10**40, AT)]}, "amount_too_large"),
        ({"opened_at": NOW + DAY}, "opened_in_future"),
        ({"closed_at": None}, "close_time_missing"),
        ({"outcome": Status.OPEN}, "close_time_without_close"),
        ({"closed_at": AT + 20 * DAY}, "not_in_order"),
        ({"closed_at": NOW + DAY}, "in_future"),
        ({"stages": [(Stage.DEPLOY, AT)]}, "stage_not_open"),
        ({"closes": [(None, AT - DAY)]}, "not_in_order"),
    ],
)
def test_a_bad_row_stops_everything(acme: Cast, won: ImportedOpportunity, bad: dict, code: str) -> None:
    rows = [replace(won, external_id="good"), replace(won, **bad)]
    with pytest.raises(Refused) as refused:
        actions.import_opportunities(rows, by=acme.manager, at=NOW)
    assert refused.value.code == code
    assert not Opportunity.objects.exists()
