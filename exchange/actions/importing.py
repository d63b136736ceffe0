"""Checks and imports what was read: each chunk of rows is one transaction with its outcome."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from exchange import labels
from exchange.actions._locks import Step, job_key, refuse_begun, unlocked
from exchange.models import Import, ImportChunk
from exchange.problems import Code, Problem
from exchange.records import Record, read_record
from exchange.rows import Row
from exchange.staging import NO_KEY, Counts, Outcome, pack_keys, pack_outcomes, unpack_keys, unpack_rows
from exchange.states import ImportState, Verdict
from exchange.targets import Occasion, Target
from exchange.traces import Ledger
from exchange.writing import is_ours, restored, write_rejects
from jobs import actions as jobs
from jobs.models import StoredFile
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership

CHECK_JOB, IMPORT_JOB = "import_check", "import_rows"
OVER = (ImportState.DONE, ImportState.REFUSED, ImportState.UNDONE)


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
    :raises Refused: import_running, import_over, import_begun (rows are written already), import_purged.
    """
    imported = unlocked(imported, but=(*OVER, ImportState.READING))
    refuse_begun(imported)
    refuse_stale(imported, seen, "mapping", "answers")
    imported.mapping, imported.answers, imported.counts = dict(mapping), dict(answers), {}
    imported.state, imported.version = ImportState.CHECKING, imported.version + 1
    imported.job = _enqueue(CHECK_JOB, imported, by=by, at=at)
    imported.save()
    audit.record("import.mapped", imported, by=by, at=at, mapping=imported.mapping)
    return imported


@transaction.atomic
def run(imported: Import, *, seen: int, by: Membership, at: datetime) -> Import:
    """Begin to import what was checked, or go on with an import that stopped, at the chunk it had come to.

    :raises Stale: it was mapped anew since version `seen`.
    :raises Refused: import_running, import_over, import_unchecked, import_purged.
    """
    imported = unlocked(imported, but=OVER)
    refuse_stale(imported, seen, "mapping")
    if imported.purged_at is not None:
        raise Refused("import_purged")
    if imported.state not in {ImportState.CHECKED, ImportState.IMPORTING}:
        raise Refused("import_unchecked")
    if imported.state == ImportState.CHECKED:
        imported.counts, imported.position = {}, 0
    went_on = imported.has_begun
    imported.state = ImportState.IMPORTING
    imported.job = _enqueue(IMPORT_JOB, imported, by=by, at=at)
    imported.save(update_fields=["counts", "position", "state", "job"])
    audit.record("import.resumed" if went_on else "import.started", imported, by=by, at=at, rows=imported.total)
    return imported


def _enqueue(kind: str, imported: Import, *, by: Membership, at: datetime) -> Any:
    payload = {"import": imported.pk}
    return jobs.enqueue(kind, payload=payload, by=by, at=at, title=imported.file_name, unique_key=job_key(imported))


@transaction.atomic
def work_on(imported: Import, *, position: int, dry: bool, by: Membership, at: datetime) -> Step:
    """Check (`dry`) or import the chunk at a position: outcome, counts, effect and how to take it back, together.

    The dry run does what the import would do and takes it back, so that both say the same.

    :raises Refused: importer_gone: `by` may not import any more.
    """
    _refuse_gone(by, imported.kind)
    chunk: ImportChunk | None = imported.chunks.filter(position=position).first()
    if chunk is None:
        return Step(imported.total, {"rejects": True, "position": position}, finished=False)
    target = imported.kind
    occasion = Occasion(by=by, at=at, answers=imported.answers, dry=dry)
    records = _records(imported, unpack_rows(bytes(chunk.rows)))
    chunk.keys = pack_keys(None if record.problems else target.key(record) for record in records)
    _reject_repeats(imported, chunk, records)
    with transaction.atomic():
        outcomes = _outcomes(target, records, occasion)
        if dry:
            transaction.set_rollback(True)
    chunk.outcomes = pack_outcomes(outcomes)
    chunk.effects = b"" if dry else occasion.ledger.pack()
    chunk.save(update_fields=["keys", "outcomes", "effects"])
    counts = Counts.of(imported.counts)
    counts.add(outcomes)
    imported.counts = counts.as_json()
    imported.position = 0 if dry else position + 1
    imported.save(update_fields=["counts", "position"])
    return Step(counts.total, {"position": position + 1}, finished=False)


def _refuse_gone(by: Membership, target: Target) -> None:
    if not (by.is_active and by.user.is_active and target.is_open_to(by)):
        raise Refused("importer_gone")


def _records(imported: Import, rows: Sequence[Row]) -> list[Record]:
    sources = imported.sources()
    headers = {source.field.code: source.header for source in sources}
    ours = is_ours(imported.headers)
    return [read_record(row, sources, headers, ours=ours) for row in rows]


# The keys of the rows before, with where they stand; a worker that takes over reads them from the chunks anew.
_before: dict[tuple[int, int], tuple[int, dict[bytes, tuple[int, int]]]] = {}


def _keys_before(imported: Import, position: int) -> dict[bytes, tuple[int, int]]:
    """Return the key of every row before a chunk, with (position, index) of the first one that has it."""
    reached, found = _before.pop((imported.pk, imported.version), (-1, {}))
    _before.clear()
    if reached != position:
        found = {}
        chunks = imported.chunks.filter(position__lt=position).order_by("position")
        for at, keys in chunks.values_list("position", "keys"):
            _add_keys(found, at, bytes(keys))
    return found


def _add_keys(found: dict[bytes, tuple[int, int]], position: int, keys: bytes) -> None:
    for index, fingerprint in enumerate(unpack_keys(keys)):
        found.setdefault(fingerprint, (position, index))


def _reject_repeats(imported: Import, chunk: ImportChunk, records: Sequence[Record]) -> None:
    """Reject a row that is the same thing as a row before it, in this chunk or an earlier one."""
    earlier = _keys_before(imported, chunk.position)
    here: dict[bytes, int] = {}
    for record, fingerprint in zip(records, unpack_keys(bytes(chunk.keys)), strict=True):
        if fingerprint == NO_KEY:
            continue
        if fingerprint in here:
            record.reject(Code.DUPLICATE_ROW, first=here[fingerprint])
        elif fingerprint in earlier:
            position, index = earlier[fingerprint]
            rows = unpack_rows(bytes(imported.chunks.get(position=position).rows))
            record.reject(Code.DUPLICATE_ROW, first=rows[index].number)
        else:
            here[fingerprint] = record.number
    _add_keys(earlier, chunk.position, bytes(chunk.keys))
    _before[imported.pk, imported.version] = (chunk.position + 1, earlier)


def _outcomes(target: Target, records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    sound = [record for record in records if not record.problems]
    applied = {outcome.number: outcome for outcome in _applied(target, sound, occasion)} if sound else {}
    return [
        applied.get(record.number) or Outcome(record.number, Verdict.REJECTED, tuple(record.problems))
        for record in records
    ]


def _applied(target: Target, records: Sequence[Record], occasion: Occasion) -> list[Outcome]:
    """Apply records; where the database objects, halve them until the one at fault stands alone."""
    attempt = replace(occasion, ledger=Ledger())
    try:
        with transaction.atomic():
            outcomes = target.apply(records, attempt)
        occasion.ledger.add(attempt.ledger)
        return outcomes
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
def finish(imported: Import, *, dry: bool, by: Membership, at: datetime) -> StoredFile | None:
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
        imported.kind.ended(Occasion(by=by, at=at, answers=imported.answers, ledger=imported.ledger()))
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
