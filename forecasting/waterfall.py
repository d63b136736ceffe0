"""What changed between two moments: each opportunity in one bucket, and the buckets add up. No Django here.

For a period P and a set of owners S, `in(t)` = open at t, due in P, owner in S, not omitted. Then
start + Σ deltas of all buckets = end. The database sorts a whole company into these buckets (`queries/changed.py`);
what stands here says what each means, and judges it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forecasting.periods import Period
from forecasting.weighting import weighted
from funnel.stages import Category, Status


class Bucket(StrEnum):
    """Why the pipeline of a period changed. `UNCHANGED` is for those that only moved on or back."""

    NEW = "new"
    REOPENED = "reopened"
    TRANSFERRED_IN = "transferred_in"
    PULLED_IN = "pulled_in"
    ROLLED_OVER = "rolled_over"
    RESTORED = "restored"
    INCREASED = "increased"
    DECREASED = "decreased"
    CURRENCY = "currency"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    TRANSFERRED_OUT = "transferred_out"
    PUSHED_OUT = "pushed_out"
    MOVED_EARLIER = "moved_earlier"
    CAME_AND_WENT = "came_and_went"
    UNCHANGED = "unchanged"


class Cause(StrEnum):
    """Why the weighted forecast changed, where no bucket says it: the stage moved."""

    ADVANCED = "advanced"
    WENT_BACK = "went_back"


@dataclass(frozen=True, slots=True)
class State:
    """What an opportunity was at one moment; `priced` counts the changes of its amount that no exchange rate made.

    `proven_to` is how far its evidence reached, whatever it claimed; None where nobody recorded it.
    """

    status: str
    amount: int | None
    due_on: date | None
    owner: int | None
    category: str
    stage: int
    closed_on: date | None = None
    priced: int = 0
    proven_to: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Through which we look: a period, and a set of owners (None: everyone)."""

    period: Period
    owners: Collection[int] | None = None

    def has(self, owner: int | None) -> bool:
        """Return whether an owner belongs to S."""
        return self.owners is None or owner in self.owners

    def holds(self, state: State | None) -> bool:
        """Return in(t) for the state at t; None is an opportunity that does not exist then."""
        return (
            state is not None
            and state.status == Status.OPEN
            and state.due_on is not None
            and state.due_on in self.period
            and self.has(state.owner)
            and state.category != Category.OMITTED
        )


@dataclass(frozen=True, slots=True)
class Story:
    """An opportunity between two moments: its states from the first to the last; None where it does not exist."""

    pk: int
    states: Sequence[State | None]

    @property
    def before(self) -> State | None:
        """At the first moment."""
        return self.states[0]

    @property
    def after(self) -> State | None:
        """At the last moment."""
        return self.states[-1]


@dataclass(frozen=True, slots=True)
class Step:
    """One opportunity's part: the bucket, and what it was worth in the pipeline of the period at both moments."""

    pk: int
    bucket: Bucket
    old: int
    new: int

    @property
    def delta(self) -> int:
        """By how much it changed the pipeline."""
        return self.new - self.old


def classify(story: Story, view: View) -> Step | None:
    """Return the one bucket of an opportunity, or None when it has no part in the period."""
    before, after = story.before, story.after
    was_in, is_in = view.holds(before), view.holds(after)
    old = (before.amount or 0) if before else 0
    new = (after.amount or 0) if after else 0
    if was_in and not is_in:
        return Step(story.pk, _left(after, view), old, 0)
    if before and after and was_in:
        only_the_rate = new != old and before.priced == after.priced
        bucket = Bucket.INCREASED if new > old else Bucket.DECREASED if new < old else Bucket.UNCHANGED
        return Step(story.pk, Bucket.CURRENCY if only_the_rate else bucket, old, new)
    if is_in:
        return Step(story.pk, _came(before, view), 0, new)
    if any(view.holds(state) for state in story.states[1:-1]):
        return Step(story.pk, Bucket.CAME_AND_WENT, 0, 0)
    return None


def _left(after: State | None, view: View) -> Bucket:
    """Return why something that was in is so no longer; tested in the order of the definition."""
    if after is None:
        return Bucket.REMOVED
    if after.status != Status.OPEN:
        return {Status.WON: Bucket.WON, Status.LOST: Bucket.LOST}.get(Status(after.status), Bucket.ABANDONED)
    if after.category == Category.OMITTED:
        return Bucket.REMOVED
    if not view.has(after.owner):
        return Bucket.TRANSFERRED_OUT
    is_later = after.due_on is None or after.due_on > view.period.ends_on
    return Bucket.PUSHED_OUT if is_later else Bucket.MOVED_EARLIER


