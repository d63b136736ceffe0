"""Evidence through the actions: its value, its verdicts, and how far an opportunity is proven."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import actions as accounts_actions
from accounts.models import Contact
from funnel import actions, queries
from funnel.actions._proof import recount_proven
from funnel.approvals import ApprovalKind, Demand
from funnel.evidence import STANDARD, Kind, NoneFiled, State, proven_stage
from funnel.history import ImportedEvidence, ImportedOpportunity
from funnel.models import Evidence, EvidenceItem, Opportunity, StageOverride, StageSetting
from funnel.papers import Paper
from funnel.stages import Gate, MissingEvidence, Reason, Stage, StageRow
from jobs.models import Notification, StoredFile
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scope(acme: Cast, request: pytest.FixtureRequest) -> Iterator[None]:
    with working_for(acme.org):
        yield


def make_contact(opportunity: Opportunity, name: str = "Chief Financial Officer") -> Contact:
    contact: Contact = accounts_actions.create_contact(opportunity.account, name=name, by=opportunity.owner, at=AT)
    return contact


def values(opportunity: Opportunity, key: str) -> dict[str, Any]:
    """Return what the kind of a standard item asks for."""
    item = EvidenceItem.objects.filter(code=key).first()
    kind = Kind(item.kind) if item else Kind.FACT
    found: dict[str, Any] = {"note": f"proof of {key}"}
    if kind == Kind.PERSON:
        found["contact"] = Contact.objects.filter(account=opportunity.account).first() or make_contact(opportunity)
    if kind == Kind.AMOUNT:
        found["amount"] = MILLION
    if kind == Kind.RIVALS:
        found["no_rival"] = True
    if kind == Kind.DATE or key == "verbal_approval":
        found["on"] = date(2026, 3, 1)
    return found


def file(opportunity: Opportunity, key: str, by: Membership | None = None) -> Evidence:
    actions.move_item("opportunity_plan", up=True, by=opportunity.owner, at=AT)  # makes the rows
    stood = Evidence.objects.filter(opportunity=opportunity, item__code=key).first()
    seen = stood.version if stood else 0
    return actions.file_evidence(
        opportunity, key, **values(opportunity, key), seen=seen, by=by or opportunity.owner, at=AT
    )


def prove(opportunity: Opportunity, *stages: int, by: Membership, verdict: State = State.VERIFIED) -> None:
    """File and verify everything that these stages demand."""
    for stage in stages:
        for key in STANDARD[stage]:
            filed = file(opportunity, key)
            actions.judge_evidence(opportunity, key, verdict=verdict, seen=filed.version, by=by, at=AT)


def proven(opportunity: Opportunity) -> int:
    return int(Opportunity.objects.get(pk=opportunity.pk).proven_stage)


# Verdicts -----------------------------------------------------------------------------------------


def judge(opportunity: Opportunity, by: Membership, verdict: State = State.VERIFIED, **how: Any) -> Evidence:
    how = {"seen": 1, "at": AT, **how}
    return actions.judge_evidence(opportunity, "opportunity_plan", verdict=verdict, by=by, **how)


def test_a_manager_verifies_what_a_rep_filed(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    found = judge(opportunity, acme.manager)
    assert (found.state, found.judged_by, found.judged_at, found.version) == ("verified", acme.manager, AT, 2)
    event = AuditEvent.objects.get(verb="evidence.judged")
    assert event.data["state"] == ["filed", "verified"]
    assert judge(opportunity, acme.manager) == found, "the same verdict again changes nothing"
    assert AuditEvent.objects.filter(verb="evidence.judged").count() == 1


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("rep", "not_their_manager"),
        ("rep2", "not_their_manager"),
        ("partner", "not_their_manager"),
        ("admin", "not_th"),
    ],
)
def test_nobody_else_judges(acme: Cast, who: str, code: str) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.add_member(opportunity, member=acme.rep2, part="demo", by=acme.rep, at=AT)
    with pytest.raises(Refused, match=code):
        judge(opportunity, getattr(acme, who))
    assert not queries.may_judge(opportunity, getattr(acme, who))


def test_a_manager_who_only_helps_on_the_sales_team_does_not_judge(acme: Cast) -> None:
    opportunity = make_opportunity(acme.executive)
    file(opportunity, "opportunity_plan")
    actions.add_member(opportunity, member=acme.manager, part="demo", by=acme.executive, at=AT)
    with pytest.raises(Refused, match="not_their_manager"):
        judge(opportunity, acme.manager)
    assert judge(opportunity, acme.executive).state == State.VERIFIED, "nobody is above the executive"


def test_nobody_with_someone_above_judges_their_own(acme: Cast) -> None:
    opportunity = make_opportunity(acme.manager)
    file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="own_opportunity"):
        judge(opportunity, acme.manager)
    assert not queries.may_judge(opportunity, acme.manager)
    assert queries.may_judge(opportunity, acme.executive)
    assert judge(opportunity, acme.executive).state == State.VERIFIED


def test_nobody_with_someone_above_judges_what_they_filed_themselves(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    evidence = file(opportunity, "opportunity_plan", by=acme.manager)
    assert not queries.may_judge(opportunity, acme.manager, filed_by=evidence.by_id)
    assert queries.may_judge(opportunity, acme.manager, filed_by=acme.rep.pk)
    assert list(queries.to_verify(acme.manager)) == []
    with pytest.raises(Refused, match="own_opportunity"):
        judge(opportunity, acme.manager)
    assert list(queries.to_verify(acme.executive)) == [evidence]
    assert judge(opportunity, acme.executive).state == State.VERIFIED


def test_sent_back_tells_the_rep_why_and_filing_anew_clears_it(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="word_needed"):
        judge(opportunity, acme.manager, State.SENT_BACK, word=" ")
    with pytest.raises(Refused, match="word_too_long"):
        judge(opportunity, acme.manager, State.SENT_BACK, word="x" * 501)
    judge(opportunity, acme.manager, State.SENT_BACK, word="Whose plan is it?")
    told = Notification.objects.get()
    assert (told.to, told.url) == (acme.rep, f"/o/acme/funnel/{opportunity.pk}/")
    assert "Whose plan is it?" in told.text
    assert "Opportunity plan recorded" in told.text
    again = file(opportunity, "opportunity_plan")
    assert (again.state, again.word, again.judged_by, again.version) == ("filed", "", None, 3), "even the same words"
    with pytest.raises(Stale):
        judge(opportunity, acme.manager, seen=2)


def test_two_verdicts_on_the_same_evidence_end_in_a_conflict(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    judge(opportunity, acme.manager)
    with pytest.raises(Stale) as stale:
        judge(opportunity, acme.executive, State.SENT_BACK, word="no")
    assert (stale.value.theirs["state"], stale.value.changed_by) == ("verified", acme.manager.name)
    with pytest.raises(Stale):  # the same verdict is somebody else's still: whoever comes second learns whose
        judge(opportunity, acme.executive)
    assert judge(opportunity, acme.executive, State.SENT_BACK, word="no", seen=2).state == State.SENT_BACK


def test_evidence_that_is_no_longer_demanded_is_neither_filed_nor_judged(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.switch_item("opportunity_plan", is_active=False, by=acme.admin, at=AT)
    with pytest.raises(Refused, match="item_removed"):
        file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="item_removed"):
        judge(opportunity, acme.manager)


def test_there_is_nothing_to_judge_once_it_was_withdrawn(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=1, by=acme.rep, at=AT)
    with pytest.raises(Evidence.DoesNotExist):
        judge(opportunity, acme.manager)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "hoped"},
        {"state": "verified"},
        {"state": "filed", "judged_by": "manager", "judged_at": AT},
        {"state": "sent_back", "judged_by": "manager", "judged_at": AT, "word": ""},
        {"amount": -1},
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(acme: Cast, wrong: dict[str, Any]) -> None:
    file(make_opportunity(acme.rep), "opportunity_plan")
    if "judged_by" in wrong:
        wrong = wrong | {"judged_by": acme.manager}
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.update(**wrong)


def test_a_person_of_another_customer_proves_nothing(acme: Cast) -> None:
    opportunity, other = make_opportunity(acme.rep), make_opportunity(acme.rep, "Other")
    with pytest.raises(Refused, match="contact_elsewhere"):
        actions.file_evidence(opportunity, "key_people", contact=make_contact(other), seen=0, by=acme.rep, at=AT)


# How far it is proven -----------------------------------------------------------------------------


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


# Going on without ---------------------------------------------------------------------------------


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


# Values and files ---------------------------------------------------------------------------------


def test_a_value_by_its_kind_and_a_person_not_known_yet(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(Refused, match="sum_needed"):
        actions.file_evidence(opportunity, "budget", note="about three million", seen=0, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="amount_negative"):
        actions.file_evidence(opportunity, "budget", amount=-1, seen=0, by=acme.rep, at=AT)
    made = actions.file_evidence(opportunity, "key_people", new_contact="Li Hua", seen=0, by=acme.rep, at=AT)
    assert made.contact is not None
    assert (made.contact.name, made.contact.account) == ("Li Hua", opportunity.account)


def test_a_file_is_kept_replaced_and_goes_with_its_evidence(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    first, second = (Paper(f"{n}.pdf", b"%PDF-" + n.encode(), "application/pdf") for n in ("one", "two"))
    actions.file_evidence(opportunity, "opportunity_plan", paper=first, seen=0, by=acme.rep, at=AT)
    kept = actions.file_evidence(opportunity, "opportunity_plan", note="see the file", seen=1, by=acme.rep, at=AT)
    assert kept.file is not None
    assert kept.file.name == "one.pdf"
    actions.file_evidence(opportunity, "opportunity_plan", paper=second, seen=2, by=acme.rep, at=AT)
    assert [stored.name for stored in StoredFile.objects.all()] == ["two.pdf"]
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=3, by=acme.rep, at=AT)
    assert not StoredFile.objects.exists()


# Two at once --------------------------------------------------------------------------------------


def test_who_files_over_another_is_told_and_the_verdict_stands(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.file_evidence(opportunity, "opportunity_plan", note="Monday's", seen=0, by=acme.rep, at=AT)
    judge(opportunity, acme.manager)
    for seen in (0, 1):
        with pytest.raises(Stale) as stale:
            actions.file_evidence(opportunity, "opportunity_plan", note="mine", seen=seen, by=acme.executive, at=AT)
        assert (stale.value.theirs["note"], stale.value.theirs["state"]) == ("Monday's", State.VERIFIED)
        assert (stale.value.version, stale.value.changed_by) == (2, acme.manager.name)
        with pytest.raises(Stale):
            actions.withdraw_evidence(opportunity, "opportunity_plan", seen=seen, by=acme.executive, at=AT)
    kept = Evidence.objects.get()
    assert (kept.note, kept.state) == ("Monday's", State.VERIFIED)
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=2, by=acme.rep, at=AT)
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=2, by=acme.rep, at=AT)
    assert AuditEvent.objects.filter(verb="evidence.withdrawn").count() == 1
    again = actions.file_evidence(opportunity, "opportunity_plan", note="mine", seen=2, by=acme.executive, at=AT)
    assert again.version == 1, "what is gone stands in nobody's way"


def test_a_second_click_with_a_new_person_or_a_paper_files_once(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    paper = Paper("one.pdf", b"%PDF-one", "application/pdf")
    for _click in range(2):
        actions.file_evidence(opportunity, "key_people", new_contact="Li Hua", seen=0, by=acme.rep, at=AT)
        actions.file_evidence(opportunity, "opportunity_plan", paper=paper, seen=0, by=acme.rep, at=AT)
    assert Contact.objects.filter(name="Li Hua").count() == StoredFile.objects.count() == 1
    assert set(Evidence.objects.values_list("version", flat=True)) == {1}
    other = Paper("one.pdf", b"%PDF-two", "application/pdf")
    with pytest.raises(Stale):
        actions.file_evidence(opportunity, "opportunity_plan", paper=other, seen=0, by=acme.manager, at=AT)
    assert StoredFile.objects.count() == 1


def test_many_pieces_are_filed_all_or_none(acme: Cast) -> None:
    one, other = make_opportunity(acme.rep, "One"), make_opportunity(acme.rep, "Other")
    file(other, "opportunity_plan")
    plan: dict[str, Any] = {"note": "their CTO said so", "seen": 0}
    with pytest.raises(NoneFiled) as none:
        actions.file_many(
            [
                (one, "opportunity_plan", plan),
                (one, "key_needs", {**plan, "note": ""}),
                (other, "opportunity_plan", plan),
            ],
            by=acme.rep,
            at=AT,
        )
    assert {place: type(error) for place, error in none.value.errors.items()} == {1: Refused, 2: Stale}
    assert not Evidence.objects.filter(opportunity=one).exists()
    actions.file_many([(one, key, plan) for key in ("opportunity_plan", "key_needs")], by=acme.rep, at=AT)
    assert Evidence.objects.filter(opportunity=one).count() == 2


def test_what_was_filed_on_the_way_stays_while_something_lacks_and_goes_with_a_move_that_fails(acme: Cast) -> None:
    deal, plan = make_opportunity(acme.rep, stage=Stage.QUALIFY), {"note": "their CTO said so", "seen": 0}
    going: dict[str, Any] = {"left": Stage.QUALIFY, "to": Stage.DEVELOP, "by": acme.rep, "at": AT}
    with pytest.raises(Stale):
        actions.file_and_move(deal, [("key_needs", plan)], **{**going, "left": Stage.DEVELOP})
    assert not Evidence.objects.exists()
    filings = [("key_needs", plan), ("key_people", {**plan, "note": ""})]
    way = actions.file_and_move(deal, filings, **going, why="soon", until=AT.date() + DAY)
    assert isinstance(way.came, MissingEvidence), "what was not taken is not left out either"
    assert [*way.refused] == [1]
    assert Evidence.objects.get().item.key == "key_needs"
    way = actions.file_and_move(deal, [], **going, until=AT.date() + DAY)
    assert (isinstance(way.came, MissingEvidence), way.going_on and way.going_on.code) == (True, "override_why_needed")
    assert actions.file_and_move(deal, [], **going, why="soon", until=AT.date() + DAY).came == deal
    assert Opportunity.objects.get(pk=deal.pk).stage == Stage.DEVELOP


def test_no_view_opens_a_transaction() -> None:
    """It is a request's, and an action's: what belongs together is one action."""
    views = [
        path
        for config in apps.get_app_configs()
        if Path(config.path).parent == settings.BASE_DIR
        for path in Path(config.path).rglob("*.py")
        if {"views", "views.py", "forms", "forms.py"} & {*path.parts}
    ]
    assert len(views) > 50
    assert [str(path) for path in views if "transaction.atomic" in path.read_text(encoding="utf-8")] == []


def test_the_same_demand_clicked_twice_stands_once(acme: Cast) -> None:
    one = actions.add_item(Stage.QUALIFY, label="Site seen", by=acme.admin, at=AT)
    assert actions.add_item(Stage.QUALIFY, label=" Site  seen ", by=acme.admin, at=AT) == one
    assert AuditEvent.objects.filter(verb="evidence_item.added").count() == 1
    actions.switch_item(one.key, is_active=False, by=acme.admin, at=AT)
    assert actions.add_item(Stage.QUALIFY, label="Site seen", by=acme.admin, at=AT) != one


# What the customer told -----------------------------------------------------------------------------


def told(opportunity: Opportunity) -> tuple[Any, Any, Any]:
    found = Opportunity.objects.get(pk=opportunity.pk)
    return found.size, found.budget, found.schedule_on


def test_every_act_that_can_change_what_was_told_keeps_it(acme: Cast) -> None:
    opportunity, day = make_opportunity(acme.rep), date(2026, 5, 6)
    assert told(opportunity) == (None, None, None)
    file(opportunity, "size")
    file(opportunity, "budget")
    who: dict[str, Any] = {"by": acme.rep, "at": AT}
    clear = actions.file_evidence(opportunity, "budget_clear", amount=5, seen=0, **who)
    actions.file_evidence(opportunity, "schedule", on=day, seen=0, **who)
    assert told(opportunity) == (MILLION, 5, day), "the budget of the later stage counts"
    said: dict[str, Any] = {"by": acme.manager, "at": AT}
    sent: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "Who said so?", "seen": clear.version}
    back = actions.judge_evidence(opportunity, "budget_clear", **sent, **said)
    assert told(opportunity) == (MILLION, MILLION, day), "what was sent back does not"
    actions.unjudge_evidence(opportunity, "budget_clear", seen=back.version, **said)
    assert told(opportunity) == (MILLION, 5, day)
    actions.withdraw_evidence(opportunity, "budget_clear", seen=3, **who)
    actions.withdraw_evidence(opportunity, "size", seen=1, **who)
    assert told(opportunity) == (None, MILLION, day)
    actions.file_evidence(opportunity, "schedule", on=day + DAY, seen=1, **who)
    assert told(opportunity)[2] == day + DAY
    other = make_opportunity(acme.rep, "Imported")
    brought = [ImportedEvidence(other.pk, "size", "from them", acme.rep.pk, amount=7)]
    actions.import_evidence(brought, at=AT)
    assert told(other) == (7, None, None)
    actions.import_evidence([ImportedEvidence(other.pk, "budget", "a note alone", acme.rep.pk)], at=AT)
    assert told(other) == (7, None, None)
