"""What apps to the right write into the row of an account: last contact, revenue."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from accounts.actions import _rows, _segments
from accounts.models import Account, AssessmentSetting, Contact
from tenants.models import Membership


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
    Account.objects.bulk_update(later, ["last_contact_at"], batch_size=_rows.BATCH)


@transaction.atomic
def set_contacts(met: Mapping[int, datetime | None]) -> None:
    """Set for many accounts, by id, when they were last met, also to an earlier day: a meeting was taken back."""
    rows = list(Account.objects.select_for_update(of=("self",)).filter(pk__in=met).order_by("pk").only("id"))
    for row in rows:
        row.last_contact_at = met[row.pk]
    Account.objects.bulk_update(rows, ["last_contact_at"], batch_size=_rows.BATCH)


@transaction.atomic
def note_met(met: Mapping[int, date | None]) -> None:
    """Set for many contacts, by id, the day on which they were last met; None says never."""
    rows = Contact.objects.select_for_update(of=("self",)).filter(pk__in=met).order_by("pk").only("last_met_on")
    changed = [row for row in rows if row.last_met_on != met[row.pk]]
    for row in changed:
        row.last_met_on = met[row.pk]
    Contact.objects.bulk_update(changed, ["last_met_on"], batch_size=_rows.BATCH)


@transaction.atomic
def note_revenue(revenues: Mapping[int, int], *, at: datetime) -> None:
    """Set what accounts, by id, bring on average a year (minor units), and their segment with it."""
    limits = AssessmentSetting.current().limits
    accounts = list(Account.objects.select_for_update().filter(pk__in=list(revenues)).order_by("pk"))
    changed = [account for account in accounts if account.annual_revenue != revenues[account.pk]]
    for account in changed:
        account.annual_revenue = revenues[account.pk]
    _segments.resegment(changed, limits, at=at, also=("annual_revenue",))
