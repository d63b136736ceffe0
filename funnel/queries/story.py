"""The page of one opportunity: its path, its proof, its change log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language

from accounts.models import Contact
from funnel import labels
from funnel.evidence import PROVING, Item, State
from funnel.flags import Flag
from funnel.history import STATUS_KINDS
from funnel.models import Change, DecisionRole, Evidence, EvidenceItem, Opportunity
from funnel.models.stages import demanded
from funnel.queries.opportunities import opportunity_or_404, stage_table
from funnel.queries.recorded import Changed, Filed, Left, changes_of, filed_of, left_of
from funnel.stages import Category, ChangeKind, Reason, Stage, StageRow, Status
from funnel.strategy import Role
from jobs.models import StoredFile
from tenants import formats
from tenants.backend.whole import columns, taken
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import require_organization_id

LINES = 100


@dataclass(frozen=True)
class Proof:
    """A piece of evidence that a stage demands, and what was filed for it."""

    item: Item
    filed: Filed | None

    @property
    def stands(self) -> bool:
        """Whether it counts as filed: it was not sent back."""
        return self.filed is not None and self.filed.state != State.SENT_BACK


@dataclass(frozen=True)
class Step:
    """A stage on the path of one opportunity."""

    row: StageRow
    guide: labels.Guide
    proofs: Sequence[Proof]
    state: str  # done, now or ahead
    override: Left | None = None  # the latest, where it was left without all of its evidence
    is_overdue: bool = False  # the day is over on which the evidence should have been there

    @property
    def filed(self) -> int:
        """How much of its evidence is filed, and not sent back."""
        return sum(proof.stands for proof in self.proofs)

    @property
    def proven(self) -> int:
        """How much of its evidence is verified or confirmed."""
        return sum(proof.filed is not None and proof.filed.state in PROVING for proof in self.proofs)

    @property
    def is_proven(self) -> bool:
        """Whether all of its evidence is verified or confirmed."""
        return self.proven == len(self.proofs)


@dataclass(frozen=True)
class Line:
    """One line of the readable history."""

    kind: str
    label: str
    old: str
    new: str
    by: str
    at: datetime
    recorded_at: datetime
    why: str
    is_undone: bool
    is_undo: bool
    icon: str

    @property
    def is_learnt_later(self) -> bool:
        """Whether it occurred well before we recorded it."""
        return self.recorded_at - self.at > timedelta(minutes=1)


@dataclass(frozen=True)
class Story:
    """The page of one opportunity."""

    steps: Sequence[Step]
    lines: Sequence[Line]
    flags: Sequence[labels.FlagWords]

    @property
    def sheet(self) -> Sequence[tuple[labels.Words, Proof]]:
        """The fact sheet: what was filed of the six items of Qualify, budget, sponsor and verbal approval."""
        proofs = {proof.item.key: proof for step in self.steps for proof in step.proofs}
        return [(words, proofs[code]) for code, words in labels.SHEET.items() if code in proofs]

    @property
    def next(self) -> Proof | None:
        """The one thing to do next: what was sent back, else what is missing first, up to the stage it stands in."""
        asked = [proof for step in self.steps if step.state != "ahead" for proof in step.proofs]
        mend = (proof for proof in asked if proof.filed is not None and not proof.stands)
        return next(mend, next((proof for proof in asked if proof.filed is None), None))

    @property
    def waiting(self) -> Proof | None:
        """What waits longest for the manager's verdict, up to the stage it stands in."""
        asked = [proof.filed for step in self.steps if step.state != "ahead" for proof in step.proofs]
        filed = sorted((each for each in asked if each and each.state == State.FILED), key=lambda each: each.at)
        keys = {proof.item.id: proof for step in self.steps for proof in step.proofs}
        return keys.get(filed[0].item_id) if filed else None

    @property
    def now(self) -> Step:
        """The step in which it stands."""
        return next(step for step in self.steps if step.state == "now")


