"""Words that betray where they come from: a canary for every text column, and where no canary can sit.

A column is named `table.column`. Whoever adds a text column need do nothing: the stranger's row carries its canary,
or a code out of the set that the choices of the field or a check of the table prescribe. Only a column that can hold
no free word for another reason belongs in `WORDLESS`, with that reason.
"""

import contextlib
import re
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import CharField, CheckConstraint, Field, Q, TextField

CANARY = "kanari"
_LETTERS = 6
_FOUND = re.compile(rf"{CANARY}[a-z]{{{_LETTERS}}}")

TEXT_TYPES = (
    "text",
    "character varying",
    "character",
    "json",
    "jsonb",
    "bytea",
    "ARRAY",
    "USER-DEFINED",
    "xml",
    "name",
)

OURS = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""Tables that the migrations write; nobody's words come to stand there."""

WORDLESS: dict[str, tuple[str, ...]] = {
    "a code too short for a word, written by rules alone": (
        "forecasting_forecastsnapshot.period",
        "funnel_leadsetting.musts",
        "accounts_assessment.segment",
        "forecasting_opportunitysnapshot.category",
        "funnel_approval.currency",
        "funnel_opportunity.quoted_currency",
    ),
    "a code that the database copies out of the change log, where the canary sits": (
        "funnel_spell.category",
        "funnel_spell.status",
    ),
    "nine digits": ("funnel_lead.phone_key",),
    "numbers alone: days, and limits": (
        "forecasting_healthsetting.ladder",
        "forecasting_healthsetting.held",
        "forecasting_healthsetting.exits",
        "forecasting_healthsetting.dwell",
    ),
    "codes of roles, held by a check of the database": ("funnel_decisionrole.also",),
    "one sign, between two cells": ("exchange_import.delimiter",),
    "a kind by which the search finds the row; the word stands beside it": ("accounts_searchrow.kind",),
    "read by every page: a zone, digits of weekdays, ids of teams": (
        "tenants_organization.time_zone",
        "tenants_organization.working_days",
        "tenants_team.path",
    ),
}


def canary(column: str) -> str:
    """Return the word of one column: letters only, so that no escaping, case or index can hide it."""
    number = int.from_bytes(blake2b(column.encode(), digest_size=8).digest())
    letters = []
    for _ in range(_LETTERS):
        number, letter = divmod(number, 26)
        letters.append(chr(ord("a") + letter))
    return CANARY + "".join(letters)


def column_of(field: "Field[Any, Any]") -> str:
    """Return `table.column` of a model's field."""
    return f"{field.model._meta.db_table}.{field.column}"


def prescribed(field: "Field[Any, Any]") -> list[Any]:
    """Return the codes of which a column holds one, by the choices of its field or a check of its table."""
    for constraint in field.model._meta.constraints:
        if isinstance(constraint, CheckConstraint) and isinstance(condition := constraint.condition, Q):
            for child in condition.children:
                if isinstance(child, tuple) and child[0] == f"{field.name}__in":
                    return sorted(child[1])
    return [code for code, _label in field.flatchoices]


def wordless() -> dict[str, str]:
    """Return the columns without a canary, each with its reason."""
    codes = {
        column_of(field): "a code out of a fixed set"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, CharField | TextField) and prescribed(field)
    }
    return codes | {column: reason for reason, columns in WORDLESS.items() for column in columns}


def text_columns() -> list[str]:
    """Return every column of the database that could hold a word."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = ANY(%s) AND table_name <> ALL(%s) ORDER BY 1",
            [[*TEXT_TYPES], sorted(OURS)],
        )
        return [str(name) for (name,) in cursor.fetchall()]


def values(column: str) -> Iterator[str]:
    """Yield what stands in a column, as the owner sees it: every row of everybody, bytes unpacked."""
    table, name = column.split(".")
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'SELECT "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL')
        for (value,) in cursor.fetchall():
            yield unpacked(bytes(value)) if isinstance(value, memoryview | bytes) else str(value)


def unpacked(data: bytes) -> str:
    """Return the text of stored bytes, compressed or not."""
    with contextlib.suppress(zlib.error):
        data = zlib.decompress(data)
    return data.decode(errors="ignore")


def canaries(text: str) -> set[str]:
    """Return the canaries that sing in a text."""
    return set(_FOUND.findall(text.lower())) if CANARY in text.lower() else set()
