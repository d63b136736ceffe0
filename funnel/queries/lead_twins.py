"""When a lead is there already: as another lead, or as a customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower, Right

from accounts import names
from accounts import queries as accounts_queries
from accounts.models import Account, Contact
from funnel.leads import PHONE_DIGITS, Keys, LeadStatus, is_same, phone_key, spellings
from funnel.models import Lead
from tenants.models import Membership
from tenants.permissions import Role

TWINS = 5


@dataclass(frozen=True)
class LeadTwin:
    """A lead that may be the same; `seen` says whether the reader may open it, `sure` whether it surely is."""

    lead: Lead
    seen: bool
    sure: bool


@dataclass(frozen=True)
class CustomerTwin:
    """A customer that may be the same company, with the person there who is the same, if any."""

    account: Account
    contact: Contact | None
    seen: bool


@dataclass(frozen=True)
class LeadTwins:
    """What may be the same as a lead."""

    leads: Sequence[LeadTwin] = ()
    customers: Sequence[CustomerTwin] = ()

    def __bool__(self) -> bool:
        return bool(self.leads or self.customers)


def lead_twins(
    membership: Membership, keys: Keys, company: str, *, but: int = 0, request_key: UUID | None = None
) -> LeadTwins:
    """Return leads and customers that may be the same: company, number, address, tax ID or person at the company.

    Also those of colleagues, so that nobody is approached twice; a partner hears of none it may not see. What this
    very request made before (`request_key`) is no twin of itself.
    """
    is_partner = membership.role == Role.PARTNER
    rows = Lead.objects.alike(keys).exclude(pk=but).exclude(status=LeadStatus.MERGED)
    if request_key is not None:
        rows = rows.exclude(request_key=request_key)
    found = list(rows.select_related("owner__user").order_by("-created_at")[: 4 * TWINS])
    seen = set(
        Lead.objects.visible_to(membership).filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True)
    )
    leads = [LeadTwin(each, each.pk in seen, is_same(keys, each.keys)) for each in found]
    leads.sort(key=lambda twin: (not twin.sure, twin.lead.status != LeadStatus.OPEN))
    customers = customer_twins(membership, keys, company)
    return LeadTwins(
        [twin for twin in leads if twin.seen or not is_partner][:TWINS],
        [twin for twin in customers if twin.seen or not is_partner],
    )


def customer_twins(membership: Membership, keys: Keys, company: str) -> list[CustomerTwin]:
    """Return customers of the same name or tax ID, or where someone has the same number or address."""
    people = _same_people(keys)
    same = Q(name_key__in=spellings(company)) | Q(pk__in=[person.account_id for person in people])
    if keys.tax_id:
        same |= Q(tax_key=keys.tax_id)
    keyed = Account.objects.annotate(tax_key=_Signs(Lower("tax_id")))
    rows = list(keyed.filter(same).select_related("owner__user").order_by("name_key")[:TWINS])
    seen = set(
        accounts_queries.visible(membership).filter(pk__in=[each.pk for each in rows]).values_list("pk", flat=True)
    )
    of = {person.account_id: person for person in people}
    return [CustomerTwin(account, of.get(account.pk), account.pk in seen) for account in rows]


class _Digits(Func):
    """The digits of a text."""

    function = "regexp_replace"
    template = "%(function)s(%(expressions)s, '[^0-9]', '', 'g')"
    output_field = TextField()


class _Signs(_Digits):
    """The letters and digits of a text."""

    template = "%(function)s(%(expressions)s, '[^[:alnum:]]', '', 'g')"


def _same_people(keys: Keys) -> list[Contact]:
    """Return people at customers with the same address or number."""
    same = Q(pk=None)
    if keys.email:
        same |= Q(email__iexact=keys.email)
    if keys.phone:
        same |= Q(ending=keys.phone)
    if not (keys.email or keys.phone):
        return []
    ending = Right(_Digits(F("phone")), Value(PHONE_DIGITS))
    found = Contact.objects.annotate(ending=ending).filter(same).order_by("pk")[:TWINS]
    return [each for each in found if keys.email == each.email.casefold() or phone_key(each.phone) == keys.phone]


def people_at(account: Account | None) -> QuerySet[Contact]:
    """Return the people at a customer."""
    return cast("QuerySet[Contact]", Contact.objects.filter(account=account).order_by("name", "id"))


def same_person(lead: Lead, account: Account) -> Contact | None:
    """Return the person at this customer whom the lead names, if there is one."""
    keys = lead.keys
    for person in people_at(account):
        if keys.person and names.key(person.name) == keys.person:
            return person
        if is_same(keys, Keys(phone=phone_key(person.phone), email=person.email.casefold())):
            return person
    return None
