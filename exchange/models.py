"""Imports and their staged rows."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from exchange import labels
from exchange.dates import DateFormat, order_of
from exchange.numbers import Decimals
from exchange.problems import Problem
from exchange.records import Source
from exchange.rows import Row
from exchange.staging import Counts, Outcome, unpack_outcomes, unpack_rows
from exchange.states import ImportState, kept_until, undo_bar
from exchange.survey import Column
from exchange.targets import TARGETS, Target, question_code
from exchange.traces import Ledger, gathered
from exchange.writing import REASON_MARK
from jobs.models import Job, StoredFile
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager

UNDO_JOB = "import_undo"


class ImportQuerySet(models.QuerySet["Import"]):
    """Imports by what they mean."""

    def visible_to(self, membership: Membership) -> "ImportQuerySet":
        """One's own; an executive sees all. A file may hold what its reader may not see, so nobody else does."""
        if membership.visible_owner_ids is None:
            return self
        return self.filter(by=membership)


class Import(TenantModel):
    """One uploaded file on its way in.

    `mapping` is {field code: column from 0}, `answers` {question code: answer}, `columns` describes each column
    (`survey.Column`), `counts` what the dry run or the import found (`staging.Counts`), `position` the chunk that the
    import comes to next. `problem` says why a file was refused after its upload. Its `file` and chunks go at
    `purged_at`; what was imported stays then, and the import is a line of the list.
    """

    target = models.CharField(max_length=40)
    state = models.CharField(
        max_length=10, default=ImportState.READING, choices=[(s.value, s.value) for s in ImportState]
    )
    by = TenantForeignKey(Membership, models.PROTECT, related_name="imports")
    file = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(_("File"), max_length=200)
    encoding = models.CharField(_("Encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("Delimiter"), max_length=1, blank=True)
    sheet = models.CharField(_("Sheet"), max_length=200, blank=True)
    sheets = models.JSONField(default=list)
    header_row = models.PositiveIntegerField(_("Row of the headings"), default=1)
    headers = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    columns = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    problem = models.JSONField(null=True)
    position = models.PositiveIntegerField(default=0)
    job = TenantForeignKey(Job, models.PROTECT, null=True, related_name="+")
    rejects = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    purged_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(ImportQuerySet)()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "by", "-id"], name="import_of_a_member")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=models.Q(request_key__isnull=False),
                name="import_request_once",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def kind(self) -> Target:
        """What it brings in."""
        return TARGETS[self.target]

    @property
    def surveyed(self) -> list[Column]:
        """What stands in each column."""
        return [Column.of(column) for column in self.columns]

    @property
    def tally(self) -> Counts:
        """How many rows met each fate."""
        return Counts.of(self.counts)

    @property
    def remarks(self) -> list[Problem]:
        """What is worth telling about the file."""
        return [Problem(*note) for note in self.notes]

    @property
    def refusal(self) -> Problem | None:
        """Why the file could not be taken."""
        return Problem(*self.problem) if self.problem else None

    @property
    def state_label(self) -> Any:
        """Its state in words."""
        return labels.STATES.get(self.state, self.state)

    @property
    def total_text(self) -> str:
        """How many rows the file has, grouped for reading."""
        return f"{self.total:,}"

    @property
    def figures(self) -> list[tuple[str, Any, str]]:
        """Each verdict that any row met: its code, words and number of rows."""
        found = self.tally.verdicts
        return [(code, label, f"{found[code]:,}") for code, label in labels.VERDICTS.items() if found.get(code)]

    @property
    def has_begun(self) -> bool:
        """Whether rows of it are written and its end is still to come."""
        return self.state == ImportState.IMPORTING and self.position > 0

    @property
    def has_written(self) -> bool:
        """Whether anything came of it, be it undone by now."""
        return self.state in {ImportState.DONE, ImportState.UNDONE} or self.has_begun

    @property
    def kept_until(self) -> datetime:
        """Until when its file and rows are kept, and it can be undone."""
        last = self.job.created_at if self.job else None
        return kept_until(self.created_at, last, self.finished_at)

    @property
    def undo_bar(self) -> str:
        """Why it cannot be taken back by its own life, "" otherwise; see `states.undo_bar`."""
        return undo_bar(self.state, position=self.position, purged=self.purged_at is not None)

    @property
    def bar_words(self) -> Any:
        """The same in words."""
        return labels.BARS.get(self.undo_bar, "")

    @property
    def is_running(self) -> bool:
        """Whether a job is at work on it."""
        return bool(self.job_id) and Job.objects.running().filter(pk=self.job_id).exists()

    @property
    def is_being_undone(self) -> bool:
        """Whether the job at work on it takes it back."""
        return bool(self.job) and self.job.kind == UNDO_JOB and not self.job.has_ended

    def header_of(self, column: int) -> str:
        """Return what a column is called."""
        return str(self.headers[column]) if column < len(self.headers) else ""

    @property
    def data_columns(self) -> list[int]:
        """The columns that hold data, not the reasons that we wrote beside rejected rows."""
        return [at for at, header in enumerate(self.headers) if not str(header).startswith(REASON_MARK)]

    def sources(self) -> list[Source]:
        """Return how each mapped field is read, by its column and the answers given."""
        columns = self.surveyed
        found = []
        for field in self.kind.fields:
            column = self.mapping.get(field.code)
            if column is None or column >= len(columns):
                continue
            dates = columns[column].dates
            if (order := order_of(self.answers.get(question_code("dates", field.code)))) is not None:
                dates = DateFormat(order)
            sign = columns[column].decimals
            decimals: Decimals | None = "," if sign == "," else "." if sign == "." else None
            found.append(Source(field, column, self.header_of(column), dates, decimals))
        return found

    def ledger(self) -> Ledger:
        """Return what it created and changed, by keeper."""
        parts = self.chunks.filter(position__lt=self.position).order_by("position")
        return gathered(bytes(part) for part in parts.values_list("effects", flat=True).iterator() if part)

    def outcomes(self, verdict: str = "") -> Iterator[tuple[Row, Outcome]]:
        """Yield each row with what became (or would become) of it, in the order of the file."""
        chunks = self.chunks.order_by("position")
        if self.state == ImportState.IMPORTING:
            chunks = chunks.filter(position__lt=self.position)
        for chunk in chunks.defer("effects").iterator(chunk_size=4):
            if not chunk.outcomes:
                continue
            found = unpack_outcomes(bytes(chunk.outcomes))
            if verdict and not any(outcome.verdict == verdict for outcome in found):
                continue
            rows = unpack_rows(bytes(chunk.rows))
            for row, outcome in zip(rows, found, strict=True):
                if not verdict or outcome.verdict == verdict:
                    yield row, outcome


