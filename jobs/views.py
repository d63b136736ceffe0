"""The panel of a job, my jobs, stored files, and the bell."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jobs import actions, queries
from jobs.models import Job, Notification, StoredFile
from jobs.retries import seconds_left
from tenants.ids import read_id
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, go, is_swap, org_view, render_page, to_page, toast

A_PAGE = 50
QUICK_POLLS = 10


@org_view(Permission.HOME_VIEW)
@require_GET
def jobs(request: OrgRequest) -> HttpResponse:
    """List the jobs I started, newest first."""
    mine = Job.objects.visible_to(request.membership).select_related("by__user").defer("payload", "cursor")
    page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "jobs/list.html", {"page_obj": page})


@org_view(Permission.HOME_VIEW)
@require_GET
def panel(request: OrgRequest, pk: int) -> HttpResponse:
    """Show how far a job is; as a fragment it asks again by itself until the job has ended."""
    job = get_object_or_404(Job.objects.visible_to(request.membership), pk=pk)
    polls = read_id(request.GET.get("polls")) or 0
    data = {"job": job, "polls": polls + 1, "wait": 1 if polls < QUICK_POLLS else 2}
    if job.started_at and not job.has_ended:
        left = seconds_left(job.done, job.total, request.now - job.started_at)
        data |= {"seconds": left, "minutes": round((left or 0) / 60)}
    if not is_swap(request):
        return render(request, "jobs/job.html", data)
    response = render(request, "jobs/panel.html", data)
    return announce(response, "job:ended", pk=job.pk, state=job.state) if job.has_ended else response


@org_view(Permission.HOME_VIEW)
@require_POST
def cancel(request: OrgRequest, pk: int) -> HttpResponse:
    """Stop a job of mine at its next border."""
    job = get_object_or_404(Job.objects.visible_to(request.membership), pk=pk)
    actions.cancel(job, by=request.membership, at=request.now)
    if not is_swap(request):
        return go(request, to_page(request, "jobs:panel", pk))
    return render(request, "jobs/panel.html", {"job": job, "polls": 0, "wait": 1})


@org_view(Permission.HOME_VIEW)
@require_GET
def file(request: OrgRequest, pk: int) -> HttpResponse:
    """Download a stored file."""
    return attachment(get_object_or_404(StoredFile.objects.visible_to(request.membership), pk=pk))


def attachment(stored: StoredFile) -> HttpResponse:
    """Answer a file that the reader may have: always as an attachment, never shown by the browser."""
    response = HttpResponse(bytes(stored.content), content_type=stored.content_type or "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=stored.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@org_view(Permission.HOME_VIEW)
@require_GET
def bell(request: OrgRequest) -> HttpResponse:
    """Show how many notifications are unread; announce jobs that ended since the last time it was asked."""
    found = queries.bell(request.membership, since=read_id(request.GET.get("since")))
    response = render(request, "components/bell.html", {"unread": found.unread, "since": found.newest})
    if len(found.ended) == 1:
        return toast(response, found.ended[0].text)
    if found.ended:
        count = len(found.ended)
        return toast(response, ngettext("%(n)s job has ended.", "%(n)s jobs have ended.", count) % {"n": f"{count:,}"})
    return response


@org_view(Permission.HOME_VIEW)
@require_GET
def notifications(request: OrgRequest) -> HttpResponse:
    """List what I was told, newest first; as a fragment, the menu under the bell."""
    mine = Notification.objects.visible_to(request.membership)
    page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "jobs/notifications.html", {"page_obj": page}, partial="menu")


@org_view(Permission.HOME_VIEW)
@require_POST
def read(request: OrgRequest) -> HttpResponse:
    """Mark all that I was told as read, or the one named by `pk`, whose page is then opened."""
    pk = read_id(request.POST.get("pk"))
    if pk is None:
        actions.read(request.membership, at=request.now)
        if is_swap(request):
            return toast(
                render(request, "components/bell.html", {"unread": 0, "since": None}),
                _("Everything is marked as read."),
            )
        return go(request, to_page(request, "jobs:notifications"))
    told = get_object_or_404(Notification.objects.visible_to(request.membership), pk=pk)
    actions.read(request.membership, at=request.now, pk=pk)
    return go(request, told.url or to_page(request, "jobs:notifications"))
