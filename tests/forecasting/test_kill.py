"""A worker killed in each step of a night, and while it writes the mails of a day: nothing half, nothing twice."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from forecasting import actions
from forecasting.models import Alert, Digest, OpportunitySnapshot
from funnel.models import Change, Opportunity
from jobs.actions import enqueue
from jobs.models import Notification
from tenants.actions.locking import one_at_a_time
from tenants.models import ExchangeRate
from tenants.scoping import reading
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity
from tests.jobs.test_kill import Place, now, place

__all__ = ["place"]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DAY = timedelta(days=1)


def done_so_far(cast: Cast) -> dict[str, Any]:
    """What a night does, and how often it did it."""
    with reading(cast.org):
        return {
            "rates": Counter(Change.objects.filter(kind="rate").values_list("opportunity_id", flat=True)),
            "alerts": Counter(Alert.objects.values_list("opportunity_id", "code")),
            "steps": dict(Alert.objects.values_list("pk", "step")),
            "told": Counter(Notification.objects.values_list("to_id", "code")),
            "stored": Counter(OpportunitySnapshot.objects.values_list("opportunity_id", "on")),
        }


def test_killed_in_each_step_of_a_night(acme: Cast, place: Place) -> None:
    with reading(acme.org):
        ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate="31.5")
        quoted = [make_opportunity(acme.rep, f"Line {n}", quoted_currency="USD").pk for n in range(3)]
        other = make_opportunity(acme.rep2, "Press").pk  # what it lacked in January goes up to the top at once
        ExchangeRate.objects.create(currency="USD", on=AT.date() + DAY, rate="32.1")
        Notification.objects.all().delete()
        before = done_so_far(acme)
        job = actions.start_night(acme.org, at=timezone.now())
        assert job is not None

    place.kill_before(lambda: Opportunity.objects.select_for_update().get(pk=quoted[1]), org=acme.org)
    assert done_so_far(acme) == before, "of the rates, nothing"
    assert not before["rates"]
    assert not before["told"]
    assert not any(before["steps"].values())

    place.kill_before(lambda: Opportunity.objects.select_for_update().get(pk=other), org=acme.org)
    valued = {**before, "rates": dict.fromkeys(quoted, 1)}
    assert done_so_far(acme) == valued, "of health, nothing: no alert, and nobody was told"
    assert now(acme, job).done == 1

    place.kill_before(lambda: one_at_a_time(f"forecasting.snapshot:{acme.org.pk}"), org=acme.org)
    judged = done_so_far(acme)
    assert judged["rates"] == valued["rates"]
    assert judged["alerts"][other, "overdue"] == 1
    assert max(judged["steps"].values()) == 3
    assert {acme.rep.pk, acme.rep2.pk, acme.manager.pk, acme.executive.pk} == {to for to, _code in judged["told"]}
    assert set(judged["alerts"].values()) == set(judged["told"].values()) == {1}
    assert not judged["stored"]

    place.go_on(acme, job)
    whole = done_so_far(acme)
    assert whole == {**judged, "stored": whole["stored"]}, "nothing of the steps before was done again"
    assert {pk for pk, _on in whole["stored"]} == {*quoted, other}
    assert set(whole["stored"].values()) == {1}


class PostOffice(threading.Thread):
    """A mail server that takes what it is sent, and is deaf in the middle of a mail to `deaf_to`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.door.getsockname()[1]}/?tls=0"
        self.taken: list[str] = []
        self.deaf_to = ""
        self.is_deaf = threading.Event()

    def run(self) -> None:
        while True:
            try:
                talk, _address = self.door.accept()
            except OSError:
                return
            with talk, talk.makefile("rwb", buffering=0) as lines:
                self._serve(lines)

    def _serve(self, lines: Any) -> None:
        to, in_text = "", False
        lines.write(b"220 here\r\n")
        while line := lines.readline():
            if in_text and line != b".\r\n":
                continue
            if line.upper().startswith(b"RCPT"):
                to = line.decode().partition("<")[2].partition(">")[0]
            if line.upper().startswith(b"DATA"):
                if to == self.deaf_to:
                    self.is_deaf.set()
                    lines.readline()
                    return
                in_text = True
                lines.write(b"354 go on\r\n")
                continue
            if in_text:
                self.taken.append(to)
                in_text = False
            lines.write(b"250 fine\r\n")


@pytest.fixture
def post() -> Iterator[PostOffice]:
    """A mail server."""
    office = PostOffice()
    office.start()
    yield office
    office.door.close()


def test_killed_while_the_mails_of_a_day_are_written_and_sent(acme: Cast, place: Place, post: PostOffice) -> None:
    place.settings["EMAIL_URL"] = post.url
    with reading(acme.org):
        people = [acme.rep, acme.rep2, acme.manager, acme.executive]
        for owner in (acme.rep, acme.rep2):
            make_opportunity(owner, f"Deal of {owner.pk}")
        actions.refresh_health(acme.org, at=timezone.now())
        today = timezone.localdate()
        on = {"on": today.isoformat()}
        job = enqueue(actions.DIGEST_JOB, payload=on, by=None, at=timezone.now())
    first, second, third, fourth = (each for each in sorted(people, key=lambda each: each.pk))

    def write_to(member: Any) -> None:
        at = timezone.now()
        Digest.objects.create(to=member, on=today, since=at, until=at)

    place.kill_before(lambda: write_to(second), org=acme.org)
    assert post.taken == [first.user.email]
    with reading(acme.org):
        assert set(Digest.objects.values_list("to_id", flat=True)) == {first.pk}

    post.deaf_to = third.user.email
    place.start_worker()
    place.wake_until(post.is_deaf.is_set)
    place.kill_worker()
    assert post.taken == [each.user.email for each in (first, second)]
    post.deaf_to = ""

    place.go_on(acme, job)
    sent = Counter(post.taken)
    assert {sent[each.user.email] for each in (first, second, fourth)} == {1}
    assert sent[third.user.email] == 0, "whether it went out nobody knows: the bell tells, the mail is not sent twice"
    with reading(acme.org):
        assert set(Digest.objects.values_list("to_id", flat=True)) == {each.pk for each in people}
