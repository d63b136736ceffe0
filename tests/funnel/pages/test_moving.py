"""Moving a card: what is asked, what is refused, what can be taken back."""

import re

import pytest
from django.utils import timezone

from funnel import actions
from funnel.models import Change, Evidence, Opportunity
from funnel.queries import stage_table
from funnel.stages import GRACE, Gate, Stage
from tests.cast import Cast
from tests.funnel.factories import going_on
from tests.funnel.pages.places import GOING_ON, HTMX, Login, drop, recent, text, url

pytestmark = pytest.mark.django_db


def test_a_drop_asks_for_what_is_missing_and_files_it(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    answer = drop(client, acme, opportunity, 2)
    assert answer.status_code == 422
    assert "Opportunity plan recorded" in text(answer)
    assert "Move anyway" in text(answer)
    answer = drop(client, acme, opportunity, 2, **{"opportunity_plan-note": "plan of Monday, seen by their CTO"})
    assert answer.status_code == 200
    assert set(re.findall(r'id="(col-\d)"', text(answer))) == {"col-1", "col-2"}
    assert text(answer).count('hx-swap-oob="true"') == 2
    assert "undo" in answer["HX-Trigger"]
    assert Evidence.objects.get().note == "plan of Monday, seen by their CTO"
    assert Opportunity.objects.get().stage == Stage.QUALIFY


def test_one_may_go_on_anyway_where_the_stage_only_warns(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    assert drop(client, acme, opportunity, 3, **GOING_ON).status_code == 200
    rows = [type(row)(row.stage, "", row.percent, Gate.BLOCK) for row in stage_table()]
    actions.change_stages(rows, seen=0, by=acme.admin, at=timezone.now())
    opportunity = Opportunity.objects.get()
    answer = drop(client, acme, opportunity, 4, **GOING_ON)
    assert answer.status_code == 422
    assert "Move anyway" not in text(answer)
    assert Opportunity.objects.get().stage == Stage.DEVELOP


def test_back_asks_why(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep, stage=Stage.PROOF)
    answer = drop(client, acme, opportunity, 2)
    assert answer.status_code == 422
    assert 'name="why"' in text(answer)
    assert "Say why." not in text(answer)
    assert "Say why." in text(drop(client, acme, opportunity, 2, why=" "))
    assert drop(client, acme, opportunity, 2, why="they stopped the project").status_code == 200
    assert Change.objects.get(kind="stage").why == "they stopped the project"


def test_deploy_asks_what_was_signed(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep, stage=Stage.CLOSE)
    answer = drop(client, acme, opportunity, 7)
    assert answer.status_code == 422
    assert 'name="closed_on"' in text(answer)
    close = url(acme, f"{opportunity.pk}/close/won/?on=board")
    data = {"version": 1, "amount": "1280萬", "closed_on": timezone.now().date().isoformat()}
    answer = client.post(close, data, headers=HTMX)
    assert answer.status_code == 422
    assert "Signed agreement" in text(answer)
    assert f'value="{timezone.localdate() + GRACE}"' in text(answer)  # a day is proposed
    empty = client.post(close, {**data, **GOING_ON, "until": ""}, headers=HTMX)
    assert (empty.status_code, "Enter the last day" in text(empty)) == (422, True)
    assert client.post(close, {**data, **GOING_ON}, headers=HTMX).status_code == 200
    won = Opportunity.objects.get()
    assert (won.status, won.amount) == ("won", 12_800_000_00)


def test_a_card_that_another_moved_answers_409(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    actions.move(
        opportunity, left=Stage.DISCOVER, to=Stage.CLOSE, by=acme.manager, **going_on(now := timezone.now()), at=now
    )
    answer = drop(client, acme, opportunity, 2, **GOING_ON)
    assert answer.status_code == 409
    for words in (acme.manager.name, "Close", "Qualify"):
        assert words in text(answer)


def test_undo_within_thirty_seconds(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    drop(client, acme, opportunity, 2, **GOING_ON)
    change = Change.objects.get(kind="stage")
    answer = client.post(url(acme, f"undo/{change.pk}/?on=board"), headers=HTMX)
    assert answer.status_code == 200
    assert set(re.findall(r'id="(col-\d)"', text(answer))) == {"col-1", "col-2"}
    assert Opportunity.objects.get().stage == Stage.DISCOVER
    again = client.post(url(acme, f"undo/{change.pk}/?on=board"), headers=HTMX)
    assert again.status_code == 422
    assert login(acme.rep2).post(url(acme, f"undo/{change.pk}/")).status_code == 404


def test_without_htmx_moves_work_too(acme: Cast, login: Login) -> None:
    client, opportunity = login(acme.rep), recent(acme.rep)
    asked = client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 2, "version": 1})
    assert asked.status_code == 422
    assert "<html" in text(asked)
    done = client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 2, "version": 1, **GOING_ON})
    assert done.status_code == 303
    assert client.post(url(acme, f"{opportunity.pk}/move/"), {"stage": 99}).status_code == 422
