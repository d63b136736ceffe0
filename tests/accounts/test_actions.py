"""Writes on accounts, contacts, products and assessments."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import actions, labels
from accounts.actions import _rows
from accounts.models import Account, AccountMember, Assessment, AssessmentSetting, Contact, SearchRow, TimelineEntry
from accounts.records import AccountRow, AssessmentRow, ContactRow, Outcome, ProductRow
from accounts.segments import Factor, Segment
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.accounts.factories import AT, make_account, make_contact, make_product
from tests.cast import Cast

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


def test_an_account_is_recorded_indexed_told_and_audited(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme, "  台灣 積體電路 ", tax_id="22099131")
        assert (account.name, account.name_key, account.segment) == ("台灣 積體電路", "台灣積體電路", Segment.D)
        assert account.needs_assessment
        assert list(Account.objects.matching("積體")) == [account]
        assert list(Account.objects.matching("9913")) == [account]
        assert [entry.verb for entry in account.timeline.all()] == ["account.created"]
        assert AuditEvent.objects.get(verb="account.created").target_id == account.pk


def test_a_request_repeated_makes_one_account(acme: Cast) -> None:
    with working_for(acme.org):
        key = uuid4()
        first = make_account(acme, request_key=key)
        assert make_account(acme, "Another", request_key=key) == first
        assert Account.objects.count() == 1


def test_a_request_that_arrives_in_between_is_found(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two simultaneous requests passes the look-up and meets the unique key."""
    with working_for(acme.org):
        first = make_account(acme, request_key=uuid4())

        def blocked() -> Account:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            raise IntegrityError

        looks = iter([Account.objects.none(), Account.objects.filter(pk=first.pk), Account.objects.none()])
        monkeypatch.setattr(Account._default_manager, "filter", lambda **_: next(looks))
        assert _rows.once(Account, uuid4(), blocked) == first


def test_another_integrity_error_is_not_swallowed(acme: Cast) -> None:
    def broken() -> Account:
        raise IntegrityError

    with working_for(acme.org), transaction.atomic(), pytest.raises(IntegrityError):
        _rows.once(Account, uuid4(), broken)


@pytest.mark.parametrize("name", ["", "   "])
def test_a_name_is_needed(acme: Cast, name: str) -> None:
    with working_for(acme.org), pytest.raises(Refused, match="name_missing"):
        make_account(acme, name)


def test_who_may_give_an_account_to_whom(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org):
        for by, owner in [(acme.rep, acme.rep2), (acme.manager, acme.partner), (acme.executive, globex.rep)]:
            with pytest.raises(Refused, match="owner_out_of_reach"):
                make_account(acme, owner=owner, by=by)
        assert make_account(acme, owner=acme.rep, by=acme.manager).owner == acme.rep
        assert make_account(acme, owner=acme.partner, by=acme.executive).owner == acme.partner


