"""Products; the customer archive: accounts, contacts, assessments, timeline and search rows."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.lookups import BuiltinLookup
from django.utils.translation import gettext_lazy as _

from accounts import labels
from accounts.assessment import EVEN, Judgement, judge
from accounts.names import LONGEST_SUFFIX
from accounts.segments import BENCHMARK, HIGH_FROM, LITTLE_PERCENT, Factor, Kind, Limits, Placement, Segment, place
from tenants.models import Membership, Organization, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager, current_organization_id


class BeginsWithKey(BuiltinLookup):
    """`suffix__begins=key`: the operator `^@`, which an index in the C collation serves behind row-level security."""

    lookup_name = "begins"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """Return the operator and its right-hand side."""
        return f"^@ {rhs}"


class Product(TenantModel):
    """What we sell. `name_key` is the normalised name; prices are minor units of the reporting currency."""

    name = models.CharField(_("Name"), max_length=120)
    name_key = models.CharField(max_length=120, editable=False, db_collation="C")
    series = models.CharField(_("Series"), max_length=80, blank=True)
    list_price = models.BigIntegerField(_("List price"), null=True, blank=True)
    is_active = models.BooleanField(_("On sale"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name_key"], name="product_name_once")]

    def __str__(self) -> str:
        return self.name


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts by what they mean."""

    def visible_to(self, membership: Membership) -> "AccountQuerySet":
        """Those I own or work with; a manager also the team's; an executive all."""
        ids = membership.visible_owner_ids
        if ids is None:
            return self
        helped = AccountMember.objects.filter(member=membership).values("account_id")
        return self.filter(Q(owner_id__in=ids) | Q(pk__in=helped))

    def matching(self, key: str) -> "AccountQuerySet":
        """Those with this normalised text anywhere in their name or tax ID."""
        return self.filter(pk__in=SearchRow.objects.found("account", key))

    def judged_by(self, setting: "AssessmentSetting") -> "list[Account]":
        """These accounts with score and confidence added up anew by the weights of `setting`, not saved."""
        accounts = list(self)
        latest = Assessment.objects.filter(account__in=[a.pk for a in accounts if a.assessed_at])
        newest = latest.order_by("account_id", "-at", "-id").distinct("account_id")
        judged = {a.account_id: a.judged for a in newest.prefetch_related("ratings")}
        for account in accounts:
            judgement = setting.judge(judged.get(account.pk, {}))
            account.score, account.confidence = judgement.score, judgement.confidence
        return accounts

    def quiet_since(self, moment: datetime) -> "AccountQuerySet":
        """Those nobody has met since this moment."""
        return self.filter(Q(last_contact_at__isnull=True) | Q(last_contact_at__lt=moment))


