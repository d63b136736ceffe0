"""Targets: set one by one, and brought in many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from forecasting.models import PERIODS, Target
from forecasting.periods import Kind, Period, is_start
from tenants import audit
from tenants.actions.locking import one_at_a_time
from tenants.errors import Refused, Stale
from tenants.formats import LARGEST
from tenants.models import Membership, Organization

BATCH = 1_000


@transaction.atomic
def set_target(
    owner: Membership,
    period: str,
    starts_on: date,
    amount: int | None,
    *,
    by: Membership,
    at: datetime,
    seen: int | None = None,
) -> Target | None:
    """Set what a person is to sell in a month or quarter; None takes the target away.

    :param amount: minor units of the reporting currency.
    :param seen: the version that was shown, 0 for none; None sets it whatever stands.
    :raises Refused: `not_a_period`, `not_selling`, `amount_negative`, `amount_too_large`.
    :raises Stale: somebody else has set another amount since.
    """
    organization: Organization = owner.organization
    if period not in PERIODS or not is_start(Kind(period), starts_on, organization.fiscal_year_start):
        raise Refused("not_a_period")
    if not Membership.objects.in_current_organization().selling().filter(pk=owner.pk).exists():
        raise Refused("not_selling")
    if amount is not None and amount < 0:
        raise Refused("amount_negative")
    if amount is not None and amount >= LARGEST:
        raise Refused("amount_too_large")
    one_at_a_time(f"forecasting.target:{owner.pk}")
    found = (
        Target.objects.select_for_update(of=("self",))
        .select_related("set_by__user")
        .filter(owner=owner, period=period, starts_on=starts_on)
    )
    target: Target | None = found.first()
    before = target.amount if target else None
    if before == amount:
        return target
    if seen is not None and seen != (target.version if target else 0):
        changed_by, changed_at = (target.set_by.name, target.set_at) if target else ("", None)
        version = target.version if target else 0
        raise Stale({"amount": before}, version=version, changed_by=changed_by, changed_at=changed_at)
    data = {"owner": owner.pk, "period": period, "starts_on": starts_on.isoformat(), "amount": [before, amount]}
    if amount is None:
        audit.record("target.cleared", target, by=by, at=at, **data)
        if target is not None:
            target.delete()
        return None
    if target is None:
        target = Target(owner=owner, period=period, starts_on=starts_on, version=0)
    target.amount, target.set_by, target.set_at = amount, by, at
    target.version += 1
    target.save()
    audit.record("target.set", target, by=by, at=at, **data)
    return target


@dataclass(frozen=True)
class ImportedTarget:
    """What one person is to sell in one period, as its source knows it; minor units of the reporting currency."""

    owner_id: int
    period: Period
    amount: int


@dataclass(frozen=True)
class SetTarget:
    """What became of a row: the target, whether it is new, its version now and what it held before."""

    pk: int
    version: int
    is_new: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def import_targets(rows: Sequence[ImportedTarget], *, by: Membership, at: datetime) -> list[SetTarget]:
    """Set many targets, each with its line in the audit as if set by hand; answers in the rows' order.

    The caller has checked periods, people and amounts; of two rows for one person and period the last one stands.
    """
    for owner_id in sorted({row.owner_id for row in rows}):
        one_at_a_time(f"forecasting.target:{owner_id}")
    found = Target.objects.select_for_update(of=("self",)).filter(
        owner_id__in={row.owner_id for row in rows}, starts_on__in={row.period.starts_on for row in rows}
    )
    known = {(target.owner_id, target.period, target.starts_on): target for target in found.order_by("pk")}
    made: list[Target] = []
    before: dict[int, dict[str, Any]] = {}
    touched: list[tuple[Target, int | None]] = []
    told: list[Target] = []
    for row in rows:
        key = (row.owner_id, str(row.period.kind), row.period.starts_on)
        target = known.get(key)
        told_before = target.amount if target else None
        if target is None:
            target = known[key] = Target(owner_id=key[0], period=key[1], starts_on=key[2], version=1)
            made.append(target)
        elif target.amount != row.amount and target.pk:
            held = {"amount": target.amount, "set_by_id": target.set_by_id, "set_at": target.set_at}
            before.setdefault(target.pk, held)
            target.version += 1
        told.append(target)
        if told_before != row.amount:
            target.amount, target.set_by, target.set_at = row.amount, by, at
            touched.append((target, told_before))
    Target.objects.bulk_create(made, batch_size=BATCH)
    changed = [target for target in known.values() if target.pk in before]
    Target.objects.bulk_update(changed, ["amount", "set_by", "set_at", "version"], batch_size=BATCH)
    for target, was in touched:
        data = {"owner": target.owner_id, "period": target.period, "starts_on": target.starts_on.isoformat()}
        audit.record("target.set", target, by=by, at=at, **data, amount=[was, target.amount])
    new = {target.pk for target in made}
    return [SetTarget(each.pk, each.version, each.pk in new, before.get(each.pk, {})) for each in told]
