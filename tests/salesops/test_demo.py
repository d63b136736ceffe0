"""The demo company: alike every time, as large as promised, thrown away without a trace."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Account
from accounts.segments import Kind as AccountKind
from activities.models import NextAction, Visit
from coaching.models import CoachingSession, Review
from forecasting import queries
from forecasting.models import Alert, ForecastSnapshot, Mute, Target
from forecasting.periods import Kind, period_of
from forecasting.shape import Disease
from funnel import queries as funnel_queries
from funnel.approvals import ApprovalKind
from funnel.evidence import Kind as EvidenceKind
from funnel.evidence import kind_of
from funnel.flags import Flag
from funnel.history import ENDLESS
from funnel.leads import LeadStatus, Step
from funnel.models import (
    Approval,
    Change,
    Commitment,
    DecisionRole,
    Evidence,
    Lead,
    Opportunity,
    PlanPart,
    Spell,
    Strategy,
)
from funnel.slices import Slice
from funnel.stages import ChangeKind
from funnel.strategy import Verdict
from salesops import demo_company, demo_deals, demo_health, demo_strategy
from salesops.actions import demo_email, last_evening
from tenants.models import Membership, Organization, Team, User
from tenants.scoping import reading

TODAY = date(2026, 11, 22)


def test_the_same_day_gives_the_same_company() -> None:
    customers = demo_company.companies(TODAY)
    assert demo_company.companies(TODAY) == customers
    assert list(demo_deals.deals(TODAY, customers)) == list(demo_deals.deals(TODAY, customers))


def test_nothing_lies_in_the_future() -> None:
    customers = demo_company.companies(TODAY)
    for deal in demo_deals.deals(TODAY, customers):
        moments = [when for when, _ in (*deal.stages, *deal.amounts, *deal.closes)] + [m.at for m in deal.meetings]
        assert max(moments).date() <= TODAY
        assert min(moments) == deal.opened_at


@pytest.mark.parametrize("clock", ["00:04", "09:00", "17:59", "18:00", "23:59"])
def test_nothing_has_happened_later_than_the_hour_of_the_first_start(clock: str) -> None:
    day = date(2026, 11, 25)  # a workday on which opportunities end in the afternoon
    now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=demo_company.ZONE)
    for deal in demo_deals.deals(last_evening(now), demo_company.companies(day)):
        moments = [when for when, _ in (*deal.stages, *deal.amounts, *deal.closes)] + [m.at for m in deal.meetings]
        assert max(moments) <= now


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_demo_is_made_refused_twice_and_thrown_away(settings: Settings) -> None:
    settings.BASE_URL = "http://localhost:8000"
    call_command("demo", "--if-empty", verbosity=0)
    organization = Organization.objects.get()
    with reading(organization):
        asked = set(Approval.objects.values_list("kind", "state"))
        assert asked == {(kind, state) for kind in ApprovalKind for state in ("asked", "granted", "refused")}
        assert Opportunity.objects.open().committed().count() >= 2
        assert Opportunity.objects.open().promised().count() >= 1
        _commitments_fit_their_sheets()
        assert Opportunity.objects.filter(discount__gt=0).count() == 1
        quoted = demo_company.QUOTED_A_REGION * len(demo_company.REGIONS)
        assert Opportunity.objects.quoted().count() == quoted
        revalued = Change.objects.filter(kind=ChangeKind.RATE)
        assert revalued.count() == quoted
        assert {row.new > row.old for row in revalued} == {True, False}
        owing = {part.member.role for part in PlanPart.objects.open().filter(member__isnull=False)}
        assert owing >= {"colleague", "partner"}
        assert PlanPart.objects.filter(done_at__isnull=False).exists()
        became = Lead.objects.filter(status=LeadStatus.CONVERTED).count()
        assert became == 3
        customers = Account.objects.exclude(kind__in=[AccountKind.COMPETITOR, AccountKind.CHANNEL_PARTNER])
        assert customers.count() - became == demo_company.ACCOUNTS == 400
        assert Account.objects.filter(kind=AccountKind.COMPETITOR).count() == len(demo_strategy.RIVALS)
        assert Strategy.objects.count() == demo_strategy.COUNT
        assert set(Strategy.objects.values_list("verdict", flat=True)) == {"", *Verdict}
        assert DecisionRole.objects.exclude(reports_to__reports_to=None).exists()
        assert Opportunity.objects.exclude(lost_to=None).exists()
        assert Opportunity.objects.count() - became == demo_company.OPPORTUNITIES == 1_500
        assert set(Lead.objects.open().values_list("step", flat=True)) == set(Step)
        assert Lead.objects.filter(status=LeadStatus.DROPPED).count() == 5
        assert Membership.objects.count() == len(demo_company.PEOPLE) == 16
        assert EmailAddress.objects.filter(verified=True, primary=True).count() == len(demo_company.PEOPLE)
        assert Team.objects.exclude(parent=None).count() == len(demo_company.REGIONS) == 3
        assert {row["status"] for row in Opportunity.objects.values("status")} == {"open", "won", "lost", "abandoned"}
        first, last = (Change.objects.order_by(order).first().occurred_at for order in ("occurred_at", "-occurred_at"))
        assert (last - first).days > 700
        assert Visit.objects.count() > 4_000
        assert Target.objects.exists()
        assert Review.objects.exclude(ended_at=None).count() == 3
        chains = Counter(CoachingSession.objects.values_list("opportunity_id", flat=True))
        assert set(chains.values()) == {3}
        _evidence_says_what_its_kind_asks()
        _the_log_knows_what_was_proven(organization)
        _dates_are_in_order()
        _health_is_believable(organization)
    with pytest.raises(CommandError, match="already"):
        call_command("demo")
    call_command("demo", "--if-empty")
    assert Organization.objects.count() == 1

    user = User.objects.get(email=demo_email("chen"))
    UserSession.objects.create(user=user, session_key="a" * 32, ip="127.0.0.1", user_agent="a browser")
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
    call_command("demo", "--reset", verbosity=0)
    assert Organization.objects.get().pk != organization.pk
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM funnel_change WHERE organization_id = %s", [organization.pk])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'append_only'")
        assert {row[0] for row in cursor.fetchall()} <= {"O", b"O"}


def _commitments_fit_their_sheets() -> None:
    """Nobody commits to what was given up, and what is promised is promised by whoever can."""
    given_up = Strategy.objects.filter(verdict=Verdict.NO_GO).values("opportunity_id")
    assert not Commitment.objects.filter(opportunity__in=given_up).exists()
    promises = Commitment.objects.exclude(contact=None)
    bought = [(each.contact_id, funnel_queries.buyer_of(each.opportunity)) for each in promises]
    assert [by for by, buyer in bought if buyer is not None] == [buyer for _, buyer in bought if buyer is not None]
    assert any(buyer is not None for _, buyer in bought)


def _the_log_knows_what_was_proven(organization: Organization) -> None:
    """What the log says of today is what stands; two months ago something was proven, and less than was claimed."""
    latest = {each.opportunity_id: each for each in Spell.objects.filter(until_at=ENDLESS)}
    for row in Opportunity.objects.open():
        assert min(row.stage, latest[row.pk].proven_to) == row.proven_stage, row
    for days in (7, 60):
        found = queries.stood(Slice(), at=timezone.now() - timedelta(days=days)).values()
        assert 0 < sum(each.proven or 0 for each in found) < sum(each.weighted for each in found)
    assert not ForecastSnapshot.objects.filter(open_proven=None).exists()


def _evidence_says_what_its_kind_asks() -> None:
    """Items hold different, typed values; nothing is filed, judged, asked or due before what it is about began."""
    rows = list(Evidence.objects.select_related("item", "opportunity"))
    for row in rows:
        kind, opened_at = kind_of(row.item.code), row.opportunity.opened_at
        assert opened_at <= row.at
        assert row.judged_at is None or row.judged_at >= row.at
        assert (row.amount is not None) == (kind == EvidenceKind.AMOUNT)
        assert (row.contact_id is not None) == (kind == EvidenceKind.PERSON)
        assert (row.on is not None) == (kind in {EvidenceKind.PERSON, EvidenceKind.DATE})
        if kind == EvidenceKind.PERSON:
            assert (
                opened_at.astimezone(demo_company.ZONE).date() <= row.on <= row.at.astimezone(demo_company.ZONE).date()
            )
    by_item: dict[str, set[str]] = {}
    for row in rows:
        by_item.setdefault(row.item.code, set()).add(row.note)
    assert sum(map(len, by_item.values())) == len(set().union(*by_item.values())), "no two items say the same"
    one = max(rows, key=lambda row: row.amount or 0).opportunity_id
    sums = [row.amount for row in rows if row.opportunity_id == one and row.amount is not None]
    assert len(set(sums)) == len(sums) > 1


def _dates_are_in_order() -> None:
    """Nothing is asked, joined or due before the opportunity was opened."""
    zone = demo_company.ZONE
    for approval in Approval.objects.select_related("opportunity"):
        assert approval.opportunity.opened_at < approval.asked_at
    for part in PlanPart.objects.select_related("opportunity"):
        assert part.due_on is None or part.due_on > part.opportunity.opened_at.astimezone(zone).date()
    for action in NextAction.objects.exclude(opportunity=None).select_related("opportunity"):
        assert action.due_on is None or action.due_on >= action.opportunity.opened_at.astimezone(zone).date()


def _health_is_believable(organization: Organization) -> None:
    """Every flag occurs, most are well or to be watched, alerts have a past, and each region its own disease."""
    rows = list(Opportunity.objects.open())
    assert {flag for row in rows for flag in row.flags} == set(Flag)
    assert sum(row.health == "risk" for row in rows) < len(rows) / 3
    standing = Alert.objects.standing()
    assert len({alert.since.date() for alert in standing}) >= 4
    steps = Counter(alert.step for alert in standing)
    assert min(steps[step] for step in range(4)) >= 5
    assert Alert.objects.exclude(cleared_at=None).exists()
    today = timezone.now().astimezone(organization.zone).date()
    for alert in standing.filter(code=Flag.OVERDUE).select_related("opportunity"):
        began, due = alert.since.astimezone(organization.zone).date(), alert.opportunity.expected_close_on
        assert due is not None
        assert began > due, "nothing is overdue before its day"
        if (today - due).days > 21:
            assert began < today - timedelta(days=7), "what is long overdue was not noticed just now"
    assert Mute.objects.filter(ended_at=None).count() == len(demo_health.MUTES)
    boss, now = Membership.objects.get(user__email=demo_email("wang")), timezone.now()
    quarter = period_of(Kind.QUARTER, now.astimezone(organization.zone).date())
    diseases = {}
    for team in Team.objects.exclude(parent=None):
        whose = queries.scope(boss, f"t{team.pk}")
        summary = queries.summary(boss, quarter, whose)
        found = queries.shape_of(organization, quarter, summary, whose.owners, at=now)
        diseases[team.name] = {finding.disease for finding in found.findings}
    assert Disease.THIN_TOP in diseases["北區"]
    assert diseases["中區"] == {Disease.PREGNANT}
    assert Disease.EMPTY_BOTTOM in diseases["南區"]
    assert Disease.THIN_TOP not in diseases["南區"]


def test_the_demo_is_refused_where_it_could_be_reached(settings: Settings) -> None:
    settings.BASE_URL = "https://sales.example.com"
    with pytest.raises(CommandError, match="this machine"):
        call_command("demo")
