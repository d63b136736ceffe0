"""Pipeline reviews 過堂會 and the chain of one-on-one coaching sessions."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activities.models import NextAction
from coaching import labels
from coaching.decisions import Decision, Outcome
from funnel.models import Opportunity
from funnel.stages import Stage
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.permissions import Role
from tenants.scoping import TenantManager


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by what they mean."""

    def running(self) -> "ReviewQuerySet":
        """Those that have not ended."""
        return self.filter(ended_at=None)

    def run_by(self, membership: Membership) -> "ReviewQuerySet":
        """Those one may lead: one's own, and those led by people of one's team; an executive all."""
        ids = membership.visible_owner_ids
        return self if ids is None else self.filter(leader_id__in=ids)

    def visible_to(self, membership: Membership) -> "ReviewQuerySet":
        """Those one leads or is walked through in; an executive all."""
        if membership.visible_owner_ids is None:
            return self
        walked = ReviewPerson.objects.filter(person=membership).values("review_id")
        return self.filter(Q(leader_id__in=membership.visible_owner_ids) | Q(pk__in=walked))


class Review(TenantModel):
    """One pipeline review meeting of a team."""

    team = TenantForeignKey(Team, models.PROTECT, null=True, related_name="reviews")
    leader = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    minutes = models.TextField(blank=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(ReviewQuerySet)()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "leader"], condition=Q(ended_at=None), name="one_review_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team or ''} {self.started_at:%Y-%m-%d}".strip()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


WALKED = (Role.REP, Role.PARTNER, Role.MANAGER)
"""Whose opportunities are walked through."""


def who_walks(leader: Membership, team: Team | None = None) -> list[Membership]:
    """Return who would walk through in a review led by `leader` (in `team` and below), by team and name.

    Everyone under the leader with an open opportunity, but the leader.
    """
    selling = Opportunity.objects.open().values("owner_id")
    people = Membership.objects.in_current_organization().active().filter(role__in=WALKED, pk__in=selling)
    if leader.visible_owner_ids is not None:
        people = people.filter(pk__in=leader.visible_owner_ids)
    if team is not None:
        people = people.filter(team__path__startswith=team.path)
    people = people.exclude(pk=leader.pk).select_related("user", "team")
    return sorted(people, key=lambda person: (person.team.path if person.team else "", person.name))


class ReviewPerson(TenantModel):
    """A rep who walks through their opportunities in a review."""

    review = TenantForeignKey(Review, models.CASCADE, related_name="people")
    person = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "review", "person"], name="person_once_a_review")
        ]

    def __str__(self) -> str:
        return self.person.name


class ReviewEntry(TenantModel):
    """What was decided about one opportunity in one review."""

    review = TenantForeignKey(Review, models.CASCADE, related_name="entries")
    opportunity = TenantForeignKey(Opportunity, models.PROTECT, related_name="review_entries")
    person = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    stage = models.PositiveSmallIntegerField(default=Stage.DISCOVER)  # where it stood when this was decided
    amount = models.BigIntegerField(null=True)
    decision = models.CharField(_("Decision"), max_length=10)
    comment = models.TextField(_("Comment"), max_length=2_000, blank=True)
    next_action = TenantForeignKey(NextAction, models.PROTECT, null=True, related_name="review_entries")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["organization", "opportunity", "-at"], name="entry_of_opportunity")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "review", "opportunity"], name="one_entry_an_opportunity"),
            models.CheckConstraint(condition=Q(decision__in=list(Decision)), name="decision_known"),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity}: {self.decision}"

    @property
    def decision_label(self) -> labels.Words:
        """The decision in words."""
        return labels.DECISIONS[Decision(self.decision)]

    @property
    def look(self) -> str:
        """The look of the decision's chip."""
        return labels.DECISION_LOOKS[Decision(self.decision)]


class CoachingSessionQuerySet(models.QuerySet["CoachingSession"]):
    """Coaching sessions by what they mean."""

    def visible_to(self, membership: Membership) -> "CoachingSessionQuerySet":
        """Those one coaches or is coached in; a manager also the team's; an executive all."""
        ids = membership.visible_owner_ids
        if ids is None:
            return self
        return self.filter(Q(rep_id__in=ids) | Q(coach=membership))


class CoachingSession(TenantModel):
    """One-on-one on one key opportunity. Sessions form a chain: each begins with what was agreed last time."""

    opportunity = TenantForeignKey(Opportunity, models.PROTECT, related_name="coaching_sessions")
    previous = TenantForeignKey("self", models.PROTECT, null=True, related_name="following")
    rep = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    coach = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    held_at = models.DateTimeField()
    stage = models.PositiveSmallIntegerField()
    outcome = models.CharField(_("What became of it"), max_length=10, blank=True)
    outcome_note = models.TextField(max_length=2_000, blank=True)
    worth_pursuing = models.BooleanField(_("Worth pursuing"), null=True)
    findings = models.TextField(_("What we found"), max_length=5_000, blank=True)
    customer_commitment = models.TextField(_("What the customer agreed to"), max_length=2_000, blank=True)
    skill = models.CharField(_("Skill to improve"), max_length=120, blank=True)
    agreed = models.TextField(_("What we agreed"), max_length=2_000)
    next_action = TenantForeignKey(NextAction, models.PROTECT, null=True, related_name="coaching_sessions")
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(CoachingSessionQuerySet)()

    class Meta:
        ordering = ["-held_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="coaching_request_once",
            ),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome]), name="outcome_known"),
        ]
        indexes = [
            models.Index(fields=["organization", "opportunity", "-held_at"], name="session_of_opportunity"),
            models.Index(fields=["organization", "rep", "-held_at"], name="session_of_rep"),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity} {self.held_at:%Y-%m-%d}"

    @property
    def outcome_label(self) -> labels.Words:
        """What became of what was agreed before, in words."""
        return labels.OUTCOMES[Outcome(self.outcome)] if self.outcome else ""

    @property
    def outcome_look(self) -> str:
        """The look of the outcome's chip."""
        return labels.OUTCOME_LOOKS[Outcome(self.outcome)] if self.outcome else ""
