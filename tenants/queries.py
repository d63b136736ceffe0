"""Questions about an organization: its people, its tree, its days, its rates, its audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property

from tenants.calendar import WorkCalendar, weekdays
from tenants.currencies import convert
from tenants.errors import Refused
from tenants.invitations import digest
from tenants.models import AuditEvent, ExchangeRate, Holiday, Invitation, Membership, Organization, Team, User

AUDIT_ROWS = 50
PAGE = 50


# Lists --------------------------------------------------------------------------------------------


class CountedPaginator(Paginator):  # type: ignore[type-arg]  # generic only in its stubs
    """Pages of rows that have been counted already."""

    def __init__(self, rows: Any, count: int) -> None:
        """Take the rows and how many there are."""
        super().__init__(rows, PAGE)
        self._counted = count

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return self._counted


# People and teams ---------------------------------------------------------------------------------


def people(text: str = "", *, role: str = "", inactive: bool = False) -> QuerySet[Membership]:
    """Return the members of the current organization by name; those who are out only when asked for."""
    found = Membership.objects.in_current_organization().select_related("team")
    found = found.filter(is_active=not inactive)
    if role:
        found = found.filter(is_admin=True) if role == "admin" else found.filter(role=role)
    for word in text.split():
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return cast("QuerySet[Membership]", found.order_by("user__name", "pk"))


def person_or_404(pk: int) -> Membership:
    """Return a member of the current organization, active or not."""
    found = Membership.objects.in_current_organization().select_related("team", "organization")
    return get_object_or_404(found, pk=pk)


def teams() -> QuerySet[Team]:
    """Return the tree from the roots down, each team after its parent, with `people` of its own counted."""
    counted = Team.objects.annotate(people=Count("members", filter=Q(members__is_active=True)))
    return cast("QuerySet[Team]", counted.order_by("path"))


@dataclass(frozen=True)
class TeamRow:
    """One line of the tree: the team, its people, those of the whole subtree, and who leads it."""

    team: Team
    people: int
    below: int
    leads: Sequence[Membership]

    @property
    def indent(self) -> int:
        """How far the line is set in, in pixels; very deep trees stop moving to the right."""
        return 18 * min(self.team.depth, 6)


def team_tree() -> list[TeamRow]:
    """Return the tree in reading order: below its parent, and by name among its siblings."""
    found = list(teams())
    names = {team.pk: team.name for team in found}
    found.sort(key=lambda team: [names.get(int(pk), "") for pk in team.path.split("/")[:-1]])
    leads: dict[int, list[Membership]] = {}
    for member in Membership.objects.in_current_organization().active().filter(role="manager", team__isnull=False):
        leads.setdefault(member.team_id or 0, []).append(member)
    own = {team.path: cast("Any", team).people for team in found}
    return [
        TeamRow(
            team=team,
            people=own[team.path],
            below=sum(count for path, count in own.items() if path.startswith(team.path)),
            leads=leads.get(team.pk, ()),
        )
        for team in found
    ]


def team_or_404(pk: int) -> Team:
    """Return a team of the current organization."""
    return get_object_or_404(Team.objects.select_related("parent", "organization"), pk=pk)


def members_of(team: Team) -> QuerySet[Membership]:
    """Return the active people who sit in this team itself."""
    found = Membership.objects.in_current_organization().active().filter(team=team)
    return cast("QuerySet[Membership]", found.order_by("user__name"))


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the organizations in which a person is active."""
    found = Membership.objects.active().filter(user=user).select_related("organization")
    return cast("QuerySet[Membership]", found.order_by("organization__name", "pk"))


def admins() -> QuerySet[Membership]:
    """Return the active admins of the current organization."""
    found = Membership.objects.in_current_organization().active().filter(is_admin=True)
    return cast("QuerySet[Membership]", found.order_by("user__name"))


# Invitations --------------------------------------------------------------------------------------


def open_invitations() -> QuerySet[Invitation]:
    """Return what was neither taken nor withdrawn, expired ones too; the newest first."""
    found = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return cast("QuerySet[Invitation]", found.select_related("team", "invited_by__user"))


def invitation_or_404(pk: int) -> Invitation:
    """Return an invitation of the current organization."""
    return get_object_or_404(Invitation.objects.select_related("organization", "team"), pk=pk)


