"""Alerts are written only of opportunities that are locked: two who judge the same never wait for each other."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from forecasting import actions
from forecasting.models import Alert
from funnel.models import Opportunity
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_opportunity


def judge_impatiently(acme: Cast, deal: Opportunity) -> None:
    with reading(acme.org):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 50")
        actions.judge([deal.pk], timezone.now())


def night_that_waits_for(acme: Cast, deal: Opportunity, change: Callable[[], None]) -> None:
    """Judge everything, held up between verdict and writing by a change of `deal`."""
    taken, waits = threading.Event(), threading.Event()
    broken: list[BaseException] = []

    def judge() -> None:
        try:
            taken.wait(20)
            waits.set()
            with working_for(acme.org):
                actions.refresh_health(acme.org, at=timezone.now())
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    other = threading.Thread(target=judge)
    other.start()
    with working_for(acme.org), transaction.atomic():
        Opportunity.objects.select_for_update(no_key=True).get(pk=deal.pk)
        taken.set()
        assert waits.wait(20)
        deadline, has_met = time.monotonic() + 20, False
        with connection.cursor() as cursor:
            while not has_met and time.monotonic() < deadline:
                cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
                has_met = cursor.fetchone() is not None
                time.sleep(0.02)
        assert has_met
        change()
    other.join()
    assert broken == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("opens", [True, False])
def test_an_alert_waits_for_the_row_although_its_verdict_stands(acme: Cast, opens: bool) -> None:
    with working_for(acme.org):
        deal = make_opportunity(acme.rep, expected_close_on=(AT + DAY).date())
        actions.refresh_health(acme.org, at=timezone.now())
    with reading(acme.org):
        first = Alert.objects.order_by("pk").first()
        assert first is not None
        alerts = Alert.objects.count()
        if opens:
            Alert.objects.all().delete()
        else:
            Alert.objects.create(opportunity=deal, code="regressed", since=AT)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with working_for(acme.org), transaction.atomic():
                Opportunity.objects.select_for_update(no_key=True).get(pk=deal.pk)
                taken.set()
                done.wait(20)
        finally:
            connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert taken.wait(20)
        with pytest.raises(OperationalError, match="lock timeout"):
            judge_impatiently(acme, deal)
    finally:
        done.set()
        other.join()
    with working_for(acme.org):
        actions.judge([deal.pk], timezone.now())
    with reading(acme.org):
        assert Alert.objects.filter(cleared_at=None).count() == alerts


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_who_waited_for_a_change_does_not_open_again_what_it_opened_anew(acme: Cast) -> None:
    with working_for(acme.org):
        deal = make_opportunity(acme.rep, expected_close_on=(AT + DAY).date())
        actions.refresh_health(acme.org, at=timezone.now())
    with reading(acme.org):
        flags = Opportunity.objects.get(pk=deal.pk).flags
        Alert.objects.update(cleared_at=timezone.now())
        Opportunity.objects.filter(pk=deal.pk).update(flags=[])
    assert flags

    def change() -> None:
        Opportunity.objects.filter(pk=deal.pk).update(flags=flags, health="risk")
        Alert.objects.bulk_create(Alert(opportunity=deal, code=code, since=timezone.now()) for code in flags)

    night_that_waits_for(acme, deal, change)
    with reading(acme.org):
        standing = Alert.objects.standing().filter(opportunity=deal)
        assert sorted(standing.values_list("code", flat=True)) == sorted(flags)
        assert Alert.objects.count() == 2 * len(flags)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_verdict_that_a_change_overtook_opens_and_clears_nothing(acme: Cast, is_over: bool) -> None:
    """The change has had its opportunity judged itself: an alert stands for what is so now."""
    late, soon = (AT + DAY).date(), timezone.now().date() + 30 * DAY
    with working_for(acme.org):
        deal = make_opportunity(acme.rep, expected_close_on=late)
        actions.refresh_health(acme.org, at=timezone.now())
    with reading(acme.org):
        overdue = Alert.objects.filter(opportunity=deal, code="overdue")
        if is_over:
            overdue.delete()  # the night is about to open it
        else:
            Opportunity.objects.filter(pk=deal.pk).update(expected_close_on=soon)  # the night is about to clear it

    def change() -> None:
        Opportunity.objects.filter(pk=deal.pk).update(expected_close_on=soon if is_over else late)

    night_that_waits_for(acme, deal, change)
    with reading(acme.org):
        assert overdue.filter(cleared_at=None).exists() is not is_over
