"""Beside the meeting: a person's funnel, and what changed since the last review."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max

from coaching.models import Review, ReviewPerson
from coaching.queries.meeting import quarter
from forecasting import waterfall
from forecasting.periods import Period
from forecasting.queries import Scope, seen_by, summary
from forecasting.queries import waterfall as waterfall_of
from tenants.models import Membership

FIRST_LOOK = timedelta(days=14)
"""How far changes look back where there was no review before."""


@dataclass(frozen=True)
class Beside:
    """A person's funnel of the quarter, and what changed since the last review."""

    period: Period
    reached: list[dict[str, Any]]
    changes: waterfall.Waterfall
    since: datetime


def beside(review: Review, person: Membership, member: Membership, *, today: date) -> Beside:
    """Return a person's funnel, and what changed in the quarter since the review before this one."""
    period = quarter(member.organization, today)
    found = summary(member, period, Scope("", "", frozenset({person.pk}), [person], []))
    since = _last_review(review, person) or review.started_at - FIRST_LOOK
    changes = waterfall_of(period, seen_by(member, [person.pk]), since=since)
    reached = [
        {
            "position": int(row.row.stage),
            "label": row.row.label,
            "amount": row.reached_amount,
            "count": row.reached_count,
        }
        for row in found.stages
    ]
    return Beside(period, reached, changes, since)


def _last_review(review: Review, person: Membership) -> datetime | None:
    rows = ReviewPerson.objects.filter(person=person, review__started_at__lt=review.started_at)
    at: datetime | None = rows.aggregate(at=Max("review__started_at"))["at"]
    return at