class ImportChunk(TenantModel):
    """A piece of a file: its rows as read, their keys, and what became (or would become) of each.

    `effects` is what the import of these rows did (`traces.Ledger`): enough to take it back.
    """

    imported = TenantForeignKey(Import, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    first_row = models.PositiveIntegerField()
    last_row = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    rows = models.BinaryField()
    keys = models.BinaryField(default=bytes)
    outcomes = models.BinaryField(default=bytes)
    effects = models.BinaryField(default=bytes)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "imported", "position"], name="import_chunk_once")
        ]


class SavedMapping(TenantModel):
    """What the columns of a kind of file are, under a name: for the next file with the same headings.

    `headings` are those of the file it was learnt from, `columns` {field code: heading}, `answers` {question code:
    answer}.
    """

    target = models.CharField(max_length=40)
    name = models.CharField(_("Name"), max_length=80)
    headings = models.JSONField(default=list)
    columns = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "target", "name"], name="saved_mapping_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> Target:
        """What it brings in."""
        return TARGETS[self.target]

    @property
    def headings_used(self) -> list[str]:
        """The headings that it needs."""
        return list(self.columns.values())

    def missing(self, headings: Sequence[str]) -> list[str]:
        """Return the headings it needs that a file does not have, or has more than once."""
        return [heading for heading in self.columns.values() if list(headings).count(heading) != 1]

    def placed(self, headings: Sequence[str]) -> dict[str, int]:
        """Return {field code: column from 0} in a file, for those headings that it has once."""
        missing = set(self.missing(headings))
        return {code: list(headings).index(found) for code, found in self.columns.items() if found not in missing}

    def is_learnt_from(self, headings: Sequence[str]) -> bool:
        """Whether a file has just the headings that it was learnt from."""
        return own_headings(headings) == self.headings


def own_headings(headings: Sequence[str]) -> list[str]:
    """Return the headings of a file without those that we wrote beside rejected rows."""
    return [str(heading) for heading in headings if not str(heading).startswith(REASON_MARK)]
