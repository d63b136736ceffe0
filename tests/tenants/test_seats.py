"""Who may enter where: the statement of the door says what the models say."""

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from tenants.models import Membership, User
from tenants.permissions import Role
from tenants.queries.seats import seats_of
from tenants.sign_in import Backend
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_seats_are_what_the_models_would_have_read(acme: Cast, globex: Cast) -> None:
    user = acme.rep.user
    Membership.objects.create(organization=globex.org, user=user, role=Role.EXECUTIVE, is_admin=True)
    read = Membership.objects.filter(user=user).select_related("organization").order_by("organization__name")
    with CaptureQueriesContext(connection) as queries:
        found = seats_of(user)
        told = [(model_to_dict(seat), model_to_dict(seat.organization), seat.user.name) for seat in found]
    assert len(queries) == 1
    assert [(each[0], each[1]) for each in told] == [
        (model_to_dict(seat), model_to_dict(seat.organization)) for seat in read
    ]
    assert found == list(read)
    assert found[0].organization.created_at == acme.org.created_at
    assert not found[0]._state.adding


def test_a_page_asks_in_one_statement_who_is_signed_in_and_where_they_may_enter(acme: Cast, globex: Cast) -> None:
    user = acme.rep.user
    Membership.objects.create(organization=globex.org, user=user, role=Role.EXECUTIVE, is_admin=True)
    with CaptureQueriesContext(connection) as queries:
        found = Backend().get_user(user.pk)
        assert found is not None
        seats = seats_of(found)
    assert len(queries) == 1
    assert model_to_dict(found) == model_to_dict(User.objects.get(pk=user.pk))
    assert seats == seats_of(user)
    assert [seat.user for seat in seats] == [found, found]
    assert Backend().get_user(0) is None
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert Backend().get_user(user.pk) is None


def test_who_is_nowhere_has_no_seat_and_is_signed_in(acme: Cast) -> None:
    alone = User.objects.create_user("alone@x.example", None, name="Alone")
    found = Backend().get_user(alone.pk)
    assert found == alone
    assert seats_of(found) == []


def test_who_is_out_has_no_seat(acme: Cast) -> None:
    acme.rep.is_active = False
    acme.rep.save()
    assert seats_of(acme.rep.user) == []
    acme.rep2.user.is_active = False
    acme.rep2.user.save()
    assert seats_of(acme.rep2.user) == []


@pytest.mark.parametrize(("kind", "counts"), [("totp", True), ("webauthn", True), ("recovery_codes", False)])
def test_it_knows_who_has_a_second_factor(acme: Cast, kind: str, counts: bool) -> None:
    (seat,) = seats_of(acme.rep.user)
    assert not seat.has_factor  # type: ignore[attr-defined]  # set by the query
    Authenticator.objects.create(user=acme.rep.user, type=kind, data={})
    (seat,) = seats_of(acme.rep.user)
    assert seat.has_factor == counts  # type: ignore[attr-defined]  # as above
