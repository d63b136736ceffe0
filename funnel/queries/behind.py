"""The opportunities behind a number about the past: those that a reader may see today, and the others by their sum."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import BigIntegerField, Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from funnel.models import Opportunity, Spell
from tenants.models import Membership


@dataclass(frozen=True)
class Beyond:
    """What counted in a number and is no longer in the reader's sight, with the amounts it had when it left it."""

    count: int = 0
    amount: int = 0


@dataclass(frozen=True)
class Behind:
    """The opportunities whose ids a statement with named places yields; only who reads them gets to see any."""

    statement: str
    taken: Mapping[str, Any]

    def visible_to(self, membership: Membership) -> QuerySet[Opportunity]:
        """Return those that `membership` may see today."""
        return cast("QuerySet[Opportunity]", Opportunity.objects.visible_to(membership).filter(pk__in=self._ids))

    def beyond(self, membership: Membership) -> Beyond:
        """Return how many others there are: they were handed to somebody whom `membership` does not see."""
        seen = membership.visible_owner_ids
        if seen is None:
            return Beyond()
        mine = Opportunity.objects.visible_to(membership).values("pk")
        when_left = Spell.objects.filter(opportunity=OuterRef("pk"), owner__in=seen).order_by("-from_at")
        amount = Coalesce(Subquery(when_left.values("amount")[:1]), 0, output_field=BigIntegerField())
        rows = Opportunity.objects.filter(pk__in=self._ids).exclude(pk__in=mine).annotate(then=amount).order_by()
        sums = rows.aggregate(n=Count("pk"), total=Sum("then", default=0, output_field=BigIntegerField()))
        return Beyond(sums["n"], int(sums["total"]))

    @property
    def _ids(self) -> RawSQL:
        places = re.findall(r"%\((\w+)\)s", self.statement)
        plain = re.sub(r"%\(\w+\)s", "%s", self.statement)
        return RawSQL(plain, [self.taken[place] for place in places])  # noqa: S611  # our own text; all values are passed
