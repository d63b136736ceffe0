"""The limits of health: what a change does, said before and done after."""

from datetime import timedelta

import pytest
from django.db import connection

from forecasting import actions, queries
from forecasting.actions import judging
from forecasting.health import OPEN_STAGES, STANDARD, SWITCHES
from forecasting.models import HealthSetting, HealthThreshold
from funnel import actions as funnel
from funnel.models import Opportunity
from funnel.stages import Stage
from jobs.models import Job
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.alerting import HTMX, make_overdue, text_of
from tests.forecasting.factories import NOW, TODAY, make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_limits_hold_at_once_and_say_before_what_they_do(acme: Cast) -> None:
    from forecasting.health import limits

    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        off = {(int(Stage.DEVELOP), "overdue"): 0, (int(Stage.DEVELOP), "silent"): 90}
        held = limits(HealthSetting.current().basis, off)
        assert queries.would_change(held, at=NOW) == [("overdue", 0, 1), ("silent", 0, 1)]
        for seen in (1, 2):
            actions.change_health(off, ladder=[3, 5, 7], seen=seen, by=acme.executive, at=NOW)
        opportunity.refresh_from_db()
        assert {"overdue", "silent"} & set(opportunity.flags) == set()
        assert AuditEvent.objects.filter(verb="health.limit_changed").count() == 2
        assert HealthThreshold.objects.count() == 2
        with pytest.raises(Stale):
            actions.change_health({}, ladder=[3], seen=1, by=acme.executive, at=NOW)
        actions.change_health({}, ladder=[2], seen=2, by=acme.executive, at=NOW)
        opportunity.refresh_from_db()
        assert "overdue" in opportunity.flags
        wrong: list[tuple[dict[tuple[int, str], int], list[int]]] = [({(1, "silent"): 99_999}, [3]), ({}, [5, 3])]
        for edited, ladder in wrong:
            with pytest.raises(Refused):
                actions.change_health(edited, ladder=ladder, seen=3, by=acme.executive, at=NOW)


def test_one_organizations_limits_and_mutes_are_its_own(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        actions.change_health({(3, "overdue"): 0}, ladder=[1], seen=1, by=globex.executive, at=NOW)
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
        assert "overdue" in opportunity.flags
        assert HealthSetting.current().ladder == [3, 5, 7]


def test_the_settings_say_what_they_do_and_ask(acme: Cast) -> None:
    with working_for(acme.org):
        make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
    client = sign_in(acme.admin)
    page = text_of(client, "health/")
    assert 'name="silent_3"' in page
    assert page.count('role="switch"') == len(SWITCHES) * len(OPEN_STAGES), "yes or no is no number"
    usual = {f"{code}_{at}": "on" for code in SWITCHES for at in OPEN_STAGES if STANDARD[code][at - 1]}
    form = {"version": 1, "ladder_1": 3, "ladder_2": 5, "ladder_3": 7, **usual}
    same = client.post("/o/acme/forecast/health/effects/", form, headers=HTMX).content.decode()
    assert "No opportunity would gain or lose a flag." in same
    del form["overdue_3"]
    effects = client.post("/o/acme/forecast/health/effects/", form, headers=HTMX).content.decode()
    assert "Overdue: 0 opportunities gain it, 1 loses it" in effects
    unread = client.post("/o/acme/forecast/health/", form)
    assert unread.status_code == 422
    shown = unread.content.decode()
    asked = shown.index("Read what this will do, then confirm it.")
    assert shown.index('id="limits-effects"') < asked < shown.index('name="confirmed"'), "it stands at the question"
    assert shown.count("data-focus") == 1
    assert "data-focus" in shown[shown.index('id="limits-effects"') : asked], "and takes the eye there"
    seal = unread.context["seal"]
    assert client.post("/o/acme/forecast/health/", {**form, "confirmed": seal}).status_code == 303
    with working_for(acme.org):
        assert not Opportunity.objects.filter(flags__contains=["overdue"]).exists()
        assert {(row.code, row.stage, row.value) for row in HealthThreshold.objects.all()} == {("overdue", 3, 0)}
    stale = client.post("/o/acme/forecast/health/", {**form, "overdue_3": "on", "silent_3": 5, "confirmed": "x"})
    assert stale.status_code == 409
    assert ">off<" in stale.content.decode()
    assert "as usual" in stale.content.decode()
    wrong = client.post("/o/acme/forecast/health/", {**form, "version": 2, "ladder_2": 1, "confirmed": seal})
    assert (wrong.status_code, "more days" in wrong.content.decode()) == (422, True)
    for typed in ("many", "-1", "3651"):
        bad = client.post("/o/acme/forecast/health/", {**form, "silent_1": typed})
        assert (bad.status_code, f'value="{typed}"' in bad.content.decode()) == (422, True)
        assert "Enter a whole number from 0 to 3,650." in bad.content.decode()
    assert sign_in(acme.manager).get("/o/acme/forecast/health/").status_code == 403
    assert (len(STANDARD) - len(SWITCHES)) * len(OPEN_STAGES) == page.count('inputmode="numeric"')


def test_many_are_judged_by_the_job_of_the_night_and_the_page_says_so(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MANY", 1)
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100, TODAY - DAY)
        actions.refresh_health(acme.org, at=NOW)
        assert "overdue" in Opportunity.objects.get(pk=one.pk).flags
        off = {(int(stage), "overdue"): 0 for stage in OPEN_STAGES}
        actions.change_health(off, ladder=[1], seen=1, by=acme.admin, at=NOW)
        assert "overdue" not in Opportunity.objects.get(pk=one.pk).flags  # one is judged at once
        make_opportunity(acme.rep, 100, TODAY)
        actions.change_health({}, ladder=[1], seen=2, by=acme.admin, at=NOW)
        assert "overdue" not in Opportunity.objects.get(pk=one.pk).flags
        job = Job.objects.get(kind=actions.JOB, by=acme.admin)
        assert job.payload == {"on": str(TODAY)}
        funnel.add_item(Stage.DISCOVER, label="Proof", by=acme.admin, at=NOW)
        assert Job.objects.filter(kind=actions.JOB, by=acme.admin).count() == 2  # each change is judged after it
        actions.refresh_health(acme.org, at=NOW)
        assert "overdue" in Opportunity.objects.get(pk=one.pk).flags


def test_judging_all_leaves_the_planner_as_it_was(acme: Cast) -> None:
    for standing in ("off", "on"):
        with working_for(acme.org), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL enable_nestloop = {standing}")
            actions.refresh_health(acme.org, at=NOW)
            cursor.execute("SHOW enable_nestloop")
            assert cursor.fetchone() == (standing,)
