"""What moving the fiscal year or the time zone would do."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Subquery
from django.db.models.functions import ExtractMonth, ExtractYear
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting.labels import period_label
from forecasting.models import ForecastSnapshot, HealthSetting, HealthThreshold, Target
from forecasting.periods import Kind, Period, is_start, period_of
from funnel.models import Opportunity
from tenants.effects import Adjustment, Effect, stands, told_of
from tenants.models import Membership, Organization


def _fiscal_year(change: Adjustment) -> Iterator[Effect]:
    """Say where today would lie, which targets no longer fit, and what becomes of stored forecasts."""
    today = change.now.astimezone(change.of.zone).date()
    now, then = (period_of(Kind.QUARTER, today, start) for start in (change.before, change.after))
    words = {"now": _days_of(now), "then": _days_of(then)}
    yield Effect(_("Today lies in {now}; it would lie in {then}.").format(**words), asks=True)
    if (change.after - change.before) % 3 == 0:
        yield Effect(_("Quarters keep their days and their targets; only their number and year change."))
        return
    targets = Target.objects.filter(period=Kind.QUARTER).values_list("starts_on", flat=True)
    stray = [day for day in targets if not is_start(Kind.QUARTER, day, change.after)]
    if stray:
        text = ngettext(
            "{n} quarterly target begins where no quarter will begin ({ahead} of this quarter or later). It is kept "
            "and counts again if the year moves back, but not until then. Monthly targets count on.",
            "{n} quarterly targets begin where no quarter will begin ({ahead} of this quarter or later). They are kept "
            "and count again if the year moves back, but not until then. Monthly targets count on.",
            len(stray),
        )
        ahead = sum(day >= now.starts_on for day in stray)
        yield Effect(text.format(n=len(stray), ahead=ahead), asks=True)
    stored = ForecastSnapshot.objects.filter(period=Kind.QUARTER, ends_on__lt=today).order_by()
    past_ones = [
        day
        for day in stored.values_list("starts_on", flat=True).distinct()
        if not is_start(Kind.QUARTER, day, change.after)
    ]
    if past_ones:
        text = ngettext(
            "The forecasts stored for {n} past quarter stay and are judged under its own days.",
            "The forecasts stored for {n} past quarters stay and are judged under their own days.",
            len(past_ones),
        )
        yield Effect(text.format(n=len(past_ones)))
    yield Effect(_("The course of the quarter that runs begins anew with the next evening."))


def _days_of(period: Period) -> str:
    return f"{period_label(period)} ({period.starts_on:%m-%d} \N{EN DASH} {period.ends_on:%m-%d})"


def _time_zone(change: Adjustment) -> Iterator[Effect]:
    """Say how many wins would be counted in another month."""
    here, there = change.of.zone, ZoneInfo(change.after)
    moved = (
        Opportunity.objects.won()
        .annotate(
            now=ExtractYear("closed_at", tzinfo=here) * 12 + ExtractMonth("closed_at", tzinfo=here),
            then=ExtractYear("closed_at", tzinfo=there) * 12 + ExtractMonth("closed_at", tzinfo=there),
        )
        .exclude(now=F("then"))
        .count()
    )
    text = ngettext(
        "{n} win near midnight would be counted in another month.",
        "{n} wins near midnight would be counted in another month.",
        moved,
    )
    if moved:
        yield Effect(text.format(n=f"{moved:,}"), asks=True)


told_of("fiscal_year_start", _fiscal_year)
told_of("time_zone", _time_zone)


def _targets_stand(reader: Membership, today: date) -> str:
    """Say how many people have a target of the fiscal year."""
    organization: Organization = reader.organization
    year = period_of(Kind.YEAR, today, organization.fiscal_year_start)
    found = Target.objects.visible_to(reader).filter(starts_on__range=(year.starts_on, year.ends_on))
    n = found.order_by().values("owner_id").distinct().count()
    text = ngettext("{n} person in {year}", "{n} people in {year}", n)
    return text.format(n=f"{n:,}", year=period_label(year))


stands("forecasting:targets", _targets_stand)


def _health_stands(_reader: Membership, _today: date) -> str:
    """Say how many limits are not as usual, and the ladder."""
    own = HealthThreshold.objects.order_by().values("organization_id").annotate(n=Count("pk")).values("n")
    row = HealthSetting.objects.annotate(own=Subquery(own)).values_list("ladder", "own").first()
    days, n = (row[0], row[1] or 0) if row else (HealthSetting().ladder, 0)  # nothing was set yet
    ladder = " / ".join(map(str, days))
    text = ngettext("{n} limit of your own; {ladder} days", "{n} limits of your own; {ladder} days", n)
    return text.format(n=n, ladder=ladder)


stands("forecasting:health", _health_stands)
