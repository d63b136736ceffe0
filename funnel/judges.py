"""Who judges opportunities anew when something about them changed. No Django here.

Health is judged by an app to the right, which says so once: `judged_by(judge)`. Every action of this app that changes
what a judgement stands on ends by asking for it, in its own transaction, so that the page it answers shows it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

Verdicts = Mapping[int, tuple[str, list[str]]]
"""Health and flags, by the id of the opportunity; those alone that changed."""
Judge = Callable[[Collection[int] | None, datetime, Any], Verdicts]
"""Takes the ids (None: all there are), the time, and the member whose doing it is, if it is anybody's."""
_judges: list[Judge] = []


def judged_by(judge: Judge) -> None:
    """Let your app judge the health of opportunities; the last one to say so does."""
    _judges[:] = [judge]


@contextmanager
def unjudged() -> Iterator[None]:
    """Judge nothing while a whole past is brought in at once; whoever does that has it judged when it is all there."""
    standing = _judges[:]
    _judges.clear()
    try:
        yield
    finally:
        _judges[:] = standing


def judge_anew(ids: Collection[int] | None, *, at: datetime, by: Any = None) -> Verdicts:
    """Have these opportunities judged, or all (None); return the health and flags of those that changed."""
    if not _judges or (ids is not None and not ids):
        return {}
    return _judges[0](ids, at, by)
