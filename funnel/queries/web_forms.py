"""What pages ask about web forms."""

from typing import cast

from django.db.models import Count, Max, QuerySet
from django.shortcuts import get_object_or_404

from funnel.models import WebForm
from tenants.models import Membership


def web_forms() -> list[WebForm]:
    """Return every web form, those in use first; `count` and `latest` tell what they brought."""
    rows = WebForm.objects.select_related("owner__user", "made_by__user")
    return list(rows.annotate(count=Count("leads"), latest=Max("leads__created_at")))


def web_form_or_404(pk: int) -> WebForm:
    """Return a web form, or Http404."""
    found: WebForm = get_object_or_404(WebForm.objects.select_related("owner__user", "made_by__user"), pk=pk)
    return found


def web_form_with(token: str) -> WebForm | None:
    """Return the web form in use with this token."""
    rows = WebForm.objects.filter(token=token, is_active=True)
    return cast("WebForm | None", rows.select_related("owner__user", "made_by__user").first())


def web_form_owners(now: int = 0) -> QuerySet[Membership]:
    """Return the members to whom the leads of a web form may go."""
    people = Membership.objects.in_current_organization()
    both = people.active().selling() | people.filter(pk=now)
    return cast("QuerySet[Membership]", both.order_by("user__name", "pk"))
