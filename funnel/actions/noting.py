"""What apps to the right write on an opportunity. None of it counts the version up: nobody edits it in a form."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction

from funnel.models import Opportunity
from funnel.stages import Health

BATCH = 1_000


@transaction.atomic
def note_contact(opportunity: Opportunity, *, met_at: datetime, at: datetime) -> None:
    """Note that the customer was met about it; the latest meeting stands."""
    locked = Opportunity.objects.select_for_update().get(pk=opportunity.pk)
    if locked.last_contact_at is None or locked.last_contact_at < met_at:
        Opportunity.objects.filter(pk=locked.pk).update(last_contact_at=met_at)
        opportunity.last_contact_at = met_at


@transaction.atomic
def note_next_step(opportunity: Opportunity, *, text: str, on: date | None, at: datetime) -> None:
    """Note the next action and its date; '' and None say that there is none."""
    opportunity.next_step, opportunity.next_step_on = text.strip()[:200], on
    Opportunity.objects.filter(pk=opportunity.pk).update(
        next_step=opportunity.next_step, next_step_on=opportunity.next_step_on
    )


@transaction.atomic
def note_health(rows: Iterable[tuple[int, Health, Sequence[str]]], *, at: datetime) -> int:
    """Note the health of many: (opportunity id, health, codes of its flags). Return how many changed."""
    wanted = {pk: (str(health), tuple(flags)) for pk, health, flags in rows}
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    now = Opportunity.objects.filter(pk__in=wanted).values_list("pk", "health", "flags")
    for pk, health, flags in now:
        if wanted[pk] != (health, tuple(flags)):
            alike[wanted[pk]].append(pk)
    for (health, flags), ids in alike.items():
        Opportunity.objects.filter(pk__in=ids).update(health=health, flags=list(flags))
    return sum(len(ids) for ids in alike.values())
