"""What pages and other apps ask about leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import Count, F, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts import queries as accounts_queries
from accounts.queries import Found
from funnel import labels
from funnel.lead_filters import ALL, LeadFilters
from funnel.leads import (
    Answer,
    Criterion,
    DropReason,
    EventKind,
    LeadStatus,
    Source,
    Standing,
    Step,
    Verdict,
    answers,
    judge,
    lacking,
)
from funnel.models import Lead, LeadAnswer, LeadEvent, LeadQuerySet, LeadSetting
from funnel.queries.opportunities import owners_in_sight, visible
from tenants.labels import field_words, in_a_row, worded
from tenants.models import Membership, Organization, Team

EVENTS = 100


def visible_leads(membership: Membership) -> LeadQuerySet:
    """Return the leads `membership` may see."""
    return cast("LeadQuerySet", Lead.objects.visible_to(membership))


def sees_lead(membership: Membership, pk: int) -> bool:
    """Return whether `membership` may see a lead."""
    return visible_leads(membership).filter(pk=pk).exists()


def lead_or_404(membership: Membership, pk: int) -> Lead:
    """Return a lead with what its page shows first; Http404 for one that `membership` may not see."""
    rows = visible_leads(membership).select_related(
        "owner__user", "updated_by__user", "account", "contact", "opportunity", "merged_into", "web_form"
    )
    found: Lead = get_object_or_404(rows, pk=pk)
    return found


def setting() -> LeadSetting:
    """Return what this organization asks of a lead."""
    return LeadSetting.current()


def lead_owners(membership: Membership, now: int = 0) -> QuerySet[Membership]:
    """Return to whom `membership` may give a lead, and the member with id `now`, who has it."""
    people = Membership.objects.in_current_organization()
    both = people.filter(Q(pk__in=owners_in_sight(membership).values("pk")) | Q(pk=now))
    return cast("QuerySet[Membership]", both.order_by("user__name", "pk"))


# The list -----------------------------------------------------------------------------------------

_ORDERS: Mapping[str, Any] = {
    "company": F("company_key"),
    "step": F("step"),
    "source": F("source"),
    "owner": F("owner__user__name"),
    "next": F("next_step_on"),
    "created": F("created_at"),
    "closed": F("closed_at"),
}


def narrowed_leads(membership: Membership, filters: LeadFilters, *, today: date) -> LeadQuerySet:
    """Return what `membership` may see and the filters leave, whatever the step."""
    rows = visible_leads(membership)
    if filters.status != ALL:
        rows = rows.filter(status=filters.status)
    exact = {"owner_id": filters.owner, "source": filters.source, "reason": filters.reason}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if filters.next == "overdue":
        rows = rows.filter(next_step_on__lt=today)
    elif filters.next == "none":
        rows = rows.filter(next_step_on=None)
    if filters.team:
        path = Team.objects.filter(pk=filters.team).values_list("path", flat=True).first()
        people = Membership.objects.in_current_organization().filter(team__path__startswith=path or "none")
        rows = rows.filter(owner_id__in=people.values("pk"))
    key = names.key(filters.q) if filters.q else ""
    return rows.matching(key) if key else rows


@dataclass(frozen=True)
class StepCount:
    """How many leads stand in a step."""

    step: Step
    label: labels.Words
    count: int


def step_counts(rows: LeadQuerySet) -> list[StepCount]:
    """Return how many of these stand in each step; one query."""
    counts = dict(rows.order_by().values_list("step").annotate(n=Count("pk")))
    return [StepCount(step, labels.LEAD_STEPS[step], counts.get(step, 0)) for step in Step]


def leads_in_order(rows: LeadQuerySet, filters: LeadFilters) -> LeadQuerySet:
    """Return the rows of the step asked for with what a line shows, sorted; what is unknown comes last."""
    rows = rows.filter(step=filters.step) if filters.step else rows
    closed = filters.status in {LeadStatus.CONVERTED, LeadStatus.DROPPED, LeadStatus.MERGED}
    sort = filters.sort or ("-closed" if closed else "next")
    key = _ORDERS[sort.removeprefix("-")]
    by = key.desc(nulls_last=True) if sort.startswith("-") else key.asc(nulls_last=True)
    return rows.select_related("owner__user").order_by(by, "-created_at", "pk")


# One lead -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One criterion on the page of a lead; `is_fact` says that a budget or a day answers for itself."""

    criterion: Criterion
    words: labels.Words
    answer: Answer
    answer_words: labels.Words
    note: str
    by: Membership | None
    at: datetime | None
    is_fact: bool


