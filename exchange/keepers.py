"""Whose rows an import may create or change, and how they are taken back. Apps register their keepers here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import connection, models

from exchange.traces import Ledger, Trace
from tenants.bulk import update_many
from tenants.models import AuditEvent, Membership, TenantModel
from tenants.scoping import require_organization_id

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"

AT_ONCE = 5_000
SHOWN = 50


@dataclass(frozen=True)
class Moment:
    """Who takes an import back, and when."""

    by: Membership
    at: datetime


@dataclass(frozen=True)
class Keeper:
    """Rows of one table, as imports touch them.

    :param code: what `Ledger.created` and `Ledger.changed` are told.
    :param label: what the rows are called, many of them.
    :param position: what stands on other rows has the higher one; it goes first.
    :param watched: the fields whose values show that nobody touched a row since: one that counts every edit. Of more
        than one field the mark in the ledger is a list.
    :param owner: the field (or path) with the membership that a row belongs to; "" when anybody may change it.
    :param along: rows that hang on one of these and go with it, as (model, conditions). Whatever else hangs on a
        created row is somebody's work, and bars the undoing.
    :param derived: tables that the database itself keeps by what goes along: they bar nothing, and nobody deletes.
    :param removing: is told the ids of created rows just before they go: what no foreign key knows of.
    :param restored: is told the traces of changed rows after their fields are what they were.
    """

    code: str
    model: type[TenantModel]
    label: Text
    position: int
    watched: tuple[str, ...] = ("version",)
    owner: str = ""
    along: Sequence[tuple[type[TenantModel], Mapping[str, Any]]] = ()
    derived: Sequence[type[TenantModel]] = ()
    removing: Callable[[Sequence[int], Moment], None] = lambda ids, moment: None
    restored: Callable[[Sequence[Trace], Moment], None] = lambda traces, moment: None


KEEPERS: dict[str, Keeper] = {}
_along: dict[str, list[tuple[type[TenantModel], Mapping[str, Any]]]] = {}


def register(keeper: Keeper) -> None:
    """Let imports create and change these rows."""
    KEEPERS[keeper.code] = keeper


def goes_along(code: str, model: type[TenantModel], **conditions: Any) -> None:
    """Say that rows of an app to the right, which a machine makes, go with the rows they hang on."""
    _along.setdefault(code, []).append((model, conditions))


def label_of(code: str) -> Text:
    """Return what the rows of a keeper are called."""
    return KEEPERS[code].label if code in KEEPERS else code


def _in_order(ledger: Ledger) -> list[Keeper]:
    return sorted((KEEPERS[code] for code in ledger.traces), key=lambda keeper: -keeper.position)


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(sorted(ids))
    while batch := list(islice(rest, AT_ONCE)):
        yield batch


# Touched since? ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Touch:
    """Why a row cannot be taken back: `edited`, `gone`, `used` by another row, or `not_yours`.

    `model` and `row` say which row tells of it: itself, or the one that hangs on it.
    """

    keeper: str
    pk: int
    why: str
    model: type[models.Model]
    row: int


def touches(ledger: Ledger, *, reach: frozenset[int] | None, lock: bool = False) -> Iterator[Touch]:
    """Yield every reason why these rows cannot be taken back as one.

    :param reach: whose rows may be changed (membership ids); None for everyone's.
    :param lock: take the rows for this transaction, so that the answer stays true.
    """
    for keeper in _in_order(ledger):
        traces = ledger.of(keeper.code)
        for batch in _batches(traces):
            yield from _edited(keeper, traces, batch, reach=reach, lock=lock)
        made = [pk for pk, trace in traces.items() if trace.is_new]
        for relation, conditions in _hanging_on(keeper):
            own = _traces_of(relation.related_model, ledger)
            for batch in _batches(made):
                yield from _used(keeper, relation, conditions, batch, own)


def _edited(
    keeper: Keeper, traces: Mapping[int, Trace], batch: list[int], *, reach: frozenset[int] | None, lock: bool
) -> Iterator[Touch]:
    rows = keeper.model.objects.filter(pk__in=batch).order_by("pk")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    owner = (keeper.owner,) if keeper.owner else ()
    found = {row[0]: row[1:] for row in rows.values_list("pk", *keeper.watched, *owner)}
    for pk in batch:
        values = found.get(pk)
        if values is None:
            yield Touch(keeper.code, pk, "gone", keeper.model, pk)
        elif (list(values[: len(keeper.watched)]) if len(keeper.watched) > 1 else values[0]) != traces[pk].mark:
            yield Touch(keeper.code, pk, "edited", keeper.model, pk)
        elif owner and reach is not None and values[-1] not in reach:
            yield Touch(keeper.code, pk, "not_yours", keeper.model, pk)


def _hanging_on(keeper: Keeper) -> Iterator[tuple[Any, list[Mapping[str, Any]]]]:
    """Yield every foreign key to a keeper's table, with the conditions of the rows that go along; [] for none."""
    along: dict[type[models.Model], list[Mapping[str, Any]]] = {}
    for model, conditions in [*keeper.along, *_along.get(keeper.code, ())]:
        along.setdefault(model, []).append(conditions)
    for relation in keeper.model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in keeper.derived:
            continue
        if issubclass(relation.related_model, models.Model):
            yield relation, along.get(relation.related_model, [])


