"""Imports and their staged rows."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from exchange import labels
from exchange.problems import Problem
from exchange.records import Source
from exchange.rows import Row
from exchange.staging import Counts, Outcome, unpack_outcomes, unpack_rows
from exchange.states import ImportState
from exchange.survey import Column
from exchange.targets import TARGETS, Target, question_code
from exchange.values import DateFormat, Decimals, order_of
from exchange.writing import REASON_MARK
from jobs.models import Job, StoredFile
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


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
    (`survey.Column`), `counts` what the dry run or the import found (`staging.Counts`). `problem` says why a file was
    refused after its upload.
    """

    target = models.CharField(max_length=40)
    state = models.CharField(
        max_length=10, default=ImportState.READING, choices=[(s.value, s.value) for s in ImportState]
    )
    by = TenantForeignKey(Membership, models.PROTECT, related_name="imports")
    file = TenantForeignKey(StoredFile, models.PROTECT, related_name="+")
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
    job = TenantForeignKey(Job, models.PROTECT, null=True, related_name="+")
    rejects = TenantForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

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
    def is_running(self) -> bool:
        """Whether a job is at work on it."""
        return bool(self.job_id) and Job.objects.running().filter(pk=self.job_id).exists()

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

    def outcomes(self, verdict: str = "") -> Iterator[tuple[Row, Outcome]]:
        """Yield each row with what became (or would become) of it, in the order of the file."""
        for chunk in self.chunks.order_by("position").iterator(chunk_size=4):
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
    """A piece of a file: its rows as read, their keys, and what became (or would become) of each."""

    imported = TenantForeignKey(Import, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    first_row = models.PositiveIntegerField()
    last_row = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    rows = models.BinaryField()
    keys = models.BinaryField(default=bytes)
    outcomes = models.BinaryField(default=bytes)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "imported", "position"], name="import_chunk_once")
        ]
