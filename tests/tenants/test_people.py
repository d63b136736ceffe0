"""Members: what they are, their list, and what ends when they are deactivated."""

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from jobs.actions import enqueue
from tenants import actions
from tenants.api import OrgViewSet
from tenants.errors import Refused
from tenants.models import AuditEvent, Membership
from tenants.permissions import Permission, Role
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.tenants.people import Login, change, deactivate, page_of, posted

pytestmark = pytest.mark.django_db


def test_changing_what_a_member_is(acme: Cast, login: Login) -> None:
    data = posted(acme.rep, role="manager", team=acme.other_team.pk, is_admin=True)
    response = login(acme.admin).post(page_of(acme, acme.rep), data)
    assert response.status_code == 303
    acme.rep.refresh_from_db()
    assert (acme.rep.role, acme.rep.team_id, acme.rep.is_admin) == ("manager", acme.other_team.pk, True)
    with working_for(acme.org):
        event = AuditEvent.objects.get(verb="member.changed")
        assert event.data["changes"] == {
            "role": ["rep", "manager"],
            "team": ["North", "South"],
            "is_admin": [False, True],
        }


def test_access_ends_at_the_next_click_and_comes_back(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    profile = reverse("tenants:profile", args=["acme"])
    assert client.get(profile).status_code == 200
    page = login(acme.admin).get(reverse("tenants:deactivate", args=["acme", acme.rep.pk])).content.decode()
    assert "Access ends at once" in page
    assert reverse("salesops:holds", args=["acme", acme.rep.pk]) in page
    assert client.get(profile).status_code == 200, "looking deactivates nobody"
    for _twice in range(2):
        gone = login(acme.admin).post(reverse("tenants:deactivate", args=["acme", acme.rep.pk]))
        assert gone.status_code == 303
    assert client.get(profile).status_code == 404
    assert "no organization" in client.get("/").content.decode()
    for _twice in range(2):
        back = login(acme.admin).post(reverse("tenants:reactivate", args=["acme", acme.rep.pk]))
        assert back.status_code == 303
    assert client.get(profile).status_code == 200
    with working_for(acme.org):
        told = list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))
    assert told[-2:] == ["member.deactivated", "member.reactivated"]


POLLED = ["/o/acme/jobs/bell/", "/o/acme/jobs/{job}/", "/o/acme/coaching/reviews/1/pulse/", "/o/acme/forecast/strip/"]


@pytest.mark.parametrize("path", POLLED)
def test_what_open_pages_ask_again_and_again_is_answered_no_more(acme: Cast, login: Login, path: str) -> None:
    with working_for(acme.org):
        job = enqueue("forecast", payload={}, by=acme.manager, at=AT)
    address = path.format(job=job.pk)
    client = login(acme.manager)
    asked = {"HX-Request": "true", "HX-Current-URL": "http://testserver/o/acme/today/"}
    if "reviews" not in path:
        assert client.get(address, headers=asked).status_code == 200
    deactivate(acme.manager, acme.admin)
    assert client.get(address, headers=asked).status_code == 404
    assert client.post(address, headers=asked).status_code == 404


def test_other_programs_get_no_answers_any_more(acme: Cast, login: Login) -> None:
    class Words(OrgViewSet):
        policy = {"list": Permission.HOME_VIEW}

        def list(self, request: Request, org: str) -> Response:
            return Response([self.membership.name])

    def ask() -> int:
        request = APIRequestFactory().get("/")
        force_authenticate(request, acme.rep.user)
        return Words.as_view({"get": "list"})(request, org="acme").status_code

    assert ask() == 200
    deactivate(acme.rep, acme.admin)
    assert ask() == 404


def test_an_open_invitation_does_not_let_the_deactivated_in_again(acme: Cast) -> None:
    """Somebody may have become a member by another way while an invitation was still open."""
    with working_for(acme.org):
        sent = actions.invite(
            acme.org, emails=["x@x.example"], role=Role.REP, team=None, is_admin=False, by=acme.admin, at=timezone.now()
        ).sent
    acme.rep.user.email = "X@x.example"
    acme.rep.user.save()
    deactivate(acme.rep, acme.admin)
    with working_for(acme.org), pytest.raises(Refused, match="invitation_withdrawn"):
        actions.accept(sent[0][0], user=acme.rep.user, at=timezone.now())


def test_other_organizations_stay_open_to_the_deactivated(acme: Cast, globex: Cast, login: Login) -> None:
    Membership.objects.create(organization=globex.org, user=acme.rep.user, role=Role.REP)
    client = login(acme.rep)
    deactivate(acme.rep, acme.admin)
    assert client.get(reverse("tenants:profile", args=["acme"])).status_code == 404
    assert client.get(reverse("tenants:profile", args=["globex"])).status_code == 200


def test_the_inactive_stand_in_a_list_of_their_own(acme: Cast, login: Login) -> None:
    deactivate(acme.rep, acme.admin)
    client = login(acme.admin)
    people = reverse("tenants:people", args=["acme"])
    page = client.get(people).content.decode()
    assert "rep@acme.example" not in page
    assert 'id="out-fold"' in page
    assert 'id="out-fold"' not in client.get(people, {"q": "manager"}).content.decode()
    fold = client.get(people, {"inactive": "on"}, headers={"HX-Request": "true", "HX-Target": "people-out"})
    assert fold.content.decode().lstrip().startswith("<section")
    page = client.get(people, {"inactive": "on"}).content.decode()
    assert "rep@acme.example" in page
    assert "manager@acme.example" not in page


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("q=REP2", "rep2@", "manager@"),
        ("q=acme+manager", "manager@", "rep2@"),
        ("role=partner", "partner@", "rep@"),
        ("role=admin", "admin@", "rep@"),
        ("q=%25", "matches", "rep@"),
        ("team={north}", "rep2@", "partner@"),
        ("team={root}", "partner@", "colleague@"),
        ("team=none", "colleague@", "rep@"),
        ("team=1%2F1", "colleague@", "nobody@"),
    ],
)
def test_people_are_found_by_name_address_and_role(acme: Cast, login: Login, query: str, there: str, gone: str) -> None:
    query = query.format(north=acme.team.path, root=acme.executive.team.path)
    page = login(acme.admin).get(reverse("tenants:people", args=["acme"]) + "?" + query).content.decode()
    assert there in page
    assert f">{gone}acme.example<" not in page


def test_a_stale_form_shows_both_values(acme: Cast, login: Login) -> None:
    data = posted(acme.rep, role="manager")
    change(acme.rep, acme.admin, role=Role.EXECUTIVE)
    for headers in ({}, {"HX-Request": "true"}):
        response = login(acme.admin).post(page_of(acme, acme.rep), data, headers=headers)
        page = response.content.decode()
        assert response.status_code == 409
        assert "<td>Executive</td>" in page
        assert '<td class="strong">Manager</td>' in page
        assert 'data-keep="2"' in page
    acme.rep.refresh_from_db()
    assert acme.rep.role == Role.EXECUTIVE


def test_a_team_of_another_organization_is_no_choice(acme: Cast, globex: Cast, login: Login) -> None:
    response = login(acme.admin).post(page_of(acme, acme.rep), posted(acme.rep, team=globex.team.pk))
    assert response.status_code == 422
