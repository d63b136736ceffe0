"""Who hears of an alert that stands too long: the owner at once, then step by step upwards. No Django here."""

from collections.abc import Iterable, Mapping, Sequence

STEPS = (3, 5, 7)
"""Days after which a standing alert goes one step up, until an organization edits them."""


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


def check_steps(steps: Sequence[int]) -> bool:
    """Return whether a ladder can be climbed: one to three steps, each later than the one before, within a year."""
    return 1 <= len(steps) <= 3 and list(steps) == sorted(set(steps)) and steps[0] >= 1 and steps[-1] <= 365
