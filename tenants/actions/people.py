"""Writes on the people of an organization, and on oneself."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership, Organization, Team, User
from tenants.names import checked


@transaction.atomic
def change_member(
    member: Membership,
    *,
    role: str,
    team: Team | None,
    is_admin: bool,
    is_active: bool,
    seen: int,
    by: Membership,
    at: datetime,
) -> Membership:
    """Change what a member is; who is no longer active is out at their next request.

    The organization is locked first: of two admins who take the flag from each other, one is refused.

    :raises Stale: somebody changed it since version `seen`.
    :raises Refused: last_admin.
    """
    Organization.objects.select_for_update().get(pk=member.organization_id)
    member = Membership.objects.select_related("user", "team", "organization").get(pk=member.pk)
    if member.version != seen:
        raise Stale({**_state(member), "version": member.version})
    loses_admin = member.is_admin and member.is_active and not (is_admin and is_active)
    if loses_admin and not _other_admins(member).exists():
        raise Refused("last_admin")
    before = _shown(member)
    member.role, member.team, member.is_admin, member.is_active = role, team, is_admin, is_active
    member.version += 1
    member.save(update_fields=["role", "team", "is_admin", "is_active", "version"])
    audit.record("member.changed", member, by=by, at=at, changes=audit.changes(before, _shown(member)))
    return member


def _other_admins(member: Membership) -> Any:
    return (
        Membership.objects.active().filter(organization_id=member.organization_id, is_admin=True).exclude(pk=member.pk)
    )


def _state(member: Membership) -> dict[str, Any]:
    return {
        "role": member.role,
        "team": member.team_id,
        "is_admin": member.is_admin,
        "is_active": member.is_active,
    }


def _shown(member: Membership) -> dict[str, Any]:
    return {**_state(member), "team": member.team.name if member.team else None}


@transaction.atomic
def change_profile(
    user: User, *, name: str, language: str, theme: str, single_keys: bool, by: Membership, at: datetime
) -> User:
    """Change how a person is called and how they see the pages; only the name concerns others and is audited.

    :raises Refused: name_missing.
    """
    name = checked(name)
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = audit.changes({"name": user.name}, {"name": name})
    user.name, user.language, user.theme, user.single_keys = name, language, theme, single_keys
    user.save(update_fields=["name", "language", "theme", "single_keys"])
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
