"""What every answer carries: a reference number and the Content-Security-Policy."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: Handler) -> Handler:
    """Give each request a reference number; the answer repeats it as X-Request-ID."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["REQUEST_ID"] = uuid.uuid4().hex[:12]
        response = get_response(request)
        response["X-Request-ID"] = request.META["REQUEST_ID"]
        return response

    return middleware


def content_security_policy(get_response: Handler) -> Handler:
    """Send the strict policy of the settings with every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY
        return response

    return middleware
