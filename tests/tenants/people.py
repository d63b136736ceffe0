"""Members, changed as an admin does."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import actions
from tenants.models import Membership
from tenants.scoping import reading
from tests.cast import Cast

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
