"""Writing reviews and one-on-one sessions."""

from datetime import timedelta
from uuid import uuid4

import pytest

from activities import actions as activities
from activities.models import NextAction
from coaching import actions
from coaching.decisions import Decision, Outcome
from coaching.models import CoachingSession, Review, ReviewEntry, ReviewPerson
from funnel import actions as funnel
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.coaching.factories import make_entry, make_review, make_session
from tests.funnel.factories import make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = AT + 30 * DAY
TODAY = NOW.date()


def verbs() -> set[str]:
    return set(AuditEvent.objects.values_list("verb", flat=True))


def walked(review: Review) -> list[int]:
    return list(ReviewPerson.objects.filter(review=review).values_list("person_id", flat=True))


def test_who_walks_through(acme: Cast) -> None:
    """Those of the subtree with open opportunities, never the leader, nobody of another team."""
    with working_for(acme.org):
        for owner in (acme.rep, acme.rep2, acme.manager, acme.partner):
            make_opportunity(owner, f"of {owner.name}")
        funnel.abandon(make_opportunity(acme.rep2, "gone"), seen=1, reason="timing", note="", by=acme.rep2, at=NOW)
        review = make_review(acme.manager, NOW)
        assert walked(review) == [acme.rep.pk, acme.rep2.pk]
        assert walked(make_review(acme.executive, NOW)) != walked(review)
        only = actions.start_review(by=acme.executive, at=NOW)
        assert set(walked(only)) == {acme.rep.pk, acme.rep2.pk, acme.manager.pk, acme.partner.pk}


def test_one_team_can_be_reviewed_alone(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep)
        make_opportunity(acme.partner)
        assert walked(make_review(acme.executive, NOW, team=acme.other_team)) == [acme.partner.pk]


def test_one_review_at_a_time(acme: Cast) -> None:
    with working_for(acme.org):
        with pytest.raises(Refused, match="nobody_to_review"):
            make_review(acme.manager, NOW)
        make_opportunity(acme.rep)
        first = make_review(acme.manager, NOW)
        assert make_review(acme.manager, NOW).pk == first.pk
        actions.end_review(first, by=acme.manager, at=NOW)
        assert make_review(acme.manager, NOW + DAY).pk != first.pk


def test_a_decision_gives_the_rep_a_next_action(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, NOW)
        entry = make_entry(review, opportunity, NOW, next_text="Call the CFO", next_on=TODAY + DAY, comment="soon")
        opportunity.refresh_from_db()
        action = NextAction.objects.get()
        assert (action.owner, action.created_by, action.origin) == (acme.rep, acme.manager, "review")
        assert (opportunity.next_step, opportunity.next_step_on) == ("Call the CFO", TODAY + DAY)
        assert (entry.next_action, entry.stage, entry.amount) == (action, opportunity.stage, opportunity.amount)
        assert [note.code for note in Notification.objects.filter(to=acme.rep)] == ["review_action"]
        assert {"review.started", "review.decided", "next_action.added"} <= verbs()


def test_a_second_decision_changes_the_first(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, NOW)
        make_entry(review, opportunity, NOW, next_text="Call the CFO", next_on=TODAY + DAY)
        again = make_entry(
            review, opportunity, NOW, seen=1, decision=Decision.HELP, next_text="Call the CEO", next_on=TODAY + 2 * DAY
        )
        action = NextAction.objects.get()
        assert (action.text, action.due_on) == ("Call the CEO", TODAY + 2 * DAY)
        assert (again.version, again.decision, again.next_action_id) == (2, "help", action.pk)
        same = make_entry(review, opportunity, NOW, seen=2, decision=Decision.HOLD, next_text="Call the CEO")
        assert same.next_action_id == action.pk
        activities.complete(action, by=acme.rep, at=NOW)
        make_entry(review, opportunity, NOW, seen=3, next_text="Send the offer", next_on=TODAY + DAY)
        assert NextAction.objects.count() == 2
        times = list(ReviewEntry.objects.values_list("at", flat=True))
        assert times[0] > NOW


