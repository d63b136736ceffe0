"""Visits and next actions that come in bulk: from a file, or for the demo company. No Django here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from activities.kinds import Kind, Origin, Result, VisitState


@dataclass(frozen=True)
class ImportedVisit:
    """One visit as its source knows it. `key` names it there: the same key a second time changes nothing."""

    key: UUID
    account_id: int
    by_id: int
    happened_at: datetime
    kind: Kind = Kind.VISIT
    state: VisitState = VisitState.DONE
    result: Result | None = None
    opportunity_id: int | None = None
    contact_ids: Sequence[int] = ()
    goal: str = ""
    note: str = ""
    commitment: str = ""


@dataclass(frozen=True)
class ImportedAction:
    """One next action as its source knows it; open without `done_at` and `dropped_at`."""

    key: UUID
    account_id: int
    owner_id: int
    text: str
    due_on: date
    created_by_id: int
    created_at: datetime
    origin: Origin = Origin.HAND
    opportunity_id: int | None = None
    done_at: datetime | None = None
    dropped_at: datetime | None = None


@dataclass(frozen=True)
class Counts:
    """What a bulk write did."""

    created: int
    unchanged: int
