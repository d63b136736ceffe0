"""Writes on products, accounts, contacts and assessments; what apps to the right write into them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q

from accounts import names
from accounts.models import (
    Account,
    AccountMember,
    Assessment,
    AssessmentSetting,
    Contact,
    Product,
    Rating,
    SearchRow,
    TimelineEntry,
)
from accounts.records import (
    ACCOUNT_FIELDS,
    CONTACT_FIELDS,
    PRODUCT_FIELDS,
    AccountRow,
    AssessmentRow,
    ContactRow,
    Imported,
    Outcome,
    ProductRow,
)
from accounts.segments import Factor, Limits
from tenants import audit
from tenants.errors import Refused, Stale
from tenants.models import Membership
from tenants.scoping import require_organization_id

M = TypeVar("M", bound=models.Model)
BATCH = 1000


def _once(model: type[M], request_key: UUID | None, make: Callable[[], M]) -> M:
    """Make a row, or return the one that the same request made before, also when both arrive at once."""
    rows: Any = model._default_manager
    if request_key is None:
        return make()
    first: M | None = rows.filter(request_key=request_key).first()
    if first is not None:
        return first
    try:
        with transaction.atomic():
            return make()
    except IntegrityError:
        first = rows.filter(request_key=request_key).first()
        if first is None:
            raise
        return first


def _plain(value: Any) -> Any:
    """Return a value as audit data holds it."""
    if isinstance(value, models.Model):
        return value.pk
    return value if value is None or isinstance(value, (str, int, bool, dict)) else str(value)


def _changes(row: models.Model, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return {field: [before, after]} for what differs."""
    return {
        name: [_plain(getattr(row, name)), _plain(value)]
        for name, value in fields.items()
        if getattr(row, name) != value
    }


def _refuse_stale(row: Any, seen: int, fields: Mapping[str, Any]) -> None:
    if row.version != seen:
        by = getattr(row, "updated_by", None)
        raise Stale(
            {name: getattr(row, name) for name in fields},
            changed_by=by.name if by else "",
            changed_at=getattr(row, "updated_at", None),
        )


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    """Trim the name among the fields, if there is one, and add its key."""
    if "name" in fields:
        fields["name"] = fields["name"].strip()
        if not fields["name"]:
            raise Refused("name_missing")
    return fields


# Search and timeline ------------------------------------------------------------------------------


def index(kind: str, object_id: int, *texts: str, owner: Membership | None) -> None:
    """Make an object findable by any part of these texts; replaces what was indexed for it before.

    Apps to the right also tell `accounts.queries.register_search` how their kind is shown.
    """
    index_many(kind, [(object_id, texts, None if owner is None else owner.pk)])


_INDEX = """
    INSERT INTO accounts_searchrow (organization_id, kind, object_id, owner_id, suffix)
    SELECT %s, %s, found.* FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS found
"""


def index_many(kind: str, rows: Iterable[tuple[int, Sequence[str], int | None]]) -> None:
    """Make many objects of one kind findable: (object id, texts, membership id of the owner)."""
    rows = list(rows)
    SearchRow.objects.filter(kind=kind, object_id__in=[pk for pk, _texts, _owner in rows]).delete()
    found = [
        (pk, owner_id, suffix)
        for pk, texts, owner_id in rows
        for suffix in dict.fromkeys(suffix for text in texts for suffix in names.suffixes(text))
    ]
    if not found:
        return
    with connection.cursor() as cursor:  # a name has a dozen rows: as model instances they would cost most of an import
        cursor.execute(
            _INDEX, [require_organization_id(), kind, *(list(column) for column in zip(*found, strict=True))]
        )


def unindex(kind: str, object_ids: Iterable[int]) -> None:
    """Take objects of one kind out of the search."""
    SearchRow.objects.filter(kind=kind, object_id__in=list(object_ids)).delete()


def tell(
    account: Account, verb: str, *, by: Membership | None, at: datetime, source: models.Model, data: Mapping[str, Any]
) -> None:
    """Add a line to an account's timeline. `labels.name_verb` says how the verb is told; `data` holds JSON values."""
    tell_many([(account.pk, verb, None if by is None else by.pk, at, source, data)])


