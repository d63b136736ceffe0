"""Giving a discount, and how much may be given without asking."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from funnel.actions import _log
from funnel.actions._money import set_price
from funnel.discounts import DiscountLimits, allowed, ask_discount, check_limits
from funnel.history import Draft
from funnel.models import Approval, DiscountSetting, Opportunity
from funnel.stages import ChangeKind, Stage, Status
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership, Organization


@transaction.atomic
def give_discount(
    opportunity: Opportunity, percent: Decimal, *, seen: int, by: Membership, at: datetime
) -> Opportunity:
    """Give a discount on the price quoted before it; 0 takes it back. The same once more changes nothing.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: see `ask_discount`: `discount_beyond` says with `limit` how much may be given without asking;
        `closed`; `owner_decides` for a helper.
    """
    opportunity = _log.lock_deciding(opportunity, by=by)
    percent = percent.quantize(Decimal("0.1"))
    if opportunity.status == Status.OPEN and opportunity.discount == percent:
        return opportunity
    refuse_stale(opportunity, seen, *_log.SHOWN)
    if opportunity.status != Status.OPEN:
        raise Refused("closed")
    basis, today = opportunity.basis, at.astimezone(opportunity.organization.zone).date()
    grants = Approval.objects.all().discounts(opportunity, on=today)
    may = allowed(DiscountSetting.current().limits, by.role, basis, grants)
    ask_discount(percent, allowed=may, basis=basis)
    before, was = opportunity.amount, opportunity.discount
    fields = set_price(opportunity, basis.price or 0, percent)
    why, percents = f"\N{MINUS SIGN}{float(percent):g}%", _log.percents()
    drafts = [Draft(ChangeKind.AMOUNT, before, opportunity.amount, at, percents[Stage(opportunity.stage)], why)]
    _log.write(opportunity, drafts if before != opportunity.amount else [], by=by, at=at, fields=fields)
    data = {"percent": [f"{float(was):g}", f"{float(percent):g}"], "amount": [before, opportunity.amount]}
    _log.tell("opportunity.discounted", opportunity, by=by, at=at, data=data, timeline=False)
    return opportunity


@transaction.atomic
def change_discounts(limits: DiscountLimits, *, seen: int, by: Membership, at: datetime) -> DiscountSetting:
    """Set how many percent a rep and a manager may give without asking.

    :param seen: the version of the setting that was shown, 0 for the defaults.
    :raises Stale: it was changed since.
    :raises Refused: see `check_limits`.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)
    setting = DiscountSetting.current()
    before = {"rep_percent": setting.rep_percent, "manager_percent": setting.manager_percent}
    refuse_stale(setting, seen, **before)
    check_limits(limits)
    after = {"rep_percent": limits.rep, "manager_percent": limits.manager}
    changes = audit.changes(before, after)
    if not changes:
        return setting
    setting.rep_percent, setting.manager_percent = limits.rep, limits.manager
    setting.version += 1
    setting.updated_at, setting.updated_by = at, by
    setting.save()
    audit.record("discount_setting.changed", None, by=by, at=at, changes=changes)
    return setting
