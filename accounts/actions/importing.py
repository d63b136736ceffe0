"""Many at a time: accounts, contacts and products, as imports and the demo write them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import models, transaction
from django.db.models import Q

from accounts import names
from accounts.actions.accounts import above
from accounts.actions.search import index_many
from accounts.actions.timeline import tell_many
from accounts.models import Account, Contact, Product
from accounts.records import (
    ACCOUNT_FIELDS,
    CONTACT_FIELDS,
    PRODUCT_FIELDS,
    AccountRow,
    ContactRow,
    Imported,
    Outcome,
    ProductRow,
)
from tenants import audit
from tenants.bulk import insert_many, update_many
from tenants.models import Membership


def _known(fields: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a row.

    :raises ValueError: one is not of the record; a fault of the caller, not of the data.
    """
    if not fields.keys() <= allowed:
        raise ValueError(f"unknown fields: {sorted(fields.keys() - allowed)}")
    return dict(fields)


def _apply(row: models.Model, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set the fields; return those that differed, with what they held."""
    before = {name: getattr(row, name) for name, value in fields.items() if getattr(row, name) != value}
    for name, value in fields.items():
        setattr(row, name, value)
    return before


M = TypeVar("M", Account, Contact, Product)


class _Answers(Generic[M]):
    """What became of each row, and what the records that were there before held."""

    def __init__(self) -> None:
        self._rows: list[tuple[Outcome, M]] = []
        self._before: dict[int, dict[str, Any]] = {}

    def made(self, record: M) -> None:
        self._rows.append((Outcome.CREATED, record))

    def met(self, record: M, before: Mapping[str, Any]) -> None:
        self._rows.append((Outcome.UPDATED if before else Outcome.UNCHANGED, record))
        self.held(record, before)

    def held(self, record: M, before: Mapping[str, Any]) -> None:
        if before and record.pk:
            self._before[record.pk] = {**before, **self._before.get(record.pk, {})}

    def moved(self, place: int) -> None:
        outcome, record = self._rows[place]
        self._rows[place] = (Outcome.UPDATED if outcome == Outcome.UNCHANGED else outcome, record)

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for outcome, _record in self._rows]

    @property
    def records(self) -> list[M]:
        return [record for _outcome, record in self._rows]

    def as_imported(self) -> list[Imported]:
        return [Imported(outcome, r.pk, r.version, self._before.get(r.pk, {})) for outcome, r in self._rows]


class _Books:
    """The accounts that a batch of rows may mean, by external id and by name."""

    def __init__(self, rows: Sequence[AccountRow]) -> None:
        keys = {names.key(name)[:200] for row in rows for name in (row.name, row.parent) if name}
        ids = {row.external_id for row in rows} - {""}
        self.by_id: dict[str, Account] = {}
        self.by_name: dict[str, list[Account]] = defaultdict(list)
        query = Account.objects.select_for_update().filter(Q(name_key__in=keys) | Q(external_id__in=ids))
        for account in query.order_by("pk"):
            self.add(account)

    def add(self, account: Account) -> None:
        if account.external_id:
            self.by_id[account.external_id] = account
        if account not in self.by_name[account.name_key]:
            self.by_name[account.name_key].append(account)

    def named(self, name: str) -> Account | None:
        return next(iter(self.by_name.get(names.key(name)[:200], ())), None)

    def meant(self, row: AccountRow) -> Account | None:
        """Return the account a row stands for: by external id, else by a name that no other external id claims."""
        if row.external_id in self.by_id:
            return self.by_id[row.external_id]
        same = self.by_name.get(names.key(row.name)[:200], ())
        return next((account for account in same if not row.external_id or not account.external_id), None)


@transaction.atomic
def import_accounts(rows: Sequence[AccountRow], *, by: Membership, at: datetime) -> list[Imported]:
    """Record or update companies, many at a time; the answers stand in the order of the rows.

    Found again by external id, else by name, so that the same rows twice change nothing. The caller has checked
    lengths, numbers and owners. A row that repeats an earlier one of the batch updates that.
    """
    books = _Books(rows)
    made: list[Account] = []
    changed: dict[int, Account] = {}
    answers = _Answers[Account]()
    for row in rows:
        fields = _known(row.fields, ACCOUNT_FIELDS)
        account = books.meant(row)
        if account is None:
            name = row.name.strip()
            account = Account(
                **fields,
                name=name,
                name_key=names.key(name)[:200],
                owner_id=row.owner_id or by.pk,
                external_id=row.external_id,
                created_at=row.created_at or at,
                updated_at=at,
                updated_by=by,
            )
            made.append(account)
            books.add(account)
            answers.made(account)
            continue
        fields |= {"owner_id": row.owner_id} if row.owner_id else {}
        fields |= {"external_id": row.external_id} if row.external_id else {}
        if names.key(row.name)[:200] != account.name_key:
            fields |= {"name": row.name.strip(), "name_key": names.key(row.name)[:200]}
        before = _apply(account, fields)
        books.add(account)
        if before and account.pk:
            changed[account.pk] = account
        answers.met(account, before)
    insert_many(made)
    _link_parents(rows, answers, books, changed)
    _save_accounts(list(changed.values()), by=by, at=at)
    index_many("account", [(a.pk, (a.name, a.tax_id)) for a in made], new=True)
    index_many("account", [(a.pk, (a.name, a.tax_id)) for a in changed.values()])
    tell_many((a.pk, "account.imported", by.pk, a.created_at, a, {}) for a in made)
    _record_import("accounts.imported", answers.outcomes, by=by, at=at)
    return answers.as_imported()


def _link_parents(
    rows: Sequence[AccountRow], answers: _Answers[Account], books: _Books, changed: dict[int, Account]
) -> None:
    """Put accounts under the companies their rows name, where those are known."""
    for place, (row, account) in enumerate(zip(rows, answers.records, strict=True)):
        parent = books.named(row.parent) if row.parent else None
        if parent is not None and account.parent_id != parent.pk and not above(account, parent):
            answers.held(account, {"parent_id": account.parent_id})
            answers.moved(place)
            account.parent = parent
            changed[account.pk] = account


def _save_accounts(accounts: Sequence[Account], *, by: Membership, at: datetime) -> None:
    for account in accounts:
        account.version += 1
        account.updated_at, account.updated_by = at, by
    fields = ["name", "name_key", "owner", "external_id", "parent", "version", "updated_at", "updated_by"]
    update_many(accounts, [*fields, *sorted(ACCOUNT_FIELDS)])


def _record_import(verb: str, outcomes: Sequence[Outcome], *, by: Membership, at: datetime) -> None:
    """Leave one trace of a batch that changed anything."""
    counts = {str(outcome): outcomes.count(outcome) for outcome in Outcome}
    if any(outcome != Outcome.UNCHANGED for outcome in outcomes):
        audit.record(verb, None, by=by, at=at, **counts)


@transaction.atomic
def import_contacts(rows: Sequence[ContactRow], *, by: Membership, at: datetime) -> list[Imported]:
    """Record or update people, many at a time, found again by their name at the account; answers in the rows' order."""
    people: dict[tuple[int, str], Contact] = {}
    ids = {row.account_id for row in rows}
    for contact in Contact.objects.select_for_update().filter(account_id__in=ids).order_by("-pk"):
        people[contact.account_id, names.key(contact.name)] = contact
    made: list[Contact] = []
    changed: dict[int, Contact] = {}
    answers = _Answers[Contact]()
    for row in rows:
        fields = _known(row.fields, CONTACT_FIELDS)
        found = people.get((row.account_id, names.key(row.name)))
        if found is None:
            found = Contact(account_id=row.account_id, name=row.name.strip(), created_at=at, **fields)
            people[row.account_id, names.key(row.name)] = found
            made.append(found)
            answers.made(found)
            continue
        before = _apply(found, fields)
        if before and found.pk:
            changed[found.pk] = found
        answers.met(found, before)
    for contact in changed.values():
        contact.version += 1
    insert_many(made)
    update_many(list(changed.values()), ["version", *sorted(CONTACT_FIELDS)])
    index_many("contact", [(c.pk, (c.name,)) for c in made], new=True)
    _record_import("contacts.imported", answers.outcomes, by=by, at=at)
    return answers.as_imported()


@transaction.atomic
def import_products(rows: Sequence[ProductRow], *, by: Membership, at: datetime) -> list[Imported]:
    """Record or update products, many at a time, found again by name; answers in the rows' order."""
    keys = {names.key(row.name)[:120] for row in rows}
    known = {p.name_key: p for p in Product.objects.select_for_update().filter(name_key__in=keys).order_by("pk")}
    made: list[Product] = []
    changed: dict[int, Product] = {}
    answers = _Answers[Product]()
    for row in rows:
        fields, name_key = _known(row.fields, PRODUCT_FIELDS), names.key(row.name)[:120]
        found = known.get(name_key)
        if found is None:
            found = known[name_key] = Product(name=row.name.strip(), name_key=name_key, **fields)
            made.append(found)
            answers.made(found)
            continue
        before = _apply(found, fields)
        if before and found.pk:
            changed[found.pk] = found
        answers.met(found, before)
    for product in changed.values():
        product.version += 1
    insert_many(made)
    update_many(list(changed.values()), ["version", *sorted(PRODUCT_FIELDS)])
    _record_import("products.imported", answers.outcomes, by=by, at=at)
    return answers.as_imported()
