"""What becomes of rows: each is imported or listed with its reason, and the counts add up."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts.models import Account, Contact, Product
from exchange import actions, queries
from exchange.actions import reading
from exchange.models import Import, ImportChunk
from exchange.problems import Refused as Unreadable
from exchange.staging import Counts
from exchange.states import ImportState
from exchange.targets import TARGETS, question_code
from funnel.models import Change, Opportunity
from funnel.stages import Stage, Status
from jobs import actions as jobs
from jobs import running
from jobs.models import Job
from jobs.states import State
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import bring_in, checked, finished, make_csv, make_import, reasons
from tests.exchange.workbooks import make_workbook, text_row

pytestmark = pytest.mark.django_db

DEALS = ["商機編號", "客戶名稱", "產品", "階段", "金額", "開始日期", "成交日期", "負責人"]


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Any:
    with working_for(acme.org):
        yield


def deals(*rows: Sequence[object]) -> bytes:
    return make_csv(DEALS, *rows)


# -- opportunities ------------------------------------------------------------------------------


def test_open_won_and_lost_with_their_past(acme: Cast) -> None:
    bring_in("products", make_csv(["產品", "定價"], ["GTX Pro", "4,821"]), by=acme.executive)
    imported = bring_in(
        "opportunities",
        deals(
            ["A1", "台積電", "GTX Pro", "Engaging", "", "2024/1/5", "", "Rep Acme"],
            ["A2", "台積電", "GTX Pro", "Won", "4,514", "2024/1/5", "2024/2/1", "rep@acme.example"],
            ["A3", "鴻海", "GTXPro", "Lost", "0", "2024/1/5", "2024/3/1", "Rep2 Acme"],
            ["A4", "", "", "Prospecting", "", "", "", ""],
        ),
        by=acme.executive,
    )
    assert imported.tally.verdicts == {"created": 4}
    assert imported.tally.remarks == {
        "list_price_used": 1, "product_respelled": 1, "lost_at_list_price": 1, "no_customer": 1, "undated": 1,
    }  # fmt: skip
    found = {each.external_id: each for each in Opportunity.objects.select_related("account", "owner")}
    open_one, won, lost, bare = (found[key] for key in ("A1", "A2", "A3", "A4"))
    assert (open_one.status, open_one.stage, open_one.amount) == (Status.OPEN, Stage.SOLUTION_FIT, 482_100)
    assert (open_one.owner, won.owner, lost.owner, bare.owner) == (acme.rep, acme.rep, acme.rep2, acme.executive)
    assert (won.status, won.stage, won.amount) == (Status.WON, Stage.DEPLOY, 451_400)
    assert won.closed_at.astimezone(acme.org.zone).date() == date(2024, 2, 1)
    assert (lost.status, lost.amount, lost.product_id) == (Status.LOST, 482_100, won.product_id)
    assert (bare.stage, bare.account.name) == (Stage.DISCOVER, "(No customer)")
    changes = Change.objects.filter(opportunity=won).order_by("occurred_at", "id")
    assert [(change.kind, change.occurred_at.astimezone(acme.org.zone).date()) for change in changes] == [
        ("created", date(2024, 1, 5)), ("amount", date(2024, 2, 1)), ("won", date(2024, 2, 1)),
    ]  # fmt: skip
    assert all(change.recorded_at.date() >= date(2025, 1, 1) for change in changes)


def test_the_same_file_twice_changes_nothing(acme: Cast) -> None:
    data = deals(
        ["A1", "台積電", "GTX", "發現", "100", "2024/1/5", "", ""],
        ["A2", "", "", "已成交", "50", "", "2024/2/1", ""],
        ["A3", "", "", "Lead", "", "", "", ""],
    )
    bring_in("opportunities", data, by=acme.executive)
    before = (Opportunity.objects.count(), Change.objects.count(), Account.objects.count(), Product.objects.count())
    versions = set(Account.objects.values_list("version", flat=True))
    again = bring_in("opportunities", data, by=acme.executive)
    assert again.tally.verdicts == {"unchanged": 3}
    assert (
        Opportunity.objects.count(),
        Change.objects.count(),
        Account.objects.count(),
        Product.objects.count(),
    ) == before
    assert set(Account.objects.values_list("version", flat=True)) == versions


def test_rows_without_a_number_are_found_again(acme: Cast) -> None:
    rows = [
        ["名稱", "客戶", "金額", "開始日期"],
        ["新廠", "台積電", "100", "2024-01-05"],
        ["舊廠", "台積電", "5", "2024-01-05"],
    ]
    assert bring_in("opportunities", make_csv(*rows), by=acme.executive).tally.verdicts == {"created": 2}
    rows[1][2] = "120"
    again = bring_in("opportunities", make_csv(*rows), by=acme.executive)
    assert again.tally.verdicts == {"updated": 1, "unchanged": 1}
    assert Opportunity.objects.get(name="新廠").amount == 12_000


def test_an_undated_row_does_not_move_back_what_moved_on(acme: Cast) -> None:
    data = deals(["A1", "台積電", "", "Lead", "", "", "", ""])
    bring_in("opportunities", data, by=acme.executive)
    Opportunity.objects.update(stage=Stage.DEVELOP)
    assert bring_in("opportunities", data, by=acme.executive).tally.verdicts == {"unchanged": 1}
    assert Opportunity.objects.get().stage == Stage.DEVELOP


def test_every_reason_names_row_and_column(acme: Cast) -> None:
    future = (timezone.now() + timedelta(days=400)).date().isoformat()
    imported = bring_in(
        "opportunities",
        deals(
            ["A1", "台積電", "", "Won", "10", "2024-01-05", "", ""],
            ["A2", "台積電", "", "Won", "10", "2024-03-05", "2024-02-05", ""],
            ["A3", "台積電", "", "Won", "1e308", "2024-01-05", "2024-02-05", ""],
            ["A4", "台積電", "", "Lost", "-5", "soon", "2024-02-05", ""],
            ["A5", "台積電", "", "Won", "10", "2024-01-05", future, ""],
            ["A6", "台" * 10_000, "", "Lead", "10", "2024-01-05", "", ""],
            ["A7", "a\x00b", "", "Lead", "10", "2024-01-05", "", ""],
            ["A1", "台積電", "", "Lead", "10", "2024-01-05", "", "", "one more"],
            ["A8", "台積電", "", "Lead", "10", "2024-01-05", "", ""],
            ["A8", "台積電", "", "Lead", "11", "2024-01-05", "", ""],
            DEALS,
            ["A9", "台積電", "", "Lead", "10", "2024-03-05", "2024-02-05", ""],
        ),
        by=acme.executive,
    )
    assert reasons(imported) == {
        2: [("close_date_missing", "成交日期")],
        3: [("closed_before_opening", "成交日期")],
        4: [("number_too_large", "金額")],
        5: [("negative", "金額"), ("not_a_date", "開始日期")],
        6: [("in_future", "成交日期")],
        7: [("too_long", "客戶名稱")],
        8: [("control_character", "客戶名稱")],
        9: [("too_many_cells", "I")],
        11: [("duplicate_row", None)],
        12: [("repeated_header", None)],
        13: [("close_before_opening", "成交日期")],
    }
    assert imported.tally.verdicts == {"created": 1, "rejected": 11}
    assert imported.tally.reasons["negative"] == 1


def test_markup_formulas_and_emoji_stay_texts(acme: Cast) -> None:
    names = ["=cmd()|' /C calc'!A0", "<script>alert(1)</script>", "😀 客戶", "+1", "@x", "-2+3"]
    imported = bring_in("accounts", make_csv(["客戶"], *[[name] for name in names]), by=acme.executive)
    assert imported.tally.verdicts == {"created": 6}
    assert set(Account.objects.values_list("name", flat=True)) == set(names)


def test_unknown_customers_owners_and_products_as_the_user_says(acme: Cast) -> None:
    bring_in("accounts", make_csv(["客戶"], ["台積電股份有限公司"]), by=acme.executive)
    bring_in("products", make_csv(["產品"], ["GTX Pro"]), by=acme.executive)
    data = deals(
        ["A1", "台積電", "GTXPro", "Lead", "1", "2024-01-05", "", "王小明"],
        ["A2", "聯發科", "XYZ", "Lead", "1", "2024-01-05", "", "王小明"],
        ["A3", "", "", "Lead", "1", "2024-01-05", "", ""],
    )
    imported = make_import("opportunities", data, by=acme.executive)
    codes = {str(q.label): q for g in imported.kind.ask(_survey(imported), acme.executive) for q in g.questions}
    assert codes["台積電"].default.startswith("id:")
    assert codes["GTXPro"].default.startswith("id:")
    assert (codes["XYZ"].default, codes["王小明"].default) == ("create", "skip")
    assert [codes[label].rows for label in ("王小明", "Rows without an owner", "Rows without a customer")] == [2, 1, 1]
    imported = checked(
        imported,
        by=acme.executive,
        **{
            codes["王小明"].code: f"id:{acme.rep.pk}",
            codes["XYZ"].code: "reject",
            "account-missing": "reject",
            "no-customer": "reject",
        },
    )
    assert reasons(imported) == {
        3: [("customer_unknown", "客戶名稱")],
        4: [("customer_missing", "客戶名稱")],
    }
    imported = finished(actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now()))
    opportunity = Opportunity.objects.get()
    assert (opportunity.owner, opportunity.account.name, opportunity.name) == (
        acme.rep,
        "台積電股份有限公司",
        "GTX Pro",
    )


def _survey(imported: Import) -> Any:
    return queries.survey_of(imported, imported.mapping)


def test_dates_that_can_be_read_in_two_ways_are_asked(acme: Cast) -> None:
    data = deals(["A1", "台積電", "", "Lead", "1", "3/4/2024", "", ""])
    imported = checked(make_import("opportunities", data, by=acme.executive), by=acme.executive)
    assert reasons(imported) == {2: [("ambiguous_date", "開始日期")]}
    imported = bring_in("opportunities", data, by=acme.executive, **{question_code("dates", "opened_on"): "dmy"})
    assert Opportunity.objects.get().opened_at.astimezone(acme.org.zone).date() == date(2024, 4, 3)


def test_a_manager_changes_nothing_outside_the_team(acme: Cast) -> None:
    data = deals(["A1", "台積電", "", "Lead", "1", "2024-01-05", "", ""])
    bring_in("opportunities", data, by=acme.executive)
    imported = bring_in("opportunities", data, by=acme.manager)
    assert reasons(imported) == {2: [("not_yours", "商機編號")]}
    imported = bring_in("accounts", make_csv(["客戶"], ["台積電"]), by=acme.manager)
    assert reasons(imported) == {2: [("not_yours", "客戶")]}


# -- contacts, customers, products --------------------------------------------------------------


def test_contacts_find_their_customer(acme: Cast) -> None:
    bring_in("accounts", make_csv(["客戶"], ["台積電"]), by=acme.executive)
    data = make_csv(
        ["公司", "姓名", "E-mail", "生日"],
        ["台積電", "陳怡君", "CHEN@Example.COM", "民國80年3月1日"],
        ["鴻海", "林志豪", "", ""],
        ["鴻海", "林志豪", "", ""],
        ["鴻海", "x", "not mail", ""],
        ["", "y", "", ""],
    )
    imported = bring_in("contacts", data, by=acme.executive)
    assert imported.tally.verdicts == {"created": 2, "rejected": 3}
    assert reasons(imported) == {
        4: [("duplicate_row", None)], 5: [("not_an_email", "E-mail")], 6: [("required", "公司")],
    }  # fmt: skip
    found = Contact.objects.get(name="陳怡君")
    assert (found.account.name, found.email, found.birthday) == ("台積電", "CHEN@example.com", date(1991, 3, 1))
    assert bring_in("contacts", data, by=acme.executive).tally.verdicts == {"unchanged": 2, "rejected": 3}


def test_an_admin_who_sells_nothing_gets_no_customers(acme: Cast) -> None:
    bring_in("contacts", make_csv(["公司", "姓名"], ["台積電", "陳怡君"]), by=acme.admin)
    bring_in("accounts", make_csv(["公司"], ["鴻海"]), by=acme.admin)
    bring_in("opportunities", deals(["A1", "聯發科", "", "Lead", "1", "", "", ""]), by=acme.admin)
    assert not Account.objects.filter(owner=acme.admin).exists()
    assert Account.objects.count() == 3


def test_customers_with_millions_parents_and_slips_of_the_pen(acme: Cast) -> None:
    data = make_csv(
        ["account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of"],
        ["Acme Corporation", "technolgy", "1996", "1100.04", "2822", "United States", ""],
        ["Betatech", "medical", "1986", "647.18", "1185", "Kenya", "Acme Corporation"],
    )
    imported = bring_in("accounts", data, by=acme.executive)
    assert imported.tally.remarks == {"industry_respelled": 1}
    one, two = Account.objects.order_by("pk")
    assert (one.industry, one.turnover, one.employees, one.founded_year) == ("technology", 110_004_000_000, 2822, 1996)
    assert two.parent == one
    assert bring_in("accounts", data, by=acme.executive).tally.verdicts == {"unchanged": 2}


def test_what_the_database_would_refuse_costs_one_row(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_csv(["產品", "定價"], ["one", "1"], ["two", "2"], ["three", "3"])
    real = accounts_actions.import_products

    def fussy(rows: Any, **kwargs: Any) -> Any:
        if any(row.name == "two" for row in rows):
            raise Refused("name_taken")
        return real(rows, **kwargs)

    monkeypatch.setattr(accounts_actions, "import_products", fussy)
    imported = bring_in("products", data, by=acme.executive)
    assert reasons(imported) == {3: [("not_taken", None)]}
    assert set(Product.objects.values_list("name", flat=True)) == {"one", "three"}


# -- the way through ----------------------------------------------------------------------------


def test_rejected_rows_come_back_mended(acme: Cast) -> None:
    data = deals(
        ["A1", "台積電", "", "Lead", "ten", "2024-01-05", "", ""], ["A2", "=x", "", "Lead", "no", "2024-01-05", "", ""]
    )
    imported = bring_in("opportunities", data, by=acme.executive)
    content = bytes(imported.rejects.content).decode("utf-8-sig")
    assert "Row 2, 金額: “ten” is not a number" in content
    mended = content.replace("ten", "10").replace(",no,", ",11,").encode()
    again = make_import("opportunities", mended, by=acme.executive)
    assert again.mapping == imported.mapping
    again = checked(again, by=acme.executive)
    again = finished(actions.run(again, seen=again.version, by=acme.executive, at=timezone.now()))
    assert again.tally.verdicts == {"created": 2}
    assert set(Account.objects.values_list("name", flat=True)) == {"台積電", "=x"}


def test_large_files_are_read_by_a_job_in_pieces(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "INLINE_BYTES", 0)
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    monkeypatch.setattr(reading, "CHUNKS_AT_ONCE", 2)
    rows = [[f"產品 {n}", n] for n in range(1, 66)]
    imported = bring_in("products", make_csv(["產品", "定價"], *rows, ["產品 1", 5]), by=acme.executive)
    assert imported.tally.verdicts == {"created": 65, "rejected": 1}
    assert [chunk.count for chunk in ImportChunk.objects.order_by("position")] == [10] * 6 + [6]
    assert next(imported.outcomes("rejected"))[1].problems[0].detail == {"first": 2}


def test_another_worker_reads_on_where_one_died(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "INLINE_BYTES", 0)
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    monkeypatch.setattr(reading, "CHUNKS_AT_ONCE", 1)
    data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(35)])
    imported = actions.start(TARGETS["products"], name="f.csv", content=data, by=acme.executive, at=timezone.now())
    for _ in range(5):
        running.run(imported.job, seconds=0)
        reading._readers.clear()
    running.run(imported.job)
    imported.refresh_from_db()
    assert (imported.state, imported.total) == (ImportState.MAPPING, 35)


def test_a_file_that_turns_out_too_long(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "INLINE_BYTES", 0)
    monkeypatch.setattr("exchange.limits.MAX_ROWS", 5)
    imported = make_import("products", make_csv(["產品"], *[[n] for n in range(7)]), by=acme.executive)
    assert imported.state == ImportState.REFUSED
    assert imported.refusal is not None
    assert (imported.refusal.code, imported.refusal.row) == ("too_many_rows", 7)
    assert not imported.chunks.exists()


def test_cancelled_and_gone_on_with(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(35)])
    imported = checked(make_import("products", data, by=acme.executive), by=acme.executive)
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    running.run(imported.job, seconds=0)
    jobs.cancel(imported.job, by=acme.executive, at=timezone.now())
    imported = finished(imported)
    assert imported.job.state == State.CANCELLED
    assert Product.objects.count() == 10
    imported = finished(actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now()))
    assert (imported.state, imported.tally.verdicts) == (ImportState.DONE, {"created": 35})


def test_each_row_once_although_the_worker_dies_again_and_again(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(35)])
    imported = checked(make_import("products", data, by=acme.executive), by=acme.executive)
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    real, deaths = Counts.as_json, iter([True, False, True, False, True])

    def dying(counts: Any) -> Any:
        if next(deaths, False):
            raise RuntimeError("killed in the middle of a chunk")
        return real(counts)

    monkeypatch.setattr(Counts, "as_json", dying)
    for _ in range(8):
        running.run(imported.job)
    imported.refresh_from_db()
    assert (imported.state, imported.tally.verdicts) == (ImportState.DONE, {"created": 35})
    assert Product.objects.count() == 35


def test_one_at_a_time_and_no_step_left_out(acme: Cast) -> None:
    imported = make_import("products", make_csv(["產品"], ["a"]), by=acme.executive)
    who: Any = {"by": acme.executive, "at": timezone.now()}
    with pytest.raises(Refused, match="import_unchecked"):
        actions.run(imported, seen=1, **who)
    actions.settle(imported, mapping=imported.mapping, answers={}, seen=1, **who)
    again: Any
    for again in (
        lambda: actions.settle(imported, mapping={}, answers={}, seen=2, **who),
        lambda: actions.run(imported, seen=2, **who),
        lambda: actions.reread(imported, **who),
    ):
        with pytest.raises(Refused, match="import_running"):
            again()
    imported = finished(imported)
    with pytest.raises(Stale):
        actions.run(imported, seen=1, **who)
    with pytest.raises(Stale):
        actions.settle(imported, mapping={}, answers={}, seen=1, **who)
    imported = finished(actions.run(imported, seen=2, **who))
    with pytest.raises(Refused, match="import_over"):
        actions.settle(imported, mapping={}, answers={}, seen=2, **who)


def test_nothing_is_stored_of_what_cannot_be_read(acme: Cast) -> None:
    with pytest.raises(Unreadable):
        actions.start(TARGETS["products"], name="x.pdf", content=b"%PDF-1", by=acme.executive, at=timezone.now())
    assert not Import.objects.exists()
    assert not Job.objects.exists()


def test_traces(acme: Cast) -> None:
    key = uuid.uuid4()
    bring_in("products", make_csv(["產品"], ["a"]), by=acme.executive)
    for _ in range(2):
        actions.start(
            TARGETS["products"], name="x.csv", content=make_csv(["產品"], ["a"]), by=acme.executive, at=timezone.now(),
            request_key=key,
        )  # fmt: skip
    assert Import.objects.filter(request_key=key).count() == 1
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert [verb for verb in verbs if verb.startswith("import.")] == [
        "import.uploaded", "import.mapped", "import.started", "import.finished", "import.uploaded",
    ]  # fmt: skip
    assert list(verbs).count("products.imported") == 1


def test_workbooks_with_formulas_dates_and_merged_cells(acme: Cast) -> None:
    def cell(value: object, kind: str = "inlineStr") -> str:
        return f"<c t='{kind}'><is><t>{value}</t></is></c>"

    day = "<v>45366</v></c></row>"
    head = f"{cell('台積電')}{cell('')}{cell('Lead')}"
    rows = text_row(1, *DEALS) + (
        f"<row r='2'>{cell('A1')}{head}<c r='E2'><f>1+1</f></c><c r='F2' s='1'>{day}"
        f"<row r='3'>{cell('A2')}{head}<c r='E3'><f>1+1</f><v>2</v></c><c r='F3' s='1'>{day}"
        f"<row r='4'>{cell('A3')}{head}<c r='F4'>{day}"
    )
    data = make_workbook(rows, after="<mergeCells count='1'><mergeCell ref='E3:E4'/></mergeCells>")
    imported = bring_in("opportunities", data, by=acme.executive)
    assert reasons(imported) == {2: [("formula_without_value", "金額")], 4: [("merged_number", "金額")]}
    opportunity = Opportunity.objects.get()
    assert (opportunity.amount, opportunity.opened_at.astimezone(acme.org.zone).date()) == (200, date(2024, 3, 15))
