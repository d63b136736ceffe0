"""The strategy sheets of the demo company, written through the actions that people use."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from accounts import actions as accounts_actions
from accounts.models import Account, Contact
from accounts.segments import Kind
from activities import actions as activities_actions
from funnel import actions as funnel_actions
from funnel.leads import Answer
from funnel.models import Opportunity
from funnel.stages import Stage
from funnel.strategy import Attitude, Influence
from salesops import demo_company, demo_deals, demo_strategy
from salesops.demo_deals import Deal
from salesops.demo_strategy import DemoSheet
from tenants.models import Membership


def know_rivals(*, by: Membership, at: datetime) -> None:
    """Keep the competitors, so that what was lost to them is linked."""
    for name in demo_strategy.RIVALS:
        accounts_actions.create_account(name=name, owner=by, by=by, at=at, kind=Kind.COMPETITOR)


def strategize(
    deals: Sequence[Deal],
    people: Mapping[str, Membership],
    opportunities: Mapping[str, int],
    *,
    today: date,
    at: datetime,
) -> None:
    """Fill the strategy sheets of the largest open opportunities, and those of some that ended against a rival."""
    largest = sorted((deal for deal in deals if not deal.outcome), key=lambda deal: -deal.amounts[-1][1])
    won = [deal for deal in deals if deal.outcome == "won"][-40:]
    lost = [deal for deal in deals if deal.outcome == "lost" and deal.rival][-8:]
    rivals = list(Account.objects.filter(kind=Kind.COMPETITOR).order_by("pk"))
    for number, deal in enumerate([*largest[: demo_strategy.COUNT], *won, *lost]):
        sheet = demo_strategy.SHEETS[number % len(demo_strategy.SHEETS)]
        found = Opportunity.objects.select_related("account").get(pk=opportunities[deal.key])
        when = demo_deals.since_opened(deal.opened_at, at - timedelta(days=1 + number % 9), at)
        said: dict[str, Any] = {"by": people[deal.owner], "at": when}
        for rival in sheet.rivals:
            facts: dict[str, Any] = {
                "strengths": rival.strengths,
                "weaknesses": rival.weaknesses,
                "answer": rival.answer,
            }
            funnel_actions.add_rival(found, competitor=rivals[rival.who], **facts, **said)
        if deal.outcome:
            continue
        placed = _decide(found, sheet, **said)
        win_next = placed[sheet.win_next] if 0 <= sheet.win_next < len(placed) else None
        funnel_actions.change_strategy(found, seen=0, win_next=win_next, **sheet.parts, **said)  # type: ignore[arg-type]  # by name
        if sheet.procedure:
            version = Opportunity.objects.get(pk=found.pk).version
            funnel_actions.note_procedure(found, seen=version, procedure=sheet.procedure, **said)
        if sheet.verdict:
            verdict, why = sheet.verdict
            need = Answer.YES if verdict == "go" else Answer.NO
            funnel_actions.decide(found, seen=1, verdict=verdict, why=why, need=need, compete=need, **said)
        for text, days, answer in sheet.gaps:
            _ask(found, text, days, answer, today=today, **said)
    for number, deal in enumerate(largest[demo_strategy.COUNT :]):
        if deal.stage >= Stage.DEVELOP and number % 6:
            found = Opportunity.objects.select_related("account").get(pk=opportunities[deal.key])
            when = demo_deals.since_opened(deal.opened_at, at - timedelta(days=2 + number % 9), at)
            _decide(found, demo_strategy.SMALL, by=people[deal.owner], at=when)


def _decide(found: Opportunity, sheet: DemoSheet, *, by: Membership, at: datetime) -> list[int]:
    """Put the people of a sheet on it; return the ids of their rows in order."""
    known = list(Contact.objects.filter(account=found.account_id).order_by("pk"))
    people: list[int] = []
    for person in sheet.people:
        if not person.name and not known:
            continue
        whom: dict[str, Any] = {"new_contact": {"name": person.name, "position": person.position}}
        role = funnel_actions.add_role(
            found,
            **(whom if person.name else {"contact": known.pop(0)}),
            roles=person.roles,
            influence=Influence(person.influence),
            attitude=None if person.attitude is None else Attitude(person.attitude),
            win=person.win,
            reports_to=people[person.to] if 0 <= person.to < len(people) else None,
            by=by,
            at=at,
        )
        people.append(role.pk)
    return people


def _ask(
    found: Opportunity, text: str, days: int | None, answer: str, *, today: date, by: Membership, at: datetime
) -> None:
    """Note what is not known; some of it is sought, some was found out."""
    gap = funnel_actions.add_gap(found, text=text, by=by, at=at)
    if answer:
        funnel_actions.change_gap(found, gap.pk, seen=1, text=text, answer=answer, is_known=True, by=by, at=at)
    elif days is not None:
        due_on = max(today + timedelta(days=days), at.astimezone(demo_company.ZONE).date())
        what: dict[str, Any] = {"text": text, "due_on": due_on, "opportunity": found, "gap": gap}
        activities_actions.add_next_action(found.account, owner=by, by=by, at=at, **what)
