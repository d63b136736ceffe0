"""The search: any part of a name, only what one may see, by the index behind the wall."""

import pytest
from django.db import connections

from accounts import actions, queries
from accounts.models import Account, SearchRow
from accounts.queries import searching
from accounts.records import AccountRow
from tenants.scoping import reading, working_for
from tests.accounts.factories import AT, make_account, make_contact
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_any_part_in_any_spelling_finds(acme: Cast) -> None:
    with working_for(acme.org):
        account = make_account(acme, "台達精密 (Delta)", tax_id="12345678")
        make_account(acme, "上銀傳動")
        for text in ("達精", "DELTA", "ｄｅｌｔａ", "精密 delta", "4567"):
            (group,) = queries.search(acme.rep, text, ["account"])
            assert [row.pk for row in group.rows] == [account.pk]
        assert queries.search(acme.rep, " ! ") == []
        assert queries.search(acme.rep, "沒有") == []
        assert queries.search(acme.rep, "達", ["nothing"]) == []


def test_the_search_shows_only_what_one_may_see(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        make_account(globex, "Umbrella")
    with working_for(acme.org):
        account = make_account(acme, "Umbrella")
        make_contact(account, "Alice Umbrella")
        assert [len(group.rows) for group in queries.search(acme.rep, "umbrella")] == [1, 1]
        assert queries.search(acme.rep2, "umbrella") == []
        actions.add_member(account, acme.partner, by=acme.rep, at=AT)
        (accounts, contacts) = queries.search(acme.partner, "umbrella")
        assert (accounts.rows[0].title, contacts.rows[0].detail) == ("Umbrella", "Umbrella")


def test_an_app_to_the_right_can_be_searched(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SOURCES", {})

    def find(membership: object, ids: object, limit: int) -> list[queries.Found]:
        return [queries.Found(row["object_id"], "ERP", "funnel:opportunity") for row in ids[:limit]]  # type: ignore[index]  # a queryset

    queries.register_search("opportunity", "Opportunities", "kanban", find)
    with working_for(acme.org):
        actions.index("opportunity", 7, "ERP for the plant")
        (group,) = queries.search(acme.rep, "plant")
        assert [row.pk for row in group.rows] == [7]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_index_answers_behind_the_wall(acme: Cast, globex: Cast) -> None:
    """A plan of a substring search reads a narrow range of the index, not the table."""
    with reading(globex.org):
        actions.import_accounts([AccountRow(f"客戶{n:04}") for n in range(300)], by=globex.admin, at=AT)
    with reading(acme.org):
        actions.import_accounts([AccountRow(f"公司{n:04}", acme.rep.pk) for n in range(1500)], by=acme.admin, at=AT)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE accounts_searchrow")
    with reading(acme.org):
        plan = SearchRow.objects.found("account", "0042").explain()
        assert "search_by_suffix" in plan
        condition = next(line for line in plan.splitlines() if "Index Cond" in line)
        assert "suffix" in condition
        assert ">=" in condition
        assert "<" in condition
        assert Account.objects.matching("0042").count() == 1
