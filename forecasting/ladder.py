"""Who hears of an alert that stands too long: the owner at once, then step by step upwards. No Django here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

STEPS = (3, 5, 7)
"""Days after which a standing alert goes one step up, until an organization edits them."""

RETURNS_WITHIN = timedelta(days=1)
"""A flag that stands again so soon is the same alert: a change was taken back, and nobody is told twice."""
UNSAID_WITHIN = timedelta(minutes=10)
"""A bell that nobody has read is taken back if so soon nothing that it told of stands: the thirty seconds of an undo,
and the time that a change of many takes before them.
"""


def due_step(days: int, steps: Sequence[int]) -> int:
    """Return how many steps up an alert has gone that stands for so many days; 0 is the owner alone."""
    return sum(1 for step in steps if days >= step)


def chain(owner: int, path: str, leaders: Mapping[str, Iterable[int]], executives: Iterable[int]) -> list[list[int]]:
    """Return whom an owner's alerts go up to, one rung a step: who leads their team, then the team above, last of all
    the executives. Nobody stands on two rungs, an owner never on their own.

    :param path: of the owner's team (`3/14/`); "" for somebody without a team.
    :param leaders: the managers of each team, by its path.
    """
    parts = [part for part in path.split("/") if part]
    teams = ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts), 0, -1)]
    seen, rungs = {owner}, list[list[int]]()
    for rung in [*(leaders.get(team, ()) for team in teams), executives]:
        fresh = sorted(set(rung) - seen)
        if fresh:
            seen.update(fresh)
            rungs.append(fresh)
    return rungs


LONGEST_MUTE, LONGEST_MUTE_BELOW = timedelta(days=90), timedelta(days=14)


def may_mute(member: int, step: int, rungs: Sequence[Sequence[int]]) -> bool:
    """Return whether somebody may keep an alert quiet: whoever sees it until it has gone up, then only those whom it
    has reached, on the highest rung so far, or who stand above them.
    """
    reached = min(step, len(rungs))
    return not reached or any(member in rung for rung in rungs[reached - 1 :])


def longest_mute(member: int, rungs: Sequence[Sequence[int]]) -> timedelta:
    """Return for how long somebody may keep an alert quiet: ninety days; two weeks for whoever would by that keep it
    from those above them.
    """
    return LONGEST_MUTE if not rungs or any(member in rung for rung in rungs) else LONGEST_MUTE_BELOW


def check_steps(steps: Sequence[int]) -> bool:
    """Return whether a ladder can be climbed: one to three steps, each later than the one before, within a year."""
    return 1 <= len(steps) <= 3 and list(steps) == sorted(set(steps)) and steps[0] >= 1 and steps[-1] <= 365
