"""What others did since a board was looked at."""

from datetime import datetime, timedelta
from typing import Any

from funnel.queries.opportunities import visible
from funnel.stages import Stage
from tenants.models import AuditEvent, Membership

LATEST = 200
LATE = timedelta(seconds=5)
"""How much later than its moment a change may have been written."""


def touched_since(membership: Membership, since: datetime) -> set[Stage]:
    """Return in which stages others changed something that `membership` may see; two queries at most.

    Where more happened than is read, all stages.
    """
    newest = AuditEvent.objects.order_by("-id").values_list("at", "by_id", "target_type", "target_id", "data")
    latest = list(newest[:LATEST])
    if len(latest) == LATEST and latest[-1][0] > since - LATE:
        return set(Stage)
    news: dict[int, list[Any]] = {}
    for at, by, kind, target, data in latest:
        if at > since - LATE and by != membership.pk and kind == "funnel.opportunity":
            news.setdefault(target, []).append(data)
    if not news:
        return set()
    touched: set[Any] = set()
    for pk, stage in visible(membership).filter(pk__in=news).values_list("pk", "stage"):
        touched.add(stage)
        for data in news[pk]:
            moved = data.get("stage")
            touched |= {data.get("from"), data.get("to"), *(moved if isinstance(moved, list) else ())}
    return {Stage(stage) for stage in touched if stage in set(Stage)}
