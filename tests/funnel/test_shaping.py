"""Percentages, gates and evidence items of the stages, as an organization edits them."""

import pytest

from funnel import actions
from funnel.models import Change, EvidenceItem
from funnel.queries import stage_table
from funnel.stages import MissingEvidence, Stage
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_percentages_never_rewrite_the_past(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.QUALIFY)
    rows = [
        type(row)(row.stage, "Judge" if row.stage == 2 else "", 15 if row.stage == 2 else row.percent, row.gate)
        for row in stage_table()
    ]
    actions.change_stages(rows, seen=0, by=acme.admin, at=AT)
    assert [(row.label, row.percent) for row in stage_table()][1] == ("Judge", 15)
    assert Change.objects.get(opportunity=opportunity).percent == 10
    with pytest.raises(Stale):
        actions.change_stages(rows, seen=0, by=acme.admin, at=AT)
    assert AuditEvent.objects.filter(verb="stages.changed").count() == 1


def test_evidence_items_are_added_renamed_moved_and_switched(acme: Cast) -> None:
    def keys(stage: int) -> list[str]:
        return [item.key for item in EvidenceItem.objects.all().checklist() if item.stage == stage]

    assert keys(4) == ["requirements_confirmed", "vision_shared"]
    assert not EvidenceItem.objects.exists()
    own = actions.add_item(Stage.SOLUTION_FIT, label="Architecture agreed", by=acme.admin, at=AT)
    actions.move_item(own.key, up=True, by=acme.admin, at=AT)
    assert keys(4) == ["requirements_confirmed", own.key, "vision_shared"]
    actions.move_item("requirements_confirmed", up=True, by=acme.admin, at=AT)
    actions.change_item("vision_shared", label="Vision signed", seen=1, by=acme.admin, at=AT)
    actions.switch_item("requirements_confirmed", is_active=False, by=acme.admin, at=AT)
    assert keys(4) == [own.key, "vision_shared"]
    assert (
        str(actions.change_item("vision_shared", label="", seen=2, by=acme.admin, at=AT))
        == "Vision shared with the decision maker"
    )
    with pytest.raises(Refused, match="label_empty"):
        actions.change_item(own.key, label=" ", seen=1, by=acme.admin, at=AT)
    opportunity = make_opportunity(acme.rep, stage=Stage.SOLUTION_FIT)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.SOLUTION_FIT, to=Stage.PROOF, by=acme.rep, at=AT)
    assert [item.label for item in lacking.value.items] == [
        "Architecture agreed",
        "Vision shared with the decision maker",
    ]
