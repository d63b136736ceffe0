"""Takes files in: read, staged in chunks, their columns looked through."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from exchange.actions._locks import Step, job_key, refuse_begun, unlocked
from exchange.mapping import propose
from exchange.models import Import, ImportChunk, SavedMapping, own_headings
from exchange.problems import Problem, Refused
from exchange.reading import Table, open_table
from exchange.rows import Row
from exchange.staging import pack_rows, unpack_rows
from exchange.states import ImportState
from exchange.survey import survey
from exchange.targets import Target
from jobs import actions as jobs
from tenants import audit
from tenants.models import Membership

CHUNK_ROWS = 1_000
CHUNKS_AT_ONCE = 5
INLINE_BYTES = 1_500_000
"""Smaller text files are read at once; larger ones and workbooks by a job."""

READ_JOB = "import_read"


@transaction.atomic
def start(
    target: Target, *, name: str, content: bytes, by: Membership, at: datetime, request_key: UUID | None = None
) -> Import:
    """Store an uploaded file and begin to read it; a repeated `request_key` returns the first one, also when both
    arrive at once.

    :raises problems.Refused: it is no table that can be read; nothing is stored.
    """
    if request_key and (known := Import.objects.filter(request_key=request_key).first()):
        found: Import = known
        return found
    table = open_table(content)
    try:
        with transaction.atomic():
            return _taken_in(target, table, name=name, content=content, by=by, at=at, request_key=request_key)
    except IntegrityError:  # the same click came twice, and the other one was faster by a moment
        first: Import | None = Import.objects.filter(request_key=request_key).first() if request_key else None
        if first is None:
            raise
        return first


def _taken_in(
    target: Target, table: Table, *, name: str, content: bytes, by: Membership, at: datetime, request_key: UUID | None
) -> Import:
    """Keep the file and begin to read it."""
    kind = "text/csv" if table.kind == "csv" else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    stored = jobs.store_file(name, content, kind, by=by, at=at)
    imported: Import = Import.objects.create(
        target=target.code,
        by=by,
        file=stored,
        sha256=stored.sha256,
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
    :raises Refused: import_running, import_over, import_begun.
    """
    imported = unlocked(imported, but=(ImportState.DONE, ImportState.UNDONE))
    refuse_begun(imported)
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
        READ_JOB, payload={"import": imported.pk}, by=by, at=at, title=imported.file_name, unique_key=job_key(imported)
    )
    imported.save(update_fields=["job"])


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
    except Refused as refused:
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
    imported.mapping, imported.answers = (
        _as_saved(imported)
        or _as_last_time(imported)
        or (
            {
                each.field: each.column
                for each in propose(imported.headers, target.fields, sample)
                if each.column is not None
            },
            {},
        )
    )
    imported.state = ImportState.MAPPING
    imported.save(update_fields=["columns", "mapping", "answers", "state"])


def _as_saved(imported: Import) -> tuple[dict[str, int], dict[str, str]] | None:
    """Return the mapping and the answers last saved for a file with just these headings."""
    for saved in SavedMapping.objects.filter(target=imported.target).order_by("-updated_at", "-id"):
        if saved.is_learnt_from(imported.headers) and not saved.missing(imported.headers):
            return saved.placed(imported.headers), dict(saved.answers)
    return None


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
    if own_headings(imported.headers) != own_headings(last.headers):
        return None
    at = {header: index for index, header in enumerate(imported.headers)}
    mapping = {code: at[last.header_of(column)] for code, column in last.mapping.items()}
    return mapping, dict(last.answers)
