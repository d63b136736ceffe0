"""The pages of evidence: filing with value and file, verdicts, what is refused, who may see a file."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import actions as accounts_actions
from funnel import actions
from funnel.evidence import State
from funnel.models import Evidence, Opportunity, StageOverride
from funnel.queries import stage_table
from funnel.stages import Gate, Stage
from jobs.models import StoredFile
from tenants.models import Membership
from tests.cast import Cast
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def at(opportunity: Opportunity, key: str, rest: str = "") -> str:
    return f"/o/acme/funnel/{opportunity.pk}/evidence/{key}/{rest}"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def pdf(name: str = "plan.pdf", content: bytes = b"%PDF-1.7") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def opportunity(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep, at=timezone.now())


@pytest.mark.parametrize(
    ("key", "asks"),
    [("budget", "amount"), ("schedule", "on"), ("key_people", "new_contact"), ("opportunity_plan", "file")],
)
def test_the_dialog_asks_for_what_the_kind_needs(
    acme: Cast, login: Login, opportunity: Opportunity, key: str, asks: str
) -> None:
    client = login(acme.rep)
    assert f'name="{asks}"' in text(client.get(at(opportunity, key), headers=HTMX))
    answer = client.post(at(opportunity, key), {}, headers=HTMX)
    assert answer.status_code == 422
    assert not Evidence.objects.exists()


def test_a_fact_is_proven_by_a_note_or_by_a_file(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    client, path = login(acme.rep), at(opportunity, "key_needs")
    assert "Say what proves it, or attach the file." in text(client.post(path, {}, headers=HTMX))
    assert client.post(path, {"file": pdf("needs.pdf")}, headers=HTMX).status_code == 200
    assert (Evidence.objects.get().file.name, Evidence.objects.get().note) == ("needs.pdf", "")
    assert client.post(at(opportunity, "strategy"), {"note": "They grow abroad"}, headers=HTMX).status_code == 200


def test_a_dialog_that_is_a_page_of_its_own_leads_to_the_opportunity(
    acme: Cast, login: Login, opportunity: Opportunity
) -> None:
    home, client = f"/o/acme/funnel/{opportunity.pk}/", login(acme.rep)

    def sent(path: str, typed: dict[str, Any], page: str) -> Any:
        return client.post(path, typed, headers={**HTMX, "HX-Current-URL": f"http://testserver{page}?q=1"})

    wrong = sent(at(opportunity, "budget"), {"amount": "much"}, at(opportunity, "budget"))
    assert (wrong.status_code, wrong["HX-Retarget"]) == (422, "#content > .sheet"), "one form, not a second above it"
    below = sent(at(opportunity, "budget"), {"amount": "much"}, home)
    assert (below.status_code, below["HX-Retarget"]) == (422, "#dialog")
    alone = sent(at(opportunity, "budget"), {"amount": "3.5M"}, at(opportunity, "budget"))
    assert alone["HX-Redirect"] == home
    assert "Evidence filed" in text(client.get(home))
    assert 'hx-swap-oob="true"' in text(sent(at(opportunity, "budget"), {"amount": "3M", "version": 1}, home))
    taken = sent(at(opportunity, "budget", "withdraw/"), {"version": 2}, at(opportunity, "budget"))
    assert taken["HX-Redirect"] == home


def test_typed_values_stand_on_the_page_as_values(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    client = login(acme.rep)
    assert client.post(at(opportunity, "budget"), {"amount": "3.5M"}, headers=HTMX).status_code == 200
    assert client.post(at(opportunity, "schedule"), {"on": "2027-03-01"}, headers=HTMX).status_code == 200
    answer = client.post(at(opportunity, "key_people"), {"new_contact": "Mr Wen", "note": "plant"}, headers=HTMX)
    for words in ("3.5M", "Mr Wen", "plant", "To be verified"):
        assert words in text(answer)
    assert {(each.amount, each.on and each.on.year) for each in Evidence.objects.all()} == {
        (350_000_000, None),
        (None, 2027),
        (None, None),
    }


def test_a_file_goes_in_is_checked_and_comes_out_as_an_attachment(
    acme: Cast, globex: Cast, login: Login, opportunity: Opportunity
) -> None:
    client, path = login(acme.rep), at(opportunity, "opportunity_plan")
    bad = client.post(path, {"file": pdf("plan.pdf", b"<html>")}, headers=HTMX)
    assert bad.status_code == 422
    assert "not what its name says" in text(bad)
    assert client.post(path, {"file": pdf("x.exe")}, headers=HTMX).status_code == 422
    assert client.post(path, {"file": pdf()}, headers=HTMX).status_code == 200
    got = login(acme.manager).get(at(opportunity, "opportunity_plan", "file/"))
    assert (got.content, got["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert login(acme.rep2).get(at(opportunity, "opportunity_plan", "file/")).status_code == 404
    assert login(globex.executive).get(at(opportunity, "opportunity_plan", "file/")).status_code == 404
    assert login(acme.rep).get(at(opportunity, "budget", "file/")).status_code == 404
    stored = StoredFile.objects.get()
    assert login(acme.manager).get(f"/o/acme/jobs/files/{stored.pk}/").status_code == 404, "only where it proves"


def test_a_manager_judges_and_the_rep_mends(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    rep, manager = login(acme.rep), login(acme.manager)
    path = at(opportunity, "opportunity_plan")
    rep.post(path, {"note": "plan of Monday"}, headers=HTMX)
    assert 'id="judge-' not in text(rep.get(f"/o/acme/funnel/{opportunity.pk}/"))
    assert 'id="judge-opportunity_plan"' in text(manager.get(f"/o/acme/funnel/{opportunity.pk}/"))
    assert rep.get(f"{path}verdict/").status_code == 403
    assert "plan of Monday" in text(manager.get(f"{path}verdict/", headers=HTMX))
    wordless = manager.post(f"{path}verdict/", {"verdict": "sent_back", "version": 1, "word": ""}, headers=HTMX)
    assert wordless.status_code == 422
    said = {"verdict": "sent_back", "version": 1, "word": "Seen by whom?"}
    assert manager.post(f"{path}verdict/", said, headers=HTMX).status_code == 200
    assert "Seen by whom?" in text(rep.get(path, headers=HTMX))
    rep.post(path, {"note": "plan of Monday, seen by their CTO", "version": 2}, headers=HTMX)
    assert Evidence.objects.get().state == State.FILED
    stale = manager.post(f"{path}verdict/", {"verdict": "verified", "version": 2}, headers=HTMX)
    assert stale.status_code == 409
    assert manager.post(f"{path}verdict/", {"verdict": "verified", "version": 3}, headers=HTMX).status_code == 200
    assert Opportunity.objects.get().proven_stage == 1, "not above what is claimed"


def test_two_verdicts_answer_409_with_both(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    path = at(opportunity, "opportunity_plan", "verdict/")
    actions.file_evidence(opportunity, "opportunity_plan", note="x", seen=0, by=acme.rep, at=timezone.now())
    login(acme.manager).post(path, {"verdict": "confirmed", "version": 1}, headers=HTMX)
    said = {"verdict": "sent_back", "version": 1, "word": "Which plan?"}
    both = login(acme.executive).post(path, said, headers=HTMX)
    assert both.status_code == 409
    for words in ("Confirmed by the customer", "Sent back", "Which plan?", acme.manager.name):
        assert words in text(both)


def test_who_files_or_withdraws_on_what_has_changed_gets_409_with_both(
    acme: Cast, login: Login, opportunity: Opportunity
) -> None:
    path, client = at(opportunity, "budget"), login(acme.manager)
    assert 'name="version" value="0"' in text(client.get(path, headers=HTMX))
    actions.file_evidence(opportunity, "budget", amount=100_000_000, seen=0, by=acme.rep, at=timezone.now())
    answer = client.post(path, {"amount": "2M", "note": "says the CFO", "version": 0}, headers=HTMX)
    assert answer.status_code == 409
    for words in ("1,000,000", "2,000,000", "says the CFO", acme.rep.name, 'data-keep="1"'):
        assert words in text(answer)
    gone = client.post(f"{path}withdraw/", {"version": 0}, headers=HTMX)
    assert gone.status_code == 409
    move = f"/o/acme/funnel/{opportunity.pk}/move/?on=page"
    actions.file_evidence(opportunity, "opportunity_plan", note="theirs", seen=0, by=acme.rep, at=timezone.now())
    typed = {"stage": 2, "version": 1, "opportunity_plan-note": "mine", "opportunity_plan-version": 0}
    moved = client.post(move, typed, headers=HTMX)
    assert moved.status_code == 409
    assert "theirs" in text(moved)
    assert "mine" in text(moved)
    assert Opportunity.objects.get().stage == 1
    assert client.post(f"{path}withdraw/", {"version": 1}, headers=HTMX).status_code == 200
    assert client.post(path, {"amount": "2M", "version": 1}, headers=HTMX).status_code == 200


def test_the_dialog_of_a_move_sends_the_versions_it_saw(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    actions.file_evidence(opportunity, "opportunity_plan", note="x", seen=0, by=acme.rep, at=timezone.now())
    sent: dict[str, Any] = {
        "verdict": State.SENT_BACK,
        "word": "Whose?",
        "seen": 1,
        "by": acme.manager,
        "at": timezone.now(),
    }
    actions.judge_evidence(opportunity, "opportunity_plan", **sent)
    move, client = f"/o/acme/funnel/{opportunity.pk}/move/?on=page", login(acme.rep)
    asked = client.post(move, {"stage": 2, "version": 1}, headers=HTMX)
    assert 'name="opportunity_plan-version" value="2"' in text(asked)
    typed = {"stage": 2, "version": 1, "opportunity_plan-note": "their CTO's", "opportunity_plan-version": 2}
    assert client.post(move, typed, headers=HTMX).status_code == 200


def test_evidence_that_is_no_longer_demanded_is_refused_in_words(
    acme: Cast, login: Login, opportunity: Opportunity
) -> None:
    actions.file_evidence(opportunity, "opportunity_plan", note="x", seen=0, by=acme.rep, at=timezone.now())
    actions.switch_item("opportunity_plan", is_active=False, by=acme.admin, at=timezone.now())
    path = at(opportunity, "opportunity_plan")
    filed = login(acme.rep).post(path, {"note": "y"}, headers=HTMX)
    judged = login(acme.manager).post(f"{path}verdict/", {"verdict": "verified", "version": 1}, headers=HTMX)
    typed = {"stage": 2, "version": 1, "opportunity_plan-note": "z"}
    moved = login(acme.rep).post(f"/o/acme/funnel/{opportunity.pk}/move/?on=page", typed, headers=HTMX)
    for answer in (filed, judged, moved):
        assert answer.status_code == 422
        assert "no longer asks for this evidence" in text(answer)


def test_the_stage_path_shows_who_went_on_without_and_when_that_is_over(
    acme: Cast, login: Login, opportunity: Opportunity
) -> None:
    client, page = login(acme.rep), f"/o/acme/funnel/{opportunity.pk}/"
    typed = {
        "stage": 2,
        "version": 1,
        "anyway": "on",
        "until": timezone.now().astimezone(acme.org.zone).date().isoformat(),
    }
    asked = client.post(f"{page}move/?on=page", typed, headers=HTMX)
    assert asked.status_code == 422
    assert "Say why the evidence is not there yet." in text(asked)
    assert client.post(f"{page}move/?on=page", {**typed, "why": "on Friday"}, headers=HTMX).status_code == 200
    assert "on Friday" in text(client.get(page))
    assert "evidence overdue" not in text(client.get(page))
    StageOverride.objects.update(until="2026-01-01")
    assert "evidence overdue" in text(client.get(page))


def test_a_stage_that_blocks_offers_to_ask(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    rows = [type(row)(row.stage, "", row.percent, Gate.BLOCK) for row in stage_table()]
    actions.change_stages(rows, seen=0, by=acme.admin, at=timezone.now())
    typed = {"stage": 3, "version": 1}
    answer = login(acme.rep).post(f"/o/acme/funnel/{opportunity.pk}/move/?on=page", typed, headers=HTMX)
    assert f"/o/acme/funnel/{opportunity.pk}/ask/override/?stage=1" in text(answer) or "stage=1" in text(answer)
    assert "Move anyway" not in text(answer)


def test_a_person_of_another_customer_cannot_be_chosen(acme: Cast, login: Login, opportunity: Opportunity) -> None:
    other = make_opportunity(acme.rep, "Other", at=timezone.now())
    contact = accounts_actions.create_contact(other.account, name="Not theirs", by=acme.rep, at=timezone.now())
    answer = login(acme.rep).post(at(opportunity, "key_people"), {"contact": contact.pk}, headers=HTMX)
    assert answer.status_code == 422
    assert Stage(opportunity.stage) == Stage.DISCOVER
