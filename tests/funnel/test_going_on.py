"""Going on without evidence: why, until when, and what then."""

from datetime import datetime
from typing import Any

import pytest

from funnel import actions
from funnel.approvals import ApprovalKind, Demand
from funnel.evidence import STANDARD
from funnel.models import Opportunity, StageOverride, StageSetting
from funnel.stages import Gate, MissingEvidence, Stage, StageRow
from tenants.errors import Refused
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_opportunity
from tests.funnel.filing import file

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def go(opportunity: Opportunity, to: Stage, at: datetime, **how: Any) -> Opportunity:
    opportunity.refresh_from_db()
    return actions.move(opportunity, left=Stage(opportunity.stage), to=to, by=opportunity.owner, at=at, **how)


def test_going_on_without_evidence_is_written_down_and_asked_again_when_it_is_over(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    for wrong in ({"why": " ", "until": AT.date()}, {"why": "x", "until": (AT - 2 * DAY).date()}):
        with pytest.raises(Refused):
            go(opportunity, Stage.QUALIFY, AT, **wrong)
    until = (AT + 3 * DAY).date()
    moved = go(opportunity, Stage.DEVELOP, AT, why="their plan comes on Friday", until=until)
    rows = StageOverride.objects.filter(opportunity=opportunity).order_by("stage")
    assert [(row.stage, row.why, row.until, row.by) for row in rows] == [
        (stage, "their plan comes on Friday", until, acme.rep) for stage in (1, 2)
    ]
    assert moved.proven_stage == 1, "an override proves nothing"
    back = go(moved, Stage.QUALIFY, AT + DAY, why="too early")
    assert go(back, Stage.DEVELOP, AT + DAY).stage == 3, "until then nothing is asked twice"
    for key in STANDARD[3]:
        file(opportunity, key)
    with pytest.raises(MissingEvidence) as lacking:
        go(opportunity, Stage.SOLUTION_FIT, AT + 4 * DAY)
    assert {item.stage for item in lacking.value.items} == {1, 2}, "the day is over: asked again"
    for key in (*STANDARD[1], *STANDARD[2]):
        file(opportunity, key)
    assert go(opportunity, Stage.SOLUTION_FIT, AT + 4 * DAY).stage == 4


def test_an_undone_move_takes_its_override_with_it(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    go(opportunity, Stage.QUALIFY, AT + DAY, why="x", until=(AT + 3 * DAY).date())
    change = opportunity.changes.latest("id")
    actions.undo(change.pk, by=acme.rep, at=AT + DAY)
    assert not StageOverride.objects.exists()


def test_a_stage_that_blocks_is_left_once_that_was_granted_until_its_day(acme: Cast) -> None:
    rows = [StageRow(row.stage, "", row.percent, Gate.BLOCK) for row in StageSetting.table()]
    actions.change_stages(rows, seen=0, by=acme.admin, at=AT)
    opportunity = make_opportunity(acme.rep)
    demand = Demand(ApprovalKind.OVERRIDE, stage=Stage.DISCOVER, until=(AT + 5 * DAY).date())
    asked = actions.ask_approval(opportunity, demand, why="the plan is at their printer", by=acme.rep, at=AT)
    with pytest.raises(MissingEvidence) as lacking:
        go(opportunity, Stage.QUALIFY, AT, why="I want to", until=(AT + DAY).date())
    assert lacking.value.blocking == (Stage.DISCOVER,)
    actions.grant(asked, seen=asked.version, by=acme.manager, at=AT)
    with pytest.raises(MissingEvidence) as lacking:
        go(opportunity, Stage.DEVELOP, AT)
    assert lacking.value.blocking == (Stage.QUALIFY,), "granted for one stage only"
    moved = go(opportunity, Stage.QUALIFY, AT + DAY)
    row = StageOverride.objects.get()
    assert (row.by, row.why, row.until) == (acme.manager, "the plan is at their printer", (AT + 5 * DAY).date())
    assert moved.proven_stage == 1
    for key in STANDARD[2]:
        file(opportunity, key)
    with pytest.raises(MissingEvidence):
        go(opportunity, Stage.DEVELOP, AT + 6 * DAY)


def test_a_win_that_asks_goes_on_with_a_word(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    with pytest.raises(MissingEvidence):
        actions.win(opportunity, seen=1, asks=True, by=acme.rep, at=AT)
    until = (AT + DAY).date()
    won = actions.win(opportunity, seen=1, asks=True, why="it is in the post", until=until, by=acme.rep, at=AT)
    assert (won.status, StageOverride.objects.get().why) == ("won", "it is in the post")
