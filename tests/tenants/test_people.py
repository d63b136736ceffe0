"""Who is what: roles, teams, admins, access that ends at the next click, and an admin who always remains."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from jobs.actions import enqueue
from tenants import actions
from tenants.api import OrgViewSet
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Invitation, Membership, Team
from tenants.permissions import Permission, Role
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


def change(member: Membership, by: Membership, **values: Any) -> Membership:
    """Change some of what a member is."""
    member.refresh_from_db()
    now = {"role": member.role, "is_admin": member.is_admin, "seen": member.version}
    with reading(member.organization):
        return actions.change_member(member, by=by, at=timezone.now(), **{"team": member.team, **now, **values})


def deactivate(member: Membership, by: Membership) -> Membership:
    with reading(member.organization):
        return actions.deactivate(member, by=by, at=timezone.now())


def posted(member: Membership, **values: Any) -> dict[str, Any]:
    """Return what the form of a member sends."""
    member.refresh_from_db()
    data = {"role": member.role, "team": member.team_id or "", "version": member.version}
    ticks = {name: "on" for name in ("is_admin",) if values.pop(name, getattr(member, name))}
    return {**data, **ticks, **values}


def page_of(cast: Cast, member: Membership) -> str:
    return reverse("tenants:person", args=[cast.org.slug, member.pk])


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


# An admin always remains --------------------------------------------------------------------------


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


# Two at the same form -----------------------------------------------------------------------------


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


# Teams --------------------------------------------------------------------------------------------


def make_team(cast: Cast, name: str, parent: Team | None) -> Team:
    with working_for(cast.org):
        return actions.create_team(cast.org, name=name, parent=parent, by=cast.admin, at=AT)


def move(cast: Cast, team: Team, parent: Team | None, **values: Any) -> Team:
    with working_for(cast.org):
        team.refresh_from_db()
        wanted = {"name": team.name, "seen": team.version, **values}
        return actions.change_team(team, parent=parent, by=cast.admin, at=AT, **wanted)


def paths(cast: Cast) -> dict[str, str]:
    """Return the path of each team, in names."""
    with reading(cast.org):
        teams = list(Team.objects.all())
        names = {team.pk: team.name for team in teams}
        return {team.name: "/".join(names[int(pk)] for pk in team.path.split("/")[:-1]) for team in teams}


def test_moving_a_team_moves_everything_below_and_what_is_seen_follows(acme: Cast, login: Login) -> None:
    east = make_team(acme, "East", acme.team)
    city = make_team(acme, "City", east)
    street = make_team(acme, "Street", city)
    Membership.objects.filter(pk=acme.rep2.pk).update(team=street)
    south = Membership.objects.get(pk=acme.partner.pk)
    south.role = Role.MANAGER
    south.save()

    def sees(member: Membership) -> bool:
        with working_for(acme.org):
            return acme.rep2.pk in (Membership.objects.get(pk=member.pk).visible_owner_ids or ())

    assert sees(acme.manager)
    assert not sees(south)
    url = reverse("tenants:team", args=["acme", east.pk])
    response = login(acme.admin).post(url, {"name": "East", "parent": acme.other_team.pk, "version": 1})
    assert response.status_code == 303
    assert paths(acme) == {
        "Acme": "Acme",
        "North": "Acme/North",
        "South": "Acme/South",
        "East": "Acme/South/East",
        "City": "Acme/South/East/City",
        "Street": "Acme/South/East/City/Street",
    }
    assert not sees(acme.manager)
    assert sees(south)
    with working_for(acme.org):
        assert AuditEvent.objects.get(verb="team.changed").data["changes"] == {"parent": ["North", "South"]}


def test_a_team_moves_to_the_top_and_back(acme: Cast) -> None:
    with working_for(acme.org):
        root = Team.objects.get(parent=None)
    move(acme, acme.team, None)
    assert paths(acme)["North"] == "North"
    move(acme, acme.team, root)
    assert paths(acme)["North"] == "Acme/North"


def test_a_team_does_not_move_under_itself(acme: Cast, login: Login) -> None:
    below = make_team(acme, "Below", acme.team)
    for parent in (acme.team, below):
        with pytest.raises(Refused, match="team_under_itself"):
            move(acme, acme.team, parent)
    url = reverse("tenants:team", args=["acme", acme.team.pk])
    response = login(acme.admin).post(url, {"name": "North", "parent": below.pk, "version": 1})
    assert response.status_code == 422
    assert "cannot move into itself" in response.content.decode()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_teams_moved_into_each_other_at_once_make_no_circle(acme: Cast) -> None:
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def put(team: Team, parent: Team) -> None:
        try:
            with reading(acme.org):
                start.wait()
                actions.change_team(team, name=team.name, parent=parent, seen=1, by=acme.admin, at=AT)
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    pairs = [(acme.team, acme.other_team), (acme.other_team, acme.team)]
    both = [threading.Thread(target=put, args=pair) for pair in pairs]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["done", "team_under_itself"]
    assert sorted(paths(acme).values()) in (
        ["Acme", "Acme/North", "Acme/North/South"],
        ["Acme", "Acme/South", "Acme/South/North"],
    )


def test_a_tree_may_be_as_deep_as_one_likes(acme: Cast, login: Login) -> None:
    team = acme.team
    for n in range(60):
        team = make_team(acme, f"Level {n}", team)
    move(acme, acme.team, acme.other_team)
    with working_for(acme.org):
        team.refresh_from_db()
    assert team.depth == 62
    assert "Level 59" in login(acme.admin).get(reverse("tenants:teams", args=["acme"])).content.decode()


def test_a_name_stands_once_among_its_siblings(acme: Cast, login: Login) -> None:
    with pytest.raises(Refused, match="team_name_taken"):
        make_team(acme, "South", acme.team.parent)
    with pytest.raises(Refused, match="team_name_taken"):
        move(acme, acme.team, acme.team.parent, name="South")
    make_team(acme, "South", acme.team)
    response = login(acme.admin).post(reverse("tenants:new_team", args=["acme"]), {"name": "Acme", "parent": ""})
    assert response.status_code == 422


def test_creating_a_team_inside_another(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    url = reverse("tenants:new_team", args=["acme"])
    assert f'<option value="{acme.team.pk}" selected>' in client.get(url, {"inside": acme.team.pk}).content.decode()
    assert client.post(url, {"name": "雙北", "parent": acme.team.pk}).status_code == 303
    assert paths(acme)["雙北"] == "Acme/North/雙北"


def test_only_an_empty_team_is_deleted(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    below, people, invitations = (make_team(acme, name, None) for name in ("Full 1", "Full 2", "Full 3"))
    make_team(acme, "Below", below)
    Membership.objects.filter(pk=acme.rep.pk).update(team=people)
    invite_into(acme, invitations)
    for team in (below, people, invitations):
        response = client.post(reverse("tenants:delete_team", args=["acme", team.pk]), follow=True)
        assert "Move them first." in response.content.decode()
    empty = make_team(acme, "Empty", None)
    assert client.post(reverse("tenants:delete_team", args=["acme", empty.pk])).status_code == 303
    assert "Empty" not in paths(acme)


def invite_into(cast: Cast, team: Team) -> None:
    with working_for(cast.org):
        actions.invite(
            cast.org, emails=["x@x.example"], role=Role.REP, team=team, is_admin=False, by=cast.admin, at=timezone.now()
        )


def test_a_team_of_withdrawn_invitations_alone_is_empty(acme: Cast) -> None:
    team = make_team(acme, "Empty", None)
    invite_into(acme, team)
    with working_for(acme.org):
        actions.withdraw(Invitation.objects.get(), by=acme.admin, at=AT)
        actions.delete_team(team, by=acme.admin, at=AT)
        assert Invitation.objects.get().team_id is None


def test_a_stale_team_form_shows_both_values(acme: Cast, login: Login) -> None:
    move(acme, acme.team, acme.team.parent, name="Northern")
    with pytest.raises(Stale):
        move(acme, acme.team, None, seen=1)
    url = reverse("tenants:team", args=["acme", acme.team.pk])
    response = login(acme.admin).post(url, {"name": "Nord", "parent": acme.other_team.pk, "version": 1})
    page = response.content.decode()
    assert response.status_code == 409
    assert "<td>Northern</td>" in page
    assert '<td class="strong">Nord</td>' in page
    assert "<td>Acme</td>" in page
    assert '<td class="strong">South</td>' in page


# Who sees whose -----------------------------------------------------------------------------------


def test_whose_records_each_role_sees(acme: Cast, globex: Cast) -> None:
    below = make_team(acme, "Below", acme.team)
    deep = Membership.objects.get(pk=acme.colleague.pk)
    Membership.objects.filter(pk=deep.pk).update(team=below)
    with working_for(acme.org):
        team = {acme.rep.pk, acme.rep2.pk, acme.manager.pk, deep.pk}
        assert acme.executive.visible_owner_ids is None
        assert acme.manager.visible_owner_ids == frozenset(team)
        for alone in (acme.rep, acme.partner, acme.colleague, acme.admin):
            assert alone.visible_owner_ids == frozenset({alone.pk})
        loose = Membership.objects.get(pk=acme.manager.pk)
        loose.team = None
        assert loose.visible_owner_ids == frozenset({loose.pk}), "a manager without a team leads nobody"


def test_teams_whose_ids_begin_alike_are_not_confused(acme: Cast) -> None:
    with working_for(acme.org):
        Team.objects.filter(pk=acme.team.pk).update(path="1/1/")
        Team.objects.filter(pk=acme.other_team.pk).update(path="1/12/")
        manager = Membership.objects.get(pk=acme.manager.pk)
        assert acme.partner.pk not in (manager.visible_owner_ids or ())
