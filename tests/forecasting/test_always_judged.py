"""After every act of people, what stands on the rows is what the rules say; a walk through all that may change it."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from activities import actions as activities
from activities.history import ImportedAction, ImportedVisit
from activities.kinds import Kind, Result
from activities.models import NextAction, Visit
from forecasting import actions
from forecasting.judging import judgement
from funnel import actions as funnel
from funnel.bulk import BulkKind, Choice
from funnel.evidence import STANDARD, State
from funnel.history import ImportedOpportunity
from funnel.leads import Answer
from funnel.models import BulkChange, Change, DecisionRole, Evidence, Opportunity, Rival, StageSetting
from funnel.stages import Stage, Status
from funnel.strategy import Influence, Role, Verdict
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, TODAY, change, lose, make_opportunity, move, win

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = NOW + 5 * DAY

ELSEWHERE = {
    *("adopt_rival", "answer_criteria", "change_criteria", "change_discounts", "change_lead", "change_limits"),
    *("change_view", "change_web_form", "choose_default", "delete_view", "drop_lead", "make_web_form"),
    *("merge", "move_lead", "move_view", "note_lead", "receive", "record_lead", "renew_secret", "resume_lead"),
    *("save_view", "secrets_of", "show_secret"),
}
"""What is about leads, views, settings of the board: no rule reads it."""
UNREAD = {
    *("add_gap", "add_member", "add_part", "add_partner", "ask_approval", "change_gap", "change_item"),
    *("change_part", "change_rival", "change_strategy", "drop_part", "finish_part", "grant", "move_item"),
    *("note_procedure", "note_sought", "record_commitment", "refuse", "remove_helper", "resume_part"),
    *("seek", "withdraw", "withdraw_commitment"),
}
"""What is written about an opportunity, or into lists that it follows, but no rule reads."""
WITHIN = {"draw_up", "file_and_move", "file_many", "note_judged", "revalue", "work_on_chunk"}
"""Parts of others: what is drawn up is carried out, what is judged is noted, the night that values by new rates judges
all right after, a large change of many goes in chunks; what is filed together or on the way is filed and moved."""


def _stands(cast: Cast, act: str) -> None:
    """Ask the rules of all that is open, and compare with the rows."""
    statement, asked = judgement(cast.org.pk, None, at=LATER)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        said = {row[0]: (row[5], row[6]) for row in cursor.fetchall()}
    rows = {row.pk: (row.health, row.flags) for row in Opportunity.objects.open()}
    assert rows == said, act


def _newest(model: Any) -> Any:
    return model.objects.order_by("-pk").first()


def _version(one: Opportunity) -> int:
    found: int = Opportunity.objects.get(pk=one.pk).version
    return found


Act = tuple[str, Callable[[], Any]]


def _facts(cast: Cast, one: Opportunity, who: dict[str, Any]) -> list[Act]:
    """Return what changes the opportunity itself, in an order in which each can be done."""
    back = {"reason": "price", **who}
    return [
        ("open_opportunity", lambda: make_opportunity(cast.rep, None, LATER.date(), at=LATER)),
        ("change_opportunity", lambda: change(one, LATER, amount=1)),
        ("change_opportunity", lambda: change(one, LATER, expected_close_on=TODAY + 90 * DAY)),
        ("move", lambda: move(one, Stage.PROOF, LATER)),
        ("move", lambda: move(one, Stage.SOLUTION_FIT, LATER)),
        ("undo", lambda: funnel.undo(Change.objects.filter(kind="stage").latest("pk").pk, **who)),
        ("give_discount", lambda: change(one, LATER, amount=100_000)),
        ("give_discount", lambda: funnel.give_discount(one, Decimal(5), seen=_version(one), **who)),
        ("lose", lambda: lose(one, LATER)),
        ("reopen", lambda: funnel.reopen(one, seen=_version(one), why="again", **who)),
        ("abandon", lambda: funnel.abandon(one, seen=_version(one), **back)),
        ("reopen", lambda: funnel.reopen(one, seen=_version(one), why="again", **who)),
        ("win", lambda: win(make_opportunity(cast.rep, 5, TODAY), LATER)),
    ]


def _proofs(cast: Cast, one: Opportunity, who: dict[str, Any]) -> list[Act]:
    """Return what changes its evidence, its list, the stages."""
    keys = [key for stage in (1, 2) for key in STANDARD[stage]]
    first, table = keys[0], StageSetting.table()
    said: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "no", "by": cast.manager, "at": LATER}

    def judge() -> None:
        filed = Evidence.objects.get(item__code=first)
        funnel.judge_evidence(one, first, seen=filed.version, **said)

    return [
        (
            "import_evidence",
            lambda: funnel.import_evidence([(one.pk, k, "x", cast.rep.pk) for k in keys[1:]], at=LATER),
        ),
        ("file_evidence", lambda: funnel.file_evidence(one, first, note="seen", seen=0, **who)),
        ("judge_evidence", judge),
        ("unjudge_evidence", lambda: funnel.unjudge_evidence(one, first, seen=2, by=said["by"], at=LATER)),
        ("judge_evidence", judge),
        ("file_evidence", lambda: funnel.file_evidence(one, first, note="seen again", seen=4, **who)),
        ("withdraw_evidence", lambda: funnel.withdraw_evidence(one, first, seen=5, **who)),
        ("file_evidence", lambda: funnel.file_evidence(one, "competitors", note="x", no_rival=True, seen=1, **who)),
        ("add_rival", lambda: funnel.add_rival(one, new_name="Rival Co", **who)),
        ("remove_rival", lambda: funnel.remove_rival(one, Rival.objects.get().pk, seen=1, **who)),
        ("switch_item", lambda: funnel.switch_item(first, is_active=False, by=cast.executive, at=LATER)),
        ("add_item", lambda: funnel.add_item(Stage.DISCOVER, label="More", by=cast.executive, at=LATER)),
        (
            "change_stages",
            lambda: funnel.change_stages(
                [replace(row, percent=1) if row.stage == Stage.DISCOVER else row for row in table],
                seen=StageSetting.objects.all().edition(),
                by=cast.executive,
                at=LATER,
            ),
        ),
    ]


def _people(one: Opportunity, who: dict[str, Any]) -> list[Act]:
    """Return what changes the strategy sheet."""
    known: dict[str, Any] = {"influence": Influence.MEDIUM, "attitude": None}
    buyer = {"new_contact": {"name": "Ms Lin", "position": ""}, "roles": [Role.EB], **known, **who}
    row = partial(_newest, DecisionRole)  # read when its turn comes
    no: dict[str, Any] = {"verdict": Verdict.NO_GO, "why": "no", "need": Answer.NO, "compete": Answer.NO}
    return [
        ("add_role", lambda: funnel.add_role(one, **buyer)),
        ("note_met", lambda: funnel.note_met({row().contact_id: TODAY}, at=LATER)),
        ("change_role", lambda: funnel.change_role(one, row().pk, seen=1, roles=[Role.USER], **known, **who)),
        ("remove_role", lambda: funnel.remove_role(one, row().pk, seen=row().version, **who)),
        ("decide", lambda: funnel.decide(one, seen=0, **no, **who)),
    ]


def _activities(cast: Cast, one: Opportunity, who: dict[str, Any]) -> list[Act]:
    """Return what visits and next actions change."""
    account = one.account
    about: dict[str, Any] = {"opportunity": one, **who}
    met: dict[str, Any] = {"happened_at": LATER - DAY, "kind": Kind.VISIT, "result": Result.ADVANCED}
    plan: dict[str, Any] = {"planned_at": LATER + DAY, "kind": Kind.VISIT, **about}
    step: dict[str, Any] = {"owner": cast.rep, "text": "Call", "due_on": LATER.date() + DAY, **about}
    visit, action = partial(_newest, Visit), partial(_newest, NextAction)
    ids: dict[str, Any] = {"key": uuid4(), "account_id": account.pk, "opportunity_id": one.pk}
    old = ImportedVisit(**ids, by_id=cast.rep.pk, happened_at=LATER, kind=Kind.CALL)
    todo = ImportedAction(
        **ids, owner_id=cast.rep.pk, text="x", due_on=TODAY, created_by_id=cast.rep.pk, created_at=LATER
    )
    return [
        ("add_next_action", lambda: activities.add_next_action(account, **step)),
        ("postpone", lambda: activities.postpone(action(), seen=1, due_on=LATER.date() + 2 * DAY, **who)),
        ("complete", lambda: activities.complete(action(), **who)),
        ("take_back", lambda: activities.take_back(action(), **who)),
        ("drop", lambda: activities.drop(action(), **who)),
        ("import_next_actions", lambda: activities.import_next_actions([todo], **who)),
        ("log_visit", lambda: activities.log_visit(account, **met, **about)),
        ("change_visit", lambda: activities.change_visit(visit(), seen=1, result=Result.NOBODY, **who)),
        ("rectify_visits", lambda: activities.rectify_visits([visit().pk], at=LATER)),
        ("import_visits", lambda: activities.import_visits([old], **who)),
        ("forget_met", lambda: activities.forget_met([visit().pk], at=LATER)),
        ("forget_visits", lambda: activities.forget_visits([visit().pk], at=LATER)),
        ("plan_visit", lambda: activities.plan_visit(account, **plan)),
        ("call_off", lambda: activities.call_off(visit(), **who)),
        ("put_back", lambda: activities.put_back(visit(), **who)),
        ("hold", lambda: activities.hold(visit(), seen=visit().version, **met, **about)),
        ("note_contact", lambda: funnel.note_contact(one, met_at=LATER, at=LATER)),
        ("note_contacts", lambda: funnel.note_contacts({one.pk: LATER + DAY}, at=LATER)),
        ("note_next_step", lambda: funnel.note_next_step(one, text="", on=None, at=LATER)),
        ("note_next_steps", lambda: funnel.note_next_steps({one.pk: ("x", LATER.date())}, at=LATER)),
    ]


def _many(cast: Cast, one: Opportunity, who: dict[str, Any]) -> list[Act]:
    """Return what changes many, what comes in from elsewhere, and what begins as a lead."""

    def bring() -> None:
        row = ImportedOpportunity(
            external_id="X",
            account_id=one.account_id,
            owner_id=cast.rep.pk,
            name="From elsewhere",
            opened_at=NOW - 90 * DAY,
            stages=[(Stage.QUALIFY, NOW - 90 * DAY)],
            closes=[(TODAY - 30 * DAY, NOW - 90 * DAY)],
            outcome=Status.OPEN,
        )
        funnel.judge_imported(funnel.import_opportunities([row], **who).made, **who)

    def change_many() -> None:
        drawn = funnel.draw_up(BulkKind.CLOSE, "2099-01-01", [one.pk], request_key=uuid4(), **who)
        done = funnel.carry_out(drawn, Choice(), **who)
        assert done.outcome[str(one.pk)]["fate"] == "done"

    def convert() -> None:
        facts: dict[str, Any] = {"company": "Wei", "name": "Ms Wei", "phone": "02-1234-5678"}
        lead = funnel.record_lead(owner=cast.rep, **facts, **who)
        funnel.convert(lead, seen=lead.version, name="Wei", why="sure", **who)

    return [
        ("import_opportunities", bring),
        ("judge_imported", bring),
        ("carry_out", change_many),
        ("take_back", lambda: funnel.take_back(_newest(BulkChange), **who)),
        ("convert", convert),
    ]


def _all(cast: Cast, one: Opportunity) -> list[Act]:
    who: dict[str, Any] = {"by": cast.rep, "at": LATER}
    return [
        *_proofs(cast, one, who),
        *_people(one, who),
        *_activities(cast, one, who),
        *_many(cast, one, who),
        *_facts(cast, one, who),
    ]


def test_whatever_is_done_the_rows_say_what_the_rules_say(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 1_000, TODAY + DAY, stage=Stage.DEVELOP)
        actions.refresh_health(acme.org, at=LATER)
        walked = set()
        for act, do in _all(acme, one):
            do()
            _stands(acme, act)
            walked.add(act)
        every = {
            name
            for app in (funnel, activities)
            for name in app.__all__
            if inspect.isfunction(inspect.unwrap(getattr(app, name)))
        }
        assert every == walked | ELSEWHERE | UNREAD | WITHIN, "name a new action where it belongs"
