"""What waits for a verdict, and what is missing by money."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from funnel import actions, queries
from funnel.evidence import STANDARD, State
from funnel.models import Evidence, Opportunity
from funnel.stages import Stage
from jobs.models import Notification
from tenants.errors import Refused
from tenants.models import AuditEvent, Membership
from tests.cast import Cast
from tests.funnel.factories import MILLION, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def filed(owner: Membership, name: str, amount: int = MILLION) -> Opportunity:
    opportunity = make_opportunity(owner, name, at=timezone.now(), stage=Stage.QUALIFY, amount=amount)
    actions.file_evidence(opportunity, "opportunity_plan", note=f"plan of {name}", seen=0, by=owner, at=timezone.now())
    return opportunity


def judge_path(opportunity: Opportunity, on: str = "list", rest: str = "") -> str:
    return f"/o/acme/funnel/{opportunity.pk}/evidence/opportunity_plan/verdict/{rest}?on={on}"


def claimed_by(page: Any) -> list[str]:
    return [opportunity.name for opportunity, _stage, _lines in page.context["claims"]]


def test_a_manager_sees_what_the_team_filed_and_says_the_verdict_in_place(acme: Cast, login: Login) -> None:
    small, large = filed(acme.rep, "Small"), filed(acme.rep2, "Large", 9 * MILLION)
    filed(acme.manager, "Own")
    filed(acme.partner, "Elsewhere")
    client = login(acme.manager)
    page = client.get("/o/acme/funnel/proofs/")
    assert claimed_by(page) == ["Large", "Small"], "in order of money"
    assert claimed_by(client.get("/o/acme/funnel/proofs/?sort=oldest")) == ["Small", "Large"]
    for words in ("2 to verify", "Customer of Large", acme.rep2.name, "Qualify", "9,000,000"):
        assert words in page.content.decode(), words
    wordless = client.post(judge_path(large), {"version": 1, "verdict": "sent_back", "word": ""}, headers=HTMX)
    assert wordless.status_code == 422
    assert wordless["HX-Retarget"] == "#proofs"
    assert "Say what is missing" in wordless.content.decode(), "in place, not in a dialog"
    verified = client.post(judge_path(large), {"version": 1, "verdict": "verified", "word": ""}, headers=HTMX)
    assert verified.status_code == 200
    assert claimed_by(verified) == ["Small"]
    assert "1 to verify" in verified.content.decode()
    done = client.post(judge_path(small), {"version": 1, "verdict": "confirmed"}, headers=HTMX)
    assert "Nothing waits for your verdict" in done.content.decode()
    assert login(acme.rep).get("/o/acme/funnel/proofs/").status_code == 403
    everyone = login(acme.executive).get("/o/acme/funnel/proofs/")
    assert set(claimed_by(everyone)) == {"Own", "Elsewhere"}


def test_after_a_verdict_the_next_piece_is_under_the_hand(acme: Cast, login: Login) -> None:
    first = filed(acme.rep, "First", 9 * MILLION)
    actions.file_evidence(first, "budget", amount=5, seen=0, by=acme.rep, at=timezone.now())
    second = filed(acme.rep, "Second", 8 * MILLION)
    plan, budget = (Evidence.objects.get(opportunity=first, item__code=key) for key in ("opportunity_plan", "budget"))
    other = Evidence.objects.get(opportunity=second)
    client = login(acme.manager)
    lines = [
        (evidence.pk, following)
        for _each, _stage, found in client.get("/o/acme/funnel/proofs/").context["claims"]
        for evidence, following in found
    ]
    assert lines == [(plan.pk, budget.pk), (budget.pk, other.pk), (other.pk, None)]
    verdict = {"version": 1, "verdict": "verified"}
    answer = client.post(judge_path(first), {**verdict, "next": budget.pk}, headers=HTMX)
    assert answer.context["focus"] == budget.pk
    last = client.post(judge_path(second), verdict, headers=HTMX)
    assert last.context["focus"] == budget.pk, "after the last one the first that is left"


@pytest.mark.parametrize("on", ["list", "today", "missing", ""])
def test_a_verdict_is_taken_back_where_it_was_said(acme: Cast, login: Login, on: str) -> None:
    opportunity, client = filed(acme.rep, "One"), login(acme.manager)
    said = {"version": 1, "verdict": "sent_back", "word": "whose plan?"}
    page = {**HTMX, "HX-Current-URL": f"http://testserver/o/acme/funnel/{opportunity.pk}/"}
    answer = client.post(judge_path(opportunity, on), said, headers=page)
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo_url"]
    assert Notification.objects.filter(to=acme.rep, code="evidence_sent_back").count() == 1
    back = client.post(undo, headers=page)
    assert back.status_code == 200
    found = Evidence.objects.get()
    assert (found.state, found.word, found.judged_by, found.version) == (State.FILED, "", None, 3)
    assert not Notification.objects.filter(code="evidence_sent_back").exists(), "it was not meant"
    if on in {"list", "today"}:
        assert f'id="proof-{found.pk}"' in back.content.decode()
    assert client.post(undo, headers=page).status_code == 422
    event = AuditEvent.objects.get(verb="evidence.unjudged")
    assert event.data["state"] == [State.SENT_BACK, State.FILED]


def test_a_verdict_is_taken_back_by_whoever_said_it_within_half_a_minute(acme: Cast) -> None:
    opportunity, now = filed(acme.rep, "One"), timezone.now()
    verdict: dict[str, Any] = {"verdict": State.VERIFIED, "seen": 1, "by": acme.manager, "at": now}

    def refusal(seen: int, by: Membership, seconds: int) -> str:
        with pytest.raises(Refused) as refused:
            actions.unjudge_evidence(
                opportunity, "opportunity_plan", seen=seen, by=by, at=now + timedelta(seconds=seconds)
            )
        return refused.value.code

    assert refusal(1, acme.manager, 1) == "changed_since", "nothing has been said yet"
    actions.judge_evidence(opportunity, "opportunity_plan", **verdict)
    assert refusal(2, acme.executive, 1) == "not_yours"
    assert refusal(2, acme.manager, 31) == "too_late"
    assert refusal(1, acme.manager, 1) == "changed_since"
    said: dict[str, Any] = {"seen": 2, "by": acme.manager, "at": now}
    assert Opportunity.objects.get(pk=opportunity.pk).proven_stage == Stage.QUALIFY
    actions.unjudge_evidence(opportunity, "opportunity_plan", **said)
    assert Opportunity.objects.get(pk=opportunity.pk).proven_stage == Stage.DISCOVER
    assert refusal(2, acme.manager, 1) == "already_undone"
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=3, by=acme.rep, at=now)
    with pytest.raises(Evidence.DoesNotExist):
        actions.unjudge_evidence(opportunity, "opportunity_plan", **said)


def test_two_who_judge_in_the_list_see_both_verdicts(acme: Cast, login: Login) -> None:
    opportunity = filed(acme.rep, "One")
    login(acme.executive).post(judge_path(opportunity), {"version": 1, "verdict": "verified"}, headers=HTMX)
    late = login(acme.manager).post(
        judge_path(opportunity), {"version": 1, "verdict": "sent_back", "word": "Which?"}, headers=HTMX
    )
    assert late.status_code == 409
    assert "Verified" in late.content.decode()
    assert "Which?" in late.content.decode()


def test_without_a_script_the_list_is_a_page_that_comes_back(acme: Cast, login: Login) -> None:
    opportunity, client = filed(acme.rep, "One"), login(acme.manager)
    assert client.post(judge_path(opportunity), {"version": 1, "verdict": "sent_back"}).status_code == 422
    answer = client.post(judge_path(opportunity), {"version": 1, "verdict": "verified"})
    assert (answer.status_code, answer["Location"]) == (303, "/o/acme/funnel/proofs/")


def test_the_today_page_takes_a_verdict_in_one_click(acme: Cast, login: Login) -> None:
    first, second = filed(acme.rep, "First", 9 * MILLION), filed(acme.rep, "Second")
    client = login(acme.manager)
    panel = client.get("/o/acme/funnel/proofs/today/")
    assert [each.opportunity for each, _next in panel.context["waiting"]] == [first, second]
    following = Evidence.objects.get(opportunity=second).pk
    verdict = {"version": 1, "verdict": "verified", "next": following}
    answer = client.post(judge_path(first, "today"), verdict, headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#proofs-today")
    assert answer.context["focus"] == following
    assert "1 to verify" in answer.content.decode()
    wordless = client.post(judge_path(second, "today"), {"version": 1, "verdict": "sent_back"}, headers=HTMX)
    assert (wordless.status_code, wordless["HX-Retarget"]) == (422, "#dialog")
    done = client.post(judge_path(second, "today"), {"version": 1, "verdict": "confirmed"}, headers=HTMX)
    assert "Nothing waits for your verdict" in done.content.decode()


def test_what_is_missing_is_filed_and_judged_where_it_stands(acme: Cast, login: Login) -> None:
    opportunity, manager, rep = filed(acme.rep, "One"), login(acme.manager), login(acme.rep)
    missing = "/o/acme/funnel/proofs/missing/"
    key = f"lack-{opportunity.pk}-opportunity_plan"
    assert f'id="{key}"' in manager.get(missing).content.decode()
    assert f'id="{key}"' not in rep.get(missing).content.decode(), "the rep waits for the manager"
    page = {**HTMX, "HX-Current-URL": f"http://testserver{missing}"}
    said = {"version": 1, "verdict": "sent_back", "word": "whose?"}
    answer = manager.post(judge_path(opportunity, "missing"), said, headers=page)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#missing-proofs")
    assert f'id="{key}"' in rep.get(missing).content.decode()
    path = f"/o/acme/funnel/{opportunity.pk}/evidence/opportunity_plan/?on=missing"
    again = rep.post(path, {"note": "their CTO's", "version": 2}, headers=page)
    assert (again.status_code, again["HX-Retarget"]) == (200, "#missing-proofs")
    assert "manager: verify" in again.content.decode()
    assert again.context["focus"] == opportunity.pk, "one goes on where one was"


def test_what_is_missing_names_who_must_act(acme: Cast, login: Login) -> None:
    opportunity = filed(acme.rep, "One")
    page = login(acme.rep).get("/o/acme/funnel/proofs/missing/").content.decode()
    assert "manager: verify" in page
    said: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "whose?", "seen": 1, "by": acme.manager}
    actions.judge_evidence(opportunity, "opportunity_plan", **said, at=timezone.now())
    assert f"{acme.rep.name}: mend" in login(acme.manager).get("/o/acme/funnel/proofs/missing/").content.decode()
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=2, by=acme.rep, at=timezone.now())
    assert f"{acme.rep.name}: file" in login(acme.rep).get("/o/acme/funnel/proofs/missing/").content.decode()
    assert "One" not in login(acme.rep2).get("/o/acme/funnel/proofs/missing/").content.decode()


def test_the_today_page_tells_each_what_waits(acme: Cast, login: Login) -> None:
    opportunity = filed(acme.rep, "One")
    panel = "/o/acme/funnel/proofs/today/"
    assert "1 to verify" in login(acme.manager).get(panel).content.decode()
    assert "to verify" not in login(acme.rep).get(panel).content.decode()
    said: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "whose plan?", "seen": 1, "by": acme.manager}
    actions.judge_evidence(opportunity, "opportunity_plan", **said, at=timezone.now())
    assert "whose plan?" in login(acme.rep).get(panel).content.decode()
    assert "whose plan?" not in login(acme.rep2).get(panel).content.decode()


@pytest.mark.parametrize("path", ["proofs/", "proofs/missing/", "proofs/today/"])
def test_queries_do_not_grow_with_the_rows(acme: Cast, login: Login, path: str) -> None:
    client = login(acme.manager)
    filed(acme.rep, "first")
    client.get(f"/o/acme/funnel/{path}")
    with CaptureQueriesContext(connection) as one:
        client.get(f"/o/acme/funnel/{path}")
    for number in range(9):
        filed(acme.rep, f"No. {number}")
    with CaptureQueriesContext(connection) as ten:
        client.get(f"/o/acme/funnel/{path}")
    assert len(one) == len(ten) <= 15, "\n".join(query["sql"] for query in ten)
    assert not any('."content"' in query["sql"] for query in ten), "no file is read for a list"


def test_the_next_thing_to_do_and_the_fact_sheet(acme: Cast, login: Login) -> None:
    opportunity = make_opportunity(acme.rep, at=timezone.now(), stage=Stage.QUALIFY)
    story = queries.story(opportunity, today=timezone.now().date())
    assert story.next is not None
    assert story.next.item.key == "opportunity_plan"
    actions.file_evidence(opportunity, "budget", amount=3 * MILLION, seen=0, by=acme.rep, at=timezone.now())
    said: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "a year?", "seen": 1, "by": acme.manager}
    actions.judge_evidence(opportunity, "budget", **said, at=timezone.now())
    story = queries.story(opportunity, today=timezone.now().date())
    assert story.next is not None
    assert story.next.item.key == "budget", "what was sent back comes first"
    sheet = {proof.item.key: proof.filed for _words, proof in story.sheet}
    assert sheet["budget"] is not None
    assert sheet["schedule"] is None
    assert len(sheet) == 9
    for key in (*STANDARD[1], *STANDARD[2]):
        Evidence.objects.filter(item__code=key).delete()
        actions.import_evidence([(opportunity.pk, key, "x", acme.rep.pk)], at=timezone.now() - timedelta(days=1))
    story = queries.story(opportunity, today=timezone.now().date())
    assert story.next is None
    assert story.waiting is not None
    page = login(acme.manager).get(f"/o/acme/funnel/{opportunity.pk}/").content.decode()
    for words in ("Next: the manager verifies", "Value to the customer", "What the customer told us"):
        assert words in page