class Account(TenantModel):
    """A company we deal with. Money is in minor units of the reporting currency."""

    name = models.CharField(_("Name"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, db_collation="C")
    kind = models.CharField(_("Kind"), max_length=20, default=Kind.CUSTOMER)
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="accounts")
    parent = TenantForeignKey("self", models.PROTECT, null=True, blank=True, related_name="subsidiaries")
    industry = models.CharField(_("Industry"), max_length=80, blank=True)
    region = models.CharField(_("Region"), max_length=80, blank=True)
    address = models.CharField(_("Address"), max_length=200, blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    website = models.CharField(_("Website"), max_length=200, blank=True)
    tax_id = models.CharField(_("Tax ID"), max_length=30, blank=True)
    employees = models.PositiveIntegerField(_("Headcount"), null=True, blank=True)
    turnover = models.BigIntegerField(_("Turnover"), null=True, blank=True)
    founded_year = models.PositiveSmallIntegerField(_("Founded"), null=True, blank=True)
    source = models.CharField(_("Source"), max_length=80, blank=True)
    notes = models.TextField(_("Notes"), max_length=10_000, blank=True)
    annual_revenue = models.BigIntegerField(default=0)  # average a year from us, written by funnel through an action
    segment = models.CharField(_("Segment"), max_length=2, default=Segment.D)
    needs_assessment = models.BooleanField(default=True)
    score = models.PositiveSmallIntegerField(null=True, editable=False)  # of the latest assessment, as are the next two
    confidence = models.PositiveSmallIntegerField(default=0, editable=False)
    assessed_at = models.DateTimeField(null=True, editable=False)
    last_contact_at = models.DateTimeField(null=True, blank=True)  # written by activities through an action
    external_id = models.CharField(max_length=80, blank=True)
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(AccountQuerySet)()

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["organization", "owner", "name_key"], name="account_of_owner"),
            models.Index(fields=["organization", "name_key"], name="account_by_name"),
            models.Index(fields=["organization", "segment", "name_key"], name="account_by_segment"),
            models.Index(fields=["organization", "-annual_revenue"], name="account_by_revenue"),
            models.Index(fields=["organization", "tax_id"], condition=~Q(tax_id=""), name="account_by_tax_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_id"], condition=~Q(external_id=""), name="account_external_id_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="account_request_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="account_kind_known"),
            models.CheckConstraint(condition=Q(segment__in=list(Segment)), name="account_segment_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def website_link(self) -> str:
        """The website where it may be made a link, else nothing."""
        return self.website if self.website.lower().startswith(("http://", "https://")) else ""

    def placement(self, limits: Limits) -> Placement:
        """Return where this account stands within the limits, from its revenue and its latest assessment."""
        return place(revenue=self.annual_revenue, score=self.score, confidence=self.confidence, limits=limits)

    def take_place(self, limits: Limits) -> None:
        """Set the segment from revenue and assessment; the caller saves."""
        placement = self.placement(limits)
        self.segment, self.needs_assessment = placement.segment, placement.assess


class AccountMember(TenantModel):
    """A member besides the owner who works with an account: a colleague, a partner."""

    account = TenantForeignKey(Account, models.CASCADE, related_name="members")
    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "account", "member"], name="account_member_once")
        ]


class ContactQuerySet(models.QuerySet["Contact"]):
    """Contacts by what they mean."""

    def visible_to(self, membership: Membership) -> "ContactQuerySet":
        """Those at accounts one may see."""
        if membership.visible_owner_ids is None:
            return self
        return self.filter(account__in=Account.objects.visible_to(membership))


class Contact(TenantModel):
    """A person at an account."""

    account = TenantForeignKey(Account, models.CASCADE, related_name="contacts")
    name = models.CharField(_("Name"), max_length=120)
    position = models.CharField(_("Position"), max_length=120, blank=True)
    department = models.CharField(_("Department"), max_length=120, blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    email = models.EmailField(_("E-mail"), blank=True)
    birthday = models.DateField(_("Birthday"), null=True, blank=True)
    notes = models.TextField(_("Notes"), max_length=5_000, blank=True)
    last_met_on = models.DateField(null=True, editable=False)  # written by activities through an action
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(ContactQuerySet)()

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["organization", "account"], name="contact_of_account")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="contact_request_once",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Assessment(TenantModel):
    """The dated ten-factor judgement of an account; old ones are kept.

    `score` and `confidence` are 0–100; score is None while nothing is known.
    """

    account = TenantForeignKey(Account, models.CASCADE, related_name="assessments")
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(null=True)
    confidence = models.PositiveSmallIntegerField()
    segment = models.CharField(max_length=2)
    request_key = models.UUIDField(null=True, editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="assessment_request_once",
            )
        ]

    @property
    def judged(self) -> dict[Factor, int]:
        """The ratings by factor; prefetch `ratings` for many."""
        return {Factor(row.factor): row.rating for row in self.ratings.all()}


class Rating(TenantModel):
    """One factor's rating in an assessment: 0 poor, 25, 50, 75, 100 good. An unknown factor has no row."""

    assessment = TenantForeignKey(Assessment, models.CASCADE, related_name="ratings")
    factor = models.CharField(max_length=20)
    rating = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "assessment", "factor"], name="one_rating_per_factor"),
            models.CheckConstraint(condition=Q(factor__in=list(Factor)), name="factor_known"),
            models.CheckConstraint(condition=Q(rating__in=[0, 25, 50, 75, 100]), name="rating_is_a_step"),
        ]


