"""The life of an import. No Django here."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class ImportState(StrEnum):
    """Where an import stands. Whether its job still runs, the job says."""

    READING = "reading"  # the file is being taken in
    MAPPING = "mapping"  # read; the user says which column is what
    CHECKING = "checking"  # the dry run
    CHECKED = "checked"  # what would happen is known
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"  # the file could not be taken after all
    UNDONE = "undone"  # imported, and taken back


class Verdict(StrEnum):
    """What became, or would become, of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


VERDICTS: tuple[Verdict, ...] = tuple(Verdict)


def undo_bar(state: str, *, position: int, purged: bool) -> str:
    """Return why an import cannot be taken back, "" when nothing of its own life bars it.

    `import_undone`: it was already; `import_not_run`: it has written nothing; `import_untraced`: it ran before imports
    noted what they did; `import_purged`: what it noted was removed with its rows.
    """
    if state == ImportState.UNDONE:
        return "import_undone"
    if state not in {ImportState.DONE, ImportState.IMPORTING} or (state == ImportState.IMPORTING and not position):
        return "import_not_run"
    if purged:
        return "import_purged"
    return "" if position else "import_untraced"


KEPT_DAYS = 30
"""So long the file, its rows and the way back are kept, counted from the last thing that happened to the import."""


def kept_until(*moments: datetime | None) -> datetime:
    """Return until when an import is kept to which something happened at these moments."""
    return max(moment for moment in moments if moment is not None) + timedelta(days=KEPT_DAYS)


def purge_before(at: datetime) -> datetime:
    """Return the moment before which whatever may be purged at `at` has begun."""
    return at - timedelta(days=KEPT_DAYS)
