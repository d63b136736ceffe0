"""The page of one opportunity, its evidence and its ends."""

from html import unescape

import pytest
from django.utils import timezone

from funnel import actions
from funnel.labels import GUIDES
from funnel.models import Evidence, Opportunity, OpportunityMember
from funnel.stages import Health, Reason, Stage
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.health import mark_health
from tests.funnel.pages.places import HTMX, Login, recent, text, url

pytestmark = pytest.mark.django_db


def test_the_page_tells_the_story(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep, stage=Stage.QUALIFY)
    actions.move(
        opportunity, left=Stage.QUALIFY, to=Stage.DISCOVER, why="no budget yet", by=acme.rep, at=timezone.now()
    )
    mark_health([(opportunity.pk, Health.WATCH, ["no_next_step"])])
    page = text(login(acme.manager).get(url(acme, f"{opportunity.pk}/")))
    for words in (
        "no budget yet",
        "Who has a problem that we can solve?",
        "Add a next action with a date.",
        "No next step",
    ):
        assert words in page


def test_evidence_is_filed_edited_and_withdrawn(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/evidence/budget/")
    assert client.get(path, headers=HTMX).status_code == 200
    assert client.post(path, {"note": "approved by the CFO"}, headers=HTMX).status_code == 422
    answer = client.post(path, {"note": "approved by the CFO", "amount": "3M"}, headers=HTMX)
    assert "approved by the CFO" in text(answer)
    assert "approved by the CFO" in text(client.get(path, headers=HTMX))
    assert client.post(f"{path}withdraw/", {"version": 1}, headers=HTMX).status_code == 200
    assert not Evidence.objects.exists()
    assert client.get(url(acme, f"{opportunity.pk}/evidence/nonsense/")).status_code == 404


@pytest.mark.parametrize(
    ("outcome", "data", "status"),
    [
        ("lost", {"reason": "price"}, 200),
        ("lost", {"reason": "rival"}, 422),
        ("lost", {"reason": "rival", "rival": "Rival Co"}, 200),
        ("lost", {}, 422),
        ("lost", {"reason": "whim"}, 422),
        ("abandoned", {"reason": "no_budget", "note": "next year"}, 200),
        ("abandoned", {"reason": "rival"}, 422),
        ("won", {"amount": "0", "closed_on": "2020-01-01"}, 422),
        ("won", {"amount": "5", "closed_on": "2020-01-01", "anyway": "on"}, 422),
        ("stolen", {}, 404),
    ],
)
def test_closing(acme: Cast, login: Login, outcome: str, data: dict, status: int) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/close/{outcome}/?on=page")
    answer = client.post(path, {"version": 1, **data}, headers=HTMX)
    assert answer.status_code == status
    assert Opportunity.objects.get().status == (outcome if status == 200 else "open")
    if status == 200:
        assert 'id="opportunity-head"' in text(answer)
        again = client.post(path, {"version": 1, **data}, headers=HTMX)
        assert again.status_code == 409


def test_reopening(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    actions.abandon(opportunity, seen=1, reason=Reason.TIMING, by=acme.rep, at=timezone.now())
    path = url(acme, f"{opportunity.pk}/reopen/?on=page")
    assert client.get(path, headers=HTMX).status_code == 200
    assert client.post(path, {"version": 2, "why": ""}, headers=HTMX).status_code == 422
    assert client.post(path, {"version": 1, "why": "they called"}, headers=HTMX).status_code == 409
    assert client.post(path, {"version": 2, "why": "they called"}, headers=HTMX).status_code == 200
    assert Opportunity.objects.get().status == "open"


def test_the_sales_team(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    path = url(acme, f"{opportunity.pk}/members/")
    assert client.get(path, headers=HTMX).status_code == 200
    answer = client.post(path, {"member": acme.partner.pk, "part": "demo"}, headers=HTMX)
    assert acme.partner.name in answer["HX-Trigger"]
    assert acme.partner.name in text(client.get(url(acme, f"{opportunity.pk}/team/")))
    assert client.post(path, {"member": 0}, headers=HTMX).status_code == 422
    with working_for(acme.org):
        helper = OpportunityMember.objects.get()
    assert client.post(f"{path}{helper.pk}/remove/", headers=HTMX).status_code == 200
    assert client.post(f"{path}{helper.pk}/remove/", headers=HTMX).status_code == 404


def test_the_panel_of_an_account(acme: Cast, login: Login) -> None:
    opportunity = recent(acme.rep)
    page = login(acme.rep).get(url(acme, f"of/{opportunity.account_id}/"))
    assert opportunity.name in text(page)
    assert login(acme.rep2).get(url(acme, f"of/{opportunity.account_id}/")).status_code == 404


def test_every_stage_of_the_path_opens_its_guide(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep, stage=Stage.DEVELOP)
    page = text(client.get(url(acme, f"{opportunity.pk}/")))
    assert str(GUIDES[Stage.DEVELOP].actions) in page
    for stage in Stage:
        guide = url(acme, f"stages/{stage}/guide/")
        assert (f'hx-get="{guide}"' in page) == (stage != Stage.DEVELOP)
        for how in ({}, {"HX-Request": "true"}):
            said = unescape(text(client.get(guide, headers=how)))
            for word in GUIDES[stage].__slots__:
                assert str(getattr(GUIDES[stage], word)) in said, (stage, word)
    assert client.get(url(acme, "stages/8/guide/")).status_code == 404
