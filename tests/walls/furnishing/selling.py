"""Opportunities with all that hangs on them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import Contact
from funnel import actions as funnel
from funnel import queries as funnel_queries
from funnel.approvals import ApprovalKind, Demand
from funnel.bulk import BulkKind, Choice
from funnel.commitment import CommitmentKind
from funnel.evidence import State
from funnel.models import Approval, BulkChange, Change, Opportunity, PlanPart, SavedView
from funnel.papers import Paper
from funnel.saved_views import Place, Shared
from funnel.stages import Reason, Stage, StageRow
from funnel.strategy import Attitude, Influence
from tests.cast import Cast
from tests.walls.furnishing.texts import Text


def _many(cast: Cast, opportunity: Opportunity, text: Text) -> dict[str, BulkChange]:
    """Draw up two changes, and carry one of them out."""
    by, at, ids = cast.rep, timezone.now(), [opportunity.pk]
    drawn, done = (
        funnel.draw_up(BulkKind.CATEGORY, to, ids, request_key=uuid4(), by=by, at=at) for to in ("commit", "best_case")
    )
    soon = at + timedelta(minutes=5)  # it can be taken back for half a minute, and a slow crawl takes longer
    return {"bulk": drawn, "bulk_done": funnel.carry_out(done, Choice(why=text(500)), by=by, at=soon)}


def _view(cast: Cast, text: Text) -> SavedView:
    """Save a view that everyone may use."""
    query, now = {"q": text(100)}, timezone.now()
    return funnel.save_view(text(60), place=Place.TABLE, query=query, shared=Shared.EVERYONE, by=cast.rep, at=now)


def sell(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    at, account = now - timedelta(days=30), rows["account"]

    def deal(**facts: Any) -> Opportunity:
        due = (now + timedelta(days=10)).date()
        facts = {"amount": 5_000_000, "expected_close_on": due, "product": rows["product"], **facts}
        return funnel.open_opportunity(
            account, name=text(200), owner=cast.rep, by=cast.rep, at=at, source=text(80), **facts
        )

    opportunity = deal(stage=Stage.QUALIFY)
    for member in (cast.colleague, cast.partner):
        helper = funnel.add_member(opportunity, member=member, part=text(200), by=cast.rep, at=at)
    part = PlanPart.objects.filter(opportunity=opportunity).latest("id")
    item = funnel.add_item(Stage.QUALIFY, label=text(200), by=cast.admin, at=at)
    second = funnel.add_item(Stage.QUALIFY, label=text(198) + "1", by=cast.admin, at=at)
    funnel.change_item(second.key, label=text(198) + "2", seen=1, by=cast.admin, at=at)
    paper = Paper(f"{text(180)}.txt", text(2_000).encode(), "text/plain")
    funnel.file_evidence(opportunity, item, note=text(2_000), paper=paper, seen=0, by=cast.rep, at=at)
    soon = now + timedelta(minutes=5)  # what can be taken back for half a minute, where a slow crawl takes longer
    funnel.judge_evidence(opportunity, item, verdict=State.SENT_BACK, word=text(500), seen=1, by=cast.manager, at=soon)
    table = [StageRow(row.stage, text(40), row.percent, row.gate) for row in funnel_queries.stage_table()]
    funnel.change_stages(table, seen=funnel_queries.edition(), by=cast.admin, at=at)
    opportunity.refresh_from_db()
    funnel.change_opportunity(
        opportunity, seen=opportunity.version, by=cast.rep, at=at, why=text(500), name=text(198) + " 2", source="x"
    )

    def lose(opportunity: Opportunity) -> Opportunity:
        how: dict[str, Any] = {"reason": Reason.RIVAL, "rival": text(120), "note": text(500)}
        return funnel.lose(opportunity, seen=opportunity.version, by=cast.rep, at=now, **how)

    lost, again = lose(deal()), lose(deal())
    funnel.reopen(again, seen=again.version, why=text(500), by=cast.rep, at=now)
    won = deal(stage=Stage.CLOSE)
    funnel.win(won, seen=won.version, by=cast.rep, at=now)
    moved = funnel.move(
        opportunity,
        left=Stage.QUALIFY,
        to=Stage.DEVELOP,
        by=cast.rep,
        at=soon,
        why=text(500),
        until=(soon + timedelta(days=9)).date(),
    )
    change = Change.objects.filter(opportunity=moved, kind="stage").latest("id")
    return {
        "view": _view(cast, text),
        **_many(cast, deal(), text),
        "opportunity": moved,
        "closed": lost,
        "change": change,
        "item": item,
        "helper": helper,
        "part": part,
        "approval": _ask(cast, moved, text),
        **_plot(cast, moved, rows["contact"], text),
        **_commit(cast, moved, text),
    }


def _plot(cast: Cast, opportunity: Opportunity, contact: Contact, text: Text) -> dict[str, Any]:
    """Fill the strategy sheet; somebody reports to somebody, and something is not known yet."""
    said: dict[str, Any] = {"by": cast.rep, "at": timezone.now()}
    facts: dict[str, Any] = {"influence": Influence.HIGH, "attitude": Attitude.COOL, "win": text(500)}
    role = funnel.add_role(opportunity, contact=contact, roles=["eb", "opponent"], **facts, **said)
    new = {"name": text(118) + " 3", "position": text(120)}
    funnel.add_role(opportunity, new_contact=new, roles=["user"], reports_to=role.pk, **facts, **said)
    words: dict[str, Any] = {name: text(2_000) for name in ("strengths", "weaknesses", "answer")}
    rival = funnel.add_rival(opportunity, new_name=text(200), **words, **said)
    parts = {name: text(2_000) for name in ("strengths", "weaknesses", "openings", "threats", "ucv", "win_how")}
    funnel.change_strategy(opportunity, seen=0, win_next=role.pk, **parts, **said)  # type: ignore[arg-type]  # texts
    funnel.decide(opportunity, seen=1, verdict="go", why=text(500), need="yes", compete="yes", **said)
    known = funnel.add_gap(opportunity, text=text(200), **said)
    funnel.change_gap(opportunity, known.pk, seen=1, text=text(199) + "2", answer=text(500), is_known=True, **said)
    gap = funnel.add_gap(opportunity, text=text(200), **said)
    return {"decision_role": role, "rival": rival, "gap": gap, "competitor": rival.competitor}


def _commit(cast: Cast, opportunity: Opportunity, text: Text) -> dict[str, Any]:
    """Record a promise, and the decision of a procedure with its file, which does not hold any more."""
    now = timezone.now()
    contact = Contact.objects.filter(account=opportunity.account).earliest("id")
    said: dict[str, Any] = {"on": now.date(), "what": text(500), "by": cast.rep, "at": now}
    paper = Paper(f"{text(190)}.txt", text(100).encode(), "text/plain")
    proven = funnel.record_commitment(opportunity, CommitmentKind.PROCEDURE, note=text(500), paper=paper, **said)
    funnel.withdraw_commitment(proven, why=text(500), by=cast.rep, at=now)
    promised = funnel.record_commitment(opportunity, CommitmentKind.PROMISE, contact=contact, **said)
    return {"commitment": promised, "proven": proven}


def _ask(cast: Cast, opportunity: Opportunity, text: Text) -> Approval:
    """Ask for something of each kind; the last one still waits."""
    now = timezone.now()

    def ask(demand: Demand) -> Approval:
        return funnel.ask_approval(opportunity, demand, why=text(500), by=cast.rep, at=now)

    until = (now + timedelta(days=9)).date()
    discount = ask(Demand(ApprovalKind.DISCOUNT, percent=Decimal(5)))
    funnel.refuse(discount, seen=discount.version, word=text(500), by=cast.manager, at=now)
    override = ask(Demand(ApprovalKind.OVERRIDE, stage=Stage.DEVELOP, until=until))
    funnel.grant(override, seen=override.version, word=text(500), by=cast.manager, at=now)
    return ask(Demand(ApprovalKind.RESOURCE, what=text(500)))
