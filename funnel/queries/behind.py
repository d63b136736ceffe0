"""The opportunities behind a number about the past: those that a reader may see today, and the others by their sum."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection
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
class Worth:
    """How many opportunities counted in a number about two moments, and for what, in minor units.

    What is about one moment alone has nothing `old`; some of it says how much of it was weighted and proven then.
    `proven` is None where nobody recorded that.
    """

    count: int
    old: int
    new: int
    weighted: int = 0
    proven: int | None = None

    @property
    def delta(self) -> int:
        """By how much they changed it."""
        return self.new - self.old


@dataclass(frozen=True)
class Behind:
    """The opportunities whose ids a statement with named places yields; only who reads them gets to see any.

    Where `has_worth`, the statement yields (opportunity_id, old, new): what each counted for; where `has_parts`, also
    (weighted, proven).
    """

    statement: str
    taken: Mapping[str, Any]
    has_worth: bool = False
    has_parts: bool = False

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

    def worths(self, ids: Collection[int]) -> dict[int, Worth]:
        """Return what each of these opportunities counted for."""
        parts = ", b.weighted, b.proven" if self.has_parts else ""
        found = self._ask(
            f"SELECT b.opportunity_id, b.old, b.new{parts}", "WHERE b.opportunity_id = ANY(%(ids)s)", ids=list(ids)
        )
        return {pk: Worth(1, *map(_whole, facts)) for pk, *facts in found}

    def worth(self, seen: QuerySet[Opportunity] | None = None) -> tuple[Worth, Worth]:
        """Return what all of them counted for, and those that are `seen` (None: all)."""
        ids = None if seen is None else list(seen.order_by().values_list("pk", flat=True))
        is_seen = "FILTER (WHERE %(ids)s::bigint[] IS NULL OR b.opportunity_id = ANY(%(ids)s::bigint[]))"
        sums = [self._sums(""), self._sums(is_seen)]
        (found,) = self._ask(f"SELECT {', '.join(sums)}", ids=ids)
        each = len(found) // 2
        whole, mine = (Worth(*map(_whole, part)) for part in (found[:each], found[each:]))
        return whole, mine

    def _sums(self, which: str) -> str:
        """Return how many there are and what they add up to; what is not known of one is not known of all."""
        sums = f"count(*) {which}, coalesce(sum(b.old) {which}, 0), coalesce(sum(b.new) {which}, 0)"
        if not self.has_parts:
            return sums
        known = f"CASE WHEN count(b.proven) {which} = count(*) {which} THEN coalesce(sum(b.proven) {which}, 0) END"
        return f"{sums}, coalesce(sum(b.weighted) {which}, 0), {known}"

    def _ask(self, what: str, where: str = "", **more: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(f"{what} FROM ({self.statement}) AS b {where}", {**self.taken, **more})  # our own text
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    @property
    def _ids(self) -> RawSQL:
        statement = f"SELECT b.opportunity_id FROM ({self.statement}) AS b" if self.has_worth else self.statement  # noqa: S608  # our own text
        places = re.findall(r"%\((\w+)\)s", statement)
        plain = re.sub(r"%\(\w+\)s", "%s", statement)
        return RawSQL(plain, [self.taken[place] for place in places])  # noqa: S611  # our own text; all values are passed


def _whole(value: Any) -> Any:
    return None if value is None else int(value)