class AssessmentSetting(TenantModel):
    """What this organization has agreed on: the benchmark (minor units a year), the limits and the factors' weights.

    No row yet means the defaults; `AssessmentSetting.current()` returns them unsaved.
    """

    benchmark = models.BigIntegerField(_("High revenue from"), default=BENCHMARK)
    high_from = models.PositiveSmallIntegerField(_("High potential from"), default=HIGH_FROM)
    little_percent = models.PositiveSmallIntegerField(_("Little revenue below"), default=LITTLE_PERCENT)
    weights = models.JSONField(default=dict)  # factor → weight from 0; a factor left out has the even weight
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(null=True)
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_assessment_setting"),
            models.CheckConstraint(condition=Q(benchmark__gt=0), name="benchmark_above_zero"),
            models.CheckConstraint(condition=Q(high_from__lte=100, little_percent__lte=100), name="limits_percent"),
        ]

    @classmethod
    def current(cls) -> "AssessmentSetting":
        """Return what stands now."""
        found: AssessmentSetting | None = cls.objects.first()
        return found or cls()

    @property
    def limits(self) -> Limits:
        """The limits as the rules take them."""
        return Limits(self.benchmark, self.high_from, self.little_percent)

    @property
    def factor_weights(self) -> dict[Factor, int]:
        """The weight of every factor."""
        return {factor: int(self.weights.get(factor, EVEN[factor])) for factor in Factor}

    def judge(self, ratings: dict[Factor, int]) -> Judgement:
        """Add up an assessment by these weights."""
        return judge(ratings, self.factor_weights)


class TimelineEntry(TenantModel):
    """One line of an account's story. Apps to the right write here through `accounts.actions.tell`."""

    account = TenantForeignKey(Account, models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    source = models.CharField(max_length=40)  # model label of the row it tells of
    source_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["organization", "account", "-at"], name="timeline_of_account")]

    @property
    def words(self) -> str:
        """What happened, in the reader's language."""
        return labels.tell(self.verb, self.data)

    @property
    def icon(self) -> str:
        """The icon of the verb."""
        return labels.VERBS[self.verb].icon if self.verb in labels.VERBS else "circle-dot"

    @property
    def url_name(self) -> str:
        """The page of the row it tells of (called with organization and `source_id`); empty for none."""
        return labels.VERBS[self.verb].url if self.verb in labels.VERBS and self.source_id else ""


class SearchRowQuerySet(models.QuerySet["SearchRow"]):
    """Search rows by what they mean."""

    def found(self, kind: str, key: str) -> "models.QuerySet[SearchRow, Any]":
        """Ids of the objects of one kind with this normalised text anywhere in what was indexed."""
        return self.filter(kind=kind, suffix__begins=key[:LONGEST_SUFFIX]).values("object_id")


class SearchRow(TenantModel):
    """One suffix of a name that can be searched; apps to the right write theirs through `accounts.actions.index`.

    `suffix` is normalised; a substring search is the prefix search `suffix ^@ key`, which an index serves behind
    row-level security. A name has a dozen rows, so no key is checked for each: the wall lets in none of another
    organization, and who may see what is found is asked of the object itself.
    """

    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        related_name="+",
        editable=False,
        default=current_organization_id,
        db_constraint=False,
    )
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    suffix = models.CharField(max_length=LONGEST_SUFFIX, db_collation="C")

    objects: ClassVar[Any] = TenantManager.from_queryset(SearchRowQuerySet)()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "kind", "suffix"], name="search_by_suffix"),
            models.Index(fields=["organization", "kind", "object_id"], name="search_of_object"),
        ]


SearchRow._meta.get_field("suffix").register_lookup(BeginsWithKey)
