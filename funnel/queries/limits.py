"""How much should stand in the columns of a board."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from django.db.models import Count, Sum

from funnel.filters import Filters
from funnel.limits import ColumnLimit
from funnel.models import Opportunity
from funnel.stages import Stage, StageRow
from tenants.models import Membership, Team


def column_limits(membership: Membership, filters: Filters, table: Iterable[StageRow]) -> dict[Stage, ColumnLimit]:
    """Return the limits of the columns that `filters` leave: those of one person, times the people shown.

    None where anything but owner and team narrows: a part of a column says nothing about the whole.
    """
    each = {row.stage: row.limit for row in table if row.limit}
    if not each or replace(filters, owner=0, team=0).active:
        return {}
    people = 1 if filters.owner else max(_people(membership, filters.team), 1)
    return {stage: limit.of(people) for stage, limit in each.items()}


def _people(membership: Membership, team: int) -> int:
    """Return how many sell among those whose opportunities a member may see, in one team or in all."""
    people = Membership.objects.in_current_organization().active().selling()
    ids = membership.visible_owner_ids
    if ids is not None:
        people = people.filter(pk__in=ids)
    if team:
        path = Team.objects.filter(pk=team).values_list("path", flat=True).first()
        people = people.filter(team__path__startswith=path or "none")
    return int(people.count())


class Standing(NamedTuple):
    """How many people are over a limit, and the most that one of them has."""

    over: int
    most_count: int
    most_amount: int


def standing(wanted: Mapping[Stage, ColumnLimit]) -> dict[Stage, Standing]:
    """Return for each stage who would be over such limits now; one query."""
    rows = Opportunity.objects.open().order_by().values_list("stage", "owner_id")
    held: dict[Stage, list[tuple[int, int]]] = {}
    for stage, _owner, count, total in rows.annotate(n=Count("*"), sum=Sum("amount")):
        held.setdefault(Stage(stage), []).append((count, total or 0))
    return {
        stage: Standing(
            over=sum(stage in wanted and wanted[stage].is_over(*each) for each in people),
            most_count=max(count for count, _total in people),
            most_amount=max(total for _count, total in people),
        )
        for stage, people in held.items()
    }
