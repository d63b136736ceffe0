"""Writes that span every app: founding the demo company."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, TypeVar

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import actions as accounts_actions
from accounts.records import AccountRow, AssessmentRow, ContactRow, ProductRow
from accounts.segments import Factor
from activities import actions as activities_actions
from activities.history import ImportedAction, ImportedVisit
from activities.kinds import Kind, Origin, Result, VisitState
from activities.models import NextAction
from coaching import actions as coaching_actions
from coaching.decisions import Decision, Outcome
from coaching.models import ReviewPerson
from forecasting import actions as forecasting_actions
from forecasting import queries as forecasting_queries
from forecasting.models import Target
from forecasting.periods import Kind as PeriodKind
from forecasting.periods import last_ones, period_of
from funnel import actions as funnel_actions
from funnel.history import ImportedOpportunity
from funnel.judges import unjudged
from funnel.leads import Criteria
from funnel.leads import Step as LeadStep
from funnel.models import Opportunity
from funnel.stages import Stage, Status
from salesops import demo_company, demo_deals, demo_health, demo_leads
from salesops.actions._abroad import quote_abroad
from salesops.actions._boards import furnish_boards
from salesops.actions._evidence import prove
from salesops.actions._nights import live_nights
from salesops.actions._strategy import know_rivals, strategize
from salesops.actions._team import team_up
from salesops.demo_company import Company
from salesops.demo_deals import Deal
from tenants import actions as tenants_actions
from tenants.models import Membership, User
from tenants.scoping import working_for

T = TypeVar("T")
NAMESPACE = uuid.UUID("5f0c3d1e-8a53-4a0e-9a39-6a1d3d2f7c11")
BATCH = 500
WHOLE = 10 * demo_company.WAN


@dataclass(frozen=True)
class Demo:
    """What the steps hand to each other: people, accounts and opportunities by their keys on paper."""

    people: dict[str, Membership]
    accounts: dict[str, int]
    contacts: dict[int, list[int]]
    opportunities: dict[str, int]


def demo_email(key: str) -> str:
    """Return the address with which a person of the demo company signs in."""
    return f"{key}@{demo_company.SLUG}.example"


def last_evening(at: datetime) -> date:
    """Return the last day whose work is over: what happens later today has not happened yet."""
    here = at.astimezone(demo_company.ZONE)
    return here.date() if here.time() >= time(18) else here.date() - timedelta(days=1)


@transaction.atomic
def found_demo_company(*, today: date, at: datetime, password: str) -> Membership:
    """Create the demo company as it stands on `today`, through the actions that people use; returns its executive."""
    boss = demo_company.PEOPLE[0]
    user = User.objects.create_user(demo_email(boss.key), password, name=boss.name)
    founder = tenants_actions.found_organization(
        user, name=demo_company.NAME, language="zh-hant", at=at, slug=demo_company.SLUG
    )
    with working_for(founder.organization):
        with unjudged():
            people = _hire(founder, at=at)
            companies = demo_company.companies(today)
            deals = demo_health.shaped(list(demo_deals.deals(last_evening(at), companies)), last_evening(at))
            products = _stock(founder, at=at)
            accounts, contacts = _archive(companies, people, by=founder, at=at)
            know_rivals(by=founder, at=at)
            opportunities = _sell(deals, people, accounts, products, by=founder, at=at)
            demo = Demo(people, accounts, contacts, opportunities)
            _meet(deals, demo, by=founder, at=at)
            _plan(deals, demo, today=today, by=founder, at=at)
            quote_abroad(deals, demo.opportunities, today=today, by=founder, at=at)
            strategize(deals, demo.people, demo.opportunities, today=today, at=at)
            prove(deals, demo.people, demo.opportunities, today=today, at=at)  # by those who stand on the sheets
            team_up(deals, demo.people, demo.opportunities, today=today, at=at)
            _lead(demo, today=today, by=founder, at=at)
            furnish_boards(demo.people, by=founder, at=at)
            _aim(deals, demo, today=today, by=founder, at=at)
            _challenge(deals, demo, today=today, by=founder, at=at)
            _review(demo, at=at - timedelta(days=13))
            _coach(demo, at=at)
        live_nights(founder.organization, at=at)
        forecasting_actions.take_snapshot(founder.organization, on=today - timedelta(days=1), at=at)
        evenings = [today - timedelta(days=1 + 7 * week) for week in range(80)]
        forecasting_actions.make_past_snapshots(founder.organization, evenings, at=at)
    return founder


def _hire(founder: Membership, *, at: datetime) -> dict[str, Membership]:
    """Invite everyone and let them join; one password for all, hashed once."""
    organization = founder.organization
    teams = {
        region: tenants_actions.create_team(organization, name=region, parent=founder.team, by=founder, at=at)
        for region in demo_company.REGIONS
    }
    people = {demo_company.PEOPLE[0].key: founder}
    for person in demo_company.PEOPLE[1:]:
        invited = tenants_actions.invite(
            organization,
            emails=[demo_email(person.key)],
            role=person.role,
            team=teams.get(person.team),
            is_admin=person.is_admin,
            by=founder,
            at=at,
        )
        user = User.objects.create(email=demo_email(person.key), name=person.name, password=founder.user.password)
        invitation, _token = invited.sent[0]
        people[person.key] = tenants_actions.accept(invitation, user=user, at=at)
    for member in people.values():  # a second factor asks for an address that is confirmed
        EmailAddress.objects.create(user=member.user, email=member.user.email, verified=True, primary=True)
    return people


def _stock(by: Membership, *, at: datetime) -> list[int]:
    """List what is sold; returns the products' ids in their order on paper."""
    rows = [
        ProductRow(name, {"series": series, "list_price": price * demo_company.WAN})
        for name, series, price in demo_company.PRODUCTS
    ]
    return [made.pk for made in accounts_actions.import_products(rows, by=by, at=at)]