def _traces_of(model: type[models.Model], ledger: Ledger) -> Mapping[int, Trace]:
    return next((ledger.of(code) for code, keeper in KEEPERS.items() if keeper.model is model), {})


def _used(
    keeper: Keeper, relation: Any, conditions: list[Mapping[str, Any]], batch: list[int], own: Mapping[int, Trace]
) -> Iterator[Touch]:
    column = relation.field.attname
    rows = relation.related_model._base_manager.filter(**{f"{column}__in": batch})
    for condition in conditions:
        rows = rows.exclude(**condition) if condition else rows.none()
    for row, pk in rows.order_by().values_list("pk", column):
        if row not in own:
            yield Touch(keeper.code, pk, "used", relation.related_model, row)


@dataclass(frozen=True)
class Told:
    """A touch in full: the row's name, what touched it, by whom and when as far as the audit knows."""

    touch: Touch
    name: str
    by: str = ""
    at: datetime | None = None


def tell(found: Sequence[Touch]) -> list[Told]:
    """Return touches with names, people and times."""
    return [_told(touch) for touch in found]


def _told(touch: Touch) -> Told:
    row: Any = KEEPERS[touch.keeper].model.objects.filter(pk=touch.pk).first()
    name = str(row) if row is not None else ""
    event = _latest(touch.model, touch.row) or _latest(KEEPERS[touch.keeper].model, touch.pk)
    if event is not None:
        return Told(touch, name or event.target_name, event.by.name if event.by else "", event.at)
    if touch.why == "edited" and getattr(row, "updated_by_id", None):
        return Told(touch, name, row.updated_by.name, row.updated_at)
    return Told(touch, name)


def _latest(model: type[models.Model], pk: int) -> AuditEvent | None:
    events = AuditEvent.objects.filter(target_type=model._meta.label_lower, target_id=pk)
    found: AuditEvent | None = events.select_related("by__user").first()
    return found


# Taking back -------------------------------------------------------------------------------------


def take_back(ledger: Ledger, moment: Moment) -> None:
    """Let created rows go and give changed rows back what they held; the caller has seen that none was touched.

    :raises IntegrityError: something hangs on a row after all; the transaction is lost.
    """
    keepers = _in_order(ledger)
    for keeper in keepers:
        changed = [trace for trace in ledger.of(keeper.code).values() if not trace.is_new]
        for at in range(0, len(changed), AT_ONCE):
            part = changed[at : at + AT_ONCE]
            _restore(keeper, part, moment)
            keeper.restored(part, moment)
    for keeper in keepers:
        for batch in _batches(pk for pk, trace in ledger.of(keeper.code).items() if trace.is_new):
            _remove(keeper, batch, moment)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def marks_after(ledger: Ledger) -> dict[str, dict[int, tuple[int, int]]]:
    """Return by keeper and row the version that an import found and the one now, after it was taken back."""
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for keeper in _in_order(ledger):
        was = {pk: trace.was for pk, trace in ledger.of(keeper.code).items() if trace.was is not None}
        if keeper.watched == ("version",) and was:
            rows: Any = keeper.model.objects.filter(pk__in=was)
            found[keeper.code] = {pk: (was[pk], version) for pk, version in rows.values_list("pk", "version")}
    return found


def _restore(keeper: Keeper, traces: Sequence[Trace], moment: Moment) -> None:
    fields = {field.attname: field for field in keeper.model._meta.concrete_fields}
    named = {name for trace in traces for name in trace.before or ()} & fields.keys()
    rows: list[Any] = list(keeper.model.objects.filter(pk__in=[trace.pk for trace in traces]))
    before = {trace.pk: trace.before or {} for trace in traces}
    for row in rows:
        for name, value in before[row.pk].items():
            setattr(row, name, fields[name].to_python(value))
        _count_up(row, fields, moment)
    stamped = {"version", "updated_at", "updated_by_id"} & fields.keys()
    names = {fields[name].name for name in named | stamped}
    update_many(rows, sorted(names))


def _count_up(row: Any, fields: Mapping[str, Any], moment: Moment) -> None:
    if "version" in fields:
        row.version += 1
    if "updated_by_id" in fields:
        row.updated_at, row.updated_by = moment.at, moment.by


def _remove(keeper: Keeper, ids: list[int], moment: Moment) -> None:
    keeper.removing(ids, moment)
    for relation, conditions in _hanging_on(keeper):
        if conditions:
            _delete(relation.related_model, relation.field.column, ids)
    _delete(keeper.model, "id", ids)


def _delete(model: type[models.Model], column: str, ids: list[int]) -> None:
    """Delete by one statement; nothing is fetched first, as a queryset would for what cascades."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {quoted(model._meta.db_table)} WHERE organization_id = %s AND {quoted(column)} = ANY(%s)",  # noqa: S608  # names of our own tables
            [require_organization_id(), ids],
        )
