"""What the bell shows."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q

from jobs.models import Notification
from tenants.models import Membership


@dataclass(frozen=True)
class Bell:
    """How many notifications are unread, the newest one's id (0 without any), and the ends of jobs that are news."""

    unread: int
    newest: int
    ended: list[Notification]


def bell(membership: Membership, *, since: int | None) -> Bell:
    """Return what hangs under a member's bell; news is what came after the notification `since` (None: no news)."""
    mine = Notification.objects.visible_to(membership)
    numbers = mine.aggregate(unread=Count("pk", filter=Q(read_at=None)), newest=Max("pk"))
    newest = numbers["newest"] or 0
    news = [] if since is None or newest <= since else mine.unread().filter(pk__gt=since, code__startswith="job_")[:20]
    return Bell(numbers["unread"], newest, list(news))
