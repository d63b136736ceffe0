"""Seats for addresses: sent, sent again, withdrawn, taken once, by whom they are for."""

import re
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from tenants import actions
from tenants.errors import Refused
from tenants.invitations import digest
from tenants.models import AuditEvent, Invitation, Membership, Organization, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import AT, PASSWORD, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
NEW = {"name": "陳柏翰", "password": PASSWORD}


def invite(cast: Cast, *emails: str, role: Role = Role.REP, is_admin: bool = False) -> actions.Invited:
    with working_for(cast.org):
        return actions.invite(
            cast.org,
            emails=emails or ["new@firm.example"],
            role=role,
            team=cast.team,
            is_admin=is_admin,
            by=cast.admin,
            at=timezone.now(),
        )


def link(cast: Cast, token: str) -> str:
    return reverse("tenants:join", args=[cast.org.slug, token])


@pytest.fixture
def token(acme: Cast) -> str:
    """The token in the mail to new@firm.example."""
    return invite(acme).sent[0][1]


def change(cast: Cast, **values: Any) -> None:
    with working_for(cast.org):
        Invitation.objects.update(**values)


# Sending ------------------------------------------------------------------------------------------


def test_an_admin_invites_several_and_each_gets_a_link_of_their_own(
    acme: Cast, login: Login, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    data = {"emails": "Anna@firm.example\nbert@firm.example", "role": "manager", "team": acme.team.pk, "is_admin": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        response = login(acme.admin).post(reverse("tenants:invite", args=["acme"]), data)
    assert response.status_code == 303
    assert [message.to for message in mail.outbox] == [["anna@firm.example"], ["bert@firm.example"]]
    tokens = [re.search(r"/o/acme/join/([\w-]+)/", str(message.body)) for message in mail.outbox]
    assert len({found[1] for found in tokens if found}) == 2
    with working_for(acme.org):
        kept = list(Invitation.objects.all())
        assert {(one.role, one.team_id, one.is_admin) for one in kept} == {("manager", acme.team.pk, True)}
        assert AuditEvent.objects.filter(verb="member.invited", by=acme.admin).count() == 2
        secrets = [found[1] for found in tokens if found]
        assert not any(secret in str(event.data) for event in AuditEvent.objects.all() for secret in secrets)
        assert {one.token_hash for one in kept} == {digest(secret) for secret in secrets}


@pytest.mark.parametrize(("language", "words"), [("zh-hant", "邀請"), ("zh-hans", "邀请"), ("en", "invites you")])
def test_the_mail_speaks_the_organizations_language(
    acme: Cast,
    login: Login,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    language: str,
    words: str,
) -> None:
    Organization.objects.update(language=language)
    with django_capture_on_commit_callbacks(execute=True):
        login(acme.admin).post(reverse("tenants:invite", args=["acme"]), {"emails": "new@firm.example", "role": "rep"})
    assert words in mail.outbox[0].subject


def test_members_and_the_invited_are_left_as_they_are(acme: Cast, login: Login) -> None:
    invite(acme, "there@firm.example")
    data = {"emails": "there@firm.example, rep@acme.example, new@firm.example", "role": "rep"}
    response = login(acme.admin).post(reverse("tenants:invite", args=["acme"]), data, follow=True)
    page = response.content.decode()
    assert "1 invitation is on its way." in page
    assert "Already invited: there@firm.example." in page
    assert "Already members: rep@acme.example." in page


def test_sending_the_form_twice_invites_once(
    acme: Cast, login: Login, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = login(acme.admin)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("tenants:invite", args=["acme"]), {"emails": "new@firm.example", "role": "rep"})
    assert len(mail.outbox) == 1


class HalfDown(LocmemBackend):
    """A mail server that refuses some addresses, and answers nobody while it is down."""

    is_down = False

    def open(self) -> bool:
        if self.is_down:
            raise ConnectionRefusedError
        return True

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if any("bad" in to for message in messages for to in message.to):
            raise SMTPRecipientsRefused({})
        return int(super().send_messages(messages))


def test_a_mail_that_fails_keeps_no_other_back_and_is_seen(
    acme: Cast,
    login: Login,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.HalfDown"
    client, people = login(acme.admin), reverse("tenants:people", args=["acme"])
    data = {"emails": "a@firm.example\nbad@firm.example\nc@firm.example", "role": "rep"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("tenants:invite", args=["acme"]), data)
    assert sorted(to for message in mail.outbox for to in message.to) == ["a@firm.example", "c@firm.example"]
    with working_for(acme.org):
        (failed,) = Invitation.objects.exclude(mail_failed_at=None)
        assert AuditEvent.objects.get(verb="invitation.unsent").target_id == failed.pk
    assert failed.email == "bad@firm.example"
    assert client.get(people).content.decode().count("Its mail could not be sent") == 1
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("tenants:resend", args=["acme", failed.pk]))
    assert "Its mail could not be sent" in client.get(people).content.decode(), "it failed again"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("tenants:resend", args=["acme", failed.pk]))
    assert "Its mail could not be sent" not in client.get(people).content.decode()
    settings.EMAIL_BACKEND = f"{__name__}.HalfDown"
    monkeypatch.setattr(HalfDown, "is_down", True)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("tenants:invite", args=["acme"]), {"emails": "d@firm.example", "role": "rep"})
    assert client.get(people).content.decode().count("Its mail could not be sent") == 1


