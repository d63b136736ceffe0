"""The other tenant, filled to the brim: one row in every table, all with the same id, a canary in every text.

Since every table's row has the id `STRANGE`, any URL or form field can be tried with it.
"""

import uuid
import zlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter
from django.urls.resolvers import RegexPattern

from tenants.models import Membership, Organization, TenantModel, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import Cast
from tests.walls.words import OURS, WORDLESS, canary, column_of, prescribed, wordless

STRANGE = 987_654_321
KEY = uuid.UUID(int=STRANGE)
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)

# What several columns of a row must agree on; what one column must be is read off its checks and choices.
DEMANDED: dict[str, Any] = {
    "accounts_searchrow.kind": "account",
    "accounts_searchrow.object_id": STRANGE,
    "activities_nextaction.done_at": None,
    "activities_nextaction.dropped_at": None,
    "coaching_review.ended_at": None,
    "forecasting_alert.cleared_at": None,
    "funnel_evidence.state": "sent_back",  # it has its judge, and a word
    "funnel_approval.decided_at": None,
    "funnel_commitment.kind": "promise",
    "funnel_lead.closed_at": None,
    "funnel_opportunity.full_amount": None,
    "funnel_opportunitymember.partner_id": None,
    "funnel_planpart.done_at": None,
    "funnel_planpart.partner_id": None,
    "funnel_decisionrole.also": [],
    "funnel_opportunity.closed_at": None,
    "funnel_strategy.verdict_at": None,
    "tenants_invitation.accepted_at": None,
    "tenants_invitation.withdrawn_at": None,
    "tenants_team.path": f"{STRANGE}/",
}


WORDLESS_BY_NAME = frozenset(column for columns in WORDLESS.values() for column in columns)


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to one organization."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def models_outside() -> list[type[models.Model]]:
    """Every other model that holds somebody's words; people, organizations and seats come first, by hand."""
    by_hand = {User, Organization, Membership}
    return [
        model
        for model in apps.get_models()
        if not issubclass(model, TenantModel) and model not in by_hand and model._meta.db_table not in OURS
    ]


def _value(field: "models.Field[Any, Any]", organization: Organization) -> Any:
    column = column_of(field)
    if column in DEMANDED:
        return DEMANDED[column]
    if isinstance(field, models.ForeignKey):
        if field.related_model is Organization:
            return organization.pk
        return None if field.related_model is field.model else STRANGE
    if codes := prescribed(field):
        return field.get_default() if field.has_default() else codes[0]
    if column in WORDLESS_BY_NAME:
        return field.get_default() if field.has_default() else ""
    word = canary(column)
    match field:
        case ArrayField():
            return [word]
        case models.JSONField():
            return [word] if field.default is list else {"name": word, "text": word, word: [word]}
        case models.EmailField():
            return f"{word}@stranger.example"
        case models.CharField() | models.TextField():
            return word if len(word) <= (field.max_length or len(word)) else field.get_default()
        case models.BinaryField():
            return zlib.compress(word.encode())
    if field.has_default():
        return field.get_default()
    match field:
        case models.DateTimeField():
            return AT + timedelta(days=3650)
        case models.DateField():
            return date(2026, 1, 1)
        case models.DecimalField():
            return Decimal("1.5")
        case models.BooleanField():
            return False
        case models.UUIDField():
            return KEY
        case models.GenericIPAddressField():
            return "192.0.2.7"
        case _:
            return 1


def _row(model: type[models.Model], organization: Organization) -> models.Model:
    """Return the stranger's row of a table, not saved."""
    values = {
        field.attname: _value(field, organization)
        for field in model._meta.concrete_fields
        if not field.primary_key or field.is_relation or not isinstance(field, models.AutoField)
    }
    row = model(**values)
    if isinstance(model._meta.pk, models.AutoField):
        row.pk = STRANGE
    return row


def fill(stranger: Cast) -> None:
    """Give the stranger its person, its names and its row in every table."""
    org = stranger.org
    names = [field for field in Organization._meta.concrete_fields if column_of(field) not in wordless()]
    told = {
        field.attname: canary(column_of(field))
        for field in names
        if isinstance(field, models.CharField | models.TextField) and not field.choices
    }
    Organization.objects.filter(pk=org.pk).update(**told)
    org.refresh_from_db()
    User.objects.filter(memberships__organization=org).update(name=canary("tenants_user.name"))
    _row(User, org).save(force_insert=True)
    Membership.objects.bulk_create(
        [Membership(pk=STRANGE, organization=org, user_id=STRANGE, role=Role.EXECUTIVE, is_admin=True)]
    )
    with transaction.atomic(), working_for(org):
        for model in tenant_models():
            if model._meta.db_table in settings.WRITTEN_BY_THE_DATABASE:
                continue
            model._default_manager.bulk_create([_row(model, org)])
        Membership.objects.filter(pk=STRANGE).update(team_id=STRANGE)
    with working_for(org), transaction.atomic(using="owner"):  # these the runtime role may not write
        derived = [model for model in tenant_models() if model._meta.db_table in settings.WRITTEN_BY_THE_DATABASE]
        for model in [*models_outside(), *derived]:
            model._base_manager.using("owner").bulk_create([_row(model, org)])


def _places(pattern: Any) -> dict[str, Any]:
    """Return the converters of the places that a pattern itself names; Django lends patterns those of others."""
    if isinstance(pattern, RegexPattern):
        return dict.fromkeys(pattern.regex.groupindex, StringConverter())
    return {key: found for key, found in pattern.converters.items() if f"{key}>" in str(pattern)}


def patterns() -> list[tuple[str, URLPattern, dict[str, Any]]]:
    """Return (name, pattern, converters) of every URL of the project."""

    def walk(resolver: URLResolver, prefix: str, converters: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        for entry in resolver.url_patterns:
            both = {**converters, **_places(entry.pattern)}
            if isinstance(entry, URLResolver):
                name = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
                found += walk(entry, name, both)
            else:
                found.append((f"{prefix}{entry.name}", entry, both))
        return found

    return walk(get_resolver(), "", {})
