"""How the demo company looks at its board: limits of the columns, and saved views."""

from collections.abc import Mapping
from datetime import datetime

from django.http import QueryDict

from funnel import actions as funnel_actions
from funnel import queries as funnel_queries
from funnel.limits import ColumnLimit
from funnel.saved_views import Place, Shared
from funnel.stages import Stage
from salesops import demo_company
from tenants.models import Membership


def furnish_boards(people: Mapping[str, Membership], *, by: Membership, at: datetime) -> None:
    """Set the limits, as the admin does, and save some views, as their makers do."""
    limits = {Stage(stage): ColumnLimit(count, amount) for stage, count, amount in demo_company.BOARD_LIMITS}
    funnel_actions.change_limits(limits, seen=funnel_queries.edition(), by=by, at=at)
    for key, name, place, query, shared in demo_company.SAVED_VIEWS:
        kept = QueryDict(query)
        funnel_actions.save_view(name, place=Place(place), query=kept, shared=Shared(shared), by=people[key], at=at)
