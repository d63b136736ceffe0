"""The meeting of a pipeline review as one screen shows it."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import BigIntegerField, Count, F, Max, Q, Sum

from coaching.models import Review, ReviewEntry, ReviewPerson
from forecasting import health
from forecasting.labels import flag_text
from forecasting.models import closed_in, due_in
from forecasting.periods import Kind, Period, midnight, period_of
from forecasting.queries import facts_of, targets_of
from forecasting.weighting import Numbers, target_of
from funnel.flags import Flag
from funnel.models import Opportunity, StageSetting, proven_amount, weighted_amount
from funnel.stages import Health, StageRow, Status
from tenants.models import Membership, Organization

ROWS = 36
"""How many opportunities of a person stand on one page; the figures count all."""

MINUTES_EACH = 10
EVERY = Q()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quarter(organization: Organization, today: date) -> Period:
    """Return the fiscal quarter in which a day lies."""
    return period_of(Kind.QUARTER, today, organization.fiscal_year_start)


@dataclass(frozen=True)
class Seat:
    """A person of the roster: figures of the quarter, and how far the walk is."""

    row: ReviewPerson
    numbers: Numbers
    open_count: int = 0
    open_total: int = 0
    flagged: int = 0
    decided: int = 0

    @property
    def person(self) -> Membership:
        """Who it is."""
        who: Membership = self.row.person
        return who

    @property
    def is_done(self) -> bool:
        """Whether the walk is over."""
        return self.row.done_at is not None

    def spent(self, now: datetime) -> int:
        """Return the seconds spent on this person so far."""
        if self.row.begun_at is None:
            return 0
        return max(0, int(((self.row.done_at or now) - self.row.begun_at).total_seconds()))


@dataclass(frozen=True)
class Reason:
    """Why an opportunity is flagged: a sentence, and whether it is grave."""

    text: str
    is_grave: bool


@dataclass(frozen=True)
class Deal:
    """An opportunity in the meeting: why it is flagged, what was decided last time, what was decided now.

    `silent` are the days since the customer was met; `is_late` says that they are too many.
    """

    opportunity: Opportunity
    stage: StageRow
    silent: int
    is_late: bool
    reasons: Sequence[Reason] = ()
    entry: ReviewEntry | None = None
    last: ReviewEntry | None = None

    @property
    def next_step(self) -> tuple[str, date | None]:
        """What comes next, and when: what was agreed on here while it is open, else the earliest that is planned."""
        agreed = self.entry.next_action if self.entry else None
        if agreed and agreed.done_at is None and agreed.dropped_at is None:
            return agreed.text, agreed.due_on
        return self.opportunity.next_step, self.opportunity.next_step_on


@dataclass(frozen=True)
class Pulse:
    """How far a meeting is: `tag` changes whenever anything does; `since` is the last decision, in microseconds."""

    tag: str
    since: int
    current: int | None


@dataclass(frozen=True)
class Meeting:
    """A review as one screen shows it."""

    review: Review
    period: Period
    seats: list[Seat]
    seat: Seat | None
    deals: list[Deal]
    pulse: Pulse
    page: int = 1
    has_more: bool = False

    def decided_after(self, since: int, *, but: Membership | None = None) -> list[Deal]:
        """Return the opportunities decided after `since` (microseconds), unless by `but`."""
        return [
            deal
            for deal in self.deals
            if deal.entry is not None and _micros(deal.entry.at) > since and (but is None or deal.entry.by_id != but.pk)
        ]

    @property
    def following(self) -> Seat | None:
        """Who comes next: the first one not done after this one, else the first not done at all."""
        if self.seat is None:
            return None
        at = self.seats.index(self.seat)
        waiting = [seat for seat in self.seats[at + 1 :] + self.seats[:at] if not seat.is_done]
        return waiting[0] if waiting else None

    @property
    def numbers(self) -> Numbers:
        """The figures of all."""
        return sum((seat.numbers for seat in self.seats), Numbers())

    @property
    def done(self) -> int:
        """How many people are done."""
        return sum(seat.is_done for seat in self.seats)

    @property
    def log(self) -> list[Deal]:
        """What was decided about this person's opportunities, the latest first."""
        decided = [(deal.entry.at, deal) for deal in self.deals if deal.entry is not None]
        return [deal for _at, deal in sorted(decided, key=lambda pair: pair[0], reverse=True)]

    @property
    def active(self) -> Deal | None:
        """Where to begin: the first opportunity without a decision, else the first."""
        waiting = [deal for deal in self.deals if deal.entry is None]
        return next(iter(waiting or self.deals), None)


