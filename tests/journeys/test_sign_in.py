"""A passkey in a real browser: registered, used instead of the password, and before what matters; an app beside it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tenants.models import User
from tests.cast import Cast
from tests.journeys.conftest import Visitor
from tests.journeys.test_accessibility import complaints
from tests.tenants.device import totp

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
PASSWORD = "long enough 4711"


def make_device(page: Page) -> Callable[[bool], Any]:
    """Give the browser a device that holds passkeys; the result says whether its holder is recognised."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def recognise(holder: bool) -> Any:
        return session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": holder})

    return recognise


def with_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save()


def sign_in_by_password(visitor: Visitor, user: User) -> None:
    visitor.page.goto(f"{visitor.base}/accounts/login/")
    visitor.page.locator("#id_login").fill(user.email)
    visitor.page.locator("#id_password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_registered_and_signs_in(acme: Cast, visit: Callable[..., Visitor]) -> None:
    with_password(acme.rep.user)
    acme.org.second_factor_required = True
    acme.org.save()
    visitor = visit(acme.rep, language="en")
    page = visitor.page
    recognise = make_device(page)
    visitor.context.clear_cookies()
    sign_in_by_password(visitor, acme.rep.user)

    expect(page.get_by_role("heading", level=1)).to_have_text("Acme asks for a second factor")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Telephone")
    recognise(False)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The device did not confirm. Try again, or take another way.")
    recognise(True)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#codes li")).to_have_count(10)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "salesops-recovery-codes.txt"
    kept = download.value.path().read_text().split()
    assert kept == page.locator("#codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{visitor.base}/o/acme/today/")

    visitor.context.clear_cookies()
    page.goto(f"{visitor.base}/o/acme/funnel/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{visitor.base}/o/acme/funnel/")

    visitor.context.clear_cookies()
    sign_in_by_password(visitor, acme.rep.user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{visitor.base}/o/acme/today/")

    page.goto(f"{visitor.base}/accounts/security/")
    page.get_by_role("link", name="Remove Telephone").click()
    page.get_by_role("link", name="With a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The passkey is removed.")
    visitor.go("today/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme asks for a second factor")


def test_a_cancelled_passkey_says_so_and_the_password_still_works(acme: Cast, visit: Callable[..., Visitor]) -> None:
    with_password(acme.rep.user)
    visitor = visit(acme.rep, language="en", phone=True)
    make_device(visitor.page)
    visitor.context.clear_cookies()
    visitor.page.goto(f"{visitor.base}/accounts/login/")
    visitor.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(visitor.page.get_by_role("alert")).to_have_text(
        "The device did not confirm. Try again, or take another way."
    )
    sign_in_by_password(visitor, acme.rep.user)
    expect(visitor.page).to_have_url(f"{visitor.base}/o/acme/today/")


def test_an_app_is_set_up_by_its_key(acme: Cast, visit: Callable[..., Visitor]) -> None:
    with_password(acme.rep.user)
    visitor = visit(acme.rep, language="en", dark=True)
    page = visitor.page
    visitor.allowed = {422}
    page.goto(f"{visitor.base}/accounts/security/")
    page.get_by_role("link", name="Set up an authenticator app").click()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    page.get_by_label("Code").fill(totp(page.locator("#key").inner_text()))
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#codes li")).to_have_count(10)


def test_what_was_typed_in_a_dialog_of_the_page_waits_for_the_password(
    acme: Cast, visit: Callable[..., Visitor]
) -> None:
    with_password(acme.admin.user)
    visitor = visit(acme.admin, language="en")
    page = visitor.page
    visitor.context.clear_cookies()
    sign_in_by_password(visitor, acme.admin.user)
    expect(page).to_have_url(f"{visitor.base}/o/acme/settings/")
    visitor.go(f"settings/people/{acme.rep.pk}/")
    page.get_by_label("Admin: people, settings, audit log").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it still you?")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{visitor.base}/o/acme/settings/people/")
    acme.rep.refresh_from_db()
    assert acme.rep.is_admin


def test_a_session_ended_in_another_tab_leads_to_the_sign_in(acme: Cast, visit: Callable[..., Visitor]) -> None:
    with_password(acme.rep.user)
    desk, telephone = visit(acme.rep, language="en"), visit(acme.rep, language="en", phone=True)
    for visitor in (desk, telephone):
        visitor.context.clear_cookies()
        sign_in_by_password(visitor, acme.rep.user)
        expect(visitor.page).to_have_url(f"{visitor.base}/o/acme/today/")
    desk.page.goto(f"{desk.base}/accounts/sessions/")
    expect(desk.page.locator("#sessions li")).to_have_count(2)
    desk.page.get_by_role("button", name="End all others").click()
    expect(desk.page.locator("#sessions li")).to_have_count(1)
    telephone.go("funnel/")
    expect(telephone.page.get_by_role("heading", level=1)).to_have_text("Sign in")


PAGES = ["security/", "security/app/", "security/passkeys/new/", "sessions/", "reauthenticate/?next=/"]


@pytest.mark.parametrize(("phone", "dark", "language"), [(False, False, "zh-hant"), (True, True, "en")])
def test_nothing_to_complain_about(
    acme: Cast, visit: Callable[..., Visitor], phone: bool, dark: bool, language: str
) -> None:
    with_password(acme.rep.user)
    visitor = visit(acme.rep, phone=phone, dark=dark, language=language)
    admin = visit(acme.admin, phone=phone, dark=dark, language=language)
    said = [text for page in PAGES for text in complaints(visitor, f"../../accounts/{page}")]
    said += complaints(admin, "settings/security/")
    acme.org.second_factor_required = True
    acme.org.save()
    said += complaints(visitor, "today/")
    visitor.context.clear_cookies()
    said += complaints(visitor, "../../accounts/login/")
    assert said == []
