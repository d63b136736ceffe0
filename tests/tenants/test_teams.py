"""The tree of teams: moved, named, deleted, and whose records it shows to whom."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tenants import actions
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Invitation, Membership, Team
from tenants.permissions import Role
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.tenants.people import Login

pytestmark = pytest.mark.django_db


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
