"""The evidence of the demo company in all its states: verified, waiting, sent back, confirmed, and gone on without."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import Account, Contact
from accounts.segments import Kind as AccountKind
from funnel import actions as funnel_actions
from funnel.evidence import STANDARD, Kind, State, kind_of
from funnel.history import ImportedEvidence
from funnel.models import Opportunity
from funnel.papers import Paper
from funnel.stages import Stage
from salesops import demo_evidence
from salesops.demo_company import ZONE
from salesops.demo_deals import Deal, since_opened
from tenants.models import Membership

JUDGED = 30
"""How many of the largest open opportunities have been looked at by their manager."""
_WORDS = ("誰說的？請補上姓名。", "只有口頭，請客戶來信確認。", "金額與上週的報價不同，請再問一次。")
_PLAN = "商機計畫.txt", "商機計畫：目標、關鍵人物、時程與下一步。".encode()


def prove(
    deals: Sequence[Deal],
    people: Mapping[str, Membership],
    opportunities: Mapping[str, int],
    *,
    today: date,
    at: datetime,
) -> None:
    """File the evidence of what is open; judge that of the largest, leave a few stages without it."""
    is_open = sorted((deal for deal in deals if not deal.outcome), key=lambda deal: -deal.amounts[-1][1])
    found = Opportunity.objects.select_related("account", "owner", "organization").in_bulk(
        [opportunities[deal.key] for deal in is_open]
    )
    persons = Contact.objects.filter(account__in={row.account_id for row in found.values()}).order_by("-pk")
    contact_of = dict(persons.values_list("account_id", "pk"))
    filed = []
    for number, deal in enumerate(is_open[JUDGED:]):
        codes = [(stage, code) for stage in range(1, deal.stage) for code in STANDARD[stage]]
        row = found[opportunities[deal.key]]
        for turn, (stage, code) in enumerate(codes):
            if number % 4 or turn % 3:
                when = _filed_at(deal, stage, at)
                values = _values(row, code, number, contact_of.get(row.account_id), when)
                if rival := values.pop("rivals", None):
                    funnel_actions.add_rival(row, competitor=rival[0], by=row.owner, at=when)
                if code == "competitors":
                    values["has_rivals"] = not values.pop("no_rival")
                filed.append(ImportedEvidence(row.pk, code, by_id=row.owner_id, at=when, **values))
    funnel_actions.import_evidence(filed, at=at)
    for each in filed:
        if each.opportunity_id % 3:
            said: dict[str, Any] = {"verdict": State.VERIFIED, "seen": 1, "by": people["wang"]}
            when = _judged_at(each.at or at, at)
            funnel_actions.judge_evidence(Opportunity(pk=each.opportunity_id), each.key, **said, at=when)
    for number, deal in enumerate(is_open[:JUDGED]):
        _prove_one(found[opportunities[deal.key]], deal, number, people, today=today, at=at)


def _filed_at(deal: Deal, stage: int, now: datetime) -> datetime:
    """Return when the evidence of a stage was filed: the evening before it was left, so that its past was proven."""
    left = next(entered for entered, to in deal.stages if to > stage)
    return since_opened(deal.opened_at, left - timedelta(hours=12), now)


def _judged_at(filed_at: datetime, now: datetime) -> datetime:
    return min(now, filed_at + timedelta(days=2))


def _prove_one(
    opportunity: Opportunity, deal: Deal, number: int, people: Mapping[str, Membership], *, today: date, at: datetime
) -> None:
    """File everything up to the stage; of every six, two are proven whole and one each is in another state."""
    case, judge = number % 6, people["wang"]
    recently = since_opened(opportunity.opened_at, at - timedelta(days=3 + number % 9), at)
    contact = Contact.objects.filter(account=opportunity.account).order_by("pk").first()
    last = opportunity.stage - 1
    for stage in range(1, opportunity.stage):
        when = recently if stage == last and case in {2, 3, 4} else _filed_at(deal, stage, at)
        for code in STANDARD[stage]:
            if case == 5 and stage == last:
                continue
            values = _values(opportunity, code, number, contact and contact.pk, when)
            if values.pop("contact_id", None):
                values["contact"] = contact
            if code == "opportunity_plan":
                values["paper"] = Paper(*_PLAN, "text/plain")
            made = funnel_actions.file_evidence(opportunity, code, **values, seen=0, by=opportunity.owner, at=when)
            verdict = State.CONFIRMED if case == 4 and stage <= 2 else State.VERIFIED
            if stage == last and case in {2, 4}:
                continue
            word = ""
            if stage == last and case == 3:
                verdict, word = State.SENT_BACK, _WORDS[number % len(_WORDS)]
            said: dict[str, Any] = {"verdict": verdict, "word": word, "seen": made.version, "by": judge}
            said_at = max(when, at - timedelta(days=number % 3)) if when == recently else _judged_at(when, at)
            funnel_actions.judge_evidence(opportunity, code, **said, at=said_at)
    if case == 5 and opportunity.stage < Stage.CLOSE:
        _go_on(opportunity, is_over=number % 12 == 11, today=today, at=at)


def _values(opportunity: Opportunity, code: str, turn: int, contact: int | None, when: datetime) -> dict[str, Any]:
    """Return what the kind of an item asks for, as it was known when it was filed."""
    kind, values = kind_of(code), dict[str, Any](note=demo_evidence.note_of(code, turn))
    if kind == Kind.RIVALS:
        values |= _rivals(opportunity, turn)
    filed_on, opened_on = (each.astimezone(ZONE).date() for each in (when, opportunity.opened_at))
    if kind == Kind.AMOUNT:
        values["amount"] = demo_evidence.sum_of(code, opportunity.amount or 0)
    if kind == Kind.DATE:
        values["on"] = opportunity.expected_close_on or filed_on
    if kind == Kind.PERSON:
        values |= {"contact_id": contact, "on": max(opened_on, filed_on - timedelta(days=1 + turn % 5))}
    return values


def _rivals(opportunity: Opportunity, turn: int) -> dict[str, Any]:
    """Return who else competes: those on the sheet, one who is put there, or nobody."""
    if opportunity.rivals.exists():
        return {"no_rival": False}
    known = list(Account.objects.filter(kind=AccountKind.COMPETITOR).order_by("pk"))
    who = demo_evidence.rival_of(turn, len(known))
    if who is None:
        return {"no_rival": True, "note": demo_evidence.NO_RIVAL}
    return {"no_rival": False, "rivals": [known[who]]}


def _go_on(opportunity: Opportunity, *, is_over: bool, today: date, at: datetime) -> None:
    """Move it on without the evidence of its stage, until a day to come, or one that is over."""
    opportunity.refresh_from_db()
    longest_ago = opportunity.stage_entered_at + timedelta(days=1)
    when = max(longest_ago, at - timedelta(days=20)) if is_over else at
    until = when.date() + timedelta(days=3) if is_over else today + timedelta(days=10)
    left = Stage(opportunity.stage)
    why = "客戶急著進入下一步，文件下週補上。"
    funnel_actions.move(
        opportunity, left=left, to=Stage(left + 1), by=opportunity.owner, at=min(when, at), why=why, until=until
    )
