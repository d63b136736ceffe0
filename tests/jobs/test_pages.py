"""The panel, my jobs, files and the bell: only one's own, each with few queries."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import actions, running
from jobs.labels import KINDS
from jobs.models import Job, Notification
from jobs.running import Progress, job_kind
from jobs.states import State
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast, sign_in

pytestmark = pytest.mark.django_db
AT = timezone.now()
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _kind() -> Iterator[None]:
    @job_kind("show", label="Show", steps={"read": "Read", "write": "Write"}, counts={"rows": "Rows written"})
    def show(job: Job, *, at: object) -> Progress:
        return Progress(1_000, 4_000, "write", {}, finished=True, result={"rows": 1_000})

    yield
    del KINDS["show"], running._chunks["show"]


def make_job(by: Membership, **fields: object) -> Job:
    with working_for(by.organization):
        job = actions.enqueue("show", payload={}, by=by, at=AT)
        for name, value in fields.items():
            setattr(job, name, value)
        job.save()
    return job


def get(client: Client, path: str, headers: dict[str, str] | None = None) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_the_panel_asks_again_until_the_job_has_ended(acme: Cast) -> None:
    job, client = make_job(acme.rep), sign_in(acme.rep)
    path = f"/o/acme/jobs/{job.pk}/"
    assert "load delay:1s" in get(client, path, headers=HTMX)
    assert "polls=3" in get(client, path + "?polls=2", headers=HTMX)
    assert "load delay:2s" in get(client, path + "?polls=10", headers=HTMX)
    assert "<html" in get(client, path)
    running.run(job)
    ended = client.get(path, headers=HTMX)
    text = ended.content.decode()
    assert "hx-get" not in text
    assert "Rows written" in text
    assert "1,000" in text
    assert json.loads(ended["HX-Trigger-After-Swap"]) == {"job:ended": {"pk": job.pk, "state": "done"}}


def test_the_time_left_is_told_once_a_tenth_is_done(acme: Cast) -> None:
    client = sign_in(acme.rep)
    begun = timezone.now() - timedelta(seconds=100)
    early = make_job(acme.rep, state=State.RUNNING, done=9, total=100, started_at=begun)
    later = make_job(acme.rep, state=State.RUNNING, done=50, total=100, started_at=begun)
    assert "left." not in get(client, f"/o/acme/jobs/{early.pk}/", headers=HTMX)
    assert "About 2 minutes left." in get(client, f"/o/acme/jobs/{later.pk}/", headers=HTMX)


def test_a_failed_job_names_its_reference_and_what_was_done(acme: Cast) -> None:
    job = make_job(acme.rep, state=State.FAILED, error="abc123", done=3, total=10, step="write", ended_at=AT)
    text = get(sign_in(acme.rep), f"/o/acme/jobs/{job.pk}/", headers=HTMX)
    assert "abc123" in text
    assert "3 of 10 were done before." in text


def test_cancelling_from_the_panel(acme: Cast) -> None:
    job, client = make_job(acme.rep), sign_in(acme.rep)
    response = client.post(f"/o/acme/jobs/{job.pk}/cancel/", headers=HTMX)
    assert response.status_code == 200
    assert "Cancelling…" in response.content.decode()
    assert client.post(f"/o/acme/jobs/{job.pk}/cancel/").status_code == 303
    assert client.get(f"/o/acme/jobs/{job.pk}/cancel/").status_code == 405
    running.run(job)
    assert job.state == State.CANCELLED


def test_jobs_and_files_of_others_are_not_found(acme: Cast, globex: Cast) -> None:
    job = make_job(acme.rep)
    with working_for(acme.org):
        stored = actions.store_file("secret.csv", b"x", "text/csv", by=acme.rep, at=AT)
    for other, slug in [(acme.manager, "acme"), (acme.executive, "acme"), (globex.rep, "globex"), (globex.rep, "acme")]:
        client = sign_in(other)
        assert client.get(f"/o/{slug}/jobs/{job.pk}/").status_code == 404
        assert client.post(f"/o/{slug}/jobs/{job.pk}/cancel/").status_code == 404
        assert client.get(f"/o/{slug}/jobs/files/{stored.pk}/").status_code == 404


def test_a_file_is_only_ever_an_attachment(acme: Cast) -> None:
    with working_for(acme.org):
        stored = actions.store_file('a"b\r\n客戶.html', b"<script>", "text/html", by=acme.rep, at=AT)
    response = sign_in(acme.rep).get(f"/o/acme/jobs/files/{stored.pk}/")
    assert response.content == b"<script>"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "\n" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_the_result_of_my_job_is_mine_whoever_wrote_the_file(acme: Cast) -> None:
    with working_for(acme.org):
        stored = actions.store_file("result.csv", b"x", "text/csv", by=None, at=AT)
    make_job(acme.rep, result_file=stored)
    assert sign_in(acme.rep).get(f"/o/acme/jobs/files/{stored.pk}/").status_code == 200
    assert sign_in(acme.rep2).get(f"/o/acme/jobs/files/{stored.pk}/").status_code == 404


def test_the_bell_counts_and_announces_the_end_of_jobs_once(acme: Cast) -> None:
    client = sign_in(acme.rep)
    first = client.get("/o/acme/jobs/bell/", headers=HTMX)
    assert "since=0" in first.content.decode()
    assert "HX-Trigger" not in first
    job = make_job(acme.rep)
    running.run(job)
    with working_for(acme.org):
        newest = Notification.objects.get().pk
    news = client.get("/o/acme/jobs/bell/?since=0", headers=HTMX)
    assert json.loads(news["HX-Trigger"])["toast"]["text"] == "“Show” is done. Rows written 1,000."
    assert "1 unread" in news.content.decode()
    again = client.get(f"/o/acme/jobs/bell/?since={newest}", headers=HTMX)
    assert "HX-Trigger" not in again
    for _ in range(2):
        running.run(make_job(acme.rep))
    several = client.get(f"/o/acme/jobs/bell/?since={newest}", headers=HTMX)
    assert json.loads(several["HX-Trigger"])["toast"]["text"] == "2 jobs have ended."
    assert client.get("/o/acme/jobs/bell/?since=abc").status_code == 200
    assert client.get(f"/o/acme/jobs/bell/?since={'9' * 40}").status_code == 200


def test_reading_notifications(acme: Cast) -> None:
    client = sign_in(acme.rep)
    for _ in range(3):
        running.run(make_job(acme.rep))
    running.run(make_job(acme.rep2))
    assert "is done." in get(client, "/o/acme/jobs/notifications/")
    assert "<html" not in get(client, "/o/acme/jobs/notifications/", headers=HTMX)
    with working_for(acme.org):
        mine = Notification.objects.filter(to=acme.rep)
        one, others = mine[0], Notification.objects.exclude(to=acme.rep).get()
    opened = client.post("/o/acme/jobs/notifications/read/", {"pk": one.pk})
    assert (opened.status_code, opened["Location"]) == (303, one.url)
    assert client.post("/o/acme/jobs/notifications/read/", {"pk": others.pk}).status_code == 404
    with working_for(acme.org):
        assert mine.unread().count() == 2
    assert client.post("/o/acme/jobs/notifications/read/").status_code == 303
    assert client.post("/o/acme/jobs/notifications/read/", headers=HTMX).status_code == 200
    with working_for(acme.org):
        assert mine.unread().count() == 0
        assert Notification.objects.unread().count() == 1


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize("path", ["/o/acme/jobs/", "/o/acme/jobs/notifications/"])
def test_thirty_rows_cost_what_one_costs(acme: Cast, path: str) -> None:
    client = sign_in(acme.rep)
    running.run(make_job(acme.rep))
    cost = queries(client, path)
    for _ in range(29):
        running.run(make_job(acme.rep))
    assert queries(client, path) == cost <= 15


def test_empty_pages_say_what_will_stand_there(acme: Cast) -> None:
    client = sign_in(acme.colleague)
    assert "Nothing has run yet" in get(client, "/o/acme/jobs/")
    assert "Nothing new" in get(client, "/o/acme/jobs/notifications/")
