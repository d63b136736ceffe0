"""What pages and other apps ask about the funnel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from funnel.models import Opportunity, StageSetting
from funnel.stages import StageRow


def stage_table() -> list[StageRow]:
    """Return the seven stages in order, as the organization has them; one query."""
    return cast("list[StageRow]", StageSetting.objects.all().table())


@dataclass(frozen=True)
class Known:
    """An opportunity as an import finds it again."""

    version: int
    owner_id: int


def known_opportunities(external_ids: Iterable[str]) -> dict[str, Known]:
    """Return the opportunities that have one of these external ids, whoever's they are."""
    rows = Opportunity.objects.filter(external_id__in=list(external_ids))
    return {
        external_id: Known(version, owner_id)
        for external_id, version, owner_id in rows.values_list("external_id", "version", "owner_id")
    }
