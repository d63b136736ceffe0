"""One change of many opportunities: what would happen to each, and what became of it. No Django here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from funnel.stages import Stage, Status

AT_ONCE, MOST, CHUNK = 25, 5_000, 25
"""So many are done while one waits, more of them by a job, so many in each of its steps; beyond that one narrows.

Each step is one transaction that holds its rows: few, so that others who save one of them wait a moment at most."""


class BulkKind(StrEnum):
    """What is changed."""

    STAGE = "stage"
    OWNER = "owner"
    CLOSE = "close"
    CATEGORY = "category"


class BulkState(StrEnum):
    """How far a change of many has come."""

    DRAWN = "drawn"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Fate(StrEnum):
    """What would happen to one of them, and what did."""

    READY = "ready"
    BACK = "back"
    LACKS = "lacks"
    BLOCKED = "blocked"
    SAME = "same"
    CLOSED = "closed"
    DONE = "done"
    LEFT_OUT = "left_out"
    ASKED = "asked"
    STALE = "stale"
    GONE = "gone"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was answered to the questions of a change: why, until when, and who goes on without evidence.

    `without` are the ids of those, or None for all of them; `own` by id the why and until that one has for itself, ''
    for those of all. For whom a stage blocks, `asking` says whether an exception is asked.
    """

    why: str = ""
    until: str = ""
    without: frozenset[int] | None = frozenset()
    own: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    asking: frozenset[int] = frozenset()

    def goes_on(self, pk: int) -> bool:
        """Return whether this one goes on without its evidence."""
        return self.without is None or pk in self.without

    def answer(self, pk: int) -> tuple[str, str]:
        """Return why and until when for this one."""
        why, until = self.own.get(pk, ("", ""))
        return why or self.why, until or self.until


def fate_of_move(*, status: str, left: int, to: int, lacking: Collection[int], blocking: Collection[int]) -> Fate:
    """Return what a move of one opportunity from `left` to `to` would come to.

    :param lacking: the stages left whose evidence is not filed, nor excused; `blocking` those of them that block.
    """
    if status != Status.OPEN:
        return Fate.CLOSED
    if left == to:
        return Fate.SAME
    if to < left:
        return Fate.BACK
    if blocking:
        return Fate.BLOCKED
    return Fate.LACKS if lacking else Fate.READY


def stages_offered() -> list[Stage]:
    """Return the stages into which many can be moved: each signature is a decision of its own."""
    return [stage for stage in Stage if stage != Stage.DEPLOY]
