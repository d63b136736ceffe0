"""What an organization makes of the stages: their table, and the evidence that each demands."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from funnel import labels
from funnel.evidence import STANDARD, Item, Kind, kind_of
from funnel.limits import ColumnLimit
from funnel.stages import PERCENT, Gate, Stage, StageRow
from tenants.models import TenantModel
from tenants.scoping import TenantManager, require_organization_id

# Written out, as most pages ask it: Django takes longer to put it together than PostgreSQL to answer.
_TABLE = (
    "SELECT stage, label, percent, gate, most_count, most_amount FROM funnel_stagesetting WHERE organization_id = %s"
)


class StageSettingQuerySet(models.QuerySet["StageSetting"]):
    """The stage table of an organization."""

    def edition(self) -> int:
        """Return a number that grows with every edit of the table: what a form saw."""
        return sum(self.values_list("version", flat=True))


class StageSetting(TenantModel):
    """What an organization changed about a stage: its label ('' for the standard one), percentage and gate.

    `most_count` and `most_amount` (minor units) are what one person should have open in it at most (`funnel.limits`).
    """

    stage = models.PositiveSmallIntegerField()
    label = models.CharField(_("Label"), max_length=40, blank=True)
    percent = models.PositiveSmallIntegerField(_("Percentage"))
    gate = models.CharField(_("Missing evidence"), max_length=5, default=Gate.WARN)
    most_count = models.PositiveIntegerField(null=True)
    most_amount = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(StageSettingQuerySet)()

    class Meta:
        ordering = ["stage"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "stage"], name="one_setting_per_stage"),
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="stage_setting_known"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="percent_at_most_100"),
            models.CheckConstraint(condition=Q(gate__in=list(Gate)), name="gate_known"),
            models.CheckConstraint(condition=Q(most_amount__gt=0) | Q(most_amount=None), name="most_amount_positive"),
        ]

    @staticmethod
    def table() -> list[StageRow]:
        """Return all seven stages in order, by one query; what was never edited is standard."""
        with connection.cursor() as cursor:
            cursor.execute(_TABLE, [require_organization_id()])
            edited = {stage: setting for stage, *setting in cursor.fetchall()}
        rows = []
        for stage in Stage:
            label, percent, gate, *limit = edited.get(stage, ("", PERCENT[stage], Gate.WARN, None, None))
            rows.append(StageRow(stage, label or str(labels.STAGES[stage]), percent, Gate(gate), ColumnLimit(*limit)))
        return rows


class EvidenceItemQuerySet(models.QuerySet["EvidenceItem"]):
    """What stages demand."""

    def checklist(self) -> list[Item]:
        """Return the active items in order of stage and position, by one query; the standard ones until edited."""
        return demanded(list(self))


def demanded(rows: Sequence["EvidenceItem"]) -> list[Item]:
    """Return the active ones of an organization's items; the standard ones where it has none."""
    if not rows:
        return [
            Item(code, stage, str(labels.EVIDENCE[code]), kind=kind_of(code))
            for stage in STANDARD
            for code in STANDARD[stage]
        ]
    return [row.as_item() for row in rows if row.is_active]


class EvidenceItem(TenantModel):
    """A verifiable fact that a stage demands before it is left. `code` names a standard item, '' an own one."""

    stage = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, blank=True)
    label = models.CharField(_("Evidence"), max_length=200, blank=True)
    kind = models.CharField(_("Kind"), max_length=10, default=Kind.FACT)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(EvidenceItemQuerySet)()

    class Meta:
        ordering = ["stage", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "code"], condition=~Q(code=""), name="standard_evidence_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="evidence_kind_known"),
        ]

    def __str__(self) -> str:
        return self.label or str(labels.EVIDENCE.get(self.code, self.code))

    @property
    def key(self) -> str:
        """What names the item in forms: its code, or `own-<id>`."""
        return self.code or f"own-{self.pk}"

    def as_item(self) -> Item:
        """Return the item as rules know it."""
        return Item(self.key, self.stage, str(self), self.pk, Kind(self.kind))
