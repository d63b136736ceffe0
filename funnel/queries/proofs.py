"""Evidence across opportunities: what waits for a verdict, what was sent back, what is missing in order of money."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, Count, F, Min, Q, QuerySet, Sum

from funnel.evidence import PROVING, Item, State, refusal_to_judge
from funnel.filters import Filters
from funnel.models import Evidence, EvidenceItem, Opportunity, Weighed, led_by, proven_amount
from funnel.queries.opportunities import of_health, visible
from funnel.stages import Stage, StageRow, Status
from tenants.models import Membership

EVERY = Filters()
_FETCHED = (
    "item",
    "contact",
    "file",
    "by__user",
    "judged_by__user",
    "opportunity__account",
    "opportunity__owner__user",
)
_LEFT_OUT = ("file__content",)


def _evidence() -> QuerySet[Evidence]:
    """Return the evidence that open opportunities still owe, with what a line shows; never the files themselves."""
    rows = Evidence.objects.filter(item__is_active=True, opportunity__status=Status.OPEN)
    return cast("QuerySet[Evidence]", rows.with_rivals().select_related(*_FETCHED).defer(*_LEFT_OUT))


def to_verify(membership: Membership) -> QuerySet[Evidence]:
    """Return what `membership` is to verify, in order of money: what those it leads have filed; what it owns or filed
    itself only with nobody above it.
    """
    rows, ids = _evidence().filter(state=State.FILED), led_by(membership)
    if ids is not None:
        rows = rows.filter(opportunity__owner_id__in=ids - {membership.pk}).exclude(by=membership)
    return rows.order_by(_LARGEST, "opportunity_id", "item__stage", "item__position", "pk")


_LARGEST = F("opportunity__amount").desc(nulls_last=True)


@dataclass(frozen=True)
class Claim:
    """An opportunity with the evidence of it that waits for a verdict, in order of the stages."""

    opportunity: Any
    evidence: Sequence[Evidence]


def claims(membership: Membership, *, number: int = 1, size: int, is_oldest: bool = False) -> Page[Any]:
    """Return a page of what `membership` is to verify by opportunity, the largest first; `object_list` holds claims.

    :param is_oldest: what has waited longest first, instead of the largest.
    """
    rows = to_verify(membership)
    by_opportunity = rows.order_by().values("opportunity_id").annotate(first=Min("at"))
    order = [F("first").asc()] if is_oldest else [_LARGEST]
    page: Page[Any] = Paginator(by_opportunity.order_by(*order, "opportunity_id"), size).get_page(number)
    found: dict[int, list[Evidence]] = {row["opportunity_id"]: [] for row in page.object_list}
    for each in rows.filter(opportunity_id__in=found):
        found[each.opportunity_id].append(each)
    page.object_list = [Claim(rows[0].opportunity, rows) for rows in found.values() if rows]
    return page


def may_judge(opportunity: Opportunity, membership: Membership, *, filed_by: int | None = None) -> bool:
    """Return whether a member judges what `filed_by` filed for an opportunity."""
    led = led_by(membership)
    return not refusal_to_judge(membership.pk, owner=opportunity.owner_id, filed_by=filed_by, led=led)


def sent_back(membership: Membership) -> QuerySet[Evidence]:
    """Return what was sent back to `membership`: of its own opportunities, the latest first."""
    rows = _evidence().filter(state=State.SENT_BACK, opportunity__owner=membership)
    return rows.order_by("-judged_at", "pk")


@dataclass(frozen=True)
class Lack:
    """An item that is not proven, and what became of it so far: nobody has filed it (None), or its state.

    `may_judge`: it waits for the verdict of whoever asks.
    """

    item: Item
    state: State | None
    may_judge: bool = False

    @property
    def waits_for_manager(self) -> bool:
        """Whether the manager is to act; otherwise whoever owns it."""
        return self.state == State.FILED


@dataclass(frozen=True)
class Unproven:
    """An opportunity with what it claims and what is proven of it, weighted, and the items that would prove more."""

    opportunity: Any
    lacks: Sequence[Lack]

    @property
    def unproven(self) -> int:
        """Claimed − proven, in minor units."""
        return int(self.opportunity.claimed - self.opportunity.proven)


def _rows(membership: Membership, table: Sequence[StageRow], filters: Filters) -> QuerySet[Opportunity]:
    percents: Mapping[Stage, int] = {row.stage: row.percent for row in table}
    claimed, proven = Weighed(percents, "stage"), proven_amount(percents)
    rows = visible(membership).open().filter(of_health(filters), proven_stage__lt=F("stage"))
    annotated: Any = rows.annotate(claimed=claimed, proven=proven)
    return cast("QuerySet[Opportunity]", annotated.filter(Q(claimed__gt=F("proven"))))


@dataclass(frozen=True, slots=True)
class Sums:
    """How many open opportunities claim more than is proven, and how much they claim and have proven in all."""

    count: int
    claimed: int
    proven: int

    @property
    def unproven(self) -> int:
        """Claimed − proven, in minor units."""
        return self.claimed - self.proven


def unproven_sums(membership: Membership, table: Sequence[StageRow], filters: Filters = EVERY) -> Sums:
    """Return what the list of missing proofs comes to in all; one query."""
    sums = {name: Sum(F(name), default=0, output_field=BigIntegerField()) for name in ("claimed", "proven")}
    rows = _rows(membership, table, filters).order_by()
    found = rows.aggregate(n=Count("pk"), **{f"all_{name}": each for name, each in sums.items()})
    return Sums(found["n"], int(found["all_claimed"]), int(found["all_proven"]))


def unproven(
    membership: Membership, table: Sequence[StageRow], filters: Filters = EVERY, *, first: int = 0, most: int = 30
) -> Sequence[Unproven]:
    """Return open opportunities by how much more they claim than is proven, the most first, with what is missing."""
    rows = _rows(membership, table, filters).with_card()  # type: ignore[attr-defined]  # an OpportunityQuerySet
    shown = list(rows.order_by((F("claimed") - F("proven")).desc(), "pk")[first : first + most])
    filed: dict[int, dict[str, tuple[State, int]]] = {}
    for each in (
        Evidence.objects.filter(opportunity__in=shown)
        .select_related("item")
        .only("opportunity_id", "state", "by_id", "item__code")
    ):
        filed.setdefault(each.opportunity_id, {})[each.item.key] = State(each.state), each.by_id
    items: list[Item] = EvidenceItem.objects.all().checklist() if shown else []
    return [Unproven(row, _lacks(items, filed.get(row.pk, {}), row, membership)) for row in shown]


def _lacks(
    items: Iterable[Item], filed: Mapping[str, tuple[State, int]], row: Opportunity, membership: Membership
) -> list[Lack]:
    """Return what is not proven of the stages that an opportunity has passed; `filed` is the state and by whom."""
    lacks = []
    for item in items:
        state, filed_by = filed.get(item.key, (None, None))
        if row.proven_stage <= item.stage < row.stage and state not in PROVING:
            judges = state == State.FILED and may_judge(row, membership, filed_by=filed_by)
            lacks.append(Lack(item, state, judges))
    return lacks
