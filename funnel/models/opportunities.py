"""Opportunities and their sales teams."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Product
from funnel.commitment import Backing, Procedure, backing
from funnel.discounts import Basis
from funnel.stages import URGENT, Category, Health, Reason, Stage, Status, urgency
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager

URGENCY = Case(
    *(When(health=health, then=Value(urgency(health))) for health in URGENT),
    default=Value(urgency(Health.OK)),
    output_field=models.IntegerField(),
)
"""What needs attention comes first; indexes are made of it, so lists must be sorted by just this."""


def by_urgency(health: str) -> str:
    """Return the text of `URGENCY` for a statement that is written out; `health` is the column."""
    cases = " ".join(f"WHEN {health} = '{each}' THEN {urgency(each)}" for each in URGENT)
    return f"CASE {cases} ELSE {urgency(Health.OK)} END"


COMMITTED = Q(committed_on__isnull=False) | Q(eb_promised_on__isnull=False, buying_procedure=Procedure.EB_ALONE)

PROMISED = Q(eb_promised_on__isnull=False, committed_on=None) & ~Q(buying_procedure=Procedure.EB_ALONE)


class Weighed(Func):
    """Amount × percentage of the stage in the column `by`, rounded half up for each row: every cut adds up.

    Written out, since Django takes longer to put a `Case` of seven stages together than PostgreSQL to add it up.
    """

    def __init__(self, percents: Mapping[Stage, int], by: str) -> None:
        """Take the table of stages and the column."""
        super().__init__(F("amount"), F(by), output_field=models.BigIntegerField())
        self.by, self.cases = by, " ".join(f"WHEN {stage:d} THEN {percent:d}" for stage, percent in percents.items())

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        """Return the statement's text and its values."""
        (amount, values), (stage, more) = (compiler.compile(part) for part in self.source_expressions)
        return self._of(amount, stage), (*values, *more)

    @property
    def written(self) -> str:
        """Its text in a statement that is written out."""
        return self._of("funnel_opportunity.amount", f"funnel_opportunity.{self.by}")

    def _of(self, amount: str, stage: str) -> str:
        return f"((coalesce({amount}, 0) * CASE {stage} {self.cases} ELSE 0 END + 50) / 100)"


def weighted_amount(percents: Mapping[Stage, int]) -> Weighed:
    """Return amount × percentage of the stage that each row claims."""
    return Weighed(percents, "stage")


def proven_amount(percents: Mapping[Stage, int]) -> Weighed:
    """Return amount × percentage of the proven stage of each row."""
    return Weighed(percents, "proven_stage")


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

    def quoted(self) -> "OpportunityQuerySet":
        """Open ones that were quoted in another currency."""
        return self.open().filter(quoted_amount__isnull=False, rate_on__isnull=False).exclude(quoted_currency="")

    def committed(self) -> "OpportunityQuerySet":
        """Those whose customer has committed; see `funnel.commitment`."""
        return self.filter(COMMITTED)

    def promised(self) -> "OpportunityQuerySet":
        """Those that the economic buyer promised, with no procedure behind it."""
        return self.filter(PROMISED)

    def won(self) -> "OpportunityQuerySet":
        """Those with a signed agreement."""
        return self.filter(status=Status.WON)

    def with_card(self) -> "OpportunityQuerySet":
        """Fetch what a card or a row shows."""
        return self.select_related("account", "owner__user", "product")


