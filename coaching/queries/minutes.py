"""Reviews, and what they decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404

from coaching.models import Review, ReviewEntry, ReviewPerson
from funnel.models import Opportunity, StageSetting
from funnel.stages import StageRow
from tenants.models import Membership, Team
from tenants.permissions import Role


@dataclass(frozen=True)
class Part:
    """One person's part of the minutes."""

    row: ReviewPerson
    entries: list[ReviewEntry]


@dataclass(frozen=True)
class Minutes:
    """What a review decided."""

    review: Review
    parts: list[Part]
    table: list[StageRow]
    is_whole: bool

    @property
    def decided(self) -> int:
        """How many decisions there are."""
        return sum(len(part.entries) for part in self.parts)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many decisions of each kind."""
        counted: dict[str, int] = {}
        for part in self.parts:
            for entry in part.entries:
                counted[entry.decision] = counted.get(entry.decision, 0) + 1
        return counted


def may_run(review: Review, member: Membership) -> bool:
    """Return whether a member may lead a review, or read all of it."""
    ids = member.visible_owner_ids
    return member.role in {Role.MANAGER, Role.EXECUTIVE} and (ids is None or review.leader_id in ids)


def minutes(review: Review, member: Membership) -> Minutes:
    """Return the minutes; to whom did not lead, their own part."""
    is_whole = may_run(review, member)
    rows = ReviewPerson.objects.filter(review=review).select_related("person__user", "person__team")
    entries = ReviewEntry.objects.filter(review=review)
    if not is_whole:
        rows, entries = rows.filter(person=member), entries.filter(person=member)
    by_person: dict[int, list[ReviewEntry]] = {}
    for entry in entries.select_related("opportunity__account", "next_action").order_by("-stage", "-amount", "id"):
        by_person.setdefault(entry.person_id, []).append(entry)
    parts = [Part(row, by_person.get(row.person_id, [])) for row in rows]
    return Minutes(review, parts, StageSetting.table(), is_whole)


def past_reviews(member: Membership) -> QuerySet[Review]:
    """Return the reviews a member may read, the latest first, with how many people and decisions each had."""
    rows: QuerySet[Review] = (
        Review.objects.visible_to(member)
        .select_related("team", "leader__user")
        .annotate(walked=Count("people", distinct=True), decided=Count("entries", distinct=True))
        .order_by("-started_at", "-id")
    )
    return rows


def ended_reviews(member: Membership) -> QuerySet[Review]:
    """Return the reviews a member may read that have ended, the latest first."""
    return past_reviews(member).exclude(ended_at=None)


def running_of(leader: Membership) -> Review | None:
    """Return the review that a member leads right now."""
    found: Review | None = Review.objects.running().filter(leader=leader).first()
    return found


def walker_or_404(review: Review, person: int) -> ReviewPerson:
    """Return the row of a person (membership id) on the roster of a review."""
    rows = ReviewPerson.objects.select_related("person__user")
    found: ReviewPerson = get_object_or_404(rows, review=review, person_id=person)
    return found


def entry_of(review: Review, opportunity: Opportunity) -> ReviewEntry | None:
    """Return what was decided about an opportunity in a review."""
    rows = ReviewEntry.objects.filter(review=review, opportunity=opportunity).select_related("next_action")
    found: ReviewEntry | None = rows.first()
    return found


def teams_to_review(member: Membership) -> list[Team]:
    """Return the teams whose review a member may start."""
    if member.role == Role.EXECUTIVE:
        return list(Team.objects.all())
    if member.team_id is None:
        return []
    team: Team = member.team
    return list(Team.objects.filter(path__startswith=team.path))
