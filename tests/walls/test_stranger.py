"""The crawl: every URL, as every role, with the other tenant's ids; nothing foreign comes back, nothing changes."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.urls.converters import IntConverter, UUIDConverter

from tests.cast import Cast, sign_in
from tests.walls.stranger import CANARY, STRANGE, fill, fingerprint, patterns, tenant_models

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

INSIDE = [(name, converters) for name, _, converters in patterns() if "org" in converters]
FIELDS = re.compile(r'\bname="([a-z_0-9-]+)"')


def address(name: str, converters: dict[str, Any], slug: str, number: int = STRANGE) -> str:
    """Build the URL with the stranger's id in every place that takes one."""

    def argument(key: str, converter: Any) -> Any:
        if key == "org":
            return slug
        if isinstance(converter, IntConverter):
            return number
        return uuid.UUID(int=7) if isinstance(converter, UUIDConverter) else "x"

    return reverse(name, kwargs={key: argument(key, converter) for key, converter in converters.items()})


def answers(client: Client, url: str, body: dict[str, Any]) -> list[Any]:
    """Ask in each way a browser would."""
    htmx = {"HX-Request": "true"}
    return [
        client.get(url),
        client.get(url, headers=htmx),
        client.get(url, body),
        client.post(url, {}),
        client.post(url, body),
        client.post(url, body, headers=htmx),
    ]


def field_names(client: Client, slug: str) -> set[str]:
    """Return the names of every form field on the pages that need no id."""
    names = {"account", "opportunity", "owner", "contact", "contacts", "team", "product", "member", "person", "pk"}
    for name, converters in INSIDE:
        if set(converters) == {"org"}:
            page = client.get(reverse(name, kwargs={"org": slug})).content
            names |= set(FIELDS.findall(page.decode(errors="ignore")))
    return names - {"csrfmiddlewaretoken"}


def test_every_tenant_table_is_filled(acme: Cast, globex: Cast) -> None:
    fill(globex)
    counts = fingerprint(globex.org.pk)
    assert {model._meta.db_table for model in tenant_models()} == {table for table, (n, _) in counts.items() if n}


@pytest.mark.parametrize("role", ["rep", "rep2", "manager", "executive", "admin", "partner", "colleague"])
def test_nothing_foreign_comes_back_and_nothing_changes(acme: Cast, globex: Cast, role: str) -> None:
    fill(globex)
    before = fingerprint(globex.org.pk)
    client = sign_in(getattr(acme, role))
    client.raise_request_exception = False
    body = dict.fromkeys(field_names(client, "acme"), str(STRANGE))
    for name, converters in INSIDE:
        takes_id = len(converters) > 1
        for response in answers(client, address(name, converters, "acme"), body):
            assert response.status_code < 500, f"{name} answered {response.status_code}"
            assert CANARY.lower() not in response.content.decode(errors="ignore").lower(), f"{name} shows the stranger"
            if takes_id and "token" not in converters:
                assert response.status_code in {403, 404, 405}, f"{name} answered {response.status_code}"
        there = address(name, converters, "globex")
        for response in (client.get(there), client.post(there, body)):
            if "token" not in converters:
                assert response.status_code == 404, f"{name} of another organization answered {response.status_code}"
    assert fingerprint(globex.org.pk) == before


def test_nobody_gets_in_without_signing_in(acme: Cast, globex: Cast) -> None:
    fill(globex)
    before = fingerprint(globex.org.pk)
    client = Client()
    for name, converters in INSIDE:
        if "token" in converters:
            continue
        for response in answers(client, address(name, converters, "globex"), {}):
            assert response.status_code in {204, 302, 405}, f"{name} answered {response.status_code}"
            assert CANARY not in response.content.decode(errors="ignore")
    assert fingerprint(globex.org.pk) == before