def organization_or_404(slug: str) -> Organization:
    """Return the organization called `slug`, for a link that was sent by mail."""
    return get_object_or_404(Organization, slug=slug)


def invitation_with(token: str) -> Invitation | None:
    """Return the invitation of the current organization whose link holds this token."""
    found = Invitation.objects.filter(token_hash=digest(token))
    return cast("Invitation | None", found.select_related("organization", "team", "invited_by__user").first())


def has_account(email: str) -> bool:
    """Return whether somebody signs in with this address."""
    return User.objects.filter(email__iexact=email).exists()


# Days and rates -----------------------------------------------------------------------------------


def holidays_of(year: int) -> QuerySet[Holiday]:
    """Return the entries of the calendar of one year."""
    return cast("QuerySet[Holiday]", Holiday.objects.filter(on__year=year))


def holiday_or_404(pk: int) -> Holiday:
    """Return an entry of the calendar of the current organization."""
    return get_object_or_404(Holiday, pk=pk)


def calendar_of(organization: Organization) -> WorkCalendar:
    """Return the working days of the current organization."""
    entries = list(Holiday.objects.values_list("on", "is_working"))
    return WorkCalendar(
        weekdays=weekdays(organization.working_days),
        off=frozenset(day for day, is_working in entries if not is_working),
        made_up=frozenset(day for day, is_working in entries if is_working),
    )


def rates() -> list[tuple[str, list[ExchangeRate]]]:
    """Return the dated rates by currency, the newest first."""
    grouped: dict[str, list[ExchangeRate]] = {}
    for rate in ExchangeRate.objects.order_by("currency", "-on"):
        grouped.setdefault(rate.currency, []).append(rate)
    return list(grouped.items())


def rate_or_404(pk: int) -> ExchangeRate:
    """Return a dated rate of the current organization."""
    return get_object_or_404(ExchangeRate, pk=pk)


def rate_on(currency: str, on: date) -> Decimal:
    """Return what one unit of `currency` is worth in the reporting currency on that day.

    :raises Refused: rate_missing; no rate stands from that day or earlier.
    """
    rate: Decimal | None = (
        ExchangeRate.objects.filter(currency=currency, on__lte=on)
        .order_by("-on")
        .values_list("rate", flat=True)
        .first()
    )
    if rate is None:
        raise Refused("rate_missing", currency=currency, on=on)
    return rate


def in_reporting_currency(minor: int, currency: str, *, organization: Organization, on: date) -> int:
    """Return an amount in minor units of the reporting currency, at the rate of that day.

    :raises Refused: rate_missing.
    """
    if currency == organization.currency:
        return minor
    return convert(minor, rate_on(currency, on))


# Audit --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AuditPage:
    """Some events, newest first, and where the next older ones begin (None at the end)."""

    events: Sequence[AuditEvent]
    older: int | None


def names_of_people() -> dict[int, str]:
    """Return the names of all members, by membership id."""
    return dict(Membership.objects.in_current_organization().values_list("pk", "user__name"))


def audit_page(filters: Mapping[str, Any], *, organization: Organization, before: int | None = None) -> AuditPage:
    """Return the next events older than `before`; nothing is counted.

    :param filters: by (membership id), verb, kind, text (part of a thing's name), since, until (dates).
    """
    found = AuditEvent.objects.select_related("by__user")
    exact = {"by": "by_id", "verb": "verb", "kind": "target_type"}
    found = found.filter(**{column: filters[name] for name, column in exact.items() if filters.get(name)})
    if filters.get("text"):
        found = found.filter(target_name__icontains=filters["text"])
    if filters.get("since"):
        found = found.filter(at__gte=datetime.combine(filters["since"], time.min, organization.zone))
    if filters.get("until"):
        after = filters["until"] + timedelta(days=1)
        found = found.filter(at__lt=datetime.combine(after, time.min, organization.zone))
    if before:
        found = found.filter(pk__lt=before)
    events = list(found.order_by("-id")[: AUDIT_ROWS + 1])
    more = len(events) > AUDIT_ROWS
    return AuditPage(events=events[:AUDIT_ROWS], older=events[AUDIT_ROWS - 1].pk if more else None)
