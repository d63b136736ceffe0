"""The weighted forecasts of past evenings, read from the change log. No Django here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, tzinfo
from typing import Any

from forecasting.periods import Kind, Period, period_of
from forecasting.waterfall import State, View
from forecasting.weighting import Numbers, weighted
from funnel.stages import ChangeKind, Status

KINDS = (Kind.MONTH, Kind.QUARTER)
History = Sequence[tuple[date, State]]
"""What an opportunity was from a day on, in order; the last entry of a day is how the day ended."""


def periods_of(evening: date, fiscal_start: int) -> list[Period]:
    """Return the periods whose forecast an evening stores: this and the next month and quarter."""
    now = [period_of(kind, evening, fiscal_start) for kind in KINDS]
    return [*now, *(period.next for period in now)]


def standing(history: History, evenings: Sequence[date]) -> Iterator[tuple[date, State]]:
    """Yield what an opportunity was on each evening; evenings before it existed are left out. Both are in order."""
    at = -1
    for evening in evenings:
        while at + 1 < len(history) and history[at + 1][0] <= evening:
            at += 1
        if at >= 0:
            yield evening, history[at][1]


def forecasts(
    histories: Iterable[History], evenings: Iterable[date], *, percents: Mapping[int, int], fiscal_start: int
) -> dict[tuple[date, Period, int], Numbers]:
    """Return each owner's numbers, without targets, by (evening, period, owner); nobody is in it with nothing."""
    wanted = sorted(set(evenings))
    views = {evening: [View(period) for period in periods_of(evening, fiscal_start)] for evening in wanted}
    found: dict[tuple[date, Period, int], Numbers] = defaultdict(Numbers)
    for history in histories:
        for evening, state in standing(history, wanted):
            if state.owner is None or state.status in {Status.LOST, Status.ABANDONED}:
                continue
            for view in views[evening]:
                part = _part(state, view, percents)
                if part is not None:
                    found[evening, view.period, state.owner] += part
    return dict(found)


def _part(state: State, view: View, percents: Mapping[int, int]) -> Numbers | None:
    if view.holds(state):
        amount = state.amount or 0
        return Numbers(weighted=weighted(amount, percents[state.stage]), open_total=amount, open_count=1)
    if state.status == Status.WON and state.closed_on is not None and state.closed_on in view.period:
        return Numbers(won=state.amount or 0, won_count=1)
    return None


_FIELDS: Mapping[str, str] = {
    ChangeKind.AMOUNT: "amount",
    ChangeKind.RATE: "amount",
    ChangeKind.OWNER: "owner",
    ChangeKind.CATEGORY: "category",
    ChangeKind.STAGE: "stage",
}


def after(state: State | None, kind: str, new: Any, zone: tzinfo) -> State | None:
    """Return the state after a row of the change log, from the one before it; None before the opening."""
    if kind == ChangeKind.CREATED:
        return State(
            new["status"], new["amount"], _day(new["expected_close"]), new["owner"], new["category"], new["stage"]
        )
    return None if state is None else _with(state, kind, new, zone)


def before(state: State | None, kind: str, old: Any, zone: tzinfo) -> State | None:
    """Return the state before a row of the change log, from the one after it; None before the opening."""
    return None if state is None or kind == ChangeKind.CREATED else _with(state, kind, old, zone)


def _with(state: State, kind: str, value: Any, zone: tzinfo) -> State:
    if kind == ChangeKind.EXPECTED_CLOSE:
        return replace(state, due_on=_day(value))
    if kind in _FIELDS:
        field: dict[str, Any] = {_FIELDS[kind]: value}
        return replace(state, **field)
    closed_at = value.get("closed_at")
    return replace(
        state,
        status=value.get("status", state.status),
        stage=value.get("stage", state.stage),
        category=value.get("category", state.category),
        closed_on=datetime.fromisoformat(closed_at).astimezone(zone).date() if closed_at else None,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