class Opportunity(TenantModel):
    """A possible sale. `amount` is in minor units of the reporting currency.

    `quoted_amount` and `quoted_currency` keep what was typed in another currency, `rate_on` the day of its rate.
    `proven_stage` is what `funnel.evidence.proven_stage` says; every action that can change it keeps it. So are `size`,
    `budget` (minor units) and `schedule_on`, what the customer told, of `funnel.evidence.TOLD`.
    `next_step`, `next_step_on`, `last_contact_at`, `health` and `flags` are written by apps to the right.
    `discount` is percent of `full_amount`, the price before it in the currency of the quotation (None without one); see
    `funnel.discounts`. `committed_on`: the customer's own procedure has chosen us; `eb_promised_on`: the economic buyer
    promised it to us; see `funnel.commitment`.
    """

    account = TenantForeignKey(Account, models.PROTECT, related_name="opportunities")
    name = models.CharField(_("Opportunity"), max_length=200)
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="opportunities")
    product = TenantForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="opportunities")
    status = models.CharField(max_length=10, default=Status.OPEN)
    stage = models.PositiveSmallIntegerField(_("Stage"), default=Stage.DISCOVER)
    stage_entered_at = models.DateTimeField()
    proven_stage = models.PositiveSmallIntegerField(default=Stage.DISCOVER)
    amount = models.BigIntegerField(_("Amount"), null=True, blank=True)
    size = models.BigIntegerField(null=True)
    budget = models.BigIntegerField(null=True)
    schedule_on = models.DateField(null=True)
    quoted_amount = models.BigIntegerField(null=True, blank=True)
    quoted_currency = models.CharField(max_length=3, blank=True)
    rate_on = models.DateField(null=True, blank=True)
    discount = models.DecimalField(_("Discount"), max_digits=4, decimal_places=1, default=Decimal(0))
    full_amount = models.BigIntegerField(null=True, blank=True)
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
    buying_procedure = models.CharField(_("How they decide"), max_length=10, blank=True)
    committed_on = models.DateField(null=True, blank=True)
    eb_promised_on = models.DateField(null=True, blank=True)
    push_count = models.PositiveSmallIntegerField(default=0)
    health = models.CharField(max_length=5, default=Health.OK)
    flags = ArrayField(models.CharField(max_length=20), default=list)
    source = models.CharField(_("Source"), max_length=80, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    last_change_id = 0  # the row of the change log that the action left which returned this; 0 where none did

    objects: ClassVar[Any] = TenantManager.from_queryset(OpportunityQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["organization", "stage", "owner", "expected_close_on"],
                condition=Q(status="open"),
                include=["amount", "health", "category", "proven_stage"],
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
            models.Index(
                fields=["organization", "owner"],
                condition=Q(status="open") & (Q(committed_on__isnull=False) | Q(eb_promised_on__isnull=False)),
                include=["amount", "committed_on", "eb_promised_on", "buying_procedure", "expected_close_on"],
                name="opportunity_committed",
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
            models.CheckConstraint(condition=Q(proven_stage__in=list(Stage)), name="opportunity_proven_stage_known"),
            models.CheckConstraint(condition=Q(status__in=list(Status)), name="opportunity_status_known"),
            models.CheckConstraint(condition=Q(category__in=list(Category)), name="opportunity_category_known"),
            models.CheckConstraint(condition=Q(health__in=list(Health)), name="opportunity_health_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *Reason]), name="opportunity_reason_known"),
            models.CheckConstraint(
                condition=Q(discount=0, full_amount=None)
                | Q(discount__gt=0, discount__lte=100, full_amount__gte=0, amount__isnull=False),
                name="discount_has_its_price",
            ),
            models.CheckConstraint(
                condition=Q(buying_procedure__in=["", *Procedure]), name="opportunity_procedure_known"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(status="won") | Q(stage=Stage.DEPLOY), name="won_stands_in_deploy"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def backing(self) -> Backing:
        """Whether the customer has committed, or the economic buyer just promised."""
        promised, procedure = self.eb_promised_on, self.buying_procedure
        return backing(committed_on=self.committed_on, promised_on=promised, procedure=procedure)

    @property
    def basis(self) -> Basis:
        """What a discount is given on."""
        price = self.full_amount if self.discount else self.quoted_amount if self.quoted_currency else self.amount
        return Basis(price, self.quoted_currency, self.product_id)


M = TypeVar("M", bound=models.Model)


class OfOpportunity(models.QuerySet[M]):
    """Rows of an opportunity, which are seen by whoever sees it."""

    def visible_to(self, membership: Membership) -> Self:
        """Those of the opportunities one may see."""
        if membership.visible_owner_ids is None:
            return self
        return self.filter(opportunity_id__in=Opportunity.objects.visible_to(membership).values("pk"))


class OpportunityMember(TenantModel):
    """Someone on the sales team besides the owner: a member, or a partner company that does not sign in here."""

    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="members")
    member = TenantForeignKey(Membership, models.CASCADE, null=True, related_name="+")
    partner = TenantForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "opportunity", "member"], name="opportunity_member_once"),
            models.UniqueConstraint(fields=["organization", "opportunity", "partner"], name="opportunity_partner_once"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, partner=None) | Q(member=None, partner__isnull=False),
                name="helper_is_one_of_both",
            ),
        ]

    @property
    def who(self) -> Any:
        """The member or the partner company; both have a `name`."""
        return self.member or self.partner
