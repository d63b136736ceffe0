"""The pages for what went wrong."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from tenants.models import Membership


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; says the same for what never was and for what belongs to others."""
    return render(request, "errors/404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 and name whom to ask."""
    return render(request, "errors/403.html", {"ask": _admins(request)}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its token."""
    return render(request, "errors/403.html", {"ask": [], "expired": True}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 to what is too much; the page is rendered without the request, since that is what is wrong."""
    status = 413 if isinstance(exception, _TOO_MUCH) else 400
    return HttpResponse(render_to_string(f"errors/{status}.html"), status=status)


_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def busy(request: HttpRequest) -> HttpResponse:
    """Answer 503 to what somebody else held too long: nothing was changed, and a moment later it works."""
    page = render_to_string("errors/503.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "2"})


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with a reference number; the page asks nothing of the database, which may be what failed."""
    page = render_to_string("errors/500.html", {"reference": request.META.get("REQUEST_ID", "")})
    return HttpResponse(page, status=500)


def _admins(request: HttpRequest) -> list[Membership]:
    membership: Membership | None = getattr(request, "membership", None)
    if membership is None:
        return []
    admins = Membership.objects.active().filter(organization_id=membership.organization_id, is_admin=True)
    return list(admins.select_related("user")[:3])
