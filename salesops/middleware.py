"""What every request gets: a reference number, a line in the log, and the Content-Security-Policy."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from salesops.errors import busy
from salesops.logs import known_as

Handler = Callable[[HttpRequest], HttpResponse]

logger = logging.getLogger("salesops.requests")

_REFERENCE = re.compile(r"[0-9a-fA-F-]{8,64}", re.ASCII)
"""What a proxy may call a request: digits, no words."""

_SILENT = frozenset({"health", "ready"})
"""Asked every few seconds; only their bad answers are worth a line."""


def request_id(get_response: Handler) -> Handler:
    """Give each request a reference number; the answer repeats it as X-Request-ID, and the log has a line under it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        number = request.META["REQUEST_ID"] = _reference(request)
        with known_as(number):
            response = get_response(request)
            response["X-Request-ID"] = number
            facts = _facts(request, response)
            if facts.get("route") not in _SILENT or response.status_code >= 500:
                facts["ms"] = round((time.perf_counter() - began) * 1000, 1)
                logger.info("request", extra={"facts": facts})
        return response

    return middleware


def _reference(request: HttpRequest) -> str:
    """Return the number our proxy gave, if we stand behind one; else a new one."""
    given = request.headers.get("X-Request-ID", "") if settings.BEHIND_PROXY else ""
    return given if _REFERENCE.fullmatch(given) else uuid.uuid4().hex[:12]


def _facts(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Return who asked for what, by numbers and by the name of the route; never what was asked or answered."""
    membership, user = getattr(request, "membership", None), getattr(request, "_cached_user", None)
    match = request.resolver_match
    return {
        "method": request.method if request.method in _METHODS else "?",
        "route": match.view_name if match else "static" if request.path.startswith(settings.STATIC_URL) else None,
        "status": response.status_code,
        "bytes": None if response.streaming else len(response.content),
        "user": membership.user_id if membership else getattr(user, "pk", None),
        "organization": membership.organization_id if membership else None,
    }


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def content_security_policy(get_response: Handler) -> Handler:
    """Send the strict policy of the settings with every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY
        return response

    return middleware


_HELD = frozenset({"55P03", "40P01"})
"""What PostgreSQL says of a lock that another kept longer than one waits, and of two who wait for each other."""


def held_rows(get_response: Handler) -> Handler:
    """Answer that somebody else is changing it, rather than that something broke, where rows were held too long."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        code = getattr(error.__cause__, "pgcode", None) if isinstance(error, OperationalError) else None
        return busy(request) if code in _HELD else None

    cast("Any", middleware).process_exception = process_exception
    return middleware
