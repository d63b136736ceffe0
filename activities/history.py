"""Visits and next actions that come in bulk: from a file, or for the demo company. No Django here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from activities.kinds import Kind, Origin, Result, VisitState


@dataclass(frozen=True)
class ImportedVisit:
    """One visit as its source knows it. `key` names it there, so that it is found again.

    `is_reported` False: the source says that its time has come, but not what became of it.
    """

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
    is_reported: bool = True


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
class Rewritten:
    """A row that was written anew: its version now, and what the fields that differed held."""

    pk: int
    version: int
    before: Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """What a bulk write did: the ids of what it made and what it wrote anew, by key.

    `met` holds (id, id of the visit) of every person newly noted as met.
    """

    created: int
    unchanged: int
    made: Mapping[UUID, int] = field(default_factory=dict)
    rewritten: Mapping[UUID, Rewritten] = field(default_factory=dict)
    met: Mapping[UUID, Sequence[tuple[int, int]]] = field(default_factory=dict)
