"""Alerts: told once, muted, going up the ladder, mailed once a day; and the pages that show and set them."""

from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils.translation import trans_real

from forecasting import actions, queries
from forecasting.actions import judging
from forecasting.health import OPEN_STAGES, STANDARD, SWITCHES
from forecasting.ladder import longest_mute, may_mute
from forecasting.models import Alert, Digest, HealthSetting, HealthThreshold, Mute
from funnel import actions as funnel
from funnel.models import Opportunity
from funnel.stages import Stage
from funnel.strategy import Influence
from jobs import running
from jobs.models import Job
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import NOW, TODAY, change, make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HTMX = {"HX-Request": "true"}


def told(member: Membership) -> list[str]:
    return [each.text for each in member.notifications.order_by("pk")]


def watch_dates_alone(cast: Cast, ladder: tuple[int, ...] = (3, 5, 7)) -> None:
    """Switch every rule off but that of the expected close."""
    off = {(int(stage), code): 0 for stage in OPEN_STAGES for code in STANDARD if code != "overdue"}
    actions.change_health(off, ladder=ladder, seen=1, by=cast.executive, at=NOW)


def make_overdue(owner: Membership, name: str = "Pump") -> Opportunity:
    return make_opportunity(owner, 100, TODAY - DAY, name=name)


def raise_flag(opportunity: Opportunity) -> None:
    """Let it be known as overdue, with an alert that nobody has heard of."""
    Opportunity.objects.filter(pk=opportunity.pk).update(flags=["overdue"], health="risk")
    Alert.objects.get_or_create(opportunity=opportunity, code="overdue", cleared_at=None, defaults={"since": NOW})


def test_owners_hear_at_once_of_what_others_raised_and_not_of_their_own(
    acme: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with working_for(acme.org):
        mine = make_opportunity(acme.rep, 100, TODAY, at=NOW, name="Pump")
        with django_capture_on_commit_callbacks(execute=True):
            change(mine, NOW, amount=None)
        assert told(acme.rep) == []
        theirs = make_opportunity(acme.rep2, 100, TODAY, at=NOW, name="Valve")
        with django_capture_on_commit_callbacks(execute=True):
            for days in (40, 80):
                theirs.refresh_from_db()
                funnel.change_opportunity(
                    theirs, seen=theirs.version, by=acme.manager, at=NOW, expected_close_on=TODAY + days * DAY
                )
        assert told(acme.rep2) == ["1 of your opportunities needs attention: Valve"]
        actions.tell_untold(acme.org, at=NOW)
        assert len(told(acme.rep2)) == 1


def test_an_alert_goes_up_the_ladder_once_a_step(acme: Cast) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme)
        make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        alert = Alert.objects.get(code="overdue")
        seen = []
        for day in range(9):
            for _ in range(2):
                actions.refresh_health(acme.org, at=alert.since + day * DAY)
            alert.refresh_from_db()
            seen.append((alert.step, len(told(acme.manager)), len(told(acme.executive))))
        assert seen == [
            (0, 0, 0),
            (0, 0, 0),
            (0, 0, 0),
            (1, 1, 0),
            (1, 1, 0),
            (2, 1, 1),
            (2, 1, 1),
            (3, 1, 1),  # nobody is above the executives
            (3, 1, 1),
        ]
        assert told(acme.manager) == ["1 opportunity of your people has waited too long: Pump"]
        assert told(acme.rep2) == told(acme.partner) == []


def test_a_flag_that_clears_and_returns_is_a_new_alert_that_begins_below(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        actions.refresh_health(acme.org, at=NOW + 4 * DAY)
        assert Alert.objects.standing().get(code="overdue").step == 1
        change(opportunity, NOW + 4 * DAY, expected_close_on=TODAY + 9 * DAY)
        assert not Alert.objects.standing().filter(code="overdue").exists()
        actions.refresh_health(acme.org, at=NOW + 15 * DAY)
        assert Alert.objects.standing().get(code="overdue").step == 0
        assert Alert.objects.filter(code="overdue").count() == 2


def test_the_ladder_is_the_organizations(acme: Cast) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme, (1,))
        make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        actions.refresh_health(acme.org, at=NOW + DAY)
        assert len(told(acme.manager)) == 1
        actions.refresh_health(acme.org, at=NOW + 30 * DAY)
        assert told(acme.executive) == []


def test_what_is_muted_neither_rings_nor_climbs_until_its_day_is_over(acme: Cast) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme)
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        Alert.objects.all().delete()
        actions.mute(opportunity, "overdue", until=TODAY + 4 * DAY, reason="Trade fair", seen=0, by=acme.rep, at=NOW)
        for day in range(5):
            actions.refresh_health(acme.org, at=NOW + day * DAY)
        assert told(acme.rep) == told(acme.manager) == []
        assert set(Alert.objects.standing().values_list("step", "told_at")) == {(0, None)}
        opportunity.refresh_from_db()
        assert opportunity.health == "risk"
        actions.refresh_health(acme.org, at=NOW + 5 * DAY)
        assert told(acme.rep) == ["1 of your opportunities needs attention: Pump"]
        assert len(told(acme.manager)) == 1