def _archive(
    companies: Sequence[Company], people: dict[str, Membership], *, by: Membership, at: datetime
) -> tuple[dict[str, int], dict[int, list[int]]]:
    """Open the customer archive: accounts, contacts, assessments."""
    rows = [
        AccountRow(
            name=company.name,
            owner_id=people[company.owner].pk,
            external_id=company.key,
            fields={
                "industry": company.industry,
                "region": company.region,
                "address": company.city,
                "employees": company.employees,
                "turnover": company.turnover,
                "founded_year": company.founded_year,
                "source": company.source,
            },
            created_at=company.opened_at,
        )
        for company in companies
    ]
    made = accounts_actions.import_accounts(rows, by=by, at=at)
    ids = {company.key: row.pk for company, row in zip(companies, made, strict=True)}
    persons = [
        ContactRow(ids[company.key], name, {"position": position, "department": part, "phone": phone})
        for company in companies
        for name, position, part, phone in company.contacts
    ]
    contacts: dict[int, list[int]] = {}
    for row, answer in zip(persons, accounts_actions.import_contacts(persons, by=by, at=at), strict=True):
        contacts.setdefault(row.account_id, []).append(answer.pk)
    accounts_actions.import_assessments(
        [
            AssessmentRow(
                ids[company.key],
                people[company.owner].pk,
                company.opened_at + timedelta(days=30),
                {factor: step for factor, step in zip(Factor, company.ratings, strict=True) if step is not None},
            )
            for company in companies
            if company.ratings
        ],
        by=by,
        at=at,
    )
    return ids, contacts


def _sell(
    deals: Sequence[Deal],
    people: dict[str, Membership],
    accounts: dict[str, int],
    products: Sequence[int],
    *,
    by: Membership,
    at: datetime,
) -> dict[str, int]:
    """Bring in two years of opportunities with everything that happened to them."""
    ids: dict[str, int] = {}
    second = sorted((deal for deal in deals if not deal.outcome and deal.stage == 2), key=lambda deal: deal.amount)
    unpriced = {deal.key for deal in second[: demo_health.UNPRICED]}
    for batch in _batches(deals):
        counts = funnel_actions.import_opportunities(
            [
                ImportedOpportunity(
                    external_id=deal.key,
                    account_id=accounts[deal.company.key],
                    owner_id=people[deal.owner].pk,
                    product_id=products[deal.product],
                    name=deal.name,
                    opened_at=deal.opened_at,
                    stages=[(Stage(stage), when) for when, stage in deal.stages if stage != Stage.DEPLOY],
                    amounts=[] if deal.key in unpriced else [(amount, when) for when, amount in deal.amounts],
                    closes=[(close, when) for when, close in deal.closes],
                    outcome=Status(deal.outcome or "open"),
                    closed_at=deal.ended_at,
                    reason=deal.reason,
                    rival=deal.rival,
                    source=deal.source,
                )
                for deal in batch
            ],
            by=by,
            at=at,
        )
        ids.update(counts.ids)
    return ids


