"""Questions about days and rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from tenants.calendar import WorkCalendar, weekdays
from tenants.currencies import convert
from tenants.effects import Adjustment, Effect, effects
from tenants.errors import Refused
from tenants.models import ExchangeRate, Holiday, Organization


def holidays_of(year: int) -> QuerySet[Holiday]:
    """Return the entries of the calendar of one year."""
    return cast("QuerySet[Holiday]", Holiday.objects.filter(on__year=year))


def holiday_or_404(pk: int) -> Holiday:
    """Return an entry of the calendar of the current organization."""
    return get_object_or_404(Holiday, pk=pk)


def calendar_of(organization: Organization) -> WorkCalendar:
    """Return the working days of the current organization."""
    entries = list(Holiday.objects.values_list("on", "is_working"))
    return WorkCalendar(
        weekdays=weekdays(organization.working_days),
        off=frozenset(day for day, is_working in entries if not is_working),
        made_up=frozenset(day for day, is_working in entries if is_working),
    )


def rates() -> list[tuple[str, list[ExchangeRate]]]:
    """Return the dated rates by currency, the newest first."""
    grouped: dict[str, list[ExchangeRate]] = {}
    for rate in ExchangeRate.objects.order_by("currency", "-on"):
        grouped.setdefault(rate.currency, []).append(rate)
    return list(grouped.items())


class NewRate(TypedDict):
    """A rate that is not added yet."""

    currency: str
    on: date
    rate: Decimal


@dataclass(frozen=True)
class RateTold:
    """What a new dated rate means: the one it follows, when the next one ends it, and what it does to amounts."""

    before: ExchangeRate | None
    next_on: date | None
    effects: Sequence[Effect]


def rate_told(organization: Organization, new: NewRate, now: datetime) -> RateTold:
    """Return what a rate would stand between, and what it would do to what is kept."""
    currency, on = new["currency"], new["on"]
    dated = ExchangeRate.objects.filter(currency=currency)
    before = dated.filter(on__lt=on).order_by("-on").first()
    following = dated.filter(on__gt=on).order_by("on").values_list("on", flat=True).first()
    told = effects([Adjustment(organization, "rates", None, ExchangeRate(**new), now)])
    return RateTold(before, following, told)


def rate_lost(rate: ExchangeRate, now: datetime) -> list[Effect]:
    """Return what deleting a rate does to what is kept."""
    return effects([Adjustment(rate.organization, "rates", rate, None, now)])


def rate_or_404(pk: int) -> ExchangeRate:
    """Return a dated rate of the current organization."""
    return get_object_or_404(ExchangeRate, pk=pk)


def rate_on(currency: str, on: date) -> Decimal:
    """Return what one unit of `currency` is worth in the reporting currency on that day.

    :raises Refused: rate_missing; no rate stands from that day or earlier.
    """
    rate: Decimal | None = (
        ExchangeRate.objects.filter(currency=currency, on__lte=on)
        .order_by("-on")
        .values_list("rate", flat=True)
        .first()
    )
    if rate is None:
        raise Refused("rate_missing", currency=currency, on=on)
    return rate


def in_reporting_currency(minor: int, currency: str, *, organization: Organization, on: date) -> int:
    """Return an amount in minor units of the reporting currency, at the rate of that day.

    :raises Refused: rate_missing.
    """
    if currency == organization.currency:
        return minor
    return convert(minor, rate_on(currency, on))
