"""An admin at work: a pasted list, a setting that asks first, a colleague who leaves."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tenants.models import Invitation, Membership, Organization
from tenants.scoping import reading
from tests.cast import Cast
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.mark.parametrize("phone", [False, True])
def test_a_list_is_pasted_mended_and_sent(acme: Cast, visit: Callable[..., Visitor], phone: bool) -> None:
    admin = visit(acme.admin, phone=phone, language="en")
    page = admin.go("settings/people/invite/")
    page.get_by_role("textbox", name="People").fill("Lin Yi <lin@x.example>, manager, North\nrep@acme.example\nbad")
    told = page.locator("#invite-preview")
    expect(told).to_contain_text("1 person will be invited.")
    expect(told).to_contain_text("Already a member: nothing changes")
    expect(told.get_by_role("button", name="Send")).to_be_disabled()
    page.get_by_role("textbox", name="People").fill("Lin Yi <lin@x.example>, manager, North\nrep@acme.example")
    told.get_by_role("button", name="Send 1 invitation").click()
    expect(page.get_by_role("status").filter(has_text="1 invitation is on its way.")).to_be_visible()
    expect(page.get_by_text("lin@x.example").first).to_be_visible()
    with reading(acme.org):
        assert Invitation.objects.get().role == "manager"


def test_a_setting_that_moves_numbers_asks_first(acme: Cast, visit: Callable[..., Visitor]) -> None:
    admin = visit(acme.admin, language="en")
    admin.allowed.add(422)
    page = admin.go("settings/organization/")
    page.get_by_label("Fiscal year starts in").select_option("2")
    expect(page.locator("#organization-effects")).to_contain_text("The fiscal year begins in February")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("then confirm it")
    assert Organization.objects.get(pk=acme.org.pk).fiscal_year_start == 1
    page.get_by_label("I have read this. Change it.").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    assert Organization.objects.get(pk=acme.org.pk).fiscal_year_start == 2
    page.locator("#history").scroll_into_view_if_needed()
    expect(page.locator("#history")).to_contain_text("changed the settings")


def test_who_leaves_is_out_of_every_open_page(acme: Cast, visit: Callable[..., Visitor]) -> None:
    rep = visit(acme.rep, language="en")
    rep.allowed.add(404)
    theirs = rep.go("today/")
    admin = visit(acme.admin, language="en")
    page = admin.go("settings/people/")
    page.get_by_role("link", name="Rep Acme", exact=True).click()
    page.get_by_role("link", name="Deactivate").click()
    expect(page.get_by_text("Access ends at once")).to_be_visible()
    expect(page.get_by_text("nobody has to take anything over")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("can no longer enter")).to_be_visible()
    bell = theirs.evaluate(
        "path => fetch(path, {headers: {'HX-Request': 'true'}}).then(answer => answer.status)",
        reverse("jobs:bell", args=["acme"]),
    )
    assert bell == 404
    page = admin.go("settings/people/")
    page.get_by_text("Deactivated 1").click()
    expect(page.locator("#people-out").get_by_role("link", name="Rep Acme")).to_be_visible()
    page.locator("#people-out").get_by_role("link", name="Rep Acme").click()
    page.get_by_role("button", name="Reactivate").click()
    expect(page.get_by_text("can enter again")).to_be_visible()
    assert Membership.objects.get(pk=acme.rep.pk).is_active