def _came(before: State | None, view: View) -> Bucket:
    """Return why something that was not in is so now; tested in the order of the definition."""
    if before is None:
        return Bucket.NEW
    if before.status != Status.OPEN:
        return Bucket.REOPENED
    if not view.has(before.owner):
        return Bucket.TRANSFERRED_IN
    if before.due_on is None or before.due_on > view.period.ends_on:
        return Bucket.PULLED_IN
    if before.due_on < view.period.starts_on:
        return Bucket.ROLLED_OVER
    return Bucket.RESTORED


@dataclass(frozen=True, slots=True)
class Part:
    """What a bucket adds up to: how many opportunities, and what they were worth at both moments."""

    count: int = 0
    old: int = 0
    new: int = 0

    @property
    def delta(self) -> int:
        """By how much it changed the pipeline."""
        return self.new - self.old

    def __add__(self, other: "Part") -> "Part":
        """Add up two parts."""
        return Part(self.count + other.count, self.old + other.old, self.new + other.new)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The pipeline of a period at two moments, by bucket: start + all deltas = end. No opportunity is left out."""

    parts: Mapping[Bucket, Part]

    @property
    def start(self) -> int:
        """The pipeline at the first moment."""
        return sum(part.old for part in self.parts.values())

    @property
    def end(self) -> int:
        """The pipeline at the last moment."""
        return sum(part.new for part in self.parts.values())

    @property
    def buckets(self) -> list[tuple[Bucket, int, int]]:
        """The buckets that hold something, as (bucket, delta, count), in the order of the definition."""
        shown = [bucket for bucket in Bucket if bucket in self.parts and bucket != Bucket.UNCHANGED]
        return [(bucket, self.parts[bucket].delta, self.parts[bucket].count) for bucket in shown]


def build(stories: Iterable[Story], view: View) -> Waterfall:
    """Build the waterfall from the stories of all opportunities."""
    parts: dict[Bucket, Part] = {}
    for story in stories:
        step = classify(story, view)
        if step is not None:
            parts[step.bucket] = parts.get(step.bucket, Part()) + Part(1, step.old, step.new)
    return Waterfall(parts)


def contribution(state: State | None, view: View, percents: dict[int, int]) -> int:
    """Return what an opportunity adds to the weighted forecast: its amount once won in P, else amount × stage %."""
    if state is None:
        return 0
    if view.holds(state):
        return weighted(state.amount, percents[state.stage])
    is_won = state.status == Status.WON and state.closed_on is not None and state.closed_on in view.period
    return (state.amount or 0) if is_won and view.has(state.owner) else 0


@dataclass(frozen=True, slots=True)
class Reason:
    """The opportunity that moved a weighted forecast most, in the direction in which the whole moved."""

    pk: int
    delta: int
    cause: Bucket | Cause


def weighted_change(stories: Iterable[Story], view: View, percents: dict[int, int]) -> tuple[int, Reason | None]:
    """Return by how much the weighted forecast of P changed, and its main reason (None when nothing changed)."""
    parts: list[tuple[int, Story]] = []
    for story in stories:
        delta = contribution(story.after, view, percents) - contribution(story.before, view, percents)
        if delta:
            parts.append((delta, story))
    net = sum(delta for delta, _story in parts)
    same_way = [part for part in parts if (part[0] > 0) == (net > 0)] if net else []
    if not same_way:
        return net, None
    delta, story = max(same_way, key=lambda part: (abs(part[0]), -part[1].pk))
    return net, Reason(story.pk, delta, _cause(story, view, delta))


def _cause(story: Story, view: View, delta: int) -> Bucket | Cause:
    step = classify(story, view)
    is_won = story.after is not None and story.after.status == Status.WON
    return cause(Bucket.WON if is_won else step.bucket if step else Bucket.UNCHANGED, delta)


def cause(bucket: Bucket, delta: int) -> Bucket | Cause:
    """Return why a weighted forecast changed: the bucket, or that the stage moved where no bucket says it."""
    if bucket in {Bucket.UNCHANGED, Bucket.DECREASED if delta > 0 else Bucket.INCREASED}:
        return Cause.ADVANCED if delta > 0 else Cause.WENT_BACK
    return bucket
