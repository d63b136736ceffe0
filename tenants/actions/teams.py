"""Writes on the team tree. Each locks its organization, so that two moves never cross."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import TextField, Value
from django.db.models.functions import Concat, Substr

from tenants import audit, tree
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Invitation, Membership, Organization, Team
from tenants.names import checked
from tenants.scoping import require_organization_id


def _name_is_taken(organization: Organization, name: str, parent: Team | None, but: int | None = None) -> bool:
    return Team.objects.filter(organization=organization, parent=parent, name=name).exclude(pk=but).exists()


@transaction.atomic
def create_team(
    organization: Organization, *, name: str, parent: Team | None, by: Membership | None, at: datetime
) -> Team:
    """Add a node to the team tree.

    :raises Refused: team_name_taken, name_missing.
    """
    Organization.objects.select_for_update().get(pk=organization.pk)
    name = checked(name)
    if parent is not None:
        parent = Team.objects.get(pk=parent.pk)
    if _name_is_taken(organization, name, parent):
        raise Refused("team_name_taken", name=name)
    team = Team(organization=organization, name=name, parent=parent, path="")
    team.save()
    team.path = tree.path_of(team.pk, parent.path if parent else "")
    team.save(update_fields=["path"])
    audit.record("team.created", team, by=by, at=at, parent=parent.name if parent else None)
    return team


@transaction.atomic
def change_team(team: Team, *, name: str, parent: Team | None, seen: int, by: Membership | None, at: datetime) -> Team:
    """Rename a team and put it under `parent`; its teams and its people go with it.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: team_under_itself, team_name_taken, name_missing.
    """
    Organization.objects.select_for_update().get(pk=require_organization_id())
    name = checked(name)
    team = Team.objects.select_related("parent").get(pk=team.pk)
    parent = None if parent is None else Team.objects.get(pk=parent.pk)
    refuse_stale(team, seen, name=team.name, parent=team.parent_id)
    if parent is not None and tree.is_within(parent.path, team.path):
        raise Refused("team_under_itself")
    if _name_is_taken(team.organization, name, parent, but=team.pk):
        raise Refused("team_name_taken", name=name)
    before = _shown(team)
    old, new = team.path, tree.path_of(team.pk, parent.path if parent else "")
    team.name, team.parent, team.version = name, parent, team.version + 1
    team.save(update_fields=["name", "parent", "version"])
    if new != old:
        Team.objects.filter(path__startswith=old).update(
            path=Concat(Value(new), Substr("path", len(old) + 1), output_field=TextField())
        )
        team.path = new
    audit.record("team.changed", team, by=by, at=at, changes=audit.changes(before, _shown(team)))
    return team


def _shown(team: Team) -> dict[str, Any]:
    return {"name": team.name, "parent": team.parent.name if team.parent else None}


@transaction.atomic
def delete_team(team: Team, *, by: Membership, at: datetime) -> None:
    """Delete an empty team, which may be gone already.

    :raises Refused: team_not_empty.
    """
    Organization.objects.select_for_update().get(pk=require_organization_id())
    holds = (
        Team.objects.filter(parent=team).exists()
        or Membership.objects.in_current_organization().filter(team=team).exists()
        or Invitation.objects.filter(team=team, accepted_at=None, withdrawn_at=None).exists()
    )
    if holds:
        raise Refused("team_not_empty")
    if not Team.objects.filter(pk=team.pk).exists():
        return
    Invitation.objects.filter(team=team).update(team=None)
    audit.record("team.deleted", team, by=by, at=at)
    team.delete()
