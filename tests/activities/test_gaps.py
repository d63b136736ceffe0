"""What we do not know becomes a next action, and the sheet hears what became of it."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from activities import actions
from activities.models import NextAction
from funnel import actions as funnel
from funnel.models import InformationGap, Opportunity
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import working_for
from tests.activities.factories import make_step
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep)


@pytest.fixture
def gap(acme: Cast, found: Opportunity) -> InformationGap:
    return funnel.add_gap(found, text="When does the board meet?", by=acme.rep, at=AT)


def stands(gap: InformationGap) -> tuple[Any, date | None, bool]:
    gap.refresh_from_db()
    return gap.sought_by, gap.sought_until, gap.closed_at is not None


def seek(cast: Cast, found: Opportunity, gap: InformationGap, **facts: Any) -> NextAction:
    return make_step(found.account, cast.rep, AT, opportunity=found, gap=gap, **facts)


def test_the_sheet_hears_whatever_becomes_of_it(acme: Cast, found: Opportunity, gap: InformationGap) -> None:
    step = seek(acme, found, gap)
    assert stands(gap) == (acme.rep, date(2026, 1, 8), False)
    step = actions.postpone(step, seen=1, due_on=date(2026, 1, 9), by=acme.rep, at=AT)
    assert stands(gap) == (acme.rep, date(2026, 1, 9), False)
    actions.complete(step, by=acme.rep, at=AT)
    assert stands(gap) == (acme.rep, date(2026, 1, 9), True)
    actions.take_back(step, by=acme.rep, at=AT)
    assert stands(gap) == (acme.rep, date(2026, 1, 9), False)
    actions.drop(step, by=acme.rep, at=AT)
    assert stands(gap) == (None, None, False)
    assert gap.version == 1  # nobody typed anything


def test_what_was_written_down_stays_when_the_action_is_taken_back(
    acme: Cast, found: Opportunity, gap: InformationGap
) -> None:
    step = actions.complete(seek(acme, found, gap), by=acme.rep, at=AT)
    said: dict[str, Any] = {"text": gap.text, "answer": "In March", "is_known": True}
    funnel.change_gap(found, gap.pk, seen=1, by=acme.rep, at=AT, **said)
    actions.take_back(step, by=acme.rep, at=AT)
    assert stands(gap)[2]


def test_one_finds_it_out_at_a_time(acme: Cast, found: Opportunity, gap: InformationGap) -> None:
    key = uuid4()
    step = seek(acme, found, gap, request_key=key)
    assert seek(acme, found, gap, request_key=key) == step  # a double click
    with pytest.raises(Refused, match="gap_sought"):
        seek(acme, found, gap)
    actions.complete(step, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="gap_closed"):
        seek(acme, found, gap)
    assert NextAction.objects.count() == 1


def test_a_gap_of_another_opportunity_is_refused(acme: Cast, gap: InformationGap) -> None:
    other = make_opportunity(acme.rep, "Other")
    for opportunity in (other, None):
        with pytest.raises(Refused, match="opportunity_elsewhere"):
            make_step(other.account, acme.rep, AT, opportunity=opportunity, gap=gap)


def test_the_dialog_makes_the_action_and_goes_back_to_the_sheet(
    acme: Cast, login: Callable[[Membership], Client]
) -> None:
    found = make_opportunity(acme.rep, at=timezone.now() - timedelta(days=2))
    gap = funnel.add_gap(found, text="When does the board meet?", by=acme.rep, at=timezone.now())
    path, browser = f"/o/{acme.org.slug}/visits/seek/{gap.pk}/", login(acme.rep)
    sheet = f"/o/{acme.org.slug}/funnel/{found.pk}/strategy/"
    assert path in browser.get(sheet).content.decode()
    dialog = browser.get(path, headers=HTMX)
    assert (dialog["HX-Retarget"], "When does the board meet?" in dialog.content.decode()) == ("#dialog", True)
    key = str(uuid4())
    bad = browser.post(path, {"next_text": "Ask the clerk", "request_key": key}, headers=HTMX)
    assert (bad.status_code, "Ask the clerk" in bad.content.decode()) == (422, True)
    on = (timezone.now() + timedelta(days=1)).astimezone(acme.org.zone).date().isoformat()
    said = {"next_text": "Ask the clerk tomorrow", "request_key": key}
    for _click in range(2):
        answer = browser.post(path, said, headers=HTMX)
        assert answer["HX-Redirect"] == sheet
    step = NextAction.objects.get()
    assert (step.gap, step.owner, step.text, step.due_on.isoformat()) == (gap, acme.rep, "Ask the clerk", on)
    assert "Rep Acme finds out by" in browser.get(sheet).content.decode()
    assert browser.post(path, {**said, "request_key": str(uuid4())}, headers=HTMX).status_code == 422
    assert login(acme.rep2).get(path).status_code == 404
    assert login(acme.colleague).get(path).status_code == 403
