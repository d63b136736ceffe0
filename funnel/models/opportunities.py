"""Opportunities, what each stage demands, evidence, and the change log."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Product
from funnel import labels
from funnel.evidence import STANDARD, Item
from funnel.history import Event
from funnel.stages import PERCENT, Category, ChangeKind, Gate, Health, Reason, Stage, StageRow, Status
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class StageSettingQuerySet(models.QuerySet["StageSetting"]):
    """The stage table of an organization."""

    def table(self) -> list[StageRow]:
        """Return all seven stages in order, by one query; what was never edited is standard."""
        edited = {setting.stage: setting for setting in self}
        rows = []
        for stage in Stage:
            setting = edited.get(stage)
            rows.append(
                StageRow(
                    stage=stage,
                    label=(setting.label if setting else "") or str(labels.STAGES[stage]),
                    percent=setting.percent if setting else PERCENT[stage],
                    gate=Gate(setting.gate) if setting else Gate.WARN,
                )
            )
        return rows

    def edition(self) -> int:
        """Return a number that grows with every edit of the table: what a form saw."""
        return sum(self.values_list("version", flat=True))


class StageSetting(TenantModel):
    """What an organization changed about a stage: its label ('' for the standard one), percentage and gate."""

    stage = models.PositiveSmallIntegerField()
    label = models.CharField(_("Label"), max_length=40, blank=True)
    percent = models.PositiveSmallIntegerField(_("Percentage"))
    gate = models.CharField(_("Missing evidence"), max_length=5, default=Gate.WARN)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = TenantManager.from_queryset(StageSettingQuerySet)()

    class Meta:
        ordering = ["stage"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "stage"], name="one_setting_per_stage"),
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="stage_setting_known"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="percent_at_most_100"),
            models.CheckConstraint(condition=Q(gate__in=list(Gate)), name="gate_known"),
        ]


class EvidenceItemQuerySet(models.QuerySet["EvidenceItem"]):
    """What stages demand."""

    def checklist(self) -> list[Item]:
        """Return the active items in order of stage and position, by one query; the standard ones until edited."""
        rows = list(self)
        if not rows:
            return [Item(code, stage, str(labels.EVIDENCE[code])) for stage in STANDARD for code in STANDARD[stage]]
        return [row.as_item() for row in rows if row.is_active]


class EvidenceItem(TenantModel):
    """A verifiable fact that a stage demands before it is left. `code` names a standard item, '' an own one."""

    stage = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, blank=True)
    label = models.CharField(_("Evidence"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[Any] = TenantManager.from_queryset(EvidenceItemQuerySet)()

    class Meta:
        ordering = ["stage", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "code"], condition=~Q(code=""), name="standard_evidence_once"
            )
        ]

    def __str__(self) -> str:
        return self.label or str(labels.EVIDENCE.get(self.code, self.code))

    @property
    def key(self) -> str:
        """What names the item in forms: its code, or `own-<id>`."""
        return self.code or f"own-{self.pk}"

    def as_item(self) -> Item:
        """Return the item as rules know it."""
        return Item(self.key, self.stage, str(self), self.pk)


URGENCY = Case(
    When(health=Health.RISK, then=Value(0)),
    When(health=Health.WATCH, then=Value(1)),
    default=Value(2),
    output_field=models.IntegerField(),
)
"""What needs attention comes first; indexes are made of it, so lists must be sorted by just this."""


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    """Opportunities by what they mean."""

    def visible_to(self, membership: Membership) -> "OpportunityQuerySet":
        """Those I own or whose sales team I am on; a manager also the team's; an executive all."""
        ids = membership.visible_owner_ids
        if ids is None:
            return self
        helped = OpportunityMember.objects.filter(member=membership).values("opportunity_id")
        return self.filter(Q(owner_id__in=ids) | Q(pk__in=helped))

    def open(self) -> "OpportunityQuerySet":
        """Those neither won, lost nor abandoned."""
        return self.filter(status=Status.OPEN)

    def won(self) -> "OpportunityQuerySet":
        """Those with a signed agreement."""
        return self.filter(status=Status.WON)

    def with_card(self) -> "OpportunityQuerySet":
        """Fetch what a card or a row shows."""
        return self.select_related("account", "owner__user", "product")