def tell_many(
    lines: Iterable[tuple[int, str, int | None, datetime, models.Model, Mapping[str, Any]]],
) -> None:
    """Add many lines: (account id, verb, membership id, at, source row, data)."""
    TimelineEntry.objects.bulk_create(
        (
            TimelineEntry(
                account_id=account_id,
                verb=verb,
                by_id=by_id,
                at=at,
                source=source._meta.label_lower,
                source_id=source.pk,
                data=dict(data),
            )
            for account_id, verb, by_id, at, source, data in lines
        ),
        batch_size=BATCH,
    )


def _index_account(account: Account) -> None:
    index_many("account", [(account.pk, (account.name, account.tax_id), account.owner_id)])


# Accounts -----------------------------------------------------------------------------------------


def _reaches(by: Membership, owner: Membership) -> bool:
    """Return whether `by` may give accounts to `owner`: oneself, a manager the team, an executive anyone."""
    ids = by.visible_owner_ids
    return owner.organization_id == by.organization_id and (ids is None or owner.pk in ids)


@transaction.atomic
def create_account(
    *, name: str, owner: Membership, by: Membership, at: datetime, request_key: UUID | None = None, **fields: Any
) -> Account:
    """Record a company.

    :param fields: other fields of the model (`tax_id`, `parent`, …).
    :raises Refused: name_missing, owner_out_of_reach.
    """
    if not _reaches(by, owner):
        raise Refused("owner_out_of_reach")
    named = _named({"name": name})

    def make() -> Account:
        account: Account = Account.objects.create(
            **named,
            **fields,
            name_key=names.key(named["name"])[:200],
            owner=owner,
            request_key=request_key,
            created_at=at,
            updated_at=at,
            updated_by=by,
        )
        _index_account(account)
        tell(account, "account.created", by=by, at=at, source=account, data={})
        audit.record("account.created", account, by=by, at=at, owner=owner.pk)
        return account

    return _once(Account, request_key, make)


def _above(account: Account, parent: Account | None) -> bool:
    """Return whether `account` stands somewhere above `parent`, or is it."""
    seen: set[int] = set()
    while parent is not None and parent.pk not in seen:
        if parent.pk == account.pk:
            return True
        seen.add(parent.pk)
        parent = parent.parent
    return False


