"""What the audit says, and how it is narrowed."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import get_resolver

from tenants import audit, labels, queries
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.tenants.places import Login, url

pytestmark = pytest.mark.django_db


def trace(cast: Cast, verb: str = "member.changed", by: Membership | None = None, **data: Any) -> None:
    with working_for(cast.org):
        audit.record(verb, cast.rep, by=by or cast.admin, at=data.pop("at", AT), **data)


def test_the_audit_says_who_did_what_to_whom_with_before_and_after(acme: Cast, login: Login) -> None:
    trace(acme, changes={"role": ["rep", "manager"], "is_admin": [False, True]}, owner=acme.rep2.pk)
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert '<span class="strong">Admin Acme</span> changed a member' in page
    assert "Member" in page
    assert "Rep → <b>Manager</b>" in page
    assert "No → " in page
    assert "Rep2 Acme" in page


def test_the_audit_speaks_of_people_by_name_and_of_lists_as_lists(acme: Cast, login: Login) -> None:
    trace(acme, people=[acme.rep.pk, acme.rep2.pk], fields=["name", "role"], account=7, mapping={"team": "North"})
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert "<b>Rep Acme, Rep2 Acme</b>" in page
    assert "<b>Name, Role</b>" in page
    assert "<b>#7</b>" in page
    assert "<b>Team North</b>" in page


def test_the_audit_never_shows_a_secret(acme: Cast, login: Login) -> None:
    trace(
        acme,
        password="hunter2",
        token_hash="hunter3",
        changes={"api_key": ["hunter4", "hunter5"]},
        deep={"password": "hunter6"},
    )
    assert "hunter" not in login(acme.admin).get(url(acme, "audit")).content.decode()


def test_a_verb_nobody_named_is_spelled_out(acme: Cast, login: Login) -> None:
    trace(acme, verb="moon.walked_on")
    assert "moon walked on" in login(acme.admin).get(url(acme, "audit")).content.decode()


def test_every_verb_in_the_code_has_words() -> None:
    """Read from the code: the verb of each `audit.record(…)` and of the functions that pass one on."""
    get_resolver().url_patterns  # noqa: B018  # loads the labels of every app
    written = re.compile(r"""(?:audit\.record|tell|name_verb)\(\s*"([a-z_]+\.[a-z_]+)\"""")
    verbs = {
        verb
        for app in apps.get_app_configs()
        if Path(app.path).parent == settings.BASE_DIR
        for file in Path(app.path).rglob("*.py")
        for verb in written.findall(file.read_text("utf-8"))
        if "audit" in file.read_text("utf-8") and file.name != "labels.py"
    }
    assert len(verbs) > 40
    assert sorted(verb for verb in verbs if verb not in labels.VERBS) == []


def test_an_app_names_its_own_verbs(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "VERBS", dict(labels.VERBS))
    monkeypatch.setattr(labels, "KINDS", dict(labels.KINDS))
    labels.name_verb("moon.walked_on", "walked on the moon")
    labels.name_kind("tenants.membership", "Astronaut")
    trace(acme, verb="moon.walked_on")
    page = login(acme.admin).get(url(acme, "audit")).content.decode()
    assert "walked on the moon" in page
    assert "Astronaut" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("verb=rate.added", {"B"}),
        ("by={manager}", {"C"}),
        ("since=2026-03-01", {"D"}),
        ("until=2026-01-05", {"A", "B", "C"}),
        ("since=2026-01-06&until=2026-02-01", set()),
        ("kind=tenants.membership", {"A", "B", "C", "D"}),
        ("kind=tenants.team", set()),
        ("text=rep+ac", {"A", "B", "C", "D"}),
        ("text=%25", set()),
        ("by=x&since=yesterday&before=-3&verb=", {"A", "B", "C", "D"}),
    ],
)
def test_the_audit_is_narrowed_by_its_address(acme: Cast, login: Login, query: str, shown: set[str]) -> None:
    trace(acme, letter="is-A")
    trace(acme, verb="rate.added", letter="is-B")
    trace(acme, by=acme.manager, letter="is-C")
    trace(acme, at=AT + timedelta(days=60), letter="is-D")
    page = login(acme.admin).get(f"{url(acme, 'audit')}?{query.format(manager=acme.manager.pk)}").content.decode()
    assert {letter for letter in "ABCD" if f"is-{letter}" in page} == shown


def test_a_day_of_the_audit_is_a_day_in_the_organizations_time_zone(acme: Cast, login: Login) -> None:
    late = AT.replace(hour=17)  # already the sixth in Taipei
    trace(acme, at=late, letter="at-night")
    client = login(acme.admin)
    assert "at-night" in client.get(url(acme, "audit"), {"since": "2026-01-06"}).content.decode()
    assert "at-night" not in client.get(url(acme, "audit"), {"until": "2026-01-05"}).content.decode()


def test_the_audit_pages_back_without_counting(acme: Cast, login: Login) -> None:
    for n in range(queries.AUDIT_ROWS + 10):
        trace(acme, letter=f"number-{n}-")
    client = login(acme.admin)
    first = client.get(url(acme, "audit"), {"verb": "member.changed"})
    assert "number-59-" in first.content.decode()
    assert "number-9-" not in first.content.decode()
    older = first.context["older"]
    second = client.get(url(acme, "audit"), {"verb": "member.changed", "before": older}).content.decode()
    assert "number-9-" in second
    assert "number-0-" in second
    assert "number-10-" not in second
    assert "Newest" in second
