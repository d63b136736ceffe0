"""Health and readiness: what is asked before anyone has signed in."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from salesops import health
from salesops.celery import HEARTBEAT

PARTS = ("database", "migrations", "broker", "worker")


@pytest.fixture(autouse=True)
def _nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_seen", {})


def asked() -> tuple[int, dict[str, str]]:
    answer = Client().get("/ready/")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def broken(*_args: Any, **_kwargs: Any) -> None:
    raise OperationalError("connection to server at db.internal, user salesops, password secret, refused")


def test_health_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "cursor", broken)
    answer = Client().get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_and_a_late_worker_takes_no_page_away() -> None:
    assert asked() == (200, {"status": "ok", **dict.fromkeys(PARTS, "ok"), "worker": "late"})
    cache.set(HEARTBEAT, 0)
    assert asked()[1]["worker"] == "late"
    cache.set(HEARTBEAT, 9e9)
    assert asked() == (200, {"status": "ok", **dict.fromkeys(PARTS, "ok")})


@pytest.mark.django_db
def test_without_a_database_it_says_which_part_fails_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "cursor", broken)
    status, said = asked()
    assert status == 503
    assert said == {
        "status": "failing",
        "database": "failing",
        "migrations": "failing",
        "broker": "ok",
        "worker": "late",
    }


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_migration_that_was_not_applied_is_told() -> None:
    MigrationRecorder(connections["owner"]).record_unapplied("sessions", "0001_initial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(health.PARTS, "migrations", lambda: _on_owner(health))
        status, said = asked()
    assert (status, said["status"], said["migrations"]) == (503, "failing", "missing")


def _on_owner(module: Any) -> str:
    """Ask on the connection whose transaction has lost a migration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "connection", connections["owner"])
        said: str = module._migrations()
    return said


@pytest.mark.django_db
def test_a_broker_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "cache", SimpleNamespace(set=broken, get=cache.get))
    status, said = asked()
    assert (status, said["status"], said["broker"]) == (503, "failing", "failing")


@pytest.mark.django_db
def test_neither_is_sent_to_https_and_every_page_is(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/health/").status_code == 200
    assert Client().get("/ready/").status_code == 200
    assert Client().get("/accounts/login/").status_code == 301
