"""How access ends: sessions noted, ended one by one or all at once; with a membership, with a new second factor."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db import transaction

from tenants.models import Invitation, Membership, User

LONGEST_AGENT = 200


@transaction.atomic
def note_session(user: User, *, key: str, ip: str, user_agent: str, at: datetime) -> None:
    """Write down that this session of `user` was seen: from where, with what, when."""
    seen = {"user": user, "ip": ip, "user_agent": user_agent[:LONGEST_AGENT], "last_seen_at": at}
    UserSession.objects.update_or_create(
        session_key=key, defaults=seen, create_defaults={**seen, "created_at": at, "data": {}}
    )


@transaction.atomic
def end_session(session: UserSession) -> None:
    """End a session: its next request finds nobody signed in. Twice is the same as once."""
    session.end()


@transaction.atomic
def end_sessions(user: User, *, but: str = "") -> int:
    """End every session of `user` except the one whose key is `but`; return how many."""
    ended = list(UserSession.objects.select_for_update().filter(user=user).exclude(session_key=but))
    for session in ended:
        session.end()
    return len(ended)


@transaction.atomic
def end_access(member: Membership, *, at: datetime) -> None:
    """After a membership ended, end what would outlive it.

    The membership itself is asked at every request, so the organization is closed in any case. Invitations they sent
    expire, since nobody stands for them any more: another admin may send them again. Who belongs to no organization
    any more is signed out everywhere.
    """
    Invitation.objects.filter(invited_by=member, accepted_at=None, withdrawn_at=None, expires_at__gt=at).update(
        expires_at=at
    )
    if not Membership.objects.active().filter(user_id=member.user_id).exists():
        end_sessions(member.user)