def test_a_change_is_recorded_once_and_reindexed(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        changed = actions.change_account(account, seen=1, by=acme.rep, at=LATER, name="Nan Ya", industry="Plastics")
        assert (changed.version, changed.name_key, changed.updated_at) == (2, "nanya", LATER)
        assert list(Account.objects.matching("nanya")) == [account]
        assert not Account.objects.matching("formosa").exists()
        event = AuditEvent.objects.get(verb="account.changed")
        assert event.data["changes"]["industry"] == ["", "Plastics"]
        actions.change_account(account, seen=2, by=acme.rep, at=LATER, name="Nan Ya")
        assert AuditEvent.objects.filter(verb="account.changed").count() == 1


def test_a_stale_change_says_what_stands_and_who_did_it(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.change_account(account, seen=1, by=acme.manager, at=LATER, industry="Chemicals")
        with pytest.raises(Stale) as caught:
            actions.change_account(account, seen=1, by=acme.rep, at=LATER, industry="Plastics")
        assert caught.value.theirs == {"industry": "Chemicals"}
        assert (caught.value.changed_by, caught.value.changed_at) == (acme.manager.name, LATER)


def test_a_new_owner_takes_contacts_along_and_is_told(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        contact = make_contact(account)
        actions.add_member(account, acme.rep2, by=acme.rep, at=AT)
        with pytest.raises(Refused, match="owner_out_of_reach"):
            actions.change_account(account, seen=1, by=acme.rep, at=LATER, owner=acme.rep2)
        actions.change_account(account, seen=1, by=acme.manager, at=LATER, owner=acme.rep2)
        assert SearchRow.objects.filter(object_id=contact.pk, kind="contact").exists()
        assert not AccountMember.objects.exists()
        told = TimelineEntry.objects.get(verb="account.handed")
        assert labels.tell(told.verb, told.data) == "Owner changed from Rep Acme to Rep2 Acme"


def test_a_company_is_never_above_itself(acme: Cast) -> None:
    with working_for(acme.org):
        top = make_account(acme, "Top")
        below = make_account(acme, "Below", parent=top)
        for parent in (top, below):
            with pytest.raises(Refused, match="parent_is_itself"):
                actions.change_account(top, seen=1, by=acme.rep, at=LATER, parent=parent)
        aside = make_account(acme, "Aside")
        assert actions.change_account(below, seen=1, by=acme.rep, at=LATER, parent=aside).parent == aside


def test_members_come_and_go(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        assert not Account.objects.visible_to(acme.colleague).exists()
        actions.add_member(account, acme.colleague, by=acme.rep, at=AT)
        actions.add_member(account, acme.colleague, by=acme.rep, at=AT)
        assert list(Account.objects.visible_to(acme.colleague)) == [account]
        with pytest.raises(Refused, match="member_is_owner"):
            actions.add_member(account, acme.rep, by=acme.rep, at=AT)
        actions.remove_member(account, acme.colleague, by=acme.rep, at=AT)
        actions.remove_member(account, acme.colleague, by=acme.rep, at=AT)
        assert not Account.objects.visible_to(acme.colleague).exists()
        assert AuditEvent.objects.filter(verb__startswith="account.member").count() == 2


def test_the_last_contact_only_moves_forward(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        for moment in (LATER, AT):
            actions.note_contact(account, met_at=moment, by=acme.rep, at=LATER)
        account.refresh_from_db()
        assert account.last_contact_at == LATER


def test_revenue_sets_the_segment(acme: Cast) -> None:
    with working_for(acme.org):
        large, small = make_account(acme, "Large"), make_account(acme, "Small")
        actions.note_revenue({large.pk: 200_000_000, small.pk: 20_000_000}, at=LATER)
        large.refresh_from_db()
        small.refresh_from_db()
        assert (large.segment, large.needs_assessment, small.segment) == (Segment.B, True, Segment.C)
        assert large.version == 1
        told = large.timeline.get(verb="account.resegmented")
        assert labels.tell(told.verb, told.data) == "Segment changed from D to B"
        actions.note_revenue({large.pk: 200_000_000}, at=LATER)
        assert large.timeline.filter(verb="account.resegmented").count() == 1


def test_contacts_are_recorded_and_changed(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        key = uuid4()
        contact = make_contact(account, request_key=key, position="廠長")
        assert make_contact(account, request_key=key) == contact
        changed = actions.change_contact(contact, seen=1, by=acme.rep, at=LATER, name="王大明")
        assert (changed.version, changed.position) == (2, "廠長")
        assert actions.change_contact(contact, seen=1, by=acme.rep, at=LATER, name="王大明").version == 2
        with pytest.raises(Stale):
            actions.change_contact(contact, seen=1, by=acme.rep, at=LATER, name="王中明")
        assert SearchRow.objects.filter(kind="contact", suffix="大明").exists()


def test_products_have_one_name_in_any_spelling(acme: Cast) -> None:
    with working_for(acme.org):
        product = make_product(acme, "Press Brake 80", list_price=150_000_00)
        with pytest.raises(Refused, match="name_taken"):
            make_product(acme, "press-brake８０")
        changed = actions.change_product(product, seen=1, by=acme.manager, at=LATER, name="Press-Brake 80")
        assert changed.version == 2
        assert actions.change_product(product, seen=2, by=acme.manager, at=LATER, is_active=True).version == 2
        with pytest.raises(Stale):
            actions.change_product(product, seen=1, by=acme.manager, at=LATER, is_active=False)
        other = make_product(acme, "Lathe")
        with pytest.raises(Refused, match="name_taken"):
            actions.change_product(other, seen=1, by=acme.manager, at=LATER, name="PressBrake80")


GOOD = dict.fromkeys(list(Factor)[:6], 75)


def test_an_assessment_is_kept_and_sets_the_segment(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        key = uuid4()
        made = actions.assess(
            account, ratings=GOOD, notes={Factor.ORGANIZATION: "growing"}, by=acme.rep, at=AT, request_key=key
        )
        assert actions.assess(account, ratings=GOOD, by=acme.rep, at=LATER, request_key=key) == made
        account.refresh_from_db()
        assert (account.score, account.confidence, account.segment) == (75, 60, Segment.A)
        assert not account.needs_assessment
        assert made.ratings.get(factor=Factor.ORGANIZATION).note == "growing"
        actions.assess(account, ratings=dict.fromkeys(GOOD, 25), by=acme.rep, at=LATER, seen=made.pk)
        account.refresh_from_db()
        assert account.segment == Segment.C
        assert account.assessments.count() == 2


def test_an_assessment_over_an_unseen_one_is_refused(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.assess(account, ratings=GOOD, by=acme.manager, at=AT, seen=0)
        with pytest.raises(Stale) as caught:
            actions.assess(account, ratings=GOOD, by=acme.rep, at=LATER, seen=0)
        assert caught.value.theirs["organization"] == 75
        with pytest.raises(Refused, match="nothing_judged"):
            actions.assess(account, ratings={}, by=acme.rep, at=LATER)


def test_new_limits_place_every_account_anew(acme: Cast) -> None:
    with working_for(acme.org):
        assessed, plain = make_account(acme, "Assessed"), make_account(acme, "Plain")
        actions.assess(assessed, ratings=GOOD, by=acme.rep, at=AT)
        actions.note_revenue({plain.pk: 20_000_000}, at=AT)
        setting, moved = actions.change_assessment_setting(seen=0, by=acme.admin, at=LATER, benchmark=10_000_000)
        assert (setting.version, moved) == (1, 1)
        plain.refresh_from_db()
        assert plain.segment == Segment.B
        weights = {**dict.fromkeys(Factor, 0), Factor.CULTURE: 1}
        _setting, moved = actions.change_assessment_setting(seen=1, by=acme.admin, at=LATER, weights=weights)
        assessed.refresh_from_db()
        assert (moved, assessed.segment, assessed.score) == (1, Segment.D, None)
        assert actions.change_assessment_setting(seen=2, by=acme.admin, at=LATER, weights=weights)[1] == 0
        with pytest.raises(Stale):
            actions.change_assessment_setting(seen=1, by=acme.admin, at=LATER, high_from=70)
        with pytest.raises(Refused, match="no_weight"):
            actions.change_assessment_setting(seen=2, by=acme.admin, at=LATER, weights=dict.fromkeys(Factor, 0))
        assert AuditEvent.objects.filter(verb="assessment_setting.changed").count() == 2


def test_settings_are_of_one_organization(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org):
        actions.change_assessment_setting(seen=0, by=acme.admin, at=AT, high_from=70)
    with working_for(globex.org):
        assert AssessmentSetting.current().high_from == 60


# Many at a time


def test_imported_twice_is_unchanged(acme: Cast) -> None:
    rows = [
        AccountRow("Acme Corporation", acme.rep.pk, external_id="A1", fields={"industry": "tools"}),
        AccountRow("Bluth Company", acme.rep2.pk, parent="ACME corporation"),
        AccountRow("acme  corporation", fields={"employees": 50}),
        AccountRow("Cyberdyne", created_at=AT - timedelta(days=90)),
    ]
    with working_for(acme.org):
        first = actions.import_accounts(rows, by=acme.admin, at=AT)
        assert [r.outcome for r in first] == [Outcome.CREATED, Outcome.CREATED, Outcome.UPDATED, Outcome.CREATED]
        assert first[0].pk == first[2].pk
        one, two, _same, three = (Account.objects.get(pk=r.pk) for r in first)
        assert (one.employees, one.industry, one.name) == (50, "tools", "Acme Corporation")
        assert (two.parent, two.owner, three.owner) == (one, acme.rep2, acme.admin)
        assert list(Account.objects.matching("berdyn")) == [three]
        assert three.timeline.get().at == AT - timedelta(days=90)
        again = actions.import_accounts(rows, by=acme.admin, at=LATER)
        assert {r.outcome for r in again} == {Outcome.UNCHANGED}
        assert [r.pk for r in again] == [r.pk for r in first]
        assert Account.objects.filter(version=1, updated_at=AT).count() == 2
        assert AuditEvent.objects.filter(verb="accounts.imported").count() == 1


def test_an_external_id_outranks_a_name(acme: Cast) -> None:
    with working_for(acme.org):
        own = make_account(acme, "Twin")
        (adopted,) = actions.import_accounts([AccountRow("TWIN", external_id="T1")], by=acme.admin, at=AT)
        assert (adopted.pk, adopted.outcome) == (own.pk, Outcome.UPDATED)
        (other,) = actions.import_accounts([AccountRow("Twin", external_id="T2")], by=acme.admin, at=AT)
        assert other.outcome == Outcome.CREATED
        (renamed,) = actions.import_accounts([AccountRow("Single", external_id="T1")], by=acme.admin, at=AT)
        own.refresh_from_db()
        assert (renamed.pk, own.name) == (own.pk, "Single")
        assert list(Account.objects.matching("single")) == [own]


def test_an_unknown_field_is_the_callers_fault(acme: Cast) -> None:
    with working_for(acme.org), pytest.raises(ValueError, match="segment"):
        actions.import_accounts([AccountRow("A", fields={"segment": "A"})], by=acme.admin, at=AT)


def test_three_hundred_accounts_cost_as_many_queries_as_ten(acme: Cast) -> None:
    counts = []
    with working_for(acme.org):
        for size in (10, 300):
            rows = [AccountRow(f"Company {size} {n}", acme.rep.pk) for n in range(size)]
            with CaptureQueriesContext(connection) as caught:
                actions.import_accounts(rows, by=acme.admin, at=AT)
            counts.append(len(caught))
    assert counts[0] == counts[1]


def test_contacts_and_products_come_in_once(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        people = [
            ContactRow(account.pk, "王小明", {"phone": "02-1"}),
            ContactRow(account.pk, "李 大同"),
            ContactRow(account.pk, "李大同", {"email": "li@example.com"}),
        ]
        made = actions.import_contacts(people, by=acme.admin, at=AT)
        assert [r.outcome for r in made] == [Outcome.CREATED, Outcome.CREATED, Outcome.UPDATED]
        assert {r.outcome for r in actions.import_contacts(people, by=acme.admin, at=AT)} == {Outcome.UNCHANGED}
        moved = actions.import_contacts([ContactRow(account.pk, "王小明", {"phone": "02-2"})], by=acme.admin, at=AT)
        assert moved[0].outcome == Outcome.UPDATED
        assert Contact.objects.get(pk=moved[0].pk).version == 2
        assert SearchRow.objects.filter(kind="contact", suffix="小明").exists()
        goods = [ProductRow("GTX Pro", {"list_price": 100}), ProductRow("gtx pro", {"series": "GTX"})]
        assert [r.outcome for r in actions.import_products(goods, by=acme.admin, at=AT)] == [
            Outcome.CREATED,
            Outcome.UPDATED,
        ]
        assert {r.outcome for r in actions.import_products(goods, by=acme.admin, at=AT)} == {Outcome.UNCHANGED}
        (changed,) = actions.import_products([ProductRow("GTX Pro", {"list_price": 200})], by=acme.admin, at=AT)
        assert changed.outcome == Outcome.UPDATED


def test_assessments_come_in_by_date(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        rows = [
            AssessmentRow(account.pk, acme.rep.pk, LATER, dict.fromkeys(Factor, 100)),
            AssessmentRow(account.pk, acme.rep.pk, AT, dict.fromkeys(Factor, 0), {Factor.CULTURE: "cold"}),
        ]
        assert len(actions.import_assessments(rows, by=acme.admin, at=LATER)) == 2
        account.refresh_from_db()
        assert (account.score, account.assessed_at, account.segment) == (100, LATER, Segment.A)
        assert [a.score for a in Assessment.objects.order_by("at")] == [0, 100]


def test_a_stranger_is_never_touched(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        theirs = make_account(globex)
    with working_for(acme.org):
        actions.note_revenue({theirs.pk: 1}, at=AT)
        actions.note_contacts({theirs.pk: AT})
        with pytest.raises(Account.DoesNotExist):
            actions.change_account(theirs, seen=1, by=acme.executive, at=AT, name="Ours")
    with working_for(globex.org):
        theirs.refresh_from_db()
        assert (theirs.annual_revenue, theirs.last_contact_at, theirs.name) == (0, None, "Formosa Plastics")
