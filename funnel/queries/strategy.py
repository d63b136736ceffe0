"""The strategy sheet of one opportunity: its people and their map, rivals, gaps, criteria."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from accounts import queries as accounts_queries
from accounts.models import Account, Contact
from accounts.segments import Kind
from funnel import labels
from funnel.approvals import ApprovalKind
from funnel.commitment import Procedure
from funnel.leads import Answer, Criterion, Standing, judge
from funnel.models import (
    Approval,
    DecisionRole,
    Evidence,
    EvidenceItem,
    InformationGap,
    LeadSetting,
    Opportunity,
    Rival,
    Strategy,
)
from funnel.power_map import HEIGHT, Box, Drawn, cut, levels, narrow, wide
from funnel.queries.approvals import Request, requests
from funnel.strategy import Attitude, Influence, Ladder, Role, Verdict
from tenants.models import Membership
from tenants.permissions import Permission
from tenants.permissions import Role as MemberRole

LETTER = 7
"""So many pixels wide is a Latin letter on the map."""


@dataclass(frozen=True)
class Person:
    """Someone on the sheet, in words."""

    row: DecisionRole
    level: int
    superior: str

    @property
    def name(self) -> str:
        """Whose row it is."""
        return str(self.row.contact.name)

    @property
    def is_buyer(self) -> bool:
        """Whether they can release the budget."""
        return self.row.role == Role.EB

    @property
    def roles(self) -> list[labels.Words]:
        """What they are, the role that counts most first."""
        return [labels.ROLES[Role(role)] for role in (self.row.role, *self.row.also)]

    @property
    def role_words(self) -> str:
        """The same in one line."""
        return " / ".join(str(words) for words in self.roles)

    @property
    def attitude(self) -> labels.Words:
        """How they stand to us."""
        return labels.ATTITUDES[None if self.row.attitude is None else Attitude(self.row.attitude)]

    @property
    def mark(self) -> str:
        """The shape of their attitude."""
        return "unknown" if self.row.attitude is None else Attitude(self.row.attitude).name.lower()

    @property
    def influence(self) -> labels.Words:
        """How much their word counts."""
        return labels.INFLUENCES[Influence(self.row.influence)]

    @property
    def steps(self) -> list[bool]:
        """The same as steps, filled or not."""
        return [level <= self.row.influence for level in sorted(Influence)]


@dataclass(frozen=True)
class Placed:
    """A person in their box on the map; the texts are cut to its width."""

    person: Person
    box: Box

    @property
    def _room(self) -> int:
        return int((self.box.width - 24) / LETTER)

    @property
    def name(self) -> str:
        """As much of the name as has room beside the mark."""
        return cut(self.person.name, self._room - 2)

    @property
    def position(self) -> str:
        """As much of the position as has room."""
        return cut(self.person.row.contact.position, self._room)

    @property
    def roles(self) -> str:
        """As much of the roles as has room."""
        return cut(self.person.role_words, self._room)


@dataclass(frozen=True)
class Map:
    """The map in one of its two shapes."""

    drawn: Drawn
    placed: Sequence[Placed]
    css: str
    height: int = HEIGHT

    @property
    def width(self) -> float:
        """How wide it is shown, in rem: it grows with the letters of the page."""
        return (self.drawn.width + 4) / 16

    @property
    def tall(self) -> float:
        """How tall it is shown, in rem."""
        return (self.drawn.height + 4) / 16


@dataclass(frozen=True)
class Asked:
    """One criterion: its question and answer; `is_fact` says that the opportunity answers for itself."""

    criterion: Criterion
    words: labels.Words
    answer: Answer
    answer_words: labels.Words
    is_fact: bool


@dataclass(frozen=True)
class Sheet:
    """Everything the page of a strategy sheet tells."""

    row: Strategy
    procedure: labels.Words
    people: Sequence[Person]
    maps: Sequence[Map]
    rivals: Sequence[Rival]
    gaps: Sequence[InformationGap]
    asked: Sequence[Asked]
    standing: Standing

    @property
    def version(self) -> int:
        """The version that a form saw, 0 for a sheet that nobody wrote on yet."""
        return self.row.version if self.row.pk else 0

    @property
    def buyers(self) -> list[Person]:
        """Who can release the budget."""
        return [person for person in self.people if person.is_buyer]

    @property
    def open_gaps(self) -> int:
        """How much we do not know yet."""
        return sum(gap.closed_at is None for gap in self.gaps)

    @property
    def verdict(self) -> labels.Words:
        """What was decided, or nothing."""
        return labels.VERDICTS[Verdict(self.row.verdict)] if self.row.verdict else ""

    @property
    def rungs(self) -> list[tuple[str, labels.Words, bool]]:
        """The ladder: (code, words, whether we stand on it or above), lowest first."""
        order = list(Ladder)
        reached = order.index(Ladder(self.row.ladder)) if self.row.ladder else -1
        return [(rung, labels.LADDER[rung], place <= reached) for place, rung in enumerate(order)]

    @property
    def win_next(self) -> Person | None:
        """Whom to win next."""
        return next((person for person in self.people if person.row.pk == self.row.win_next_id), None)

    @property
    def told(self) -> list[tuple[str, labels.Words, str]]:
        """The four quarters of the SWOT: (field, heading, text)."""
        quarters: tuple[tuple[str, labels.Words], ...] = labels.SWOT
        return [(name, words, getattr(self.row, name)) for name, words in quarters]


def sheet(opportunity: Opportunity, *, today: date) -> Sheet:
    """Return the strategy sheet of an opportunity; five queries."""
    row = strategy_of(opportunity)
    people = people_on(opportunity)
    gaps = InformationGap.objects.filter(opportunity=opportunity).select_related("sought_by__user")
    asked, standing = asked_of(opportunity, row, has_buyer=any(p.is_buyer for p in people), today=today)
    return Sheet(
        row=row,
        procedure=_procedure(opportunity),
        people=people,
        maps=_maps(people),
        rivals=rivals_on(opportunity),
        gaps=sorted(gaps, key=lambda gap: (gap.closed_at is not None, gap.pk)),
        asked=asked,
        standing=standing,
    )


def _procedure(opportunity: Opportunity) -> labels.Words:
    """Return how they decide, in words; nothing where it is not known."""
    code = opportunity.buying_procedure
    return labels.PROCEDURES[Procedure(code)] if code else ""


def resources_of(opportunity: Opportunity, reader: Membership) -> list[Request]:
    """Return what was asked of whoever leads to win this opportunity, the latest first."""
    rows = Approval.objects.filter(opportunity=opportunity, kind=ApprovalKind.RESOURCE).with_words()
    return requests(rows, reader)


def strategy_of(opportunity: Opportunity) -> Strategy:
    """Return the sheet as it stands; an unsaved one of version 0 where nobody wrote on it yet."""
    rows = Strategy.objects.filter(opportunity=opportunity).select_related("verdict_by__user", "updated_by__user")
    found: Strategy | None = rows.first()
    return found or Strategy(opportunity=opportunity, version=0)


def people_on(opportunity: Opportunity) -> list[Person]:
    """Return the people on the sheet, each below whom they report to."""
    rows = {row.pk: row for row in DecisionRole.objects.filter(opportunity=opportunity).select_related("contact")}
    names = {pk: row.contact.name for pk, row in rows.items()}
    order = levels({pk: row.reports_to_id for pk, row in rows.items()})
    return [Person(rows[pk], level, names.get(rows[pk].reports_to_id, "")) for pk, level in order]


def _maps(people: Sequence[Person]) -> list[Map]:
    by_id = {person.row.pk: person for person in people}
    lines = {person.row.pk: person.row.reports_to_id for person in people}
    return [
        Map(drawn, [Placed(by_id[box.person], box) for box in drawn.boxes], css)
        for css, drawn in (("only-wide", wide(lines)), ("only-narrow", narrow(lines)))
    ]


def asked_of(opportunity: Opportunity, row: Strategy, *, has_buyer: bool, today: date) -> tuple[list[Asked], Standing]:
    """Return the organization's criteria with their answers, and what they say; one query."""
    criteria = LeadSetting.current().criteria
    found = row.weighed(opportunity, criteria, has_buyer=has_buyer, today=today)
    by_hand = {Criterion.NEED, Criterion.COMPETE}
    asked = [
        Asked(
            each,
            labels.CRITERIA[each],
            answer,
            labels.ANSWERS[answer],
            each not in by_hand and answer != Answer.UNKNOWN,
        )
        for each, answer in found.items()
    ]
    return asked, judge(found, criteria.musts).standing


