"""Recording and changing customers, contacts and products; judging; agreeing on segments."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts import actions
from accounts.models import Account, AccountMember, Assessment, AssessmentSetting, Contact, Product
from accounts.segments import Factor
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.accounts.factories import AT, make_account, make_contact, make_product
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
HTMX = {"HX-Request": "true"}


def url(cast: Cast, name: str, *args: object) -> str:
    """An address of the app."""
    return reverse(f"accounts:{name}", args=[cast.org.slug, *args])


def typed(cast: Cast, **fields: Any) -> dict[str, Any]:
    """What a filled-in form of a customer sends."""
    return {"name": "Nan Ya", "kind": "customer", "owner": cast.rep.pk, "request_key": str(uuid4()), **fields}


# Customers


def test_a_customer_is_recorded_once(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    data = typed(acme, turnover="1.28億", employees="1200", website="nanya.example", founded_year="1958")
    first, second = (client.post(url(acme, "new"), data) for _ in range(2))
    with working_for(acme.org):
        account = Account.objects.get()
        assert (account.turnover, account.employees, account.website) == (12_800_000_000, 1200, "https://nanya.example")
    for answer in (first, second):
        assert answer.status_code == 303
        assert answer.headers["Location"] == url(acme, "account", account.pk)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("/o/acme/visits/new/?kind=call", True),
        ("/o/acme/visits/", True),
        ("/o/globex/", False),
        ("https://evil.example/o/acme/", False),
        ("//evil.example", False),
        ("", False),
    ],
)
def test_who_came_from_a_form_goes_back_to_it(acme: Cast, login: Login, wanted: str, kept: bool) -> None:
    client = login(acme.rep)
    assert client.get(url(acme, "new"), {"next": wanted, "name": "Nan Ya"}).status_code == 200
    to = client.post(url(acme, "new"), typed(acme, next=wanted)).headers["Location"]
    assert to.startswith(wanted) if kept else to.startswith("/o/acme/accounts/")
    assert not kept or "account=" in to


BAD: list[tuple[str, str, str]] = [
    ("name", "", "required"),
    ("name", "字" * 10_000, "at most 200"),
    ("name", "a\x00b", "Null"),
    ("employees", "-3", "greater than or equal to 0"),
    ("employees", "1e308", "whole number"),
    ("employees", "99999999999", "less than or equal"),
    ("turnover", "1e308", "Write an amount"),
    ("turnover", "9" * 30, "too large"),
    ("turnover", "-5", "negative"),
    ("turnover", "1.234", "two decimals"),
    ("turnover", "=1+1", "Write an amount"),
    ("founded_year", "3000", "Write a year"),
    ("website", "javascript:alert(1)", "address of a website"),
    ("kind", "friend", "valid choice"),
    ("parent", "99999", "valid choice"),
    ("owner", "99999", "valid choice"),
    ("notes", "x" * 10_001, "at most 10000"),
]


@pytest.mark.parametrize(("field", "value", "words"), BAD)
def test_bad_input_is_said_and_kept(acme: Cast, login: Login, field: str, value: str, words: str) -> None:
    response = login(acme.rep).post(url(acme, "new"), typed(acme, phone="02-1234", **{field: value}))
    assert response.status_code == 422
    text = response.content.decode()
    assert words in text
    assert "02-1234" in text
    with working_for(acme.org):
        assert not Account.objects.exists()


@pytest.mark.parametrize(
    "name", ["🚀 Rocket 台灣", "<b>bold</b><script>x</script>", '=cmd|"/c calc"!A1', "{{ 7|add:1 }}"]
)
def test_any_text_is_only_text(acme: Cast, login: Login, name: str) -> None:
    client = login(acme.rep)
    response = client.post(url(acme, "new"), typed(acme, name=name, notes=name), follow=True)
    text = response.content.decode()
    assert response.status_code == 200
    assert "<script>x" not in text
    assert "<b>bold" not in text
    with working_for(acme.org):
        assert Account.objects.get().name == name
    assert client.get(url(acme, "list")).status_code == 200


def test_a_twin_is_shown_first_and_may_be_passed(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        make_account(acme, "NAN-YA", owner=acme.rep2)
        mine = make_account(acme, "Other", tax_id="75370905")
    client = login(acme.rep)
    shown = client.post(url(acme, "new"), typed(acme)).content.decode()
    assert "may be a customer you already have" in shown
    assert "NAN-YA" in shown
    assert acme.rep2.name in shown
    shown = client.post(url(acme, "new"), typed(acme, name="Third", tax_id="75370905")).content.decode()
    assert url(acme, "account", mine.pk) in shown
    assert client.post(url(acme, "new"), typed(acme, anyway="on")).status_code == 303
    partner = login(acme.partner)
    assert partner.post(url(acme, "new"), typed(acme, owner=acme.partner.pk)).status_code == 303


def test_a_change_shows_both_values_when_somebody_was_faster(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme, industry="Steel")
        actions.change_account(account, seen=1, by=acme.manager, at=AT, industry="Chemicals")
    client = login(acme.rep)
    page = url(acme, "edit", account.pk)
    assert 'name="version" value="2"' in client.get(page).content.decode()
    data = typed(acme, name=account.name, industry="Plastics", version=1)
    for headers in ({}, HTMX):
        response = client.post(page, data, headers=headers)
        assert response.status_code == 409
        text = response.content.decode()
        assert "Chemicals" in text
        assert "Plastics" in text
        assert acme.manager.name in text
    assert client.post(page, {**data, "version": 2}).status_code == 303
    with working_for(acme.org):
        account.refresh_from_db()
        assert account.industry == "Plastics"


def test_a_rep_gives_customers_to_nobody_else_and_a_manager_within_the_team(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
    page = url(acme, "edit", account.pk)
    data = typed(acme, name=account.name, version=1, owner=acme.rep2.pk)
    assert login(acme.rep).post(page, data).status_code == 422
    manager = login(acme.manager)
    assert manager.post(page, {**data, "owner": acme.partner.pk}).status_code == 422
    assert manager.post(page, data).status_code == 303
    with working_for(acme.org):
        account.refresh_from_db()
        assert account.owner == acme.rep2
    assert login(acme.rep).get(page).status_code == 404


def test_an_owner_out_of_reach_stays_when_the_rest_is_changed(acme: Cast, login: Login) -> None:
    """A partner who works with a rep's customer changes its phone, not its owner."""
    with working_for(acme.org):
        account = make_account(acme)
        actions.add_member(account, acme.partner, by=acme.rep, at=AT)
    data = typed(acme, name=account.name, version=1, phone="02-9")
    assert login(acme.partner).post(url(acme, "edit", account.pk), data).status_code == 303


