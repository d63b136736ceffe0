"""Writes on the settings of an organization."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from tenants import audit
from tenants.calendar import days
from tenants.errors import Refused, Stale
from tenants.models import (
    AuditEvent,
    ExchangeRate,
    Holiday,
    Membership,
    Organization,
    amounts_exist,
    converted_amounts,
)
from tenants.names import checked


@transaction.atomic
def change_organization(
    organization: Organization, *, seen: int, by: Membership, at: datetime, **fields: Any
) -> Organization:
    """Change the settings named in `fields`: name, currency, time_zone, fiscal_year_start, working_days, language.

    :raises Stale: somebody changed them since version `seen`.
    :raises Refused: name_missing; amounts_exist, rates_exist: the currency cannot change any more.
    """
    if "name" in fields:
        fields["name"] = checked(fields["name"])
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    before = {name: getattr(organization, name) for name in fields}
    if organization.version != seen:
        last = _last_change(organization)
        raise Stale(
            before,
            version=organization.version,
            changed_by=last.by.name if last and last.by else "",
            changed_at=last.at if last else None,
        )
    if fields.get("currency", organization.currency) != organization.currency:
        _may_change_currency(organization)
    changes = audit.changes(before, fields)
    if changes:
        for name, value in fields.items():
            setattr(organization, name, value)
        organization.version += 1
        organization.save(update_fields=[*fields, "version"])
        audit.record("organization.changed", organization, by=by, at=at, changes=changes)
    return organization


def _last_change(organization: Organization) -> AuditEvent | None:
    events = AuditEvent.objects.filter(
        target_type="tenants.organization", target_id=organization.pk, verb="organization.changed"
    )
    return events.select_related("by__user").first()  # newest first


def _may_change_currency(organization: Organization) -> None:
    """Amounts carry no currency of their own: another one would change what every number means."""
    if amounts_exist():
        raise Refused("amounts_exist", currency=organization.currency)
    if ExchangeRate.objects.exists():
        raise Refused("rates_exist", currency=organization.currency)


@transaction.atomic
def add_rate(
    organization: Organization, *, currency: str, on: date, rate: Decimal, by: Membership, at: datetime
) -> ExchangeRate:
    """Say what one unit of `currency` is worth in the reporting currency from a day on; the same twice is once.

    :raises Refused: rate_of_itself, rate_taken.
    """
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    if currency == organization.currency:
        raise Refused("rate_of_itself")
    there: ExchangeRate | None = ExchangeRate.objects.filter(currency=currency, on=on).first()
    if there is not None:
        if there.rate == rate:
            return there
        raise Refused("rate_taken", currency=currency)
    made: ExchangeRate = ExchangeRate.objects.create(currency=currency, on=on, rate=rate)
    audit.record("rate.added", made, by=by, at=at, currency=currency, on=str(on), rate=str(rate))
    return made


@transaction.atomic
def delete_rate(rate: ExchangeRate, *, by: Membership, at: datetime) -> None:
    """Delete a dated rate; the one before it holds on, also for what is open and was converted at it. It may be gone
    already.

    :raises Refused: rate_in_use; amounts were converted at it, and no earlier one could explain them.
    """
    Organization.objects.select_for_update().get(pk=rate.organization.pk)
    if not ExchangeRate.objects.filter(pk=rate.pk).exists():
        return
    converted = converted_amounts(rate.currency, on=rate.on)
    if converted and not ExchangeRate.objects.filter(currency=rate.currency, on__lt=rate.on).exists():
        raise Refused("rate_in_use", currency=rate.currency, n=converted)
    audit.record("rate.deleted", rate, by=by, at=at, currency=rate.currency, on=str(rate.on), rate=str(rate.rate))
    rate.delete()


@transaction.atomic
def add_days_to_calendar(
    organization: Organization,
    *,
    first: date,
    last: date,
    name: str,
    is_working: bool,
    by: Membership,
    at: datetime,
) -> int:
    """Add the days from `first` to `last` as days off, or as make-up working days. Returns how many were new.

    :raises Refused: day_taken; one of them stands in the calendar as something else. Nothing is added then.
    """
    Organization.objects.select_for_update().get(pk=organization.pk)
    wanted = days(first, last)
    there = {holiday.on: holiday for holiday in Holiday.objects.filter(on__in=wanted)}
    for day, holiday in there.items():
        if (holiday.name, holiday.is_working) != (name, is_working):
            raise Refused("day_taken", on=day, name=holiday.name)
    new = [Holiday(on=day, name=name, is_working=is_working) for day in wanted if day not in there]
    Holiday.objects.bulk_create(new)
    if new:
        audit.record(
            "holiday.added",
            new[0],
            by=by,
            at=at,
            on=str(new[0].on),
            until=str(new[-1].on),
            days=len(new),
            is_working=is_working,
        )
    return len(new)


@transaction.atomic
def delete_from_calendar(holiday: Holiday, *, by: Membership, at: datetime) -> None:
    """Take a day out of the calendar, where it may be gone already: its weekday counts again."""
    if not Holiday.objects.select_for_update().filter(pk=holiday.pk).exists():
        return
    audit.record(
        "holiday.deleted", holiday, by=by, at=at, on=str(holiday.on), name=holiday.name, is_working=holiday.is_working
    )
    holiday.delete()