@dataclass(frozen=True)
class StepShown:
    """A step on the path of a lead; `lacks` names what it asks and nobody answered."""

    step: Step
    label: labels.Words
    guide: labels.StepGuide
    lacks: Sequence[labels.Words]
    state: str  # done, now or ahead


@dataclass(frozen=True)
class LeadPage:
    """Everything that the page of a lead tells."""

    steps: Sequence[StepShown]
    asked: Sequence[Asked]
    verdict: Verdict
    events: Sequence["EventLine"]
    sees_account: bool
    sees_opportunity: bool

    @property
    def now(self) -> StepShown:
        """The step in which it stands."""
        return next(step for step in self.steps if step.state == "now")

    @property
    def standing(self) -> labels.Words:
        """What the criteria make of it, in words."""
        return labels.STANDINGS[self.verdict.standing]


def lead_page(membership: Membership, lead: Lead, *, today: date) -> LeadPage:
    """Return what the page of a lead tells."""
    criteria = setting().criteria
    rows = {Criterion(row.criterion): row for row in LeadAnswer.objects.filter(lead=lead).select_related("by__user")}
    given = {criterion: Answer(row.answer) for criterion, row in rows.items()}
    facts = lead.facts(given)
    found = answers(facts, criteria, today)
    steps = [
        StepShown(
            step,
            labels.LEAD_STEPS[step],
            labels.STEP_GUIDES[step],
            [labels.ASKED[ask] for ask in lacking(step, facts, found)],
            "done" if step < lead.step else "now" if step == lead.step else "ahead",
        )
        for step in Step
    ]
    facts_known = {Criterion.BUDGET: lead.budget is not None, Criterion.TIMING: lead.buys_on is not None}
    asked = [
        Asked(
            criterion,
            labels.CRITERIA[criterion],
            found[criterion],
            labels.ANSWERS[found[criterion]],
            rows[criterion].note if criterion in rows else "",
            rows[criterion].by if criterion in rows else None,
            rows[criterion].at if criterion in rows else None,
            facts_known.get(criterion, False),
        )
        for criterion in Criterion
    ]
    return LeadPage(
        steps=steps,
        asked=asked,
        verdict=judge(found, criteria.musts),
        events=_story(lead),
        sees_account=accounts_queries.may_see(membership, lead.account),
        sees_opportunity=visible(membership).filter(pk=lead.opportunity_id or 0).exists(),
    )


@dataclass(frozen=True)
class EventLine:
    """One line of the readable history of a lead."""

    label: labels.Words
    detail: str
    icon: str
    text: str
    by: Membership | None
    at: datetime


_EVENT_ICONS = {
    EventKind.CREATED: "plus",
    EventKind.CHANGED: "pencil",
    EventKind.MOVED: "arrow-right",
    EventKind.ANSWERED: "circle-question-mark",
    EventKind.NOTED: "message-square",
    EventKind.ENQUIRED: "globe",
    EventKind.HANDED: "arrow-right-left",
    EventKind.DROPPED: "circle-slash",
    EventKind.RESUMED: "rotate-ccw",
    EventKind.MERGED: "merge",
    EventKind.TOOK_IN: "merge",
    EventKind.CONVERTED: "target",
}


def _story(lead: Lead) -> list[EventLine]:
    """Return the history of a lead in words, newest first."""
    rows = LeadEvent.objects.filter(lead=lead).select_related("by__user")[:EVENTS]
    return [
        EventLine(
            labels.EVENTS[EventKind(row.kind)],
            _detail(EventKind(row.kind), row.data),
            _EVENT_ICONS[EventKind(row.kind)],
            row.text,
            row.by,
            row.at,
        )
        for row in rows
    ]