class Opportunity(TenantModel):
    """A possible sale. `amount` is in minor units of the reporting currency.

    `quoted_amount` and `quoted_currency` keep what was typed in another currency, `rate_on` the day of its rate.
    `next_step`, `next_step_on`, `last_contact_at`, `health` and `flags` are written by apps to the right.
    """

    account = TenantForeignKey(Account, models.PROTECT, related_name="opportunities")
    name = models.CharField(_("Opportunity"), max_length=200)
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="opportunities")
    product = TenantForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="opportunities")
    status = models.CharField(max_length=10, default=Status.OPEN)
    stage = models.PositiveSmallIntegerField(_("Stage"), default=Stage.DISCOVER)
    stage_entered_at = models.DateTimeField()
    amount = models.BigIntegerField(_("Amount"), null=True, blank=True)
    quoted_amount = models.BigIntegerField(null=True, blank=True)
    quoted_currency = models.CharField(max_length=3, blank=True)
    rate_on = models.DateField(null=True, blank=True)
    expected_close_on = models.DateField(_("Expected close"), null=True, blank=True)
    category = models.CharField(_("Category"), max_length=10, default=Category.PIPELINE)
    category_is_own = models.BooleanField(default=False)  # the rep chose it: it survives a stage move
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("Reason"), max_length=20, blank=True)
    reason_note = models.CharField(max_length=500, blank=True)
    rival = models.CharField(_("Rival"), max_length=120, blank=True)  # as it was typed, or the name of `lost_to`
    lost_to = TenantForeignKey(Account, models.PROTECT, null=True, related_name="won_from_us")
    next_step = models.CharField(max_length=200, blank=True)
    next_step_on = models.DateField(null=True, blank=True)
    last_contact_at = models.DateTimeField(null=True, blank=True)
    push_count = models.PositiveSmallIntegerField(default=0)
    health = models.CharField(max_length=5, default=Health.OK)
    flags = ArrayField(models.CharField(max_length=20), default=list)
    source = models.CharField(_("Source"), max_length=80, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(OpportunityQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["organization", "stage", "owner", "expected_close_on"],
                condition=Q(status="open"),
                include=["amount", "health", "category"],
                name="opportunity_open",
            ),
            models.Index(
                "organization",
                URGENCY,
                F("amount").desc(nulls_last=True),
                "id",
                condition=Q(status="open"),
                name="opportunity_first",
            ),
            models.Index(
                "organization",
                "stage",
                URGENCY,
                F("amount").desc(nulls_last=True),
                "id",
                condition=Q(status="open"),
                name="opportunity_first_of_stage",
            ),
            models.Index(
                fields=["organization", "closed_at", "owner"],
                condition=Q(status="won"),
                include=["amount", "id"],
                name="opportunity_won",
            ),
            models.Index(
                fields=["organization", "closed_at", "owner", "stage"],
                condition=~Q(status="open"),
                include=["status", "amount"],
                name="opportunity_closed",
            ),
            models.Index(fields=["organization", "owner", "status"], name="opportunity_of_owner"),
            models.Index(fields=["organization", "account", "status"], name="opportunity_of_account"),
            models.Index(
                fields=["organization", "lost_to"], condition=Q(lost_to__isnull=False), name="opportunity_lost_to"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_id"],
                condition=~Q(external_id=""),
                name="opportunity_external_id_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="opportunity_request_once",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0) | Q(amount=None), name="amount_not_negative"),
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="opportunity_stage_known"),
            models.CheckConstraint(condition=Q(status__in=list(Status)), name="opportunity_status_known"),
            models.CheckConstraint(condition=Q(category__in=list(Category)), name="opportunity_category_known"),
            models.CheckConstraint(condition=Q(health__in=list(Health)), name="opportunity_health_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *Reason]), name="opportunity_reason_known"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(status="won") | Q(stage=Stage.DEPLOY), name="won_stands_in_deploy"),
        ]

    def __str__(self) -> str:
        return self.name


class OpportunityMember(TenantModel):
    """Someone on the sales team besides the owner, with a part to play."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="members")
    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")
    part = models.CharField(_("Part"), max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "member"], name="opportunity_member_once")
        ]


class Evidence(TenantModel):
    """A piece of evidence filed for an opportunity."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="evidence")
    item = TenantForeignKey(EvidenceItem, models.PROTECT, related_name="+")
    note = models.TextField(_("Note"), max_length=2_000)
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "item"], name="one_of_each_evidence")
        ]


class ChangeQuerySet(models.QuerySet["Change"]):
    """Rows of the change log."""

    def events(self) -> list[Event]:
        """Return the rows as rules know them, in the order in which they occurred."""
        return [row.as_event() for row in self.order_by("occurred_at", "id")]


class Change(TenantModel):
    """One change of an opportunity. Append-only: a database trigger refuses update and delete.

    What `old` and `new` hold is said in `funnel.history`. `percent` is the stage percentage after the change.
    `occurred_at` is when it was so, `recorded_at` when we learnt it. `undoes` names the row that this one compensates.
    """

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    percent = models.PositiveSmallIntegerField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    undoes = TenantForeignKey("self", models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(ChangeQuerySet)()

    class Meta:
        ordering = ["occurred_at", "id"]
        indexes = [
            models.Index(fields=["organization", "opportunity", "occurred_at", "id"], name="change_of_opportunity"),
            models.Index(fields=["organization", "occurred_at"], name="change_by_time"),
        ]
        constraints = [models.CheckConstraint(condition=Q(kind__in=list(ChangeKind)), name="change_kind_known")]

    def as_event(self) -> Event:
        """Return the row as rules know it."""
        return Event(
            id=self.pk,
            kind=self.kind,
            old=self.old,
            new=self.new,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            percent=self.percent,
            undoes=self.undoes_id,
        )


class WithdrawnChange(TenantModel):
    """A row of the change log whose opportunity is gone, because its import was undone. Append-only, as the log is.

    The log lets a row go only when it stands here word for word (a trigger compares), so nothing logged is ever lost;
    and what stands here counts in no list, total or waterfall. `name` and `external_id` are the opportunity's.
    """

    change_id = models.BigIntegerField()
    opportunity_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    percent = models.PositiveSmallIntegerField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    undoes_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField()
    withdrawn_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "change_id"], name="change_withdrawn_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