def _meet(deals: Sequence[Deal], demo: Demo, *, by: Membership, at: datetime) -> None:
    """Bring in every visit and call."""
    rows = [
        ImportedVisit(
            key=uuid.uuid5(NAMESPACE, f"{deal.key}/visit/{number}"),
            account_id=demo.accounts[deal.company.key],
            by_id=demo.people[deal.owner].pk,
            happened_at=meeting.at,
            kind=Kind(meeting.kind),
            result=Result(meeting.result),
            opportunity_id=demo.opportunities[deal.key],
            contact_ids=demo.contacts[demo.accounts[deal.company.key]][: 1 + number % 2],
            note=meeting.note,
            commitment=meeting.commitment,
        )
        for deal in deals
        for number, meeting in enumerate(deal.meetings)
    ]
    activities_actions.import_visits(rows, by=by, at=at)


def _plan(deals: Sequence[Deal], demo: Demo, *, today: date, by: Membership, at: datetime) -> None:
    """Give most open opportunities a next action, some of them overdue, and plan the coming visits."""
    actions, visits = [], []
    for number, deal in enumerate(deal for deal in deals if not deal.outcome):
        account, owner = demo.accounts[deal.company.key], demo.people[deal.owner].pk
        opportunity = demo.opportunities[deal.key]
        key = uuid.uuid5(NAMESPACE, f"{deal.key}/next")
        known_at = max(deal.opened_at, at - timedelta(days=7))
        if number % 6:
            due_on = max(today + timedelta(days=(number * 5) % 17 - 2), known_at.astimezone(demo_company.ZONE).date())
            actions.append(
                ImportedAction(
                    key=key,
                    account_id=account,
                    owner_id=owner,
                    text=demo_company.NEXT_STEPS[number % len(demo_company.NEXT_STEPS)],
                    due_on=due_on,
                    created_by_id=owner,
                    created_at=known_at,
                    origin=Origin.VISIT,
                    opportunity_id=opportunity,
                )
            )
        if number % 4 == 1:
            visits.append(
                ImportedVisit(
                    key=key,
                    account_id=account,
                    by_id=owner,
                    happened_at=datetime.combine(
                        today + timedelta(days=number % 9), deal.opened_at.timetz(), demo_company.ZONE
                    ),
                    state=VisitState.PLANNED,
                    opportunity_id=opportunity,
                    contact_ids=demo.contacts[account][:1],
                    goal=demo_company.NEXT_STEPS[number % len(demo_company.NEXT_STEPS)],
                )
            )
    activities_actions.import_next_actions(actions, by=by, at=at)
    activities_actions.import_visits(visits, by=by, at=at)