# What dialogs ask -----------------------------------------------------------------------------------


def role_or_404(opportunity: Opportunity, pk: int) -> DecisionRole:
    """Return a person on this sheet, or Http404."""
    rows = DecisionRole.objects.select_related("contact", "updated_by__user")
    found: DecisionRole = get_object_or_404(rows, opportunity=opportunity, pk=pk)
    return found


def rivals_on(opportunity: Opportunity) -> list[Rival]:
    """Return who stands on the sheet of an opportunity."""
    return list(Rival.objects.on(opportunity))


@dataclass(frozen=True)
class Shaken:
    """What becomes of evidence that says who competes, once a rival comes or goes."""

    items: Sequence[EvidenceItem]
    is_withdrawn: bool = False  # the one who goes is the last of them


def shaken(opportunity: Opportunity, rival: Rival | None = None) -> Shaken:
    """Return what becomes of the evidence where a new rival comes, or this one goes."""
    filed = Evidence.objects.filter(opportunity=opportunity, has_rivals__isnull=False).select_related("item")
    items = [evidence.item for evidence in filed]
    others = Rival.objects.on(opportunity)
    return Shaken(items, rival is not None and bool(items) and not others.exclude(pk=rival.pk).exists())


def rival_or_404(opportunity: Opportunity, pk: int) -> Rival:
    """Return a rival on this sheet, or Http404."""
    found: Rival = get_object_or_404(Rival.objects.on(opportunity), pk=pk)
    return found


