"""What the settings of the funnel stand at, and what changes of settings elsewhere do to opportunities."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Case, Count, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from funnel.models import Evidence, EvidenceItem, LeadSetting, Opportunity, WebForm
from funnel.queries.opportunities import stage_table
from funnel.stages import Gate, Stage
from tenants.effects import Adjustment, Effect, stands, told_of
from tenants.models import Membership


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


def _stages_stand(_reader: Membership) -> str:
    """Say the percentages, and how many stages hold an opportunity without evidence."""
    rows = stage_table()
    percents = " / ".join(str(row.percent) for row in rows)
    blocking = sum(row.gate == Gate.BLOCK for row in rows)
    text = ngettext("{percents} %, {n} stage blocks", "{percents} %, {n} stages block", blocking)
    return text.format(percents=percents, n=blocking) if blocking else f"{percents} %"


def _leads_stand(_reader: Membership) -> str:
    """Say how soon a lead must buy."""
    n = LeadSetting.current().months
    return ngettext("buys within {n} month", "buys within {n} months", n).format(n=n)


def _web_forms_stand(_reader: Membership) -> str:
    """Say how many web forms may send leads."""
    n = WebForm.objects.filter(is_active=True).count()
    return ngettext("{n} web form", "{n} web forms", n).format(n=n)


def _product_off_sale(adjustment: Adjustment) -> Iterator[Effect]:
    """Say how many open opportunities are about a product."""
    n = Opportunity.objects.open().filter(product=adjustment.of).count()
    if n and not adjustment.after:
        text = ngettext(
            "{n} open opportunity is about it and keeps it; new ones can no longer choose it.",
            "{n} open opportunities are about it and keep it; new ones can no longer choose it.",
            n,
        )
        yield Effect(text.format(n=n))
    elif not adjustment.after:
        yield Effect(_("New opportunities can no longer choose it."))


stands("funnel:stages", _stages_stand)
stands("funnel:lead_settings", _leads_stand)
stands("funnel:web_forms", _web_forms_stand)
told_of("product.is_active", _product_off_sale)
