"""The sales teams, approvals and committed deals of the demo company, through the actions that people use."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts import actions as accounts_actions
from accounts.models import Contact
from accounts.segments import Kind
from funnel import actions as funnel_actions
from funnel import queries as funnel_queries
from funnel.approvals import ApprovalKind, Demand
from funnel.commitment import CommitmentKind
from funnel.models import Opportunity, Strategy, deciders_of
from funnel.papers import Paper
from funnel.plans import Doer
from funnel.stages import Stage
from funnel.strategy import Verdict
from salesops import demo_team
from salesops.demo_deals import Deal
from salesops.demo_team import DemoAsk, DemoCommitment
from tenants.models import Membership

HELPERS = ("legal", "finance", "partner")


def team_up(
    deals: Sequence[Deal],
    people: Mapping[str, Membership],
    opportunities: Mapping[str, int],
    *,
    today: date,
    at: datetime,
) -> None:
    """Give the largest open opportunities their sales teams; ask for a few; commit those that stand furthest."""
    still = [deal for deal in deals if not deal.outcome and deal.opened_at < at - demo_team.SETTLED]
    rows = Opportunity.objects.open().select_related("account", "owner__user", "organization")
    found = {row.pk: row for row in rows.filter(pk__in=[opportunities[deal.key] for deal in still])}
    largest = sorted(still, key=lambda deal: -deal.amount)
    given_up = set(Strategy.objects.filter(verdict=Verdict.NO_GO).values_list("opportunity_id", flat=True))
    alive = [deal for deal in largest if opportunities[deal.key] not in given_up]
    furthest = sorted(alive, key=lambda deal: -deal.stage)
    _help([found[opportunities[deal.key]] for deal in largest[: demo_team.TEAMS]], people, today=today, at=at)
    mine = [deal for deal in largest if deal.owner == "chen"] + [deal for deal in largest if deal.owner != "chen"]
    for deal, asked in zip(mine, demo_team.ASKS, strict=False):
        _ask(found[opportunities[deal.key]], asked, people, today=today, at=at)
    for deal, said in zip(furthest, demo_team.COMMITMENTS, strict=False):
        for each in said:
            _commit(found[opportunities[deal.key]], each, today=today, at=at)


def _help(rows: Sequence[Opportunity], people: Mapping[str, Membership], *, today: date, at: datetime) -> None:
    """Put colleagues, the partner and a partner company on sales teams, each with a part in the joint plan."""
    owner = rows[0].owner
    company = accounts_actions.create_account(
        name=demo_team.PARTNER_COMPANY, owner=owner, by=owner, at=at, kind=Kind.CHANNEL_PARTNER
    )
    for number, row in enumerate(rows):
        by, joined = row.owner, at - timedelta(days=16 - number)
        helpers = [people[key] for key in HELPERS if people[key].pk != by.pk][: 2 + number % 2]
        doers = [Doer(member=by.pk), *(Doer(member=each.pk) for each in helpers)]
        for member in helpers:
            funnel_actions.add_member(row, member=member, by=by, at=joined)
        if row.account.owner_id == owner.pk and number < 3:
            funnel_actions.add_partner(row, partner=company, by=by, at=joined)
            doers.append(Doer(partner=company.pk))
        for turn, doer in enumerate(doers):
            text, days, is_done = demo_team.PARTS[(number + turn) % len(demo_team.PARTS)]
            due_on = today + timedelta(days=days)
            part = funnel_actions.add_part(row, text=text, doer=doer, due_on=due_on, by=by, at=joined)
            if is_done:
                funnel_actions.finish_part(part, by=by, at=at)


def _ask(row: Opportunity, asked: DemoAsk, people: Mapping[str, Membership], *, today: date, at: datetime) -> None:
    """Ask, and let whoever leads answer."""
    until = today + timedelta(days=asked.days)
    demand = {
        ApprovalKind.DISCOUNT: Demand(asked.kind, percent=Decimal(asked.percent or 0)),
        ApprovalKind.OVERRIDE: Demand(asked.kind, stage=Stage(row.stage), until=until),
        ApprovalKind.RESOURCE: Demand(asked.kind, what=asked.what),
    }[asked.kind]
    first = at - timedelta(days=3 if asked.verdict else 1)
    made = funnel_actions.ask_approval(row, demand, why=asked.why, by=row.owner, at=first)
    if not asked.verdict:
        return
    nearest = deciders_of(row, asker=row.owner_id, percent=demand.percent)[0]
    by = next(person for person in people.values() if person.pk == nearest)
    decide = funnel_actions.grant if asked.verdict == "granted" else funnel_actions.refuse
    decide(made, seen=made.version, word=asked.word, by=by, at=first + timedelta(hours=5))
    if asked.verdict == "granted" and asked.kind == ApprovalKind.DISCOUNT:
        seen = Opportunity.objects.get(pk=row.pk).version
        percent = Decimal(asked.percent)
        funnel_actions.give_discount(row, percent, seen=seen, by=row.owner, at=at)


def _commit(row: Opportunity, said: DemoCommitment, *, today: date, at: datetime) -> None:
    """Record what a customer decided or promised; some of it does not hold any more."""
    more: dict[str, Any] = {}
    if said.kind == CommitmentKind.PROMISE:
        known = Contact.objects.filter(account=row.account).order_by("pk")
        contact = known.filter(pk=funnel_queries.buyer_of(row)).first() or known.first()
        more = {"contact": contact} if contact else {"new_contact": "總經理"}
    if said.file:
        more["paper"] = Paper(said.file, f"{said.what}。\n".encode(), "text/plain")
    on, by = today - timedelta(days=said.days), row.owner
    made = funnel_actions.record_commitment(
        row, said.kind, on=on, what=said.what, note=said.note, by=by, at=at - demo_team.LATEST, **more
    )
    if said.withdrawn:
        funnel_actions.withdraw_commitment(made, why=said.withdrawn, by=by, at=at)