def story(opportunity: Opportunity, *, today: date) -> Story:
    """Return everything its page tells; six queries."""
    filed, overrides, items = filed_of(opportunity), left_of(opportunity), checklist()
    steps = []
    for row in stage_table():
        proofs = [Proof(item, filed.get(item.id or 0)) for item in items if item.stage == row.stage]
        state = "done" if row.stage < opportunity.stage else "now" if row.stage == opportunity.stage else "ahead"
        lacks = state == "done" and not all(proof.stands for proof in proofs)
        override = overrides.get(row.stage) if lacks else None
        is_overdue = override is not None and override.until < today
        steps.append(Step(row, labels.GUIDES[row.stage], proofs, state, override, is_overdue))
    return Story(
        steps=steps,
        lines=_lines(opportunity, {step.row.stage: step.row.label for step in steps}),
        flags=_flags(opportunity),
    )


def _flags(opportunity: Opportunity) -> list[labels.FlagWords]:
    """Return what it breaks, each with what clears it."""
    standing = [code for code in opportunity.flags if code in labels.FLAGS]
    buyers = DecisionRole.objects.filter(opportunity=opportunity, role=Role.EB)
    knows_buyer = Flag.NO_POWER in standing and buyers.exists()
    return [labels.flag_of(code, knows_buyer=knows_buyer) for code in standing]


def evidence_of(opportunity: Opportunity) -> list[Evidence]:
    """Return what was filed for an opportunity."""
    filed = Evidence.objects.filter(opportunity=opportunity)
    rows = filed.select_related("item", "by__user", "judged_by__user", "contact", "file")
    return list(rows.only(*_SHOWN).with_rivals())


_SHOWN = (
    *("opportunity_id", "note", "on", "amount", "has_rivals", "state", "word", "version", "at", "judged_at"),
    *("item__code", "item__label", "item__kind", "contact__name", "contact__position", "file__name"),
    *("by__user__name", "judged_by__user__name"),
)
_ICONS = {
    ChangeKind.CREATED: "plus",
    ChangeKind.AMOUNT: "coins",
    ChangeKind.RATE: "coins",
    ChangeKind.EXPECTED_CLOSE: "calendar",
    ChangeKind.STAGE: "arrow-right",
    ChangeKind.OWNER: "user-round",
    ChangeKind.CATEGORY: "tag",
    ChangeKind.WON: "trophy",
    ChangeKind.LOST: "circle-x",
    ChangeKind.ABANDONED: "circle-slash",
    ChangeKind.REOPENED: "rotate-ccw",
}


def _lines(opportunity: Opportunity, stages: dict[Stage, str]) -> list[Line]:
    changes = changes_of(opportunity, LINES)
    owners = {value for change in changes if change.kind == ChangeKind.OWNER for value in (change.old, change.new)}
    people = (
        {member.pk: member.name for member in Membership.objects.in_current_organization().filter(pk__in=owners)}
        if owners
        else {}
    )
    undone = {change.undoes_id for change in changes if change.undoes_id}
    words = {kind: str(labels.CHANGES[ChangeKind(kind)]) for kind in {change.kind for change in changes}}
    language = get_language() or "en"

    def told(change: Changed, value: Any) -> str:
        if value is None:
            return formats.NOTHING
        match change.kind:
            case ChangeKind.AMOUNT | ChangeKind.RATE:
                return formats.compact(value, language)
            case ChangeKind.EXPECTED_CLOSE:
                day = date.fromisoformat(value)
                return formats.short_date(day, change.occurred_at.date(), language, weekday=False)
            case ChangeKind.STAGE:
                return stages[Stage(value)]
            case ChangeKind.OWNER:
                return people.get(value, formats.NOTHING)
            case ChangeKind.CATEGORY:
                return str(labels.CATEGORIES[Category(value)])
            case ChangeKind.CREATED:
                return formats.compact(value["amount"], language)
        if value.get("reason"):
            words = str(labels.REASONS[Reason(value["reason"])])
            return f"{words} ({value['rival']})" if value.get("rival") else words
        return str(labels.STATUSES[Status(value["status"])])

    return [
        Line(
            kind=change.kind,
            label=words[change.kind],
            old="" if change.kind == ChangeKind.CREATED or change.kind in STATUS_KINDS else told(change, change.old),
            new=told(change, change.new) if change.kind not in {ChangeKind.WON, ChangeKind.REOPENED} else "",
            by=change.by or "",
            at=change.occurred_at,
            recorded_at=change.recorded_at,
            why=change.why,
            is_undone=change.pk in undone,
            is_undo=change.undoes_id is not None,
            icon=_ICONS[ChangeKind(change.kind)],
        )
        for change in changes
    ]


