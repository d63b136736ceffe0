"""Questions about what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from tenants.models import AuditEvent, Membership, Organization
from tenants.topics import Topic

AUDIT_ROWS = 50


@dataclass(frozen=True)
class AuditPage:
    """Some events, newest first, and where the next older ones begin (None at the end)."""

    events: Sequence[AuditEvent]
    older: int | None


def names_of_people() -> dict[int, str]:
    """Return the names of all members, by membership id."""
    return dict(Membership.objects.in_current_organization().values_list("pk", "user__name"))


def audit_page(filters: Mapping[str, Any], *, organization: Organization, before: int | None = None) -> AuditPage:
    """Return the next events older than `before`; nothing is counted.

    :param filters: by (membership id), verb, kind, text (part of a thing's name), since, until (dates).
    """
    found = AuditEvent.objects.select_related("by__user")
    exact = {"by": "by_id", "verb": "verb", "kind": "target_type"}
    found = found.filter(**{column: filters[name] for name, column in exact.items() if filters.get(name)})
    if filters.get("text"):
        found = found.filter(target_name__icontains=filters["text"])
    if filters.get("since"):
        found = found.filter(at__gte=datetime.combine(filters["since"], time.min, organization.zone))
    if filters.get("until"):
        after = filters["until"] + timedelta(days=1)
        found = found.filter(at__lt=datetime.combine(after, time.min, organization.zone))
    if before:
        found = found.filter(pk__lt=before)
    events = list(found.order_by("-id")[: AUDIT_ROWS + 1])
    more = len(events) > AUDIT_ROWS
    return AuditPage(events=events[:AUDIT_ROWS], older=events[AUDIT_ROWS - 1].pk if more else None)


HISTORY_ROWS = 8


def history(topic: Topic, reader: Membership, *, thing: int | None = None) -> list[AuditEvent]:
    """Return the last changes of what a page of the settings is about, newest first.

    :param thing: the id of one thing among those of the topic.
    """
    verbs = reduce(or_, (Q(verb__startswith=verb) for verb in topic.verbs))
    found = AuditEvent.objects.filter(verbs, target_type__in=topic.kinds).select_related("by__user")
    if thing is not None:
        found = found.filter(target_id=thing)
    if topic.owner_key and reader.visible_owner_ids is not None:
        found = found.filter(**{f"data__{topic.owner_key}__in": sorted(reader.visible_owner_ids)})
    return list(found.order_by("-id")[:HISTORY_ROWS])
