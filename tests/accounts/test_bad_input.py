"""Names that nobody could see, or that are not what they seem."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import actions
from accounts.models import Account, Contact
from accounts.names import tidy
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Delta\tPrecision \r\n", "Delta Precision"),
        ("pay\u202efdp.exe", "pay fdp.exe"),
        ("\u200b", ""),
        ("\x07\x1b", ""),
        ("Del\u200bta\u2060 \u200eGr\u00adoup\u3164", "Delta Group"),
        ("曜\u200d石", "曜石"),
        ("N\ufe0forth\u200dern", "Northern"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\ufe0f\u200d\u2800", ""),
        ("\U0001f9e8", "\U0001f9e8"),
        ("=cmd()", "=cmd()"),
    ],
)
def test_a_typed_name_is_one_line_that_can_be_seen(typed: str, kept: str) -> None:
    assert tidy(typed) == kept


@pytest.mark.parametrize("page", ["new/", "quick/"])
def test_a_customer_that_could_not_be_seen_is_refused(acme: Cast, login: Login, page: str) -> None:
    typed = {"name": "\u200b", "kind": "customer", "owner": acme.rep.pk}
    assert login(acme.rep).post(f"/o/acme/accounts/{page}", typed).status_code == 422
    with working_for(acme.org):
        assert not Account.objects.exists()


@pytest.mark.parametrize("parent", ["9" * 5_000, "\xb2", "-1"])
def test_a_parent_that_cannot_be_is_refused(acme: Cast, login: Login, parent: str) -> None:
    typed = {"name": "Delta", "kind": "customer", "owner": acme.rep.pk, "parent": parent}
    assert login(acme.rep).post("/o/acme/accounts/new/", typed).status_code == 422


@pytest.mark.parametrize("birthday", ["0001-01-01", "9999-12-31", "1899-12-31", "2026-02-30"])
def test_nobody_was_born_on_such_a_day(acme: Cast, login: Login, birthday: str) -> None:
    with working_for(acme.org):
        account = actions.create_account(name="Delta", owner=acme.rep, by=acme.rep, at=AT)
    typed = {"name": "Chen", "birthday": birthday}
    assert login(acme.rep).post(f"/o/acme/accounts/{account.pk}/contacts/new/", typed).status_code == 422
    with working_for(acme.org):
        assert not Contact.objects.exists()