def last_change(opportunity: Opportunity) -> int:
    """Return the id of the latest row of its change log: what an undo takes back."""
    log = Change.objects.done().filter(opportunity=opportunity)
    return opportunity.last_change_id or cast("int", log.latest("id").pk)


def changed_opportunity_or_404(membership: Membership, change: int) -> Opportunity:
    """Return the opportunity that this row of the change log tells of; Http404 where it is not in sight."""
    found = Change.objects.filter(pk=change).values_list("opportunity_id", flat=True).first()
    if found is None:
        raise Http404
    return opportunity_or_404(membership, found)


# Written out, as every page of an opportunity asks it.
_ITEMS = f"""
    SELECT {columns(EvidenceItem, "i")} FROM funnel_evidenceitem i
    WHERE i.organization_id = %s ORDER BY {", ".join(f"i.{name}" for name in EvidenceItem._meta.ordering or ())}
"""  # noqa: S608  # names of our own columns


def checklist() -> list[Item]:
    """Return what the stages demand, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, [require_organization_id()])
        return demanded([taken(EvidenceItem, row)[0] for row in cursor.fetchall()])


def demanded_item(key: str) -> Item:
    """Return the evidence item with this key; Http404 where there never was one.

    :raises Refused: `item_removed`, it is no longer demanded.
    """
    rows = list(EvidenceItem.objects.all())
    if any(row.key == key and not row.is_active for row in rows):
        raise Refused("item_removed")
    return item_or_404(key)


def filed_evidence(opportunity: Opportunity, key: str) -> Evidence | None:
    """Return what was filed for an item of an opportunity."""
    return next((each for each in evidence_of(opportunity) if each.item.key == key), None)


def filed_or_404(opportunity: Opportunity, key: str) -> Evidence:
    """Return what was filed for an item of an opportunity, or Http404."""
    found = filed_evidence(opportunity, key)
    if found is None:
        raise Http404
    return found


def paper_or_404(opportunity: Opportunity, key: str) -> StoredFile:
    """Return the file that was filed for an item of an opportunity, with its content, or Http404."""
    found = filed_or_404(opportunity, key)
    return get_object_or_404(StoredFile, pk=found.file_id or 0)


def people_for(membership: Membership, opportunity: Opportunity, filed: Evidence | None) -> QuerySet[Contact]:
    """Return the people who may prove something: those of its customer whom `membership` may see, and who stands."""
    now = filed.contact_id if filed else None
    mine = Contact.objects.visible_to(membership).filter(account=opportunity.account_id)
    people = Contact.objects.filter(Q(pk__in=mine.values("pk")) | Q(pk=now))
    return cast("QuerySet[Contact]", people.order_by("name", "pk"))


def item_version(item: Item) -> int:
    """Return the version of an evidence item; that of one which nobody has edited is 1."""
    found: int | None = EvidenceItem.objects.filter(pk=item.id).values_list("version", flat=True).first()
    return found or 1


def item_or_404(key: str) -> Item:
    """Return the active evidence item with this key, or Http404."""
    item = next((item for item in checklist() if item.key == key), None)
    if item is None:
        raise Http404
    return item
