"""The form of a visit: what it offers, what it takes, what it answers."""

from datetime import datetime
from typing import Any

import pytest

from activities.models import NextAction, Visit
from funnel.models import StageSetting
from funnel.stages import Gate, Stage
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.activities.factories import make_visit
from tests.activities.places import DAY, HTMX, Login, at, filled
from tests.cast import Cast
from tests.funnel.factories import make_account, make_opportunity

pytestmark = pytest.mark.django_db


def test_the_customer_comes_first(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        visited, own = make_account(acme.rep, "Visited Ltd"), make_account(acme.rep, "Own Ltd")
        make_account(acme.partner, "Foreign Ltd")
        make_visit(visited, acme.rep, now)
    page = login(acme.rep).get(at(acme, "activities:visit_new")).content.decode()
    assert page.index("Visited Ltd") < page.index("Own Ltd")
    assert "Foreign Ltd" not in page
    assert f"?account={own.pk}" in page


def test_the_form_offers_what_the_customer_has(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, "Line monitoring")
        make_opportunity(acme.rep, "Backup room", account=opportunity.account)
        make_contact(opportunity.account, "何處長", position="製造")
    page = login(acme.rep).get(at(acme, "activities:visit_new", opportunity=opportunity.pk)).content.decode()
    assert "Line monitoring" in page
    assert "Backup room" in page
    assert "何處長" in page
    assert f'value="{opportunity.pk}" id="id_opportunity_' in page.replace(" required", "")
    assert "checked" in page.split(f'name="opportunity" value="{opportunity.pk}"')[1].split(">")[0]
    assert f'data-draft="visit:{opportunity.account_id}:{opportunity.pk}:"' in page


def test_a_visit_goes_in_and_is_said(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        contact = make_contact(opportunity.account)
    client, url = login(acme.rep), at(acme, "activities:visit_new", account=opportunity.account_id)
    data = filled(
        opportunity=opportunity.pk,
        contacts=[contact.pk],
        new_contact="on",
        new_name="Ms Lin",
        note="went well",
        commitment="sends layout",
    )
    answer = client.post(url, data, follow=True)
    assert answer.redirect_chain == [(at(acme, "salesops:today"), 303)]
    assert "Visit recorded" in answer.content.decode()
    with working_for(acme.org):
        visit = Visit.objects.get()
        assert (visit.note, visit.result, visit.commitment) == ("went well", "advanced", "sends layout")
        assert sorted(met.contact.name for met in visit.met.all()) == ["Ms Lin", contact.name]
        step = NextAction.objects.get()
        assert (step.text, step.opportunity_id, step.due_on.weekday()) == ("bring samples", opportunity.pk, 2)


def test_a_double_tap_makes_one_visit(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    client, url, data = login(acme.rep), at(acme, "activities:visit_new", account=account.pk), filled()
    for _tap in range(2):
        assert client.post(url, data, headers=HTMX).headers["HX-Redirect"] == at(acme, "salesops:today")
    with working_for(acme.org):
        assert Visit.objects.count() == NextAction.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": ""}, "Choose the result of the visit."),
        ({"next_text": ""}, "Write the next step, or choose “No follow-up needed”."),
        ({"next_text": "bring samples"}, "Say by when"),
        ({"next_text": "", "next_on": "tomorrow-ish"}, "Select a valid choice"),
        ({"next_on": "none"}, "chose no follow-up"),
        ({"when": "other"}, "Choose the day and time."),
        ({"when": "other", "when_at": "2999-01-01T10:00"}, "logged after it took place"),
        ({"when": "other", "when_at": "2001-01-01T10:00"}, "up to 180 days back"),
        ({"new_contact": "on"}, "Write the name"),
        ({"note": "x" * 5001}, "at most 5000"),
        ({"opportunity": "999999"}, "Select a valid choice"),
        ({"contacts": ["999999"]}, "Select a valid choice"),
        ({"note": "nul\0"}, "Null characters"),
        ({"next_text": "next Wed " + "x" * 250}, "at most 200 characters"),
    ],
)
def test_bad_input_keeps_what_was_typed(acme: Cast, login: Login, changes: dict[str, Any], said: str) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    url = at(acme, "activities:visit_new", account=account.pk)
    answer = login(acme.rep).post(url, filled(**{"commitment": "kept <b>here</b>", **changes}), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'class="errbox" role="alert" tabindex="-1" data-focus' in page
    assert "kept &lt;b&gt;here&lt;/b&gt;" in page
    assert "<html" not in page
    with working_for(acme.org):
        assert Visit.objects.count() == 0


def test_no_follow_up_is_an_answer(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    url = at(acme, "activities:visit_new", account=account.pk)
    assert login(acme.rep).post(url, filled(next_text="", next_on="none")).status_code == 303
    with working_for(acme.org):
        assert NextAction.objects.count() == 0


def test_a_tapped_day_counts_and_the_words_stay(acme: Cast, login: Login, now: datetime) -> None:
    with working_for(acme.org):
        account = make_account(acme.rep)
    tomorrow = now.astimezone(acme.org.zone).date() + DAY
    url = at(acme, "activities:visit_new", account=account.pk)
    login(acme.rep).post(url, filled(next_text="ask about Friday", next_on=tomorrow.isoformat()))
    with working_for(acme.org):
        step = NextAction.objects.get()
        assert (step.text, step.due_on) == ("ask about Friday", tomorrow)


def test_the_stage_moves_with_what_is_missing_said(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
    client, url = login(acme.rep), at(acme, "activities:visit_new", opportunity=opportunity.pk)
    page = client.get(url).content.decode()
    assert "Advance to Qualify" in page
    assert "Opportunity plan recorded" in page
    client.post(url, filled(opportunity=opportunity.pk, **{f"stage_{opportunity.pk}": "advance"}))
    with working_for(acme.org):
        opportunity.refresh_from_db()
        assert opportunity.stage == Stage.QUALIFY


def test_a_blocked_stage_is_not_offered(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep)
        StageSetting.objects.create(stage=Stage.DISCOVER, percent=0, gate=Gate.BLOCK)
    client, url = login(acme.rep), at(acme, "activities:visit_new", opportunity=opportunity.pk)
    page = client.get(url).content.decode()
    assert "file this evidence first" in page
    assert 'value="advance"' not in page
    sent = filled(opportunity=opportunity.pk, **{f"stage_{opportunity.pk}": "advance"})
    assert client.post(url, sent).status_code == 422


def test_what_is_typed_is_shown_back_as_a_date(acme: Cast, login: Login, now: datetime) -> None:
    client = login(acme.rep)
    page = client.get(at(acme, "activities:due", next_text="tomorrow call <b>")).content.decode()
    tomorrow = now.astimezone(acme.org.zone).date() + DAY
    assert str(tomorrow.day) in page
    assert "call &lt;b&gt;" in page
    assert client.get(at(acme, "activities:due", next="call")).content.strip() == b""
