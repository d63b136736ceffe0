"""What the change log and the row say of an opportunity, and the table of stages as the settings send it."""

from collections.abc import Iterable

from funnel.models import Change, Opportunity
from funnel.stages import StageRow


def kinds(opportunity: Opportunity) -> list[str]:
    """Return the kinds of its changes, in the order in which they were recorded."""
    return list(Change.objects.filter(opportunity=opportunity).order_by("id").values_list("kind", flat=True))


def seen(opportunity: Opportunity) -> Opportunity:
    """Return the row as it stands."""
    found: Opportunity = Opportunity.objects.get(pk=opportunity.pk)
    return found


def plain(rows: Iterable[StageRow]) -> list[StageRow]:
    """Return these stages by their standard names."""
    return [type(row)(row.stage, "", row.percent, row.gate) for row in rows]
