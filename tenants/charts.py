"""Geometry of the charts: numbers in, coordinates out. Templates add the marks, CSS the colour.

Bars are drawn in a box 100 wide that the page stretches. Amounts are whole minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

THINNEST: Final = 1.2
"""A bar that stands for something is never thinner than this share of the width."""


@dataclass(frozen=True, slots=True)
class Part:
    """A layer of a gap bar. ``kind``: won, commit or weighted."""

    kind: str
    value: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class GapBar:
    parts: tuple[Part, ...]
    target: int
    target_x: float
    gap: int
    gap_x: float
    gap_width: float
    over: int


def gap_bar(target: int, layers: Sequence[tuple[str, int]]) -> GapBar:
    """One bar against a target; layers = (kind, amount) from the surest on. Amounts below zero count as none."""
    amounts = [(kind, max(value, 0)) for kind, value in layers]
    total = sum(value for _, value in amounts)
    scale = max(target, total, 1)
    parts: list[Part] = []
    x = 0.0
    for kind, value in amounts:
        width = value / scale * 100
        parts.append(Part(kind, value, round(x, 2), round(width, 2)))
        x += width
    missing = max(target - total, 0)
    return GapBar(
        parts=tuple(parts),
        target=target,
        target_x=round(max(target, 0) / scale * 100, 2),
        gap=missing,
        gap_x=round(x, 2),
        gap_width=round(missing / scale * 100, 2),
        over=max(total - target, 0),
    )


@dataclass(frozen=True, slots=True)
class Reached:
    """What reached a stage or went beyond it. ``position`` 1–7 picks the colour; ``url`` opens the rows."""

    position: int
    label: str
    amount: int
    count: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class FunnelRow:
    position: int
    label: str
    amount: int
    count: int | None
    url: str
    x: float
    width: float
    join: str
    rate: float | None


def funnel(stages: Sequence[Reached]) -> tuple[FunnelRow, ...]:
    """Centred bars joined by trapezoids. ``rate`` = this stage's amount ÷ the one before (None without one).

    Stages come in order. What reached a stage also reached those before it, so the bars only narrow.
    """
    reached = [max((later.amount for later in stages[i:]), default=0) for i in range(len(stages))]
    top = max(reached, default=0) or 1
    widths = [max(amount / top * 100, THINNEST) for amount in reached]
    rows = []
    for i, stage in enumerate(stages):
        width = widths[i]
        below = widths[i + 1] if i + 1 < len(widths) else width
        join = (
            f"{(100 - width) / 2:.2f},0 {(100 + width) / 2:.2f},0 {(100 + below) / 2:.2f},10 {(100 - below) / 2:.2f},10"
        )
        rate = reached[i] / reached[i - 1] if i and reached[i - 1] else None
        rows.append(
            FunnelRow(
                stage.position,
                stage.label,
                reached[i],
                stage.count,
                stage.url,
                round((100 - width) / 2, 2),
                round(width, 2),
                join,
                rate,
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Change:
    """What moved between two moments, by how much, and the rows behind it."""

    label: str
    delta: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    label: str
    delta: int
    url: str
    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Changes:
    rows: tuple[ChangeRow, ...]
    zero: float
    start: int
    end: int
    net: int


def changes(start: int, steps: Sequence[Change]) -> Changes:
    """Bars to both sides of zero. ``kind`` is more or less; end = start + every step."""
    up = max((s.delta for s in steps), default=0)
    down = max((-s.delta for s in steps), default=0)
    up, down = max(up, 0), max(down, 0)
    span = (up + down) or 1
    zero = down / span * 100
    rows = []
    for step in steps:
        width = max(abs(step.delta) / span * 100, 0.8) if step.delta else 0.0
        x = zero if step.delta >= 0 else max(zero - width, 0)
        rows.append(
            ChangeRow(
                step.label, step.delta, step.url, "more" if step.delta >= 0 else "less", round(x, 2), round(width, 2)
            )
        )
    net = sum(s.delta for s in steps)
    return Changes(tuple(rows), round(zero, 2), start, start + net, net)


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    value: int


def round_step(largest: float) -> int:
    """A step of 1, 2 or 5 × 10ⁿ that divides 0…largest into at most five."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if largest / (step * factor) <= 5:
                return step * factor
        step *= 10
