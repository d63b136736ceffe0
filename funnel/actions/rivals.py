"""Competitors: those who stand for the same opportunity, and those we lost to."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts import actions as accounts_actions
from accounts import names
from accounts.models import Account
from accounts.segments import Kind
from funnel.actions import _log, _sheet
from funnel.actions._evidence import heed_rivals
from funnel.models import Opportunity, Rival
from funnel.models.strategy import LONG
from funnel.stages import Status
from tenants import audit
from tenants.actions.locking import one_at_a_time
from tenants.errors import Refused
from tenants.models import Membership
from tenants.scoping import require_organization_id


def competitors_by_name(texts: Iterable[str]) -> dict[str, int]:
    """Return the id of the competitor that each text names, in any spelling; names that two have are left out."""
    keys = {text: names.key(text)[:200] for text in texts if text.strip()}
    rows = Account.objects.filter(kind=Kind.COMPETITOR, name_key__in=set(keys.values())).order_by()
    found = list(rows.values_list("name_key", "pk"))
    once = Counter(key for key, _pk in found)
    known = {key: pk for key, pk in found if once[key] == 1}
    return {text: known[key] for text, key in keys.items() if key in known}


def ensure_competitor(name: str, *, by: Membership, at: datetime) -> Account:
    """Return the competitor of this name, in any spelling, or keep it as one from now on.

    :raises Refused: `competitor_needed`.
    """
    if names.is_blank(name):
        raise Refused("competitor_needed")
    one_at_a_time(f"competitor:{require_organization_id()}")
    key = names.key(name)[:200]
    found = Account.objects.filter(kind=Kind.COMPETITOR, name_key=key).order_by("pk").first()
    if found is not None:
        return found
    return accounts_actions.create_account(name=name.strip()[:200], owner=by, by=by, at=at, kind=Kind.COMPETITOR)


def put_on_sheet(opportunity: Opportunity, competitor: Account, *, by: Membership, at: datetime, **texts: str) -> Rival:
    """Put a competitor on the sheet of an opportunity that is held.

    :raises Refused: `not_a_competitor`, `note_too_long`.
    """
    if competitor.kind != Kind.COMPETITOR:
        raise Refused("not_a_competitor")
    row = Rival(opportunity=opportunity, competitor=competitor)
    _sheet.write(row, {name: _sheet.text_of(text, LONG) for name, text in texts.items()}, seen=0, by=by, at=at)
    _sheet.tell("rival.added", row, opportunity, by=by, at=at, competitor=competitor.name)
    return row


@transaction.atomic
def add_rival(
    opportunity: Opportunity,
    *,
    competitor: Account | None = None,
    new_name: str = "",
    strengths: str = "",
    weaknesses: str = "",
    answer: str = "",
    by: Membership,
    at: datetime,
) -> Rival:
    """Put a competitor on the sheet; evidence that is proven by who stands there waits for a verdict anew.

    :param new_name: of one that is not kept yet; goes before `competitor`.
    :raises Refused: `competitor_needed`, `not_a_competitor`, `rival_on_sheet`, `note_too_long`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    if new_name.strip():
        competitor = ensure_competitor(new_name, by=by, at=at)
    if competitor is None:
        raise Refused("competitor_needed")
    before = list(Rival.objects.on(opportunity))
    if any(rival.competitor_id == competitor.pk for rival in before):
        raise Refused("rival_on_sheet")
    said = {"strengths": strengths, "weaknesses": weaknesses, "answer": answer}
    row = put_on_sheet(opportunity, competitor, by=by, at=at, **said)
    heed_rivals(opportunity, before, by=by, at=at)
    return row


@transaction.atomic
def change_rival(
    opportunity: Opportunity,
    pk: int,
    *,
    seen: int,
    strengths: str,
    weaknesses: str,
    answer: str,
    by: Membership,
    at: datetime,
) -> Rival:
    """Change what stands of a rival on the sheet.

    :raises Rival.DoesNotExist: no such rival on this sheet.
    :raises Stale: it was changed since version `seen`.
    :raises Refused: `note_too_long`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _sheet.on_sheet(Rival, opportunity, pk)
    fields = {"strengths": strengths, "weaknesses": weaknesses, "answer": answer}
    kept = {name: _sheet.text_of(text, LONG) for name, text in fields.items()}
    changes = _sheet.write(row, kept, seen=seen, by=by, at=at)
    if changes:
        _sheet.tell("rival.changed", row, opportunity, by=by, at=at, changes=changes)
    return row


@transaction.atomic
def remove_rival(opportunity: Opportunity, pk: int, *, seen: int, by: Membership, at: datetime) -> None:
    """Take a rival off the sheet, who may be gone already.

    Evidence that is proven by who stands there waits for a verdict anew; with the last of them it is withdrawn.

    :raises Stale: it was changed since version `seen`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _sheet.gone_or_held(Rival, opportunity, pk, seen)
    if row is None:
        return
    before = list(Rival.objects.on(opportunity))
    _sheet.tell("rival.removed", row, opportunity, by=by, at=at, competitor=row.competitor.name)
    row.delete()
    heed_rivals(opportunity, before, by=by, at=at)


@transaction.atomic
def adopt_rival(name: str, *, by: Membership, at: datetime) -> tuple[Account, int]:
    """Keep a name, under which opportunities were lost, as a competitor; link those that `by` may see to it.

    Only what is the same name in another spelling is linked; nothing is guessed. The change log keeps the name as it
    was typed, so nothing that counts moves. Return the competitor, and how many were linked.

    :raises Refused: `competitor_needed`.
    """
    key = names.key(name)[:200]
    lost = Opportunity.objects.filter(status=Status.LOST, lost_to=None).exclude(rival="")
    seen = lost.visible_to(by).order_by("pk").values_list("pk", "rival")
    same = [pk for pk, text in seen if names.key(text)[:200] == key]
    held = lost.select_for_update(of=("self",)).select_related("account").filter(pk__in=same).order_by("pk")
    rows = [row for row in held if names.key(row.rival)[:200] == key]
    competitor = ensure_competitor(name, by=by, at=at)
    for row in rows:
        row.lost_to = competitor
        _log.write(row, [], by=by, at=at, fields=["lost_to"])
        audit.record("opportunity.linked", row, by=by, at=at, competitor=competitor.name)
    return competitor, len(rows)