def _detail(kind: EventKind, data: Mapping[str, Any]) -> str:
    """Return what an event says besides its kind, in words."""
    match kind:
        case EventKind.MOVED:
            return " → ".join(str(labels.LEAD_STEPS[Step(step)]) for step in data["step"])
        case EventKind.DROPPED:
            return str(labels.DROP_REASONS[DropReason(data["reason"])])
        case EventKind.HANDED:
            return " → ".join(data["names"])
        case EventKind.CHANGED:
            return in_a_row(map(field_words, data["changes"]))
        case EventKind.ANSWERED:
            asked = in_a_row(labels.ASKED[criterion] for criterion in data["answers"])
            return worded(asked, labels.STANDINGS[Standing(data["standing"])])
        case EventKind.NOTED:
            return str(data["next_step"])
        case EventKind.ENQUIRED:
            return str(data["form"])
        case EventKind.MERGED | EventKind.TOOK_IN:
            return str(data["name"])
        case EventKind.CREATED:
            return str(labels.SOURCES[Source(data["source"])])
        case _:
            return ""


def answer_notes(lead: Lead) -> dict[Criterion, tuple[Answer, str]]:
    """Return what was answered, with the notes."""
    rows = LeadAnswer.objects.filter(lead=lead)
    return {Criterion(row.criterion): (Answer(row.answer), row.note) for row in rows}


# Panels and figures -------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeadsToday:
    """The leads that wait for me: new ones, and those whose next step is due; what the team dropped lately."""

    fresh: Sequence[Lead]
    due: Sequence[Lead]
    dropped: Sequence[Lead]

    def __bool__(self) -> bool:
        return bool(self.fresh or self.due or self.dropped)


def leads_today(membership: Membership, *, now: datetime, today: date) -> LeadsToday:
    """Return what a start page shows of leads; `dropped` only to those who see more than their own."""
    mine = Lead.objects.open().filter(owner=membership).select_related("owner__user")
    fresh = mine.filter(updated_by=None, last_contact_at=None, source=Source.WEB_FORM).order_by("-created_at")[:6]
    due = mine.filter(next_step_on__lte=today).order_by("next_step_on", "pk")[:6]
    dropped: list[Lead] = []
    if membership.visible_owner_ids is None or len(membership.visible_owner_ids) > 1:
        team = visible_leads(membership).filter(status=LeadStatus.DROPPED, closed_at__gt=now - timedelta(days=14))
        dropped = list(team.exclude(owner=membership).select_related("owner__user").order_by("-closed_at")[:6])
    return LeadsToday(list(fresh), list(due), dropped)


@dataclass(frozen=True)
class LeadFigures:
    """One of the five numbers: leads open now, and what came and went in a span."""

    open: int
    new: int
    converted: int
    dropped: int


def lead_figures(owners: Collection[int] | None, *, first: date, last: date, organization: Organization) -> LeadFigures:
    """Count leads of these owners (membership ids; None: all), in the organization's days from `first` to `last`."""
    zone = organization.zone
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    after = last + timedelta(days=1)
    span = (start, datetime(after.year, after.month, after.day, tzinfo=zone))
    rows = Lead.objects.exclude(status=LeadStatus.MERGED)
    if owners is not None:
        rows = rows.filter(owner_id__in=list(owners))
    closed = Q(closed_at__gte=span[0], closed_at__lt=span[1])
    found = rows.aggregate(
        open=Count("pk", filter=Q(status=LeadStatus.OPEN)),
        new=Count("pk", filter=Q(created_at__gte=span[0], created_at__lt=span[1])),
        converted=Count("pk", filter=Q(status=LeadStatus.CONVERTED) & closed),
        dropped=Count("pk", filter=Q(status=LeadStatus.DROPPED) & closed),
    )
    return LeadFigures(**found)


def lead_of(membership: Membership, opportunity: int) -> Lead | None:
    """Return the lead that became this opportunity, if `membership` may see it."""
    return visible_leads(membership).filter(opportunity_id=opportunity).first()


# The search ---------------------------------------------------------------------------------------


def _find(membership: Membership, ids: Any, limit: int) -> list[Found]:
    rows = visible_leads(membership).filter(pk__in=ids).order_by("status", "-updated_at")[:limit]
    return [
        Found(
            row.pk,
            row.company,
            "funnel:lead",
            row.person if row.person != row.company else "",
            str(
                labels.LEAD_STEPS[Step(row.step)]
                if row.status == LeadStatus.OPEN
                else labels.LEAD_STATUSES[LeadStatus(row.status)]
            ),
        )
        for row in rows
    ]


accounts_queries.register_search("lead", _("Leads"), "user-plus", _find)
