"""People, organizations, memberships and teams; the base of every tenant table; the audit."""

from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants import labels, tree
from tenants.invitations import InvitationState, state
from tenants.permissions import Permission, Role, grants
from tenants.scoping import TenantManager, current_organization_id, require_organization_id

T = TypeVar("T", bound=models.Model)


class UserManager(BaseUserManager["User"]):
    """Makes people from an e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person who signs in with `email`; without a password they must reset it first."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by address, in any case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in; belongs to organizations by memberships."""

    email = models.EmailField(_("E-mail address"), unique=True)
    name = models.CharField(_("Name"), max_length=80)
    language = models.CharField(_("Language"), max_length=10, blank=True, choices=labels.LANGUAGES)
    theme = models.CharField(_("Theme"), max_length=5, blank=True, choices=labels.THEMES)
    single_keys = models.BooleanField(_("Single-key shortcuts"), default=True)
    daily_mail = models.BooleanField(_("Daily summary by e-mail"), default=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes only stand in for them
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in takes more than the password: codes of an app, or a passkey."""
        return Authenticator.objects.filter(user=self, type__in=self.SECOND_FACTORS).exists()


def _known_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="time_zone")


class Organization(models.Model):
    """A company that runs its sales here: the tenant."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("Name"), max_length=120)
    currency = models.CharField(_("Reporting currency"), max_length=3, default="TWD", choices=labels.CURRENCIES)
    time_zone = models.CharField(_("Time zone"), max_length=40, default="Asia/Taipei", validators=[_known_time_zone])
    fiscal_year_start = models.PositiveSmallIntegerField(
        _("Fiscal year starts in month"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    working_days = models.CharField(_("Working days"), max_length=7, default="12345")  # ISO weekdays, 1 is Monday
    language = models.CharField(_("Language"), max_length=10, default="zh-hant", choices=labels.LANGUAGES)
    second_factor_required = models.BooleanField(default=False)  # who has none is led to its set-up at the door
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this organization's days begin and end."""
        return ZoneInfo(self.time_zone)


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key inside one organization: the database key is composite, written by the wall."""

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        """Take the arguments of ForeignKey; the single-column constraint is left out."""
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return what a migration writes down."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class TenantModel(models.Model):
    """The base of every table whose rows belong to one organization."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", editable=False, default=current_organization_id
    )

    objects: ClassVar[Any] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


def money_columns() -> list[tuple[type[TenantModel], str]]:
    """Return every column that holds an amount: a plain bigint that is nobody's id."""
    return [
        (model, field.name)
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        for field in model._meta.local_fields
        if type(field) is models.BigIntegerField and not field.name.endswith("_id")
    ]


def amounts_exist() -> bool:
    """Return whether the current organization holds any amount of money, in whatever table."""
    return any(
        model.objects.filter(~models.Q(**{name: 0}), **{f"{name}__isnull": False}).exists()
        for model, name in money_columns()
    )


def converted_amounts(currency: str, *, on: date) -> int:
    """Return how many rows of the current organization were typed in `currency` and converted at the rate of `on`."""
    return sum(
        model.objects.filter(quoted_currency=currency, rate_on=on).count()
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        and {"quoted_currency", "rate_on"} <= {field.name for field in model._meta.local_fields}
    )


class Team(TenantModel):
    """A node of the team tree: a region, a department, any depth. `path` lists the ids from the root."""

    name = models.CharField(_("Name"), max_length=80)
    parent = TenantForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.TextField(editable=False, db_collation="C")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "parent", "name"], nulls_distinct=False, name="team_name_once_in_its_parent"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """0 for a root, 1 for its children, and so on."""
        return tree.depth(self.path)


SELLING = (Role.REP, Role.MANAGER, Role.EXECUTIVE, Role.PARTNER)
"""Who owns opportunities."""


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships by what they mean."""

    def active(self) -> "MembershipQuerySet":
        """Those who may enter."""
        return self.filter(is_active=True, user__is_active=True)

    def with_second_factor(self) -> "MembershipQuerySet":
        """Say of each whether the person `has_factor`: codes of an app, or a passkey."""
        factors = Authenticator.objects.filter(user_id=models.OuterRef("user_id"), type__in=User.SECOND_FACTORS)
        return self.annotate(has_factor=models.Exists(factors))

    def selling(self) -> "MembershipQuerySet":
        """Those who own opportunities."""
        return self.filter(role__in=SELLING)

    def in_current_organization(self) -> "MembershipQuerySet":
        """The members of the organization being worked for.

        :raises NoOrganization: outside a scope.
        """
        return self.filter(organization_id=require_organization_id()).select_related("user")


class Membership(models.Model):
    """What one person is in one organization. Stands outside the walls, since sign-in reads it first."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(_("Role"), max_length=20, choices=labels.ROLES, default=Role.REP)
    is_admin = models.BooleanField(_("Admin"), default=False)
    is_active = models.BooleanField(default=True)
    team = TenantForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="members")
    version = models.PositiveIntegerField(default=1)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_organization")]

    def __str__(self) -> str:
        return self.user.name

    @property
    def name(self) -> str:
        """The person's name."""
        return self.user.name

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """Everything this member may do."""
        return grants(self.role, is_admin=self.is_admin)

    def can(self, permission: Permission) -> bool:
        """Return whether this member may do it."""
        return permission in self.permissions

    @cached_property
    def visible_owner_ids(self) -> frozenset[int] | None:
        """Whose records this member may see: None for everyone's, otherwise membership ids.

        rep, partner, colleague → their own; manager → the subtree of their team; executive → all.
        """
        if self.role == Role.EXECUTIVE:
            return None
        own = frozenset({self.pk})
        if self.role != Role.MANAGER or self.team_id is None:
            return own
        top = Team.objects.filter(pk=self.team_id).values("path")
        below = Membership.objects.filter(
            organization_id=self.organization_id, team__path__startswith=models.Subquery(top)
        ).values_list("pk", flat=True)
        return own | frozenset(below)


