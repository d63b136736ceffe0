"""One's own organization with something of everything, made through the actions; every word in it is chosen by `Text`.

Whoever adds a page that needs a row of a new kind makes it in `furnish` and names it in `Own`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts import actions as accounts
from accounts.models import Account, Contact, Product
from accounts.segments import Factor
from activities import actions as activities
from activities.kinds import Kind, Result
from activities.models import NextAction, Visit
from coaching import actions as coaching
from coaching.decisions import Decision, Outcome
from coaching.models import CoachingSession, Review
from exchange import actions as exchange
from exchange.models import Import, SavedMapping
from forecasting import actions as forecasting
from forecasting.periods import Kind as PeriodKind
from forecasting.periods import period_of
from funnel import actions as funnel
from funnel import queries as funnel_queries
from funnel.approvals import ApprovalKind, Demand
from funnel.bulk import BulkKind, Choice
from funnel.commitment import CommitmentKind
from funnel.evidence import State
from funnel.leads import Answer, Criterion, Source
from funnel.models import (
    Approval,
    BulkChange,
    Change,
    Commitment,
    DecisionRole,
    EvidenceItem,
    InformationGap,
    Lead,
    Opportunity,
    OpportunityMember,
    PlanPart,
    Rival,
    SavedView,
    WebForm,
)
from funnel.papers import Paper
from funnel.saved_views import Place, Shared
from funnel.stages import Reason, Stage, StageRow
from funnel.strategy import Attitude, Influence
from funnel.web_forms import LIMITS, Enquiry
from jobs.models import Job, Notification, StoredFile
from jobs.running import run
from tenants import actions as tenants
from tenants.actions.invitations import Seat
from tenants.models import ExchangeRate, Holiday, Invitation, Membership, Organization, Team, User
from tenants.permissions import Role
from tenants.scoping import reading
from tests.cast import Cast
from tests.exchange.factories import bring_in, checked, make_csv, make_import, settled
from tests.tenants.device import Device

Text = Callable[[int], str]
"""Gives a text of at most so many letters."""


def plain(limit: int) -> str:
    """Return an ordinary word, which passes for a web site too."""
    return "ordinary.example"[:limit]


@dataclass
class Own:
    """The rows by name, as the examples of the URLs call them; everything of the sales team belongs to the rep."""

    cast: Cast
    account: Account
    parent: Account
    contact: Contact
    product: Product
    opportunity: Opportunity
    closed: Opportunity
    change: Change
    item: EvidenceItem
    approval: Approval
    commitment: Commitment
    proven: Commitment
    helper: OpportunityMember
    part: PlanPart
    member: Membership
    visit: Visit
    planned: Visit
    cancelled: Visit
    step: NextAction
    dropped: NextAction
    review: Review
    past: Review
    person: Membership
    session: CoachingSession
    team: Team
    rate: ExchangeRate
    holiday: Holiday
    invitation: Invitation
    token: str
    mapping: Import
    checked: Import
    done: Import
    going: Import
    job: Job
    running: Job
    file: StoredFile
    notification: Notification
    passkey: Authenticator
    session_elsewhere: UserSession
    competitor: Account
    decision_role: DecisionRole
    rival: Rival
    gap: InformationGap
    lead: Lead
    dropped_lead: Lead
    other_lead: Lead
    web_form: WebForm
    web_key: str
    saved: SavedMapping
    view: SavedView
    bulk: BulkChange
    bulk_done: BulkChange

    def id_of(self, name: str) -> Any:
        """Return what an address holds of a row: its key, its id, or the text itself."""
        found = getattr(self, name, name)
        if isinstance(found, EvidenceItem):
            return found.key
        return getattr(found, "pk", found)


def furnish(cast: Cast, text: Text = plain) -> Own:
    """Make something of everything."""
    rename(cast, text)
    with reading(cast.org):
        rows: dict[str, Any] = {}
        for make in (_sign_in, _archive, _sell, _meet, _review, _coach, _pursue, _settle, _forecast, _import):
            rows |= make(cast, text, rows)
        return Own(cast, **rows)


def rename(cast: Cast, text: Text) -> None:
    """Give the organization, its teams and its people their words."""
    Organization.objects.filter(pk=cast.org.pk).update(name=text(120))
    User.objects.filter(memberships__organization=cast.org).update(name=text(80))
    cast.org.refresh_from_db()
    now = timezone.now()
    with reading(cast.org):
        for team in (cast.team, cast.other_team):
            name = f"{text(78)}{team.pk}"
            tenants.change_team(team, name=name, parent=team.parent, seen=team.version, by=cast.executive, at=now)
    for member in cast.everyone:
        member.refresh_from_db()


def _sign_in(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    people = [member.user for member in cast.everyone]
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in people
    )
    user = cast.executive.user
    asked = {"challenge": "Y2hhbGxlbmdl", "user": {"id": "b3du"}}
    credential = json.loads(Device().register({"creation_options": {"publicKey": asked}}))
    data = {"name": text(100), "credential": credential}
    passkey = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    session = UserSession.objects.create(user=user, session_key="elsewhere", ip="192.0.2.1", user_agent=text(200))
    return {"passkey": passkey, "session_elsewhere": session}


def _archive(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    at = timezone.now() - timedelta(days=40)
    facts: dict[str, Any] = {
        "industry": text(80),
        "region": text(80),
        "address": text(200),
        "phone": text(40),
        "website": text(200),
        "source": text(80),
        "notes": text(2_000),
        "external_id": text(80),
        "tax_id": text(30),
    }
    parent = accounts.create_account(name=f"{text(190)} group", owner=cast.rep, by=cast.rep, at=at)
    account = accounts.create_account(
        name=text(200), owner=cast.rep, by=cast.rep, at=at, parent=parent, founded_year=1990, **facts
    )
    contact = accounts.create_contact(
        account,
        name=text(120),
        position=text(120),
        department=text(120),
        phone=text(40),
        email=f"{text(60)}@x.example",
        notes=text(2_000),
        by=cast.rep,
        at=at,
    )
    ratings = dict.fromkeys(Factor, 75)
    accounts.assess(account, ratings=ratings, notes={f: text(500) for f in Factor}, by=cast.rep, at=at)
    for helper in (cast.colleague, cast.partner):
        accounts.add_member(account, helper, by=cast.rep, at=at)
    product = accounts.create_product(name=text(120), series=text(80), list_price=900_000, by=cast.manager, at=at)
    return {"account": account, "parent": parent, "contact": contact, "product": product, "member": cast.colleague}


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


def _sell(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
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
    funnel.change_item(second.key, label=text(198) + "2", by=cast.admin, at=at)
    paper = Paper(f"{text(180)}.txt", text(2_000).encode(), "text/plain")
    funnel.file_evidence(opportunity, item, note=text(2_000), paper=paper, seen=0, by=cast.rep, at=at)
    funnel.judge_evidence(opportunity, item, verdict=State.SENT_BACK, word=text(500), seen=1, by=cast.manager, at=at)
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
    soon = now + timedelta(minutes=5)  # a move can be taken back for half a minute, and a slow crawl takes longer
    moved = funnel.move(
        opportunity, left=Stage.QUALIFY, to=Stage.DEVELOP, by=cast.rep, at=soon, why=text(500), until=soon.date()
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


def _meet(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    account, opportunity, contact = rows["account"], rows["opportunity"], rows["contact"]
    visit = activities.log_visit(
        account,
        by=cast.rep,
        at=now,
        happened_at=now - timedelta(hours=2),
        kind=Kind.VISIT,
        result=Result.ADVANCED,
        note=text(2_000),
        opportunity=opportunity,
        contacts=[contact],
        commitment=text(300),
        next_text=text(200),
        next_on=(now + timedelta(days=2)).date(),
        new_contacts=[(text(120), text(120))],
    )

    def plan() -> Visit:
        return activities.plan_visit(
            account,
            by=cast.rep,
            at=now,
            planned_at=now + timedelta(hours=1),
            kind=Kind.VISIT,
            goal=text(200),
            opportunity=opportunity,
            contacts=[contact],
        )

    def step() -> NextAction:
        return activities.add_next_action(
            account,
            owner=cast.rep,
            text=text(200),
            due_on=(now + timedelta(days=1)).date(),
            by=cast.rep,
            at=now,
            opportunity=opportunity,
        )

    cancelled, dropped = activities.call_off(plan(), by=cast.rep, at=now), step()
    activities.drop(dropped, by=cast.rep, at=now)
    return {"visit": visit, "planned": plan(), "cancelled": cancelled, "step": step(), "dropped": dropped}


def _review(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    past = coaching.start_review(by=cast.manager, at=now - timedelta(days=7))
    due = (now + timedelta(days=3)).date()
    said: dict[str, Any] = {
        "decision": Decision.ADVANCE,
        "comment": text(2_000),
        "next_text": text(200),
        "next_on": due,
    }
    entry: dict[str, Any] = {"seen": 0, "by": cast.manager, **said}
    coaching.decide(past, rows["opportunity"], at=now - timedelta(days=7), **entry)
    coaching.end_review(past, by=cast.manager, at=now - timedelta(days=6), minutes=text(2_000))
    review = coaching.start_review(by=cast.manager, at=now)
    coaching.decide(review, rows["opportunity"], at=now, **entry)
    return {"review": review, "past": past, "person": cast.rep}


def _coach(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    for days in (5, 1):
        session = coaching.hold_session(
            rows["opportunity"],
            by=cast.manager,
            at=now - timedelta(days=days),
            agreed=text(2_000),
            outcome=None if days == 5 else Outcome.DONE,
            outcome_note="" if days == 5 else text(2_000),
            worth_pursuing=True,
            findings=text(2_000),
            customer_commitment=text(2_000),
            skill=text(120),
            next_text=text(200),
            next_on=(now + timedelta(days=4)).date(),
        )
    return {"session": session}


def _pursue(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now, by = timezone.now() - timedelta(hours=1), cast.rep
    due = (now + timedelta(days=3)).date()

    def lead() -> Lead:
        return funnel.record_lead(
            owner=by,
            by=by,
            at=now,
            company=text(200),
            tax_id=text(30),
            person=text(120),
            position=text(120),
            phone=text(40),
            email=f"{text(60)}@x.example",
            industry=text(80),
            region=text(80),
            need=text(2_000),
            source=Source.EVENT,
            source_note=text(120),
            next_step=text(200),
            next_step_on=due,
            budget=900_000,
        )

    first, dropped, other = lead(), lead(), lead()
    first = funnel.note_lead(
        first, text=text(2_000), contacted=True, next_step=text(200), next_step_on=due, by=by, at=now
    )
    given = {Criterion.NEED: (Answer.YES, text(500))}
    first = funnel.answer_criteria(first, given, seen=first.version, by=by, at=now)
    dropped = funnel.drop_lead(dropped, seen=dropped.version, reason="other", note=text(500), by=by, at=now)
    form = funnel.make_web_form(name=text(120), owner=by, by=cast.admin, at=now)
    sent = {name: text(limit) for name, limit in LIMITS.items()}
    funnel.receive(form, Enquiry(**sent), digest="0" * 64, at=now)
    return {"lead": first, "dropped_lead": dropped, "other_lead": other, "web_form": form, "web_key": form.key}


def _settle(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now, admin = timezone.now(), cast.admin
    tenants.add_rate(cast.org, currency="USD", on=now.date(), rate=Decimal(32), by=admin, at=now)
    tenants.add_days_to_calendar(
        cast.org, first=now.date(), last=now.date(), name=text(60), is_working=False, by=admin, at=now
    )
    invited = tenants.invite(
        cast.org,
        emails=["new@own.example"],
        role=Role.REP,
        team=None,
        is_admin=False,
        by=admin,
        at=now,
        seats={"new@own.example": Seat(name=text(80))},
    )
    invitation, token = invited.sent[0]
    team = tenants.create_team(cast.org, name=text(80), parent=cast.team, by=admin, at=now)
    found = {"rate": ExchangeRate.objects.get(), "holiday": Holiday.objects.get()}
    return {**found, "invitation": invitation, "token": token, "team": team}


def _forecast(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    for kind in (PeriodKind.MONTH, PeriodKind.QUARTER):
        period = period_of(kind, now.date())
        forecasting.set_target(cast.rep, kind, period.starts_on, 9_000_000, by=cast.manager, at=now)
    forecasting.refresh_health(cast.org, at=now)
    forecasting.take_snapshot(cast.org, on=(now - timedelta(days=1)).date(), at=now)
    job = forecasting.start_now(by=cast.manager, at=now)
    run(job)
    until = now.date() + timedelta(days=9)
    Opportunity.objects.filter(pk=rows["opportunity"].pk).update(flags=["overdue"])  # only what stands is muted
    forecasting.mute(rows["opportunity"], "overdue", until=until, reason=text(200), seen=0, by=cast.rep, at=now)
    return {"job": job, "running": forecasting.start_now(by=cast.manager, at=now)}


def _import(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    by = cast.manager
    name, note = text(100), text(200)
    data = make_csv(["Name", text(60), "E-mail", "Notes"], [name, note, text(60), note], ["", note, text(60), note])
    done = bring_in("accounts", data, by=by, name=f"{text(150)}.csv")
    return {
        "mapping": make_import("accounts", data, by=by, name=f"{text(150)}.csv"),
        "checked": checked(make_import("accounts", data, by=by, name=f"{text(150)}.csv"), by=by),
        "done": done,
        # only looked through: while one is at work, no other can be undone
        "going": settled(make_import("accounts", data, by=by, name=f"{text(150)}.csv"), by=by),
        "saved": exchange.save_mapping(done, name=text(80), by=by, at=timezone.now()),
        "file": done.rejects,
        "notification": Notification.objects.filter(to=by).latest("id"),
    }