def meeting(
    review: Review,
    member: Membership,
    *,
    today: date,
    person: int | None = None,
    page: int | None = None,
    among: Q = EVERY,
) -> Meeting:
    """Return the meeting with one person's opportunities: the one asked for, else whoever is being walked through.

    :param page: which part of many opportunities, from 1.
    :param among: what the opportunities shown must satisfy; the numbers stay those of all.
    """
    page = min(max(page or 1, 1), 100)
    period = quarter(member.organization, today)
    table = StageSetting.table()
    rows = list(ReviewPerson.objects.filter(review=review).select_related("person__user", "person__team"))
    entries = list(ReviewEntry.objects.filter(review=review).select_related("next_action"))
    seats = _seats(rows, entries, table, period, member.organization)
    seat = _shown(seats, person)
    mine = {entry.opportunity_id: entry for entry in entries if seat and entry.person_id == seat.person.pk}
    deals = _deals(review, seat.person, mine, table, member.organization, today, among=among, page=page) if seat else []
    at = max((entry.at for entry in entries), default=None)
    versions = sum(entry.version for entry in entries) or None
    people = [(row.person_id, row.begun_at, row.done_at) for row in rows]
    beat = _pulse(review, at, versions, people, seat.person.pk if seat else None)
    return Meeting(review, period, seats, seat, deals[:ROWS], beat, page, len(deals) > ROWS)


def _seats(
    rows: Sequence[ReviewPerson],
    entries: Sequence[ReviewEntry],
    table: Sequence[StageRow],
    period: Period,
    organization: Organization,
) -> list[Seat]:
    """Return the roster, with the numbers of the forecast, by two queries."""
    ids = frozenset(row.person_id for row in rows)
    due, won = due_in(period), closed_in(period, organization.zone) & Q(status=Status.WON)
    is_open = Q(status=Status.OPEN)
    grouped = Opportunity.objects.filter(is_open | won, owner_id__in=ids).order_by().values("owner_id")
    percents = {row.stage: row.percent for row in table}
    figures = {
        row["owner_id"]: row
        for row in grouped.annotate(
            won=_total(won),
            weighted=Sum(weighted_amount(percents), filter=due, default=0, output_field=BigIntegerField()),
            proven=Sum(proven_amount(percents), filter=due, default=0, output_field=BigIntegerField()),
            due=_total(due),
            total=_total(is_open),
            count=Count("pk", filter=is_open),
            flagged=Count("pk", filter=is_open & ~Q(health=Health.OK)),
        )
    }
    targets = targets_of(ids, period)
    decided = Counter(entry.person_id for entry in entries)
    return [
        _seat(row, figures.get(row.person_id, {}), target_of(targets, row.person_id, period), decided[row.person_id])
        for row in rows
    ]


def _total(condition: Q) -> Sum:
    return Sum("amount", filter=condition, default=0, output_field=BigIntegerField())


def _seat(row: ReviewPerson, figures: Mapping[str, int], target: int | None, decided: int) -> Seat:
    return Seat(
        row,
        Numbers(
            won=figures.get("won", 0),
            weighted=figures.get("weighted", 0),
            proven=figures.get("proven", 0),
            open_total=figures.get("due", 0),
            target=target,
        ),
        open_count=figures.get("count", 0),
        open_total=figures.get("total", 0),
        flagged=figures.get("flagged", 0),
        decided=decided,
    )


def _shown(seats: Sequence[Seat], person: int | None) -> Seat | None:
    """Return the seat asked for, else whoever is being walked through, else the first not done, else the first."""
    for seat in seats:
        if seat.person.pk == person:
            return seat
    begun = [(seat.row.begun_at, nth) for nth, seat in enumerate(seats) if seat.row.begun_at and not seat.is_done]
    if begun:
        return seats[max(begun)[1]]
    waiting = [seat for seat in seats if not seat.is_done]
    return next(iter(waiting or seats), None)