@pytest.mark.parametrize(
    "emails", ["", "x", "a@firm.example, nonsense", " ".join(f"a{n}@x.example" for n in range(301))]
)
def test_a_list_that_cannot_be_read_invites_nobody_and_stays(acme: Cast, login: Login, emails: str) -> None:
    response = login(acme.admin).post(
        reverse("tenants:invite", args=["acme"]), {"emails": emails, "role": "rep"}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 422
    assert emails in response.content.decode()
    with working_for(acme.org):
        assert not Invitation.objects.exists()


def test_an_expired_invitation_is_opened_anew(acme: Cast, token: str) -> None:
    change(acme, expires_at=AT)
    again = invite(acme, role=Role.MANAGER)
    assert len(again.sent) == 1
    with working_for(acme.org):
        (one,) = Invitation.objects.all()
        assert one.role == Role.MANAGER
        assert one.token_hash == digest(again.sent[0][1]) != digest(token)


def test_sending_again_makes_a_new_link_and_kills_the_old(
    acme: Cast, login: Login, token: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with working_for(acme.org):
        pk = Invitation.objects.get().pk
    with django_capture_on_commit_callbacks(execute=True):
        login(acme.admin).post(reverse("tenants:resend", args=["acme", pk]))
    assert Client().get(link(acme, token)).status_code == 404
    found = re.search(r"http://\S+?(/o/acme/join/\S+)", str(mail.outbox[0].body))
    assert found
    assert Client().get(found[1]).status_code == 200


def test_a_withdrawn_invitation_can_be_withdrawn_again_but_not_sent(acme: Cast, login: Login, token: str) -> None:
    client = login(acme.admin)
    with working_for(acme.org):
        pk = Invitation.objects.get().pk
    for _ in range(2):
        assert client.post(reverse("tenants:withdraw", args=["acme", pk])).status_code == 303
    with working_for(acme.org):
        assert AuditEvent.objects.filter(verb="invitation.withdrawn").count() == 1
    page = client.post(reverse("tenants:resend", args=["acme", pk]), follow=True)
    assert "no longer open" in page.content.decode()
    assert mail.outbox == []


# Taking -------------------------------------------------------------------------------------------


def test_a_new_person_joins_without_founding_anything(acme: Cast, token: str, client: Client) -> None:
    page = client.get(link(acme, token))
    assert "new@firm.example" in page.content.decode()
    response = client.post(link(acme, token), NEW)
    assert response.headers["Location"] == "/o/acme/"
    member = Membership.objects.select_related("user").get(user__email="new@firm.example")
    assert (member.organization_id, member.role, member.team_id) == (acme.org.pk, "rep", acme.team.pk)
    assert member.user.name == "陳柏翰"
    assert EmailAddress.objects.get(user=member.user).verified
    assert Organization.objects.count() == 1
    assert client.get(reverse("tenants:profile", args=["acme"])).status_code == 200
    with working_for(acme.org):
        assert AuditEvent.objects.filter(verb="member.joined", by=member).exists()


@pytest.mark.parametrize("broken", [{"name": ""}, {"password": "short"}, {"password": "new@firm.example"}])
def test_a_new_person_must_have_a_name_and_a_good_password(
    acme: Cast, token: str, client: Client, broken: dict[str, str]
) -> None:
    assert client.post(link(acme, token), {**NEW, **broken}).status_code == 422
    assert not User.objects.filter(email="new@firm.example").exists()


def test_who_has_an_account_signs_in_and_comes_back(acme: Cast, token: str, client: Client) -> None:
    user = User.objects.create_user("new@firm.example", PASSWORD, name="New")
    page = client.get(link(acme, token)).content.decode()
    assert f"/accounts/login/?next={link(acme, token)}" in page
    assert client.post(link(acme, token), NEW).status_code == 200, "nobody takes an account by its invitation"
    user.refresh_from_db()
    assert user.name == "New"
    client.force_login(user)
    assert "Accept the invitation" in client.get(link(acme, token)).content.decode()
    assert client.post(link(acme, token)).headers["Location"] == "/o/acme/"
    assert Membership.objects.filter(user=user, organization=acme.org, is_active=True).exists()


def test_opening_the_link_alone_takes_nothing(acme: Cast, token: str, client: Client) -> None:
    user = User.objects.create_user("new@firm.example", PASSWORD, name="New")
    client.force_login(user)
    client.get(link(acme, token))
    assert not Membership.objects.filter(user=user).exists()


def test_taking_it_twice_is_taking_it_once(acme: Cast, token: str, client: Client) -> None:
    client.post(link(acme, token), NEW)
    again = client.post(link(acme, token), NEW)
    assert again.headers["Location"] == "/o/acme/"
    assert Membership.objects.filter(user__email="new@firm.example").count() == 1
    with working_for(acme.org):
        assert AuditEvent.objects.filter(verb="member.joined").count() == 1


def test_a_used_link_is_of_no_use_to_others(acme: Cast, token: str, client: Client, login: Login) -> None:
    client.post(link(acme, token), NEW)
    page = Client().get(link(acme, token))
    assert page.status_code == 410
    assert "already been used" in page.content.decode()
    assert "signed in as rep2@acme.example" in login(acme.rep2).get(link(acme, token)).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"expires_at": AT}, "has expired"),
        ({"withdrawn_at": AT}, "was withdrawn"),
    ],
)
def test_a_dead_link_says_why_and_whom_to_ask(
    acme: Cast, token: str, client: Client, values: dict[str, Any], words: str
) -> None:
    change(acme, **values)
    for response in (client.get(link(acme, token)), client.post(link(acme, token), NEW)):
        assert response.status_code == 410
        assert words in response.content.decode()
        assert acme.admin.user.email in response.content.decode()
    assert not User.objects.filter(email="new@firm.example").exists()


