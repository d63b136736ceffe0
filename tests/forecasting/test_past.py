"""The funnel of a past day and the matrix, against the rules that read the log."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting import actions as forecasting
from forecasting import queries
from forecasting.models import ForecastSnapshot
from forecasting.queries.changed import LATEST
from forecasting.waterfall import State as Then
from forecasting.weighting import weighted
from funnel import actions
from funnel.evidence import STANDARD, State
from funnel.history import Event, as_it_stood, effective
from funnel.models import Evidence, Opportunity, Spell
from funnel.queries.behind import Worth
from funnel.slices import Slice
from funnel.stages import Stage, Status
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, QUARTER, TODAY, make_opportunity, move, told, win
from tests.forecasting.test_changed import HOUR, moves
from tests.funnel.factories import DAY, undone_afterwards
from tests.funnel.test_spells import T0, lived

pytestmark = pytest.mark.django_db


def place(state: Then | None, owners: frozenset[int] | None, by: str) -> str | None:
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
    st.booleans(),
)
def test_matrix_and_funnel_are_what_the_rules_say(
    acme: Cast, histories: Sequence[Any], starts: int, lasts: int, narrow: bool, by: str, known: bool
) -> None:
    people = [acme.rep, acme.rep2, acme.manager]
    owners = frozenset({acme.rep.pk, acme.rep2.pk}) if narrow else None
    since = T0 + starts * HOUR
    until = since + lasts * HOUR if lasts < 99 else LATEST
    cells: dict[tuple[str, str], set[int]] = defaultdict(set)
    stood: dict[int, list[tuple[int, int, int | None]]] = defaultdict(list)
    with working_for(acme.org), undone_afterwards():
        for steps in histories:
            opportunity, log = lived(people, steps, proven={"stage": 1, "percent": 0} if known else None)
            first, last = told(log, since, acme), told(log, until, acme)
            came, went = place(first, owners, by), place(last, owners, by)
            if last is not None and place(last, owners, "stage"):
                stood[last.stage].append(parts(log, until))
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
        assert {stage: each.amount for stage, each in stands.items()} == {
            stage: sum(amount for amount, _weighted, _proven in found) for stage, found in stood.items()
        }
        for stage, each in stands.items():
            rows = queries.stood_rows(slice_, stage=stage, at=until)
            mine = rows.visible_to(acme.executive)
            assert mine.count() == each.count
            worth = rows.worth()[0]
            assert worth == rows.worth(mine)[1] == Worth(each.count, 0, each.amount, each.weighted, each.proven)
            if until < LATEST:  # what is open now counts by the table and the evidence of now
                assert each.weighted == sum(weighted for _amount, weighted, _proven in stood[stage])
                recorded = [proven for _amount, _weighted, proven in stood[stage] if proven is not None]
                assert each.proven == (sum(recorded) if len(recorded) == each.count else None)
                assert sorted(
                    (one.new, one.weighted, one.proven or 0) for one in rows.worths([o.pk for o in mine]).values()
                ) == (sorted((amount, weighted, proven or 0) for amount, weighted, proven in stood[stage]))


def parts(log: Sequence[Event], when: datetime) -> tuple[int, int, int | None]:
    """Return what an opportunity counted for, by the rules: its amount, and what of it was claimed and proven."""
    state = as_it_stood(effective(log), when)
    assert state is not None
    amount, percent = state.amount or 0, state.proven_percent
    proven = None if percent is None and amount else weighted(amount, percent or 0)
    return amount, weighted(amount, state.percent), proven


def test_the_funnel_of_an_evening_is_what_its_night_stored(acme: Cast) -> None:
    """The sum of the snapshots that were taken on it, claimed and proven, whatever happened afterwards."""
    with working_for(acme.org):
        made = [
            make_opportunity(acme.rep, 10_007 * n, TODAY, stage=Stage(n % 5 + 2), at=NOW - timedelta(days=30 + n))
            for n in range(6)
        ]
        prove(made[1], 1, acme, NOW - 3 * DAY)
        prove(made[2], 2, acme, NOW - 3 * DAY)
        prove(made[3], 3, acme, NOW - 3 * DAY)
        move(made[3], Stage.QUALIFY, NOW - 3 * DAY)
        forecasting.take_snapshot(acme.org, on=TODAY, at=NOW)
        stored = ForecastSnapshot.objects.filter(on=TODAY, period="quarter", starts_on=QUARTER.starts_on)
        night = stored.aggregate(weighted=Sum("open_weighted"), proven=Sum("open_proven"))
        later = NOW + DAY
        prove(made[4], 2, acme, later)
        filed = Evidence.objects.get(opportunity=made[2], item__code=STANDARD[1][0])
        said = {"verdict": State.SENT_BACK, "word": "who?", "seen": filed.version, "by": acme.manager}
        actions.judge_evidence(made[2], STANDARD[1][0], **said, at=later)
        move(made[3], Stage.PROOF, later)
        win(made[5], later)
        stood = queries.stood(Slice(), at=NOW + timedelta(hours=2)).values()
        assert 0 < night["proven"] < night["weighted"]
        assert sum(each.weighted for each in stood) == night["weighted"]
        assert sum(each.proven or 0 for each in stood) == night["proven"]


def prove(opportunity: Opportunity, upto: int, cast: Cast, at: datetime) -> None:
    """File and verify all that these stages demand."""
    keys = [key for stage in range(1, upto + 1) for key in STANDARD[stage]]
    actions.import_evidence([(opportunity.pk, key, "seen", opportunity.owner_id) for key in keys], at=at)
    for key in keys:
        actions.judge_evidence(opportunity, key, verdict=State.VERIFIED, seen=1, by=cast.manager, at=at)
