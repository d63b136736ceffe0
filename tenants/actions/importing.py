"""Teams, members and invitations, many at a time, as imports write them."""

import secrets
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from tenants import audit, tree
from tenants.errors import Refused
from tenants.invitations import VALID_FOR, InvitationState, digest
from tenants.models import Invitation, Membership, Organization, Team
from tenants.scoping import require_organization_id

BATCH = 500


def _lock() -> None:
    """Let nobody else change people or teams until the transaction ends."""
    Organization.objects.select_for_update().get(pk=require_organization_id())


# Teams --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewTeam:
    """A team to be added. `parent` is the id of a team that is there, the key of one that is added, or None."""

    key: Hashable
    name: str
    parent: Hashable


@dataclass(frozen=True)
class TeamsWritten:
    """The ids of the teams that were added, by key; of those that moved, version and former parent, by id."""

    made: Mapping[Hashable, int]
    moved: Mapping[int, tuple[int, int | None]]


@transaction.atomic
def import_teams(
    new: Sequence[NewTeam], moves: Mapping[int, Hashable], *, by: Membership, at: datetime
) -> TeamsWritten:
    """Add teams and put others elsewhere in the tree; the caller has seen that it stays a tree.

    :param moves: by team id, its new parent: an id, the key of a new team, or None.
    """
    _lock()
    made: dict[Hashable, Team] = {}
    waiting = list(new)
    keys = {team.key for team in waiting}
    while waiting:
        ready = [team for team in waiting if team.parent not in keys or team.parent in made]
        if not ready:
            raise Refused("team_under_itself")
        rows = [Team(name=team.name, parent_id=_placed(team.parent, made), path="") for team in ready]
        Team.objects.bulk_create(rows, batch_size=BATCH)
        made |= {team.key: row for team, row in zip(ready, rows, strict=True)}
        waiting = [team for team in waiting if team.key not in made]
    moved: dict[int, tuple[int, int | None]] = {}
    teams = list(Team.objects.filter(pk__in=moves).select_related("parent"))
    names = dict(Team.objects.values_list("pk", "name"))
    for team in teams:
        parent_id = _placed(moves[team.pk], made)
        moved[team.pk] = (team.version + 1, team.parent_id)
        before = {"name": team.name, "parent": names.get(team.parent_id or 0)}
        team.parent_id, team.version = parent_id, team.version + 1
        after = {**before, "parent": names.get(team.parent_id or 0)}
        audit.record("team.changed", team, by=by, at=at, changes=audit.changes(before, after))
    Team.objects.bulk_update(teams, ["parent", "version"], batch_size=BATCH)
    for row in made.values():
        audit.record("team.created", row, by=by, at=at, parent=names.get(row.parent_id or 0))
    if made or moved:
        repath()
    return TeamsWritten({key: row.pk for key, row in made.items()}, moved)


def _placed(parent: Hashable, made: Mapping[Hashable, Team]) -> int | None:
    """Return the id of a parent that is named by its id or by the key of a team just added."""
    if parent in made:
        return made[parent].pk
    return parent if isinstance(parent, int) else None


def repath() -> None:
    """Write the paths of the whole tree anew, from the parents."""
    teams = {team.pk: team for team in Team.objects.order_by("pk")}
    paths: dict[int, str] = {}

    def path(team: Team) -> str:
        if team.pk not in paths:
            paths[team.pk] = tree.path_of(team.pk, path(teams[team.parent_id]) if team.parent_id else "")
        return paths[team.pk]

    changed = [team for team in teams.values() if team.path != path(team)]
    for team in changed:
        team.path = paths[team.pk]
    Team.objects.bulk_update(changed, ["path"], batch_size=BATCH)


# People -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonRow:
    """What somebody is to be. None leaves what is there, and is a rep without team or flag where nothing is."""

    email: str
    name: str = ""
    role: str | None = None
    team_id: int | None = None
    is_admin: bool | None = None


@dataclass(frozen=True)
class PersonTaken:
    """What became of a row: `member` or `invitation`, what differed before, or why it was refused."""

    kind: str = ""
    pk: int = 0
    version: int = 1
    is_new: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""


@transaction.atomic
def import_people(rows: Sequence[PersonRow], *, by: Membership, at: datetime) -> list[PersonTaken]:
    """Change members, hold seats for everybody else; no mail leaves. Answers in the rows' order.

    Refused are `last_admin`, `member_inactive`. Nobody gets a password, and no link of these seats is known to anyone
    until `seal` makes one to be mailed.
    """
    _lock()
    emails = {row.email.lower() for row in rows}
    people = Membership.objects.in_current_organization().annotate(address=Lower("user__email"))
    people = people.filter(address__in=emails)
    members = {member.user.email.lower(): member for member in people}
    held = Invitation.objects.filter(accepted_at=None, withdrawn_at=None).annotate(address=Lower("email"))
    seats = {seat.email.lower(): seat for seat in held.filter(address__in=emails)}
    admins = set(
        Membership.objects.in_current_organization().active().filter(is_admin=True).values_list("pk", flat=True)
    )
    names = dict(Team.objects.values_list("pk", "name"))
    answers = []
    for row in rows:
        member = members.get(row.email.lower())
        if member is not None:
            answers.append(_change(member, row, admins, names, by=by, at=at))
        else:
            answers.append(_hold(seats, row, names, by=by, at=at))
    return answers


