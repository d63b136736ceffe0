"""Questions about sign-in: a person's sessions and passkeys, and who in an organization has no second factor."""

from collections.abc import Sequence
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from tenants.models import Membership, User


def without_second_factor() -> QuerySet[Membership]:
    """Return the active members of the current organization who sign in with a password alone, by name."""
    found: Any = Membership.objects.in_current_organization().active().with_second_factor()
    return cast("QuerySet[Membership]", found.filter(has_factor=False).order_by("user__name", "pk"))


def member_count() -> int:
    """Return how many active members the current organization has."""
    count: int = Membership.objects.in_current_organization().active().count()
    return count


def sessions_of(user: User) -> Sequence[UserSession]:
    """Return where a person is signed in, the latest first; sessions that have run out are left out."""
    found = UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk")
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return list(found.filter(session_key__in=alive))


def session_or_404(user: User, pk: int) -> UserSession:
    """Return one of a person's own sessions."""
    return get_object_or_404(UserSession, user=user, pk=pk)


def passkeys_of(user: User) -> Sequence[Authenticator]:
    """Return a person's passkeys, the oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at"))


def authenticator_of(user: User, kind: str) -> Authenticator | None:
    """Return a person's app (`totp`) or recovery codes (`recovery_codes`), if they have any."""
    return cast("Authenticator | None", Authenticator.objects.filter(user=user, type=kind).first())


def passkey_is_known(credential_id: str) -> bool:
    """Return whether a passkey is registered already, whoever's it is."""
    return Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN, data__credential__id=credential_id).exists()
