"""Files as users have them, and the way of an import from its file to its end."""

import csv
import io
from collections.abc import Sequence

from django.utils import timezone

from exchange import actions, queries
from exchange.models import Import
from exchange.targets import TARGETS
from jobs import running
from tenants.models import Membership


def make_csv(*rows: Sequence[object], encoding: str = "utf-8") -> bytes:
    """A CSV file; the first row holds the headings."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(encoding)


def make_import(target: str, data: bytes, *, by: Membership, name: str = "file.csv") -> Import:
    """A file that was chosen and read."""
    imported = actions.start(TARGETS[target], name=name, content=data, by=by, at=timezone.now())
    return finished(imported) if imported.job_id else imported


def finished(imported: Import) -> Import:
    """The import after its job ran to its end."""
    imported.refresh_from_db()
    assert imported.job is not None
    running.run(imported.job)
    imported.refresh_from_db()
    return imported


def proposals(imported: Import, *, by: Membership) -> dict[str, str]:
    """The likeliest answer to every question."""
    groups = [*queries.date_group(imported, imported.mapping), *queries.questions(imported, imported.mapping, by=by)]
    return {question.code: question.default for group in groups for question in group.questions}


def settled(imported: Import, *, by: Membership, **answers: str) -> Import:
    """The import before its dry run, with these answers and the likeliest ones otherwise."""
    return actions.settle(
        imported,
        mapping=imported.mapping,
        answers=proposals(imported, by=by) | answers,
        seen=imported.version,
        by=by,
        at=timezone.now(),
    )


def checked(imported: Import, *, by: Membership, **answers: str) -> Import:
    """The import after its dry run."""
    return finished(settled(imported, by=by, **answers))


def bring_in(target: str, data: bytes, *, by: Membership, **answers: str) -> Import:
    """Import a file as a user does who takes every proposal but these; the dry run must have told the truth."""
    imported = checked(make_import(target, data, by=by), by=by, **answers)
    foretold = imported.counts
    imported = finished(actions.run(imported, seen=imported.version, by=by, at=timezone.now()))
    assert imported.counts == foretold
    assert imported.tally.total == imported.total
    return imported


def reasons(imported: Import) -> dict[int, list[tuple[str, str | None]]]:
    """Why rows are rejected: row number → (code, column)."""
    return {
        outcome.number: [(problem.code, problem.column) for problem in outcome.problems]
        for _row, outcome in imported.outcomes("rejected")
    }
