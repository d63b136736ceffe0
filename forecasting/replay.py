"""The weighted forecasts of past evenings, from what opportunities were then. No Django here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from forecasting.periods import Kind, Period, period_of
from forecasting.waterfall import State, View
from forecasting.weighting import Numbers, weighted
from funnel.evidence import proven_then
from funnel.stages import Status

KINDS = (Kind.MONTH, Kind.QUARTER)
History = Sequence[tuple[date, State]]
"""What an opportunity was from a day on, in order; the last entry of a day is how the day ended."""
Key = tuple[date, Period, int]
"""The evening, the period and the owner."""


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
) -> tuple[dict[Key, Numbers], set[Key]]:
    """Return each owner's numbers, without targets; nobody is in it with nothing. And of which not all that is proven
    was recorded.
    """
    wanted = sorted(set(evenings))
    views = {evening: [View(period) for period in periods_of(evening, fiscal_start)] for evening in wanted}
    found: dict[Key, Numbers] = defaultdict(Numbers)
    unknown = set[Key]()
    for history in histories:
        for evening, state in standing(history, wanted):
            if state.owner is None or state.status in {Status.LOST, Status.ABANDONED}:
                continue
            for view in views[evening]:
                part = _part(state, view, percents)
                if part is not None:
                    found[evening, view.period, state.owner] += part
                    if part.open_total and proven_then(state.stage, state.proven_to) is None:
                        unknown.add((evening, view.period, state.owner))
    return dict(found), unknown


def _part(state: State, view: View, percents: Mapping[int, int]) -> Numbers | None:
    if view.holds(state):
        amount, proven = state.amount or 0, proven_then(state.stage, state.proven_to)
        return Numbers(
            weighted=weighted(amount, percents[state.stage]),
            proven=weighted(amount, percents[proven]) if proven is not None else 0,
            open_total=amount,
            open_count=1,
        )
    if state.status == Status.WON and state.closed_on is not None and state.closed_on in view.period:
        return Numbers(won=state.amount or 0, won_count=1)
    return None
