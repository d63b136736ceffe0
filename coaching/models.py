"""Pipeline reviews 過堂會 and the chain of one-on-one coaching sessions."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activities.models import NextAction
from coaching.decisions import Decision, Outcome
from funnel.models import Opportunity
from tenants.models import Membership, Team, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by what they mean."""

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


class ReviewPerson(TenantModel):
    """A rep who walks through their opportunities in a review."""

    review = TenantForeignKey(Review, models.CASCADE, related_name="people")
    person = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "review", "person"], name="person_once_a_review")]


class ReviewEntry(TenantModel):
    """What was decided about one opportunity in one review."""

    review = TenantForeignKey(Review, models.CASCADE, related_name="entries")
    opportunity = TenantForeignKey(Opportunity, models.PROTECT, related_name="review_entries")
    person = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    decision = models.CharField(_("Decision"), max_length=10)
    comment = models.TextField(_("Comment"), max_length=2_000, blank=True)
    next_action = TenantForeignKey(NextAction, models.PROTECT, null=True, related_name="review_entries")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "review", "opportunity"], name="one_entry_an_opportunity"),
            models.CheckConstraint(condition=Q(decision__in=list(Decision)), name="decision_known"),
        ]


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
