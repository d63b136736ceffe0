"""Visits from a file: the whole way, twice, by whom it may be, and taken back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts.models import Account, Contact, TimelineEntry
from activities import actions
from activities.history import ImportedVisit
from activities.imports import FIELDS
from activities.kinds import Kind, Result, VisitState
from activities.models import NextAction, Visit, VisitContact
from exchange import targets
from tenants.errors import Refused
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.accounts.factories import make_account
from tests.activities.factories import make_visit
from tests.cast import AT, Cast
from tests.exchange.factories import bring_in, make_csv, make_import, proposals, reasons
from tests.exchange.test_undo import everything, undo

pytestmark = pytest.mark.django_db

ZH = [
    "客戶名稱",
    "拜訪日期",
    "時間",
    "業務",
    "聯絡人",
    "拜訪方式",
    "目的",
    "結果",
    "備註",
    "客戶承諾",
    "下一步",
    "期限",
]
EN = ["Customer", "Date", "Time", "Owner", "Contacts", "Type", "Purpose", "Outcome", "Notes", "Customer commitment",
      "Next step", "Due date"]  # fmt: skip
FULL: list[object] = ["台積電", "2026/3/2", "下午2:30", "Rep Acme", "陳怡君、王小明", "電話", "試用", "有進展",
                      "談了規格", "提供數據", "寄報價", "2026/3/9"]  # fmt: skip


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


@pytest.fixture
def account(acme: Cast) -> Account:
    return make_account(acme, name="台積電", owner=acme.rep)


def zh(*rows: Sequence[object]) -> bytes:
    return make_csv(ZH, *rows)


def short(*rows: Sequence[object]) -> bytes:
    return make_csv(["Customer", "Date", "Outcome", "Notes"], *rows)


@pytest.mark.parametrize(
    "headings",
    [
        ZH,
        EN,
        [
            "客户名称",
            "拜访日期",
            "时间",
            "业务员",
            "联系人",
            "拜访方式",
            "目的",
            "结果",
            "备注",
            "客户承诺",
            "下一步",
            "截止日期",
        ],
    ],
)
def test_headings_are_recognised(acme: Cast, headings: list[str]) -> None:
    imported = make_import("visits", make_csv(headings, FULL), by=acme.manager)
    found = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    codes = [field.code for field in FIELDS if field.code != "account_number"]
    order = ["account", "met_at", "met_time", "by", "contacts", "kind", "goal", "result", "note", "commitment"]
    assert sorted(found) == sorted(codes)
    assert found == dict(zip([*order, "next_text", "next_on"], headings, strict=True))


def test_a_row_becomes_a_visit_with_all_that_follows(acme: Cast, account: Account) -> None:
    imported = bring_in("visits", zh(FULL), by=acme.manager)
    assert imported.tally.verdicts == {"created": 1}
    visit = Visit.objects.get()
    assert (visit.account, visit.by, visit.state, visit.kind, visit.result) == (
        account, acme.rep, VisitState.DONE, Kind.CALL, Result.ADVANCED,
    )  # fmt: skip
    assert visit.happened_at == datetime(2026, 3, 2, 14, 30, tzinfo=acme.org.zone)
    assert (visit.goal, visit.note, visit.commitment, visit.is_first) == ("試用", "談了規格", "提供數據", True)
    assert sorted(visit.met.values_list("contact__name", flat=True)) == ["王小明", "陳怡君"]
    account.refresh_from_db()
    assert account.last_contact_at == visit.happened_at
    line = TimelineEntry.objects.get(verb="visit.logged")
    assert (line.account, line.by, line.at, line.source_id) == (account, acme.rep, visit.happened_at, visit.pk)
    step = NextAction.objects.get()
    assert (step.text, step.due_on, step.owner, step.origin) == ("寄報價", date(2026, 3, 9), acme.rep, "visit")
    assert step.done_at is not None  # it was due long ago, and nobody said that it stays open
    assert AuditEvent.objects.filter(verb="visits.imported").count() == 1


def test_the_same_file_twice_changes_nothing(acme: Cast, account: Account) -> None:
    coming = (timezone.now() + timedelta(days=9)).strftime("%Y-%m-%d %H:%M")
    rows: list[list[object]] = [FULL, ["台積電", "2019-01-05", *[""] * 10], ["台積電", coming, *[""] * 10]]
    bring_in("visits", zh(*rows), by=acme.manager)
    before = everything()
    again = bring_in("visits", zh(*rows), by=acme.manager)
    assert again.tally.verdicts == {"unchanged": 3}
    assert everything() == before


def test_what_the_file_says_anew_is_written_and_the_rest_stays(acme: Cast, account: Account) -> None:
    bring_in("visits", zh(FULL), by=acme.manager)
    changed = [*FULL[:4], "陳怡君、李大華", FULL[5], "", "受阻", "談了價格", "", "", ""]
    done = bring_in("visits", zh(changed), by=acme.manager)
    assert done.tally.verdicts == {"updated": 1}
    visit = Visit.objects.get()
    assert (visit.goal, visit.note, visit.result, visit.commitment, visit.version) == (
        "試用", "談了價格", Result.BLOCKED, "提供數據", 2,
    )  # fmt: skip
    assert visit.met.count() == 3
    assert TimelineEntry.objects.get(verb="visit.logged").data["note"] == "談了價格"


def test_old_and_coming_ones(acme: Cast, account: Account) -> None:
    now = timezone.now()
    coming = (now + timedelta(days=5)).date()
    rows = [
        ["台積電", "2011-05-04", "", "first ever"],
        ["台積電", coming.isoformat(), "progress", ""],
        ["台積電", "2020-02-29 08:15", "met nobody", ""],
    ]
    done = bring_in("visits", short(*rows), by=acme.manager)
    assert done.tally.remarks == {"planned": 1}
    first, nobody, plan = Visit.objects.order_by("happened_at")
    assert (first.is_first, first.result, first.state) == (True, Result.STEADY, VisitState.DONE)
    assert first.happened_at == datetime(2011, 5, 4, 12, tzinfo=acme.org.zone)
    assert (nobody.is_first, nobody.result) == (False, Result.NOBODY)
    assert (plan.state, plan.result, plan.is_first) == (VisitState.PLANNED, "", False)
    account.refresh_from_db()
    assert account.last_contact_at == first.happened_at
    assert TimelineEntry.objects.filter(verb="visit.logged").count() == 2


def test_a_plan_is_recorded_once_the_source_says_what_became_of_it(acme: Cast, account: Account) -> None:
    now = timezone.now()
    plan = ImportedVisit(uuid4(), account.pk, acme.rep.pk, now + timedelta(days=1), state=VisitState.PLANNED, goal="g")
    actions.import_visits([plan], by=acme.manager, at=now)
    silent = replace(plan, state=VisitState.DONE, is_reported=False)
    later = now + timedelta(days=2)
    assert actions.import_visits([silent], by=acme.manager, at=later).unchanged == 1
    told = replace(plan, state=VisitState.DONE, result=Result.ADVANCED)
    counts = actions.import_visits([told], by=acme.manager, at=later)
    visit = Visit.objects.get()
    assert (visit.state, visit.result, visit.goal, visit.is_first, visit.version) == ("done", "advanced", "g", True, 2)
    (change,) = counts.rewritten.values()
    assert change.before == {"state": "planned", "result": "", "recorded_at": now}
    account.refresh_from_db()
    assert account.last_contact_at == visit.happened_at
    assert actions.import_visits([plan], by=acme.manager, at=later).unchanged == 1  # done stays done
    actions.rectify_visits([visit.pk], at=AT)
    assert TimelineEntry.objects.filter(verb="visit.logged").count() == 1


def test_what_was_called_off_here_stays_so(acme: Cast, account: Account) -> None:
    soon = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    bring_in("visits", short(["台積電", soon, "", ""]), by=acme.manager)
    actions.call_off(Visit.objects.get(), by=acme.manager, at=timezone.now())
    assert bring_in("visits", short(["台積電", soon, "", ""]), by=acme.manager).tally.verdicts == {"unchanged": 1}
    assert Visit.objects.get().state == VisitState.CANCELLED


def test_what_a_file_leaves_open_is_asked(acme: Cast, account: Account) -> None:
    rows: list[list[object]] = [
        [
            "台積電",
            "2026-01-05",
            "9:30",
            "Somebody",
            "New Person",
            "carrier pigeon",
            "",
            "so lala",
            "n",
            "",
            "Call",
            "",
        ],
        ["Unheard Of", "2026-01-06", "9:30", "", "", "FSI", "", "", "", "", "Old one", "2026-01-20"],
    ]
    imported = make_import("visits", make_csv(EN, *rows), by=acme.manager)
    asked = proposals(imported, by=acme.manager)
    code = targets.question_code
    assert asked == {
        "account-missing": "create",
        "owner-default": f"id:{acme.manager.pk}",
        code("by", "Somebody"): "skip",
        code("kind", "carrier pigeon"): "visit",
        code("result", "so lala"): "steady",
        "contacts-new": "create",
        "next-past": "done",
        "next-undated": "week",
    }
    answers = {
        "account-missing": "reject",
        code("by", "Somebody"): f"id:{acme.rep2.pk}",
        code("kind", "carrier pigeon"): "video",
        code("result", "so lala"): "blocked",
        "contacts-new": "skip",
        "next-past": "open",
    }
    done = bring_in("visits", make_csv(EN, *rows), by=acme.manager, **answers)
    assert reasons(done) == {3: [("customer_unknown", "Customer")]}
    visit = Visit.objects.get()
    assert (visit.by, visit.kind, visit.result, visit.note) == (acme.rep2, "video", "blocked", "so lala\nn")
    assert not Contact.objects.exists()
    assert NextAction.objects.get().due_on == date(2026, 1, 12)
    assert NextAction.objects.get().done_at is None
    assert done.tally.remarks == {"result_in_note": 1, "people_left_out": 1, "step_in_a_week": 1}
    done = bring_in("visits", make_csv(EN, rows[1]), by=acme.manager)
    assert done.tally.verdicts == {"created": 1}
    assert done.tally.remarks == {"first_by_date": 1}
    assert Account.objects.get(name="Unheard Of").owner == acme.manager


def test_bad_rows_are_rejected_each_with_its_reason(acme: Cast, account: Account) -> None:
    rows: list[list[object]] = [
        ["台積電", "9999-12-31", *[""] * 10],
        ["台積電", "2150-12-31", *[""] * 10],
        ["台積電", "2026-13-01", *[""] * 10],
        ["台積電", "2026-01-01", "25:70", *[""] * 9],
        ["台積電", "", *[""] * 10],
        ["", "2026-01-01", *[""] * 10],
        ["台積電", "2026-01-07", "", "", "", "", "", "", "", "", "Call", "2025-12-31"],
        ["台積電", "2026-01-08", "", "", "x" * 150, *[""] * 7],
        ["台積電", "2026-01-09", "10:00", *[""] * 9],
        ["台積電", "2026/1/9", "10:00", *[""] * 9],
        ["台積電", "2026-01-10", "", "", "", "", "=cmd|'/c calc'!A1", *[""] * 5],
    ]
    done = bring_in("visits", make_csv(EN, *rows), by=acme.manager)
    assert reasons(done) == {
        2: [("date_out_of_range", "Date")],
        3: [("too_far", "Date")],
        4: [("not_a_date", "Date")],
        5: [("not_a_time", "Time")],
        6: [("required", "Date")],
        7: [("customer_missing", "Customer")],
        8: [("due_before_visit", "Due date")],
        9: [("too_many_people", "Contacts")],
        11: [("duplicate_row", None)],
    }
    assert Visit.objects.order_by("happened_at").last().goal == "=cmd|'/c calc'!A1"


def test_a_manager_logs_no_visit_at_customers_of_others(acme: Cast, globex: Cast) -> None:
    make_account(acme, name="Theirs", owner=acme.partner)
    with working_for(globex.org):
        make_account(globex, name="Globex only", owner=globex.rep)
    data = make_csv(
        ["Customer", "Date", "Owner"],
        ["Theirs", "2026-01-02", ""],
        ["Globex only", "2026-01-02", "Rep Globex"],
        ["Globex only", "2026-01-03", "Partner Acme"],
    )
    done = bring_in("visits", data, by=acme.manager)
    assert reasons(done) == {2: [("not_yours", "Customer")]}
    assert set(Visit.objects.values_list("by", flat=True)) == {acme.manager.pk}  # nobody outside the team is given any
    assert set(Visit.objects.visible_to(acme.rep)) == set()
    with working_for(globex.org):
        assert not Visit.objects.exists()


def test_who_may_bring_them_in(acme: Cast) -> None:
    offered = {
        person.user.email.split("@")[0]
        for person in acme.everyone
        if "visits" in {target.code for target in targets.targets(person)}
    }
    assert offered == {"manager", "executive"}


def test_undone_as_if_never_made(acme: Cast, account: Account) -> None:
    make_visit(account, acme.rep, AT)
    before = everything()
    rows = [FULL, ["New one", *FULL[1:]], ["台積電", "2019-01-05", *FULL[2:4], *[""] * 8]]
    imported = bring_in("visits", zh(*rows), by=acme.manager)
    assert (Visit.objects.count(), Contact.objects.count(), NextAction.objects.count()) == (4, 4, 2)
    undo(imported, by=acme.manager)
    assert everything() == before


def test_undone_to_the_former_words(acme: Cast, account: Account) -> None:
    bring_in("visits", zh(FULL), by=acme.manager)
    words = ("result", "goal", "note", "commitment", "state", "is_first", "happened_at")
    before = Visit.objects.values(*words).get()
    changed = [*FULL[:6], "other goal", "受阻", "other", "", "", ""]
    imported = bring_in("visits", zh(changed), by=acme.manager)
    undo(imported, by=acme.manager)
    assert Visit.objects.values(*words).get() == before
    assert TimelineEntry.objects.get(verb="visit.logged").data["note"] == "談了規格"
    account.refresh_from_db()
    assert account.last_contact_at == before["happened_at"]


def corrected(cast: Cast) -> None:
    actions.change_visit(Visit.objects.get(), seen=1, by=cast.rep, at=timezone.now(), note="mine")


def done_since(cast: Cast) -> None:
    actions.take_back(NextAction.objects.get(), by=cast.rep, at=timezone.now())


def met_again(cast: Cast) -> None:
    contact = Contact.objects.get(name="陳怡君")
    make_visit(contact.account, cast.rep, timezone.now(), contacts=[contact])


def given_a_person(cast: Cast) -> None:
    accounts_actions.create_contact(Account.objects.get(), by=cast.rep, at=timezone.now(), name="x")


@pytest.mark.parametrize("touch", [corrected, done_since, met_again, given_a_person])
def test_what_was_worked_on_since_bars_the_undoing(acme: Cast, touch: Callable[[Cast], None]) -> None:
    imported = bring_in("visits", zh(FULL), by=acme.manager)  # the customer is new
    touch(acme)
    with pytest.raises(Refused, match="import_touched"):
        undo(imported, by=acme.manager)
    assert VisitContact.objects.filter(visit__note__in=["談了規格", "mine"]).count() == 2
