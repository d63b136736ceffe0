"""Takes files in, step by step: read, map, check, import. Each chunk of rows is one transaction with its outcome."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from exchange import labels, problems
from exchange.mapping import propose
from exchange.models import Import, ImportChunk
from exchange.problems import Code, Problem
from exchange.reading import Table, open_table
from exchange.records import Record, read_record
from exchange.rows import Row
from exchange.staging import (
    NO_KEY,
    Counts,
    Outcome,
    pack_keys,
    pack_outcomes,
    pack_rows,
    unpack_keys,
    unpack_rows,
)
from exchange.states import ImportState, Verdict
from exchange.survey import survey
from exchange.targets import Occasion, Target
from exchange.writing import REASON_MARK, is_ours, restored, write_rejects
from jobs import actions as jobs
from jobs.models import StoredFile
from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership

CHUNK_ROWS = 1_000
CHUNKS_AT_ONCE = 5
INLINE_BYTES = 1_500_000
"""Smaller text files are read at once; larger ones and workbooks by a job."""

READ_JOB, CHECK_JOB, IMPORT_JOB = "import_read", "import_check", "import_rows"


@dataclass(frozen=True)
class Step:
    """Where the work on an import stands: rows done, the next position, whether that was all."""

    done: int
    cursor: Mapping[str, Any]
    finished: bool


# Taking the file in -----------------------------------------------------------------------------


@transaction.atomic
def start(
    target: Target, *, name: str, content: bytes, by: Membership, at: datetime, request_key: UUID | None = None
) -> Import:
    """Store an uploaded file and begin to read it.

    :raises problems.Refused: it is no table that can be read; nothing is stored.
    """
    if request_key and (known := Import.objects.filter(request_key=request_key).first()):
        found: Import = known
        return found
    table = open_table(content)
    kind = "text/csv" if table.kind == "csv" else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    imported: Import = Import.objects.create(
        target=target.code,
        by=by,
        file=jobs.store_file(name, content, kind, by=by, at=at),
        file_name=name[:200],
        request_key=request_key,
        created_at=at,
        **_described(table),
    )
    audit.record("import.uploaded", imported, by=by, at=at, into=target.code, size=len(content))
    _begin_reading(imported, table, size=len(content), by=by, at=at)
    return imported


@transaction.atomic
def reread(imported: Import, *, by: Membership, at: datetime, **how: Any) -> Import:
    """Read the file again, in another way: `encoding`, `delimiter`, `sheet`, `header_row`.

    :raises problems.Refused: it cannot be read that way; everything stays as it was.
    :raises Refused: import_running, import_over.
    """
    imported = _unlocked(imported, but=(ImportState.DONE,))
    content = bytes(imported.file.content)
    table = open_table(content, **how)
    for name, value in _described(table).items():
        setattr(imported, name, value)
    imported.chunks.all().delete()
    imported.state, imported.version = ImportState.READING, imported.version + 1
    imported.mapping, imported.answers, imported.counts, imported.columns = {}, {}, {}, []
    imported.total, imported.problem = 0, None
    imported.save()
    _begin_reading(imported, table, size=len(content), by=by, at=at)
    return imported


def _described(table: Table) -> dict[str, Any]:
    return {
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet[:200],
        "sheets": list(table.sheets),
        "header_row": table.header_row,
        "headers": list(table.headers),
        "notes": [[note.code, note.row, note.column, dict(note.detail)] for note in table.notes],
    }


def _begin_reading(imported: Import, table: Table, *, size: int, by: Membership, at: datetime) -> None:
    if table.kind == "csv" and size <= INLINE_BYTES:
        _stage(imported, table.rows(), position=0)
        look_through(imported)
        return
    imported.job = jobs.enqueue(
        READ_JOB, payload={"import": imported.pk}, by=by, at=at, title=imported.file_name, unique_key=_key(imported)
    )
    imported.save(update_fields=["job"])


def _key(imported: Import) -> str:
    return f"import:{imported.pk}"


def _unlocked(imported: Import, *, but: Sequence[str] = ()) -> Import:
    """Lock an import that no job works on.

    :raises Refused: import_running; import_over in one of the states `but`.
    """
    locked: Import = Import.objects.select_for_update(of=("self",)).select_related("file", "job").get(pk=imported.pk)
    if locked.is_running:
        raise Refused("import_running")
    if locked.state in but:
        raise Refused("import_over")
    return locked


def _opened(imported: Import) -> Table:
    return open_table(
        bytes(imported.file.content),
        encoding=imported.encoding,
        delimiter=imported.delimiter,
        sheet=imported.sheet,
    )


# A file is opened once and read on from chunk to chunk; a worker that takes over opens it anew.
_readers: dict[tuple[int, int], tuple[int, Iterator[Row]]] = {}


def read_on(imported: Import, *, after: int, position: int) -> Step:
    """Stage the next rows of the file; a file that turns out to be no table ends the import."""
    key = (imported.pk, imported.version)
    reached, rows = _readers.pop(key, (-1, iter(())))
    _readers.clear()
    try:
        if reached != after:
            rows = _opened(imported).rows(after=after)
        last = _stage(imported, islice(rows, CHUNK_ROWS * CHUNKS_AT_ONCE), position=position)
    except problems.Refused as refused:
        refuse(imported, refused.problem)
        return Step(imported.total, {}, finished=True)
    if last is None:
        return Step(imported.total, {"look": True}, finished=False)
    _readers[key] = (last, rows)
    return Step(imported.total, {"after": last, "position": position + CHUNKS_AT_ONCE}, finished=False)


def _stage(imported: Import, rows: Iterator[Row], *, position: int) -> int | None:
    """Keep these rows in chunks; return the number of the last one, None when there were none."""
    last = None
    while batch := list(islice(rows, CHUNK_ROWS)):
        last = batch[-1].number
        ImportChunk.objects.create(
            imported=imported,
            position=position,
            first_row=batch[0].number,
            last_row=last,
            count=len(batch),
            rows=pack_rows(batch),
        )
        position += 1
        imported.total += len(batch)
    imported.save(update_fields=["total"])
    return last


def refuse(imported: Import, problem: Problem) -> None:
    """End an import whose file cannot be taken; nothing of it is kept but the file."""
    imported.chunks.all().delete()
    imported.state, imported.total = ImportState.REFUSED, 0
    imported.problem = [problem.code, problem.row, problem.column, dict(problem.detail)]
    imported.save(update_fields=["state", "total", "problem"])


def look_through(imported: Import) -> None:
    """Describe every column, propose which fills which field, and leave the rest to the user."""
    chunks = imported.chunks.order_by("position")
    columns = survey(
        (row for chunk in chunks.iterator(chunk_size=4) for row in unpack_rows(bytes(chunk.rows))),
        len(imported.headers),
    )
    first = chunks.first()
    sample = [row.cells for row in unpack_rows(bytes(first.rows))[:60]] if first else []
    target = imported.kind
    imported.columns = [column.as_json() for column in columns]
    imported.mapping, imported.answers = _as_last_time(imported) or (
        {
            each.field: each.column
            for each in propose(imported.headers, target.fields, sample)
            if each.column is not None
        },
        {},
    )
    imported.state = ImportState.MAPPING
    imported.save(update_fields=["columns", "mapping", "answers", "state"])


def _as_last_time(imported: Import) -> tuple[dict[str, int], dict[str, str]] | None:
    """Return the mapping and the answers of the last import whose headings this file has too."""
    last: Import | None = (
        Import.objects.filter(by_id=imported.by_id, target=imported.target)
        .filter(state__in=[ImportState.DONE, ImportState.CHECKED, ImportState.CHECKING])
        .exclude(pk=imported.pk)
        .first()
    )
    if last is None:
        return None
    ours = [header for header in imported.headers if not header.startswith(REASON_MARK)]
    theirs = [header for header in last.headers if not header.startswith(REASON_MARK)]
    if ours != theirs:
        return None
    at = {header: index for index, header in enumerate(imported.headers)}
    mapping = {code: at[last.header_of(column)] for code, column in last.mapping.items()}
    return mapping, dict(last.answers)


# Mapping, checking, importing -------------------------------------------------------------------


@transaction.atomic
def settle(
    imported: Import,
    *,
    mapping: Mapping[str, int],
    answers: Mapping[str, str],
    seen: int,
    by: Membership,
    at: datetime,
) -> Import:
    """Keep the user's mapping and answers, and begin the dry run.

    :raises Stale: somebody else settled it since version `seen`.
    :raises Refused: import_running, import_over.
    """
    imported = _unlocked(imported, but=(ImportState.DONE, ImportState.REFUSED, ImportState.READING))
    if imported.version != seen:
        raise Stale({"mapping": imported.mapping, "answers": imported.answers})
    imported.mapping, imported.answers, imported.counts = dict(mapping), dict(answers), {}
    imported.state, imported.version = ImportState.CHECKING, imported.version + 1
    imported.job = _enqueue(CHECK_JOB, imported, by=by, at=at)
    imported.save()
    audit.record("import.mapped", imported, by=by, at=at, mapping=imported.mapping)
    return imported


@transaction.atomic
def run(imported: Import, *, seen: int, by: Membership, at: datetime) -> Import:
    """Begin to import what was checked, or go on with an import that stopped.

    :raises Stale: it was mapped anew since version `seen`.
    :raises Refused: import_running, import_over, import_unchecked.
    """
    imported = _unlocked(imported, but=(ImportState.DONE, ImportState.REFUSED))
    if imported.version != seen:
        raise Stale({"mapping": imported.mapping})
    if imported.state not in {ImportState.CHECKED, ImportState.IMPORTING}:
        raise Refused("import_unchecked")
    if imported.state == ImportState.CHECKED:
        imported.counts, position = {}, 0
    else:
        position = int((imported.job.cursor if imported.job else {}).get("position", 0))
    imported.state = ImportState.IMPORTING
    imported.job = _enqueue(IMPORT_JOB, imported, by=by, at=at, position=position)
    imported.save(update_fields=["counts", "state", "job"])
    audit.record("import.started", imported, by=by, at=at, rows=imported.total)
    return imported


def _enqueue(kind: str, imported: Import, *, by: Membership, at: datetime, position: int = 0) -> Any:
    payload = {"import": imported.pk, "position": position}
    return jobs.enqueue(kind, payload=payload, by=by, at=at, title=imported.file_name, unique_key=_key(imported))


@transaction.atomic
def work_on(imported: Import, *, position: int, dry: bool, at: datetime) -> Step:
    """Check (`dry`) or import the chunk at a position: outcome, counts and effect together.

    The dry run does what the import would do and takes it back, so that both say the same.
    """
    chunk: ImportChunk | None = imported.chunks.filter(position=position).first()
    if chunk is None:
        return Step(imported.total, {"rejects": True, "position": position}, finished=False)
    target = imported.kind
    occasion = Occasion(by=imported.by, at=at, answers=imported.answers, dry=dry)
    records = _records(imported, unpack_rows(bytes(chunk.rows)))
    chunk.keys = pack_keys(None if record.problems else target.key(record) for record in records)
    _reject_repeats(imported, chunk, records)
    with transaction.atomic():
        outcomes = _outcomes(target, records, occasion)
        if dry:
            transaction.set_rollback(True)
    chunk.outcomes = pack_outcomes(outcomes)
    chunk.save(update_fields=["keys", "outcomes"])
    counts = Counts.of(imported.counts)
    counts.add(outcomes)
    imported.counts = counts.as_json()
    imported.save(update_fields=["counts"])
    return Step(counts.total, {"position": position + 1}, finished=False)


def _records(imported: Import, rows: Sequence[Row]) -> list[Record]:
    sources = imported.sources()
    headers = {source.field.code: source.header for source in sources}
    ours = is_ours(imported.headers)
    return [read_record(row, sources, headers, ours=ours) for row in rows]


def _reject_repeats(imported: Import, chunk: ImportChunk, records: Sequence[Record]) -> None:
    """Reject a row that is the same thing as a row before it, in this chunk or an earlier one."""
    earlier: dict[bytes, tuple[int, int]] = {}
    before = imported.chunks.filter(position__lt=chunk.position).order_by("position")
    for position, keys in before.values_list("position", "keys"):
        for index, key in enumerate(unpack_keys(bytes(keys))):
            earlier.setdefault(key, (position, index))
    here: dict[bytes, int] = {}
    for record, key in zip(records, unpack_keys(bytes(chunk.keys)), strict=True):
        if key == NO_KEY:
            continue
        if key in here:
            record.reject(Code.DUPLICATE_ROW, first=here[key])
        elif key in earlier:
            position, index = earlier[key]
            rows = unpack_rows(bytes(imported.chunks.get(position=position).rows))
            record.reject(Code.DUPLICATE_ROW, first=rows[index].number)
        else:
            here[key] = record.number


def _outcomes(target: Target, records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    sound = [record for record in records if not record.problems]
    applied = {outcome.number: outcome for outcome in _applied(target, sound, occasion)} if sound else {}
    return [
        applied.get(record.number) or Outcome(record.number, Verdict.REJECTED, tuple(record.problems))
        for record in records
    ]


def _applied(target: Target, records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    """Apply records; where the database objects, halve them until the one at fault stands alone."""
    try:
        with transaction.atomic():
            return target.apply(records, occasion)
    except (IntegrityError, DataError, Refused) as error:
        if len(records) == 1:
            reason = error.code if isinstance(error, Refused) else type(error).__name__
            number = records[0].number
            return [Outcome(number, Verdict.REJECTED, (Problem(Code.NOT_TAKEN, number, None, {"reason": reason}),))]
        middle = len(records) // 2
        return [
            *_applied(target, records[:middle], occasion),
            *_applied(target, records[middle:], occasion),
        ]


@transaction.atomic
def finish(imported: Import, *, dry: bool, at: datetime) -> StoredFile | None:
    """Write the rejected rows down as a file (None without any) and close the check or the import."""
    counts = imported.tally
    imported.rejects = None
    if counts.verdicts.get(Verdict.REJECTED):
        with translation.override(imported.by.user.language or imported.by.organization.language):
            content = b"".join(_reject_lines(imported))
            stem = imported.file_name.rpartition(".")[0] or imported.file_name
            name = _("%(file)s rejected rows.csv") % {"file": stem[:150]}
        imported.rejects = jobs.store_file(name, content, "text/csv", by=imported.by, at=at)
    imported.state = ImportState.CHECKED if dry else ImportState.DONE
    imported.finished_at = None if dry else at
    imported.save(update_fields=["rejects", "state", "finished_at"])
    if not dry:
        audit.record("import.finished", imported, by=imported.by, at=at, **counts.verdicts)
    return imported.rejects


def _reject_lines(imported: Import) -> Iterator[bytes]:
    columns = imported.data_columns
    own = imported.kind.problems
    ours = is_ours(imported.headers)
    return write_rejects(
        [imported.headers[at] for at in columns],
        _("Reason"),
        (
            (
                [_as_it_came(row.cells[at], ours=ours) for at in columns],
                "; ".join(labels.problem_text(problem, own) for problem in outcome.problems),
            )
            for row, outcome in imported.outcomes(Verdict.REJECTED)
        ),
    )


def _as_it_came(cell: Any, *, ours: bool) -> Any:
    """A cell of our own file has its guard already; writing adds it again."""
    return restored(cell) if ours and isinstance(cell, str) else cell
