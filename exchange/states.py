"""The life of an import. No Django here."""

from __future__ import annotations

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


class Verdict(StrEnum):
    """What became, or would become, of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


VERDICTS: tuple[Verdict, ...] = tuple(Verdict)
