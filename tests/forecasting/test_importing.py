"""Targets from a file: the whole way, twice, by whom it may be, and taken back."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from exchange import targets as exchange_targets
from forecasting import actions
from forecasting.models import Target
from tenants.errors import Refused
from tenants.models import AuditEvent, ExchangeRate, Organization
from tenants.permissions import Permission
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.exchange.factories import bring_in, make_csv, make_import, reasons
from tests.exchange.test_undo import everything, undo

pytestmark = pytest.mark.django_db
EN = ["Person", "Period", "Target"]
Q3 = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _inside(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


def file(*rows: Sequence[object]) -> bytes:
    return make_csv(EN, *rows)


def stored() -> list[tuple[str, str, str, int]]:
    rows = Target.objects.order_by("owner__user__name", "starts_on", "period")
    return [(row.owner.name, row.period, row.starts_on.isoformat(), row.amount) for row in rows]


@pytest.mark.parametrize(
    "headings", [["Sales rep", "Quarter", "Quota"], ["業務員", "期間", "業績目標"], ["负责人", "期间", "业绩目标"]]
)
def test_headings_are_recognised(acme: Cast, headings: list[str]) -> None:
    imported = make_import("targets", make_csv(headings, ["Rep Acme", "2026Q3", "1.2M"]), by=acme.manager)
    found = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    assert found == dict(zip(["owner", "period", "amount"], headings, strict=True))


def test_rows_become_targets_with_their_history(acme: Cast) -> None:
    done = bring_in(
        "targets",
        file(
            ["Rep Acme", "2026Q3", "1.2M"], ["rep2@acme.example", "July 2026", "30萬"], ["Rep Acme", "2026年8月", "5"]
        ),
        by=acme.manager,
    )
    assert done.tally.verdicts == {"created": 3}
    assert stored() == [
        ("Rep Acme", "quarter", "2026-07-01", 120_000_000),
        ("Rep Acme", "month", "2026-08-01", 500),
        ("Rep2 Acme", "month", "2026-07-01", 30_000_000),
    ]
    done = bring_in("targets", file(["Rep Acme", "Q3 2026", "1,500,000"]), by=acme.executive)
    assert done.tally.verdicts == {"updated": 1}
    target = Target.objects.get(period="quarter")
    assert (target.amount, target.version, target.set_by) == (150_000_000, 2, acme.executive)
    told = AuditEvent.objects.filter(verb="target.set", target_id=target.pk).order_by("id")
    assert [(event.by, event.data["amount"]) for event in told] == [
        (acme.manager, [None, 120_000_000]),
        (acme.executive, [120_000_000, 150_000_000]),
    ]
    assert actions.set_target(acme.rep, "quarter", Q3, 7, by=acme.manager, at=AT, seen=2) is not None


def test_the_same_file_twice_changes_nothing(acme: Cast) -> None:
    rows = [["Rep Acme", "2026Q3", "1200000"], ["Rep2 Acme", "2026-07", "5"]]
    bring_in("targets", file(*rows), by=acme.manager)
    before, told = everything(), AuditEvent.objects.filter(verb="target.set").count()
    assert bring_in("targets", file(*rows), by=acme.manager).tally.verdicts == {"unchanged": 2}
    assert everything() == before
    assert AuditEvent.objects.filter(verb="target.set").count() == told


def test_quarters_are_those_of_the_organizations_year(acme: Cast) -> None:
    Organization.objects.filter(pk=acme.org.pk).update(fiscal_year_start=4)
    bring_in("targets", file(["Rep Acme", "FY26 Q4", "5"], ["Rep Acme", "2026-07", "6"]), by=acme.manager)
    assert stored() == [("Rep Acme", "month", "2026-07-01", 600), ("Rep Acme", "quarter", "2027-01-01", 500)]


def test_year_and_currency_may_stand_apart(acme: Cast) -> None:
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal(30))
    ExchangeRate.objects.create(currency="USD", on=date(2026, 6, 1), rate=Decimal(31))
    ExchangeRate.objects.create(currency="USD", on=date(2199, 6, 1), rate=Decimal(99))
    done = bring_in(
        "targets",
        make_csv(
            ["姓名", "年度", "季度", "目標", "幣別"],
            ["Rep Acme", "2026", "第3季", "10", "美元"],
            ["Rep Acme", "2026", "第4季", "10", "NT$"],
            ["Rep Acme", "2027", "Q1", "10", "EUR"],
            ["Rep Acme", "2027", "Q2", "10", "doubloons"],
            ["Rep Acme", "9999", "Q2", "10", ""],
        ),
        by=acme.manager,
    )
    assert [row[2:] for row in stored()] == [("2026-07-01", 31_000), ("2026-10-01", 1_000)]
    assert done.tally.remarks == {"converted": 1}
    assert reasons(done) == {
        4: [("rate_missing", "幣別")],
        5: [("currency_unknown", "幣別")],
        6: [("period_out_of_range", "年度")],
    }


def test_amounts_may_be_written_in_thousands(acme: Cast) -> None:
    unit = exchange_targets.question_code("unit", "amount")
    bring_in("targets", file(["Rep Acme", "2026Q3", "1200"]), by=acme.manager, **{unit: "1000"})
    assert stored()[0][3] == 120_000_000
    bring_in("targets", file(["Rep Acme", "2026Q3", "1200"]), by=acme.manager)
    assert stored()[0][3] == 120_000  # as it stands, unless one says otherwise


def test_months_that_do_not_add_up_are_remarked(acme: Cast) -> None:
    months = [["Rep Acme", f"2026-0{month}", "100"] for month in (7, 8, 9)]
    done = bring_in("targets", file(["Rep Acme", "2026Q3", "301"], *months), by=acme.manager)
    assert done.tally.remarks == {"sum_differs": 4}
    done = bring_in("targets", file(["Rep Acme", "2026Q3", "300"]), by=acme.manager)
    assert done.tally.remarks == {}
    assert "sum_differs" not in bring_in("targets", file(months[0]), by=acme.manager).tally.remarks


def test_bad_rows_are_rejected_each_with_its_reason(acme: Cast, globex: Cast) -> None:
    acme.rep2.is_active = False
    acme.rep2.save()
    rows: list[list[object]] = [
        ["Rep Acme", "9999Q1", "5"],
        ["Rep Acme", "2026", "5"],
        ["Rep Acme", "=TODAY()", "5"],
        ["Rep Acme", "2026Q1", "-5"],
        ["Rep Acme", "2026Q1", "1" + "0" * 30],
        ["Rep Acme", "2026Q1", "100000000000000"],
        ["Rep Acme", "2026Q2", ""],
        ["Rep Globex", "2026Q1", "5"],
        ["Rep2 Acme", "2026Q1", "5"],
        ["Colleague Acme", "2026Q1", "5"],
        ["Rep Acme", "2026Q4", "5"],
        ["rep acme", "第4季 2026", "6"],
        ["", "2026Q1", "5"],
    ]
    done = bring_in("targets", file(*rows), by=acme.executive)
    assert reasons(done) == {
        2: [("period_out_of_range", "Period")],
        3: [("period_too_long", "Period")],
        4: [("not_a_period", "Period")],
        5: [("negative", "Target")],
        6: [("number_too_large", "Target")],
        7: [("number_too_large", "Target")],
        8: [("required", "Target")],
        9: [("person_unknown", "Person")],
        10: [("person_unknown", "Person")],
        11: [("person_unknown", "Person")],
        13: [("duplicate_row", None)],
        14: [("required", "Person")],
    }
    assert stored() == [("Rep Acme", "quarter", "2026-10-01", 500)]


def test_a_manager_sets_those_of_the_team_alone(acme: Cast) -> None:
    done = bring_in("targets", file(["Partner Acme", "2026Q3", "5"], ["Rep Acme", "2026Q3", "5"]), by=acme.manager)
    assert reasons(done) == {2: [("person_unknown", "Person")]}
    code = exchange_targets.question_code("owner", "Partner Acme")
    forged = {code: f"id:{acme.partner.pk}"}
    done = bring_in("targets", file(["Partner Acme", "2026Q4", "5"]), by=acme.manager, **forged)
    assert done.tally.verdicts == {"rejected": 1}
    assert {row[0] for row in stored()} == {"Rep Acme"}


def test_an_admin_who_leads_a_team_sets_no_more_than_on_the_page(acme: Cast) -> None:
    acme.manager.is_admin = True
    acme.manager.save()
    done = bring_in("targets", file(["Partner Acme", "2026Q3", "5"]), by=acme.manager)
    assert done.tally.verdicts == {"rejected": 1}


def test_who_may_bring_them_in(acme: Cast) -> None:
    for person in acme.everyone:
        offered = "targets" in {target.code for target in exchange_targets.targets(person)}
        assert offered == (person.can(Permission.TARGET_EDIT) and person.can(Permission.IMPORT_RUN))
    assert not exchange_targets.TARGETS["targets"].is_open_to(acme.admin)


def test_undone_to_what_stood_before(acme: Cast) -> None:
    actions.set_target(acme.rep, "quarter", Q3, 500, by=acme.executive, at=AT)
    words = ("owner", "period", "starts_on", "amount", "set_by", "set_at")
    before = list(Target.objects.values(*words))
    imported = bring_in("targets", file(["Rep Acme", "2026Q3", "7"], ["Rep2 Acme", "2026Q3", "8"]), by=acme.manager)
    undo(imported, by=acme.manager)
    assert list(Target.objects.values(*words)) == before
    assert Target.objects.get().version == 3


def test_a_target_set_anew_since_bars_the_undoing(acme: Cast) -> None:
    imported = bring_in("targets", file(["Rep Acme", "2026Q3", "7"]), by=acme.manager)
    actions.set_target(acme.rep, "quarter", Q3, 9, by=acme.manager, at=timezone.now())
    with pytest.raises(Refused, match="import_touched"):
        undo(imported, by=acme.manager)
    assert Target.objects.get().amount == 9
