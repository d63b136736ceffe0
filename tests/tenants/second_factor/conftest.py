"""Who sets up a second factor, with which browser, by which clock."""

import time

import pytest
from allauth.mfa.totp.internal import auth as totp_auth
from django.test import Client


@pytest.fixture
def client() -> Client:
    """A browser at the address for which passkeys are made."""
    return Client(headers={"host": "testserver"}, SERVER_NAME="testserver")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The clock of the codes, which a test may put forward."""
    now = {"ahead": 0.0}
    real = time.time

    class Clock:
        """Time, for the module that counts half minutes."""

        @staticmethod
        def time() -> float:
            return real() + now["ahead"]

    monkeypatch.setattr(totp_auth, "time", Clock)
    return now
