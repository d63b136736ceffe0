"""The funnel of a past day and the matrix, against the rules that read the log."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting import queries
from forecasting.queries.changed import LATEST
from forecasting.waterfall import State
from funnel.models import Spell
from funnel.slices import Slice
from funnel.stages import Status
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import told
from tests.forecasting.test_changed import HOUR, moves
from tests.funnel.factories import undone_afterwards
from tests.funnel.test_spells import T0, lived

pytestmark = pytest.mark.django_db


def place(state: State | None, owners: frozenset[int] | None, by: str) -> str | None:
    if state is None or state.status != Status.OPEN or (owners is not None and state.owner not in owners):
        return None
    return str(int(state.stage)) if by == "stage" else str(state.category)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(moves, min_size=1, max_size=4),
    st.sampled_from([-1, 0, 11, 12, 15]),
    st.sampled_from([0, 2, 4, 12, 99]),
    st.booleans(),
    st.sampled_from(["stage", "category"]),
)
def test_matrix_and_funnel_are_what_the_rules_say(
    acme: Cast, histories: Sequence[Any], starts: int, lasts: int, narrow: bool, by: str
) -> None:
    people = [acme.rep, acme.rep2, acme.manager]
    owners = frozenset({acme.rep.pk, acme.rep2.pk}) if narrow else None
    since = T0 + starts * HOUR
    until = since + lasts * HOUR if lasts < 99 else LATEST
    cells: dict[tuple[str, str], set[int]] = defaultdict(set)
    stood: dict[int, int] = defaultdict(int)
    with working_for(acme.org), undone_afterwards():
        for steps in histories:
            opportunity, log = lived(people, steps)
            first, last = told(log, since, acme), told(log, until, acme)
            came, went = place(first, owners, by), place(last, owners, by)
            if last is not None and place(last, owners, "stage"):
                stood[last.stage] += last.amount or 0
            was_closed = last is not None and last.status != Status.OPEN
            if came is not None and went is None:
                assert last is not None
                cells[came, str(last.status) if was_closed else "gone"].add(opportunity.pk)
            elif went is not None:
                cells[came or "new", went].add(opportunity.pk)
            elif last is not None and was_closed and (owners is None or last.owner in owners):
                closed = Spell.objects.filter(opportunity=opportunity, from_at__lte=until, until_at__gt=until).get()
                if closed.closed_at is not None and since < closed.closed_at <= until:
                    cells["new", str(last.status)].add(opportunity.pk)
        slice_ = Slice(owners)
        found = queries.flows(slice_, by=by, since=since, until=until)
        assert {cell: each.count for cell, each in found.items()} == {cell: len(ids) for cell, ids in cells.items()}
        for (came, went), ids in cells.items():
            rows = queries.flowed(slice_, by=by, came=came, went=went, since=since, until=until)
            assert {each.pk for each in rows.visible_to(acme.executive)} == ids
            assert rows.worth()[0].new == found[came, went].amount
        stands = queries.stood(slice_, at=until)
        assert {stage: each.amount for stage, each in stands.items()} == stood
        for stage, each in stands.items():
            rows = queries.stood_rows(slice_, stage=stage, at=until)
            assert rows.visible_to(acme.executive).count() == each.count
            assert rows.worth()[0].new == each.amount
