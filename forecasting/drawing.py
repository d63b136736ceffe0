"""Geometry of the course of a period: won so far and the stored forecasts against the target. No Django here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.periods import Kind, Period
from tenants.charts import Tick, round_step

Points = Sequence[tuple[date, int]]
WIDE = (960, 280, (16, 96, 26, 64))
NARROW = (330, 220, (16, 62, 24, 46))


@dataclass(frozen=True, slots=True)
class DayLabel:
    """A day under the axis."""

    at: float
    day: date


@dataclass(frozen=True, slots=True)
class End:
    """What a line has come to, written at its end. `kind`: won, weighted or proven."""

    kind: str
    x: float
    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Course:
    """Lines over a period, in units of the drawing."""

    width: int
    height: int
    left: float
    right: float
    top: float
    base: float
    won: str
    forecast: str
    proven: str
    dots: tuple[tuple[float, float], ...]
    target: Tick | None
    now: float | None
    ticks: tuple[Tick, ...]
    days: tuple[DayLabel, ...]
    ends: tuple[End, ...]


def draw(
    period: Period,
    won: Points,
    forecasts: Points,
    proofs: Points = (),
    *,
    target: int | None,
    today: date,
    size: tuple[int, int, tuple[int, int, int, int]] = WIDE,
) -> Course:
    """Draw what was won until each evening (rising by steps, up to today), and the forecasts of each evening.

    :param won: (day, won until its evening), in order; days without a win are left out.
    :param forecasts: (evening, weighted forecast as stored), in order; those outside the period are left out.
    :param proofs: the same by what was proven.
    :param size: width, height and margins (top, right, bottom, left).
    """
    width, height, (top, right, bottom, left) = size
    days = (period.ends_on - period.starts_on).days + 1
    shown, proven = ([(day, value) for day, value in each if day in period] for each in (forecasts, proofs))
    largest = max([value for _day, value in (*won, *shown, *proven)] + [target or 0, 1]) * 1.08

    def x(day: date) -> float:
        return round(left + (width - left - right) * ((day - period.starts_on).days + 1) / days, 1)

    def y(value: int) -> float:
        return round(top + (height - top - bottom) * (1 - max(value, 0) / largest), 1)

    until = min(max(today, period.starts_on), period.ends_on)
    last, path = 0, [(float(left), y(0))]
    for day, value in won:
        path += [(x(day), y(last)), (x(day), y(value))]
        last = value
    if today >= period.starts_on:
        path.append((x(until), y(last)))
    spots, proved = ([(x(day), y(value)) for day, value in each] for each in (shown, proven))
    ends = []
    if today >= period.starts_on:
        ends.append(End("won", x(until), y(last), last))
    if shown:
        ends.append(End("weighted", spots[-1][0], spots[-1][1], shown[-1][1]))
    if proven:
        ends.append(End("proven", proved[-1][0], proved[-1][1], proven[-1][1]))
    step = round_step(largest)
    return Course(
        width=width,
        height=height,
        left=left,
        right=width - right,
        top=top,
        base=height - bottom,
        won=" ".join(f"{px},{py}" for px, py in path) if today >= period.starts_on else "",
        forecast=" ".join(f"{px},{py}" for px, py in spots),
        proven=" ".join(f"{px},{py}" for px, py in proved),
        dots=tuple(each[0] for each in (spots, proved) if len(each) == 1),
        target=Tick(y(target), target) if target else None,
        now=x(today) if today in period else None,
        ticks=tuple(Tick(y(value), value) for value in range(0, int(largest) + 1, step)),
        days=tuple(DayLabel(x(day), day) for day in _labelled(period, narrow=width < 480)),
        ends=tuple(_apart(ends)),
    )


APART = 14
"""So far apart two lines of text must be."""


def _apart(ends: Sequence[End]) -> list[End]:
    """Move what is written at the ends of lines apart, each group of those too near around its middle."""
    groups: list[list[End]] = []
    for end in sorted(ends, key=lambda end: end.y):
        groups.append([end])
        while len(groups) > 1 and _places(groups[-1])[0] - _places(groups[-2])[-1] < APART:
            groups[-2:] = [[*groups[-2], *groups[-1]]]
    placed = {
        end.kind: End(end.kind, end.x, at, end.value)
        for group in groups
        for end, at in zip(group, _places(group), strict=True)
    }
    return [placed[end.kind] for end in ends]


def _places(group: Sequence[End]) -> list[float]:
    """Return where the texts of a group stand, from the top."""
    first = sum(end.y for end in group) / len(group) - APART * (len(group) - 1) / 2
    return [first + APART * n for n in range(len(group))]


def _labelled(period: Period, *, narrow: bool) -> list[date]:
    """Return the days that are written under the axis: some in a month, every other week or first of a month else."""
    length = (period.ends_on - period.starts_on).days + 1
    days = [period.starts_on + timedelta(days=n) for n in range(length)]
    if period.kind == Kind.MONTH:
        return days[:: 14 if narrow else 7]
    if period.kind == Kind.QUARTER and not narrow:
        return days[::14]
    return [day for day in days if day.day == 1]
