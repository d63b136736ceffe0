"""The evidence of the demo company in all its states: verified, waiting, sent back, confirmed, and gone on without."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import Contact
from funnel import actions as funnel_actions
from funnel.evidence import STANDARD, Kind, State, kind_of
from funnel.models import Opportunity
from funnel.papers import Paper
from funnel.stages import Stage
from salesops.demo_company import Deal
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
    filed = []
    for number, deal in enumerate(is_open[JUDGED:]):
        note = deal.meetings[number % len(deal.meetings)].note if deal.meetings else "客戶來信確認。"
        codes = [code for stage in range(1, deal.stage) for code in STANDARD[stage]]
        by = people[deal.owner].pk
        filed += [(opportunities[deal.key], code, note, by) for at_, code in enumerate(codes) if number % 4 or at_ % 3]
    funnel_actions.import_evidence(filed, at=at - timedelta(days=4))
    for opportunity_id, code, _note, _by in filed:
        if opportunity_id % 3:
            opportunity = Opportunity(pk=opportunity_id)
            when = at - timedelta(days=1)
            funnel_actions.judge_evidence(opportunity, code, verdict=State.VERIFIED, seen=1, by=people["wang"], at=when)
    found = Opportunity.objects.select_related("account", "owner", "organization").in_bulk(
        [opportunities[deal.key] for deal in is_open[:JUDGED]]
    )
    for number, deal in enumerate(is_open[:JUDGED]):
        _prove_one(found[opportunities[deal.key]], number, people, today=today, at=at)


def _prove_one(
    opportunity: Opportunity, number: int, people: Mapping[str, Membership], *, today: date, at: datetime
) -> None:
    """File everything up to the stage; of every six, two are proven whole and one each is in another state."""
    case, judge = number % 6, people["wang"]
    when = at - timedelta(days=3 + number % 9)
    contact = Contact.objects.filter(account=opportunity.account).order_by("pk").first()
    last = opportunity.stage - 1
    for stage in range(1, opportunity.stage):
        for code in STANDARD[stage]:
            if case == 5 and stage == last:
                continue
            values = _values(opportunity, code, contact, today)
            made = funnel_actions.file_evidence(opportunity, code, **values, seen=0, by=opportunity.owner, at=when)
            verdict = State.CONFIRMED if case == 4 and stage <= 2 else State.VERIFIED
            if stage == last and case in {2, 4}:
                continue
            word = ""
            if stage == last and case == 3:
                verdict, word = State.SENT_BACK, _WORDS[number % len(_WORDS)]
            said: dict[str, Any] = {"verdict": verdict, "word": word, "seen": made.version, "by": judge}
            funnel_actions.judge_evidence(opportunity, code, **said, at=at - timedelta(days=number % 3))
    if case == 5 and opportunity.stage < Stage.CLOSE:
        _go_on(opportunity, is_over=number % 12 == 11, today=today, at=at)


def _values(opportunity: Opportunity, code: str, contact: Contact | None, today: date) -> dict[str, Any]:
    """Return what the kind of an item asks for."""
    kind, values = kind_of(code), dict[str, Any](note="拜訪時客戶親口確認。")
    if kind == Kind.AMOUNT:
        values["amount"] = opportunity.amount or 0
    if kind == Kind.DATE:
        values["on"] = opportunity.expected_close_on or today
    if kind == Kind.PERSON:
        values |= {"contact": contact, "new_contact": "" if contact else "採購負責人", "on": today - timedelta(days=9)}
    if code == "opportunity_plan":
        values["paper"] = Paper(*_PLAN, "text/plain")
    return values


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
