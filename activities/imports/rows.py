"""Rows of a file as visits, with whom we met and what was agreed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from accounts import actions as accounts_actions
from accounts import imports as accounts_imports
from accounts import names
from accounts import queries as accounts_queries
from accounts.models import Contact
from accounts.records import ContactRow
from activities import actions, queries
from activities.history import ImportedAction, ImportedVisit
from activities.imports.fields import FIRST_OR_LATER, KINDS, RESULTS
from activities.kinds import Kind, Origin, Result, VisitState
from activities.times import FURTHEST, SLACK
from exchange import targets
from exchange.matching import plain_key, written_key
from exchange.queries import sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Occasion, question_code
from tenants.models import Membership

NOON, MORNING = time(12), time(9)
A_WEEK = timedelta(days=7)
MOST_MET = 30
_VISITS = UUID("a6a4c0f5-3a0e-4a56-9f5b-0d5a2f6f4c11")
_APART = re.compile(r"\s*[,;、，；/\n]\s*|\s+(?:and|&|與|与|和)\s+")

# The questions of `activities.imports`, and their answers.
NEW_CONTACTS = "contacts-new"
PAST_DUE, AS_DONE, AS_OPEN = "next-past", "done", "open"
UNDATED, IN_A_WEEK = "next-undated", "week"


def key(record: Record) -> str:
    """Return what makes a row the same visit: where, when, by whom, how."""
    parts = [accounts_imports.place_key(record), _when(record), *(written_key(record.text(c)) for c in ("by", "kind"))]
    return "|".join(parts)


def _when(record: Record) -> str:
    at, hour = record.values.get("met_at"), record.values.get("met_time")
    return f"{at.isoformat() if at else ''} {hour.isoformat() if hour else ''}".strip()


@dataclass(frozen=True)
class Row:
    """A row read: the visit, the names of whom we met, the next action."""

    visit: ImportedVisit
    people: Sequence[str]
    step: ImportedAction | None


def apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    """Write these visits; see `exchange.targets.Target`."""
    owners = targets.Owners(sellers(occasion.by), occasion, field="by")
    places = accounts_imports.find_accounts(records, occasion)
    reach = _reach(occasion.by, places.values())
    rows: dict[int, Row] = {}
    for record in records:
        if record.problems:
            continue
        if places[record.number] not in reach:
            record.reject("not_yours", "account")
        elif row := _row(record, places[record.number], owners, occasion):
            rows[record.number] = row
    _meet(records, rows, occasion)
    new = _write(rows, occasion)
    return [_outcome(record, rows.get(record.number), new) for record in records]


def _reach(by: Membership, ids: Iterable[int]) -> set[int]:
    """Return at which of these accounts a member may log visits: what they see, and where they help to win."""
    asked = set(ids)
    found = accounts_queries.within_reach(by, asked)
    if rest := asked - found:
        found |= set(queries.open_to(by).filter(pk__in=rest).values_list("pk", flat=True))
    return found


def _row(record: Record, account_id: int, owners: targets.Owners, occasion: Occasion) -> Row | None:
    by_id, named = owners.find(record.text("by"))
    if record.text("by") and not named:
        record.remarks.append("owner_by_default")
    if by_id is None:
        record.reject("no_owner", "by")
        return None
    happened_at, state = _moment(record, occasion)
    kind = _kind(record, occasion)
    result, note = _result(record, state, occasion)
    people = list(dict.fromkeys(name for name in _APART.split(record.text("contacts")) if name))
    if any(len(name) > 120 for name in people) or len(people) > MOST_MET:
        record.reject("too_many_people", "contacts", most=MOST_MET)
    if happened_at is None or record.problems:
        return None
    identity = f"{account_id}|{by_id}|{_when(record)}|{kind}"
    visit = ImportedVisit(
        key=uuid5(_VISITS, identity),
        account_id=account_id,
        by_id=by_id,
        happened_at=happened_at,
        kind=kind,
        state=state,
        result=result,
        goal=record.text("goal"),
        note=note[:5_000],
        commitment=record.text("commitment"),
        is_reported=bool(record.text("result") or record.text("note")),
    )
    step = _step(record, visit, occasion)
    return None if record.problems else Row(visit, people, step)


def _moment(record: Record, occasion: Occasion) -> tuple[datetime | None, VisitState]:
    """Return when it was or will be, where the organization is, and so whether it is planned or done."""
    at, hour = record.values.get("met_at"), record.values.get("met_time")
    zone = occasion.by.organization.zone
    if isinstance(at, datetime):
        moment = at if at.tzinfo else at.replace(tzinfo=zone)
    elif isinstance(at, date):
        moment = datetime.combine(at, hour or NOON, tzinfo=zone)
    else:
        return None, VisitState.DONE
    if moment > occasion.at + FURTHEST:
        record.reject("too_far", "met_at", value=moment.date().isoformat())
        return None, VisitState.PLANNED
    is_exact = hour is not None or isinstance(at, datetime)
    if moment <= occasion.at + SLACK or (not is_exact and at == occasion.at.astimezone(zone).date()):
        return min(moment, occasion.at), VisitState.DONE
    record.remarks.append("planned")
    return moment, VisitState.PLANNED


def _kind(record: Record, occasion: Occasion) -> Kind:
    text = record.text("kind")
    if not text:
        return Kind.VISIT
    if plain_key(text) in FIRST_OR_LATER:
        record.remarks.append("first_by_date")
        return Kind.VISIT
    answer = KINDS.get(plain_key(text)) or occasion.answer(question_code("kind", text), Kind.VISIT)
    if answer in set(Kind):
        return Kind(answer)
    record.reject("unknown_choice", "kind", value=text[:50])
    return Kind.VISIT


def _result(record: Record, state: VisitState, occasion: Occasion) -> tuple[Result | None, str]:
    """Return what came of it, and the note: other words for a result are kept there."""
    text, note = record.text("result"), record.text("note")
    if state == VisitState.PLANNED:
        return None, note
    if not text:
        return None, note
    if (known := RESULTS.get(plain_key(text))) is not None:
        return Result(known), note
    answer = occasion.answer(question_code("result", text), Result.STEADY)
    if answer not in set(Result):
        record.reject("unknown_choice", "result", value=text[:50])
        return None, note
    record.remarks.append("result_in_note")
    return Result(answer), "\n".join(filter(None, [text, note]))


def _step(record: Record, visit: ImportedVisit, occasion: Occasion) -> ImportedAction | None:
    text, due = record.text("next_text"), record.values.get("next_on")
    if not text:
        if due is not None:
            record.remarks.append("step_without_words")
        return None
    zone = occasion.by.organization.zone
    day = visit.happened_at.astimezone(zone).date()
    if due is None:
        match occasion.answer(UNDATED, IN_A_WEEK):
            case targets.REJECT:
                record.reject("next_without_date", "next_on")
                return None
            case targets.SKIP:
                record.remarks.append("step_left_out")
                return None
        due = day + A_WEEK
        record.remarks.append("step_in_a_week")
    today = occasion.at.astimezone(zone).date()
    if due < day:
        record.reject("due_before_visit", "next_on", value=due.isoformat())
    if due > today + FURTHEST:
        record.reject("too_far", "next_on", value=due.isoformat())
    is_done = due < today and occasion.answer(PAST_DUE, AS_DONE) == AS_DONE
    return ImportedAction(
        key=uuid5(visit.key, "next"),
        account_id=visit.account_id,
        owner_id=visit.by_id,
        text=text,
        due_on=due,
        created_by_id=visit.by_id,
        created_at=min(visit.happened_at, occasion.at),
        origin=Origin.VISIT,
        done_at=max(visit.happened_at, datetime.combine(due, MORNING, tzinfo=zone)) if is_done else None,
    )


def _meet(records: Sequence[Record], rows: dict[int, Row], occasion: Occasion) -> None:
    """Find whom we met at each account; people who are not in the archive are added, or left out."""
    known: dict[tuple[int, str], int] = {}
    ids = {row.visit.account_id for row in rows.values() if row.people}
    for pk, account_id, name in (
        Contact.objects.filter(account__in=ids).order_by("-pk").values_list("pk", "account_id", "name")
    ):
        known[account_id, names.key(name)] = pk
    wanted: dict[tuple[int, str], ContactRow] = {}
    for row in rows.values():
        for name in row.people:
            person = (row.visit.account_id, names.key(name))
            if person not in known:
                wanted.setdefault(person, ContactRow(row.visit.account_id, name))
    if occasion.answer(NEW_CONTACTS, targets.CREATE) == targets.CREATE and wanted:
        made = accounts_actions.import_contacts(list(wanted.values()), by=occasion.by, at=occasion.at)
        accounts_imports.note(occasion, "contact", made)
        known |= {person: answer.pk for person, answer in zip(wanted, made, strict=True)}
    for record in records:
        read = rows.get(record.number)
        if read is None or not read.people:
            continue
        met = [known.get((read.visit.account_id, names.key(name))) for name in read.people]
        if None in met:
            record.remarks.append("people_left_out")
        there = [pk for pk in met if pk is not None]
        rows[record.number] = replace(read, visit=replace(read.visit, contact_ids=there))


def _write(rows: Mapping[int, Row], occasion: Occasion) -> Callable[[Row], Verdict]:
    """Write the rows and note in the ledger what that did; returns what became of each."""
    steps = [row.step for row in rows.values() if row.step]
    visits = actions.import_visits([row.visit for row in rows.values()], by=occasion.by, at=occasion.at)
    agreed = actions.import_next_actions(steps, by=occasion.by, at=occasion.at)
    for pk in visits.made.values():
        occasion.ledger.created("visit", pk)
    for change in visits.rewritten.values():
        occasion.ledger.changed("visit", change.pk, change.version, change.before)
    for pk, visit_id in (pair for pairs in visits.met.values() for pair in pairs):
        occasion.ledger.created("met", pk, visit_id)
    for pk in agreed.made.values():
        occasion.ledger.created("next_action", pk)

    def verdict(row: Row) -> Verdict:
        if row.visit.key in visits.made:
            return Verdict.CREATED
        added = row.visit.key in visits.met or (row.step is not None and row.step.key in agreed.made)
        return Verdict.UPDATED if added or row.visit.key in visits.rewritten else Verdict.UNCHANGED

    return verdict


def _outcome(record: Record, row: Row | None, verdict: Callable[[Row], Verdict]) -> Outcome:
    if row is None or record.problems:
        return accounts_imports.rejected(record)
    return Outcome(record.number, verdict(row), (), tuple(dict.fromkeys(record.remarks)))
