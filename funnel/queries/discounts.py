"""How much discount may be given, and what another limit would do."""

from datetime import date
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from funnel.approvals import ApprovalKind
from funnel.discounts import DiscountLimits, allowed
from funnel.models import Approval, DiscountSetting, Opportunity
from tenants.effects import Effect, stands
from tenants.models import Membership
from tenants.permissions import Role


def discount_setting() -> DiscountSetting:
    """Return how much may be given without asking."""
    return DiscountSetting.current()


def may_give(opportunity: Opportunity, by: Membership, *, on: date) -> Decimal:
    """Return how many percent this member may give on the price that stands: alone, or since it was granted."""
    grants = Approval.objects.all().discounts(opportunity, on=on)
    return allowed(discount_setting().limits, by.role, opportunity.basis, grants)


def limit_effects(after: DiscountLimits) -> list[Effect]:
    """Say what other limits would do, before it is done."""
    before, found = discount_setting().limits, []
    if after == before:
        return []
    if after.rep != before.rep:
        rows = Opportunity.objects.open().exclude(owner__role__in=[Role.MANAGER, Role.EXECUTIVE])
        n = rows.filter(discount__gt=after.rep).count()
        text = ngettext(
            "{n} open opportunity of a rep has a discount above {percent} % and keeps it; the next one is asked.",
            "{n} open opportunities of reps have a discount above {percent} % and keep it; the next one is asked.",
            n,
        )
        found.append(Effect(text.format(n=f"{n:,}", percent=f"{float(after.rep):g}")))
    low, high = sorted([before.manager, after.manager])
    waiting = Approval.objects.waiting().filter(kind=ApprovalKind.DISCOUNT, percent__gt=low, percent__lte=high)
    if after.manager < before.manager:
        n = waiting.count()
        text = ngettext(
            "{n} request that waits can then be granted by an executive alone.",
            "{n} requests that wait can then be granted by an executive alone.",
            n,
        )
        found.append(Effect(text.format(n=f"{n:,}")))
    if after.manager > before.manager:
        n = waiting.exclude(asked_by=F("opportunity__owner"), opportunity__owner__role=Role.MANAGER).count()
        text = ngettext(
            "{n} request that waits with an executive can then be granted by a manager too.",
            "{n} requests that wait with an executive can then be granted by a manager too.",
            n,
        )
        found.append(Effect(text.format(n=f"{n:,}")))
    found.append(Effect(_("What was granted already stays granted, on the price it was granted for.")))
    return found


def _stand(_reader: Membership, _today: date) -> str:
    """Say what may be given alone."""
    limits = discount_setting().limits
    text = _("rep {rep} %, manager {manager} %")
    return text.format(rep=f"{float(limits.rep):g}", manager=f"{float(limits.manager):g}")


stands("funnel:discounts", _stand)
