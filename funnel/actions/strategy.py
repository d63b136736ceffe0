"""The strategy sheet itself: what we know of ourselves, whom to win next, go or no-go."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction

from funnel.actions import _bell, _leads, _log, _sheet
from funnel.actions.deciding import person_on
from funnel.commitment import Procedure
from funnel.leads import Answer, judge
from funnel.models import DecisionRole, LeadSetting, Opportunity, Strategy
from funnel.models.strategy import LONG
from funnel.stages import Status
from funnel.strategy import Ladder, Role, ask_verdict
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


class Sheet(TypedDict, total=False):
    """What can be written on the sheet; `win_next` is the id of a row of it."""

    strengths: str
    weaknesses: str
    openings: str
    threats: str
    ucv: str
    ladder: str
    win_next: int | None
    win_how: str


@transaction.atomic
def change_strategy(
    opportunity: Opportunity, *, seen: int, by: Membership, at: datetime, **sheet: Unpack[Sheet]
) -> Strategy:
    """Write parts of the sheet.

    :param seen: the version that was shown, 0 where nothing was written yet.
    :raises Stale: it was changed since.
    :raises Refused: `note_too_long`, `reports_elsewhere` (whom to win next is not on the sheet), `ladder_unknown`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    fields: dict[str, Any] = {
        name: _sheet.text_of(str(text), LONG) for name, text in sheet.items() if name not in {"ladder", "win_next"}
    }
    if "ladder" in sheet:
        if sheet["ladder"] not in {"", *Ladder}:
            raise Refused("ladder_unknown")
        fields["ladder"] = sheet["ladder"]
    if "win_next" in sheet:
        fields["win_next"] = person_on(opportunity, sheet["win_next"])
    row = _standing(opportunity)
    changes = _sheet.write(row, fields, seen=seen, by=by, at=at)
    if changes:
        _sheet.tell("strategy.changed", opportunity, opportunity, by=by, at=at, changes=changes)
    return row


@transaction.atomic
def note_procedure(opportunity: Opportunity, *, seen: int, procedure: str, by: Membership, at: datetime) -> Opportunity:
    """Note how the customer decides on the purchase; '' is not known.

    :param seen: the version of the opportunity that was shown.
    :raises Stale: it was changed since.
    :raises Refused: `procedure_unknown`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    if procedure not in {"", *Procedure}:
        raise Refused("procedure_unknown")
    before = opportunity.buying_procedure
    if before == procedure:
        return opportunity
    refuse_stale(opportunity, seen, buying_procedure=before)
    opportunity.buying_procedure = procedure
    _log.write(opportunity, [], by=by, at=at, fields=["buying_procedure"])
    changes = audit.changes({"buying_procedure": before}, {"buying_procedure": procedure})
    _sheet.tell("strategy.changed", opportunity, opportunity, by=by, at=at, changes=changes)
    return opportunity


def _standing(opportunity: Opportunity) -> Strategy:
    """Return the sheet, held; a fresh one where nothing was written yet."""
    rows = Strategy.objects.select_for_update(of=("self",)).select_related("updated_by__user", "win_next__contact")
    return rows.filter(opportunity=opportunity).first() or Strategy(opportunity=opportunity, version=0)


@transaction.atomic
def decide(
    opportunity: Opportunity,
    *,
    seen: int,
    verdict: str,
    why: str,
    need: Answer | str,
    compete: Answer | str,
    by: Membership,
    at: datetime,
) -> Strategy:
    """Decide whether we go for it; whoever leads the owner is told. The same decision again tells nobody.

    :param need, compete: the answers to the two criteria that no fact answers.
    :raises Stale: the sheet was changed since version `seen`.
    :raises Refused: see `ask_verdict`; `answer_unknown`, `note_too_long`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _standing(opportunity)
    if {str(need), str(compete)} - {Answer.UNKNOWN, Answer.YES, Answer.NO}:
        raise Refused("answer_unknown")
    why = _sheet.text_of(why, 500)
    row_before = (row.verdict, row.verdict_why, row.need, row.compete)
    if row.pk and row_before == (verdict, why, str(need), str(compete)):
        return row
    criteria = LeadSetting.current().criteria
    found = Strategy(need=need, compete=compete).weighed(
        opportunity,
        criteria,
        has_buyer=DecisionRole.objects.filter(opportunity=opportunity, role=Role.EB).exists(),
        today=at.astimezone(opportunity.organization.zone).date(),
    )
    judged = judge(found, criteria.musts)
    ask_verdict(verdict, judged.standing, why, is_open=opportunity.status == Status.OPEN)
    fields = {"verdict": str(verdict), "verdict_why": why, "need": str(need), "compete": str(compete)}
    row.verdict_by, row.verdict_at = by, at
    changes = _sheet.write(row, fields, seen=seen, by=by, at=at)
    told = {"verdict": str(verdict), "why": why}
    answers = {str(criterion): str(answer) for criterion, answer in found.items()}
    _log.tell("strategy.decided", opportunity, by=by, at=at, data={**told, "criteria": answers})
    if changes:
        _tell_leaders(opportunity, row, by=by, at=at)
    return row


def _tell_leaders(opportunity: Opportunity, row: Strategy, *, by: Membership, at: datetime) -> None:
    people = [*_leads.leaders_of(opportunity.owner), opportunity.owner_id]
    told: dict[str, Any] = {"verdict": row.verdict, "why": row.verdict_why, "page": "strategy"}
    _bell.tell(people, "verdict", opportunity, key=f"verdict:{opportunity.pk}:{row.version}", by=by, at=at, **told)
