"""How an opportunity ends, and how it is opened again."""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from accounts.models import Account
from accounts.segments import Kind
from funnel.actions import _log
from funnel.actions._money import end_discount, quotation, revenue_changed
from funnel.actions._override import go_on
from funnel.actions._proof import evidence_for, keep_proven
from funnel.actions.rivals import competitors_by_name, ensure_competitor
from funnel.facts import check_amount
from funnel.history import Draft, closing, reopening
from funnel.models import Change, Opportunity
from funnel.stages import (
    Category,
    ChangeKind,
    Reason,
    Stage,
    Status,
    ask_close,
    default_category,
)
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def win(
    opportunity: Opportunity,
    *,
    seen: int,
    by: Membership | None,
    at: datetime,
    amount: int | None = None,
    closed_on: date | None = None,
    asks: bool = False,
    why: str = "",
    until: date | None = None,
) -> Opportunity:
    """Win an opportunity: the agreement is signed, it stands in Deploy from now on.

    :param amount: what was signed, in minor units of the reporting currency; None keeps the amount that stands.
    :param closed_on: the day of the signature, not before the opening; None is now.
    :param asks: refuse it while evidence is missing, even where stages only warn, until `why` and `until` are given.
    :raises Stale: it was changed since.
    :raises Refused: `closed`, `amount_needed` (zero or none), `amount_negative`, `amount_too_large`,
        `in_future`, `closed_before_opening`; `owner_decides` for a helper.
    :raises MissingEvidence: see `ask_evidence`.
    """
    opportunity = _log.lock_deciding(opportunity, by=by)
    refuse_stale(opportunity, seen, *_log.SHOWN)
    ask_close(status=Status(opportunity.status), outcome=Status.WON)
    signed = opportunity.amount if amount is None else amount
    check_amount(signed)
    if not signed:
        raise Refused("amount_needed")
    closed_at = _signed_at(opportunity, closed_on, at)
    table, stage = _log.table(), Stage(opportunity.stage)
    standing = evidence_for(opportunity)
    lacking = go_on(opportunity, standing, table, to=Stage.DEPLOY, by=by, at=at, why=why, until=until, asks=asks)
    percents = {row.stage: row.percent for row in table}
    drafts, quoted = [], quotation(opportunity)
    if signed != opportunity.amount:
        drafts.append(Draft(ChangeKind.AMOUNT, opportunity.amount, signed, closed_at, percents[stage]))
        opportunity.amount, opportunity.quoted_amount, opportunity.quoted_currency = signed, None, ""
        opportunity.rate_on = None
        end_discount(opportunity)
    draft, opportunity.stage, opportunity.category = closing(
        Status.WON, stage, Category(opportunity.category), closed_at, percents=percents
    )
    if drafts:
        draft = replace(draft, old={**draft.old, "quotation": quoted})
    opportunity.status, opportunity.closed_at, opportunity.stage_entered_at = Status.WON, closed_at, closed_at
    opportunity.proven_stage = standing.proven(opportunity.stage)
    _log.write(
        opportunity,
        [*drafts, draft],
        by=by,
        at=at,
        fields=[
            "amount",
            "quoted_amount",
            "quoted_currency",
            "rate_on",
            "discount",
            "full_amount",
            "stage",
            "stage_entered_at",
            "proven_stage",
            "category",
            "status",
            "closed_at",
        ],
    )
    revenue_changed({opportunity.account_id}, at=at)
    _log.tell(
        "opportunity.won",
        opportunity,
        by=by,
        at=at,
        data={"from": int(stage), "amount": signed, "missing": [item.key for item in lacking]},
    )
    return opportunity


def _signed_at(opportunity: Opportunity, closed_on: date | None, at: datetime) -> datetime:
    """Return the moment of the signature: now for today, the end of the day for an earlier one.

    It never lies before what the change log knows already, so that the log stays in order.
    """
    zone = opportunity.organization.zone
    if closed_on is None or closed_on == at.astimezone(zone).date():
        return at
    if closed_on > at.astimezone(zone).date():
        raise Refused("in_future")
    if closed_on < opportunity.opened_at.astimezone(zone).date():
        raise Refused("closed_before_opening")
    evening = datetime(closed_on.year, closed_on.month, closed_on.day, 23, 59, 59, tzinfo=zone)
    log = Change.objects.done().filter(opportunity=opportunity)
    latest: datetime = log.order_by("-occurred_at")[0].occurred_at
    if latest > evening:
        raise Refused("changed_after_close", latest=latest.astimezone(zone).date().isoformat())
    return evening


@transaction.atomic
def lose(
    opportunity: Opportunity,
    *,
    seen: int,
    reason: Reason | str,
    rival: str = "",
    lost_to: Account | None = None,
    new_competitor: bool = False,
    note: str = "",
    by: Membership | None,
    at: datetime,
) -> Opportunity:
    """Lose an opportunity, with the reason and the rival who won it.

    :param lost_to: the competitor who won it; its name goes before `rival`. Without one the competitor of that name,
        in any spelling, is taken, if there is just one.
    :param new_competitor: keep `rival` as a competitor from now on, where there is none of that name.
    :raises Stale: it was changed since.
    :raises Refused: `closed`, `reason_needed`, `reason_unknown`, `rival_needed`, `not_a_competitor`,
        `owner_decides` for a helper.
    """
    if lost_to is not None and lost_to.kind != Kind.COMPETITOR:
        raise Refused("not_a_competitor")
    rival = lost_to.name if lost_to else rival.strip()[:120]
    opportunity = _hold(opportunity, Status.LOST, seen=seen, reason=reason, rival=rival, by=by)
    if lost_to is None and rival and new_competitor and by is not None:
        lost_to = ensure_competitor(rival, by=by, at=at)
        rival = lost_to.name
    won_by = lost_to.pk if lost_to else competitors_by_name([rival]).get(rival)
    return _end(opportunity, Status.LOST, reason=reason, rival=rival, lost_to=won_by, note=note, by=by, at=at)