@transaction.atomic
def change_account(account: Account, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Account:
    """Change fields of an account. Nothing different, nothing recorded.

    :param seen: the version that was shown.
    :raises Stale: it has been changed since; `theirs` holds the fields' values now.
    :raises Refused: name_missing, owner_out_of_reach, parent_is_itself.
    """
    account = Account.objects.select_for_update(of=("self",)).select_related("owner__user").get(pk=account.pk)
    fields = _named(fields)
    changes = _changes(account, fields)
    if not changes:
        return account
    _refuse_stale(account, seen, fields)
    if "owner" in changes and not _reaches(by, fields["owner"]):
        raise Refused("owner_out_of_reach")
    if "parent" in changes and _above(account, fields["parent"]):
        raise Refused("parent_is_itself")
    before = account.owner
    for name, value in fields.items():
        setattr(account, name, value)
    account.name_key = names.key(account.name)[:200]
    account.version += 1
    account.updated_at, account.updated_by = at, by
    account.save()
    if changes.keys() & {"name", "tax_id", "owner"}:
        _index_account(account)
    if "owner" in changes:
        people = Contact.objects.filter(account=account).values("pk")
        SearchRow.objects.filter(kind="contact", object_id__in=people).update(owner=account.owner)
        AccountMember.objects.filter(account=account, member=account.owner).delete()
        told = {"before": before.name, "after": account.owner.name}
        tell(account, "account.handed", by=by, at=at, source=account, data=told)
    audit.record("account.changed", account, by=by, at=at, changes=changes)
    return account


@transaction.atomic
def add_member(account: Account, member: Membership, *, by: Membership, at: datetime) -> None:
    """Let a colleague or partner work with an account, and so see it. Twice is once.

    :raises Refused: member_is_owner.
    """
    account = Account.objects.select_for_update().get(pk=account.pk)
    if account.owner_id == member.pk:
        raise Refused("member_is_owner")
    _row, added = AccountMember.objects.get_or_create(account=account, member=member)
    if added:
        tell(account, "member.added", by=by, at=at, source=account, data={"name": member.name})
        audit.record("account.member_added", account, by=by, at=at, member=member.pk)


@transaction.atomic
def remove_member(account: Account, member: Membership, *, by: Membership, at: datetime) -> None:
    """Take a member off an account; the member no longer sees it."""
    account = Account.objects.select_for_update().get(pk=account.pk)
    removed, _by_model = AccountMember.objects.filter(account=account, member=member).delete()
    if removed:
        tell(account, "member.removed", by=by, at=at, source=account, data={"name": member.name})
        audit.record("account.member_removed", account, by=by, at=at, member=member.pk)


@transaction.atomic
def note_contact(account: Account, *, met_at: datetime, by: Membership | None, at: datetime) -> None:
    """Remember when the account was last met; an older meeting changes nothing."""
    note_contacts({account.pk: met_at})


@transaction.atomic
def note_contacts(met: Mapping[int, datetime]) -> None:
    """Remember for many accounts, by id, when they were last met."""
    rows = Account.objects.select_for_update(of=("self",)).filter(pk__in=met).order_by("pk").only("last_contact_at")
    later = [row for row in rows if row.last_contact_at is None or row.last_contact_at < met[row.pk]]
    for row in later:
        row.last_contact_at = met[row.pk]
    Account.objects.bulk_update(later, ["last_contact_at"], batch_size=1_000)


@transaction.atomic
def note_revenue(revenues: Mapping[int, int], *, at: datetime) -> None:
    """Set what accounts, by id, bring on average a year (minor units), and their segment with it."""
    limits = AssessmentSetting.current().limits
    accounts = list(Account.objects.select_for_update().filter(pk__in=list(revenues)).order_by("pk"))
    changed = [account for account in accounts if account.annual_revenue != revenues[account.pk]]
    for account in changed:
        account.annual_revenue = revenues[account.pk]
    _resegment(changed, limits, at=at, also=("annual_revenue",))


def _resegment(accounts: Sequence[Account], limits: Limits, *, at: datetime, also: Sequence[str] = ()) -> int:
    """Place these accounts anew and save them; return how many changed segment."""
    moves = []
    for account in accounts:
        before = account.segment
        account.take_place(limits)
        if account.segment != before:
            told = {"before": str(before), "after": str(account.segment)}
            moves.append((account.pk, "account.resegmented", None, at, account, told))
    Account.objects.bulk_update(accounts, ["segment", "needs_assessment", *also], batch_size=BATCH)
    tell_many(moves)
    return len(moves)


# Contacts -----------------------------------------------------------------------------------------


@transaction.atomic
def create_contact(
    account: Account, *, name: str, by: Membership, at: datetime, request_key: UUID | None = None, **fields: Any
) -> Contact:
    """Record a person at an account.

    :raises Refused: name_missing.
    """
    named = _named({"name": name})

    def make() -> Contact:
        contact: Contact = Contact.objects.create(
            account=account, **named, **fields, request_key=request_key, created_at=at
        )
        index_many("contact", [(contact.pk, (contact.name,), account.owner_id)])
        tell(account, "contact.created", by=by, at=at, source=contact, data={"name": contact.name})
        audit.record("contact.created", contact, by=by, at=at, account=account.pk)
        return contact

    return _once(Contact, request_key, make)


@transaction.atomic
def change_contact(contact: Contact, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Contact:
    """Change fields of a contact.

    :raises Stale: it has been changed since version `seen`.
    :raises Refused: name_missing.
    """
    contact = Contact.objects.select_for_update(of=("self",)).select_related("account").get(pk=contact.pk)
    fields = _named(fields)
    changes = _changes(contact, fields)
    if not changes:
        return contact
    _refuse_stale(contact, seen, fields)
    for name, value in fields.items():
        setattr(contact, name, value)
    contact.version += 1
    contact.save()
    index_many("contact", [(contact.pk, (contact.name,), contact.account.owner_id)])
    audit.record("contact.changed", contact, by=by, at=at, changes=changes)
    return contact


# Products -----------------------------------------------------------------------------------------


def _free_product_name(name: str, *, but: int | None = None) -> str:
    """Return the key of a product's name.

    :raises Refused: name_taken.
    """
    name_key = names.key(name)[:120]
    if Product.objects.filter(name_key=name_key).exclude(pk=but).exists():
        raise Refused("name_taken")
    return name_key


@transaction.atomic
def create_product(*, name: str, by: Membership, at: datetime, **fields: Any) -> Product:
    """Record what we sell.

    :raises Refused: name_missing, name_taken (also for another spelling of the same name).
    """
    named = _named({"name": name})
    product: Product = Product.objects.create(**named, **fields, name_key=_free_product_name(named["name"]))
    audit.record("product.created", product, by=by, at=at)
    return product


@transaction.atomic
def change_product(product: Product, *, seen: int, by: Membership, at: datetime, **fields: Any) -> Product:
    """Change fields of a product; `is_active=False` takes it off sale, what was sold keeps it.

    :raises Stale: it has been changed since version `seen`.
    :raises Refused: name_missing, name_taken.
    """
    product = Product.objects.select_for_update().get(pk=product.pk)
    fields = _named(fields)
    changes = _changes(product, fields)
    if not changes:
        return product
    _refuse_stale(product, seen, fields)
    for name, value in fields.items():
        setattr(product, name, value)
    product.name_key = _free_product_name(product.name, but=product.pk)
    product.version += 1
    product.save()
    audit.record("product.changed", product, by=by, at=at, changes=changes)
    return product


# Assessment ---------------------------------------------------------------------------------------


@transaction.atomic
def assess(
    account: Account,
    *,
    ratings: Mapping[Factor, int],
    by: Membership,
    at: datetime,
    notes: Mapping[Factor, str] | None = None,
    request_key: UUID | None = None,
    seen: int | None = None,
) -> Assessment:
    """Record a dated judgement of an account's potential, and set its segment.

    :param ratings: only the factors known, each 0, 25, 50, 75 or 100.
    :param seen: id of the latest assessment that was shown, 0 for none; None does not look.
    :raises Refused: nothing_judged.
    :raises Stale: somebody else assessed it since; `theirs` holds their rating by factor.
    """
    if not ratings:
        raise Refused("nothing_judged")
    account = Account.objects.select_for_update().get(pk=account.pk)
    if request_key is not None:
        first: Assessment | None = Assessment.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    latest: Assessment | None = Assessment.objects.select_related("by__user").filter(account=account).first()
    if seen is not None and latest is not None and latest.pk != seen:
        raise Stale({str(f): r for f, r in latest.judged.items()}, changed_by=latest.by.name, changed_at=latest.at)
    setting = AssessmentSetting.current()
    judgement = setting.judge(dict(ratings))
    before = account.segment
    account.score, account.confidence, account.assessed_at = judgement.score, judgement.confidence, at
    account.take_place(setting.limits)
    account.save(update_fields=["score", "confidence", "assessed_at", "segment", "needs_assessment"])
    assessment: Assessment = Assessment.objects.create(
        account=account,
        by=by,
        at=at,
        score=judgement.score,
        confidence=judgement.confidence,
        segment=account.segment,
        request_key=request_key,
    )
    _add_ratings([(assessment, ratings, notes or {})])
    told = {"score": judgement.score, "segment": str(account.segment)}
    tell(account, "account.assessed", by=by, at=at, source=account, data=told)
    audit.record("account.assessed", account, by=by, at=at, before=str(before), **told)
    return assessment


def _add_ratings(rows: Iterable[tuple[Assessment, Mapping[Factor, int], Mapping[Factor, str]]]) -> None:
    Rating.objects.bulk_create(
        (
            Rating(assessment=assessment, factor=factor, rating=rating, note=notes.get(factor, ""))
            for assessment, ratings, notes in rows
            for factor, rating in ratings.items()
        ),
        batch_size=BATCH,
    )


@transaction.atomic
def change_assessment_setting(
    *, seen: int, by: Membership, at: datetime, **fields: Any
) -> tuple[AssessmentSetting, int]:
    """Agree on another benchmark, limit or weights, and place every account anew; returns how many changed segment.

    :param fields: `benchmark` (minor units), `high_from`, `little_percent`, `weights` ({factor: weight from 0}).
    :raises Stale: it has been changed since version `seen`.
    :raises Refused: no_weight.
    """
    AssessmentSetting.objects.get_or_create()
    setting = AssessmentSetting.objects.select_for_update().get()
    changes = _changes(setting, fields)
    if not changes:
        return setting, 0
    _refuse_stale(setting, seen, fields)
    if "weights" in fields and not any(fields["weights"].get(factor, 0) for factor in Factor):
        raise Refused("no_weight")
    for name, value in fields.items():
        setattr(setting, name, value)
    setting.version += 1
    setting.updated_at, setting.updated_by = at, by
    setting.save()
    accounts = Account.objects.select_for_update().order_by("pk").judged_by(setting)
    moved = _resegment(accounts, setting.limits, at=at, also=("score", "confidence"))
    audit.record("assessment_setting.changed", setting, by=by, at=at, changes=changes, moved=moved)
    return setting, moved


# Many at a time -----------------------------------------------------------------------------------


def _known(fields: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a row.

    :raises ValueError: one is not of the record; a fault of the caller, not of the data.
    """
    if not fields.keys() <= allowed:
        raise ValueError(f"unknown fields: {sorted(fields.keys() - allowed)}")
    return dict(fields)


def _apply(row: models.Model, fields: Mapping[str, Any]) -> bool:
    """Set the fields; return whether one differed."""
    differs = any(getattr(row, name) != value for name, value in fields.items())
    for name, value in fields.items():
        setattr(row, name, value)
    return differs


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
    answers: list[tuple[Outcome, Account]] = []
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
            answers.append((Outcome.CREATED, account))
            continue
        fields |= {"owner_id": row.owner_id} if row.owner_id else {}
        fields |= {"external_id": row.external_id} if row.external_id else {}
        if names.key(row.name)[:200] != account.name_key:
            fields |= {"name": row.name.strip(), "name_key": names.key(row.name)[:200]}
        differs = _apply(account, fields)
        books.add(account)
        if differs and account.pk:
            changed[account.pk] = account
        answers.append((Outcome.UPDATED if differs else Outcome.UNCHANGED, account))
    Account.objects.bulk_create(made, batch_size=BATCH)
    answers = _link_parents(rows, answers, books, changed)
    _save_accounts(list(changed.values()), by=by, at=at)
    index_many("account", [(a.pk, (a.name, a.tax_id), a.owner_id) for a in [*made, *changed.values()]])
    tell_many((a.pk, "account.imported", by.pk, a.created_at, a, {}) for a in made)
    _record_import("accounts.imported", [outcome for outcome, _account in answers], by=by, at=at)
    return [Imported(outcome, account.pk) for outcome, account in answers]


def _link_parents(
    rows: Sequence[AccountRow],
    answers: list[tuple[Outcome, Account]],
    books: _Books,
    changed: dict[int, Account],
) -> list[tuple[Outcome, Account]]:
    """Put accounts under the companies their rows name, where those are known; return the answers after that."""
    result = []
    for row, (outcome, account) in zip(rows, answers, strict=True):
        parent = books.named(row.parent) if row.parent else None
        moved = parent is not None and account.parent_id != parent.pk and not _above(account, parent)
        if moved:
            account.parent = parent
            changed[account.pk] = account
        result.append((Outcome.UPDATED if moved and outcome == Outcome.UNCHANGED else outcome, account))
    return result


def _save_accounts(accounts: Sequence[Account], *, by: Membership, at: datetime) -> None:
    for account in accounts:
        account.version += 1
        account.updated_at, account.updated_by = at, by
    fields = ["name", "name_key", "owner", "external_id", "parent", "version", "updated_at", "updated_by"]
    Account.objects.bulk_update(accounts, [*fields, *sorted(ACCOUNT_FIELDS)], batch_size=BATCH)


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
    answers: list[tuple[Outcome, Contact]] = []
    for row in rows:
        fields = _known(row.fields, CONTACT_FIELDS)
        found = people.get((row.account_id, names.key(row.name)))
        if found is None:
            found = Contact(account_id=row.account_id, name=row.name.strip(), created_at=at, **fields)
            people[row.account_id, names.key(row.name)] = found
            made.append(found)
            answers.append((Outcome.CREATED, found))
            continue
        differs = _apply(found, fields)
        if differs and found.pk:
            changed[found.pk] = found
        answers.append((Outcome.UPDATED if differs else Outcome.UNCHANGED, found))
    for contact in changed.values():
        contact.version += 1
    Contact.objects.bulk_create(made, batch_size=BATCH)
    Contact.objects.bulk_update(changed.values(), ["version", *sorted(CONTACT_FIELDS)], batch_size=BATCH)
    owners = dict(Account.objects.filter(pk__in=ids).values_list("pk", "owner_id"))
    index_many("contact", [(c.pk, (c.name,), owners.get(c.account_id)) for c in made])
    _record_import("contacts.imported", [outcome for outcome, _contact in answers], by=by, at=at)
    return [Imported(outcome, contact.pk) for outcome, contact in answers]


@transaction.atomic
def import_products(rows: Sequence[ProductRow], *, by: Membership, at: datetime) -> list[Imported]:
    """Record or update products, many at a time, found again by name; answers in the rows' order."""
    keys = {names.key(row.name)[:120] for row in rows}
    known = {p.name_key: p for p in Product.objects.select_for_update().filter(name_key__in=keys).order_by("pk")}
    made: list[Product] = []
    changed: dict[int, Product] = {}
    answers: list[tuple[Outcome, Product]] = []
    for row in rows:
        fields, name_key = _known(row.fields, PRODUCT_FIELDS), names.key(row.name)[:120]
        found = known.get(name_key)
        if found is None:
            found = known[name_key] = Product(name=row.name.strip(), name_key=name_key, **fields)
            made.append(found)
            answers.append((Outcome.CREATED, found))
            continue
        differs = _apply(found, fields)
        if differs and found.pk:
            changed[found.pk] = found
        answers.append((Outcome.UPDATED if differs else Outcome.UNCHANGED, found))
    for product in changed.values():
        product.version += 1
    Product.objects.bulk_create(made, batch_size=BATCH)
    Product.objects.bulk_update(changed.values(), ["version", *sorted(PRODUCT_FIELDS)], batch_size=BATCH)
    _record_import("products.imported", [outcome for outcome, _product in answers], by=by, at=at)
    return [Imported(outcome, product.pk) for outcome, product in answers]


@transaction.atomic
def import_assessments(rows: Sequence[AssessmentRow], *, by: Membership, at: datetime) -> list[int]:
    """Record dated assessments, many at a time, and place their accounts by the latest; returns their ids."""
    setting = AssessmentSetting.current()
    accounts = {
        a.pk: a
        for a in Account.objects.select_for_update().filter(pk__in={row.account_id for row in rows}).order_by("pk")
    }
    made, lines = [], []
    for row in sorted(rows, key=lambda row: row.at):
        account, judgement = accounts[row.account_id], setting.judge(dict(row.ratings))
        if account.assessed_at is None or account.assessed_at <= row.at:
            account.score, account.confidence, account.assessed_at = judgement.score, judgement.confidence, row.at
            account.take_place(setting.limits)
        assessment = Assessment(
            account=account,
            by_id=row.by_id,
            at=row.at,
            score=judgement.score,
            confidence=judgement.confidence,
            segment=account.segment,
        )
        made.append((assessment, row.ratings, row.notes))
        told = {"score": judgement.score, "segment": str(account.segment)}
        lines.append((account.pk, "account.assessed", row.by_id, row.at, account, told))
    Assessment.objects.bulk_create([assessment for assessment, _ratings, _notes in made], batch_size=BATCH)
    _add_ratings(made)
    fields = ["score", "confidence", "assessed_at", "segment", "needs_assessment"]
    Account.objects.bulk_update(accounts.values(), fields, batch_size=BATCH)
    tell_many(lines)
    audit.record("assessments.imported", None, by=by, at=at, created=len(made))
    return [assessment.pk for assessment, _ratings, _notes in made]
