"""Assessments from a file: the whole way, twice, by whom it may be, and taken back."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from accounts import actions
from accounts.models import Account, Assessment, Rating, TimelineEntry
from accounts.segments import Factor, Segment
from exchange import actions as exchange_actions
from exchange import targets
from exchange.states import ImportState
from tenants.errors import Refused
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.accounts.factories import make_account
from tests.cast import AT, Cast
from tests.exchange.factories import bring_in, finished, make_csv, make_import, proposals, reasons
from tests.exchange.test_undo import everything, undo

pytestmark = pytest.mark.django_db

ZH = [
    "客戶名稱", "評估日期", "評估人", "組織特徵", "市場增長定位", "方案需求", "戰略市場價值", "機會", "方案適用性",
    "競爭優勢", "合作紀錄", "支持者", "文化相容性", "備註",
]  # fmt: skip
EN = ["Customer", "Date", "Assessed by", "Solution fit", "Sponsorship"]


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


@pytest.fixture
def account(acme: Cast) -> Account:
    return make_account(acme, name="台積電", owner=acme.rep)


def zh(*rows: Sequence[object]) -> bytes:
    return make_csv(ZH, *rows)


FULL: list[object] = [
    "台積電", "2026/3/2", "Rep Acme", "好", "偏好", "普通", "偏差", "差", "++", "+", "0", "-", "--", "老闆支持",
]  # fmt: skip


@pytest.mark.parametrize(
    "headings",
    [
        ZH,
        ["客户名称", "评估日期", "评估人", "组织特征", "市场增长定位", "方案需求", "战略市场价值", "机会", "方案适用性",
         "竞争优势", "合作记录", "支持者", "文化兼容性", "备注"],
        ["Account", "Assessment date", "Assessed by", "Organizational characteristics", "Market growth position",
         "Solution requirements", "Strategic market value", "Opportunities", "Solution fit", "Competitive advantage",
         "Track record", "Sponsorship", "Cultural compatibility", "Notes"],
    ],
)  # fmt: skip
def test_headings_are_recognised(acme: Cast, headings: list[str]) -> None:
    imported = make_import("assessments", make_csv(headings, FULL), by=acme.manager)
    found = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    assert found == dict(zip(["account", "judged_on", "by", *Factor, "notes"], headings, strict=True))


def test_a_row_becomes_a_dated_judgement(acme: Cast, account: Account) -> None:
    imported = bring_in("assessments", zh(FULL), by=acme.manager)
    assert imported.tally.verdicts == {"created": 1}
    assessment = Assessment.objects.get()
    assert list(assessment.judged.values()) == [100, 75, 50, 25, 0, 100, 75, 50, 25, 0]
    assert (assessment.by, assessment.score, assessment.confidence) == (acme.rep, 50, 100)
    assert assessment.at.astimezone(acme.org.zone).date() == date(2026, 3, 2)
    assert Rating.objects.get(factor=Factor.ORGANIZATION).note == "老闆支持"
    account.refresh_from_db()
    assert (account.score, account.assessed_at) == (50, assessment.at)
    line = TimelineEntry.objects.get(verb="account.assessed")
    assert (line.by, line.at, line.data["score"]) == (acme.rep, assessment.at, 50)
    assert AuditEvent.objects.get(verb="assessments.imported").by == acme.manager


def test_the_same_file_twice_changes_nothing(acme: Cast, account: Account) -> None:
    undated = ["台積電", "", "Rep Acme", *["good"] * 10, ""]
    bring_in("assessments", zh(FULL, undated), by=acme.manager)
    before = everything()
    again = bring_in("assessments", zh(FULL, undated), by=acme.manager)
    assert again.tally.verdicts == {"unchanged": 2}
    assert everything() == before
    other = bring_in("assessments", zh([*FULL[:3], *["good"] * 10, ""]), by=acme.manager)
    assert other.tally.verdicts == {"created": 1}  # judged otherwise that day: kept beside it


def test_old_ones_are_kept_and_the_latest_places_the_customer(acme: Cast, account: Account) -> None:
    actions.assess(account, ratings=dict.fromkeys(Factor, 100), by=acme.rep, at=datetime(2026, 5, 1, tzinfo=UTC))
    old = ["台積電", "2019-01-01", "Rep Acme", *["poor"] * 10, ""]
    bring_in("assessments", zh(old), by=acme.manager)
    account.refresh_from_db()
    assert (account.score, account.segment) == (100, Segment.A)
    assert [(each.score, each.segment) for each in Assessment.objects.order_by("at")] == [(0, "C"), (100, "A")]
    bring_in("assessments", zh([*old[:1], "2026-06-01", *old[2:]]), by=acme.manager)
    account.refresh_from_db()
    assert (account.score, account.segment) == (0, Segment.C)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("5", "2", [100, 25]),
        ("90", "26", [100, 25]),
        ("好：老闆支持", "Fair, no sponsor yet", [100, 50]),
        ("10", "1", [100, 0]),
    ],
)
def test_scales_are_told_by_the_numbers(
    acme: Cast, account: Account, first: str, second: str, expected: list[int]
) -> None:
    bring_in("assessments", make_csv(EN, ["台積電", "2026-01-02", "", first, second]), by=acme.manager)
    assert list(Rating.objects.order_by("id").values_list("rating", flat=True)) == expected
    assert set(Rating.objects.values_list("note", flat=True)) <= {"", "老闆支持", "no sponsor yet"}


def test_what_a_file_leaves_open_is_asked(acme: Cast, account: Account) -> None:
    rows = [["台積電", "2026-01-02", "Nobody Known", "2", "-"], ["Unheard Of", "2026-01-02", "", "4", "++"]]
    imported = make_import("assessments", make_csv(EN, *rows), by=acme.manager)
    asked = proposals(imported, by=acme.manager)
    assert (asked["scale"], asked["dash"], asked["account-missing"]) == ("1-5", "25", "create")
    assert asked[targets.question_code("by", "Nobody Known")] == "skip"
    answers = {"scale": "5-1", "dash": "nothing", "account-missing": "reject"}
    done = bring_in("assessments", make_csv(EN, *rows), by=acme.manager, **answers)
    assert done.tally.verdicts == {"created": 1, "rejected": 1}
    assert done.tally.remarks == {"judge_by_default": 1}
    assert Assessment.objects.get().judged == {Factor.SOLUTION_FIT: 75}
    assert Assessment.objects.get().by == acme.manager
    assert reasons(done) == {3: [("customer_unknown", "Customer")]}


def test_a_customer_is_found_by_number(acme: Cast, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(external_id="C-7")
    data = make_csv(["客戶編號", "客戶名稱", "支持者"], ["C-7", "", "好"], ["C-9", "", "好"], ["", "", "好"])
    done = bring_in("assessments", data, by=acme.manager)
    assert Assessment.objects.get().account == account
    assert reasons(done) == {
        3: [("customer_unknown", "客戶編號")],
        4: [("customer_missing", "客戶名稱")],
    }
    assert Account.objects.count() == 1


def test_bad_rows_are_rejected_each_with_its_reason(acme: Cast, account: Account) -> None:
    data = make_csv(
        EN,
        ["台積電", "9999-12-31", "", "50", ""],
        ["台積電", "2199-12-31", "", "50", ""],
        ["台積電", "2026-02-30", "", "50", ""],
        ["台積電", "2026-01-02", "", "101", ""],
        ["台積電", "2026-01-03", "", "=HYPERLINK(1)", ""],
        ["台積電", "2026-01-04", "", "", ""],
        ["台積電", "2026-01-05", "", "75", "100"],
        ["台積電", "2026/1/5", "", "75", "100"],
    )
    done = bring_in("assessments", data, by=acme.manager)
    assert reasons(done) == {
        2: [("date_out_of_range", "Date")],
        3: [("in_future", "Date")],
        4: [("not_a_date", "Date")],
        5: [("out_of_range", "Solution fit")],
        6: [("unknown_choice", "Solution fit")],
        7: [("nothing_judged", None)],
        9: [("duplicate_row", None)],
    }
    assert Assessment.objects.count() == 1


def test_a_manager_judges_no_customer_of_others(acme: Cast, globex: Cast) -> None:
    make_account(acme, name="Theirs", owner=acme.partner)
    with working_for(globex.org):
        make_account(globex, name="Globex only", owner=globex.rep)
    data = make_csv(
        EN, ["Theirs", "2026-01-02", "", "50", "100"], ["Globex only", "2026-01-02", "Rep Globex", "50", "75"]
    )
    done = bring_in("assessments", data, by=acme.manager)
    assert reasons(done) == {2: [("not_yours", "Customer")]}
    made = Assessment.objects.get()
    assert (made.account.name, made.account.organization, made.by) == ("Globex only", acme.org, acme.manager)
    with working_for(globex.org):
        assert not Assessment.objects.exists()


def test_who_may_bring_them_in(acme: Cast) -> None:
    offered = {
        person.user.email.split("@")[0]
        for person in acme.everyone
        if "assessments" in {target.code for target in targets.targets(person)}
    }
    assert offered == {"manager", "executive"}
    imported = make_import("assessments", make_csv(EN, ["x", "", "", "5", "4"]), by=acme.admin)
    assert imported.state == ImportState.MAPPING
    settled = exchange_actions.settle(
        imported, mapping=imported.mapping, answers={}, seen=imported.version, by=acme.admin, at=timezone.now()
    )
    assert finished(settled).job.error == "importer_gone"


def test_undone_as_if_never_judged(acme: Cast, account: Account) -> None:
    actions.assess(account, ratings=dict.fromkeys(Factor, 75), by=acme.rep, at=AT)
    before = everything()
    good, poor = ["good"] * 10, ["poor"] * 10
    rows: list[list[object]] = [FULL, ["New one", "2026-03-02", "", *good, ""], ["台積電", "2019-03-02", "", *poor, ""]]
    imported = bring_in("assessments", zh(*rows), by=acme.manager)
    assert Account.objects.count() == 2
    undo(imported, by=acme.manager)
    assert everything() == before


def test_who_judged_a_new_customer_since_bars_the_undoing(acme: Cast, account: Account) -> None:
    imported = bring_in("assessments", zh(["New one", *FULL[1:]]), by=acme.manager)
    actions.assess(Account.objects.get(name="New one"), ratings={Factor.CULTURE: 0}, by=acme.manager, at=timezone.now())
    with pytest.raises(Refused, match="import_touched"):
        undo(imported, by=acme.manager)
    assert Assessment.objects.count() == 2
