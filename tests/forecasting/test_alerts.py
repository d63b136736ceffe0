"""Alerts: told once, going up the ladder, mailed once a day."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import trans_real

from forecasting import actions
from forecasting.models import Alert, Digest
from funnel import actions as funnel
from funnel.models import Opportunity
from jobs import running
from jobs.models import Job
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.alerting import make_overdue, told, watch_dates_alone
from tests.forecasting.factories import NOW, TODAY, change, make_opportunity

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


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


def test_what_is_raised_is_told_by_one_statement_after_the_commit(
    acme: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with working_for(acme.org):
        theirs = make_opportunity(acme.rep, 100, TODAY, at=NOW, name="Valve")
        with django_capture_on_commit_callbacks() as callbacks:
            funnel.change_opportunity(theirs, seen=theirs.version, by=acme.manager, at=NOW, amount=None)
        with CaptureQueriesContext(connection) as said:
            for callback in callbacks:
                callback()
        assert len([each for each in said if "SAVEPOINT" not in each["sql"]]) == 1
        assert told(acme.rep) == ["1 of your opportunities needs attention: Valve"]


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
    ("language", "subject", "word", "money"),
    [
        ("en", "Acme: what needs attention", "needs attention: Pump", "1.28M"),
        ("zh-hant", "Acme：待處理的商機", "需要留意：Pump", "128萬"),
        ("zh-hans", "Acme：待处理的商机", "需要留意：Pump", "128万"),
    ],
)
def test_the_mail_speaks_the_readers_language(acme: Cast, language: str, subject: str, word: str, money: str) -> None:
    from forecasting.tasks import _digest_mail

    acme.rep.user.language = language
    acme.rep.user.save()
    with working_for(acme.org):
        Opportunity.objects.filter(pk=make_overdue(acme.rep).pk).update(amount=128_000_000)
        actions.refresh_health(acme.org, at=NOW)
        news = actions.take_digest(acme.rep, on=TODAY, at=NOW)
        sent = _digest_mail(acme.org, acme.rep, news)
    assert sent.subject == subject
    assert word in sent.body
    assert f"Pump (Pump Ltd)  {money}\n" in sent.body
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
