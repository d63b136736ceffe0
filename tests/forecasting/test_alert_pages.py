"""Pages of alerts: the list, the flags of an opportunity, what clears them, the dialog that mutes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from forecasting import actions
from forecasting.models import Alert, Mute
from funnel import actions as funnel
from funnel.models import Opportunity
from funnel.strategy import Influence
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.alerting import HTMX, make_overdue, raise_flag, text_of
from tests.forecasting.factories import NOW, TODAY, make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_the_page_shows_mine_and_the_teams_who_knows_and_what_is_muted(acme: Cast) -> None:
    with working_for(acme.org):
        make_overdue(acme.rep)
        mine = make_overdue(acme.manager, "Valve")
        actions.refresh_health(acme.org, at=NOW)
        actions.refresh_health(acme.org, at=NOW + 4 * DAY)
        far = datetime.now(acme.org.zone).date() + DAY
        actions.mute(
            mine, "overdue", until=far, reason="Fair", seen=0, by=acme.executive, at=datetime.now(acme.org.zone)
        )
    client = sign_in(acme.manager)
    everyone, own = text_of(client, "alerts/"), text_of(client, "alerts/?of=mine")
    assert ("Pump" in everyone, "Pump" in own, "Valve" in own) == (True, False, True)
    assert f"told: {acme.rep.name}, {acme.manager.name}" in everyone, "the owner, then whoever leads them"
    assert "by Executive Acme" in own
    assert "Fair" in own, "why it is quiet"
    assert 'aria-current="page">Needs attention' in everyone, "the pages of the forecast stand above"
    assert "Pump" not in text_of(client, "alerts/?only=muted")
    assert "Pump" in text_of(client, "alerts/?only=climbed")
    assert "Pump" not in text_of(client, "alerts/?health=watch")
    assert "Pump" in text_of(client, "alerts/?health=risk&flag=overdue")
    assert "Valve" not in text_of(sign_in(acme.rep), "alerts/")


def test_a_mute_is_offered_only_to_whom_it_is_granted(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
    dialog = f"alerts/{opportunity.pk}/overdue/mute/"
    for step, allowed in ((0, "rep manager executive"), (1, "manager executive"), (2, "executive")):
        with working_for(acme.org):
            Alert.objects.filter(code="overdue").update(step=step)
        for who in ("rep", "manager", "executive"):
            client = sign_in(getattr(acme, who))
            for path in ("alerts/", f"alerts/{opportunity.pk}/"):
                text = text_of(client, path)
                may = who in allowed.split()
                assert (f"mute-{opportunity.pk}-overdue" in text) is may, (step, who, path)
                assert ("Only whom it reached last" in text) is not may
            assert ('name="until"' in text_of(client, dialog)) is may
    far = datetime.now(acme.org.zone).date() + DAY
    with working_for(acme.org):
        quiet: dict[str, Any] = {"until": far, "reason": "Fair", "seen": 0, "by": acme.executive}
        actions.mute(opportunity, "overdue", **quiet, at=datetime.now(acme.org.zone))
    client = sign_in(acme.rep)
    assert "Hear it again" in text_of(client, "alerts/"), "whoever may not mute it may still hear of it"
    assert "Hear it again" in text_of(client, dialog)


def test_a_mute_is_not_shown_once_its_day_is_over(acme: Cast) -> None:
    now = datetime.now(acme.org.zone)
    with working_for(acme.org):
        late = make_opportunity(acme.rep, 100, now.date() - 9 * DAY, at=now - 20 * DAY)
        actions.refresh_health(acme.org, at=now - 5 * DAY)
        late.refresh_from_db()
        until = now.date() - 2 * DAY
        actions.mute(late, "overdue", until=until, reason="Fair", seen=0, by=acme.rep, at=now - 5 * DAY)
    text = text_of(sign_in(acme.rep), "alerts/")
    assert ("Line 3" in text, "muted until" in text) == (True, False)


def test_each_flag_leads_to_what_clears_it_for_whom_may_do_it(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_opportunity(acme.rep, None, TODAY - DAY)
        actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
    text = text_of(sign_in(acme.rep), "alerts/")
    back = "next=%2Fo%2Facme%2Fforecast%2Falerts%2F"
    visit = f"visits/new/?account={opportunity.account_id}&amp;opportunity={opportunity.pk}&amp;{back}"
    for path in (f"funnel/{opportunity.pk}/edit/", visit, f"funnel/{opportunity.pk}/?{back}#opportunity-"):
        assert path in text


LIST = "/o/acme/forecast/alerts/?of=team&page=2"
BELOW = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{LIST}"}


def test_whoever_clears_or_mutes_a_flag_comes_back_to_the_list_as_it_was_narrowed(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
    client, home = sign_in(acme.rep), f"/o/acme/funnel/{opportunity.pk}/"
    typed = {
        "name": "Pump",
        "amount": "1000000",
        "quoted_currency": "TWD",
        "expected_close_on": "2031-01-01",
        "owner": acme.rep.pk,
        "stage": opportunity.stage,
        "version": opportunity.version,
    }
    edited = client.post(f"{home}edit/", typed, headers=BELOW)
    assert edited["HX-Redirect"] == LIST, edited.content.decode()
    let_go = {"reason": "no_budget", "note": "x", "version": opportunity.version + 1}
    closed = client.post(f"{home}close/abandoned/?on=page", let_go, headers=BELOW)
    assert closed["HX-Redirect"] == LIST, closed.content.decode()
    with working_for(acme.org):
        other = make_overdue(acme.rep, "Valve")
        actions.refresh_health(acme.org, at=NOW)
    quiet = {"until": (datetime.now(acme.org.zone).date() + DAY).isoformat(), "reason": "Fair", "seen": 0}
    path = f"/o/acme/forecast/alerts/{other.pk}/overdue/"
    assert client.post(f"{path}mute/", quiet, headers=BELOW)["HX-Redirect"] == LIST
    with working_for(acme.org):
        seen = {"seen": Mute.objects.get(ended_at=None).pk}
    assert client.post(f"{path}unmute/", seen, headers=BELOW)["HX-Redirect"] == LIST
    alone = {**BELOW, "HX-Current-URL": f"http://testserver{path}mute/"}
    for place in ("mute/", "unmute/"):
        with working_for(acme.org):
            standing = Mute.objects.filter(ended_at=None).first()
        asked = {**quiet, "seen": standing.pk if standing else 0}
        assert client.post(path + place, asked, headers=alone)["HX-Redirect"] == "/o/acme/forecast/alerts/"
    assert client.post(f"{path}unmute/")["Location"] == "/o/acme/forecast/alerts/"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/o/acme/", "//evil.example", "/o/globex/today/", "javascript:1"]
)
def test_a_way_back_stays_within_the_organization(acme: Cast, wanted: str) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
    client, page = sign_in(acme.rep), f"/o/acme/funnel/{opportunity.pk}/"
    for path in (page, f"{page}strategy/"):
        assert client.get(path, {"next": wanted}).context["back"] == ""
        assert f'href="{LIST.replace("&", "&amp;")}"' in client.get(path, {"next": LIST}).content.decode()
    visit = f"/o/acme/visits/new/?opportunity={opportunity.pk}"
    assert client.get(visit, {"next": wanted, "opportunity": str(opportunity.pk)}).context["back"] == page
    assert client.get(visit, {"next": LIST, "opportunity": str(opportunity.pk)}).context["back"] == LIST
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{wanted}"}
    typed = {"until": (datetime.now(acme.org.zone).date() + DAY).isoformat(), "reason": "Fair", "seen": 0}
    muted = client.post(f"/o/acme/forecast/alerts/{opportunity.pk}/overdue/mute/", typed, headers=headers)
    assert muted["HX-Redirect"] == "/o/acme/forecast/alerts/"


def test_the_page_of_an_opportunity_tells_of_its_flags_what_the_list_tells(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        far = datetime.now(acme.org.zone).date() + DAY
        quiet: dict[str, Any] = {"until": far, "reason": "Fair", "seen": 0, "by": acme.rep}
        actions.mute(opportunity, "overdue", **quiet, at=datetime.now(acme.org.zone))
    panel = f"/o/acme/forecast/alerts/{opportunity.pk}/"
    assert f'hx-get="{panel}"' in sign_in(acme.rep).get(f"/o/acme/funnel/{opportunity.pk}/").content.decode()
    text = text_of(sign_in(acme.manager), f"alerts/{opportunity.pk}/")
    for words in ("raised", f"told: {acme.rep.name}", "muted until", "Fair", f"mute-{opportunity.pk}-overdue"):
        assert words in text
    assert sign_in(acme.rep2).get(panel).status_code == 404


def test_the_board_leads_to_the_list_while_anything_stands_there(acme: Cast) -> None:
    link = 'href="/o/acme/forecast/alerts/" title="All flags'
    client = sign_in(acme.rep)
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
    for query in ("", "?health=attention"):
        assert link in client.get(f"/o/acme/funnel/{query}").content.decode()
    with working_for(acme.org):
        Opportunity.objects.filter(pk=opportunity.pk).update(health="ok", flags=[])
    assert link not in client.get("/o/acme/funnel/").content.decode()


def test_whoever_helps_is_not_led_to_what_others_decide(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        funnel.add_member(opportunity, member=acme.rep2, by=acme.rep, at=NOW)
        actions.refresh_health(acme.org, at=NOW)
    pages = ("forecast/alerts/", f"funnel/{opportunity.pk}/")
    for who, leads in ((acme.rep, True), (acme.manager, True), (acme.rep2, False)):
        for page in pages:
            text = sign_in(who).get(f"/o/acme/{page}").content.decode()
            assert (">Change the date</a>" in text) is leads
            assert ">Log a visit</a>" in text


def test_a_buyer_who_is_known_is_to_be_met_and_one_who_is_not_to_be_named(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100, TODAY, at=NOW)
    client, pages = sign_in(acme.rep), ("forecast/alerts/", f"funnel/{one.pk}/")
    said: dict[str, Any] = {"roles": ["eb"], "influence": Influence.MEDIUM, "attitude": None}
    for cure, other in (("Find the economic", "Meet the economic"), ("Meet the economic", "Find the economic")):
        with working_for(acme.org):
            if cure.startswith("Meet"):
                funnel.add_role(one, new_contact={"name": "Ms Lin", "position": ""}, **said, by=acme.rep, at=NOW)
            actions.refresh_health(acme.org, at=NOW)
            assert "no_power" in Opportunity.objects.get(pk=one.pk).flags
        for page in pages:
            text = client.get(f"/o/acme/{page}").content.decode()
            assert (cure in text, other in text) == (True, False)


def test_muting_by_the_dialog(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
    path, client = f"/o/acme/forecast/alerts/{opportunity.pk}/overdue", sign_in(acme.rep)
    assert client.get(f"{path}/mute/", headers=HTMX).status_code == 200
    empty = client.post(f"{path}/mute/", {"until": "", "reason": "Fair"}, headers=HTMX)
    assert (empty.status_code, "Fair" in empty.content.decode()) == (422, True)
    past = client.post(f"{path}/mute/", {"until": "2020-01-01", "reason": "Fair"}, headers=HTMX)
    assert (past.status_code, "later day" in past.content.decode()) == (422, True)
    until = (datetime.now(acme.org.zone).date() + DAY).isoformat()
    assert client.post(f"{path}/mute/", {"until": until, "reason": "Fair"}).status_code == 303
    assert "Fair" in client.get(f"{path}/mute/").content.decode()
    other = client.post(f"{path}/mute/", {"until": until, "reason": "Other", "seen": 0})
    assert (other.status_code, "Fair" in other.content.decode(), "Other" in other.content.decode()) == (409, True, True)
    unseen = client.post(f"{path}/unmute/", {"seen": 0}, headers=HTMX)
    assert (unseen.status_code, "Fair" in unseen.content.decode()) == (409, True)
    with working_for(acme.org):
        seen = {"seen": Mute.objects.get(ended_at=None).pk}
    assert client.post(f"{path}/unmute/", seen).status_code == 303
    with working_for(acme.org):
        assert Mute.objects.filter(ended_at=None).count() == 0
    assert client.get(path.replace("overdue", "nosuch") + "/mute/").status_code == 404
    for stranger in (acme.rep2,):
        assert sign_in(stranger).get(f"{path}/mute/").status_code == 404
    assert sign_in(acme.partner).get(f"{path}/mute/").status_code == 403
