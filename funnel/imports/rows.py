"""Rows of a file as opportunities with their past."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any

from accounts import imports as accounts_imports
from accounts.models import Product
from exchange import targets
from exchange.matching import plain_key, written_key
from exchange.queries import reach_of, sellers
from exchange.records import Record
from exchange.staging import Outcome
from exchange.states import Verdict
from exchange.targets import Occasion
from funnel import actions, queries
from funnel.history import ImportedOpportunity, check
from funnel.imports.products import BEFORE_CLOSE, LIST_PRICE, Products
from funnel.imports.stages import REASONS, stage_of
from funnel.stages import Reason, Status
from tenants.errors import Refused

MORNING, EVENING = time(9), time(18)
"""A day known without its hour: what begins on it begins in the morning, what ends ends in the evening."""


@dataclass(frozen=True)
class Dates:
    """When a row was opened and closed, and when it is expected to close."""

    opened_at: datetime
    closed_at: datetime | None
    expected: date | None


def key(record: Record) -> str:
    """Return what makes a row the same opportunity: its number, else who, what and when."""
    if external_id := record.text("external_id"):
        return external_id
    parts = [written_key(record.text(code)) for code in ("account", "name", "product", "owner")]
    opened = record.values.get("opened_on")
    text = "|".join([*parts, opened.isoformat() if opened else ""])
    return f"row-{blake2b(text.encode(), digest_size=10).hexdigest()}"


def _moment(day: date, hour: time, occasion: Occasion) -> datetime:
    """A day as a moment in the organization's time zone; today's is no later than now."""
    moment = datetime.combine(day, hour, occasion.by.organization.zone)
    today = occasion.at.astimezone(occasion.by.organization.zone).date()
    return min(moment, occasion.at) if day == today else moment


def _dates(record: Record, status: Status, occasion: Occasion) -> Dates | None:
    """Return the dates of a row; without any a row was opened when we learnt of it, and says so."""
    opened: date | None = record.values.get("opened_on")
    closed: date | None = record.values.get("closed_on")
    expected: date | None = record.values.get("expected_close_on")
    today = occasion.at.astimezone(occasion.by.organization.zone).date()
    if status == Status.OPEN:
        expected, closed = expected or closed, None
    elif closed is None:
        record.reject("close_date_missing", "closed_on")
        return None
    if opened is None:
        record.remarks.append("undated")
    for code, day in (("opened_on", opened), ("closed_on", closed)):
        if day is not None and day > today:
            record.reject("in_future", code, value=day.isoformat())
            return None
    if opened and closed and closed < opened:
        record.reject("closed_before_opening", "closed_on", opened=opened.isoformat())
        return None
    if status == Status.OPEN and opened and expected and expected < opened:
        named = "expected_close_on" if record.values.get("expected_close_on") else "closed_on"
        record.reject("close_before_opening", named, opened=opened.isoformat())
        return None
    closed_at = _moment(closed, EVENING, occasion) if closed else None
    opened_at = _moment(opened, MORNING, occasion) if opened else closed_at or occasion.at
    return Dates(min(opened_at, closed_at or opened_at), closed_at, expected)


def _amounts(
    record: Record, product: Product | None, status: Status, dates: Dates, occasion: Occasion
) -> list[tuple[int | None, datetime]]:
    """What a row was worth from when on."""
    stated: int | None = record.values.get("amount")
    price = product.list_price if product else None
    if status == Status.OPEN:
        if stated is None and price is not None:
            record.remarks.append("list_price_used")
            return [(price, dates.opened_at)]
        return [(stated, dates.opened_at)] if stated is not None else []
    before = price if occasion.answer(BEFORE_CLOSE, LIST_PRICE) == LIST_PRICE and price is not None else stated
    if status != Status.WON and not stated:
        if before:
            record.remarks.append("lost_at_list_price")
        return [(before, dates.opened_at)]
    if stated is None:
        record.remarks.append("won_without_amount")
        return [(before, dates.opened_at)] if before is not None else []
    if before == stated or dates.closed_at is None:
        return [(stated, dates.opened_at)]
    return [(before, dates.opened_at), (stated, dates.closed_at)]


@dataclass(frozen=True)
class _Desk:
    """Everything that stands ready while a batch of rows is read."""

    occasion: Occasion
    owners: targets.Owners
    customers: accounts_imports.Customers
    products: Products
    known: Mapping[str, queries.Known]


def _owner(record: Record, desk: _Desk) -> int | None:
    known = desk.known.get(key(record))
    found, named = desk.owners.find(record.text("owner"))
    if record.text("owner") and not named:
        record.remarks.append("owner_by_default")
    if not named and known is not None:
        return known.owner_id
    if found is None:
        record.reject("no_owner", "owner")
    return found


def _row(record: Record, owner_id: int, desk: _Desk) -> ImportedOpportunity | None:
    stage, status = stage_of(record, desk.occasion)
    dates = _dates(record, status, desk.occasion)
    if dates is None or record.problems:
        return None
    product = desk.products.find(record)
    name = record.text("name") or (product.name if product else record.text("product")) or record.text("account")
    reason = record.text("reason")
    is_lost = status in {Status.LOST, Status.ABANDONED}
    external_id = key(record)
    undated = record.values.get("opened_on") is None and external_id in desk.known
    row = ImportedOpportunity(
        external_id=external_id,
        account_id=desk.customers.find(record),
        owner_id=owner_id,
        name=name or external_id,
        opened_at=dates.opened_at,
        product_id=product.pk if product else None,
        stages=() if undated else [(stage, dates.opened_at)],
        amounts=_amounts(record, product, status, dates, desk.occasion),
        closes=[(dates.expected, dates.opened_at)] if dates.expected else (),
        outcome=status,
        closed_at=dates.closed_at,
        reason=REASONS.get(plain_key(reason), str(Reason.OTHER)) if is_lost else "",
        rival=record.text("rival"),
        note=record.text("note") or (reason if is_lost else ""),
        source=record.text("source"),
    )
    try:
        check(row, at=desk.occasion.at)
    except Refused as refused:
        record.reject(refused.code, **{name: str(value) for name, value in refused.data.items()})
        return None
    return row


def apply(records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    """Write these opportunities; see `exchange.targets.Target`."""
    members = sellers(occasion.by)
    desk = _Desk(
        occasion,
        targets.Owners(members, occasion),
        accounts_imports.Customers(occasion, records),
        Products(occasion),
        queries.known_opportunities([key(record) for record in records]),
    )
    owned = _prepare(records, desk)
    desk.customers.make()
    desk.products.make()
    rows: dict[int, ImportedOpportunity] = {}
    for record in records:
        if not record.problems and (row := _row(record, owned[record.number], desk)):
            rows[record.number] = row
    written = [row for row in rows.values() if not occasion.dry or row.external_id in desk.known]
    counts = actions.import_opportunities(written, by=occasion.by, at=occasion.at, index=not occasion.dry)
    for pk in counts.made:
        occasion.ledger.created("opportunity", pk)
    for pk, changed in counts.changed.items():
        occasion.ledger.changed("opportunity", pk, changed.version, changed.before, changed.log)
    now = {external_id for external_id, pk in counts.ids.items() if pk in counts.changed}
    return [_outcome(record, rows.get(record.number), desk.known, now) for record in records]


def judge(occasion: Occasion) -> None:
    """Have all that came in judged; see `exchange.targets.Target.ended`."""
    actions.judge_imported(occasion.ledger.of("opportunity"), by=occasion.by, at=occasion.at)


def _prepare(records: Sequence[Record], desk: _Desk) -> dict[int, int]:
    """Reject what may not be changed, and note which customers and products will be needed; returns the owners."""
    reach = reach_of(desk.occasion.by)
    owned: dict[int, int] = {}
    for record in records:
        known = desk.known.get(key(record))
        if known is not None and reach is not None and known.owner_id not in reach:
            record.reject("not_yours", "external_id")
            continue
        owner_id = _owner(record, desk)
        if owner_id is None:
            continue
        owned[record.number] = owner_id
        desk.customers.want(record, owner_id, blank=True, needed=known is not None or not desk.occasion.dry)
        if not record.problems:
            desk.products.want(record)
    return owned


def _outcome(
    record: Record, row: ImportedOpportunity | None, before: Mapping[str, Any], changed: Collection[str]
) -> Outcome:
    if row is None:
        return accounts_imports.rejected(record)
    if row.external_id not in before:
        verdict = Verdict.CREATED
    else:
        verdict = Verdict.UPDATED if row.external_id in changed else Verdict.UNCHANGED
    return Outcome(record.number, verdict, (), tuple(dict.fromkeys(record.remarks)))
