"""A worker is killed with -9 in the middle of a job: nothing is lost, nothing is done twice.

With a real worker process and a real broker: the filesystem transport, and Redis.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from jobs import actions
from jobs.models import Job, StoredFile, WakeUp
from jobs.states import State
from tenants.models import Organization
from tenants.scoping import reading, working_for
from tests.cast import Cast
from tests.jobs.slow_worker import CHUNKS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def wait_for(what: Callable[[], bool], *, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def address(alias: str) -> str:
    """The address of the test's own database, for another process."""
    known = connections[alias].settings_dict
    user, password = quote(str(known["USER"]), safe=""), quote(str(known["PASSWORD"]), safe="")
    host = quote(str(known["HOST"]), safe="")
    return f"postgres://{user}:{password}@{host}:{known['PORT']}/{known['NAME']}"


@dataclass
class Place:
    """Where a broker and its workers live."""

    folder: Path
    redis_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def broker(self) -> Path:
        return self.folder / "broker"

    def start_worker(self) -> None:
        """Start a worker as the supervisor does."""
        env = {
            **os.environ,
            "DATABASE_URL": address("default"),
            "DATABASE_OWNER_URL": address("owner"),
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": "test",
            "VAR_DIR": str(self.folder),
            **self.settings,
        }
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.slow_worker", "worker"]
        command += ["--without-gossip", "--without-mingle"]
        command += ["--concurrency", "2"] if self.redis_url else ["--pool", "solo"]
        with (self.folder / "worker.log").open("ab") as log:
            self.workers.append(
                subprocess.Popen(
                    command, cwd=settings.BASE_DIR, env=env, stdout=log, stderr=log, start_new_session=True
                )
            )

    def kill_worker(self) -> None:
        """Kill -9 the worker and its children."""
        worker = self.workers.pop()
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def kill_before(self, what: Callable[[], object], *, org: Organization) -> None:
        """Start a worker, let it run into what `what` holds meanwhile, and kill it there."""
        with held(what, org=org):
            self.start_worker()
            self.wake_until(somebody_waits)
            self.kill_worker()

    def go_on(self, acme: Cast, job: Job) -> None:
        """Start a worker and let it come to the end."""
        self.start_worker()
        self.wake_until(lambda: now(acme, job).has_ended)
        self.kill_worker()
        assert now(acme, job).state == State.DONE

    def wake_until(self, what: Callable[[], bool]) -> None:
        """Wait, and sweep from time to time as if the lease had run out: a worker that was killed may look busy."""
        end = time.monotonic() + 60
        while not what():
            assert time.monotonic() < end, "waited in vain"
            with transaction.atomic():
                free = WakeUp.objects.select_for_update(skip_locked=True).values_list("pk", flat=True)
                WakeUp.objects.filter(pk__in=list(free)).update(next_at=timezone.now())
            actions.sweep(at=timezone.now())
            for _ in range(20):
                if not what():
                    time.sleep(0.1)

    def wipe(self) -> None:
        """Lose every message."""
        if self.redis_url:
            with redis.Redis.from_url(self.redis_url) as client:
                client.flushall()
        else:
            shutil.rmtree(self.broker)
            self.make_folders()

    def make_folders(self) -> None:
        for name in ("messages", "control"):
            (self.broker / name).mkdir(parents=True, exist_ok=True)

    def sender(self) -> Celery:
        """The application by which this process sends its wake-ups there."""
        messages = str(self.broker / "messages")
        folders = {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(self.broker / "control"),
        }
        app = Celery("sender", broker=self.redis_url or "filesystem://", set_as_current=False)
        app.conf.broker_transport_options = {} if self.redis_url else folders
        return app


@contextmanager
def held(what: Callable[[], object], *, org: Organization) -> Iterator[None]:
    """Do `what` in a transaction that stays open meanwhile, and take it back."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with reading(org):
                what()
                taken.set()
                done.wait(120)
                transaction.set_rollback(True)
        finally:
            connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert taken.wait(20)
        yield
    finally:
        done.set()
        other.join()


def somebody_waits() -> bool:
    """Whether something waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_answers(port: int) -> bool:
    with redis.Redis(port=port) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture(params=["filesystem", pytest.param("redis", marks=pytest.mark.redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A broker of each kind, with nothing else on it."""
    server = None
    here = Place(tmp_path)
    here.make_folders()
    if request.param == "redis":
        port = free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: redis_answers(port))
        here.redis_url = f"redis://127.0.0.1:{port}/0"
    sender = here.sender()
    monkeypatch.setattr(actions, "current_app", sender)
    yield here
    while here.workers:
        here.kill_worker()
    sender.close()
    if server is not None:
        server.terminate()
        server.wait()


def stored(acme: Cast) -> list[str]:
    with reading(acme.org):
        return sorted(StoredFile.objects.values_list("name", flat=True))


def now(acme: Cast, job: Job) -> Job:
    with reading(acme.org):
        found: Job = Job.objects.get(pk=job.pk)
        return found


@pytest.mark.parametrize("wiped", [False, True], ids=["broker kept", "broker wiped"])
def test_killed_in_the_middle_each_effect_is_there_exactly_once(acme: Cast, place: Place, wiped: bool) -> None:

    place.start_worker()
    with working_for(acme.org):
        job = actions.enqueue("slow", payload={}, by=acme.rep, at=timezone.now())
    wait_for(lambda: now(acme, job).done >= 3)
    time.sleep(0.12)  # in the middle of a chunk, after its effect
    place.kill_worker()
    killed = now(acme, job)
    assert killed.state == State.RUNNING
    assert len(stored(acme)) == killed.done < CHUNKS
    if wiped:
        place.wipe()
    place.start_worker()
    WakeUp.objects.update(next_at=timezone.now())  # as if the lease had run out
    assert actions.sweep(at=timezone.now()) == 1
    wait_for(lambda: now(acme, job).state == State.DONE)
    assert stored(acme) == sorted(f"chunk-{n}" for n in range(CHUNKS))
    assert not WakeUp.objects.exists()


def test_a_job_is_kept_when_the_broker_is_down(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_args: object, **_kwargs: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("jobs.actions.current_app.send_task", down)
    with working_for(acme.org):
        job = actions.enqueue("anything", payload={}, by=acme.rep, at=timezone.now())
    assert now(acme, job).state == State.QUEUED
    assert WakeUp.objects.get().job_id == job.pk