def test_another_address_is_told_so_and_may_sign_out(acme: Cast, globex: Cast, token: str, login: Login) -> None:
    client = login(globex.rep)
    page = client.get(link(acme, token)).content.decode()
    assert "You are signed in as rep@globex.example, but the invitation is for new@firm.example." in page
    assert client.post(link(acme, token)).status_code == 403
    assert not Membership.objects.filter(user=globex.rep.user, organization=acme.org).exists()


def test_a_link_opens_no_other_organization(acme: Cast, globex: Cast, token: str, client: Client) -> None:
    assert client.get(link(globex, token)).status_code == 404
    assert client.get(link(acme, "made-up")).status_code == 404
    assert client.get(reverse("tenants:join", args=["nowhere", token])).status_code == 404


def test_who_was_out_is_let_in_again_as_what_is_asked_now(acme: Cast, login: Login) -> None:
    Membership.objects.filter(pk=acme.rep2.pk).update(is_active=False)
    token = invite(acme, "rep2@acme.example", role=Role.MANAGER).sent[0][1]
    client = login(acme.rep2)
    assert client.get(reverse("tenants:profile", args=["acme"])).status_code == 404
    client.post(link(acme, token))
    acme.rep2.refresh_from_db()
    assert (acme.rep2.is_active, acme.rep2.role) == (True, "manager")


def test_an_invitation_cannot_be_withdrawn_once_taken(acme: Cast, token: str, client: Client) -> None:
    client.post(link(acme, token), NEW)
    with working_for(acme.org), pytest.raises(Refused, match="invitation_accepted"):
        actions.withdraw(Invitation.objects.get(), by=acme.admin, at=AT + timedelta(days=1))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_taps_at_the_same_moment_make_one_person(acme: Cast) -> None:
    token = invite(acme).sent[0][1]
    statuses: list[int] = []

    def tap() -> None:
        try:
            statuses.append(Client().post(link(acme, token), NEW).status_code)
        finally:
            connection.close()

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert 302 in statuses
    assert not set(statuses) & {500}
    assert User.objects.filter(email="new@firm.example").count() == 1
    assert Membership.objects.filter(user__email="new@firm.example").count() == 1
