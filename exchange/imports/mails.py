"""The mails of imported invitations: they leave when the whole import has ended, once, by a job."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from exchange.targets import Occasion
from jobs import actions as jobs
from jobs.models import Job
from jobs.running import Progress, job_kind
from tenants.actions import importing
from tenants.views import mails

JOB = "import_invitations"
MAILS, SEND, HOLD = "mails", "send", "hold"
AT_ONCE = 25


def send_when_ended(occasion: Occasion) -> None:
    """Have the links of the seats that an import made mailed, unless whoever imports said to hold them."""
    seats = occasion.ledger.of("invitation").values()
    ids = [seat.pk for seat in seats if seat.is_new or "token_hash" in (seat.before or {})]
    if ids and occasion.answer(MAILS, SEND) == SEND:
        jobs.enqueue(JOB, payload={"invitations": sorted(ids)}, by=occasion.by, at=occasion.at)


@job_kind(JOB, label=_("Send invitations"), steps={"mails": _("Sending mails")}, counts={"sent": _("Sent")})
def send(job: Job, *, at: datetime) -> Progress:
    """Send the next mails, with the cursor in one transaction: an address is written to once or not at all."""
    ids, done = job.payload["invitations"], job.cursor.get("done", 0)
    sealed = importing.seal(ids[done : done + AT_ONCE], at=at)
    mails.send_invitations(sealed)
    done, sent = min(len(ids), done + AT_ONCE), job.result.get("sent", 0) + len(sealed)
    result = {"sent": sent, "url": reverse("tenants:people", args=[job.organization.slug])}
    return Progress(done, len(ids), "mails", {"done": done}, finished=done >= len(ids), result=result)
