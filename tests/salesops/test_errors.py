"""The pages for what went wrong, and the demo company."""

import re
from unittest.mock import patch

import pytest
from django.test import Client

from tests.cast import Cast, sign_in

pytestmark = pytest.mark.django_db


def test_a_foreign_host_is_refused_with_a_page() -> None:
    answer = Client().get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "<h1>" in answer.content.decode()


@pytest.mark.parametrize("token", [False, True])
def test_what_is_too_much_is_said_to_be_too_much_in_ones_language(acme: Cast, token: bool) -> None:
    """Whoever reads the form first meets it: the view, or the check of the token."""
    acme.rep.user.language = "zh-hant"
    acme.rep.user.save()
    client = sign_in(acme.rep)
    client.handler.enforce_csrf_checks = token
    client.get("/o/acme/profile/")
    kind = "application/x-www-form-urlencoded"
    for sent in ("name=" + "x" * 3_000_000, "&".join(f"pk={n}" for n in range(1_200))):
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.post("/o/acme/funnel/bulk/", sent, content_type=kind, headers=headers)
            assert answer.status_code == 413
            assert "一次送出的內容太多了" in answer.content.decode()


def test_a_fault_of_ours_names_its_reference(acme: Cast) -> None:
    client = sign_in(acme.rep)
    client.raise_request_exception = False
    with patch("salesops.views.render_page", side_effect=RuntimeError):
        answer = client.get("/o/acme/today/")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()


def test_what_a_role_may_not_see_names_whom_to_ask(acme: Cast) -> None:
    answer = sign_in(acme.rep).get("/o/acme/settings/organization/")
    assert answer.status_code == 403
    assert acme.admin.name in answer.content.decode()


def test_what_is_not_there_and_what_is_not_ours_look_the_same(acme: Cast, globex: Cast) -> None:
    client = sign_in(acme.rep)
    missing, foreign = client.get("/o/nowhere/today/"), client.get("/o/globex/today/")
    assert missing.status_code == foreign.status_code == 404
    token = re.compile(rb"[A-Za-z0-9]{64}")  # differs in every answer
    assert token.sub(b"", missing.content) == token.sub(b"", foreign.content)
