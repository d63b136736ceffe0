"""Takes back what imported visits left elsewhere, before they go."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts import actions as accounts
from accounts.models import Account
from activities.actions import _following
from activities.kinds import Result, VisitState
from activities.models import Visit, VisitContact


@transaction.atomic
def forget_visits(ids: Collection[int], *, at: datetime) -> None:
    """Let accounts say what they would if these visits, which are about to go, had never been."""
    gone = list(Visit.objects.filter(pk__in=ids).select_related("organization"))
    accounts.untell(Visit, ids)
    _recount(gone, at=at, without=ids)


@transaction.atomic
def forget_met(ids: Collection[int], *, at: datetime) -> None:
    """Let people have been met when they would have been without these rows, which are about to go."""
    rows = list(VisitContact.objects.filter(pk__in=ids).select_related("organization"))
    if rows:
        people, zone = {row.contact_id for row in rows}, rows[0].organization.zone
        _following.remember_met(people, zone, at=at, without=ids)


@transaction.atomic
def rectify_visits(ids: Collection[int], *, at: datetime) -> None:
    """Let accounts say what these visits say, now that their former words are back."""
    back = list(Visit.objects.filter(pk__in=ids).select_related("organization"))
    _following.retell(back)
    _recount(back, at=at)


def _recount(visits: Collection[Visit], *, at: datetime, without: Collection[int] = ()) -> None:
    """Find anew when the accounts of visits were last met, where one of these said so, and which was the first."""
    ids = sorted({visit.account_id for visit in visits})
    said: dict[int, set[datetime]] = {pk: set() for pk in ids}
    for visit in visits:
        said[visit.account_id].add(visit.happened_at)
    met = Visit.objects.filter(account__in=ids, state=VisitState.DONE).exclude(result=Result.NOBODY)
    left = met.exclude(pk__in=without).order_by().values_list("account").annotate(Max("happened_at"))
    latest: dict[int, datetime] = dict(left)
    stands = Account.objects.filter(pk__in=ids).values_list("pk", "last_contact_at")
    accounts.set_contacts({pk: latest.get(pk) for pk, last in stands if last in said[pk]})
    _following.mark_first(ids, without=without)
    there = VisitContact.objects.filter(visit__in=[visit.pk for visit in visits]).values_list("pk", "contact_id")
    people = dict(there)
    if people:
        zone = next(iter(visits)).organization.zone
        _following.remember_met(set(people.values()), zone, at=at, without=people.keys() if without else ())
