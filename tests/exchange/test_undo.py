"""An import is undone as a whole while nothing else touched its rows, and not at all otherwise."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts.models import Account, Contact, Product, SearchRow, TimelineEntry
from exchange import actions, keepers
from exchange.actions import reading
from exchange.models import Import
from exchange.states import ImportState
from forecasting import actions as forecasting_actions
from forecasting.models import OpportunitySnapshot
from funnel import actions as funnel_actions
from funnel.history import as_it_stood
from funnel.models import Change, Opportunity, WithdrawnChange
from funnel.stages import Stage
from jobs import actions as jobs
from jobs import running
from jobs.states import State
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, TenantModel
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import bring_in, checked, finished, make_csv, make_import
from tests.funnel.factories import going_on

pytestmark = pytest.mark.django_db
DEALS = ["商機編號", "客戶名稱", "產品", "階段", "金額", "開始日期", "成交日期", "負責人"]


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


def deals(*rows: list[object]) -> bytes:
    return make_csv(DEALS, *rows)


OPEN_ROW: list[object] = ["A1", "台積電", "GTX Pro", "Lead", "100", "2024/1/5", "", "Rep Acme"]
WON_ROW: list[object] = ["A2", "鴻海", "GTX Pro", "Won", "4,514", "2024/1/5", "2024/2/1", "Rep Acme"]


def undo(imported: Import, *, by: Any) -> Import:
    return finished(actions.undo(imported, seen=imported.version, by=by, at=timezone.now()))


def everything() -> dict[str, list[Any]]:
    """All rows of the organization but those of the work itself."""
    own = {"exchange.Import", "exchange.ImportChunk", "jobs.Job", "jobs.StoredFile", "jobs.Notification"}
    own |= {"tenants.AuditEvent", "funnel.WithdrawnChange"}
    return {
        model._meta.label: list(model.objects.order_by("pk").values())
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model._meta.label not in own
    }


def test_what_an_import_created_is_gone_whole(acme: Cast) -> None:
    before = everything()
    imported = bring_in("opportunities", deals(OPEN_ROW, WON_ROW), by=acme.executive)
    logged = Change.objects.count()
    assert SearchRow.objects.exists()
    imported = undo(imported, by=acme.executive)
    assert imported.state == ImportState.UNDONE
    assert (imported.undone_by, imported.undone_at is None) == (acme.executive, False)
    assert everything() == before
    assert WithdrawnChange.objects.count() == logged
    assert imported.job.result["removed"] == 5  # two opportunities, two customers, a product
    event = AuditEvent.objects.get(verb="import.undone")
    assert (event.target_id, event.by, event.data) == (imported.pk, acme.executive, {"removed": 5, "restored": 0})


def test_what_an_import_changed_is_what_it_was(acme: Cast) -> None:
    bring_in("opportunities", deals(OPEN_ROW, WON_ROW), by=acme.executive)
    bring_in("accounts", make_csv(["客戶", "電話"], ["台積電", "02-1"]), by=acme.executive)
    fields = ("status", "stage", "amount", "account_id", "closed_at", "category", "owner_id", "stage_entered_at")
    before = list(Opportunity.objects.order_by("pk").values(*fields))
    revenue = list(Account.objects.order_by("pk").values("name", "annual_revenue", "segment"))
    then = timezone.now()
    today = (then - timedelta(days=3)).date().isoformat()
    imported = bring_in(
        "opportunities",
        deals(["A1", "聯發科", "GTX Pro", "Won", "900", "2024/1/5", today, "Rep2 Acme"], WON_ROW),
        by=acme.executive,
    )
    assert imported.tally.verdicts == {"updated": 1, "unchanged": 1}
    assert Account.objects.get(name="聯發科").annual_revenue == 90_000
    undo(imported, by=acme.executive)
    assert list(Opportunity.objects.order_by("pk").values(*fields)) == before
    assert list(Account.objects.order_by("pk").values("name", "annual_revenue", "segment")) == revenue
    opportunity = Opportunity.objects.get(external_id="A1")
    events = Change.objects.filter(opportunity=opportunity).events()
    assert all(event.undoes for event in events if event.recorded_at == opportunity.updated_at)
    now = as_it_stood(events, timezone.now())
    assert now is not None
    assert (now.status, now.stage, now.amount, now.owner) == ("open", 1, 10_000, acme.rep.pk)
    changed = bring_in("accounts", make_csv(["客戶", "電話", "產業"], ["台積電", "02-2", "steel"]), by=acme.executive)
    undo(changed, by=acme.executive)
    account = Account.objects.get(name="台積電")
    assert (account.phone, account.industry) == ("02-1", "")


def test_customers_contacts_and_products_go_and_come_back(acme: Cast) -> None:
    bring_in("products", make_csv(["產品", "定價"], ["old", "5"]), by=acme.executive)
    before = everything()
    for target, data in [
        ("products", make_csv(["產品", "定價"], ["new", "1"])),
        ("accounts", make_csv(["客戶", "母公司"], ["A", ""], ["B", "A"], ["A2", "B"])),
        ("contacts", make_csv(["公司", "姓名"], ["New one", "x"], ["New one", "y"])),
    ]:
        undo(bring_in(target, data, by=acme.executive), by=acme.executive)
        assert everything() == before
    undo(bring_in("products", make_csv(["產品", "定價"], ["old", "6"]), by=acme.executive), by=acme.executive)
    assert Product.objects.get().list_price == 500


def test_a_customer_brings_in_again_what_it_did_before(acme: Cast) -> None:
    bring_in("accounts", make_csv(["客戶"], ["鴻海"]), by=acme.executive)
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    kept = bring_in("opportunities", deals([*WON_ROW[:5], "2024/1/5", day, "Rep Acme"]), by=acme.executive)
    before = Account.objects.get().annual_revenue
    assert before == 451_400
    more = bring_in("opportunities", deals(["A9", *WON_ROW[1:5], "2024/1/5", day, "Rep Acme"]), by=acme.executive)
    changed = bring_in(
        "opportunities", deals(["A2", *WON_ROW[1:4], "9,000", "2024/1/5", day, "Rep Acme"]), by=acme.executive
    )
    assert Account.objects.get().annual_revenue == 451_400 + 900_000
    undo(changed, by=acme.executive)
    assert Account.objects.get().annual_revenue == 2 * 451_400
    undo(more, by=acme.executive)
    assert Account.objects.get().annual_revenue == before
    assert kept.tally.verdicts == {"created": 1}


def test_a_nightly_snapshot_bars_nothing_and_goes_along(acme: Cast) -> None:
    imported = bring_in("opportunities", deals(OPEN_ROW), by=acme.executive)
    forecasting_actions.refresh_health(acme.org, at=timezone.now())
    forecasting_actions.take_snapshot(acme.org, on=timezone.now().date(), at=timezone.now())
    assert OpportunitySnapshot.objects.exists()
    undo(imported, by=acme.executive)
    assert not OpportunitySnapshot.objects.exists()
    assert not Opportunity.objects.exists()


def edited(cast: Cast) -> None:
    funnel_actions.change_opportunity(
        Opportunity.objects.get(external_id="A1"), seen=1, by=cast.rep, at=timezone.now(), amount=5
    )


def moved(cast: Cast) -> None:
    row = Opportunity.objects.get(external_id="A1")
    funnel_actions.move(row, left=row.stage, to=Stage.QUALIFY, by=cast.rep, **going_on(now := timezone.now()), at=now)


def given_a_contact(cast: Cast) -> None:
    account = Account.objects.get(name="台積電")
    accounts_actions.create_contact(account, by=cast.rep, at=timezone.now(), name="陳怡君")


def helped(cast: Cast) -> None:
    funnel_actions.add_member(
        Opportunity.objects.get(external_id="A1"), member=cast.rep2, part="", by=cast.rep, at=timezone.now()
    )


def given_another_customer(cast: Cast) -> None:
    bring_in("opportunities", deals(["B1", "台積電", "", "Lead", "1", "2024/1/5", "", ""]), by=cast.executive)


def renamed(cast: Cast) -> None:
    account = Account.objects.get(name="台積電")
    accounts_actions.change_account(account, seen=account.version, by=cast.rep, at=timezone.now(), phone="1")


TOUCHED = [edited, moved, given_a_contact, helped, given_another_customer, renamed]


@pytest.mark.parametrize("touch", TOUCHED, ids=lambda touch: touch.__name__)
def test_a_row_that_was_touched_bars_the_whole(acme: Cast, touch: Any) -> None:
    imported = bring_in("opportunities", deals(OPEN_ROW, WON_ROW), by=acme.executive)
    touch(acme)
    before = everything()
    with pytest.raises(Refused, match="import_touched"):
        actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_touched"):
        actions.take_back(imported, by=acme.executive, at=timezone.now())
    assert everything() == before
    told = keepers.tell(list(keepers.touches(imported.ledger(), reach=None)))
    assert {each.name for each in told} <= {"GTX Pro", "台積電"}
    assert told[0].by in {"Rep Acme", "Executive Acme", ""}
    assert touch is given_another_customer or told[0].by == "Rep Acme"


def test_touched_between_the_question_and_the_job(acme: Cast) -> None:
    imported = bring_in("opportunities", deals(OPEN_ROW, WON_ROW), by=acme.executive)
    imported = actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    edited(acme)
    before = everything()
    imported = finished(imported)
    assert (imported.job.state, imported.job.error) == (State.FAILED, "import_touched")
    assert (imported.state, everything()) == (ImportState.DONE, before)


def test_what_no_check_saw_the_database_refuses(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = bring_in("accounts", make_csv(["客戶"], ["台積電"]), by=acme.executive)
    given_a_contact(acme)
    monkeypatch.setattr(keepers, "touches", lambda *args, **kwargs: iter(()))
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.take_back(imported, by=acme.executive, at=timezone.now())
    assert Contact.objects.get().account == Account.objects.get()


def test_undone_twice(acme: Cast) -> None:
    imported = undo(bring_in("products", make_csv(["產品"], ["a"]), by=acme.executive), by=acme.executive)
    with pytest.raises(Refused, match="import_undone"):
        actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_undone"):
        actions.take_back(imported, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_over"):
        actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())


def test_undone_by_two_at_once(acme: Cast) -> None:
    imported = bring_in("products", make_csv(["產品"], ["a"]), by=acme.executive)
    actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_running"):
        actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    imported = finished(imported)
    with pytest.raises(Stale):
        actions.undo(imported, seen=imported.version - 1, by=acme.executive, at=timezone.now())


def test_an_import_that_another_one_changed_waits_for_that_one(acme: Cast) -> None:
    first = bring_in("opportunities", deals(OPEN_ROW), by=acme.executive)
    second = bring_in("opportunities", deals([*OPEN_ROW[:4], "200", *OPEN_ROW[5:]]), by=acme.executive)
    with pytest.raises(Refused, match="import_touched"):
        actions.undo(first, seen=first.version, by=acme.executive, at=timezone.now())
    undo(second, by=acme.executive)
    assert Opportunity.objects.get().amount == 10_000
    undo(first, by=acme.executive)
    assert not Opportunity.objects.exists()


def test_a_chain_of_imports_is_undone_from_its_end(acme: Cast) -> None:
    before = everything()
    chain = [
        bring_in("accounts", make_csv(["客戶", "電話"], ["台積電", phone]), by=acme.executive)
        for phone in ("02-1", "02-2", "02-3")
    ]
    for imported in reversed(chain):
        undo(imported, by=acme.executive)
    assert everything() == before


def test_who_worked_on_a_row_between_two_imports_still_bars_the_first(acme: Cast) -> None:
    first = bring_in("opportunities", deals(OPEN_ROW), by=acme.executive)
    edited(acme)
    second = bring_in("opportunities", deals([*OPEN_ROW[:4], "200", *OPEN_ROW[5:]]), by=acme.executive)
    undo(second, by=acme.executive)
    with pytest.raises(Refused, match="import_touched"):
        actions.undo(first, seen=first.version, by=acme.executive, at=timezone.now())


def test_nothing_is_undone_under_an_import_that_counts_on_it(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 1)
    data = make_csv(["產品"], ["one"], ["two"])
    first = bring_in("products", data, by=acme.executive)
    again = checked(make_import("products", data, by=acme.executive), by=acme.executive)
    asked = actions.undo(first, seen=first.version, by=acme.executive, at=timezone.now())
    again = actions.run(again, seen=again.version, by=acme.executive, at=timezone.now())
    running.run(again.job, seconds=0)
    failed = finished(asked)
    assert (failed.job.state, failed.job.error) == (State.FAILED, "import_others_run")
    with pytest.raises(Refused, match="import_others_run"):
        actions.undo(first, seen=first.version, by=acme.executive, at=timezone.now())
    again = finished(again)
    assert again.tally.verdicts == {"unchanged": 2}
    assert Product.objects.count() == 2
    undo(first, by=acme.executive)
    assert not Product.objects.exists()


def test_half_an_import_is_undone_as_well(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(35)])
    imported = checked(make_import("products", data, by=acme.executive), by=acme.executive)
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    running.run(imported.job, seconds=0)
    jobs.cancel(imported.job, by=acme.executive, at=timezone.now())
    imported = finished(imported)
    assert Product.objects.count() == 10
    undo(imported, by=acme.executive)
    assert not Product.objects.exists()


def test_a_manager_undoes_nothing_outside_the_team(acme: Cast) -> None:
    imported = bring_in("opportunities", deals([*OPEN_ROW[:7], "Executive Acme"]), by=acme.executive)
    with pytest.raises(Refused, match="import_touched"):
        actions.undo(imported, seen=imported.version, by=acme.manager, at=timezone.now())
    reach = acme.manager.visible_owner_ids
    assert {touch.why for touch in keepers.touches(imported.ledger(), reach=reach)} == {"not_yours"}


def test_the_log_goes_only_word_for_word(acme: Cast) -> None:
    bring_in("opportunities", deals(OPEN_ROW), by=acme.executive)
    for statement in (
        "DELETE FROM funnel_change",
        "UPDATE funnel_change SET why = 'x'",
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    lay_aside = """
        INSERT INTO funnel_withdrawnchange (organization_id, change_id, opportunity_id, name, external_id, kind, old,
            new, percent, by_id, why, occurred_at, recorded_at, undoes_id, withdrawn_at)
        SELECT organization_id, id, opportunity_id, '', '', kind, old, new, percent, by_id, 'forged', occurred_at,
            recorded_at, undoes_id, now() FROM funnel_change"""
    with connection.cursor() as cursor:
        cursor.execute(lay_aside)
    for statement in (
        "DELETE FROM funnel_change",
        "DELETE FROM funnel_withdrawnchange",
        "UPDATE funnel_withdrawnchange SET why = ''",
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_ledger_of_a_chunk_that_was_tried_again_holds_what_stayed(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = accounts_actions.import_products

    def fussy(rows: Any, **kwargs: Any) -> Any:
        answers = real(rows, **kwargs)
        if any(row.name == "two" for row in rows):
            raise Refused("name_taken")
        return answers

    monkeypatch.setattr(accounts_actions, "import_products", fussy)
    imported = bring_in("products", make_csv(["產品"], ["one"], ["two"], ["three"]), by=acme.executive)
    assert set(imported.ledger().of("product")) == set(Product.objects.values_list("pk", flat=True))
    assert TimelineEntry.objects.count() == 0
    undo(imported, by=acme.executive)
    assert not Product.objects.exists()


def test_the_ledger_forgets_what_was_rolled_back(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    real = funnel_actions.import_opportunities

    def fussy(rows: Any, **kwargs: Any) -> Any:
        if any(row.external_id == "A2" for row in rows):
            raise Refused("fussy")  # after customers and products were added for the rows
        return real(rows, **kwargs)

    monkeypatch.setattr(funnel_actions, "import_opportunities", fussy)
    imported = checked(make_import("opportunities", deals(OPEN_ROW, WON_ROW), by=acme.executive), by=acme.executive)
    imported = finished(actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now()))
    assert set(imported.ledger().of("account")) == set(Account.objects.values_list("pk", flat=True))
    undo(imported, by=acme.executive)
    assert not Account.objects.exists()


def test_a_discount_that_an_import_ended_is_given_back(acme: Cast) -> None:
    bring_in("opportunities", deals(OPEN_ROW), by=acme.executive)
    deal = Opportunity.objects.get(external_id="A1")
    deal = funnel_actions.give_discount(deal, Decimal(4), seen=deal.version, by=acme.rep, at=timezone.now())
    before = (deal.amount, deal.discount, deal.full_amount)
    other = [*OPEN_ROW]
    other[4] = "555"
    undo(bring_in("opportunities", deals(other), by=acme.executive), by=acme.executive)
    deal.refresh_from_db()
    assert (deal.amount, deal.discount, deal.full_amount) == before
