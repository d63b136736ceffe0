"""Logs: one line a request and a task, under a number that leads through all of them, and no word of a customer."""

import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from celery import shared_task, signals
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from jobs import actions, running
from jobs.running import Progress, job_kind
from salesops.celery import app
from salesops.logs import JsonLine, TextLine, known_as, logging_config, request_id
from tenants.scoping import working_for
from tests.cast import AT, Cast, sign_in

CANARY = "金絲雀canary"


class Kept(logging.Handler):
    """What would stand in the log, in both forms."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: list[dict[str, Any]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = JsonLine().format(record)
        assert "\n" not in line
        self.objects.append(json.loads(line))
        self.text += f"{line}\n{TextLine().format(record)}\n"

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [each for each in self.objects if each["logger"] == logger]


@pytest.fixture
def log() -> Iterator[Kept]:
    kept = Kept()
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.ROOT_URLCONF = "tests.salesops.faults"
    return Client(raise_request_exception=False)


@pytest.mark.django_db
def test_a_request_is_one_line_of_numbers(log: Kept, acme: Cast) -> None:
    answer = sign_in(acme.manager).get(f"/o/acme/search/?q={CANARY}", headers={"user-agent": CANARY, "referer": CANARY})
    (line,) = log.of("salesops.requests")
    assert answer.status_code == 200
    assert {key: line[key] for key in ("method", "route", "status", "user", "organization", "request_id")} == {
        "method": "GET",
        "route": "salesops:search",
        "status": 200,
        "user": acme.manager.user_id,
        "organization": acme.org.pk,
        "request_id": answer["X-Request-ID"],
    }
    assert line["ms"] > 0
    assert line["bytes"] == len(answer.content)
    assert CANARY not in log.text


@pytest.mark.django_db
def test_a_view_that_fails_names_the_place_and_not_the_words(log: Kept, client: Client) -> None:
    answer = client.post(f"/raising/{CANARY}/?q={CANARY}", {"note": CANARY})
    assert answer.status_code == 500
    (trouble,) = log.of("django.request")
    assert [each["kind"] for each in trouble["exception"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert any("faults.py" in place and place.endswith(" raising") for place in trouble["exception"][0]["at"])
    (line,) = log.of("salesops.requests")
    assert (line["route"], line["status"]) == ("raising", 500)
    assert trouble["request_id"] == line["request_id"] == answer["X-Request-ID"]
    assert CANARY not in log.text


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/doubled/", {"sqlstate": "23505", "table": "tenants_user"}),
        ("/wrong-sql/", {"sqlstate": "22P02"}),
    ],
)
def test_what_the_database_refuses_is_told_by_its_names(
    log: Kept, client: Client, path: str, told: dict[str, str]
) -> None:
    assert client.post(path, {"note": CANARY}).status_code == 500
    (trouble,) = log.of("django.request")
    cause = trouble["exception"][-1]
    assert {key: cause[key] for key in told} == told
    assert ("constraint" in cause) == (path == "/doubled/")
    assert CANARY not in log.text


@pytest.mark.django_db
def test_neither_host_nor_number_of_a_stranger_reaches_the_log(log: Kept, client: Client, settings: Settings) -> None:
    assert client.get("/health/", headers={"host": f"{CANARY.encode().hex()}canary.example"}).status_code == 400
    assert client.post("/accounts/login/", {"login": CANARY, "password": CANARY}).status_code in (200, 422)
    assert client.generic(CANARY.encode().decode("latin-1"), "/accounts/login/").status_code in (403, 405)
    assert client.get(f"/{CANARY}/").status_code == 404
    given = [(False, "0123456789abcdef"), (True, CANARY), (True, "canary-canary"), (True, "a" * 65)]
    for behind_proxy, number in given:
        settings.BEHIND_PROXY = behind_proxy
        answer = client.get("/accounts/login/", headers={"x-request-id": number.encode().decode("latin-1")})
        assert answer["X-Request-ID"] != number
    assert "canary" not in log.text
    assert len(log.of("salesops.requests")) == 8


@pytest.mark.django_db
def test_a_proxys_number_is_ours(log: Kept, client: Client, settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    number = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    assert client.get("/accounts/login/", headers={"x-request-id": number})["X-Request-ID"] == number
    assert log.objects[-1]["request_id"] == number


@pytest.mark.django_db
def test_health_checks_are_silent_while_they_are_good(log: Kept, client: Client) -> None:
    assert client.get("/health/").status_code == 200
    assert log.objects == []


@pytest.mark.django_db
def test_a_job_that_fails_names_its_number(log: Kept, acme: Cast) -> None:
    @job_kind("canary", label="Canary")
    def fail(job: Any, *, at: Any) -> Progress:
        word = job.payload["word"]
        raise KeyError(word)

    with working_for(acme.org):
        job = actions.enqueue("canary", payload={"word": CANARY}, by=acme.rep, at=AT, title=CANARY)
    running.run(job)
    (line,) = log.of("jobs.running")
    assert f"job {job.pk} of organization {acme.org.pk}" in line["message"]
    assert line["exception"][0]["kind"] == "builtins.KeyError"
    assert CANARY not in log.text


def test_a_task_is_one_line_and_carries_the_number_of_its_request(log: Kept) -> None:
    @shared_task(name="tests.canary")
    def fail(*, organization_id: int, word: str) -> None:
        numbers.append(request_id())
        raise ValueError(word)

    numbers: list[str] = []
    headers: dict[str, Any] = {}
    with known_as("abc123abc123"):
        signals.before_task_publish.send(sender="tests.canary", headers=headers)
    fail.apply(kwargs={"organization_id": 7, "word": CANARY}, headers=headers)
    (line,) = log.of("salesops.tasks")
    assert {key: line[key] for key in ("task", "state", "organization", "request_id")} == {
        "task": "tests.canary",
        "state": "FAILURE",
        "organization": 7,
        "request_id": "abc123abc123",
    }
    assert numbers == ["abc123abc123"]
    assert request_id() == ""
    (trouble,) = log.of("celery.app.trace")
    assert trouble["exception"][0]["kind"] == "builtins.ValueError"
    assert CANARY not in log.text
    del app.tasks["tests.canary"]


def test_what_others_say_is_printed_without_what_they_put_in(log: Kept) -> None:
    gunicorn, warned = logging.getLogger("tests.of.gunicorn"), logging.getLogger("py.warnings")
    gunicorn.error("Error handling request %s %s after %d s", "GET", f"/?q={CANARY}", 3)
    gunicorn.error(f"Invalid request from {CANARY}")  # as gunicorn does
    gunicorn.error("Task %(name)s has %(count)d", {"name": CANARY, "count": 2})
    log.emit(logging.LogRecord("tests.of.gunicorn", 40, "", 1, "odd: %d", (CANARY,), None))  # pytest stumbles over it
    warned.warning("%s", warnings.formatwarning(CANARY, RuntimeWarning, "place.py", 3, CANARY))
    messages = [line["message"] for line in log.objects]
    assert messages[0] == "Error handling request … … after 3 s"
    assert messages[1].startswith("test_logs:")
    assert messages[2:] == ["Task … has 2", "odd: %d", "place.py:3: RuntimeWarning"]
    assert CANARY not in log.text


def test_what_is_wrong_with_servers_and_settings_is_said(log: Kept) -> None:
    try:
        raise ImproperlyConfigured("DATABASE_URL signs in as a role that owns tables")
    except ImproperlyConfigured:
        logging.getLogger("salesops").exception("not ready")
    assert log.objects[0]["exception"][0]["message"] == "DATABASE_URL signs in as a role that owns tables"


def test_the_form_is_chosen_by_its_name() -> None:
    assert logging_config("json", "", {})["formatters"]["line"]["()"] is JsonLine
    assert logging_config("", "", {})["formatters"]["line"]["()"] is TextLine
    assert logging_config("", "INFO", {})["root"]["level"] == "INFO"
