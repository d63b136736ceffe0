"""Sign-in by address, sign-up that founds an organization, forgotten passwords; slow for who guesses."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from tenants.models import AuditEvent, Membership, Organization, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db
LOGIN, SIGNUP = "/accounts/login/", "/accounts/signup/"


# Sign-in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["rep@acme.example", "Rep@Acme.Example"])
def test_signing_in_by_address_in_any_case_leads_to_the_organization(rep: User, client: Client, email: str) -> None:
    response = client.post(LOGIN, {"login": email, "password": PASSWORD})
    assert response.headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/o/acme/"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(rep: User, client: Client) -> None:
    wrong = client.post(LOGIN, {"login": rep.email, "password": "wrong"})
    unknown = client.post(LOGIN, {"login": "nobody@acme.example", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    sentence = "The address or the password is not right."
    assert sentence in wrong.content.decode()
    assert sentence in unknown.content.decode()
    assert rep.email in wrong.content.decode(), "what was typed stays"


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "https:evil.example"]
)
def test_next_leads_nowhere_else(rep: User, client: Client, to: str) -> None:
    response = client.post(LOGIN, {"login": rep.email, "password": PASSWORD, "next": to})
    assert response.status_code == 302
    assert response.headers["Location"] == "/"


def test_next_leads_back_to_the_page_that_was_asked_for(rep: User, client: Client) -> None:
    to = reverse("tenants:profile", args=["acme"])
    response = client.post(LOGIN, {"login": rep.email, "password": PASSWORD, "next": to})
    assert response.headers["Location"] == to


def test_guessing_at_one_account_is_slowed_down(rep: User, client: Client) -> None:
    for _ in range(5):
        client.post(LOGIN, {"login": rep.email, "password": "wrong"})
    response = client.post(LOGIN, {"login": rep.email, "password": PASSWORD})
    assert response.status_code == 422
    assert "Too many tries" in response.content.decode()
    assert not Client().post(LOGIN, {"login": rep.email, "password": PASSWORD}).has_header("Location")


def test_guessing_at_many_accounts_is_slowed_down(rep: User, client: Client) -> None:
    statuses = [client.post(LOGIN, {"login": f"x{n}@x.example", "password": "wrong"}).status_code for n in range(40)]
    assert statuses[0] == 422
    assert "Too many tries" in client.post(LOGIN, {"login": rep.email, "password": PASSWORD}).content.decode()
    assert 429 in statuses


def test_who_is_inactive_does_not_get_in(rep: User, client: Client) -> None:
    rep.is_active = False
    rep.save()
    response = client.post(LOGIN, {"login": rep.email, "password": PASSWORD}, follow=True)
    assert not response.wsgi_request.user.is_authenticated


def test_signing_out_takes_a_post(acme: Cast, client: Client) -> None:
    client.force_login(acme.rep.user)
    page = client.get("/accounts/logout/")
    assert page.status_code == 200
    assert "_auth_user_id" in client.session
    response = client.post("/accounts/logout/", follow=True)
    assert "_auth_user_id" not in client.session
    assert "You are signed out." in response.content.decode()


def test_forms_need_their_token(rep: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(LOGIN, {"login": rep.email, "password": PASSWORD}).status_code == 403


def test_who_is_in_no_organization_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("alone@x.example", PASSWORD, name="Alone"))
    page = client.get("/")
    assert page.status_code == 200
    assert "alone@x.example" in page.content.decode()


# Sign-up ------------------------------------------------------------------------------------------

NEW = {"name": "林怡君", "organization": "曜石科技", "email": "New@Firm.example", "password1": PASSWORD}


@pytest.mark.parametrize(
    ("browser", "language", "currency", "zone"),
    [
        ("zh-TW,zh;q=0.9", "zh-hant", "TWD", "Asia/Taipei"),
        ("zh-CN", "zh-hans", "CNY", "Asia/Shanghai"),
        ("en-US,en", "en", "TWD", "Asia/Taipei"),
    ],
)
def test_signing_up_founds_an_organization_in_the_browsers_language(
    client: Client, browser: str, language: str, currency: str, zone: str
) -> None:
    response = client.post(SIGNUP, NEW, headers={"accept-language": browser})
    assert response.status_code == 302
    assert "_auth_user_id" in client.session
    member = Membership.objects.select_related("organization", "user").get()
    organization = member.organization
    assert (member.role, member.is_admin, member.user.name) == (Role.EXECUTIVE, True, "林怡君")
    assert member.user.email == "new@firm.example"
    assert (organization.name, organization.language) == ("曜石科技", language)
    assert (organization.currency, organization.time_zone) == (currency, zone)
    with working_for(organization):
        assert member.team.name == "曜石科技"
        assert AuditEvent.objects.filter(verb="organization.founded", by=member).exists()


def test_signing_up_twice_with_one_address_makes_nothing_new(client: Client, rep: User) -> None:
    response = client.post(SIGNUP, {**NEW, "email": rep.email})
    assert response.status_code == 422
    assert "already an account" in response.content.decode()
    assert Organization.objects.count() == 1


def test_where_mail_is_sent_a_taken_address_is_answered_like_a_new_one(
    rep: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    answers, mails = [], []
    for email in (rep.email, "new@firm.example"):
        client = Client()
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(SIGNUP, {**NEW, "email": email})
        assert "_auth_user_id" not in client.session
        page = client.get(response.headers["Location"]).content.decode()
        same = re.sub(r"[A-Za-z0-9]{64}", "", page).replace(email, "")
        answers.append((response.status_code, response.headers["Location"], same))
        mails.append(mail.outbox[-1])
    assert answers[0] == answers[1]
    assert [message.to for message in mails] == [[rep.email], ["new@firm.example"]]
    assert "already have an account" in mails[0].subject
    assert Organization.objects.count() == 2, "the new one alone"
    found = re.search(r"http://testserver(/\S+)", str(mails[1].body))
    assert found
    client = Client()
    assert client.post(LOGIN, {"login": "new@firm.example", "password": PASSWORD}).headers["Location"] != "/"
    client.post(found[1])
    assert client.post(LOGIN, {"login": "new@firm.example", "password": PASSWORD}).headers["Location"] == "/"


@pytest.mark.parametrize(
    "broken", [{"organization": ""}, {"name": ""}, {"password1": "short"}, {"password1": "password123"}, {"email": "x"}]
)
def test_a_sign_up_that_lacks_something_keeps_what_was_typed(client: Client, broken: dict[str, str]) -> None:
    response = client.post(SIGNUP, {**NEW, **broken})
    assert response.status_code == 422
    assert not User.objects.exists()
    if "name" not in broken:
        assert "林怡君" in response.content.decode()


def test_a_sign_up_that_fails_halfway_leaves_nobody_behind(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tenants.actions.found_organization", fail)
    with pytest.raises(RuntimeError):
        client.post(SIGNUP, NEW)
    assert not User.objects.exists()


# Forgotten password -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("browser", "subject"), [("en", "choose a new password"), ("zh-TW", "新密碼"), ("zh-CN", "新密码")]
)
def test_a_forgotten_password_is_reset_by_mail(
    rep: User,
    client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    browser: str,
    subject: str,
) -> None:
    headers = {"accept-language": browser}
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/password/reset/", {"email": rep.email}, headers=headers)
    assert response.headers["Location"] == "/accounts/password/reset/done/"
    (message,) = mail.outbox
    assert message.to == [rep.email]
    assert subject in message.subject
    found = re.search(r"http://testserver(/\S+)", str(message.body))
    assert found
    page = client.get(found[1], follow=True)
    action = page.redirect_chain[-1][0]
    new = "another one 4712"
    done = client.post(action, {"password1": new, "password2": new}, follow=True)
    assert done.status_code == 200
    assert client.post(LOGIN, {"login": rep.email, "password": new}).status_code == 302
    client.logout()
    assert client.get(found[1], follow=True).status_code == 200, "a used link says so"
    assert not client.session.get("_auth_user_id")


def test_an_unknown_address_gets_no_mail_and_the_same_answer(
    client: Client, db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/password/reset/", {"email": "nobody@x.example"})
    assert response.headers["Location"] == "/accounts/password/reset/done/"
    assert mail.outbox == []


def test_changing_the_password_tells_its_owner(
    rep: User, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client.post(LOGIN, {"login": rep.email, "password": PASSWORD})
    new = "another one 4712"
    answers = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    bad = client.post("/accounts/password/change/", {**answers, "oldpassword": "x"})
    assert bad.status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/password/change/", answers)
    assert response.status_code == 302
    assert [message.to for message in mail.outbox] == [[rep.email]]
    rep.refresh_from_db()
    assert rep.check_password(new)


# All the pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("browser", "theme"), [("en", "light"), ("zh-TW", "dark"), ("zh-CN", "light")])
@pytest.mark.parametrize(
    "url",
    [
        LOGIN,
        SIGNUP,
        "/accounts/inactive/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/used-up/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-x/",
        "/accounts/password/reset/key/done/",
    ],
)
def test_pages_before_the_sign_in_are_ours(client: Client, url: str, browser: str, theme: str) -> None:
    response = client.get(f"{url}?theme={theme}", headers={"accept-language": browser})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="plain-card' in page
    assert f'data-theme="{theme}"' in page
    assert f'<html lang="{ {"en": "en", "zh-TW": "zh-Hant", "zh-CN": "zh-Hans"}[browser] }"' in page


@pytest.mark.parametrize(
    "url",
    ["/accounts/logout/", "/accounts/email/", "/accounts/password/change/", "/accounts/reauthenticate/"],
)
def test_pages_about_oneself_are_ours(rep: User, client: Client, url: str) -> None:
    assert client.get(url).status_code == 302
    client.post(LOGIN, {"login": rep.email, "password": PASSWORD})
    response = client.get(url)
    assert response.status_code == 200
    assert 'class="plain-card' in response.content.decode()


def test_a_new_address_takes_the_password_once_more_and_counts_when_its_link_was_opened(
    rep: User, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client.post(LOGIN, {"login": rep.email, "password": PASSWORD})
    asked = client.post("/accounts/email/", {"email": "moved@acme.example", "action_add": ""})
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    assert client.post(asked.headers["Location"], {"password": "wrong"}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        client.post(asked.headers["Location"], {"password": PASSWORD})
    rep.refresh_from_db()
    assert rep.email == "rep@acme.example"
    link = next(message for message in mail.outbox if message.to == ["moved@acme.example"]).body
    found = re.search(r"http://testserver(/\S+)", str(link))
    assert found
    client.post(found[1])
    rep.refresh_from_db()
    assert rep.email == "moved@acme.example"


def test_the_address_of_somebody_else_is_refused(rep: User, acme: Cast, client: Client) -> None:
    client.post(LOGIN, {"login": rep.email, "password": PASSWORD})
    response = client.post("/accounts/email/", {"email": acme.rep2.user.email, "action_add": ""})
    assert response.status_code == 422
    rep.refresh_from_db()
    assert rep.email == "rep@acme.example"


@pytest.mark.parametrize(
    "url", ["/accounts/login/code/confirm/", "/accounts/signup/passkey/", "/accounts/phone/verify/"]
)
def test_what_we_do_not_support_has_no_address(client: Client, url: str, db: None) -> None:
    assert client.get(url).status_code == 404


def test_a_browser_keeps_the_language_it_chose(client: Client, db: None) -> None:
    client.post("/accounts/language/", {"language": "zh-hant", "next": LOGIN})
    assert '<html lang="zh-Hant"' in client.get(LOGIN).content.decode()
