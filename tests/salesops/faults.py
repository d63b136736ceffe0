"""Addresses of the tests: views that fail with a customer's words in hand."""

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tenants.models import User


@csrf_exempt
def raising(request: HttpRequest, word: str) -> HttpResponse:
    """Fail with what was typed in message and variables."""
    typed = request.POST.get("note", "") or request.GET.get("q", word)
    try:
        int(typed)
    except ValueError:
        message = f"cannot work with {typed}"
        raise RuntimeError(message)  # noqa: B904  # a chain, as it happens
    return HttpResponse()


@csrf_exempt
def doubled(request: HttpRequest) -> HttpResponse:
    """Break a unique key with what was typed: PostgreSQL names the value in its DETAIL."""
    for _ in range(2):
        with transaction.atomic():
            User.objects.create(email=f"{request.POST['note']}@acme.example", name=request.POST["note"])
    return HttpResponse()


@csrf_exempt
def wrong_sql(request: HttpRequest) -> HttpResponse:
    """Let PostgreSQL read what was typed as a number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [request.POST["note"]])
    return HttpResponse()


urlpatterns = [
    path("raising/<str:word>/", raising, name="raising"),
    path("doubled/", doubled, name="doubled"),
    path("wrong-sql/", wrong_sql, name="wrong_sql"),
    path("", include("salesops.urls")),
]
