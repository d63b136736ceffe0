"""Which language: the profile's, then the organization's, then the browser's."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from tenants.models import Organization


def chosen_language(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Activate the reader's language for one request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if not language and request.user.is_authenticated and request.path_info.startswith("/o/"):
            slug = request.path_info.split("/")[2]
            language = (
                Organization.objects.filter(
                    slug=slug, memberships__user_id=request.user.pk, memberships__is_active=True
                )
                .values_list("language", flat=True)
                .first()
            )
        with translation.override(language or translation.get_language_from_request(request)):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response

    return middleware
