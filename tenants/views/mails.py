"""The mails of this app: words in the organization's language, sent after the commit."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from tenants import labels
from tenants.models import Invitation


def send_invitation(invitation: Invitation, token: str) -> None:
    """Send the link of an invitation; the token stands nowhere but here."""
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
    message = EmailMessage(subject=subject, body=body, to=[invitation.email])
    transaction.on_commit(message.send, robust=True)
