"""Rows that come in from outside, many at a time. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts.segments import Factor

ACCOUNT_FIELDS = frozenset(
    {
        "kind",
        "industry",
        "region",
        "address",
        "phone",
        "website",
        "tax_id",
        "employees",
        "turnover",
        "founded_year",
        "source",
        "notes",
    }
)
CONTACT_FIELDS = frozenset({"position", "department", "phone", "email", "birthday", "notes"})
PRODUCT_FIELDS = frozenset({"series", "list_price", "is_active"})


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Imported:
    """The answer to one row: what became of it, and the id of the record it stands for now.

    `version` is the one the record has now, `before` what the fields that differed held.
    """

    outcome: Outcome
    pk: int
    version: int = 1
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountRow:
    """One company. Found again by `external_id`, else by its name.

    `fields` holds only what the source knows (keys of `ACCOUNT_FIELDS`); what it leaves out is left as it is.
    `owner_id` None leaves the owner (a new account goes to who imports). `parent` is the name of the company above it.
    `created_at` None is now.
    """

    name: str
    owner_id: int | None = None
    external_id: str = ""
    parent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True)
class ContactRow:
    """One person at an account, found again by the name there. `fields`: keys of `CONTACT_FIELDS`."""

    account_id: int
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductRow:
    """One product, found again by its name. `fields`: keys of `PRODUCT_FIELDS`; prices in minor units."""

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AssessmentRow:
    """One assessment: `ratings` by the five steps 0, 25, 50, 75, 100, only the factors known.

    `is_dated` False says that its source knows no day; `at` is when we learnt of it.
    """

    account_id: int
    by_id: int
    at: datetime
    ratings: Mapping[Factor, int]
    notes: Mapping[Factor, str] = field(default_factory=dict)
    is_dated: bool = True
