"""How far an opportunity is proven, kept by every act that can change it."""

import pytest

from funnel import actions
from funnel.actions._proof import recount_proven
from funnel.evidence import STANDARD, State, proven_stage
from funnel.history import ImportedOpportunity
from funnel.models import Evidence, EvidenceItem, Opportunity
from funnel.stages import Reason, Stage
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity
from tests.funnel.filing import file, prove, proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_an_opportunity_is_proven_stage_by_stage(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    assert proven(opportunity) == 1
    prove(opportunity, 2, by=acme.manager)
    assert proven(opportunity) == 1, "the first gap counts, whatever lies behind it"
    prove(opportunity, 1, by=acme.manager, verdict=State.CONFIRMED)
    assert proven(opportunity) == 3
    prove(opportunity, 3, by=acme.manager)
    assert proven(opportunity) == 3, "never above what is claimed"
    file(opportunity, "budget", by=acme.rep)
    assert proven(opportunity) == 3, "the same value again leaves the verdict"
    actions.file_evidence(opportunity, "budget", note="more", amount=2 * MILLION, seen=2, by=acme.rep, at=AT)
    assert proven(opportunity) == 2, "what was filed anew waits for a verdict anew"
    filed = Evidence.objects.get(item__code="budget")
    actions.judge_evidence(opportunity, "budget", verdict=State.VERIFIED, seen=filed.version, by=acme.manager, at=AT)
    actions.judge_evidence(
        opportunity, "opportunity_plan", verdict=State.SENT_BACK, word="gone", seen=2, by=acme.manager, at=AT
    )
    assert proven(opportunity) == 1


def test_every_act_that_can_change_it_keeps_it(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    prove(opportunity, 1, 2, 3, by=acme.manager)
    moved = actions.move(opportunity, left=Stage.DEVELOP, to=Stage.SOLUTION_FIT, by=acme.rep, at=AT + DAY)
    assert moved.proven_stage == proven(opportunity) == 4
    back = actions.move(moved, left=Stage.SOLUTION_FIT, to=Stage.QUALIFY, by=acme.rep, at=AT + 2 * DAY, why="cut")
    assert back.proven_stage == proven(opportunity) == 2
    change = back.changes.latest("id")
    assert actions.undo(change.pk, by=acme.rep, at=AT + 2 * DAY).proven_stage == proven(opportunity) == 4
    won = actions.win(Opportunity.objects.get(), seen=4, by=acme.rep, at=AT + 3 * DAY)
    assert (won.stage, proven(opportunity)) == (7, 4)
    again = actions.reopen(won, seen=5, why="not paid", by=acme.rep, at=AT + 4 * DAY)
    assert again.proven_stage == proven(opportunity) == 4
    lost = actions.lose(again, seen=6, reason=Reason.PRICE, by=acme.rep, at=AT + 5 * DAY)
    actions.withdraw_evidence(lost, "key_needs", seen=2, by=acme.rep, at=AT + 5 * DAY)
    assert proven(opportunity) == 2
    actions.reopen(lost, seen=7, why="they called", by=acme.rep, at=AT + 6 * DAY)
    assert proven(opportunity) == 2


def test_a_checklist_that_changes_recounts_all_that_are_open(acme: Cast) -> None:
    one, two = make_opportunity(acme.rep, stage=Stage.CLOSE), make_opportunity(acme.rep, "Two", stage=Stage.QUALIFY)
    lost = make_opportunity(acme.rep, "Three", stage=Stage.CLOSE)
    actions.lose(lost, seen=1, reason=Reason.PRICE, by=acme.rep, at=AT)
    actions.switch_item("opportunity_plan", is_active=False, by=acme.admin, at=AT)
    assert (proven(one), proven(two), proven(lost)) == (2, 2, 1)
    for key in STANDARD[2]:
        actions.switch_item(key, is_active=False, by=acme.admin, at=AT)
    assert (proven(one), proven(two)) == (3, 2)
    actions.add_item(Stage.QUALIFY, label="Site seen", by=acme.admin, at=AT)
    assert (proven(one), proven(two)) == (2, 2)
    actions.switch_item("opportunity_plan", is_active=True, by=acme.admin, at=AT)
    assert (proven(one), proven(two)) == (1, 1)
    for item in EvidenceItem.objects.all():
        actions.switch_item(item.key, is_active=False, by=acme.admin, at=AT)
    assert (proven(one), proven(two)) == (6, 2), "who demands nothing has everything proven"
    assert make_opportunity(acme.rep, "Four", stage=Stage.PROOF).proven_stage == 5


def test_the_statement_for_many_says_what_the_rule_says(acme: Cast) -> None:
    made = [make_opportunity(acme.rep, f"No. {stage}", stage=Stage(stage)) for stage in (1, 2, 3, 4, 5, 6)]
    for number, opportunity in enumerate(made):
        prove(opportunity, *range(1, 1 + number // 2 + number % 2), by=acme.manager)
    expected = {each.pk: proven(each) for each in made}
    assert len(set(expected.values())) > 2
    Opportunity.objects.update(proven_stage=1)
    recount_proven(by=None, at=AT)
    assert {each.pk: proven(each) for each in made} == expected
    items = EvidenceItem.objects.all().checklist()
    for each in made:
        held = {row.item.key: State(row.state) for row in Evidence.objects.filter(opportunity=each)}
        assert proven(each) == proven_stage(items, held, claimed=each.stage)


def test_imported_evidence_waits_for_its_verdict(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.DEVELOP)
    keys = [key for stage in (1, 2) for key in STANDARD[stage]]
    actions.import_evidence([(opportunity.pk, key, "from the old system", acme.rep.pk) for key in keys], at=AT)
    assert set(Evidence.objects.values_list("state", flat=True)) == {"filed"}
    assert proven(opportunity) == 1


def test_an_import_that_moves_keeps_what_is_proven(acme: Cast) -> None:
    account = make_opportunity(acme.rep).account

    def row(stage: Stage, days: int) -> ImportedOpportunity:
        stages = ((Stage.DISCOVER, AT), (stage, AT + days * DAY))
        return ImportedOpportunity("x-1", account.pk, acme.rep.pk, "Imported", AT, stages=stages)

    actions.import_opportunities([row(Stage.CLOSE, 1)], by=acme.manager, at=AT + 9 * DAY)
    opportunity = Opportunity.objects.get(external_id="x-1")
    assert proven(opportunity) == 1
    prove(opportunity, 1, 2, 3, by=acme.manager)
    assert proven(opportunity) == 4
    actions.import_opportunities([row(Stage.QUALIFY, 5)], by=acme.manager, at=AT + 9 * DAY)
    assert (Opportunity.objects.get(pk=opportunity.pk).stage, proven(opportunity)) == (2, 2)
