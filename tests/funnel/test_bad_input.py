"""Ids no row can have, in the addresses and bodies of opportunities and targets."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Contact
from activities import labels as activities_labels
from funnel import actions, labels
from funnel.models import Evidence, Opportunity
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import make_account, make_opportunity

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


@pytest.mark.parametrize("account", ["9" * 5_000, "9" * 20, "²", "１２", "-1", "x\x00"])
def test_a_customer_that_cannot_be_is_no_customer(acme: Cast, login: Login, account: str) -> None:
    client = login(acme.rep)
    assert client.get("/o/acme/funnel/new/", {"account": account}).status_code == 200
    assert client.post("/o/acme/funnel/new/", {"account": account, "name": "x"}).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "１２"])
@pytest.mark.parametrize("page", ["", "table/"])
def test_a_day_beyond_all_calendars_narrows_nothing(acme: Cast, login: Login, page: str, day: str) -> None:
    asked = dict.fromkeys(["due_from", "due_to", "closed_from", "closed_to"], day)
    assert login(acme.manager).get(f"/o/acme/funnel/{page}", asked).status_code == 200


def board_move(client: Client, opportunity: Opportunity, **typed: str) -> Any:
    body = {"stage": "2", "version": str(opportunity.version), "anyway": "on", **typed}
    kind = "application/x-www-form-urlencoded"
    return client.post(f"/o/acme/funnel/{opportunity.pk}/move/", urlencode(body), content_type=kind)


@pytest.mark.parametrize("key", ["own-" + "9" * 5_000, "own-" + "9" * 25, "own-1", "a\x00b", "<b>"])
def test_evidence_for_an_item_that_is_not_there_is_refused(acme: Cast, login: Login, key: str) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    assert board_move(login(acme.rep), opportunity, **{f"{key}-note": "seen"}).status_code == 422
    with working_for(acme.org):
        assert Opportunity.objects.get().stage == 1


def test_a_move_that_is_refused_files_nothing(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    notes = {"opportunity_plan-note": "seen", "key_needs-note": "x" * 10_000}
    assert board_move(login(acme.rep), opportunity, **notes).status_code == 422
    with working_for(acme.org):
        assert not Evidence.objects.exists()
        assert Opportunity.objects.get().stage == 1


@pytest.mark.parametrize("name", ["\u200b", "a\nb", "\x07", "pay\u202eexe.pdf"])
def test_a_name_that_cannot_be_seen_or_turns_around_is_refused(acme: Cast, login: Login, name: str) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    typed = {"account": account.pk, "name": name, "owner": acme.rep.pk, "stage": 1, "quoted_currency": "TWD"}
    assert login(acme.rep).post("/o/acme/funnel/new/", typed).status_code == 422


@pytest.mark.parametrize("day", ["9999-12-31", "2201-01-01", "0001-01-01"])
def test_nothing_closes_in_the_year_9999(acme: Cast, login: Login, day: str) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    typed = {"account": account.pk, "name": "x", "owner": acme.rep.pk, "stage": 1, "quoted_currency": "TWD"}
    client = login(acme.rep)
    assert client.post("/o/acme/funnel/new/", {**typed, "expected_close_on": day}).status_code == 422
    assert client.post("/o/acme/funnel/new/", {**typed, "expected_close_on": "2030-01-31"}).status_code == 303


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u202e"])
def test_nobody_new_has_a_name_that_cannot_be_seen(acme: Cast, login: Login, name: str) -> None:
    """Wherever a person is recorded along the way: with evidence, a promise, a role, a visit."""
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    day, home = timezone.localdate().isoformat(), f"/o/acme/funnel/{opportunity.pk}/"
    visit = {"when": "now", "kind": "visit", "result": "advanced", "note": "Met", "next_on": "none"}
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"{home}evidence/key_people/", {"new_contact": name, "version": 0}),
        (f"{home}commitment/promise/", {"new_contact": name, "on": day, "what": "Yes"}),
        (f"{home}strategy/roles/", {"new_name": name, "roles": "user", "influence": 2, "attitude": "0"}),
        (f"/o/acme/visits/new/?account={opportunity.account_id}", {**visit, "new_contact": "on", "new_name": name}),
    ]
    for address, typed in sent:
        answer = login(acme.rep).post(address, typed)
        assert answer.status_code == 422, address
        assert "Write a name that can be read." in answer.content.decode(), address
    with working_for(acme.org):
        assert not Contact.objects.exists()


def test_what_another_app_refuses_is_a_sentence_here_too(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        with pytest.raises(Refused) as refused:
            actions.file_evidence(opportunity, "key_people", new_contact="\u200b", seen=0, by=acme.rep, at=AT)
    assert labels.refusal(refused.value) == "Write a name."
    assert activities_labels.refusal(refused.value) == "Write a name."
