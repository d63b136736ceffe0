"""Where the people of a strategy sheet stand on its map: reporting lines from the top down. No Django here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOX, HEIGHT, GAP, DROP = 188, 86, 16, 34
"""A box on a wide page, the space beside it, and the space below it for the lines, in pixels."""
NARROW, INDENT, BETWEEN = 292, 16, 14
"""A narrow page, how far each level is set in, and the space between two boxes."""
DEEPEST = 6
"""On a narrow page nobody is set in further than this."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a person stands, in pixels from the top left."""

    person: int
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A whole map: its boxes, and its lines as paths of SVG."""

    width: float
    height: float
    boxes: Sequence[Box]
    lines: Sequence[str]


def levels(lines: Mapping[int, int | None]) -> list[tuple[int, int]]:
    """Return everyone with how many stand above them, each below whom they report to and in the order given.

    Whoever reports to nobody on the sheet stands on top; a circle is cut open at whoever comes first.
    """
    below: dict[int | None, list[int]] = {}
    for person, to in lines.items():
        below.setdefault(to if to in lines and to != person else None, []).append(person)
    order: list[tuple[int, int]] = []
    seen: set[int] = set()

    def descend(person: int, level: int) -> None:
        if person not in seen:
            seen.add(person)
            order.append((person, level))
            for each in below.get(person, ()):
                descend(each, level + 1)

    for person in (*below.get(None, ()), *lines):
        descend(person, 0)
    return order


def wide(lines: Mapping[int, int | None]) -> Drawn:
    """Return the map of a wide page: every level in its row, everyone above the middle of those who report to them."""
    order = levels(lines)
    above = _above(order)
    middle: dict[int, float] = {}
    right: float = 0
    for person, _level in reversed(order):
        reports = [each for each, _at in order if above[each] == person]
        if reports:
            middle[person] = (middle[reports[0]] + middle[reports[-1]]) / 2
        else:
            middle[person] = -(right + BOX / 2)
            right += BOX + GAP
    width = max(right - GAP, 0)
    boxes = [Box(who, width + middle[who] - BOX / 2, level * (HEIGHT + DROP), BOX) for who, level in order]
    at = {box.person: box for box in boxes}
    paths = [_elbow(at[above[box.person]], box) for box in boxes if above[box.person] in at]
    return Drawn(width, max((box.y + HEIGHT for box in boxes), default=0), boxes, paths)


def narrow(lines: Mapping[int, int | None]) -> Drawn:
    """Return the map of a narrow page: one below the other, set in by level."""
    order = levels(lines)
    above = _above(order)
    boxes = []
    for row, (person, level) in enumerate(order):
        x = min(level, DEEPEST) * INDENT
        boxes.append(Box(person, x, row * (HEIGHT + BETWEEN), NARROW - x))
    at = {box.person: box for box in boxes}
    paths = [_hook(at[above[box.person]], box) for box in boxes if above[box.person] in at]
    return Drawn(NARROW, max(len(boxes) * (HEIGHT + BETWEEN) - BETWEEN, 0), boxes, paths)


def _above(order: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return who stands above whom, as the order has it; 0 for nobody."""
    above, way = {}, [0]
    for person, level in order:
        del way[level + 1 :]
        above[person] = way[level]
        way.append(person)
    return above


def _elbow(top: Box, low: Box) -> str:
    start, end = top.x + top.width / 2, low.x + low.width / 2
    return f"M{start:g} {top.y + HEIGHT:g}V{low.y - DROP / 2:g}H{end:g}V{low.y:g}"


def _hook(top: Box, low: Box) -> str:
    return f"M{top.x + INDENT / 2:g} {top.y + HEIGHT:g}V{low.y + HEIGHT / 2:g}H{max(low.x, top.x + INDENT / 2):g}"


def cut(text: str, room: int) -> str:
    """Return as much of a text as has room: a Chinese character takes two, a Latin one takes one."""
    taken = 0
    for place, sign in enumerate(text):
        taken += 2 if ord(sign) > 0x2E7F else 1
        if taken > room:
            return text[: max(place - 1, 0)].rstrip() + "…"
    return text