def test_a_stale_decision_shows_what_stands(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        review = make_review(acme.manager, NOW)
        make_entry(review, opportunity, NOW, by=acme.executive, comment="mine")
        with pytest.raises(Stale) as stale:
            make_entry(review, opportunity, NOW, decision=Decision.HOLD)
        assert stale.value.theirs["decision"] == "advance"
        assert (stale.value.version, stale.value.changed_by) == (1, acme.executive.name)


def test_what_a_decision_refuses(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity, foreign = make_opportunity(acme.rep), make_opportunity(acme.partner)
        review = make_review(acme.manager, NOW)
        with pytest.raises(Refused, match="next_without_date"):
            make_entry(review, opportunity, NOW, next_text="Call")
        with pytest.raises(Refused, match="due_in_the_past"):
            make_entry(review, opportunity, NOW, next_text="Call", next_on=TODAY - DAY)
        with pytest.raises(Refused, match="not_in_review"):
            make_entry(review, foreign, NOW)
        gone = funnel.abandon(opportunity, seen=opportunity.version, reason="timing", note="", by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="closed"):
            make_entry(review, gone, NOW)
        actions.end_review(review, by=acme.manager, at=NOW)
        with pytest.raises(Refused, match="ended"):
            make_entry(review, opportunity, NOW)
        assert ReviewEntry.objects.count() == NextAction.objects.count() == 0


def test_turning_ends_one_walk_and_begins_the_next(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep)
        make_opportunity(acme.rep2)
        review = make_review(acme.manager, NOW)
        actions.turn_to(review, acme.rep2, by=acme.manager, at=NOW + timedelta(minutes=5))
        one, two = ReviewPerson.objects.filter(review=review)
        assert (one.begun_at, one.done_at) == (NOW, NOW + timedelta(minutes=5))
        assert (two.begun_at, two.done_at) == (NOW + timedelta(minutes=5), None)
        actions.turn_to(review, acme.rep, by=acme.manager, at=NOW + timedelta(minutes=9))
        one.refresh_from_db()
        assert (one.begun_at, one.done_at) == (NOW, None)
        with pytest.raises(Refused, match="not_in_review"):
            actions.turn_to(review, acme.partner, by=acme.manager, at=NOW)


def test_the_end_is_told_once_to_those_who_walked(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        make_opportunity(acme.rep2)
        review = make_review(acme.manager, NOW)
        make_entry(review, opportunity, NOW)
        for _twice in range(2):
            ended = actions.end_review(review, by=acme.manager, at=NOW + DAY, minutes="Focus on Close")
        assert (ended.ended_at, ended.minutes) == (NOW + DAY, "Focus on Close")
        assert [note.to for note in Notification.objects.filter(code="review_ended")] == [acme.rep]
        assert not ReviewPerson.objects.filter(review=review, begun_at__isnull=False, done_at=None).exists()


def test_sessions_form_a_chain(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        first = make_session(opportunity, acme.manager, NOW, next_text="Meet the CEO", next_on=TODAY + DAY)
        assert (first.previous, first.rep, first.next_action.origin) == (None, acme.rep, "coaching")
        with pytest.raises(Refused, match="outcome_missing"):
            make_session(opportunity, acme.manager, NOW + DAY)
        second = make_session(opportunity, acme.executive, NOW + DAY, outcome=Outcome.PARTLY, after=first.pk)
        assert second.previous == first
        with pytest.raises(Stale) as stale:
            make_session(opportunity, acme.manager, NOW + DAY, outcome=Outcome.DONE, after=first.pk)
        assert stale.value.theirs["after"] == second.pk
        assert {note.code for note in Notification.objects.filter(to=acme.rep)} == {"coaching_held"}
        assert "coaching.held" in verbs()


def test_nobody_coaches_themselves(acme: Cast) -> None:
    with working_for(acme.org), pytest.raises(Refused, match="own_opportunity"):
        make_session(make_opportunity(acme.manager), acme.manager, NOW)


def test_a_key_makes_one_session(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity, key = make_opportunity(acme.rep), uuid4()
        facts = {"request_key": key, "after": 0, "next_text": "Call", "next_on": TODAY}
        first = make_session(opportunity, acme.manager, NOW, **facts)
        assert make_session(opportunity, acme.manager, NOW, **facts).pk == first.pk
        assert CoachingSession.objects.count() == NextAction.objects.count() == 1


def test_a_correction_refuses_the_stale(acme: Cast) -> None:
    with working_for(acme.org):
        session = make_session(make_opportunity(acme.rep), acme.manager, NOW)
        changed = actions.change_session(session, seen=1, by=acme.manager, at=NOW, fields={"skill": "Listening"})
        assert (changed.skill, changed.version) == ("Listening", 2)
        assert (
            actions.change_session(changed, seen=2, by=acme.manager, at=NOW, fields={"skill": "Listening"}).version == 2
        )
        with pytest.raises(Stale) as stale:
            actions.change_session(session, seen=1, by=acme.manager, at=NOW, fields={"skill": "Asking"})
        assert (stale.value.theirs, stale.value.version) == ({"skill": "Listening"}, 2)
