"""What the settings of the funnel stand at, and what changes of settings elsewhere do to opportunities."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from django.db.models import Case, Count, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from funnel.leads import Answer, Criteria, Criterion, Facts, LeadStatus, Standing, answers, judge
from funnel.models import Evidence, EvidenceItem, Lead, LeadAnswer, LeadSetting, Opportunity, WebForm
from funnel.queries.opportunities import stage_table
from funnel.revaluing import dated, worth
from funnel.stages import Gate, Stage
from tenants.effects import Adjustment, Effect, stands, told_of
from tenants.formats import exact
from tenants.models import ExchangeRate, Membership


def lacking_by_stage() -> dict[int, int]:
    """Return how many open opportunities of each stage lack evidence that it demands: whom a gate would hold."""
    demanded = Counter(item.stage for item in EvidenceItem.objects.all().checklist())
    of_stage = (
        Evidence.objects.standing()
        .filter(opportunity=OuterRef("pk"), item__stage=OuterRef("stage"), item__is_active=True)
        .order_by()
    )
    filed = Subquery(of_stage.values("opportunity").annotate(n=Count("pk")).values("n"))
    wanted = Case(*(When(stage=stage, then=Value(n)) for stage, n in demanded.items()), default=Value(0))
    lacking = Opportunity.objects.open().annotate(filed=Coalesce(filed, Value(0)), wanted=wanted)
    counts = lacking.filter(filed__lt=F("wanted")).order_by().values("stage").annotate(n=Count("pk"))
    return dict.fromkeys(map(int, Stage), 0) | dict(counts.values_list("stage", "n"))


def criteria_effects(after: Criteria, *, today: date) -> list[Effect]:
    """Say how many open leads other criteria would judge otherwise; three queries."""
    before = LeadSetting.current().criteria
    moved: Counter[tuple[Standing, bool]] = Counter()
    for facts in _open_leads() if after != before else ():
        was, now = (judge(answers(facts, each, today), each.musts).standing for each in (before, after))
        if was != now:
            moved.update([(was, False), (now, True)])
    words = [
        (Standing.QUALIFIED, True, _qualify),
        (Standing.QUALIFIED, False, _no_longer_qualify),
        (Standing.DROP, True, _to_drop),
        (Standing.DROP, False, _no_longer_to_drop),
    ]
    return [Effect(say(moved[key, joins]), asks=True) for key, joins, say in words if moved[key, joins]]


def _open_leads() -> Iterator[Facts]:
    """Return what the criteria ask about, of every open lead."""
    given: defaultdict[int, dict[Criterion, Answer]] = defaultdict(dict)
    rows = LeadAnswer.objects.filter(lead__status=LeadStatus.OPEN).order_by()
    for lead, criterion, answer in rows.values_list("lead_id", "criterion", "answer"):
        given[lead][Criterion(criterion)] = Answer(answer)
    leads = Lead.objects.filter(status=LeadStatus.OPEN).order_by()
    for pk, budget, buys_on in leads.values_list("pk", "budget", "buys_on"):
        yield Facts(budget=budget, buys_on=buys_on, answers=given[pk])


def _qualify(n: int) -> str:
    return ngettext("{n} open lead becomes qualified.", "{n} open leads become qualified.", n).format(n=f"{n:,}")


def _no_longer_qualify(n: int) -> str:
    return ngettext("{n} open lead is no longer qualified.", "{n} open leads are no longer qualified.", n).format(
        n=f"{n:,}"
    )


def _to_drop(n: int) -> str:
    return ngettext("{n} open lead should then be dropped.", "{n} open leads should then be dropped.", n).format(
        n=f"{n:,}"
    )


def _no_longer_to_drop(n: int) -> str:
    return ngettext(
        "{n} open lead should no longer be dropped.", "{n} open leads should no longer be dropped.", n
    ).format(n=f"{n:,}")


def _stages_stand(_reader: Membership, _today: date) -> str:
    """Say the percentages, and how many stages hold an opportunity without evidence."""
    rows = stage_table()
    percents = " / ".join(str(row.percent) for row in rows)
    blocking = sum(row.gate == Gate.BLOCK for row in rows)
    text = ngettext("{percents} %, {n} stage blocks", "{percents} %, {n} stages block", blocking)
    return text.format(percents=percents, n=blocking) if blocking else f"{percents} %"


def _leads_stand(_reader: Membership, _today: date) -> str:
    """Say how soon a lead must buy."""
    n = LeadSetting.current().months
    return ngettext("buys within {n} month", "buys within {n} months", n).format(n=f"{n:,}")


def _web_forms_stand(_reader: Membership, _today: date) -> str:
    """Say how many web forms may send leads."""
    n = WebForm.objects.filter(is_active=True).count()
    return ngettext("{n} web form", "{n} web forms", n).format(n=f"{n:,}")


def _product_off_sale(adjustment: Adjustment) -> Iterator[Effect]:
    """Say how many open opportunities are about a product."""
    n = Opportunity.objects.open().filter(product=adjustment.of).count()
    if n and not adjustment.after:
        text = ngettext(
            "{n} open opportunity is about it and keeps it; new ones can no longer choose it.",
            "{n} open opportunities are about it and keep it; new ones can no longer choose it.",
            n,
        )
        yield Effect(text.format(n=f"{n:,}"))
    elif not adjustment.after:
        yield Effect(_("New opportunities can no longer choose it."))


def _rates(adjustment: Adjustment) -> Iterator[Effect]:
    """Say how many open opportunities the night will value anew by a rate that comes or goes, and by how much."""
    gone, come = adjustment.before, adjustment.after
    changed = come or gone
    night = max(changed.on, adjustment.now.astimezone(adjustment.of.zone).date())
    stored = ExchangeRate.objects.filter(currency=changed.currency).exclude(on=changed.on)
    listed = [(each.currency, each.on, each.rate) for each in (*stored, *([come] if come else []))]
    rates = dated(listed)
    pairs = [
        (amount, new.amount)
        for amount, quoted, rate_on in Opportunity.objects.quoted()
        .filter(quoted_currency=changed.currency)
        .order_by()
        .values_list("amount", "quoted_amount", "rate_on")
        if (new := worth(quoted, changed.currency, rate_on, rates, on=night)) and new.amount != amount
    ]
    if pairs:
        before, after = (exact(sum(side)) for side in zip(*pairs, strict=True))
        text = ngettext(
            "In the night of {day}, {n} open opportunity in {currency} is valued anew: {before} becomes {after}.",
            "In the night of {day}, {n} open opportunities in {currency} are valued anew: {before} becomes {after}.",
            len(pairs),
        )
        said = {"day": night.isoformat(), "n": f"{len(pairs):,}", "currency": changed.currency}
        yield Effect(text.format(**said, before=before, after=after))
    else:
        yield Effect(_("No open opportunity changes its value by it."))


stands("funnel:stages", _stages_stand)
stands("funnel:lead_settings", _leads_stand)
stands("funnel:web_forms", _web_forms_stand)
told_of("product.is_active", _product_off_sale)
told_of("rates", _rates)
