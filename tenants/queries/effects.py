"""What a change of the organization's own settings will do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants import labels
from tenants.calendar import WorkCalendar, weekdays
from tenants.effects import Adjustment, Effect, effects, told_of
from tenants.models import ExchangeRate, Holiday, Invitation, Membership, Organization, Team, money_columns
from tenants.queries.days import calendar_of


def effects_of(organization: Organization, values: Mapping[str, Any], now: Any) -> list[Effect]:
    """Return what these new values of an organization will do; nothing for those that stay."""
    names = [name for name, value in values.items() if getattr(organization, name) != value]
    return effects(Adjustment(organization, name, getattr(organization, name), values[name], now) for name in names)


def _name(change: Adjustment) -> Iterator[Effect]:
    text = _("Every page and mail says {name} from now on; the address /o/{slug}/ stays as it is.")
    yield Effect(text.format(name=change.after, slug=change.of.slug))


def _language(change: Adjustment) -> Iterator[Effect]:
    n = Membership.objects.in_current_organization().active().filter(user__language="").count()
    text = ngettext(
        "{n} person who has chosen no language will read {language}; so will every mail.",
        "{n} people who have chosen no language will read {language}; so will every mail.",
        n,
    )
    yield Effect(text.format(n=f"{n:,}", language=labels.value_words("language", change.after)))


def _time_zone(change: Adjustment) -> Iterator[Effect]:
    here = change.now.astimezone(change.of.zone)
    there = change.now.astimezone(Organization(time_zone=change.after).zone)
    text = _(
        "Now it is {here}; it would be {there}. What is due and overdue follows. "
        "What is recorded keeps its moment; around midnight it may be counted on another day."
    )
    moments = {"here": f"{here:%Y-%m-%d %H:%M}", "there": f"{there:%Y-%m-%d %H:%M}"}
    yield Effect(text.format(**moments), asks=True)


def _fiscal_year(change: Adjustment) -> Iterator[Effect]:
    text = _("The fiscal year begins in {month} from now on, also in reports about the past.")
    yield Effect(text.format(month=labels.value_words("fiscal_year_start", change.after)), asks=True)


def _working_days(change: Adjustment) -> Iterator[Effect]:
    today = change.now.astimezone(change.of.zone).date()
    first = today.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    calendar = calendar_of(change.of)
    then = WorkCalendar(weekdays(change.after), calendar.off, calendar.made_up)
    text = _("This month has {then} working days instead of {now}: pace and due dates are counted by them.")
    yield Effect(text.format(now=calendar.count(first, last), then=then.count(first, last)), asks=True)


def _currency(change: Adjustment) -> Iterator[Effect]:
    kept = _kinds_with_amounts()
    if kept:
        text = _("Amounts are kept in {currency} and would mean something else: {list}. It cannot change any more.")
        yield Effect(text.format(currency=change.before, list=labels.in_a_row(kept)), stops=True)
        return
    codes = sorted(set(ExchangeRate.objects.values_list("currency", flat=True)))
    if codes:
        text = _("The rates of {list} are in {currency}. Delete them first, then add them anew in {after}.")
        yield Effect(text.format(list=labels.in_a_row(codes), currency=change.before, after=change.after), stops=True)
        return
    text = _("Amounts without a currency are {after} from now on; amounts in {before} then need a dated rate.")
    yield Effect(text.format(after=change.after, before=change.before), asks=True)


def _kinds_with_amounts() -> list[str]:
    """Return what holds amounts of money, in words, each once."""
    found = {
        labels.kind_words(model._meta.label_lower)
        for model, name in money_columns()
        if model.objects.filter(~Q(**{name: 0}), **{f"{name}__isnull": False}).exists()
    }
    return sorted(found)


for _field, _teller in {
    "name": _name,
    "language": _language,
    "time_zone": _time_zone,
    "fiscal_year_start": _fiscal_year,
    "working_days": _working_days,
    "currency": _currency,
}.items():
    told_of(_field, _teller)


@dataclass(frozen=True)
class Counts:
    """How much there is of what the list of settings shows in numbers."""

    people: int
    invitations: int
    teams: int
    holidays: int


def counts(organization: Organization, year: int) -> Counts:
    """Count members, open invitations, teams and the entries of a year's calendar, by one query."""
    rows: list[Any] = [
        Membership.objects.in_current_organization().filter(is_active=True),
        Invitation.objects.filter(accepted_at=None, withdrawn_at=None),
        Team.objects.all(),
        Holiday.objects.filter(on__year=year),
    ]
    each = [
        Coalesce(Subquery(found.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n")), 0)
        for found in rows
    ]
    return Counts(*Organization.objects.filter(pk=organization.pk).values_list(*each).get())


def days_told(organization: Organization, first: date, last: date, *, is_working: bool) -> tuple[int, int]:
    """Return the working days of the months touched, before and after these days enter the calendar."""
    begin = first.replace(day=1)
    end = (last.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    calendar = calendar_of(organization)
    new = frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))
    then = WorkCalendar(
        calendar.weekdays,
        calendar.off if is_working else calendar.off | new,
        calendar.made_up | new if is_working else calendar.made_up,
    )
    return calendar.count(begin, end), then.count(begin, end)