def test_a_mute_is_changed_lifted_and_recorded(acme: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        Alert.objects.all().delete()
        for _ in range(2):
            first = actions.mute(opportunity, "overdue", until=TODAY, reason="Fair", seen=0, by=acme.rep, at=NOW)
        theirs: dict[str, Any] = {"until": TODAY + DAY, "reason": "Fair", "by": acme.manager, "at": NOW}
        with pytest.raises(Stale) as stale:
            actions.mute(opportunity, "overdue", seen=0, **theirs)
        assert (stale.value.theirs["reason"], stale.value.changed_by) == ("Fair", acme.rep.name)
        actions.mute(opportunity, "overdue", seen=first.pk, **theirs)
        assert Mute.objects.get(ended_at=None).by == acme.manager
        assert AuditEvent.objects.filter(verb="alert.muted").count() == 2
        actions.refresh_health(acme.org, at=NOW)
        before = len(told(acme.rep))
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(2):
                actions.unmute(opportunity, "overdue", by=acme.rep, at=NOW)
        assert len(told(acme.rep)) == before + 1
        assert AuditEvent.objects.filter(verb="alert.unmuted").count() == 1
        with pytest.raises(Stale):
            actions.mute(opportunity, "overdue", seen=first.pk, **theirs)


def test_what_has_gone_up_is_muted_only_by_whom_it_has_reached(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        asked: dict[str, Any] = {"reason": "Fair", "seen": 0, "at": NOW}
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, by=acme.rep, **asked)
        Alert.objects.filter(code="overdue").update(step=1)
        with pytest.raises(Refused, match="mute_not_reached"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.rep, **asked)
        Alert.objects.filter(code="overdue").update(step=2)
        with pytest.raises(Refused, match="mute_not_reached"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.manager, **asked)
        far = TODAY + 90 * DAY
        assert actions.mute(opportunity, "overdue", until=far, by=acme.executive, **asked).until == far
        with pytest.raises(Refused, match="flag_not_standing"):
            actions.mute(opportunity, "shrinking", until=TODAY, by=acme.executive, **asked)
        funnel.lose(opportunity, seen=opportunity.version, reason="price", by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="mute_closed"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.executive, **asked)


def test_two_weeks_are_not_made_for_ever_by_asking_again(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
        late: dict[str, Any] = {"reason": "Fair", "at": NOW + 9 * DAY}
        first = actions.mute(opportunity, "overdue", until=TODAY + 9 * DAY, reason="x", seen=0, by=acme.rep, at=NOW)
        again: dict[str, Any] = {"seen": first.pk, **late}
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, by=acme.rep, **again)
        kept = actions.mute(opportunity, "overdue", until=TODAY + 14 * DAY, by=acme.rep, **again)
        actions.unmute(opportunity, "overdue", by=acme.rep, at=NOW + 9 * DAY)
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, seen=0, by=acme.rep, **late)
        told = actions.mute(opportunity, "overdue", until=TODAY + 60 * DAY, seen=0, by=acme.manager, **late)
        assert (kept.until, told.until) == (TODAY + 14 * DAY, TODAY + 60 * DAY)
        change(opportunity, NOW + 10 * DAY, expected_close_on=TODAY + 20 * DAY)
        actions.refresh_health(acme.org, at=NOW + 30 * DAY)  # it is overdue anew: another alert
        anew: dict[str, Any] = {"reason": "Fair", "seen": told.pk, "by": acme.rep, "at": NOW + 30 * DAY}
        assert actions.mute(opportunity, "overdue", until=TODAY + 44 * DAY, **anew).until == TODAY + 44 * DAY


@pytest.mark.parametrize(
    ("member", "step", "may"),
    [(1, 0, True), (1, 1, False), (2, 1, True), (2, 2, False), (3, 1, True), (3, 2, True), (3, 9, True)],
)
def test_who_may_mute_at_which_step(member: int, step: int, may: bool) -> None:
    rungs = [[2], [3, 4]]
    assert may_mute(member, step, rungs) is may
    assert longest_mute(member, rungs).days == (14 if member == 1 else 90)


def test_with_nobody_above_the_owner_mutes_alone() -> None:
    assert may_mute(1, 3, [])
    assert longest_mute(1, []).days == 90


