"""Telling people of an opportunity under their bells."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from funnel.models import Opportunity
from jobs.actions import Notice, notify_all
from tenants.models import Membership


def tell(
    people: Iterable[int],
    code: str,
    opportunity: Opportunity,
    *,
    key: str,
    by: Membership,
    at: datetime,
    page: str = "opportunity",
    pk: int | None = None,
    **data: Any,
) -> None:
    """Put a line under the bells of these people; nobody is told what they did themselves.

    :param page, pk: where the line leads to; the id is that of the opportunity unless given.
    """
    told = {"name": opportunity.name, "by": by.name, **data}
    url = reverse(f"funnel:{page}", args=[opportunity.organization.slug, pk or opportunity.pk])
    notify_all([Notice(each, code, key, told, url) for each in sorted({*people} - {by.pk})], at=at)
