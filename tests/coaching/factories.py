"""Reviews and one-on-one sessions for tests, made through the actions."""

from datetime import datetime
from typing import Any

from coaching import actions
from coaching.decisions import Decision
from coaching.models import CoachingSession, Review, ReviewEntry
from funnel.models import Opportunity
from tenants.models import Membership


def make_review(leader: Membership, at: datetime, **facts: Any) -> Review:
    """Start a review of everybody under the leader."""
    return actions.start_review(by=leader, at=at, **facts)


def make_entry(review: Review, opportunity: Opportunity, at: datetime, **facts: Any) -> ReviewEntry:
    """Decide to advance an opportunity."""
    facts = {"seen": 0, "decision": Decision.ADVANCE, "by": review.leader, **facts}
    return actions.decide(review, opportunity, at=at, **facts)


def make_session(opportunity: Opportunity, coach: Membership, at: datetime, **facts: Any) -> CoachingSession:
    """Hold a one-on-one."""
    return actions.hold_session(opportunity, by=coach, at=at, **{"agreed": "Meet the economic buyer", **facts})
