"""Writing visits and next actions."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import TimelineEntry
from activities import actions
from activities.history import ImportedAction, ImportedVisit
from activities.kinds import Kind, Result, VisitState
from activities.models import NextAction, Visit
from funnel.stages import Stage
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.activities.factories import make_plan, make_step, make_visit
from tests.cast import AT, Cast
from tests.funnel.factories import make_account, make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = AT + 30 * DAY
TODAY = NOW.date()


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))


def test_a_visit_is_told_everywhere(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        account, contact = opportunity.account, make_contact(opportunity.account)
        visit = make_visit(
            account,
            acme.rep,
            NOW,
            opportunity=opportunity,
            contacts=[contact],
            note="Wants a trial",
            commitment="Sends the layout",
            next_text="Bring the trial plan",
            next_on=TODAY + 2 * DAY,
        )
        account.refresh_from_db()
        opportunity.refresh_from_db()
        assert account.last_contact_at == opportunity.last_contact_at == visit.happened_at
        assert (opportunity.next_step, opportunity.next_step_on) == ("Bring the trial plan", TODAY + 2 * DAY)
        assert [met.contact for met in visit.met.all()] == [contact]
        assert visit.is_first
        assert {"visit.logged", "next_action.added"} <= set(verbs())
        told = TimelineEntry.objects.get(verb="visit.logged")
        assert (told.at, told.source_id, told.data["note"]) == (visit.happened_at, visit.pk, "Wants a trial")


def test_a_key_makes_one_visit(acme: Cast) -> None:
    with working_for(acme.org):
        account, key = make_account(acme.rep), uuid4()
        first = make_visit(account, acme.rep, NOW, request_key=key, next_text="Call", next_on=TODAY)
        again = make_visit(account, acme.rep, NOW, request_key=key, next_text="Call", next_on=TODAY)
        assert first.pk == again.pk
        assert Visit.objects.count() == NextAction.objects.count() == 1


@pytest.mark.parametrize(
    ("happened_at", "code"), [(NOW + timedelta(minutes=6), "future"), (NOW - 181 * DAY, "too_long_ago")]
)
def test_a_visit_lies_in_the_near_past(acme: Cast, happened_at: datetime, code: str) -> None:
    with working_for(acme.org), pytest.raises(Refused) as refused:
        make_visit(make_account(acme.rep), acme.rep, NOW, happened_at=happened_at)
    assert refused.value.code == code


def test_a_clock_slightly_ahead_is_now(acme: Cast) -> None:
    with working_for(acme.org):
        visit = make_visit(make_account(acme.rep), acme.rep, NOW, happened_at=NOW + timedelta(minutes=2))
        assert visit.happened_at == NOW


def test_opportunity_and_contact_must_be_the_accounts_own(acme: Cast) -> None:
    with working_for(acme.org):
        account, elsewhere = make_account(acme.rep), make_opportunity(acme.rep)
        with pytest.raises(Refused, match="opportunity_elsewhere"):
            make_visit(account, acme.rep, NOW, opportunity=elsewhere)
        with pytest.raises(Refused, match="contact_elsewhere"):
            make_visit(account, acme.rep, NOW, contacts=[make_contact(elsewhere.account)])
        assert Visit.objects.count() == 0


def test_where_nobody_was_met_there_was_no_contact(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        visit = make_visit(account, acme.rep, NOW, result=Result.NOBODY)
        account.refresh_from_db()
        assert (visit.is_first, account.last_contact_at) == (False, None)


def test_the_earliest_meeting_is_the_first_whenever_it_is_written(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        later = make_visit(account, acme.rep, NOW)
        earlier = make_visit(account, acme.rep2, NOW, happened_at=NOW - 5 * DAY)
        later.refresh_from_db()
        assert (earlier.is_first, later.is_first) == (True, False)


def test_a_visit_may_advance_the_opportunity_and_bring_a_new_contact(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        visit = make_visit(
            opportunity.account,
            acme.rep,
            NOW,
            opportunity=opportunity,
            new_contacts=[("何處長", "製造")],
            advance=(Stage.DISCOVER, Stage.QUALIFY),
        )
        opportunity.refresh_from_db()
        assert opportunity.stage == Stage.QUALIFY
        assert [met.contact.name for met in visit.met.all()] == ["何處長"]
        with pytest.raises(Stale):
            make_visit(
                opportunity.account, acme.rep, NOW, opportunity=opportunity, advance=(Stage.DISCOVER, Stage.QUALIFY)
            )


def test_a_planned_visit_is_held_once(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        plan = make_plan(account, acme.rep, NOW)
        assert (plan.state, plan.is_first) == (VisitState.PLANNED, False)
        after = NOW + 2 * DAY
        held = actions.hold(
            plan,
            seen=plan.version,
            by=acme.rep,
            at=after,
            happened_at=plan.happened_at,
            kind=Kind.CALL,
            result=Result.STEADY,
            next_text="Call again",
            next_on=after.date(),
        )
        assert (held.state, held.kind, held.is_first, held.goal) == (VisitState.DONE, Kind.CALL, True, "A trial agreed")
        actions.hold(
            plan,
            seen=1,
            by=acme.rep,
            at=after,
            happened_at=plan.happened_at,
            kind=Kind.CALL,
            result=Result.STEADY,
            next_text="Call again",
            next_on=after.date(),
        )
        assert NextAction.objects.count() == 1


def test_plans_lie_ahead_and_can_be_called_off_and_put_back(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        with pytest.raises(Refused, match="planned_in_the_past"):
            make_plan(account, acme.rep, NOW, planned_at=NOW - DAY)
        with pytest.raises(Refused, match="due_too_far"):
            make_plan(account, acme.rep, NOW, planned_at=NOW + 2000 * DAY)
        plan = make_plan(account, acme.rep, NOW)
        assert actions.call_off(plan, by=acme.rep, at=NOW).state == VisitState.CANCELLED
        with pytest.raises(Refused, match="called_off"):
            actions.hold(plan, seen=2, by=acme.rep, at=NOW, happened_at=NOW, kind=Kind.VISIT, result=Result.STEADY)
        assert actions.put_back(plan, by=acme.rep, at=NOW).state == VisitState.PLANNED
        with pytest.raises(Refused, match="not_planned"):
            actions.call_off(make_visit(account, acme.rep, NOW), by=acme.rep, at=NOW)


def test_a_correction_refuses_the_stale(acme: Cast) -> None:
    with working_for(acme.org):
        visit = make_visit(make_account(acme.rep), acme.rep, NOW, note="one")
        actions.change_visit(visit, seen=1, by=acme.rep, at=NOW, note="two")
        with pytest.raises(Stale) as stale:
            actions.change_visit(visit, seen=1, by=acme.manager, at=NOW, note="three")
        assert (stale.value.theirs, stale.value.version) == ({"note": "two"}, 2)
        assert verbs().count("visit.changed") == 1


def test_the_row_of_the_opportunity_follows_its_earliest_open_action(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)

        def shown() -> tuple[str, date | None]:
            opportunity.refresh_from_db()
            return opportunity.next_step, opportunity.next_step_on

        late = make_step(opportunity.account, acme.rep, NOW, TODAY + 9 * DAY, opportunity=opportunity, text="late")
        assert shown() == ("late", TODAY + 9 * DAY)
        soon = make_step(opportunity.account, acme.rep, NOW, TODAY, opportunity=opportunity, text="soon")
        assert shown() == ("soon", TODAY)
        actions.postpone(soon, seen=1, due_on=TODAY + 20 * DAY, by=acme.rep, at=NOW)
        assert shown() == ("late", TODAY + 9 * DAY)
        actions.complete(late, by=acme.rep, at=NOW)
        assert shown() == ("soon", TODAY + 20 * DAY)
        actions.take_back(late, by=acme.rep, at=NOW)
        assert shown() == ("late", TODAY + 9 * DAY)
        actions.drop(late, by=acme.rep, at=NOW)
        actions.drop(soon, by=acme.rep, at=NOW)
        assert shown() == ("", None)
        assert {
            "next_action.added",
            "next_action.postponed",
            "next_action.done",
            "next_action.dropped",
            "next_action.taken_back",
        } <= set(verbs())


def test_an_action_ends_once(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        done, dropped = make_step(account, acme.rep, NOW), make_step(account, acme.rep, NOW)
        first = actions.complete(done, by=acme.rep, at=NOW)
        assert actions.complete(done, by=acme.rep, at=NOW + DAY).done_at == first.done_at
        actions.drop(dropped, by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="dropped"):
            actions.complete(dropped, by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="done"):
            actions.drop(done, by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="done"):
            actions.postpone(done, seen=2, due_on=TODAY, by=acme.rep, at=NOW)
        with pytest.raises(Stale):
            actions.postpone(dropped, seen=1, due_on=TODAY, by=acme.rep, at=NOW)


def test_an_action_is_due_in_the_time_to_come(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
        with pytest.raises(Refused, match="due_in_the_past"):
            make_step(account, acme.rep, NOW, TODAY - DAY)
        with pytest.raises(Refused, match="due_too_far"):
            make_step(account, acme.rep, NOW, TODAY + 2000 * DAY)
        with pytest.raises(Refused, match="next_without_date"):
            make_visit(account, acme.rep, NOW, next_text="Call")


def test_today_is_the_day_of_the_organization(acme: Cast) -> None:
    """At 20:00 in London it is the next day in Taipei."""
    evening = NOW.replace(hour=20)
    with working_for(acme.org):
        account = make_account(acme.rep)
        with pytest.raises(Refused, match="due_in_the_past"):
            make_step(account, acme.rep, evening, evening.date())
        assert make_step(account, acme.rep, evening, evening.date() + DAY).due_on == evening.date() + DAY


def test_visits_and_actions_in_bulk_come_once(acme: Cast, django_assert_max_num_queries: object) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        account, contact = opportunity.account, make_contact(opportunity.account)
        rows = [
            ImportedVisit(
                key=uuid4(),
                account_id=account.pk,
                by_id=acme.rep.pk,
                happened_at=NOW - day * DAY,
                result=Result.STEADY,
                opportunity_id=opportunity.pk,
                contact_ids=[contact.pk, contact.pk],
                note=f"day {day}",
            )
            for day in (400, 20, 3)
        ]
        plan = ImportedVisit(
            key=uuid4(),
            account_id=account.pk,
            by_id=acme.rep.pk,
            happened_at=NOW + DAY,
            state=VisitState.PLANNED,
            goal="g",
        )
        steps = [
            ImportedAction(
                key=uuid4(),
                account_id=account.pk,
                owner_id=acme.rep.pk,
                text="old",
                due_on=date(2025, 1, 1),
                created_by_id=acme.rep.pk,
                created_at=NOW - 400 * DAY,
                opportunity_id=opportunity.pk,
            )
        ]
        counts = actions.import_visits([*rows, plan], by=acme.executive, at=NOW)
        assert (counts.created, counts.unchanged) == (4, 0)
        assert actions.import_next_actions(steps, by=acme.executive, at=NOW).created == 1
        counts = actions.import_visits([*rows, plan], by=acme.executive, at=NOW)
        assert (counts.created, counts.unchanged) == (0, 4)
        assert actions.import_next_actions(steps, by=acme.executive, at=NOW).unchanged == 1
        account.refresh_from_db()
        opportunity.refresh_from_db()
        assert account.last_contact_at == opportunity.last_contact_at == NOW - 3 * DAY
        assert opportunity.next_step == "old"
        assert list(Visit.objects.filter(is_first=True).values_list("note", flat=True)) == ["day 400"]
        assert TimelineEntry.objects.filter(verb="visit.logged").count() == 3
