"""Writes: pipeline reviews from start to minutes, and the chain of one-on-one sessions."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from accounts import actions as accounts
from activities import actions as activities
from activities.kinds import Origin
from activities.models import NextAction
from coaching.decisions import Decision, Outcome
from coaching.models import CoachingSession, Review, ReviewEntry, ReviewPerson, who_walks
from funnel.models import Opportunity
from funnel.stages import Status
from jobs import actions as jobs
from tenants import audit
from tenants.actions.locking import locked, refuse_stale
from tenants.errors import Refused, Stale
from tenants.models import Membership, Team
from tenants.permissions import Permission

# Pipeline review ------------------------------------------------------------------------------


@transaction.atomic
def start_review(*, by: Membership, at: datetime, team: Team | None = None) -> Review:
    """Start the review of a team, led by `by`; the one that `by` still leads is returned instead.

    Who walks through: everyone under the leader (or in `team` and below) with an open opportunity, but the leader.

    :raises Refused: `nobody_to_review`.
    """
    Membership.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)
    running: Review | None = Review.objects.filter(leader=by, ended_at=None).first()
    if running is not None:
        return running
    people = who_walks(by, team)
    if not people:
        raise Refused("nobody_to_review")
    review: Review = Review.objects.create(team=team or by.team, leader=by, started_at=at)
    rows = [
        ReviewPerson(review=review, person=person, begun_at=None if nth else at) for nth, person in enumerate(people)
    ]
    ReviewPerson.objects.bulk_create(rows)
    audit.record("review.started", review, by=by, at=at, people=[person.pk for person in people])
    return review


@transaction.atomic
def turn_to(review: Review, person: Membership, *, by: Membership, at: datetime) -> ReviewPerson:
    """Turn to another person: who was being walked through is done, and this one begins.

    :raises Refused: `ended`, `not_in_review`.
    """
    review = _running(review)
    row = _row_of(review, person)
    ReviewPerson.objects.filter(review=review, begun_at__isnull=False, done_at=None).exclude(pk=row.pk).update(
        done_at=at
    )
    if row.begun_at is None or row.done_at is not None:
        row.begun_at, row.done_at = row.begun_at or at, None
        row.save(update_fields=["begun_at", "done_at"])
    audit.record("review.turned", review, by=by, at=at, person=person.pk)
    return row


@transaction.atomic
def decide(
    review: Review,
    opportunity: Opportunity,
    *,
    seen: int,
    decision: Decision,
    by: Membership,
    at: datetime,
    comment: str = "",
    next_text: str = "",
    next_on: date | None = None,
) -> ReviewEntry:
    """Take a decision on an opportunity, and give its owner the next action.

    A second decision in the same review replaces the first; its next action is changed, not doubled.

    :param seen: the version of the entry the caller saw, 0 for none.
    :raises Stale: somebody else decided meanwhile; `theirs` holds decision, comment, next_text, next_on and version.
    :raises Refused: `ended`, `not_in_review`, `closed`, `next_without_date`, `due_in_the_past`, `due_too_far`.
    """
    review = _running(review)
    person = _row_of(review, opportunity.owner)
    rows = ReviewEntry.objects.select_related("next_action", "by__user")
    entry: ReviewEntry | None = rows.filter(review=review, opportunity=opportunity).first()
    version = entry.version if entry else 0
    if version != seen:
        who, when = (entry.by.name, entry.at) if entry else ("", None)
        raise Stale(_stands(entry), version=version, changed_by=who, changed_at=when)
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    action = _next_action(opportunity, entry, next_text, next_on, by=by, at=at)
    if entry is None:
        entry = ReviewEntry(review=review, opportunity=opportunity, version=0)
    entry.person, entry.by, entry.at = opportunity.owner, by, _after_the_last(review, at)
    entry.stage, entry.amount = opportunity.stage, opportunity.amount
    entry.decision, entry.comment, entry.next_action = decision, comment, action
    entry.version += 1
    entry.save()
    if person.begun_at is None:
        ReviewPerson.objects.filter(pk=person.pk).update(begun_at=at)
    story = {"decision": str(decision), "opportunity": opportunity.name}
    audit.record("review.decided", opportunity, by=by, at=at, review=review.pk, decision=str(decision))
    if entry.version == 1:
        accounts.tell(opportunity.account, "review.decided", by=by, at=at, source=review, data=story)
    return entry


def _after_the_last(review: Review, at: datetime) -> datetime:
    """Return `at`, or a moment after the last decision: screens that watch ask for what came after one they know."""
    last = ReviewEntry.objects.filter(review=review).aggregate(last=Max("at"))["last"]
    return at if last is None or last < at else last + timedelta(microseconds=1)


def _next_action(
    opportunity: Opportunity,
    entry: ReviewEntry | None,
    text: str,
    due_on: date | None,
    *,
    by: Membership,
    at: datetime,
) -> NextAction | None:
    """Return the action that stands after a decision: the one of the first decision, changed, or a new one."""
    before = entry.next_action if entry else None
    if not text:
        return before
    if before is not None and before.done_at is None and before.dropped_at is None:
        if before.text == text and due_on in {None, before.due_on}:
            return before
        return activities.postpone(before, seen=before.version, due_on=due_on or before.due_on, text=text, by=by, at=at)
    if due_on is None:
        raise Refused("next_without_date")
    action = activities.add_next_action(
        opportunity.account,
        owner=opportunity.owner,
        text=text,
        due_on=due_on,
        by=by,
        at=at,
        opportunity=opportunity,
        origin=Origin.REVIEW,
    )
    if opportunity.owner_id != by.pk:
        url = reverse("funnel:opportunity", args=[by.organization.slug, opportunity.pk])
        data = {"opportunity": opportunity.name, "text": text}
        jobs.notify(
            opportunity.owner, "review_action", data=data, url=url, unique_key=f"next-action:{action.pk}", at=at
        )
    return action


def _stands(entry: ReviewEntry | None) -> dict[str, Any]:
    action = entry.next_action if entry else None
    return {
        "decision": entry.decision if entry else "",
        "comment": entry.comment if entry else "",
        "next_text": action.text if action else "",
        "next_on": action.due_on if action else None,
    }


@transaction.atomic
def end_review(review: Review, *, by: Membership, at: datetime, minutes: str = "") -> Review:
    """End a review: its minutes stand, and everyone who walked through is told. Ended already, it stays so.

    :param minutes: what the leader adds to the list of decisions.
    """
    review = _locked(review)
    if review.ended_at is not None:
        return review
    review.ended_at, review.minutes = at, minutes
    review.save(update_fields=["ended_at", "minutes"])
    ReviewPerson.objects.filter(review=review, begun_at__isnull=False, done_at=None).update(done_at=at)
    audit.record("review.ended", review, by=by, at=at)
    told = ReviewEntry.objects.filter(review=review).values("person_id")
    walked = Membership.objects.in_current_organization().filter(pk__in=told)
    url = reverse("coaching:minutes", args=[by.organization.slug, review.pk])
    for person in walked.order_by("pk"):
        if person.can(Permission.COACHING_VIEW) and person.pk != by.pk:
            data = {"leader": by.name}
            jobs.notify(person, "review_ended", data=data, url=url, unique_key=f"review-ended:{review.pk}", at=at)
    return review


def _locked(thing: Any) -> Any:
    return type(thing).objects.select_for_update(no_key=True).get(pk=thing.pk)


def _running(review: Review) -> Review:
    """Return the review, held until the end of the transaction.

    :raises Refused: `ended`.
    """
    locked: Review = _locked(review)
    if locked.ended_at is not None:
        raise Refused("ended")
    return locked


def _row_of(review: Review, person: Membership) -> ReviewPerson:
    """Return somebody's part in a review.

    :raises Refused: `not_in_review`.
    """
    row: ReviewPerson | None = ReviewPerson.objects.filter(review=review, person=person).first()
    if row is None:
        raise Refused("not_in_review")
    return row


# One-on-one -----------------------------------------------------------------------------------

WRITTEN = (
    "outcome",
    "outcome_note",
    "worth_pursuing",
    "findings",
    "customer_commitment",
    "skill",
    "agreed",
)
"""What a coach writes down."""


@transaction.atomic
def hold_session(
    opportunity: Opportunity,
    *,
    by: Membership,
    at: datetime,
    agreed: str,
    outcome: Outcome | None = None,
    outcome_note: str = "",
    worth_pursuing: bool | None = None,
    findings: str = "",
    customer_commitment: str = "",
    skill: str = "",
    next_text: str = "",
    next_on: date | None = None,
    after: int | None = None,
    request_key: UUID | None = None,
) -> CoachingSession:
    """Record a one-on-one with the owner of an opportunity; it follows the session before it on the same one.

    :param outcome: what became of what was agreed in the session before.
    :param after: id of the session the coach saw as the last one, 0 for none; None does not look.
    :raises Stale: another session was recorded meanwhile.
    :raises Refused: `own_opportunity`, `outcome_missing`, `next_without_date`, `due_in_the_past`, `due_too_far`.
    """
    rows = Opportunity.objects.select_related("account", "owner__user")
    opportunity = locked(rows, opportunity.pk, no_key=True)
    earlier = CoachingSession.objects.filter(request_key=request_key).first() if request_key else None
    if earlier is not None:
        return earlier
    if opportunity.owner_id == by.pk:
        raise Refused("own_opportunity")
    sessions = CoachingSession.objects.filter(opportunity=opportunity).select_related("coach__user")
    previous: CoachingSession | None = sessions.first()
    if after is not None and (previous.pk if previous else 0) != after:
        theirs = {"agreed": previous.agreed if previous else "", "after": previous.pk if previous else 0}
        raise Stale(theirs, changed_by=previous.coach.name if previous else "")
    if previous is not None and outcome is None:
        raise Refused("outcome_missing")
    action = None
    if next_text:
        action = _agree(opportunity, next_text, next_on, by=by, at=at)
    session: CoachingSession = CoachingSession.objects.create(
        opportunity=opportunity,
        previous=previous,
        rep=opportunity.owner,
        coach=by,
        held_at=at,
        stage=opportunity.stage,
        outcome=outcome or "",
        outcome_note=outcome_note,
        worth_pursuing=worth_pursuing,
        findings=findings,
        customer_commitment=customer_commitment,
        skill=skill,
        agreed=agreed,
        next_action=action,
        request_key=request_key,
    )
    audit.record("coaching.held", session, by=by, at=at, opportunity=opportunity.pk, rep=opportunity.owner_id)
    story = {"opportunity": opportunity.name, "stage": opportunity.stage}
    accounts.tell(opportunity.account, "coaching.held", by=by, at=at, source=session, data=story)
    if opportunity.owner.can(Permission.COACHING_VIEW):
        url = reverse("coaching:session", args=[by.organization.slug, session.pk])
        data = {"coach": by.name, "opportunity": opportunity.name}
        jobs.notify(opportunity.owner, "coaching_held", data=data, url=url, unique_key=f"coaching:{session.pk}", at=at)
    return session


def _agree(opportunity: Opportunity, text: str, due_on: date | None, *, by: Membership, at: datetime) -> NextAction:
    if due_on is None:
        raise Refused("next_without_date")
    return activities.add_next_action(
        opportunity.account,
        owner=opportunity.owner,
        text=text,
        due_on=due_on,
        by=by,
        at=at,
        opportunity=opportunity,
        origin=Origin.COACHING,
    )


@transaction.atomic
def change_session(
    session: CoachingSession, *, seen: int, by: Membership, at: datetime, fields: Mapping[str, Any]
) -> CoachingSession:
    """Correct what was written about a session.

    :param fields: of `WRITTEN`.
    :raises Stale: somebody changed it since version `seen`.
    """
    session = _locked(session)
    changed = {name: value for name, value in fields.items() if name in WRITTEN and getattr(session, name) != value}
    refuse_stale(session, seen, *fields)
    if not changed:
        return session
    for name, value in changed.items():
        setattr(session, name, value)
    session.version += 1
    session.save(update_fields=[*changed, "version"])
    audit.record("coaching.changed", session, by=by, at=at, fields=sorted(changed))
    return session
