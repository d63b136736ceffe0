"""A pasted list of people: what would happen to each is said first, then all of it is sent, or nothing."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from tenants import actions
from tenants.models import AuditEvent, Invitation, Membership
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}
INVITE = reverse("tenants:invite", args=["acme"])
PREVIEW = reverse("tenants:invite_preview", args=["acme"])


def open_one(cast: Cast, email: str, *, expired: bool = False) -> None:
    with working_for(cast.org):
        actions.invite(cast.org, emails=[email], role=Role.REP, team=None, is_admin=False, by=cast.admin, at=AT)
        if not expired:
            Invitation.objects.filter(email=email).update(expires_at="2100-01-01T00:00Z")


def told(page: str) -> list[tuple[str, str]]:
    """Return what the table says: whom, and what will happen."""
    rows = re.findall(r'<tr><td class="num faint">\d+</td><td class="clip">(.*?)</tr>', page)
    return [
        (
            re.sub(r"<[^>]+>", " ", row.split("</td>")[0]).split()[0],
            re.sub(r"<[^>]+>", "", row.split("</td>")[-2].split("</span>")[0]),
        )
        for row in rows
    ]


def test_each_line_is_told_what_will_happen(acme: Cast, login: Login) -> None:
    open_one(acme, "waiting@x.example")
    open_one(acme, "expired@x.example", expired=True)
    Membership.objects.filter(pk=acme.rep2.pk).update(is_active=False)
    text = "\n".join(
        [
            "Lin Yi <new@x.example>, manager, South",
            "expired@x.example",
            "waiting@x.example",
            "REP@acme.example",
            "rep2@acme.example",
            "new@x.example",
            "nonsense",
            "other@x.example, boss",
        ]
    )
    client = login(acme.admin)
    data = {"emails": text, "role": "rep", "team": acme.team.pk}
    for headers in ({}, HTMX):
        response = client.post(PREVIEW, data, headers=headers)
        page = response.content.decode()
        assert response.status_code == 200
        assert told(page) == [
            ("new@x.example", "Will be invited"),
            ("expired@x.example", "Will be invited again: the earlier invitation has expired"),
            ("waiting@x.example", "Invited before: the open invitation stays as it is"),
            ("rep@acme.example", "Already a member: nothing changes"),
            ("rep2@acme.example", "Was deactivated: the invitation lets them in again"),
            ("new@x.example", "Twice in the list: one mail"),
            ("nonsense", "Not an e-mail address"),
            ("other@x.example", "Neither a role nor a team: boss"),
        ]
        assert "3 people will be invited." in page
        assert "2 lines must be mended" in page
        assert 'Manager<i class="sep"></i>South</span>' in page
        assert 'Rep<i class="sep"></i>North</span>' in page
    with working_for(acme.org):
        assert Invitation.objects.count() == 2, "a preview keeps nothing"
    assert mail.outbox == []


def test_one_wrong_line_sends_nothing_and_stays_typed(
    acme: Cast, login: Login, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    data = {"emails": "a@x.example\nb@x.example, boss\nc@x.example", "role": "rep"}
    with django_capture_on_commit_callbacks(execute=True):
        response = login(acme.admin).post(INVITE, data)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Line 2: Neither a role nor a team: boss. Nobody was invited yet." in page
    assert "b@x.example, boss" in page
    assert mail.outbox == []
    with working_for(acme.org):
        assert not Invitation.objects.exists()


def test_all_of_the_list_is_sent_once_with_what_each_line_says(
    acme: Cast, login: Login, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    text = (
        "林怡君\tlin@x.example\t主管\tSouth\n"
        '"Wang, Xiao" <wang@x.example>, 通路夥伴\n'
        "chen@x.example, acme / south\n"
        "chen@x.example, manager"
    )
    for _twice in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            response = login(acme.admin).post(INVITE, {"emails": text, "role": "rep", "team": acme.team.pk})
        assert response.status_code == 303
    assert sorted(message.to[0] for message in mail.outbox) == ["chen@x.example", "lin@x.example", "wang@x.example"]
    with working_for(acme.org):
        kept = {one.email: (one.name, one.role, one.team_id) for one in Invitation.objects.all()}
        assert AuditEvent.objects.filter(verb="member.invited").count() == 3
    assert kept == {
        "lin@x.example": ("林怡君", "manager", acme.other_team.pk),
        "wang@x.example": ("Wang Xiao", "partner", acme.team.pk),
        "chen@x.example": ("", "rep", acme.other_team.pk),
    }
    found = re.search(r"http://\S+?(/o/acme/join/\S+)", str(mail.outbox[0].body))
    assert found
    assert 'value="林怡君"' in Client().get(found[1]).content.decode(), "the name is offered when joining"


def test_a_team_name_that_two_teams_have_must_be_written_with_its_path(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        actions.create_team(acme.org, name="East", parent=acme.team, by=acme.admin, at=AT)
        actions.create_team(acme.org, name="East", parent=acme.other_team, by=acme.admin, at=AT)
    client = login(acme.admin)
    short = client.post(PREVIEW, {"emails": "a@x.example, East", "role": "rep"}).content.decode()
    assert told(short) == [("a@x.example", "Neither a role nor a team: East")]
    full = client.post(PREVIEW, {"emails": "a@x.example, Acme / South / East", "role": "rep"}).content.decode()
    assert told(full) == [("a@x.example", "Will be invited")]


def test_three_hundred_are_judged_as_cheaply_as_one(acme: Cast, login: Login) -> None:
    client = login(acme.admin)

    def cost(n: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            text = "\n".join(f"a{i}@x.example" for i in range(n))
            assert client.post(PREVIEW, {"emails": text, "role": "rep"}, headers=HTMX).status_code == 200
        return len(queries)

    cost(1)
    assert cost(1) == cost(300)
    too_many = "\n".join(f"a{i}@x.example" for i in range(301))
    response = client.post(INVITE, {"emails": too_many, "role": "rep"})
    assert response.status_code == 422
    assert "At most 300 people at once." in response.content.decode()


def test_only_who_may_invite_may_ask(acme: Cast, globex: Cast, login: Login) -> None:
    """A preview tells who is a member: nobody else's business."""
    data = {"emails": "rep@acme.example", "role": "rep"}
    assert login(acme.executive).post(PREVIEW, data).status_code == 403
    assert login(globex.admin).post(PREVIEW, data).status_code == 404
    theirs = reverse("tenants:invite_preview", args=["globex"])
    page = login(globex.admin).post(theirs, data).content.decode()
    assert told(page) == [("rep@acme.example", "Will be invited")], "members of others are strangers here"
