"""Where one is signed in: listed, ended one by one or all at once, and over with the next request."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import actions, devices
from tenants.models import Invitation, Membership, User
from tenants.permissions import Role
from tenants.scoping import reading
from tenants.sign_in import MOST_NOTED, is_noted
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db
LOGIN, SESSIONS, PROFILE = "/accounts/login/", "/accounts/sessions/", "/o/acme/profile/"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser(user: User, agent: str = DESK, address: str = "203.0.113.7") -> Client:
    """Return a browser of its own in which this person signed in."""
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).headers["Location"] == "/"
    return client


def row_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


def is_over(client: Client) -> bool:
    """Return whether the next request finds nobody signed in."""
    return client.get(PROFILE).headers.get("Location", "").startswith(LOGIN)


def test_my_sessions_say_device_address_and_when(rep: User) -> None:
    desk, _telephone = browser(rep), browser(rep, PHONE, "2001:db8::7")
    page = desk.get(SESSIONS).content.decode()
    assert page.count("<li>") == 2
    for words in ("Chrome · Windows", "203.0.113.7", "Safari · iPhone", "2001:db8::7", "This one", "just now"):
        assert words in page
    assert page.index("Chrome") < page.index("Safari"), "this one first"


def test_a_session_is_ended_by_another_tab(rep: User) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    assert desk.post(reverse("end_session", args=[row_of(telephone).pk])).headers["Location"] == SESSIONS
    assert is_over(telephone)
    assert not is_over(desk)
    fragment = telephone.get(PROFILE, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver" + PROFILE})
    assert fragment.status_code == 204
    assert fragment.headers["HX-Redirect"].startswith(LOGIN)
    assert UserSession.objects.count() == 1


def test_ending_twice_is_not_there(rep: User) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    url = reverse("end_session", args=[row_of(telephone).pk])
    desk.post(url)
    assert desk.post(url).status_code == 404
    assert not is_over(desk)


def test_ending_this_one_signs_out(rep: User) -> None:
    desk = browser(rep)
    assert desk.post(reverse("end_session", args=[row_of(desk).pk])).headers["Location"] == LOGIN
    assert is_over(desk)
    assert not UserSession.objects.exists()


def test_ending_all_others_leaves_this_one(rep: User, acme: Cast) -> None:
    other = acme.rep2.user
    other.set_password(PASSWORD)
    other.save()
    desk, telephone, tablet, neighbour = browser(rep), browser(rep, PHONE), browser(rep), browser(other)
    desk.post(reverse("end_other_sessions"))
    assert [is_over(client) for client in (desk, telephone, tablet, neighbour)] == [False, True, True, False]


def test_the_session_of_another_is_not_there(rep: User, acme: Cast) -> None:
    other = acme.rep2.user
    other.set_password(PASSWORD)
    other.save()
    desk, neighbour = browser(rep), browser(other)
    assert desk.post(reverse("end_session", args=[row_of(neighbour).pk])).status_code == 404
    assert not is_over(neighbour)
    assert "rep2" not in desk.get(SESSIONS).content.decode()


@pytest.mark.parametrize("name", ["end_session", "end_other_sessions"])
def test_ending_takes_a_post_with_its_token(rep: User, name: str) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    url = reverse(name, args=[row_of(telephone).pk] if name == "end_session" else [])
    assert desk.get(url).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = desk.cookies["sessionid"].value
    assert strict.post(url).status_code == 403
    assert Client().post(url).headers["Location"].startswith(LOGIN)
    assert not is_over(telephone)


def test_sessions_that_ran_out_are_not_listed(rep: User) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    Session.objects.filter(session_key=telephone.session.session_key).update(expire_date=timezone.now())
    assert desk.get(SESSIONS).content.decode().count("<li>") == 1


def test_a_changed_password_ends_the_others(rep: User) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    new = "another one 4712"
    desk.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_over(telephone)
    assert not is_over(desk)


def test_a_session_is_noted_once_a_minute_and_follows_its_person(rep: User) -> None:
    desk = browser(rep)
    first = row_of(desk).last_seen_at
    desk.get(PROFILE)
    seen = row_of(desk).last_seen_at
    desk.get(PROFILE, REMOTE_ADDR="198.51.100.9")
    assert row_of(desk).last_seen_at == seen >= first
    actions.note_session(
        rep, key=str(desk.session.session_key), ip="198.51.100.9", user_agent="x" * 999, at=timezone.now()
    )
    row = row_of(desk)
    assert (row.ip, len(row.user_agent)) == ("198.51.100.9", 200)
    assert row.last_seen_at > seen


def test_a_session_of_before_is_noted_at_its_next_request(acme: Cast) -> None:
    client = Client(headers={"user-agent": PHONE})
    client.force_login(acme.rep.user, backend="tenants.sign_in.Backend")
    assert not UserSession.objects.exists()
    client.get(PROFILE)
    assert UserSession.objects.get().user_id == acme.rep.user_id


def test_an_unknown_address_ends_no_request(acme: Cast) -> None:
    client = Client(REMOTE_ADDR="")
    client.force_login(acme.rep.user, backend="tenants.sign_in.Backend")
    assert client.get(PROFILE).status_code == 200
    assert UserSession.objects.get().ip == "0.0.0.0"  # noqa: S104


def test_what_a_process_has_noted_stays_small() -> None:
    from tenants import sign_in

    for number in range(MOST_NOTED + 10):
        is_noted(f"key {number}")
    assert len(sign_in._noted) <= MOST_NOTED


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (DESK, ("Chrome", "Windows")),
        (PHONE, ("Safari", "iPhone")),
        (DESK + " Edg/130.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile MicroMessenger/8.0", ("WeChat", "Android")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari Line/14.1", ("LINE", "iPhone")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", ("Firefox", "Linux")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17.0 Safari/605.1", ("Safari", "Mac")),
        ("curl/8", ("", "")),
        ("", ("", "")),
        ("<script>", ("", "")),
    ],
)
def test_what_a_browser_says_about_itself(agent: str, said: tuple[str, str]) -> None:
    assert (devices.browser(agent), devices.system(agent)) == said


# When a membership ends ---------------------------------------------------------------------------


def deactivate(member: Membership, by: Membership) -> None:
    with reading(member.organization):
        actions.deactivate(member, by=by, at=timezone.now())


def test_who_belongs_nowhere_any_more_is_signed_out_everywhere(rep: User, acme: Cast) -> None:
    desk, telephone = browser(rep), browser(rep, PHONE)
    deactivate(acme.rep, acme.admin)
    assert is_over(desk)
    assert is_over(telephone)
    assert not UserSession.objects.filter(user=rep).exists()


def test_who_works_elsewhere_too_stays_signed_in_there(rep: User, acme: Cast, globex: Cast) -> None:
    Membership.objects.create(organization=globex.org, user=rep, role=Role.REP)
    desk = browser(rep)
    deactivate(acme.rep, acme.admin)
    assert desk.get(PROFILE).status_code == 404
    assert desk.get("/o/globex/profile/").status_code == 200


def test_invitations_of_somebody_who_left_expire_and_another_admin_sends_them_again(acme: Cast) -> None:
    acme.rep.is_admin = True
    acme.rep.save()
    at = timezone.now()
    with reading(acme.org):
        invited = actions.invite(
            acme.org, emails=["back@door.example"], role="rep", team=None, is_admin=True, by=acme.rep, at=at
        )
        kept = actions.invite(
            acme.org, emails=["good@x.example"], role="rep", team=None, is_admin=False, by=acme.admin, at=at
        )
    (_, token), (_, other) = invited.sent[0], kept.sent[0]
    deactivate(acme.rep, acme.admin)
    assert Client().get(reverse("tenants:join", args=["acme", token])).status_code == 410
    assert Client().get(reverse("tenants:join", args=["acme", other])).status_code == 200
    with reading(acme.org):
        invitation = Invitation.objects.get(email="back@door.example")
        again, token = actions.renew(invitation, by=acme.admin, at=timezone.now())
        assert again.invited_by_id == acme.admin.pk
    assert Client().get(reverse("tenants:join", args=["acme", token])).status_code == 200
