"""An admin always remains."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from tenants import actions
from tenants.errors import Refused
from tenants.models import Membership
from tenants.permissions import Role
from tenants.scoping import reading
from tests.cast import AT, Cast
from tests.tenants.people import Login, change, deactivate, page_of, posted

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("loss", ["demoted", "deactivated"])
def test_the_last_admin_stays(acme: Cast, login: Login, loss: str) -> None:
    with pytest.raises(Refused, match="last_admin"):
        change(acme.admin, acme.admin, is_admin=False) if loss == "demoted" else deactivate(acme.admin, acme.admin)
    if loss == "demoted":
        response = login(acme.admin).post(page_of(acme, acme.admin), posted(acme.admin, is_admin=False))
    else:
        response = login(acme.admin).post(reverse("tenants:deactivate", args=["acme", acme.admin.pk]))
    assert response.status_code == 422
    assert "At least one active admin must remain" in response.content.decode()
    acme.admin.refresh_from_db()
    assert acme.admin.is_admin
    assert acme.admin.is_active


def test_an_admin_who_cannot_enter_does_not_count(acme: Cast) -> None:
    change(acme.rep, acme.admin, is_admin=True)
    acme.rep.user.is_active = False
    acme.rep.user.save()
    with pytest.raises(Refused, match="last_admin"):
        change(acme.admin, acme.admin, is_admin=False)


def test_with_a_second_admin_the_first_may_step_down(acme: Cast, login: Login) -> None:
    change(acme.rep, acme.admin, is_admin=True)
    response = login(acme.admin).post(page_of(acme, acme.admin), posted(acme.admin, is_admin=False))
    assert response.headers["Location"] == "/"
    assert login(acme.admin).get(reverse("tenants:people", args=["acme"])).status_code == 403


def test_the_role_of_the_last_admin_may_change(acme: Cast) -> None:
    assert change(acme.admin, acme.admin, role=Role.EXECUTIVE).role == Role.EXECUTIVE


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("first", ["demote", "deactivate"])
@pytest.mark.parametrize("second", ["demote", "deactivate"])
def test_two_admins_who_remove_each_other_at_once_leave_one(acme: Cast, first: str, second: str) -> None:
    change(acme.rep, acme.admin, is_admin=True)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def remove(how: str, member: Membership, by: Membership) -> None:
        try:
            with reading(acme.org):
                member.refresh_from_db()
                start.wait()
                if how == "deactivate":
                    actions.deactivate(member, by=by, at=AT)
                else:
                    actions.change_member(
                        member, role=member.role, team=None, is_admin=False, seen=member.version, by=by, at=AT
                    )
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    both = [
        threading.Thread(target=remove, args=(first, acme.admin, acme.rep)),
        threading.Thread(target=remove, args=(second, acme.rep, acme.admin)),
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["done", "last_admin"]
    assert Membership.objects.filter(organization=acme.org, is_admin=True, is_active=True).count() == 1
