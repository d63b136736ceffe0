"""The mails of this app: words in the organization's language, sent after the commit."""

from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from tenants import labels
from tenants.models import Invitation


def send_invitations(invited: Iterable[tuple[Invitation, str]]) -> None:
    """Send the links of invitations over one connection; a token stands nowhere but in its mail."""
    mails = [_invitation(invitation, token) for invitation, token in invited]

    def send() -> None:
        if mails:
            get_connection().send_messages(mails)

    transaction.on_commit(send, robust=True)


def _invitation(invitation: Invitation, token: str) -> EmailMessage:
    organization = invitation.organization
    with translation.override(organization.language):
        context = {
            "organization": organization,
            "invitation": invitation,
            "inviter": invitation.invited_by,
            "role": dict(labels.ROLES)[invitation.role],
            "link": settings.BASE_URL + reverse("tenants:join", args=[organization.slug, token]),
        }
        subject = " ".join(render_to_string("tenants/invitation_subject.txt", context).split())
        body = render_to_string("tenants/invitation_message.txt", context)
    return EmailMessage(subject=subject, body=body, to=[invitation.email])
