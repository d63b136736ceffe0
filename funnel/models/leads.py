"""Leads, their answers and history; what an organization asks of them; the web forms that bring them."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account, Contact, SearchRow
from funnel.leads import (
    MONTHS,
    MUSTS,
    Answer,
    Criteria,
    Criterion,
    DropReason,
    EventKind,
    Facts,
    Keys,
    LeadStatus,
    Source,
    Step,
    spellings,
)
from funnel.models.opportunities import Opportunity
from funnel.web_forms import public_key
from tenants.models import Membership, TenantForeignKey, TenantModel
from tenants.scoping import TenantManager


class WebForm(TenantModel):
    """A form on the organization's own site that may send leads here, signed.

    Its secret is derived from the server's own and `serial`: nothing in the database gives it away.
    """

    name = models.CharField(_("Name"), max_length=120)
    token = models.CharField(max_length=22, editable=False)
    serial = models.PositiveIntegerField(default=1)  # counts up with every new secret
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="+")  # who gets the leads
    is_active = models.BooleanField(default=True)
    made_by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-is_active", "name", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "token"], name="web_form_token_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """What stands in the address to which the form sends."""
        return public_key(self.organization_id or 0, self.token)


class WebMessage(TenantModel):
    """That a signed message came, so that it is taken only once; old ones are forgotten."""

    form = TenantForeignKey(WebForm, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "form", "at"], name="web_message_by_time")]
        constraints = [models.UniqueConstraint(fields=["organization", "form", "digest"], name="web_message_once")]


class LeadQuerySet(models.QuerySet["Lead"]):
    """Leads by what they mean."""

    def visible_to(self, membership: Membership) -> "LeadQuerySet":
        """My own; a manager also the team's; an executive all."""
        ids = membership.visible_owner_ids
        return self if ids is None else self.filter(owner_id__in=ids)

    def open(self) -> "LeadQuerySet":
        """Those still worked on."""
        return self.filter(status=LeadStatus.OPEN)

    def matching(self, key: str) -> "LeadQuerySet":
        """Those with this normalised text anywhere in company or person."""
        return self.filter(pk__in=SearchRow.objects.found("lead", key))

    def alike(self, keys: Keys, company: str = "") -> "LeadQuerySet":
        """Those that share company, number, address or tax ID with `keys`."""
        same = Q(pk=None)
        for name in ("company", "phone", "email", "tax_id"):
            if getattr(keys, name):
                same |= Q(**{f"{name}_key": getattr(keys, name)})
        return self.filter(same)


