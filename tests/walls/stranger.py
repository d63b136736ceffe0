"""The other tenant, filled to the brim: one row in every tenant table, all with the same id, a canary in every text.

Since every table's row has the id `STRANGE`, any URL or form field can be tried with it.
"""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.models import Membership, TenantModel, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import Cast

STRANGE = 987_654_321
CANARY = "KANARIENVOGEL"
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)

# What the database's own checks demand of a column; everything else may be any text or number.
DEMANDED: dict[str, Any] = {
    "accounts.Account.kind": "customer",
    "accounts.Account.segment": "A",
    "accounts.Rating.factor": "culture",
    "accounts.Rating.rating": 50,
    "activities.Visit.result": "advanced",
    "activities.NextAction.done_at": None,
    "activities.NextAction.dropped_at": None,
    "coaching.CoachingSession.outcome": "done",
    "coaching.Review.ended_at": None,
    "coaching.ReviewEntry.decision": "advance",
    "forecasting.Alert.cleared_at": None,
    "forecasting.Target.period": "quarter",
    "forecasting.ForecastSnapshot.period": "quarter",
    "funnel.Change.kind": "stage",
    "funnel.Lead.closed_at": None,
    "funnel.Lead.reason": "",
    "funnel.LeadAnswer.criterion": "need",
    "funnel.LeadEvent.kind": "noted",
    "funnel.Opportunity.closed_at": None,
    "funnel.Opportunity.reason": "",
    "funnel.StageSetting.stage": 1,
    "funnel.StageSetting.percent": 10,
    "funnel.EvidenceItem.stage": 1,
    "tenants.Invitation.accepted_at": None,
    "tenants.Invitation.withdrawn_at": None,
    "tenants.Team.path": f"{STRANGE}/",
}


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to one organization."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def _value(model: type[models.Model], field: "models.Field[Any, Any]") -> Any:
    demanded = f"{model._meta.app_label}.{model.__name__}.{field.name}"
    if DEMANDED.get(demanded, field) is not field:
        return DEMANDED[demanded]
    if isinstance(field, models.ForeignKey):
        return None if field.related_model is model else STRANGE
    if field.choices or (field.has_default() and not isinstance(field, models.JSONField)):
        return field.get_default() if field.has_default() else field.flatchoices[0][0]
    match field:
        case ArrayField():
            return []
        case models.EmailField():
            return f"{CANARY.lower()}@stranger.example"
        case models.CharField() | models.TextField():
            return CANARY[: field.max_length or 200]
        case models.DateTimeField():
            return AT
        case models.DateField():
            return date(2026, 1, 1)
        case models.DecimalField():
            return Decimal("1.5")
        case models.BooleanField():
            return False
        case models.UUIDField():
            return uuid.UUID(int=7)
        case models.BinaryField():
            return CANARY.encode()
        case models.JSONField():
            return {"text": CANARY, "name": CANARY}
        case _:
            return 1


def fill(stranger: Cast) -> None:
    """Give the stranger its person and its row in every tenant table."""
    user = User.objects.create(email="strange@stranger.example", name=CANARY)
    with transaction.atomic(), working_for(stranger.org):
        Membership.objects.create(
            pk=STRANGE, organization=stranger.org, user=user, role=Role.EXECUTIVE, team_id=STRANGE
        )
        for model in tenant_models():
            values = {
                field.attname: _value(model, field)
                for field in model._meta.concrete_fields
                if field.name not in {"id", "organization"}
            }
            model._default_manager.bulk_create([model(pk=STRANGE, organization_id=stranger.org.pk, **values)])


def fingerprint(organization_id: int) -> dict[str, tuple[int, str]]:
    """Return, as the owner role, each tenant table's count and checksum of one organization's rows."""
    found = {}
    with connections["owner"].cursor() as cursor:
        for model in tenant_models():
            table = model._meta.db_table
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t.id)), '')"
                f' FROM "{table}" t WHERE organization_id = %s',
                [organization_id],
            )
            found[table] = cursor.fetchone()
    connections["owner"].close()
    return found


def patterns() -> list[tuple[str, URLPattern, dict[str, Any]]]:
    """Return (name, pattern, converters) of every URL of the project."""

    def walk(resolver: URLResolver, prefix: str, converters: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        for entry in resolver.url_patterns:
            both = {**converters, **entry.pattern.converters}
            if isinstance(entry, URLResolver):
                name = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
                found += walk(entry, name, both)
            else:
                found.append((f"{prefix}{entry.name}", entry, both))
        return found

    return walk(get_resolver(), "", {})