@pytest.mark.parametrize(
    ("code", "until", "reason", "refused"),
    [
        ("nosuch", TODAY, "x", "flag_unknown"),
        ("overdue", TODAY - DAY, "x", "mute_past"),
        ("overdue", TODAY + 15 * DAY, "x", "mute_too_long"),
        ("silent", TODAY, " ", "reason_needed"),
        ("silent", TODAY, "x" * 201, "reason_too_long"),
    ],
)
def test_a_mute_that_is_refused(acme: Cast, code: str, until: date, reason: str, refused: str) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        with pytest.raises(Refused, match=refused):
            actions.mute(opportunity, code, until=until, reason=reason, seen=0, by=acme.rep, at=NOW)


# Thresholds -----------------------------------------------------------------------------------------------


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


# The mail of the day ----------------------------------------------------------------------------------


def digest(cast: Cast, at: datetime, run: Any) -> list[Any]:
    """Run the mails of a day; return those that went."""
    mail.outbox.clear()
    with working_for(cast.org):
        job = actions.start_digest(cast.org, at=at)
    if job is not None:
        with run(execute=True):
            running.run(job)
    return list(mail.outbox)


@pytest.fixture
def _catalogues() -> None:
    """Build the catalogues as a start does, and read them anew."""
    call_command("messages", "compile", verbosity=0, stdout=StringIO())
    trans_real._translations.clear()  # type: ignore[attr-defined]  # Django's own name


@pytest.mark.usefixtures("_catalogues")
@pytest.mark.parametrize(
    ("language", "subject", "word"),
    [
        ("en", "Acme: what needs attention", "needs attention: Pump"),
        ("zh-hant", "Acme：待處理的商機", "需要留意：Pump"),
        ("zh-hans", "Acme：待处理的商机", "需要留意：Pump"),
    ],
)
def test_the_mail_speaks_the_readers_language(acme: Cast, language: str, subject: str, word: str) -> None:
    from forecasting.tasks import _digest_mail

    acme.rep.user.language = language
    acme.rep.user.save()
    with working_for(acme.org):
        make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        news = actions.take_digest(acme.rep, on=TODAY, at=NOW)
        sent = _digest_mail(acme.org, acme.rep, news)
    assert sent.subject == subject
    assert word in sent.body
    html = str(sent.alternatives[0][0])
    assert "Pump Ltd" in html
    assert "/o/acme/forecast/alerts/" in html
    assert "/o/acme/profile/" in html


def test_one_mail_a_day_and_none_without_news_or_wish(
    acme: Cast, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = django_capture_on_commit_callbacks
    clock = [NOW]
    monkeypatch.setattr("jobs.running.timezone.now", lambda: clock[0])
    with working_for(acme.org):
        watch_dates_alone(acme)
        make_overdue(acme.rep)
        make_overdue(acme.rep2, "Valve")
        actions.refresh_health(acme.org, at=NOW)
    acme.rep2.user.daily_mail = False
    acme.rep2.user.save()
    early = NOW - timedelta(hours=4)  # 05:30 in Taipei
    assert digest(acme, early, run) == []
    assert [each.to for each in digest(acme, NOW, run)] == [[acme.rep.user.email]]
    assert digest(acme, NOW + timedelta(hours=3), run) == []
    clock[0] = NOW + DAY
    assert digest(acme, NOW + DAY, run) == []
    with working_for(acme.org):
        assert Digest.objects.count() == 1
        assert Job.objects.filter(kind="digest").count() == 2
        actions.refresh_health(acme.org, at=NOW + 3 * DAY)
    clock[0] = NOW + 3 * DAY
    assert [each.to for each in digest(acme, NOW + 3 * DAY, run)] == [[acme.manager.user.email]]


def test_a_mail_that_was_cut_short_is_not_sent_twice(acme: Cast) -> None:
    with working_for(acme.org):
        make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        assert len(actions.take_digest(acme.rep, on=TODAY, at=NOW)) == 1
        assert actions.take_digest(acme.rep, on=TODAY, at=NOW) == []
        assert actions.take_digest(acme.rep, on=TODAY + DAY, at=NOW + DAY) == []


# Pages ------------------------------------------------------------------------------------------------


def text_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(f"/o/acme/forecast/{path}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


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
    assert client.post(f"{path}unmute/", headers=BELOW)["HX-Redirect"] == LIST
    alone = {**BELOW, "HX-Current-URL": f"http://testserver{path}mute/"}
    for place in ("mute/", "unmute/"):
        assert client.post(path + place, quiet, headers=alone)["HX-Redirect"] == "/o/acme/forecast/alerts/"
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
    assert client.post(f"{path}/unmute/").status_code == 303
    with working_for(acme.org):
        assert Mute.objects.filter(ended_at=None).count() == 0
    assert client.get(path.replace("overdue", "nosuch") + "/mute/").status_code == 404
    for stranger in (acme.rep2,):
        assert sign_in(stranger).get(f"{path}/mute/").status_code == 404
    assert sign_in(acme.partner).get(f"{path}/mute/").status_code == 403


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
