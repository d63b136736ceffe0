"""The people of a strategy sheet: who decides, and how they stand to us."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import actions as accounts_actions
from accounts.models import Contact
from funnel.actions import _log, _sheet
from funnel.models import DecisionRole, Opportunity
from funnel.strategy import Attitude, Influence, check_reports_to, check_room, ordered
from tenants.errors import Refused
from tenants.models import Membership

WIN_LENGTH = 500


@transaction.atomic
def add_role(
    opportunity: Opportunity,
    *,
    contact: Contact | None = None,
    new_contact: Mapping[str, str] | None = None,
    roles: Collection[str],
    influence: Influence,
    attitude: Attitude | None,
    win: str = "",
    reports_to: int | None = None,
    by: Membership,
    at: datetime,
) -> DecisionRole:
    """Put a person on the sheet, by what they are in the customer's decision.

    :param new_contact: `name` and `position` of somebody who is not in the archive yet; goes before `contact`.
    :param reports_to: the id of a row on this sheet.
    :raises Refused: `contact_needed`, `contact_elsewhere`, `person_on_sheet`, `sheet_full`, `reports_elsewhere`, and
        what the rules of `funnel.strategy` refuse.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    there = {row.contact_id: row for row in DecisionRole.objects.filter(opportunity=opportunity)}
    check_room(len(there))
    main, *also = ordered(roles)
    if new_contact is not None:
        name = new_contact["name"].strip()
        _refuse_namesake(opportunity, name)
        contact = accounts_actions.create_contact(
            opportunity.account, name=name, position=new_contact.get("position", ""), by=by, at=at
        )
    if contact is None:
        raise Refused("contact_needed")
    if contact.account_id != opportunity.account_id:
        raise Refused("contact_elsewhere")
    if contact.pk in there:
        raise Refused("person_on_sheet")
    row = DecisionRole(opportunity=opportunity, contact=contact, last_met_on=contact.last_met_on)
    fields = {
        "role": main,
        "also": also,
        "influence": influence,
        "attitude": attitude,
        "win": _sheet.text_of(win, WIN_LENGTH),
        "reports_to": person_on(opportunity, reports_to),
    }
    _sheet.write(row, fields, seen=0, by=by, at=at)
    _sheet.tell("decision_role.added", row, opportunity, by=by, at=at, role=main, contact=contact.name)
    _log.judge(opportunity, by=by, at=at)
    return row


def person_on(opportunity: Opportunity, pk: int | None) -> DecisionRole | None:
    """Return a person by the id of their row on this sheet; None for None.

    :raises Refused: `reports_elsewhere`: they are not on this sheet.
    """
    if pk is None:
        return None
    found: DecisionRole | None = (
        DecisionRole.objects.filter(opportunity=opportunity, pk=pk).select_related("contact").first()
    )
    if found is None:
        raise Refused("reports_elsewhere")
    return found


def _refuse_namesake(opportunity: Opportunity, name: str) -> None:
    """Refuse a new person with the name of one who stands on the sheet: a second click, or the same person."""
    if DecisionRole.objects.filter(opportunity=opportunity, contact__name=name).exists():
        raise Refused("person_on_sheet")


@transaction.atomic
def change_role(
    opportunity: Opportunity,
    pk: int,
    *,
    seen: int,
    roles: Collection[str],
    influence: Influence,
    attitude: Attitude | None,
    win: str = "",
    reports_to: int | None = None,
    by: Membership,
    at: datetime,
) -> DecisionRole:
    """Change what a person on the sheet is.

    :raises DecisionRole.DoesNotExist: no such person on this sheet.
    :raises Stale: it was changed since version `seen`.
    :raises Refused: as `add_role`, and `reports_in_a_circle`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _sheet.on_sheet(DecisionRole, opportunity, pk)
    main, *also = ordered(roles)
    lines: dict[int, int | None] = dict(
        DecisionRole.objects.filter(opportunity=opportunity).values_list("pk", "reports_to_id")
    )
    superior = person_on(opportunity, reports_to)
    check_reports_to(row.pk, reports_to, lines)
    fields: dict[str, Any] = {
        "role": main,
        "also": also,
        "influence": influence,
        "attitude": attitude,
        "win": _sheet.text_of(win, WIN_LENGTH),
        "reports_to": superior,
    }
    changes = _sheet.write(row, fields, seen=seen, by=by, at=at)
    if changes:
        _sheet.tell("decision_role.changed", row, opportunity, by=by, at=at, changes=changes)
        _log.judge(opportunity, by=by, at=at)
    return row


@transaction.atomic
def remove_role(opportunity: Opportunity, pk: int, *, seen: int, by: Membership, at: datetime) -> None:
    """Take a person off the sheet, who may be gone already; whoever reported to them reports to their superior now.

    :raises Stale: they were changed since version `seen`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _sheet.gone_or_held(DecisionRole, opportunity, pk, seen)
    if row is None:
        return
    DecisionRole.objects.filter(opportunity=opportunity, reports_to=row).update(reports_to=row.reports_to_id)
    name = row.contact.name
    _sheet.tell("decision_role.removed", row, opportunity, by=by, at=at, role=row.role, contact=name)
    row.delete()
    _log.judge(opportunity, by=by, at=at)
