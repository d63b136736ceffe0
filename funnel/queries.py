"""What pages and other apps ask about the funnel."""

from typing import cast

from funnel.models import StageSetting
from funnel.stages import StageRow


def stage_table() -> list[StageRow]:
    """Return the seven stages in order, as the organization has them; one query."""
    return cast("list[StageRow]", StageSetting.objects.all().table())