def test_a_loop_of_parents_is_refused(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        top = make_account(acme, "Top")
        below = make_account(acme, "Below", parent=top)
    data = typed(acme, name="Top", version=1, parent=below.pk)
    response = login(acme.rep).post(url(acme, "edit", top.pk), data)
    assert response.status_code == 422
    assert "cannot belong to itself" in response.content.decode()


def test_a_quick_customer_needs_a_name_alone(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    key = str(uuid4())
    first = client.post(url(acme, "quick_new"), {"name": "Nan Ya", "request_key": key}, headers=HTMX)
    again = client.post(url(acme, "quick_new"), {"name": "nan-ya"}, headers=HTMX)
    with working_for(acme.org):
        account = Account.objects.get()
    for response in (first, again):
        assert f'data-value="{account.pk}"' in response.content.decode()
    assert account.owner == acme.rep
    assert client.post(url(acme, "quick_new"), {"name": "x" * 300}, headers=HTMX).status_code == 422
    assert login(acme.colleague).post(url(acme, "quick_new"), {"name": "X"}).status_code == 403


# Contacts and members


def test_contacts_are_added_and_changed_in_the_dialog(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
    client = login(acme.rep)
    page = url(acme, "contact_new", account.pk)
    assert 'id="dialog-title"' in client.get(page, headers=HTMX).content.decode()
    data = {"name": "王小明", "email": "wang@example.com", "request_key": str(uuid4())}
    for _ in range(2):
        answer = client.post(page, data, headers=HTMX)
        assert answer.status_code == 200
        assert "王小明" in answer.content.decode()
        assert "toast" in answer.headers["HX-Trigger"]
    with working_for(acme.org):
        contact = Contact.objects.get()
    bad = client.post(page, {"name": "x", "email": "no"}, headers=HTMX)
    assert bad.status_code == 422
    assert bad.headers["HX-Retarget"] == "#dialog"
    edit = url(acme, "contact_edit", contact.pk)
    changed = {"name": "王大明", "email": "wang@example.com"}
    assert client.post(edit, {**changed, "version": 1}).status_code == 303
    stale = client.post(edit, {**changed, "name": "王中明", "version": 1}, headers=HTMX)
    assert stale.status_code == 409
    text = stale.content.decode()
    assert "王大明" in text
    assert "王中明" in text
    assert 'name="version" value="2"' in text
    assert 'name="name" value="王中明"' in text  # what was typed can be sent again, from the dialog into its panel
    again = client.post(edit, {**changed, "name": "王中明", "version": 2}, headers=HTMX)
    assert (again.status_code, again.headers["HX-Retarget"]) == (200, "#contacts")


def test_members_are_added_and_taken_off(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
    client = login(acme.rep)
    page = url(acme, "members", account.pk)
    assert acme.colleague.name in client.get(page, headers=HTMX).content.decode()
    assert client.post(page, {"member": acme.colleague.pk}, headers=HTMX).status_code == 200
    assert client.post(page, {"member": acme.rep.pk}, headers=HTMX).status_code == 422
    with working_for(acme.org):
        assert AccountMember.objects.get().member == acme.colleague
    gone = client.post(url(acme, "member_remove", account.pk, acme.colleague.pk))
    assert gone.status_code == 303
    assert client.post(url(acme, "member_remove", account.pk, acme.colleague.pk)).status_code == 404


def test_a_partner_who_steps_back_goes_to_the_list(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.add_member(account, acme.partner, by=acme.rep, at=AT)
    response = login(acme.partner).post(url(acme, "member_remove", account.pk, acme.partner.pk))
    assert response.headers["Location"] == url(acme, "list")


# Assessment and segments


def test_a_judgement_is_saved_and_shown(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
    client = login(acme.rep)
    page = url(acme, "assess", account.pk)
    shown = client.get(page).content.decode()
    assert shown.count('role="radiogroup"') == 10
    assert "What is their culture" in shown
    data = {f"rating_{factor}": "75" for factor in list(Factor)[:6]} | {"note_organization": "new plant"}
    key = str(uuid4())
    for _ in range(2):
        assert client.post(page, {**data, "version": 0, "request_key": key}).status_code == 303
    with working_for(acme.org):
        made = Assessment.objects.get()
    text = client.get(url(acme, "account", account.pk)).content.decode()
    assert "High potential" in text
    assert "60% known" in text
    assert "new plant" in client.get(page).content.decode()
    assert client.post(page, {"version": made.pk}).status_code == 422
    assert client.post(page, {"rating_culture": "60", "version": made.pk}).status_code == 422
    stale = client.post(page, {**data, "rating_organization": "0", "version": 0})
    assert stale.status_code == 409
    assert "Fairly good" in stale.content.decode()
    assert f'value="{made.pk}"' in stale.content.decode()


def limits(**fields: Any) -> dict[str, Any]:
    """What the filled-in form of segments sends."""
    weights = {f"weight_{factor}": "10" for factor in Factor}
    return {"benchmark": "1,000,000", "high_from": "60", "little_percent": "10", "version": "0", **weights, **fields}


def test_new_limits_are_tried_before_they_are_saved(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.note_revenue({account.pk: 50_000_000}, at=AT)
    client = login(acme.admin)
    page = url(acme, "segments")
    assert "bring 500K or more" in client.get(page).content.decode()
    tried = client.post(url(acme, "segments_preview"), limits(benchmark="400,000")).content.decode()
    assert "1 customer would change segment" in tried
    assert "C → B: 1 customer" in tried
    assert "No customer would change" in client.post(url(acme, "segments_preview"), limits()).content.decode()
    assert "Fill in every field" in client.post(url(acme, "segments_preview"), limits(high_from="")).content.decode()
    with working_for(acme.org):
        assert not AssessmentSetting.objects.exists()
    unread = client.post(page, limits(benchmark="400,000"))
    assert unread.status_code == 422
    shown = unread.content.decode()
    assert shown.count("then confirm it") == 1
    assert shown.index('id="segments-preview"') < shown.index("then confirm it") < shown.index('name="confirmed"')
    saved = client.post(page, limits(benchmark="400,000", confirmed="1"), follow=True)
    assert "1 customer changed segment" in saved.content.decode()
    with working_for(acme.org):
        account.refresh_from_db()
        assert account.segment == "B"
        assert AuditEvent.objects.get(verb="assessment_setting.changed").data["moved"] == 1
    stale = client.post(page, limits(benchmark="500,000"))
    assert stale.status_code == 409
    assert "400,000" in stale.content.decode()
    assert "500,000" in stale.content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        {"benchmark": "0"},
        {"benchmark": "-1"},
        {"high_from": "101"},
        {"weight_culture": "-1"},
        {f"weight_{factor}": "0" for factor in Factor},
    ],
)
def test_limits_that_cannot_be_are_refused(acme: Cast, login: Login, bad: dict[str, str]) -> None:
    assert login(acme.admin).post(url(acme, "segments"), limits(**bad)).status_code == 422


# Products


def test_products_are_added_changed_and_taken_off_sale(acme: Cast, login: Login) -> None:
    client = login(acme.manager)
    assert "No products yet" in client.get(url(acme, "products")).content.decode()
    data = {"name": "Press Brake 80", "series": "PB", "list_price": "150萬", "is_active": "on"}
    added = client.post(url(acme, "product_new"), data, headers=HTMX)
    assert "Press Brake 80" in added.content.decode()
    assert client.post(url(acme, "product_new"), data, headers=HTMX).status_code == 422
    with working_for(acme.org):
        product = Product.objects.get()
        assert product.list_price == 150_000_000
    page = url(acme, "product_edit", product.pk)
    assert client.post(page, {**data, "is_active": "", "version": 1}).status_code == 303
    stale = client.post(page, {**data, "name": "Other", "version": 1}, headers=HTMX)
    assert stale.status_code == 409
    assert "Not sold any more" in client.get(url(acme, "products")).content.decode()
    with working_for(acme.org):
        make_product(acme, "Lathe")
    assert client.post(page, {**data, "name": "lathe", "version": 2}).status_code == 422
    assert client.post(page, {**data, "name": "", "version": 2}).status_code == 422
    rep = login(acme.rep)
    assert rep.get(url(acme, "products")).status_code == 200
    assert rep.post(page, data).status_code == 403


def test_every_dialog_is_also_a_page(acme: Cast, login: Login) -> None:
    """Without scripts the same addresses answer whole pages, and saving goes back to where one was."""
    with working_for(acme.org):
        account = make_account(acme)
        contact = make_contact(account)
        product = make_product(acme)
    client = login(acme.manager)
    for page in [
        url(acme, "contact_new", account.pk),
        url(acme, "contact_edit", contact.pk),
        url(acme, "members", account.pk),
        url(acme, "product_new"),
        url(acme, "product_edit", product.pk),
    ]:
        assert "<html" in client.get(page).content.decode()
    contact_bad = client.post(url(acme, "contact_edit", contact.pk), {"name": "", "version": 1})
    assert contact_bad.status_code == 422
    added = client.post(url(acme, "contact_new", account.pk), {"name": "李大同"})
    assert added.headers["Location"] == url(acme, "account", account.pk)
    assert client.post(url(acme, "members", account.pk), {"member": acme.colleague.pk}).status_code == 303
    assert client.post(url(acme, "product_new"), {"name": "Lathe"}).headers["Location"] == url(acme, "products")


def test_contacts_of_others_stay_hidden(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        contact = make_contact(make_account(acme))
    assert login(acme.rep2).get(url(acme, "contact_edit", contact.pk)).status_code == 404
