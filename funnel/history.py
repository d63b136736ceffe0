"""The change log read backwards: the state of an opportunity at any past moment. No Django here.

A change carries `old` and `new`:

- `created`: `new` is the whole starting state (keys of `Snapshot.as_json`), `old` None.
- `amount` minor units (`rate`: only the exchange rate changed them), `expected_close` ISO date, `stage` its number,
  `owner` membership id, `category` its code: the value before and after; None is "not known".
- `won`, `lost`, `abandoned`, `reopened`: mappings of what changed among `status`, `stage`, `category`, `closed_at`,
  `reason`, `reason_note`, `rival` and `lost_to_id` (a competitor; older rows do not name it). A lost opportunity keeps
  the stage it stood in; a won one stands in Deploy.
- `proven` how far the evidence reaches: `stage`, the first whose own evidence is not all proven (7 where none lacks),
  whatever is claimed, and its `percent` then (`old` without it). `created` holds it as `proven`; older rows do not
  name it, and then it is not known. It leaves the percentage of what is claimed as the last other row told it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from funnel.evidence import proven_then
from funnel.facts import check_amount, check_name
from funnel.stages import Category, ChangeKind, Reason, Stage, Status, default_category
from tenants.errors import Refused

ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when what stands now stands."""
STATUS_KINDS = frozenset({ChangeKind.WON, ChangeKind.LOST, ChangeKind.ABANDONED, ChangeKind.REOPENED})
_FIELDS: Mapping[str, str] = {
    ChangeKind.AMOUNT: "amount",
    ChangeKind.RATE: "amount",
    ChangeKind.EXPECTED_CLOSE: "expected_close",
    ChangeKind.OWNER: "owner",
    ChangeKind.CATEGORY: "category",
    ChangeKind.STAGE: "stage",
    ChangeKind.PROVEN: "proven",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the change log. `id` orders rows of the same moment; `undoes` names the row it compensates."""

    id: int
    kind: str
    old: Any
    new: Any
    occurred_at: datetime
    recorded_at: datetime
    percent: int = 0
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an opportunity was at one moment. `amount` in minor units, `expected_close` an ISO date, `owner` an id.

    `proven` is how far the evidence reached, None where nobody recorded it.
    """

    stage: int
    status: str
    amount: int | None
    expected_close: str | None
    owner: int | None
    category: str
    stage_entered_at: datetime
    closed_at: str | None = None
    reason: str = ""
    reason_note: str = ""
    rival: str = ""
    lost_to_id: int | None = None
    percent: int = 0
    proven: Mapping[str, int] | None = None

    @property
    def proven_percent(self) -> int | None:
        """The percentage of the proven stage, which is never above the claimed one; None is not known."""
        stage, percent = (self.proven["stage"], self.proven["percent"]) if self.proven else (None, 0)
        proven = proven_then(self.stage, stage)
        if proven is None:
            return None
        return self.percent if proven == self.stage else min(self.percent, percent)

    @staticmethod
    def as_json(
        *,
        stage: int,
        amount: int | None,
        expected_close_on: date | None,
        owner: int | None,
        category: str,
        proven: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Return the starting state as the `created` row stores it."""
        return {
            "stage": int(stage),
            "status": str(Status.OPEN),
            "amount": amount,
            "expected_close": expected_close_on.isoformat() if expected_close_on else None,
            "owner": owner,
            "category": str(category),
            "proven": proven,
        }


def reach(stage: int, percents: Mapping[Stage, int]) -> dict[str, int]:
    """Return how far the evidence reaches, as the log holds it."""
    return {"stage": int(stage), "percent": percents[Stage(stage)]}


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return the events as they occurred; rows of one moment in the order they were written."""
    return sorted(events, key=lambda event: (event.occurred_at, event.id))


def effective(events: Iterable[Event]) -> list[Event]:
    """Return the events in order, without those that were undone and without the undoing rows."""
    kept = in_order(events)
    gone = {event.undoes for event in kept if event.undoes is not None}
    return [event for event in kept if event.undoes is None and event.id not in gone]


def as_it_stood(events: Iterable[Event], when: datetime) -> Snapshot | None:
    """Return the state at `when` by all we know now (`occurred_at`); None before it was opened.

    Of `effective` events: what was undone was never so; of all events: until it was undone, it was.
    """
    return _rebuild(event for event in events if event.occurred_at <= when)


def as_it_was_seen(events: Iterable[Event], when: datetime) -> Snapshot | None:
    """Return the state that a screen showed at `when` (`recorded_at`); None before we knew of it."""
    return _rebuild(event for event in events if event.recorded_at <= when)


def _rebuild(events: Iterable[Event]) -> Snapshot | None:
    state: Snapshot | None = None
    for event in effective(events):
        if event.kind == ChangeKind.CREATED:
            state = Snapshot(**event.new, stage_entered_at=event.occurred_at, percent=event.percent)
        elif state is not None:
            state = _apply(state, event)
    return state


def _apply(state: Snapshot, event: Event) -> Snapshot:
    changed = dict(event.new) if event.kind in STATUS_KINDS else {_FIELDS[event.kind]: event.new}
    if changed.get("stage", state.stage) != state.stage:
        changed["stage_entered_at"] = event.occurred_at
    if event.kind != ChangeKind.PROVEN:  # no part of what is claimed: that may have been undone since
        changed["percent"] = event.percent
    return replace(state, **changed)


def is_push(old: str | None, new: str | None) -> bool:
    """Return whether an expected close moved into a later calendar month. Dates are ISO, None is none."""
    return old is not None and new is not None and new[:7] > old[:7]


def pushes(events: Iterable[Event]) -> tuple[int, int]:
    """Return how often the expected close moved into a later calendar month, and the days pushed in all.

    Undone changes do not count; a push within the month counts in the days alone.
    """
    count = days = 0
    for event in effective(events):
        if event.kind == ChangeKind.EXPECTED_CLOSE and event.old and event.new and event.new > event.old:
            count += is_push(event.old, event.new)
            days += (date.fromisoformat(event.new) - date.fromisoformat(event.old)).days
    return count, days


def regressions(events: Iterable[Event]) -> list[datetime]:
    """Return when it went back a stage; undone moves and reopened opportunities do not count."""
    return [
        event.occurred_at for event in effective(events) if event.kind == ChangeKind.STAGE and event.new < event.old
    ]


def entered_at(events: Sequence[Event]) -> datetime:
    """Return when the stage was entered in which it stands after these effective events (at least its `created`)."""
    entered = events[0].occurred_at
    for event in events[1:]:
        old, new = (event.old, event.new) if event.kind in STATUS_KINDS else ({}, {})
        if event.kind == ChangeKind.STAGE or new.get("stage") != old.get("stage"):
            entered = event.occurred_at
    return entered


@dataclass(frozen=True, slots=True)
class Draft:
    """A row of the change log that is still to be written."""

    kind: ChangeKind
    old: Any
    new: Any
    occurred_at: datetime
    percent: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class ImportedOpportunity:
    """An opportunity with its dated past, as another system knew it.

    Every list is in time order and dates its entries: `stages` when each was entered (1–6; the first entry is where
    it started, the latest one where it stands or stood), `amounts` (minor units) and `closes` (expected close) when
    each became known; an entry dated before `opened_at` is not allowed. `outcome` with `closed_at` closes it: won
    stands in Deploy, lost and abandoned in its last stage. Times are aware.
    """

    external_id: str
    account_id: int
    owner_id: int
    name: str
    opened_at: datetime
    product_id: int | None = None
    stages: Sequence[tuple[Stage, datetime]] = ()
    amounts: Sequence[tuple[int | None, datetime]] = ()
    closes: Sequence[tuple[date | None, datetime]] = ()
    outcome: Status = Status.OPEN
    closed_at: datetime | None = None
    reason: str = ""
    rival: str = ""
    note: str = ""
    source: str = ""
    lost_to_id: int | None = None


class ImportedEvidence(NamedTuple):
    """A piece of evidence as another system knew it: its item's key, who filed it, the value of its kind, and when."""

    opportunity_id: int
    key: str
    note: str
    by_id: int
    contact_id: int | None = None
    on: date | None = None
    amount: int | None = None
    at: datetime | None = None
    has_rivals: bool | None = None  # those on the strategy sheet; False that there is none


@dataclass(frozen=True, slots=True)
class Final:
    """Where an imported opportunity stands after its last event."""

    stage: Stage
    stage_entered_at: datetime
    status: Status
    category: Category
    amount: int | None
    expected_close_on: date | None
    push_count: int


def check(row: ImportedOpportunity, *, at: datetime) -> None:
    """Check a row before anything is written. Nothing of it may lie after `at`.

    :raises Refused: `external_id_empty`, `name_empty`, `name_too_long`, `name_unreadable`, `amount_negative`,
        `amount_too_large`, `opened_in_future`, `close_time_missing`, `close_time_without_close`, `not_in_order`
        (an event before the opening, after the close, or before the one listed before it), `in_future`,
        `stage_not_open` (Deploy as a standing stage), `reason_unknown`, `text_unreadable` (NUL in a text).
    """
    if not row.external_id.strip():
        raise Refused("external_id_empty")
    check_name(row.name)
    if "\x00" in f"{row.external_id}{row.rival}{row.note}{row.source}":
        raise Refused("text_unreadable")
    if row.reason and row.reason not in set(Reason):
        raise Refused("reason_unknown")
    for amount, _when in row.amounts:
        check_amount(amount)
    if row.opened_at > at:
        raise Refused("opened_in_future")
    if row.outcome != Status.OPEN and row.closed_at is None:
        raise Refused("close_time_missing")
    if row.outcome == Status.OPEN and row.closed_at is not None:
        raise Refused("close_time_without_close")
    if any(stage == Stage.DEPLOY for stage, _when in row.stages):
        raise Refused("stage_not_open")
    end = [row.closed_at] if row.closed_at else []
    for dated in (row.stages, row.amounts, row.closes):
        times = [row.opened_at, *[when for _value, when in dated], *end]
        if times[-1] > at:
            raise Refused("in_future")
        if times != sorted(times):
            raise Refused("not_in_order")


def story(
    row: ImportedOpportunity, percents: Mapping[Stage, int], *, demanded: int = Stage.DISCOVER
) -> tuple[list[Draft], Final]:
    """Return the rows of the change log that tell this past, in order, and where it ends.

    :param demanded: the first stage that demands anything. No verdict was ever given, so nothing of this past is proven
        beyond it.
    """
    stage = row.stages[0][0] if row.stages else Stage.DISCOVER
    amount = row.amounts[0][0] if row.amounts else None
    close = row.closes[0][0] if row.closes else None
    category = default_category(stage)
    start = Snapshot.as_json(
        stage=stage,
        amount=amount,
        expected_close_on=close,
        owner=row.owner_id,
        category=category,
        proven=reach(demanded, percents),
    )
    drafts = [Draft(ChangeKind.CREATED, None, start, row.opened_at, percents[stage])]
    later: list[tuple[datetime, int, ChangeKind, Any]] = sorted(
        [
            *((when, 0, ChangeKind.STAGE, value) for value, when in row.stages[1:]),
            *((when, 1, ChangeKind.AMOUNT, value) for value, when in row.amounts[1:]),
            *((when, 2, ChangeKind.EXPECTED_CLOSE, value) for value, when in row.closes[1:]),
        ],
        key=lambda entry: entry[:2],
    )
    entered, pushed = row.opened_at, 0
    for when, _rank, kind, value in later:
        if kind == ChangeKind.STAGE and value != stage:
            drafts.append(Draft(kind, int(stage), int(value), when, percents[value]))
            stage, entered = value, when
            if default_category(stage) != category:
                drafts.append(Draft(ChangeKind.CATEGORY, category, default_category(stage), when, percents[stage]))
                category = default_category(stage)
        elif kind == ChangeKind.AMOUNT and value != amount:
            drafts.append(Draft(kind, amount, value, when, percents[stage]))
            amount = value
        elif kind == ChangeKind.EXPECTED_CLOSE and value != close:
            old, new = (day.isoformat() if day else None for day in (close, value))
            drafts.append(Draft(kind, old, new, when, percents[stage]))
            pushed += is_push(old, new)
            close = value
    if row.outcome != Status.OPEN and row.closed_at is not None:
        draft, stage, category = closing(
            row.outcome,
            stage,
            category,
            row.closed_at,
            reason=row.reason,
            note=row.note,
            rival=row.rival,
            lost_to=row.lost_to_id,
            percents=percents,
        )
        entered = row.closed_at if row.outcome == Status.WON else entered
        drafts.append(draft)
    return drafts, Final(stage, entered, row.outcome, category, amount, close, pushed)


def closing(
    outcome: Status,
    stage: Stage,
    category: Category,
    closed_at: datetime,
    *,
    percents: Mapping[Stage, int],
    reason: str = "",
    note: str = "",
    rival: str = "",
    lost_to: int | None = None,
    why: str = "",
) -> tuple[Draft, Stage, Category]:
    """Return the row that ends an opportunity, and the stage and category in which it then stands."""
    old: dict[str, Any] = {"status": str(Status.OPEN), "closed_at": None}
    new: dict[str, Any] = {"status": str(outcome), "closed_at": closed_at.isoformat()}
    if outcome == Status.WON:
        old |= {"stage": int(stage), "category": str(category)}
        new |= {"stage": int(Stage.DEPLOY), "category": str(Category.CLOSED)}
        stage, category = Stage.DEPLOY, Category.CLOSED
    else:
        old |= {"reason": "", "reason_note": "", "rival": "", "lost_to_id": None}
        new |= {"reason": str(reason), "reason_note": note, "rival": rival, "lost_to_id": lost_to}
    draft = Draft(ChangeKind(outcome), old, new, closed_at, percents[stage], why or note)
    return draft, stage, category


def reopening(
    old: Mapping[str, Any], stage: Stage, category: Category, at: datetime, *, percent: int, why: str
) -> Draft:
    """Return the row that opens a closed opportunity again. `old` is what stood before, as status rows hold it."""
    new = {
        "status": str(Status.OPEN),
        "closed_at": None,
        "stage": int(stage),
        "category": str(category),
        "reason": "",
        "reason_note": "",
        "rival": "",
        "lost_to_id": None,
    }
    return Draft(ChangeKind.REOPENED, dict(old), new, at, percent, why)


def undone(kind: str, old: Any) -> ChangeKind:
    """Return the kind of the row that compensates one of `kind`: ends are reopened, a reopening ends again."""
    if kind not in STATUS_KINDS:
        return ChangeKind(kind)
    return ChangeKind.REOPENED if old["status"] == Status.OPEN else ChangeKind(old["status"])
