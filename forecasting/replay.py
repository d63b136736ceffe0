"""The weighted forecasts of past evenings, from what opportunities were then. No Django here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from forecasting.periods import Kind, Period, period_of
from forecasting.waterfall import State, View
from forecasting.weighting import Numbers, weighted
from funnel.stages import Status

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
