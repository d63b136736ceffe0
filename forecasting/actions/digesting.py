"""The daily mail: what came under the bell about health since the last one, to each person once a day at most."""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Max

from forecasting.models import Digest
from jobs.actions import enqueue
from jobs.models import Job, Notification
from jobs.states import State as JobState
from tenants.models import Membership, Organization

DIGEST_JOB = "digest"
FROM = time(7)
"""Not before this time of the organization's day."""
NEWS = ("opportunities_flagged", "alerts_climbed")
FIRST = timedelta(days=1)
"""So far the first digest of a person looks back."""


def start_digest(organization: Organization, *, at: datetime) -> Job | None:
    """Start the digests of a day once its morning has come, unless they were started already."""
    here = at.astimezone(organization.zone)
    key = f"digest:{here.date()}"
    if here.time() < FROM or Job.objects.filter(unique_key=key).exclude(state=JobState.FAILED).exists():
        return None
    return enqueue(DIGEST_JOB, payload={"on": here.date().isoformat()}, by=None, at=at, unique_key=key)


@transaction.atomic
def take_digest(member: Membership, *, on: date, at: datetime) -> list[Notification]:
    """Return what a member has not been written to about, and write down that they are now; nothing if nothing is new,
    or if they were written to on that day.

    What is returned is to be mailed after the commit: should that be cut short the mail is lost and the bell still
    tells; it is never sent twice.
    """
    if Digest.objects.filter(to=member, on=on).exists():
        return []
    last = Digest.objects.filter(to=member).aggregate(until=Max("until"))["until"]
    since = last or at - FIRST
    news = list(
        Notification.objects.visible_to(member).filter(code__in=NEWS, at__gt=since, at__lte=at).order_by("-at", "-pk")
    )
    if news:
        Digest.objects.create(to=member, on=on, since=since, until=at, lines=len(news))
    return news