class Invitation(TenantModel):
    """A seat held for an address until it is taken, withdrawn or too old."""

    email = models.EmailField(_("E-mail address"))
    name = models.CharField(_("Name"), max_length=80, blank=True)  # as typed with the address; offered when joining
    role = models.CharField(_("Role"), max_length=20, choices=labels.ROLES, default=Role.REP)
    is_admin = models.BooleanField(_("Admin"), default=False)
    team = TenantForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="invitations")
    token_hash = models.CharField(max_length=64)  # SHA-256; the token itself stands only in the mail
    invited_by = TenantForeignKey(Membership, models.PROTECT, related_name="invitations")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    mail_failed_at = models.DateTimeField(null=True)  # until it is sent again

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "token_hash"], name="invitation_token_once"),
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def state_at(self, now: datetime) -> InvitationState:
        """What has become of it at `now`."""
        return state(accepted_at=self.accepted_at, withdrawn_at=self.withdrawn_at, expires_at=self.expires_at, now=now)


class ExchangeRate(TenantModel):
    """One unit of `currency` in the reporting currency, from `on` until the next dated rate."""

    currency = models.CharField(_("Currency"), max_length=3, choices=labels.CURRENCIES)
    on = models.DateField(_("From"))
    rate = models.DecimalField(_("Rate"), max_digits=18, decimal_places=8, validators=[MinValueValidator(0.00000001)])

    class Meta:
        ordering = ["currency", "-on"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency", "on"], name="one_rate_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.on}"

    @property
    def digits(self) -> str:
        """The rate as one would write it: 32.5, never 32.500000 and never 3.3E+1."""
        return f"{self.rate.normalize():f}"


class Holiday(TenantModel):
    """A day off, or (`is_working`) a make-up working day at a weekend."""

    on = models.DateField(_("Date"))
    name = models.CharField(_("Name"), max_length=60)
    is_working = models.BooleanField(_("Make-up working day"), default=False)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["organization", "on"], name="one_entry_a_day")]

    def __str__(self) -> str:
        return f"{self.on} {self.name}"


class AuditEvent(TenantModel):
    """Who did what to which thing, when. Append-only: a database trigger refuses update and delete."""

    at = models.DateTimeField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.BigIntegerField(null=True)
    target_name = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_newest"),
            models.Index(fields=["organization", "target_type", "target_id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_name}"
