"""People change the same opportunities at once while the night judges them: nobody waits for each other in a circle,
no flag is lost, and the alerts that stand are those of the flags."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from forecasting import actions as forecasting
from forecasting.models import Alert
from funnel import actions
from funnel.models import Opportunity
from funnel.stages import GRACE, Reason, Stage
from tenants.errors import Refused, Stale
from tenants.models import Membership
from tenants.scoping import reading, working_for
from tests.cast import Cast
from tests.funnel.factories import MILLION, make_account, make_opportunity

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ROUNDS = 20


def test_changes_at_once_and_the_night_at_the_same_opportunities(acme: Cast) -> None:
    with reading(acme.org):
        account = make_account(acme.rep)
        ids = [make_opportunity(acme.rep, f"Deal {n}", account).pk for n in range(4)]
    broken: list[BaseException] = []
    start = threading.Barrier(5)

    def in_turn(by: Membership, first: int, *steps: Callable[[Opportunity, Membership], Any]) -> None:
        """Do these steps to all, one after the other, beginning somewhere else than the others."""
        try:
            start.wait(30)
            for number in range(ROUNDS):
                pk = ids[(first + number) % len(ids)]
                for step in steps:
                    try:
                        with reading(acme.org):
                            step(Opportunity.objects.get(pk=pk), by)
                    except (Stale, Refused):
                        pass  # somebody was faster
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    def dates(found: Opportunity, by: Membership) -> None:
        day = timezone.localdate() + timedelta(days=3 if found.push_count % 2 else -3)
        actions.change_opportunity(found, seen=found.version, by=by, at=timezone.now(), expected_close_on=day)

    def price(found: Opportunity, by: Membership) -> None:
        worth = None if found.amount else MILLION
        actions.change_opportunity(found, seen=found.version, by=by, at=timezone.now(), amount=worth)

    def stage(found: Opportunity, by: Membership) -> None:
        to = Stage.QUALIFY if found.stage == Stage.DISCOVER else Stage.DISCOVER
        goes_on = {"why": "x", "until": timezone.localdate() + GRACE}
        actions.move(found, left=Stage(found.stage), to=to, by=by, at=timezone.now(), **goes_on)  # type: ignore[arg-type]  # both

    def ends(found: Opportunity, by: Membership) -> None:
        at = timezone.now()
        lost = actions.lose(found, seen=found.version, reason=Reason.PRICE, by=by, at=at)
        actions.reopen(lost, seen=lost.version, why="x", by=by, at=timezone.now())

    def night() -> None:
        try:
            start.wait(30)
            for _time in range(ROUNDS):
                with working_for(acme.org):
                    forecasting.refresh_health(acme.org, at=timezone.now())
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=in_turn, args=[acme.rep, 0, dates, ends]),
        threading.Thread(target=in_turn, args=[acme.manager, 1, stage, price]),
        threading.Thread(target=in_turn, args=[acme.executive, 2, price, dates, stage]),
        threading.Thread(target=night),
        threading.Thread(target=night),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert broken == []

    def stands() -> tuple[list[Any], set[Any]]:
        rows = Opportunity.objects.order_by("pk").values_list("pk", "health", "flags")
        alerts = Alert.objects.filter(cleared_at=None).values_list("opportunity_id", "code")
        assert len(alerts) == len(set(alerts)), "an alert stands twice"
        return [(pk, health, sorted(flags)) for pk, health, flags in rows], set(alerts)

    with reading(acme.org):
        rows, alerts = stands()
        assert {(pk, code) for pk, _health, flags in rows for code in flags} == alerts
        forecasting.judge(ids, timezone.now())
        assert stands() == (rows, alerts), "what stood was not what a judgement says"
