"""What apps to the right write on an opportunity. None of it counts the version up: nobody edits it in a form."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from funnel.models import DecisionRole, Opportunity
from funnel.stages import Health

BATCH = 1_000


@transaction.atomic
def note_contact(opportunity: Opportunity, *, met_at: datetime, at: datetime) -> None:
    """Note that the customer was met about it; the latest meeting stands."""
    note_contacts({opportunity.pk: met_at}, at=at)
    opportunity.last_contact_at = max(met_at, opportunity.last_contact_at or met_at)


@transaction.atomic
def note_contacts(met: Mapping[int, datetime], *, at: datetime) -> None:
    """Note for many opportunities, by id, when the customer was last met about them."""
    rows = Opportunity.objects.select_for_update(of=("self",)).filter(pk__in=met).order_by("pk").only("last_contact_at")
    later = [row for row in rows if row.last_contact_at is None or row.last_contact_at < met[row.pk]]
    for row in later:
        row.last_contact_at = met[row.pk]
    Opportunity.objects.bulk_update(later, ["last_contact_at"], batch_size=BATCH)


@transaction.atomic
def note_met(met: Mapping[int, date | None]) -> None:
    """Set on every strategy sheet the day on which people, by the id of the contact, were last met; None says never."""
    rows = DecisionRole.objects.select_for_update(of=("self",)).filter(contact__in=met).order_by("pk")
    changed = [row for row in rows.only("contact_id", "last_met_on") if row.last_met_on != met[row.contact_id]]
    for row in changed:
        row.last_met_on = met[row.contact_id]
    DecisionRole.objects.bulk_update(changed, ["last_met_on"], batch_size=BATCH)


@transaction.atomic
def note_next_step(opportunity: Opportunity, *, text: str, on: date | None, at: datetime) -> None:
    """Note the next action and its date; '' and None say that there is none."""
    opportunity.next_step, opportunity.next_step_on = text.strip()[:200], on
    note_next_steps({opportunity.pk: (text, on)}, at=at)


@transaction.atomic
def note_next_steps(steps: Mapping[int, tuple[str, date | None]], *, at: datetime) -> None:
    """Note for many opportunities, by id, the next action and its date; ("", None) says that there is none."""
    rows = list(Opportunity.objects.select_for_update(of=("self",)).filter(pk__in=steps).order_by("pk"))
    for row in rows:
        text, row.next_step_on = steps[row.pk]
        row.next_step = text.strip()[:200]
    Opportunity.objects.bulk_update(rows, ["next_step", "next_step_on"], batch_size=BATCH)


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
