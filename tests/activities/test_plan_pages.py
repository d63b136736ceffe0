"""A visit that is planned: recorded, moved, called off, put back."""

import json
from datetime import datetime
from uuid import uuid4

import pytest

from activities import actions
from activities.kinds import Result, VisitState
from activities.models import Visit
from tenants.scoping import working_for
from tests.activities.factories import make_plan
from tests.activities.places import DAY, HTMX, Login, at, filled
from tests.cast import Cast
from tests.funnel.factories import make_account

pytestmark = pytest.mark.django_db


def test_plan_then_record(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    client = login(acme.rep)
    local = (now + DAY).astimezone(acme.org.zone)
    plan = {
        "kind": "visit",
        "opportunity": "",
        "planned_at": f"{local:%Y-%m-%dT%H:%M}",
        "goal": "Trial agreed",
        "request_key": str(uuid4()),
    }
    url = at(acme, "activities:visit_plan", account=account.pk)
    assert client.post(url, {**plan, "goal": ""}).status_code == 422
    assert client.post(url, {**plan, "planned_at": "2020-01-01T10:00"}).status_code == 422
    assert client.post(url, plan).status_code == 303
    with working_for(acme.org):
        visit = Visit.objects.get()
    assert "Trial agreed" in client.get(at(acme, "salesops:today")).content.decode()
    record = at(acme, "activities:visit_new", visit=visit.pk)
    assert "Trial agreed" in client.get(record).content.decode()
    answer = client.post(record, filled(version=visit.version))
    assert answer.status_code == 303
    with working_for(acme.org):
        visit.refresh_from_db()
        assert (visit.state, visit.result) == (VisitState.DONE, Result.ADVANCED)


def test_recording_a_plan_that_moved_answers_409(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visit = make_plan(make_account(acme.rep), acme.rep, now)
        actions.change_visit(visit, seen=1, by=acme.manager, at=now, goal="Other")
    client, url = login(acme.rep), at(acme, "activities:visit_new", visit=visit.pk)
    assert client.post(url, filled(version=1), headers=HTMX).status_code == 409
    assert client.post(url, filled(version=2), headers=HTMX).status_code == 200


def test_a_plan_is_called_off_and_taken_back(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visit = make_plan(make_account(acme.rep), acme.rep, now)
    client = login(acme.rep)
    answer = client.post(at(acme, "activities:call_off", visit.pk), headers=HTMX)
    told = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert told["undo_url"] == at(acme, "activities:put_back", visit.pk)
    assert client.get(at(acme, "activities:visit_new", visit=visit.pk)).status_code == 404
    assert client.post(told["undo_url"], headers=HTMX).headers["HX-Refresh"] == "true"
    with working_for(acme.org):
        visit.refresh_from_db()
        assert visit.state == VisitState.PLANNED
