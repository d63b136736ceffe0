"""When a job is tried again, and how long it still takes. No Django here."""

from datetime import timedelta

TRIES = 5
"""How often a job is picked up without one chunk succeeding, before it fails."""

LEASE = timedelta(seconds=30)
"""How long a wake-up is trusted to arrive before the sweep sends another."""

_FIRST_WAIT = timedelta(seconds=2)


def wait_after(tries: int) -> timedelta:
    """Return how long to wait after the `tries`-th failure in a row: 2 s, 8 s, 32 s, 128 s."""
    return _FIRST_WAIT * 4 ** (max(tries, 1) - 1)


def seconds_left(done: int, total: int, elapsed: timedelta) -> int | None:
    """Return the seconds a job still needs at its speed so far; None until a tenth is done."""
    if total <= 0 or done * 10 < total or done > total:
        return None
    return round(elapsed.total_seconds() * (total - done) / done)