def _deals(
    review: Review,
    person: Membership,
    entries: Mapping[int, ReviewEntry],
    table: Sequence[StageRow],
    organization: Organization,
    today: date,
    *,
    only: Collection[int] | None = None,
    among: Q = EVERY,
    page: int = 1,
) -> list[Deal]:
    """Return a page of a person's opportunities, and the first of the next one: the nearest to the signature first.

    Those are the open ones, and those decided here.
    """
    rows = Opportunity.objects.filter(owner=person).filter(Q(status=Status.OPEN) | Q(pk__in=entries)).filter(among)
    if only is not None:
        rows = rows.filter(pk__in=only)
    rows = rows.select_related("account").order_by("-stage", F("amount").desc(nulls_last=True), "id")
    opportunities = list(rows[ROWS * (page - 1) : ROWS * page + 1])
    last = _last_decisions(review, opportunities)
    facts = facts_of([each.pk for each in opportunities], at=midnight(today, organization.zone))
    return [
        _deal(
            opportunity,
            table,
            entries.get(opportunity.pk),
            last.get(opportunity.pk),
            facts.get(opportunity.pk),
            organization,
            today,
        )
        for opportunity in opportunities
    ]


def _last_decisions(review: Review, opportunities: Sequence[Opportunity]) -> dict[int, ReviewEntry]:
    """Return the latest decision of an earlier review about each opportunity, with what became of its action."""
    earlier = ReviewEntry.objects.filter(opportunity__in=opportunities, at__lt=review.started_at).exclude(review=review)
    rows = earlier.select_related("next_action").order_by("opportunity_id", "-at").distinct("opportunity_id")
    return {entry.opportunity_id: entry for entry in rows}


def _deal(
    opportunity: Opportunity,
    table: Sequence[StageRow],
    entry: ReviewEntry | None,
    last: ReviewEntry | None,
    facts: health.Facts | None,
    organization: Organization,
    today: date,
) -> Deal:
    grave = {Flag.OVERDUE, Flag.ZOMBIE, Flag.SILENT, Flag.NO_NEXT_STEP}
    flags = opportunity.flags if facts else []
    met_at = opportunity.last_contact_at or opportunity.opened_at
    return Deal(
        opportunity,
        table[opportunity.stage - 1],
        (today - met_at.astimezone(organization.zone).date()).days,
        Flag.SILENT in flags,
        [Reason(flag_text(code, facts, today), code in grave) for code in flags if facts],
        entry,
        last,
    )


def deal(review: Review, opportunity: Opportunity, member: Membership, *, today: date) -> Deal:
    """Return one opportunity as the meeting shows it."""
    entries = ReviewEntry.objects.filter(review=review, opportunity=opportunity).select_related("next_action")
    found = {entry.opportunity_id: entry for entry in entries}
    table = StageSetting.table()
    (only,) = _deals(review, opportunity.owner, found, table, member.organization, today, only=[opportunity.pk])
    return only


def pulse(review: Review, person: int | None) -> Pulse:
    """Return how far a meeting is, by two queries."""
    entries = ReviewEntry.objects.filter(review=review).aggregate(at=Max("at"), versions=Sum("version"))
    people = list(
        ReviewPerson.objects.filter(review=review).order_by("pk").values_list("person_id", "begun_at", "done_at")
    )
    return _pulse(review, entries["at"], entries["versions"], people, person)


def _pulse(
    review: Review,
    at: datetime | None,
    versions: int | None,
    people: Sequence[tuple[int, datetime | None, datetime | None]],
    person: int | None,
) -> Pulse:
    begun = [(begun, who) for who, begun, done in people if begun and not done]
    facts = (review.pk, review.ended_at, at, versions, people, person)
    tag = hashlib.sha256(repr(facts).encode()).hexdigest()[:20]
    return Pulse(tag, _micros(at), max(begun)[1] if begun else None)


def _micros(at: datetime | None) -> int:
    return (at - EPOCH) // timedelta(microseconds=1) if at else 0
