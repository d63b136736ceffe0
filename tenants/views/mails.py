"""The mails of this app: words in the organization's language, sent after the commit."""

import contextlib
import logging
from collections.abc import Iterable, Sequence
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from tenants import actions, labels
from tenants.models import Invitation
from tenants.scoping import working_for

logger = logging.getLogger(__name__)


def send_invitations(invited: Iterable[tuple[Invitation, str]]) -> None:
    """Send the links of invitations over one connection; a token stands nowhere but in its mail.

    One that cannot be sent keeps no other back, and is marked so that it is seen and sent again.
    """
    mails = [(invitation, _invitation(invitation, token)) for invitation, token in invited]

    def send() -> None:
        left = _sent([mail for _invitation, mail in mails])
        failed = [invitation for (invitation, _mail), is_out in zip(mails, left, strict=True) if not is_out]
        if failed:
            with working_for(failed[0].organization):
                actions.note_unsent([invitation.pk for invitation in failed], at=timezone.now())

    if mails:
        transaction.on_commit(send, robust=True)


def _sent(mails: Sequence[EmailMessage]) -> list[bool]:
    """Send mails one by one, and return of each whether it left; a server that is down is not asked again and again."""
    connection, out = get_connection(), []
    for mail in mails:
        try:
            connection.open()
        except (OSError, SMTPException):
            logger.exception("The mail server cannot be reached")
            break
        try:
            out.append(bool(connection.send_messages([mail])))
        except (OSError, SMTPException):
            logger.exception("A mail could not be sent")
            out.append(False)
            with contextlib.suppress(OSError, SMTPException):
                connection.close()
    with contextlib.suppress(OSError, SMTPException):
        connection.close()
    return out + [False] * (len(mails) - len(out))


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