def _lead(demo: Demo, *, today: date, by: Membership, at: datetime) -> None:
    """Record leads in all four steps, some dropped, some converted, and let the web form bring a few."""
    funnel_actions.change_criteria(Criteria(budget_from=demo_leads.BUDGET_FROM), seen=0, by=by, at=at)
    for paper in demo_leads.leads(today):
        owner, came_at = demo.people[paper.owner], at - timedelta(days=paper.days_ago)
        due = today + timedelta(days=paper.next_in) if paper.facts["next_step"] else None
        facts: dict[str, Any] = {**paper.facts, "next_step_on": due}
        lead = funnel_actions.record_lead(owner=owner, by=owner, at=came_at, **facts)
        given = {criterion: (answer, "") for criterion, answer in paper.answers.items()}
        if given:
            lead = funnel_actions.answer_criteria(lead, given, seen=lead.version, by=owner, at=came_at)
        if paper.contacted:
            said: dict[str, Any] = {"text": "電話談過，願意見面。", "contacted": True, "by": owner, "at": came_at}
            lead = funnel_actions.note_lead(lead, next_step=lead.next_step, next_step_on=lead.next_step_on, **said)
        if paper.step != LeadStep.POSITIONING:
            left, why = LeadStep.POSITIONING, "展場上已經談清楚。"
            lead = funnel_actions.move_lead(lead, left=left, to=paper.step, by=owner, at=came_at, why=why)
        end: dict[str, Any] = {"seen": lead.version, "by": owner, "at": at - timedelta(days=paper.days_ago // 3)}
        if paper.converted:
            why = "客戶已指定在這一季決定。"
            funnel_actions.convert(lead, name=f"{lead.company} 評估案", amount=lead.budget, why=why, **end)
        elif paper.dropped:
            reason, note = paper.dropped
            funnel_actions.drop_lead(lead, reason=reason, note=note, **end)
    form = funnel_actions.make_web_form(name=demo_leads.WEB_FORM, owner=demo.people["lin"], by=by, at=at)
    for number, enquiry in enumerate(demo_leads.ENQUIRIES):
        came_at = at - timedelta(hours=5 * number + 1)
        funnel_actions.receive(form, enquiry, digest=f"{number}", at=came_at)


def _aim(deals: Sequence[Deal], demo: Demo, *, today: date, by: Membership, at: datetime) -> None:
    """Set everyone a target for the quarters of the last year, this one and the next, and for their months."""
    won = Counter[str]()
    for deal in deals:
        if deal.outcome == "won":
            won[deal.owner] += deal.amount
    quarter = period_of(PeriodKind.QUARTER, today)
    for period in (*last_ones(quarter.next, 6),):
        for key, amount in won.items():
            target = demo_company.target(amount, demo_company.DAYS / 91)
            owner = demo.people[key]
            forecasting_actions.set_target(owner, period.kind, period.starts_on, target, by=by, at=at)
            for month, share in zip(period.parts, (30, 30, 40), strict=True):
                forecasting_actions.set_target(owner, month.kind, month.starts_on, target * share // 100, by=by, at=at)


def _challenge(deals: Sequence[Deal], demo: Demo, *, today: date, by: Membership, at: datetime) -> None:
    """Raise or lower the targets of this quarter until each region lacks what `demo_health` says."""
    quarter = period_of(PeriodKind.QUARTER, today)
    for region, wins in demo_health.WINS_A_DAY.items():
        reps = [person.key for person in demo_company.PEOPLE if person.team == region]
        won = [deal.amount for deal in deals if deal.outcome == "won" and deal.owner in reps]
        whose = forecasting_queries.scope(by, f"t{demo.people[reps[0]].team_id}")
        numbers = forecasting_queries.summary(by, quarter, whose).numbers
        lacking = int(wins * ((quarter.ends_on - today).days + 1) * sum(won) / max(len(won), 1))
        factor = (numbers.won + numbers.weighted + lacking) / max(numbers.target or 0, 1)
        for key in reps:
            for period in (quarter, *quarter.parts):
                known = Target.objects.filter(
                    owner=demo.people[key], period=period.kind, starts_on=period.starts_on
                ).first()
                if known is not None:
                    amount = round(known.amount * factor / WHOLE) * WHOLE
                    forecasting_actions.set_target(known.owner, period.kind, period.starts_on, amount, by=by, at=at)


def _review(demo: Demo, *, at: datetime) -> None:
    """Hold each region's pipeline review of two weeks ago; part of what was agreed there has been done since."""
    for key in ("lin", "chang", "kuo"):
        leader = demo.people[key]
        review = coaching_actions.start_review(by=leader, at=at)
        walked = Opportunity.objects.visible_to(leader).open().filter(opened_at__lt=at).exclude(owner=leader)
        people = set(ReviewPerson.objects.filter(review=review).values_list("person_id", flat=True))
        walked = walked.with_card().filter(owner__in=people).order_by("owner_id", "-amount")
        for number, opportunity in enumerate(walked):
            decision, comment, step = demo_company.DECISIONS[number % len(demo_company.DECISIONS)]
            entry = coaching_actions.decide(
                review,
                opportunity,
                seen=0,
                decision=Decision(decision),
                comment=comment,
                next_text=step,
                next_on=at.astimezone(demo_company.ZONE).date() + timedelta(days=3 + number % 6) if step else None,
                by=leader,
                at=at,
            )
            if entry.next_action is not None and number % 6:
                activities_actions.complete(
                    entry.next_action, by=opportunity.owner, at=at + timedelta(days=2 + number % 5)
                )
        coaching_actions.end_review(review, by=leader, at=at + timedelta(hours=2))


def _coach(demo: Demo, *, at: datetime) -> None:
    """Coach each region's largest late-stage opportunity: three sessions, each beginning with the last one."""
    for key in ("lin", "chang", "kuo"):
        coach = demo.people[key]
        ripe = Opportunity.objects.visible_to(coach).open().filter(opened_at__lt=at - timedelta(days=40))
        chosen = ripe.exclude(owner__role="partner").filter(stage__gte=Stage.DEVELOP).order_by("-amount").first()
        if chosen is None:
            continue
        agreed: NextAction | None = None
        for number, (days, session) in enumerate(zip((33, 19, 5), demo_company.SESSIONS, strict=True)):
            held_at = at - timedelta(days=days)
            if agreed is not None:
                activities_actions.complete(agreed, by=chosen.owner, at=held_at - timedelta(days=2))
            agreed = coaching_actions.hold_session(
                chosen,
                by=coach,
                at=held_at,
                outcome=Outcome(session.outcome) if number else None,
                outcome_note=session.outcome_note,
                worth_pursuing=True,
                findings=session.findings,
                customer_commitment=session.commitment,
                skill=session.skill,
                agreed=session.agreed,
                next_text=session.agreed,
                next_on=held_at.astimezone(demo_company.ZONE).date() + timedelta(days=8),
            ).next_action


def _batches(rows: Iterable[T]) -> Iterable[list[T]]:
    """Cut rows into lists of at most `BATCH`."""
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch
