"""Health as a test wishes it, whatever the rules say."""

from collections.abc import Iterable, Sequence

from funnel.models import Opportunity
from funnel.stages import Health


def mark_health(rows: Iterable[tuple[int, Health, Sequence[str]]]) -> None:
    """Give opportunities, by id, a health and flags."""
    for pk, health, flags in rows:
        Opportunity.objects.filter(pk=pk).update(health=health, flags=list(flags))
