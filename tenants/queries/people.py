"""Questions about people, teams and invitations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from tenants import tree
from tenants.invitations import digest
from tenants.labels import in_a_row
from tenants.models import Invitation, Membership, Organization, Team, User
from tenants.permissions import Role

NO_TEAM = "none"


def people(text: str = "", *, role: str = "", team: str = "", inactive: bool = False) -> QuerySet[Membership]:
    """Return the members of the current organization by name; those who are out only when asked for.

    :param team: the path of a team, whose people and those below it are meant; `NO_TEAM` for those in none.
    """
    found = Membership.objects.in_current_organization().select_related("team")
    found = found.filter(is_active=not inactive)
    if role:
        found = found.filter(is_admin=True) if role == "admin" else found.filter(role=role)
    if team:
        found = found.filter(team=None) if team == NO_TEAM else found.filter(team__path__startswith=team)
    for word in text.split():
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return cast("QuerySet[Membership]", found.order_by("user__name", "pk"))


def person_or_404(pk: int) -> Membership:
    """Return a member of the current organization, active or not."""
    found = Membership.objects.in_current_organization().select_related("team", "organization")
    return get_object_or_404(found, pk=pk)


def teams() -> QuerySet[Team]:
    """Return the tree from the roots down, each team after its parent, with `people` of its own counted."""
    counted = Team.objects.annotate(people=Count("members", filter=Q(members__is_active=True)))
    return cast("QuerySet[Team]", counted.order_by("path"))


@dataclass(frozen=True)
class TeamRow:
    """One line of the tree: the team, its people, those of the whole subtree, and who leads it."""

    team: Team
    people: int
    below: int
    leads: Sequence[Membership]

    @property
    def indent(self) -> int:
        """How far the line is set in, in pixels; very deep trees stop moving to the right."""
        return 18 * min(self.team.depth, 6)


def team_tree() -> list[TeamRow]:
    """Return the tree in reading order: below its parent, and by name among its siblings."""
    found = list(teams())
    names = {team.pk: team.name for team in found}
    found.sort(key=lambda team: [names.get(int(pk), "") for pk in team.path.split("/")[:-1]])
    leads: dict[int, list[Membership]] = {}
    for member in Membership.objects.in_current_organization().active().filter(role="manager", team__isnull=False):
        leads.setdefault(member.team_id or 0, []).append(member)
    own = {team.path: cast("Any", team).people for team in found}
    return [
        TeamRow(
            team=team,
            people=own[team.path],
            below=sum(count for path, count in own.items() if path.startswith(team.path)),
            leads=leads.get(team.pk, ()),
        )
        for team in found
    ]


def team_or_404(pk: int) -> Team:
    """Return a team of the current organization."""
    return get_object_or_404(Team.objects.select_related("parent", "organization"), pk=pk)


def members_of(team: Team) -> QuerySet[Membership]:
    """Return the active people who sit in this team itself."""
    found = Membership.objects.in_current_organization().active().filter(team=team)
    return cast("QuerySet[Membership]", found.order_by("user__name"))


@dataclass(frozen=True)
class Led:
    """What a manager leads: the teams below their own, by name, and how many people they see, themselves included."""

    below: Sequence[str]
    people: int

    def __str__(self) -> str:
        return in_a_row(self.below)


def led_by(member: Membership) -> Led | None:
    """Return what a manager leads; None for every other role, and for a manager without a team."""
    if member.role != Role.MANAGER or member.team is None:
        return None
    below = Team.objects.filter(path__startswith=member.team.path).exclude(pk=member.team.pk)
    return Led(list(below.values_list("name", flat=True)), len(member.visible_owner_ids or ()))


@dataclass(frozen=True)
class Moved:
    """What moving a team does to who sees whom: how many people go with it, who loses and who gains sight of them."""

    people: int
    lose: Sequence[str]
    gain: Sequence[str]


def move_told(team: Team, parent: Team | None) -> Moved | None:
    """Return what putting a team under `parent` would do; None where it stands there already, or cannot stand there."""
    new = tree.path_of(team.pk, parent.path if parent else "")
    if new == team.path or (parent is not None and tree.is_within(parent.path, team.path)):
        return None
    here, there = set(tree.ancestors(team.path)), set(tree.ancestors(new))
    managers = Membership.objects.in_current_organization().active().filter(role=Role.MANAGER)
    found = managers.filter(team_id__in=here ^ there).order_by("user__name").values_list("team_id", "user__name")
    people = Membership.objects.in_current_organization().active().filter(team__path__startswith=team.path).count()
    return Moved(
        people, [name for pk, name in found if pk in here - there], [name for pk, name in found if pk in there - here]
    )


def sight_told(member: Membership, role: str, team: Team | None) -> tuple[int | None, int | None]:
    """Return of how many people a member sees the records, as they are and as they would be; None is everyone."""
    then = Membership(
        pk=member.pk, organization_id=member.organization_id, user_id=member.user_id, role=role, team=team
    )
    ids = (each.visible_owner_ids for each in (member, then))
    now, after = (None if seen is None else len(seen) for seen in ids)
    return now, after


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the organizations in which a person is active."""
    found = Membership.objects.active().filter(user=user).select_related("organization")
    return cast("QuerySet[Membership]", found.order_by("organization__name", "pk"))


def admins() -> QuerySet[Membership]:
    """Return the active admins of the current organization."""
    found = Membership.objects.in_current_organization().active().filter(is_admin=True)
    return cast("QuerySet[Membership]", found.order_by("user__name"))


# Invitations --------------------------------------------------------------------------------------


def open_invitations() -> QuerySet[Invitation]:
    """Return what was neither taken nor withdrawn, expired ones too; the newest first."""
    found = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return cast("QuerySet[Invitation]", found.select_related("team", "invited_by__user"))


def invitation_or_404(pk: int) -> Invitation:
    """Return an invitation of the current organization."""
    return get_object_or_404(Invitation.objects.select_related("organization", "team"), pk=pk)


def organization_or_404(slug: str) -> Organization:
    """Return the organization called `slug`, for a link that was sent by mail."""
    return get_object_or_404(Organization, slug=slug)


def invitation_with(token: str) -> Invitation | None:
    """Return the invitation of the current organization whose link holds this token."""
    found = Invitation.objects.filter(token_hash=digest(token))
    return cast("Invitation | None", found.select_related("organization", "team", "invited_by__user").first())


def has_account(email: str) -> bool:
    """Return whether somebody signs in with this address."""
    return User.objects.filter(email__iexact=email).exists()
