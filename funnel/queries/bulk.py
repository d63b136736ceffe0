"""What a change of many opportunities would do to each of them, before it is done; and what came of it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from django.shortcuts import get_object_or_404

from funnel.bulk import BulkKind, Fate, fate_of_move
from funnel.evidence import Item, State, standing
from funnel.filters import Filters
from funnel.helping import decides
from funnel.labels import refusal
from funnel.models import Approval, BulkChange, Evidence, EvidenceItem, StageOverride
from funnel.queries.opportunities import visible
from funnel.queries.table import listed
from funnel.stages import MissingEvidence, Stage, StageRow, Status, ask_evidence, missing
from tenants.errors import Refused
from tenants.labels import in_a_row
from tenants.models import Membership

SHOWN = 200


class Line(NamedTuple):
    """One of them: what it is, what would happen or did, and why; `lacking` is what it could still file."""

    pk: int
    account: str
    name: str
    fate: Fate
    detail: str
    lacking: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What would happen, or did: how many of each fate, and the first lines, those with a question first."""

    counts: Mapping[Fate, int]
    lines: Sequence[Line]
    number: int

    @property
    def rest(self) -> int:
        """How many are not listed."""
        return self.number - len(self.lines)

    def of(self, *fates: Fate) -> int:
        """Return how many meet one of these fates."""
        return sum(self.counts.get(fate, 0) for fate in fates)


def picked(membership: Membership, ids: Collection[int], *, most: int) -> list[int]:
    """Return those of these opportunities that a member may see."""
    return list(visible(membership).filter(pk__in=list(ids)[:most]).order_by("pk").values_list("pk", flat=True))


def all_matching(membership: Membership, filters: Filters, *, today: date, most: int) -> tuple[list[int], int]:
    """Return the opportunities that the filters leave now, and how many they are; none of them beyond `most`."""
    rows = listed(membership, filters, today=today)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: most + 1])
    return (ids, len(ids)) if len(ids) <= most else ([], rows.count())


def bulk_or_404(membership: Membership, pk: int) -> BulkChange:
    """Return a change of many that this member drew up, or Http404."""
    return cast("BulkChange", get_object_or_404(BulkChange.objects.select_related("job"), by=membership, pk=pk))


def plan(bulk: BulkChange, membership: Membership, table: Sequence[StageRow], *, today: date) -> Plan:
    """Return what would happen to each; seven queries, however many they are."""
    ids = [pk for pk, _version in bulk.asked]
    names = ("pk", "account__name", "name", "status", "stage", "owner_id", "category", "category_is_own")
    rows = list(visible(membership).filter(pk__in=ids).values(*names, "expected_close_on", "opened_at"))
    fates = (
        _moves(bulk, rows, table, today)
        if bulk.kind == BulkKind.STAGE
        else [(*_fact(bulk, row, membership), ()) for row in rows]
    )
    lines = [Line(row["pk"], row["account__name"], row["name"], *fate) for row, fate in zip(rows, fates, strict=True)]
    return _planned(lines)


def _planned(lines: Iterable[Line]) -> Plan:
    everything = sorted(lines, key=lambda line: (_ORDER.index(line.fate), line.account, line.name, line.pk))
    return Plan(Counter(line.fate for line in everything), everything[:SHOWN], len(everything))


_ORDER = [
    *(Fate.LACKS, Fate.BLOCKED, Fate.BACK, Fate.ASKED, Fate.STALE, Fate.REFUSED, Fate.LEFT_OUT, Fate.CLOSED, Fate.GONE),
    *(Fate.READY, Fate.DONE, Fate.UNDONE, Fate.SAME),
]


def _fact(bulk: BulkChange, row: Mapping[str, Any], by: Membership) -> tuple[Fate, str]:
    if not decides(row["owner_id"], by.visible_owner_ids):
        return Fate.REFUSED, refusal(Refused("owner_decides"))
    is_open, to = row["status"] == Status.OPEN, bulk.to["key"]
    if bulk.kind == BulkKind.OWNER:
        return (Fate.SAME if row["owner_id"] == to else Fate.READY), ""
    if not is_open:
        return Fate.CLOSED, ""
    if bulk.kind == BulkKind.CATEGORY:
        now = row["category"] if row["category_is_own"] else ""
        return (Fate.SAME if now == to else Fate.READY), ""
    day = date.fromisoformat(to)
    return (Fate.SAME if row["expected_close_on"] == day else Fate.READY), ""


def _moves(
    bulk: BulkChange, rows: Sequence[Mapping[str, Any]], table: Sequence[StageRow], today: date
) -> list[tuple[Fate, str, tuple[Item, ...]]]:
    """Say of each what its move would come to, by the rules of the move itself."""
    ids, to = [row["pk"] for row in rows], Stage(bulk.to["key"])
    items: list[Item] = EvidenceItem.objects.all().checklist()
    keys = {item.id: item.key for item in items}
    states: defaultdict[int, dict[str, State]] = defaultdict(dict)
    for pk, item, state in Evidence.objects.filter(opportunity_id__in=ids).values_list(
        "opportunity_id", "item_id", "state"
    ):
        if item in keys:
            states[pk][keys[item]] = State(state)
    excused: defaultdict[int, dict[int, date]] = defaultdict(dict)
    for pk, stage, until in StageOverride.objects.filter(opportunity_id__in=ids).values_list(
        "opportunity_id", "stage", "until"
    ):
        excused[pk][stage] = max(until, excused[pk].get(stage, until))
    granted = Approval.objects.all().overrides(ids, on=today)
    gates = {row.stage: row.gate for row in table}
    found = []
    for row in rows:
        pk, left = row["pk"], row["stage"]
        overdue = {stage for stage, end in excused[pk].items() if end < today and stage < left}
        running = {stage for stage, end in excused[pk].items() if end >= today}
        lacking = missing(items, standing(states[pk]), left=Stage(left), to=to, overdue=overdue)
        blocking: Collection[int] = ()
        try:
            ask_evidence(lacking, gates, override=False, excused=running, granted=granted.get(pk, {}))
            lacking = ()
        except MissingEvidence as without:
            lacking, blocking = without.items, without.blocking
        fate = fate_of_move(
            status=row["status"], left=left, to=to, lacking=[item.stage for item in lacking], blocking=blocking
        )
        told = tuple(lacking) if fate in {Fate.LACKS, Fate.BLOCKED} else ()
        found.append((fate, in_a_row(item.label for item in told), told))
    return found


def outcome(bulk: BulkChange, membership: Membership) -> Plan:
    """Return what became of each."""
    ids = [pk for pk, _version in bulk.asked]
    rows = visible(membership).filter(pk__in=ids).values_list("pk", "account__name", "name")
    names = {pk: (account, name) for pk, account, name in rows}
    lines = []
    for pk in ids:
        account, name = names.get(pk, ("", ""))
        said = bulk.outcome.get(str(pk), {})
        fate = Fate(said.get("fate", Fate.LEFT_OUT))
        lines.append(Line(pk, account, name, fate, said.get("code", "")))
    return _planned(lines)