def gap_or_404(opportunity: Opportunity, pk: int) -> InformationGap:
    """Return a gap on this sheet, or Http404."""
    found: InformationGap = get_object_or_404(InformationGap, opportunity=opportunity, pk=pk)
    return found


def gap_in_sight(membership: Membership, pk: int) -> InformationGap:
    """Return a gap of an opportunity that `membership` may see, with account and owner; or Http404."""
    rows = InformationGap.objects.visible_to(membership)
    found: InformationGap = get_object_or_404(
        rows.select_related("opportunity__account", "opportunity__owner__user"), pk=pk
    )
    return found


def not_on_sheet(membership: Membership, opportunity: Opportunity) -> QuerySet[Contact]:
    """Return the people at the customer who do not stand on the sheet, as far as `membership` may see them."""
    there = DecisionRole.objects.filter(opportunity=opportunity).values("contact_id")
    people = Contact.objects.visible_to(membership).filter(account=opportunity.account_id)
    rest: QuerySet[Contact] = people.exclude(pk__in=there)
    return rest


def may_add_contact(membership: Membership, opportunity: Opportunity) -> bool:
    """Return whether `membership` may put a new person into the customer's archive."""
    return membership.can(Permission.ACCOUNT_EDIT) and accounts_queries.may_see(membership, opportunity.account)


def superiors_for(opportunity: Opportunity, role: DecisionRole | None) -> list[tuple[int, str]]:
    """Return whom a person on the sheet may report to: everyone on it who does not stand below them."""
    people = people_on(opportunity)
    below: set[int] = {role.pk} if role else set()
    for person in people:  # superiors come first
        if person.row.reports_to_id in below:
            below.add(person.row.pk)
    return [(person.row.pk, person.name) for person in people if person.row.pk not in below]


def competitors_for(membership: Membership, *, first: Opportunity | None = None) -> QuerySet[Account]:
    """Return the companies kept as competitors: known to everyone who sells, a partner knows their own alone.

    :param first: the rivals on the sheet of this opportunity come first.
    """
    rows: QuerySet[Account] = Account.objects.filter(kind=Kind.COMPETITOR)
    if membership.role == MemberRole.PARTNER:
        own = accounts_queries.visible(membership).values("pk")
        met = Rival.objects.filter(opportunity__in=Opportunity.objects.visible_to(membership)).values("competitor_id")
        lost = Opportunity.objects.visible_to(membership).filter(lost_to__isnull=False).values("lost_to_id")
        rows = rows.filter(Q(pk__in=own) | Q(pk__in=met) | Q(pk__in=lost))
    if first is None:
        return rows.order_by("name_key", "pk")
    stands = Rival.objects.filter(opportunity=first, competitor=OuterRef("pk"))
    return rows.order_by(Exists(stands).desc(), "name_key", "pk")


# The summary on the opportunity's page ----------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What the page of the opportunity says of its sheet."""

    row: Strategy
    procedure: labels.Words
    buyers: Sequence[Person]
    people: int
    rivals: Sequence[str]
    open_gaps: int

    @property
    def verdict(self) -> labels.Words:
        """What was decided, or nothing."""
        return labels.VERDICTS[Verdict(self.row.verdict)] if self.row.verdict else ""

    @property
    def ladder(self) -> labels.Words:
        """Our rung on the ladder, or nothing."""
        return labels.LADDER[Ladder(self.row.ladder)] if self.row.ladder else ""


def summary(opportunity: Opportunity) -> Summary:
    """Return a summary of the sheet; four queries."""
    people = people_on(opportunity)
    rivals = Rival.objects.filter(opportunity=opportunity).values_list("competitor__name", flat=True)
    gaps: Mapping[str, Any] = InformationGap.objects.filter(opportunity=opportunity, closed_at=None).aggregate(
        n=Count("pk")
    )
    return Summary(
        strategy_of(opportunity),
        _procedure(opportunity),
        [p for p in people if p.is_buyer],
        len(people),
        list(rivals),
        gaps["n"],
    )
