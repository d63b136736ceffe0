"""Web forms: made, switched, given a new secret; and what they send."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.models import Account
from funnel.actions import _leads
from funnel.actions.leads import make_lead
from funnel.leads import EventKind, Source, is_same
from funnel.models import Lead, WebForm, WebMessage
from funnel.web_forms import A_DAY, A_MINUTE, Enquiry
from tenants import audit
from tenants.actions.locking import A_DOUBLE_CLICK, locked, one_at_a_time, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership
from tenants.names import tidy

NAME_LENGTH = 120


def secrets_of(form: WebForm) -> list[str]:
    """Return the secrets with which this form may sign, the one to use first; derived, stored nowhere.

    The others come from the keys that the server had before, for as long as its settings name them.
    """
    of = f"{form.organization_id}.{form.token}.{form.serial}"
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac("funnel.web_forms", of, secret=key, algorithm="sha256").hexdigest() for key in keys]


@transaction.atomic
def make_web_form(*, name: str, owner: Membership, by: Membership, at: datetime) -> WebForm:
    """Make a web form whose leads go to `owner`; sent twice it is one.

    :raises Refused: `name_empty`, `name_too_long`.
    """
    name = _name(name)
    one_at_a_time(f"web_form:{by.pk}")
    first: WebForm | None = WebForm.objects.filter(
        name=name, owner=owner, made_by=by, made_at__gt=at - A_DOUBLE_CLICK
    ).first()
    if first is not None:
        return first
    form: WebForm = WebForm.objects.create(
        name=name, token=secrets.token_urlsafe(16), owner=owner, made_by=by, made_at=at
    )
    audit.record("web_form.made", form, by=by, at=at, owner=owner.pk)
    return form


@transaction.atomic
def change_web_form(
    form: WebForm, *, name: str, owner: Membership, is_active: bool, seen: int, by: Membership, at: datetime
) -> WebForm:
    """Rename a web form, give its leads to someone else, switch it off or on; what is so already leaves no trace.

    :raises Stale: it was changed since version `seen`.
    :raises Refused: `name_empty`, `name_too_long`.
    """
    form = _lock(form)
    before = {"name": form.name, "owner": form.owner_id, "is_active": form.is_active}
    if before != {"name": _name(name), "owner": owner.pk, "is_active": is_active}:
        refuse_stale(form, seen, "name", "owner", "is_active")
    form.name, form.owner, form.is_active = _name(name), owner, is_active
    changes = audit.changes(before, {"name": form.name, "owner": owner.pk, "is_active": is_active})
    if changes:
        form.version += 1
        form.save()
        audit.record("web_form.changed", form, by=by, at=at, changes=changes)
    return form


@transaction.atomic
def renew_secret(form: WebForm, *, by: Membership, at: datetime) -> WebForm:
    """Give a web form a new secret; the old one is worth nothing from now on."""
    form = _lock(form)
    form.serial += 1
    form.version += 1
    form.save(update_fields=["serial", "version"])
    audit.record("web_form.renewed", form, by=by, at=at)
    return form


@transaction.atomic
def show_secret(form: WebForm, *, by: Membership, at: datetime) -> str:
    """Return the secret to someone who may see it; the audit says who looked."""
    audit.record("web_form.shown", form, by=by, at=at)
    return secrets_of(form)[0]


def _name(name: str) -> str:
    name = tidy(name)
    if not name:
        raise Refused("name_empty")
    if len(name) > NAME_LENGTH:
        raise Refused("name_too_long", length=len(name), limit=NAME_LENGTH)
    return name


def _lock(form: WebForm) -> WebForm:
    return locked(WebForm.objects.select_related("owner__user", "made_by__user"), form.pk)


@transaction.atomic
def receive(form: WebForm, enquiry: Enquiry, *, digest: str, at: datetime) -> Lead:
    """Take what a web form sent. Someone who is an open lead already has enquired again; else it is a new lead.

    The lead of a company that is a customer goes to whoever owns it, any other to the form's owner. One message of a
    form after the other: two at once cannot become two leads.

    :param digest: see `funnel.web_forms.digest`.
    :raises Refused: `replayed`, `too_many`.
    """
    form = _lock(form)
    past = WebMessage.objects.filter(form=form)
    past.filter(at__lt=at - timedelta(days=1)).delete()
    if past.filter(digest=digest).exists():
        raise Refused("replayed")
    if past.filter(at__gt=at - timedelta(minutes=1)).count() >= A_MINUTE or past.count() >= A_DAY:
        raise Refused("too_many")
    WebMessage.objects.create(form=form, digest=digest, at=at)
    lead = Lead(
        company=enquiry.company,
        person=enquiry.person,
        position=enquiry.position,
        phone=enquiry.phone,
        email=enquiry.email,
        source=Source.WEB_FORM,
        source_note=form.name,
        web_form=form,
        created_at=at,
        updated_at=at,
        step_entered_at=at,
    )
    known = next((other for other in Lead.objects.open().alike(lead.keys) if is_same(lead.keys, other.keys)), None)
    if known is not None:
        return _enquired(known, enquiry, form, at=at)
    customer = Account.objects.filter(name_key__in=lead.names).select_related("owner__user").order_by("pk").first()
    lead.owner = _owner(form, customer)
    facts = {"industry": enquiry.industry, "region": enquiry.region, "need": enquiry.message}
    make_lead(lead, facts, by=None, at=at)
    _leads.tell_owner("lead_arrived", lead, at=at, form=form.name)
    return lead


def _enquired(lead: Lead, enquiry: Enquiry, form: WebForm, *, at: datetime) -> Lead:
    """Write an enquiry into the history of a lead that is there already, and tell its owner."""
    lead = _leads.lock(lead)
    _leads.write(lead, by=None, at=at, fields=[])
    said = {name: getattr(enquiry, name) for name in ("company", "person", "phone", "email") if getattr(enquiry, name)}
    _leads.tell(EventKind.ENQUIRED, lead, by=None, at=at, text=enquiry.message, form=form.name, **said)
    _leads.tell_owner("lead_enquired", lead, at=at, form=form.name)
    return lead


def _owner(form: WebForm, customer: Account | None) -> Membership:
    """Return who gets the lead: the customer's owner, the form's, who made the form; whoever still works here."""
    wanted = [*([customer.owner] if customer else []), form.owner, form.made_by]
    able = Membership.objects.in_current_organization().active().selling()
    working = set(able.filter(pk__in=[each.pk for each in wanted]).values_list("pk", flat=True))
    return next((each for each in wanted if each.pk in working), form.owner)
