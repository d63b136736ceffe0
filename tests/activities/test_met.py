"""On which day people were last met stands on their records and on strategy sheets, whatever becomes of visits."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as accounts
from accounts.models import Account, Contact
from activities import actions
from activities.history import ImportedVisit
from activities.kinds import Kind, Result
from activities.models import Visit, VisitContact
from funnel.models import DecisionRole, Opportunity
from funnel.strategy import Role
from tenants.scoping import working_for
from tests.activities.factories import make_plan, make_visit
from tests.cast import AT, Cast
from tests.exchange.factories import bring_in, make_csv
from tests.exchange.test_undo import undo
from tests.funnel.factories import make_opportunity

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep)


@pytest.fixture
def buyer(acme: Cast, found: Opportunity) -> Contact:
    person: Contact = accounts.create_contact(found.account, name="Chen Yi-jun", by=acme.rep, at=AT)
    DecisionRole.objects.create(opportunity=found, contact=person, role=Role.EB, updated_at=AT)
    return person


def met(person: Contact) -> date | None:
    """Return the day, which the record and the sheet agree on."""
    person.refresh_from_db()
    assert DecisionRole.objects.get(contact=person).last_met_on == person.last_met_on
    return person.last_met_on


def test_a_visit_says_whom_and_its_correction_takes_it_back(acme: Cast, found: Opportunity, buyer: Contact) -> None:
    other = accounts.create_contact(found.account, name="Somebody else", by=acme.rep, at=AT)
    visit = make_visit(found.account, acme.rep, AT, contacts=[buyer])
    assert met(buyer) == date(2026, 1, 5)
    other.refresh_from_db()
    assert other.last_met_on is None
    actions.change_visit(visit, seen=1, by=acme.rep, at=AT, happened_at=AT - 5 * DAY)
    assert met(buyer) == date(2025, 12, 31)
    visit.refresh_from_db()
    actions.change_visit(visit, seen=visit.version, by=acme.rep, at=AT, result=Result.NOBODY)
    assert met(buyer) is None


def test_the_latest_meeting_stands_and_a_plan_is_none(acme: Cast, found: Opportunity, buyer: Contact) -> None:
    make_visit(found.account, acme.rep, AT, contacts=[buyer])
    make_visit(found.account, acme.rep, AT, contacts=[buyer], happened_at=AT - 9 * DAY)
    plan = make_plan(found.account, acme.rep, AT, contacts=[buyer])
    assert met(buyer) == date(2026, 1, 5)
    actions.call_off(plan, by=acme.rep, at=AT)
    actions.put_back(plan, by=acme.rep, at=AT)
    assert met(buyer) == date(2026, 1, 5)
    later = AT + 2 * DAY
    actions.hold(
        plan, seen=3, by=acme.rep, at=later, happened_at=later, kind=Kind.VISIT, result=Result.STEADY, contacts=[buyer]
    )
    assert met(buyer) == later.date()


def test_the_day_is_that_of_the_organization(acme: Cast, found: Opportunity, buyer: Contact) -> None:
    at = AT.replace(hour=23)  # past midnight in Taipei
    make_visit(found.account, acme.rep, at, contacts=[buyer], happened_at=at)
    assert met(buyer) == at.astimezone(acme.org.zone).date() == date(2026, 1, 6)


def test_what_comes_in_bulk_costs_the_same_for_many(acme: Cast, found: Opportunity, buyer: Contact) -> None:
    def row(days: int) -> ImportedVisit:
        return ImportedVisit(uuid4(), found.account_id, acme.rep.pk, AT - days * DAY, contact_ids=[buyer.pk])

    with CaptureQueriesContext(connection) as few:
        actions.import_visits([row(40)], by=acme.rep, at=AT)
    assert met(buyer) == (AT - 40 * DAY).date()
    with CaptureQueriesContext(connection) as many:
        actions.import_visits([row(days) for days in range(3, 40)], by=acme.rep, at=AT)
    assert met(buyer) == date(2026, 1, 2)
    assert len(many) <= len(few)


def test_a_file_tells_it_and_its_undoing_takes_it_back(acme: Cast, found: Opportunity, buyer: Contact) -> None:
    day = (timezone.now() - 3 * DAY).date()
    before = make_visit(found.account, acme.rep, timezone.now(), contacts=[buyer], happened_at=timezone.now() - 9 * DAY)
    head = ["Customer", "Date", "Owner", "Contacts", "Outcome", "Notes"]
    row = [found.account.name, day.isoformat(), acme.rep.user.name, buyer.name, "Advanced", "Spoke of the price"]
    imported = bring_in("visits", make_csv(head, row), by=acme.manager)
    assert VisitContact.objects.count() == 2
    assert met(buyer) == day
    undo(imported, by=acme.manager)
    assert Visit.objects.get() == before
    assert met(buyer) == before.happened_at.astimezone(acme.org.zone).date()


def test_only_accounts_of_ones_own_organization_are_touched(acme: Cast, globex: Cast, buyer: Contact) -> None:
    account = Account.objects.get(pk=buyer.account_id)
    make_visit(account, acme.rep, AT, contacts=[buyer])
    with working_for(globex.org):
        elsewhere = make_opportunity(globex.rep)
        person = accounts.create_contact(elsewhere.account, name="Chen Yi-jun", by=globex.rep, at=AT)
        assert person.last_met_on is None
