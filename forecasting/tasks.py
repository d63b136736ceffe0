"""The nightly computation of every organization, and the job that does it."""

from collections.abc import Sequence
from datetime import date, datetime

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from forecasting import actions, queries
from funnel import actions as funnel_actions
from jobs.models import Job, Notification
from jobs.running import Progress, job_kind
from tenants.models import Membership, Organization
from tenants.scoping import working_for


@job_kind(
    actions.JOB,
    label=_("Forecast"),
    steps={
        "rates": _("Value other currencies anew"),
        "health": _("Check the health of opportunities"),
        "snapshot": _("Store the forecast"),
    },
    counts={
        "revalued": _("Opportunities valued anew"),
        "flagged": _("Opportunities with a flag"),
        "stored": _("Opportunities stored"),
    },
)
def compute(job: Job, *, at: datetime) -> Progress:
    """Value by the rates of the day in `payload["on"]`, judge every opportunity, store the forecast of that day."""
    organization: Organization = job.organization
    on, step = date.fromisoformat(job.payload["on"]), job.cursor.get("step")
    if step not in {"health", "snapshot"}:
        revalued = funnel_actions.revalue(on=on, at=at)
        return Progress(1, 3, "health", {"step": "health"}, result={"revalued": revalued})
    if step == "health":
        flagged = actions.refresh_health(organization, at=at)
        return Progress(2, 3, "snapshot", {"step": "snapshot"}, result={"flagged": flagged})
    stored = actions.take_snapshot(organization, on=on, at=at)
    return Progress(3, 3, "snapshot", {}, finished=True, result={"stored": stored})


@shared_task(name="forecasting.tasks.nightly", ignore_result=True)
def nightly() -> None:
    """Start the computation of every organization whose day has ended since it was last asked; runs each hour."""
    now = timezone.now()
    for organization in Organization.objects.order_by("pk"):
        with working_for(organization), transaction.atomic():
            actions.start_night(organization, at=now)
            actions.start_digest(organization, at=now)


@job_kind(actions.DIGEST_JOB, label=_("Daily summary by e-mail"), counts={"written": _("Mails")})
def digest(job: Job, *, at: datetime) -> Progress:
    """Write to one person after the other, each in a transaction of their own; who has no news gets no mail."""
    found = queries.readers(int(job.cursor.get("after", 0)))
    done, written = job.done, int(job.result.get("written", 0))
    if not found:
        return Progress(done, done, "", {}, finished=True, result={"written": written})
    (member,) = found
    news = actions.take_digest(member, on=date.fromisoformat(job.payload["on"]), at=at)
    if news:
        mail = _digest_mail(job.organization, member, news)
        transaction.on_commit(mail.send, robust=True)
    return Progress(done + 1, done + 1, "", {"after": member.pk}, result={"written": written + bool(news)})


def _digest_mail(
    organization: Organization, member: Membership, news: Sequence[Notification]
) -> EmailMultiAlternatives:
    """Return the mail in the reader's language: the lines, a table of the opportunities they name, and one link."""
    with translation.override(member.user.language or organization.language):
        context = {
            "organization": organization,
            "member": member,
            "lines": [line.text for line in news],
            "rows": queries.digest_rows(member, news),
            "link": settings.BASE_URL + reverse("forecasting:alerts", args=[organization.slug]),
            "profile": settings.BASE_URL + reverse("tenants:profile", args=[organization.slug]),
        }
        subject = " ".join(render_to_string("forecasting/digest_subject.txt", context).split())
        text = render_to_string("forecasting/digest_message.txt", context)
        html = render_to_string("forecasting/digest_message.html", context)
    mail = EmailMultiAlternatives(subject=subject, body=text, to=[member.user.email])
    mail.attach_alternative(html, "text/html")
    return mail
