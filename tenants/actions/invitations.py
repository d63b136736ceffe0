"""Seats held for addresses: sent, sent again, withdrawn, taken."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants import audit
from tenants.actions.locking import locked, one_at_a_time
from tenants.errors import Refused
from tenants.invitations import VALID_FOR, InvitationState, digest
from tenants.models import Invitation, Membership, Organization, Team, User
from tenants.names import checked, tidy
from tenants.scoping import require_organization_id


@dataclass
class Invited:
    """What became of a list of addresses: `sent` (invitation and its token), the members, the already invited."""

    sent: list[tuple[Invitation, str]] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Seat:
    """What is held for one address where it differs from the others: a name to greet with, a role, a team."""

    name: str = ""
    role: str = ""
    team: Team | None = None


@transaction.atomic
def invite(
    organization: Organization,
    *,
    emails: Iterable[str],
    role: str,
    team: Team | None,
    is_admin: bool,
    by: Membership,
    at: datetime,
    seats: Mapping[str, Seat] | None = None,
) -> Invited:
    """Hold a seat for each address. Members and addresses with an open invitation are left as they are.

    An expired invitation is opened anew with what is asked now. Each token is returned once and only its digest kept.

    :param seats: by address, what one has of its own; `role` and `team` are everybody else's.
    """
    Organization.objects.select_for_update().get(pk=organization.pk)
    answer = Invited()
    for email in dict.fromkeys(emails):
        seat = (seats or {}).get(email) or Seat()
        mine = seat.team or team
        members = Membership.objects.active().filter(organization=organization, user__email__iexact=email)
        invitation = Invitation.objects.filter(email__iexact=email, accepted_at=None, withdrawn_at=None).first()
        if members.exists():
            answer.members.append(email)
        elif invitation is not None and invitation.state_at(at) == InvitationState.OPEN:
            answer.waiting.append(email)
        else:
            invitation = invitation or Invitation(email=email)
            invitation.name = tidy(seat.name)[:80]
            invitation.role, invitation.team, invitation.is_admin = seat.role or role, mine, is_admin
            invitation.invited_by, invitation.invited_at = by, at
            answer.sent.append((invitation, _sealed(invitation, at)))
            audit.record(
                "member.invited",
                invitation,
                by=by,
                at=at,
                role=invitation.role,
                team=mine.name if mine else None,
                is_admin=is_admin,
            )
    return answer


def _sealed(invitation: Invitation, at: datetime) -> str:
    """Give the invitation a new token and a new term, save it, and return the token."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.expires_at, invitation.mail_failed_at = digest(token), at + VALID_FOR, None
    invitation.save()
    return token


@transaction.atomic
def note_unsent(ids: Collection[int], *, at: datetime) -> None:
    """Note of invitations that their mails could not be sent, so that it is seen and they are sent again."""
    for invitation in (
        Invitation.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("invited_by")
    ):
        invitation.mail_failed_at = at
        invitation.save(update_fields=["mail_failed_at"])
        audit.record("invitation.unsent", invitation, by=invitation.invited_by, at=at)


@transaction.atomic
def renew(invitation: Invitation, *, by: Membership, at: datetime, seen: str = "") -> tuple[Invitation, str]:
    """Give an invitation a new link and a new term; the old link is dead. Who sends it now stands for it. Returns the
    new token: '' where it has a new link since, for another one would kill that.

    :param seen: until when its link was good as the caller saw it, in ISO format; '' gives it a new one anyway.
    :raises Refused: invitation_not_open; it was accepted or withdrawn.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.state_at(at) not in {InvitationState.OPEN, InvitationState.EXPIRED}:
        raise Refused("invitation_not_open")
    if seen and seen != invitation.expires_at.isoformat():
        return invitation, ""
    invitation.invited_by = by
    token = _sealed(invitation, at)
    audit.record("invitation.renewed", invitation, by=by, at=at)
    return invitation, token


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Membership, at: datetime) -> None:
    """Take a seat back; twice is the same as once.

    :raises Refused: invitation_accepted.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise Refused("invitation_accepted")
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = at
        invitation.save(update_fields=["withdrawn_at"])
        audit.record("invitation.withdrawn", invitation, by=by, at=at)


@transaction.atomic
def accept(invitation: Invitation, *, user: User, at: datetime) -> Membership:
    """Take the seat. Who has taken it already gets the same membership again; who was out is let in again.

    :raises Refused: invitation_of_another, invitation_accepted, invitation_withdrawn, invitation_expired.
    """
    organization = Organization.objects.select_for_update().get(pk=require_organization_id())
    invitation = locked(Invitation.objects.select_related("team"), invitation.pk)
    if invitation.email.lower() != user.email.lower():
        raise Refused("invitation_of_another", email=invitation.email)
    member = Membership.objects.select_related("user").filter(organization=organization, user=user).first()
    state = invitation.state_at(at)
    if state == InvitationState.ACCEPTED and member is not None and member.is_active:
        return member
    if state != InvitationState.OPEN:
        raise Refused(f"invitation_{state}")
    member = member or Membership(organization=organization, user=user)
    if not (member.pk and member.is_active):
        member.role, member.team = invitation.role, invitation.team
        member.is_admin, member.is_active = invitation.is_admin, True
        member.version += 1 if member.pk else 0
        member.save()
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    audit.record("member.joined", member, by=member, at=at, role=member.role)
    return member


@transaction.atomic
def join(invitation: Invitation, *, name: str, password: str, at: datetime) -> Membership:
    """Make a person of the invited address and give them the seat. The link itself proves the address.

    :raises Refused: has_account, name_missing, or what `accept` refuses.
    """
    name = checked(name)
    Organization.objects.select_for_update().get(pk=require_organization_id())
    one_at_a_time(f"address {invitation.email.lower()}")
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise Refused("has_account")
    user = User.objects.create_user(invitation.email, password, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return accept(invitation, user=user, at=at)