class Lead(TenantModel):
    """A possible customer, not yet a qualified opportunity. `budget` is minor units of the reporting currency.

    The columns ending in `_key` hold the same in one spelling: see `funnel.leads.Keys`.
    """

    company = models.CharField(_("Company"), max_length=200)
    company_key = models.CharField(max_length=200, editable=False, db_collation="C")
    tax_id = models.CharField(_("Tax ID"), max_length=30, blank=True)
    tax_id_key = models.CharField(max_length=60, blank=True, editable=False, db_collation="C")
    person = models.CharField(_("Contact"), max_length=120, blank=True)
    person_key = models.CharField(max_length=120, blank=True, editable=False, db_collation="C")
    position = models.CharField(_("Position"), max_length=120, blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    phone_key = models.CharField(max_length=9, blank=True, editable=False, db_collation="C")
    email = models.EmailField(_("E-mail"), blank=True)
    email_key = models.CharField(max_length=254, blank=True, editable=False, db_collation="C")
    industry = models.CharField(_("Industry"), max_length=80, blank=True)
    region = models.CharField(_("Region"), max_length=80, blank=True)
    need = models.TextField(_("What they need"), max_length=2_000, blank=True)
    source = models.CharField(pgettext_lazy("of an opportunity", "Source"), max_length=20, default=Source.REFERRAL)
    source_note = models.CharField(_("Which one"), max_length=120, blank=True)
    web_form = TenantForeignKey(WebForm, models.PROTECT, null=True, related_name="leads")
    owner = TenantForeignKey(Membership, models.PROTECT, related_name="leads")
    status = models.CharField(max_length=10, default=LeadStatus.OPEN)
    step = models.PositiveSmallIntegerField(_("Step"), default=Step.POSITIONING)
    step_entered_at = models.DateTimeField()
    budget = models.BigIntegerField(_("Budget"), null=True, blank=True)
    buys_on = models.DateField(_("Buys by"), null=True, blank=True)
    last_contact_at = models.DateTimeField(null=True, blank=True)
    next_step = models.CharField(_("Next step"), max_length=200, blank=True)
    next_step_on = models.DateField(_("On"), null=True, blank=True)
    reason = models.CharField(_("Reason"), max_length=20, blank=True)
    reason_note = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    account = TenantForeignKey(Account, models.PROTECT, null=True, related_name="leads")
    contact = TenantForeignKey(Contact, models.SET_NULL, null=True, related_name="leads")
    opportunity = TenantForeignKey(Opportunity, models.PROTECT, null=True, related_name="leads")
    merged_into = TenantForeignKey("self", models.PROTECT, null=True, related_name="merged")
    request_key = models.UUIDField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = TenantManager.from_queryset(LeadQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["organization", "status", "owner", "step"], name="lead_of_owner"),
            models.Index(fields=["organization", "company_key"], name="lead_by_company"),
            models.Index(fields=["organization", "phone_key"], condition=~Q(phone_key=""), name="lead_by_phone"),
            models.Index(fields=["organization", "email_key"], condition=~Q(email_key=""), name="lead_by_email"),
            models.Index(fields=["organization", "tax_id_key"], condition=~Q(tax_id_key=""), name="lead_by_tax_id"),
            models.Index(fields=["organization", "created_at"], name="lead_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "request_key"],
                condition=Q(request_key__isnull=False),
                name="lead_request_once",
            ),
            models.CheckConstraint(condition=Q(step__in=list(Step)), name="lead_step_known"),
            models.CheckConstraint(condition=Q(status__in=list(LeadStatus)), name="lead_status_known"),
            models.CheckConstraint(condition=Q(source__in=list(Source)), name="lead_source_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *DropReason]), name="lead_reason_known"),
            models.CheckConstraint(condition=Q(budget__gte=0) | Q(budget=None), name="lead_budget_not_negative"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_lead_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(status="dropped") | ~Q(reason=""), name="dropped_lead_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(status="converted") | Q(account__isnull=False, opportunity__isnull=False),
                name="converted_lead_became_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.person}".strip() if self.person != self.company else self.company

    @property
    def keys(self) -> Keys:
        """What it is compared by."""
        return Keys.of(company=self.company, person=self.person, phone=self.phone, email=self.email, tax_id=self.tax_id)

    def take_keys(self) -> None:
        """Set the columns it is compared by; the caller saves."""
        keys = self.keys
        self.company_key, self.person_key, self.phone_key = keys.company, keys.person, keys.phone
        self.email_key, self.tax_id_key = keys.email, keys.tax_id[:60]

    @property
    def names(self) -> tuple[str, ...]:
        """The keys under which a customer of this name may stand."""
        return spellings(self.company)

    def facts(self, answers: "dict[Criterion, Answer]") -> Facts:
        """Return what is known, as the rules take it."""
        return Facts(
            industry=self.industry,
            region=self.region,
            person=self.person,
            phone=self.phone,
            email=self.email,
            budget=self.budget,
            buys_on=self.buys_on,
            contacted=self.last_contact_at is not None,
            next_step=self.next_step,
            answers=answers,
        )


class LeadAnswerQuerySet(models.QuerySet["LeadAnswer"]):
    """Answers by what they mean."""

    def given(self) -> dict[Criterion, Answer]:
        """Return what was answered, by criterion."""
        return {Criterion(row.criterion): Answer(row.answer) for row in self}


class LeadAnswer(TenantModel):
    """What was answered to one criterion of one lead, with what is behind it."""

    lead = TenantForeignKey(Lead, models.CASCADE, related_name="answers")
    criterion = models.CharField(max_length=10)
    answer = models.CharField(max_length=10, default=Answer.UNKNOWN)
    note = models.CharField(max_length=500, blank=True)
    by = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager.from_queryset(LeadAnswerQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "lead", "criterion"], name="one_answer_per_criterion"),
            models.CheckConstraint(condition=Q(criterion__in=list(Criterion)), name="criterion_known"),
            models.CheckConstraint(condition=Q(answer__in=list(Answer)), name="lead_answer_known"),
        ]


class LeadEvent(TenantModel):
    """One line of a lead's history. Append-only: a database trigger refuses update and delete."""

    lead = TenantForeignKey(Lead, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10)
    data = models.JSONField(default=dict)
    text = models.TextField(max_length=2_000, blank=True)
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["organization", "lead", "-at"], name="event_of_lead")]
        constraints = [models.CheckConstraint(condition=Q(kind__in=list(EventKind)), name="lead_event_known")]


class LeadSetting(TenantModel):
    """What this organization asks of a lead. No row yet means the defaults; `LeadSetting.current()` returns them."""

    budget_from = models.BigIntegerField(_("Budget from"), default=0)
    months = models.PositiveSmallIntegerField(_("Purchase within, in months"), default=MONTHS)
    musts = ArrayField(models.CharField(max_length=10), default=list)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(null=True)
    updated_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_lead_setting"),
            models.CheckConstraint(condition=Q(budget_from__gte=0), name="lead_budget_from_zero"),
        ]

    @classmethod
    def current(cls) -> "LeadSetting":
        """Return what stands now."""
        found: LeadSetting | None = cls.objects.first()
        return found or cls(musts=sorted(MUSTS))

    @property
    def criteria(self) -> Criteria:
        """The same as the rules take it."""
        return Criteria(self.budget_from, self.months, frozenset(Criterion(each) for each in self.musts))
