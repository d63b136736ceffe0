"""Jobs run chunk by chunk; each chunk's effect, cursor and progress are one transaction."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from jobs import actions, running
from jobs.labels import KINDS, notification_text
from jobs.models import Job, Notification, StoredFile, WakeUp
from jobs.retries import LEASE, TRIES
from jobs.running import Progress, job_kind
from jobs.states import State
from tenants.errors import Refused
from tenants.models import AuditEvent, Membership, User
from tenants.scoping import working_for
from tests.cast import Cast

pytestmark = pytest.mark.django_db
AT = timezone.now()


@pytest.fixture
def kinds() -> Iterator[None]:
    """Kinds of job made for tests are gone afterwards."""
    before = set(KINDS)
    yield
    for code in set(KINDS) - before:
        del KINDS[code], running._chunks[code]


@pytest.fixture
def counting(kinds: None) -> None:
    """A kind that stores one file a chunk, `payload["upto"]` of them."""

    @job_kind("counting", label="Counting", steps={"count": "Count"}, counts={"made": "Made"})
    def count(job: Job, *, at: datetime) -> Progress:
        here, upto = job.cursor.get("next", 0), job.payload["upto"]
        if here == job.payload.get("cancels_itself_at"):
            actions.cancel(job, by=job.by, at=at)
        actions.store_file(f"{job.pk}-{here}", b"x", "text/plain", by=job.by, at=at)
        if here == job.payload.get("breaks_at"):
            raise ValueError("broken on purpose")
        if here == job.payload.get("refuses_at"):
            raise Refused("no_room")
        return Progress(
            here + 1, upto, "count", {"next": here + 1}, finished=here + 1 == upto, result={"made": here + 1}
        )


def make_job(acme: Cast, **payload: object) -> Job:
    with working_for(acme.org):
        return actions.enqueue("counting", payload={"upto": 3, **payload}, by=acme.rep, at=AT)


def files(acme: Cast) -> list[str]:
    with working_for(acme.org):
        return list(StoredFile.objects.order_by("pk").values_list("name", flat=True))


def test_a_job_runs_to_its_end_and_tells_who_started_it(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    assert running.run(job)
    assert (job.state, job.done, job.total, job.result) == (State.DONE, 3, 3, {"made": 3})
    assert job.started_at is not None
    assert job.ended_at is not None
    assert files(acme) == [f"{job.pk}-0", f"{job.pk}-1", f"{job.pk}-2"]
    assert not WakeUp.objects.exists()
    with working_for(acme.org):
        told = Notification.objects.get()
    assert (told.to_id, told.code, told.read_at) == (acme.rep.pk, "job_done", None)
    assert told.text == "“Counting” is done. Made 3."
    assert told.url == f"/o/acme/jobs/{job.pk}/"


def test_running_an_ended_job_again_changes_nothing(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    running.run(job)
    assert running.run(job)
    assert len(files(acme)) == 3


def test_a_failed_chunk_leaves_nothing_and_is_tried_again_later(acme: Cast, counting: None) -> None:
    job = make_job(acme, breaks_at=1)
    running.run(job)
    assert (job.state, job.done, job.cursor) == (State.RUNNING, 1, {"next": 1})
    assert files(acme) == [f"{job.pk}-0"]
    assert WakeUp.objects.get().next_at > timezone.now()
    with working_for(acme.org):
        Job.objects.update(payload={"upto": 3})
    running.run(job)
    assert job.state == State.DONE
    assert files(acme) == [f"{job.pk}-{n}" for n in range(3)]


def test_after_too_many_tries_it_fails_with_a_reference_that_stands_in_the_log(
    acme: Cast, counting: None, caplog: pytest.LogCaptureFixture
) -> None:
    job = make_job(acme, breaks_at=1)
    waits = []
    for _ in range(TRIES - 1):
        before = timezone.now()
        running.run(job)
        assert job.state == State.RUNNING
        waits += [round((turn.next_at - before).total_seconds()) for turn in WakeUp.objects.all()]
    running.run(job)
    assert job.state == State.FAILED
    assert waits == [2, 8, 32, 128]
    assert job.error in caplog.text
    assert (job.done, job.total) == (1, 3)
    assert files(acme) == [f"{job.pk}-0"]
    with working_for(acme.org):
        assert Notification.objects.get().text == f"“Counting” failed; 1 of 3 were done. Reference: {job.error}"


def test_a_job_whose_worker_always_dies_is_given_up(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    WakeUp.objects.update(attempts=TRIES)  # picked up so often, and never a chunk succeeded
    running.run(job)
    assert job.state == State.FAILED
    assert files(acme) == []


def test_a_refusal_ends_the_job_at_once_with_its_code(acme: Cast, counting: None) -> None:
    job = make_job(acme, refuses_at=1)
    running.run(job)
    assert (job.state, job.error, job.done) == (State.FAILED, "no_room", 1)


def test_a_cancelled_job_stops_at_the_next_border_and_keeps_what_is_done(acme: Cast, counting: None) -> None:
    job = make_job(acme, cancels_itself_at=1)
    running.run(job)
    assert (job.state, job.done) == (State.CANCELLED, 2)
    assert len(files(acme)) == 2
    with working_for(acme.org):
        assert Notification.objects.get().text == "“Counting” was cancelled; 2 of 3 were done."
        assert AuditEvent.objects.filter(verb="job.cancelled").count() == 1
        actions.cancel(job, by=acme.rep, at=AT)
        assert AuditEvent.objects.filter(verb="job.cancelled").count() == 1


def test_a_job_cancelled_before_it_began_does_nothing(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    with working_for(acme.org):
        actions.cancel(job, by=acme.rep, at=AT)
    running.run(job)
    assert (job.state, files(acme)) == (State.CANCELLED, [])


def test_a_long_job_makes_room_for_others(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    assert not running.run(job, seconds=0)
    assert len(files(acme)) == 1
    assert running.run(job)
    assert len(files(acme)) == 3


def test_one_key_one_running_job(acme: Cast, globex: Cast, counting: None) -> None:
    with working_for(acme.org):
        first = actions.enqueue("counting", payload={"upto": 1}, by=acme.rep, at=AT, unique_key="night")
        second = actions.enqueue("counting", payload={"upto": 1}, by=acme.rep2, at=AT, unique_key="night")
        assert second == first
    with working_for(globex.org):
        other = actions.enqueue("counting", payload={"upto": 1}, by=globex.rep, at=AT, unique_key="night")
    running.run(first)
    with working_for(acme.org):
        third = actions.enqueue("counting", payload={"upto": 1}, by=acme.rep, at=AT, unique_key="night")
    assert len({first.pk, other.pk, third.pk}) == 3


def test_the_sweep_wakes_what_waits_too_long_and_only_that(
    acme: Cast,
    counting: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("jobs.actions.current_app.send_task", lambda *_, kwargs, **__: sent.append(kwargs["job_id"]))
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job(acme)
    assert sent == [job.pk]
    sent.clear()
    for late, expected in [(LEASE - timedelta(seconds=1), []), (LEASE, [job.pk]), (LEASE, [])]:
        with django_capture_on_commit_callbacks(execute=True):
            actions.sweep(at=AT + late)
        assert sent == expected
        sent.clear()


def test_nobody_is_told_the_same_thing_twice(acme: Cast) -> None:
    with working_for(acme.org):
        for _ in range(2):
            actions.notify(acme.rep, "job_done", data={"title": "X"}, url="/", unique_key="one", at=AT)
        actions.notify(acme.rep2, "job_done", data={"title": "X"}, url="/", unique_key="one", at=AT)
        assert Notification.objects.count() == 2


def test_a_notification_without_its_words_still_says_something() -> None:
    assert notification_text("unheard_of", {"a": 1}) == "unheard_of"


def test_the_worker_holds_the_lock_of_the_wake_up_so_that_a_job_can_be_cancelled(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    with working_for(acme.org), connection.cursor() as cursor:
        running._lock(acme.org, job.pk)
        cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 'jobs_job'::regclass AND mode = 'RowShareLock'")
        assert cursor.fetchone() == (0,)


# Whoever started it is deactivated ----------------------------------------------------------------


def test_a_job_of_a_deactivated_member_is_cancelled_before_its_first_chunk(acme: Cast, counting: None) -> None:
    job = make_job(acme)
    Membership.objects.filter(pk=acme.rep.pk).update(is_active=False)
    begun: list[int] = []

    def begin(job: Job, *, at: datetime) -> Progress:
        begun.append(job.pk)
        return Progress(1, 1, "count", {}, finished=True)

    running._chunks["counting"] = begin
    assert running.run(job)
    assert (job.state, job.done) == (State.CANCELLED, 0)
    assert begun == [], "it is not even begun"
    assert files(acme) == []
    assert not WakeUp.objects.exists()


def test_a_member_deactivated_while_a_chunk_runs_has_that_chunk_taken_back(acme: Cast, kinds: None) -> None:
    @job_kind("leaving", label="Leaving")
    def leave(job: Job, *, at: datetime) -> Progress:
        here = job.cursor.get("next", 0)
        actions.store_file(f"{job.pk}-{here}", b"x", "text/plain", by=job.by, at=at)
        if here == 1:
            User.objects.filter(pk=acme.rep.user_id).update(is_active=False)
        return Progress(here + 1, 3, "", {"next": here + 1}, finished=here == 2)

    with working_for(acme.org):
        job = actions.enqueue("leaving", payload={}, by=acme.rep, at=AT)
    running.run(job)
    assert files(acme) == [f"{job.pk}-0"], "the first chunk stays, the second never was"
    # The test switches the person off inside the chunk, so that is taken back as well; outside it would stand.
    assert (job.state, job.done) == (State.CANCELLED, 1)


def test_jobs_of_the_system_and_of_colleagues_go_on(acme: Cast, counting: None) -> None:
    Membership.objects.filter(pk=acme.rep.pk).update(is_active=False)
    with working_for(acme.org):
        nightly = actions.enqueue("counting", payload={"upto": 1, "breaks_at": None}, by=None, at=AT)
        other = actions.enqueue("counting", payload={"upto": 1}, by=acme.rep2, at=AT)
    for job in (nightly, other):
        running.run(job)
        assert job.state == State.DONE