def _change(
    member: Membership, row: PersonRow, admins: set[int], names: Mapping[int, str], *, by: Membership, at: datetime
) -> PersonTaken:
    if not (member.is_active and member.user.is_active):
        return PersonTaken(refused="member_inactive")
    wanted = {"role": row.role, "team_id": row.team_id, "is_admin": row.is_admin}
    new = {name: value for name, value in wanted.items() if value is not None and getattr(member, name) != value}
    if new.get("is_admin") is False and admins <= {member.pk}:
        return PersonTaken(refused="last_admin")
    if not new:
        return PersonTaken("member", member.pk, member.version)
    before = {name: getattr(member, name) for name in new}
    for name, value in new.items():
        setattr(member, name, value)
    member.version += 1
    member.save(update_fields=["role", "team", "is_admin", "version"])
    (admins.add if member.is_admin else admins.discard)(member.pk)
    changes = audit.changes(_shown(before, names), _shown(new, names))
    audit.record("member.changed", member, by=by, at=at, changes=changes)
    return PersonTaken("member", member.pk, member.version, before=before)


def _shown(fields: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """Return what the audit says of a member's fields: the team by its name."""
    shown = {name: value for name, value in fields.items() if name != "team_id"}
    return shown | ({"team": names.get(fields["team_id"] or 0)} if "team_id" in fields else {})


def _hold(
    seats: dict[str, Invitation], row: PersonRow, names: Mapping[int, str], *, by: Membership, at: datetime
) -> PersonTaken:
    """Hold a seat for an address; one that waits is corrected, one that expired is held anew."""
    seat = seats.get(row.email.lower())
    wanted = {
        "name": row.name[:80] or None,
        "role": row.role,
        "team_id": row.team_id,
        "is_admin": row.is_admin,
    }
    new = {name: value for name, value in wanted.items() if value is not None}
    if seat is None:
        seat = seats[row.email.lower()] = Invitation(email=row.email, **new, **_fresh(by, at))
        seat.save()
        _record(seat, names, by=by, at=at)
        return PersonTaken("invitation", seat.pk, is_new=True)
    if seat.state_at(at) == InvitationState.EXPIRED:
        new |= _fresh(by, at)
    new = {name: value for name, value in new.items() if getattr(seat, name) != value}
    if not new:
        return PersonTaken("invitation", seat.pk)
    before = {"invited_by_id" if name == "invited_by" else name: getattr(seat, name) for name in new}
    if "invited_by" in new:
        before["invited_by_id"] = seat.invited_by_id
    for name, value in new.items():
        setattr(seat, name, value)
    seat.save()
    _record(seat, names, by=by, at=at)
    return PersonTaken("invitation", seat.pk, before=before)


def _fresh(by: Membership, at: datetime) -> dict[str, Any]:
    """Return what makes a seat new; its link is nobody's until it is mailed."""
    secret = digest(secrets.token_urlsafe(32))
    return {"invited_by": by, "invited_at": at, "token_hash": secret, "expires_at": at + VALID_FOR}


def _record(seat: Invitation, names: Mapping[int, str], *, by: Membership, at: datetime) -> None:
    team = names.get(seat.team_id or 0)
    audit.record("member.invited", seat, by=by, at=at, role=seat.role, team=team, is_admin=seat.is_admin)


@transaction.atomic
def seal(ids: Collection[int], *, at: datetime) -> list[tuple[Invitation, str]]:
    """Give seats that still wait a link, to be mailed now; returns each with its token."""
    found = Invitation.objects.select_for_update(of=("self",)).select_related("organization", "invited_by__user")
    sealed = []
    for seat in found.filter(pk__in=ids, accepted_at=None, withdrawn_at=None).order_by("pk"):
        token = secrets.token_urlsafe(32)
        seat.token_hash, seat.expires_at, seat.mail_failed_at = digest(token), at + VALID_FOR, None
        seat.save(update_fields=["token_hash", "expires_at", "mail_failed_at"])
        sealed.append((seat, token))
    return sealed


def refuse_without_admin() -> None:
    """Refuse a state in which nobody is left who can let people in.

    :raises Refused: last_admin.
    """
    if not Membership.objects.in_current_organization().active().filter(is_admin=True).exists():
        raise Refused("last_admin")
