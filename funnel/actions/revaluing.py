"""Valuing anew what was quoted in another currency, by the rates of a day."""

from datetime import date, datetime

from django.db import transaction

from funnel.actions import _log
from funnel.history import Draft
from funnel.models import Opportunity
from funnel.revaluing import dated, worth
from funnel.stages import ChangeKind, Stage
from tenants import audit
from tenants.bulk import update_many
from tenants.models import ExchangeRate


@transaction.atomic
def revalue(*, on: date, at: datetime) -> int:
    """Value the open opportunities quoted in another currency at the last rate up to `on`; return how many changed.

    Each counts a version up, so that whoever had its form open is told; what is won or lost keeps its value. By the
    same rates again nothing changes. Health is judged by the night that calls this.
    """
    rates = dated(ExchangeRate.objects.order_by("on").values_list("currency", "on", "rate"))
    rows = Opportunity.objects.quoted().order_by("pk").only(*_READ).select_for_update() if rates else ()
    percents = _log.percents()
    written: list[Opportunity] = []
    told: list[tuple[Opportunity, list[Draft]]] = []
    before = after = 0
    for each in rows:
        new = worth(each.quoted_amount, each.quoted_currency, each.rate_on, rates, on=on)
        if new is None or (new.amount, new.rate_on) == (each.amount, each.rate_on):
            continue
        if new.amount != each.amount:
            percent, why = percents[Stage(each.stage)], new.words(each.quoted_currency)
            told.append((each, [Draft(ChangeKind.RATE, each.amount, new.amount, at, percent, why)]))
            before, after = before + each.amount, after + new.amount
            each.version += 1
            each.updated_at, each.updated_by = at, None
        each.amount, each.rate_on = new.amount, new.rate_on
        written.append(each)
    update_many(written, ["amount", "rate_on", "version", "updated_at", "updated_by"])
    _log.append_many(told, by=None, at=at)
    if told:
        changes = {"amount": [before, after]}
        audit.record("opportunity.revalued", None, by=None, at=at, count=len(told), changes=changes)
    return len(told)


_READ = ("organization", "stage", "amount", "quoted_amount", "quoted_currency", "rate_on", "version", "updated_at")