@transaction.atomic
def abandon(
    opportunity: Opportunity, *, seen: int, reason: Reason | str, note: str = "", by: Membership | None, at: datetime
) -> Opportunity:
    """Let an opportunity go: a decision, with its reason.

    :raises Stale: it was changed since.
    :raises Refused: `closed`, `reason_needed`, `reason_unknown`; `owner_decides` for a helper.
    """
    opportunity = _hold(opportunity, Status.ABANDONED, seen=seen, reason=reason, by=by)
    return _end(opportunity, Status.ABANDONED, reason=reason, rival="", lost_to=None, note=note, by=by, at=at)


def _hold(
    opportunity: Opportunity,
    outcome: Status,
    *,
    seen: int,
    reason: Reason | str,
    rival: str = "",
    by: Membership | None,
) -> Opportunity:
    """Take the opportunity and ask whether it may end so; before anything else is taken, a competitor above all."""
    opportunity = _log.lock_deciding(opportunity, by=by)
    refuse_stale(opportunity, seen, *_log.SHOWN)
    ask_close(status=Status(opportunity.status), outcome=outcome, reason=str(reason), rival=rival)
    return opportunity


def _end(
    opportunity: Opportunity,
    outcome: Status,
    *,
    reason: Reason | str,
    rival: str,
    lost_to: int | None,
    note: str,
    by: Membership | None,
    at: datetime,
) -> Opportunity:
    reason, rival, note = str(reason), rival[:120], note.strip()[:500]
    draft, _stage, _category = closing(
        outcome,
        Stage(opportunity.stage),
        Category(opportunity.category),
        at,
        reason=reason,
        note=note,
        rival=rival,
        lost_to=lost_to,
        percents=_log.percents(),
    )
    opportunity.status, opportunity.closed_at = outcome, at
    opportunity.reason, opportunity.rival, opportunity.reason_note = reason, rival, note
    opportunity.lost_to_id = lost_to
    fields = ["status", "closed_at", "reason", "rival", "lost_to", "reason_note"]
    _log.write(opportunity, [draft], by=by, at=at, fields=fields)
    verb = "opportunity.lost" if outcome == Status.LOST else "opportunity.abandoned"
    _log.tell(
        verb,
        opportunity,
        by=by,
        at=at,
        data={"from": opportunity.stage, "amount": opportunity.amount, "reason": reason, "rival": rival},
    )
    return opportunity


@transaction.atomic
def reopen(opportunity: Opportunity, *, seen: int, why: str, by: Membership | None, at: datetime) -> Opportunity:
    """Open a closed opportunity again, in the stage it stood in before it was won, or stands in.

    :raises Stale: it was changed since.
    :raises Refused: `not_closed`, `reason_needed`; `owner_decides` for a helper.
    """
    opportunity = _log.lock_deciding(opportunity, by=by)
    refuse_stale(opportunity, seen, *_log.SHOWN)
    if opportunity.status == Status.OPEN or opportunity.closed_at is None:
        raise Refused("not_closed")
    if not why.strip():
        raise Refused("reason_needed")
    was_won, stage = opportunity.status == Status.WON, Stage(opportunity.stage)
    if was_won:
        won = Change.objects.filter(opportunity=opportunity, kind=ChangeKind.WON).order_by("-id").first()
        stage = Stage(won.old["stage"]) if won else Stage.CLOSE
    category = Category(opportunity.category)
    if category == Category.CLOSED:
        category = default_category(stage)
    draft = reopening(
        {
            "status": opportunity.status,
            "closed_at": opportunity.closed_at.isoformat(),
            "stage": opportunity.stage,
            "category": opportunity.category,
            "reason": opportunity.reason,
            "reason_note": opportunity.reason_note,
            "rival": opportunity.rival,
            "lost_to_id": opportunity.lost_to_id,
        },
        stage,
        category,
        at,
        percent=_log.percents()[stage],
        why=why.strip(),
    )
    if was_won:
        opportunity.stage_entered_at = at
    opportunity.status, opportunity.closed_at = Status.OPEN, None
    opportunity.stage, opportunity.category = stage, category
    opportunity.reason = opportunity.reason_note = opportunity.rival = ""
    opportunity.lost_to = None
    _log.write(
        opportunity,
        [draft],
        by=by,
        at=at,
        fields=[
            "status",
            "closed_at",
            "stage",
            "stage_entered_at",
            "category",
            "reason",
            "reason_note",
            "rival",
            "lost_to",
        ],
    )
    keep_proven(opportunity, by=by, at=at)
    if was_won:
        revenue_changed({opportunity.account_id}, at=at)
    _log.tell("opportunity.reopened", opportunity, by=by, at=at, data={"to": int(stage), "why": why.strip()})
    return opportunity
