"""Open opportunities by stage and owner."""

from datetime import date

from django.db.models import Count, Sum

from funnel.filters import Filters
from funnel.matrix import Matrix, arranged
from funnel.queries.table import listed
from tenants.models import Membership


def matrix(membership: Membership, filters: Filters, *, today: date) -> Matrix:
    """Return what the table would list, counted and added up by stage and owner; two queries, an index answers."""
    grouped = listed(membership, filters, today=today).order_by().values_list("stage", "owner_id")
    figures = [
        (stage, owner, count, total or 0)
        for stage, owner, count, total in grouped.annotate(count=Count("*"), total=Sum("amount"))
    ]
    owners = {owner for _stage, owner, _count, _total in figures}
    names = Membership.objects.in_current_organization().filter(pk__in=owners).values_list("pk", "user__name")
    return arranged(figures, dict(names) if owners else {})
