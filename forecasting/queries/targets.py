"""Targets of people and periods."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.models import Target, owned_by
from forecasting.periods import Kind, Period, is_start
from forecasting.queries.scope import Scope
from forecasting.weighting import target_of
from tenants.models import Membership
from tenants.permissions import Role


def targets_of(owners: Collection[int] | None, period: Period) -> dict[tuple[int, str, date], int]:
    """Return the stored targets of these owners inside a period, by (owner, kind, first day)."""
    rows = Target.objects.filter(owned_by(owners), starts_on__range=(period.starts_on, period.ends_on))
    return {
        (owner, kind, day): amount
        for owner, kind, day, amount in rows.values_list("owner_id", "period", "starts_on", "amount")
    }


@dataclass(frozen=True)
class Cell:
    """One person's target of one period: the amount (None: none set), the version to send back (0: none yet)."""

    period: Period
    amount: int | None
    version: int
    is_sum: bool = False


@dataclass(frozen=True)
class TargetRow:
    """One person's targets of a year."""

    member: Membership
    cells: list[Cell]
    total: int | None


@dataclass(frozen=True)
class TargetGrid:
    """Targets of people × periods, with the sums of each period and of all."""

    periods: list[Period]
    rows: list[TargetRow]
    totals: list[int | None]
    total: int | None


def _total(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def target_grid(whose: Scope, year: Period, kind: Kind) -> TargetGrid:
    """Return the targets of a year by month or quarter; a quarter without its own shows the sum of its months."""
    owners = [person.pk for person in whose.people]
    stored = Target.objects.filter(owner_id__in=owners, starts_on__range=(year.starts_on, year.ends_on))
    versions: dict[tuple[int, str, date], tuple[int, int]] = {
        (row.owner_id, row.period, row.starts_on): (row.amount, row.version) for row in stored
    }
    amounts = {key: amount for key, (amount, _version) in versions.items()}
    first = Period(kind, year.starts_on, year.fiscal_start)
    periods = [first]
    while periods[-1].ends_on < year.ends_on:
        periods.append(periods[-1].next)
    rows = []
    for person in whose.people:
        has_any = any(key[0] == person.pk for key in amounts)
        if not has_any and not (person.is_active and person.role in {Role.REP, Role.PARTNER, Role.MANAGER}):
            continue
        cells = []
        for period in periods:
            key = (person.pk, str(period.kind), period.starts_on)
            amount = target_of(amounts, person.pk, period)
            cells.append(Cell(period, amount, versions.get(key, (0, 0))[1], key not in versions and amount is not None))
        rows.append(TargetRow(person, cells, _total([cell.amount for cell in cells])))
    sums = [_total([row.cells[n].amount for row in rows]) for n in range(len(periods))]
    return TargetGrid(periods, rows, sums, _total(sums))


def stray_targets(owners: Collection[int] | None, year: Period) -> int:
    """Return how many quarterly targets of a year begin where no quarter begins since the fiscal year was moved."""
    stored = Target.objects.filter(
        owned_by(owners), period=Kind.QUARTER, starts_on__range=(year.starts_on, year.ends_on)
    )
    days = stored.values_list("starts_on", flat=True)
    return sum(not is_start(Kind.QUARTER, day, year.fiscal_start) for day in days)
