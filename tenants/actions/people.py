"""Writes on the people of an organization, and on oneself."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants import audit
from tenants.actions.access import end_access
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Invitation, Membership, Organization, Team, User
from tenants.names import checked


@transaction.atomic
def change_member(
    member: Membership,
    *,
    role: str,
    team: Team | None,
    is_admin: bool,
    seen: int,
    by: Membership,
    at: datetime,
) -> Membership:
    """Change what a member is.

    The organization is locked first: of two admins who take the flag from each other, one is refused.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: last_admin.
    """
    member = _locked(member)
    refuse_stale(member, seen, **_state(member))
    if not is_admin:
        _ask_for_another_admin(member)
    before = _shown(member)
    member.role, member.team, member.is_admin = role, team, is_admin
    member.version += 1
    member.save(update_fields=["role", "team", "is_admin", "version"])
    if changes := audit.changes(before, _shown(member)):
        audit.record("member.changed", member, by=by, at=at, changes=changes)
    return member


def _locked(member: Membership) -> Membership:
    """Lock the organization, then return the member as they stand now."""
    Organization.objects.select_for_update().get(pk=member.organization_id)
    found: Membership = Membership.objects.select_related("user", "team", "organization").get(pk=member.pk)
    return found


def _ask_for_another_admin(member: Membership) -> None:
    """Refuse to take the last admin who can enter."""
    others = Membership.objects.active().filter(organization_id=member.organization_id, is_admin=True)
    if member.is_admin and member.is_active and not others.exclude(pk=member.pk).exists():
        raise Refused("last_admin")


@transaction.atomic
def deactivate(member: Membership, *, by: Membership, at: datetime) -> Membership:
    """End a member's access: at their next request, at the next step of their jobs. What they recorded stays.

    Open invitations to their address are withdrawn, or the link would let them in again; those they sent expire, and
    who belongs nowhere any more is signed out. Twice is the same as once.

    :raises Refused: last_admin.
    """
    member = _locked(member)
    if not member.is_active:
        return member
    _ask_for_another_admin(member)
    member.is_active = False
    member.version += 1
    member.save(update_fields=["is_active", "version"])
    open_ones = Invitation.objects.filter(email__iexact=member.user.email, accepted_at=None, withdrawn_at=None)
    open_ones.update(withdrawn_at=at)
    end_access(member, at=at)
    audit.record("member.deactivated", member, by=by, at=at)
    return member


@transaction.atomic
def reactivate(member: Membership, *, by: Membership, at: datetime) -> Membership:
    """Let a member in again as what they were; twice is the same as once."""
    member = _locked(member)
    if not member.is_active:
        member.is_active = True
        member.version += 1
        member.save(update_fields=["is_active", "version"])
        audit.record("member.reactivated", member, by=by, at=at)
    return member


def _state(member: Membership) -> dict[str, Any]:
    return {
        "role": member.role,
        "team": member.team_id,
        "is_admin": member.is_admin,
    }


def _shown(member: Membership) -> dict[str, Any]:
    return {**_state(member), "team": member.team.name if member.team else None}


@transaction.atomic
def change_profile(
    user: User,
    *,
    name: str,
    language: str,
    theme: str,
    single_keys: bool,
    daily_mail: bool,
    by: Membership,
    at: datetime,
) -> User:
    """Change how a person is called and how they see the pages; only the name concerns others and is audited.

    :raises Refused: name_missing.
    """
    name = checked(name)
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = audit.changes({"name": user.name}, {"name": name})
    user.name, user.language, user.theme, user.single_keys = name, language, theme, single_keys
    user.daily_mail = daily_mail
    user.save(update_fields=["name", "language", "theme", "single_keys", "daily_mail"])
    if changes:
        audit.record("profile.changed", user, by=by, at=at, changes=changes)
    return user


@transaction.atomic
def ask_for_address(user: User, *, email: str) -> EmailAddress:
    """Hold a new address until its link is opened; until then the person signs in with the old one.

    An older question that is still open is dropped. allauth would drop an unconfirmed current address too.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    EmailAddress.objects.filter(user=user, verified=False).exclude(email__iexact=user.email).delete()
    return EmailAddress.objects.create(user=user, email=email)
