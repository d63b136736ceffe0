"""Pages of customers: who sees what, and that a page costs the same however full it is."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import actions
from accounts.models import Account
from accounts.records import AccountRow, ContactRow
from accounts.segments import Factor
from tenants.models import Membership
from tenants.scoping import working_for
from tests.accounts.factories import AT, make_account, make_contact, make_product
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


def url(cast: Cast, name: str, *args: object) -> str:
    """An address of the app."""
    return reverse(f"accounts:{name}", args=[cast.org.slug, *args])


def fill(cast: Cast, account: Account, count: int) -> None:
    """Give an account many of everything; call inside the scope."""
    actions.import_contacts([ContactRow(account.pk, f"Person {n}") for n in range(count)], by=cast.admin, at=AT)
    rows = [AccountRow(f"Daughter {count} {n}", cast.rep.pk, parent=account.name) for n in range(count)]
    actions.import_accounts(rows, by=cast.admin, at=AT)
    actions.tell_many((account.pk, "account.created", cast.rep.pk, AT, account, {}) for _n in range(count))
    for _n in range(min(count, 10)):
        actions.assess(account, ratings=dict.fromkeys(Factor, 50), by=cast.rep, at=AT)


def test_a_page_costs_the_same_however_full_it_is(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        fill(acme, account, 1)
    client = login(acme.manager)
    addresses = [url(acme, "account", account.pk), url(acme, "list"), url(acme, "suggest") + "?q=d"]
    counts = []
    for size in (0, 30):
        with working_for(acme.org):
            fill(acme, account, size)
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            counts.append(len([q for q in caught if "set_config" not in q["sql"] and "SAVEPOINT" not in q["sql"]]))
    assert counts[:3] == counts[3:]
    assert max(counts) <= 15


def test_every_role_sees_its_own(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        make_account(globex, "Stranger")
    with working_for(acme.org):
        mine, theirs = make_account(acme, "Mine"), make_account(acme, "Theirs", owner=acme.rep2)
        given = make_account(acme, "Given", owner=acme.partner)
        actions.add_member(theirs, acme.colleague, by=acme.rep2, at=AT)
    sees = {
        acme.rep: {mine},
        acme.rep2: {theirs},
        acme.manager: {mine, theirs},
        acme.executive: {mine, theirs, given},
        acme.admin: set(),
        acme.partner: {given},
        acme.colleague: {theirs},
    }
    for membership, seen in sees.items():
        client = login(membership)
        text = client.get(url(acme, "list")).content.decode()
        assert "Stranger" not in text
        for account in (mine, theirs, given):
            assert (account.name in text) == (account in seen), (membership, account)
            status = client.get(url(acme, "account", account.pk)).status_code
            assert status == (200 if account in seen else 404)


def test_the_strangers_ids_are_not_found(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        account = make_account(globex)
        contact = make_contact(account)
        product = make_product(globex)
        actions.add_member(account, globex.colleague, by=globex.rep, at=AT)
    client = login(acme.executive)
    pages = [
        url(acme, "account", account.pk),
        url(acme, "edit", account.pk),
        url(acme, "assess", account.pk),
        url(acme, "timeline", account.pk),
        url(acme, "contact_new", account.pk),
        url(acme, "members", account.pk),
        url(acme, "contact_edit", contact.pk),
        url(acme, "product_edit", product.pk),
    ]
    for page in pages:
        assert client.get(page).status_code == 404
        if not page.endswith("timeline/"):
            assert client.post(page, {"name": "x"}).status_code in (404, 405)
    assert client.post(url(acme, "member_remove", account.pk, globex.colleague.pk)).status_code == 404
    assert client.get(reverse("accounts:list", args=[globex.org.slug])).status_code == 404
    answer = client.post(url(acme, "new"), {"name": "Ours", "kind": "customer", "owner": globex.rep.pk})
    assert answer.status_code == 422
    answer = client.post(
        url(acme, "new"), {"name": "Ours", "kind": "customer", "owner": acme.executive.pk, "parent": account.pk}
    )
    assert answer.status_code == 422


def test_a_colleague_reads_but_does_not_write(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        contact = make_contact(account)
        actions.add_member(account, acme.colleague, by=acme.rep, at=AT)
    client = login(acme.colleague)
    text = client.get(url(acme, "account", account.pk)).content.decode()
    assert contact.name in text
    assert url(acme, "edit", account.pk) not in text
    for name, pk in [
        ("edit", account.pk),
        ("assess", account.pk),
        ("members", account.pk),
        ("contact_edit", contact.pk),
    ]:
        assert client.get(url(acme, name, pk)).status_code == 403
    for name in ("new", "product_new", "segments"):
        assert client.get(url(acme, name)).status_code == 403


def test_filters_narrow_and_stay_in_the_address(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        make_account(acme, "Steel One", industry="Steel", region="North", tax_id="111")
        other = make_account(acme, "Paper Two", industry="Paper", owner=acme.rep2, by=acme.manager)
        actions.note_contacts({other.pk: AT})
        actions.note_revenue({other.pk: 300_000_000}, at=AT)
    client = login(acme.manager)

    def names(query: str) -> list[str]:
        text = client.get(f"{url(acme, 'list')}?{query}").content.decode()
        return [name for name in ("Steel One", "Paper Two") if f">{name}<" in text]

    assert names("") == ["Steel One", "Paper Two"]
    assert names("q=eel+o") == names("industry=Steel") == names("region=North") == names("q=111") == ["Steel One"]
    assert names(f"owner={acme.rep2.pk}") == names("segment=B") == names("top=1") == ["Paper Two"]
    assert names(f"team={acme.team.pk}") == ["Steel One", "Paper Two"]
    assert names(f"team={acme.other_team.pk}") == names("kind=competitor") == names("q=nothing") == []
    assert names("quiet=30&assess=1") == ["Steel One", "Paper Two"]
    assert names("segment=Z&owner=x&team=9999999999999&quiet=7&sort=password&page=99") == ["Steel One", "Paper Two"]
    assert "No customer matches" in client.get(f"{url(acme, 'list')}?q=nothing").content.decode()
    for sort in ("name", "-segment", "owner", "-revenue", "last_contact"):
        assert client.get(f"{url(acme, 'list')}?sort={sort}").status_code == 200
    for sort, first, last in [
        ("-revenue", "Paper Two", "Steel One"),
        ("segment", "Paper Two", "Steel One"),
        ("last_contact", "Steel One", "Paper Two"),
        ("-last_contact", "Paper Two", "Steel One"),
    ]:
        text = client.get(f"{url(acme, 'list')}?sort={sort}").content.decode()
        assert text.index(f">{first}<") < text.index(f">{last}<")


def test_the_list_says_who_makes_the_revenue_and_what_it_is_for(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    assert "No customers yet" in client.get(url(acme, "list")).content.decode()
    with working_for(acme.org):
        made = [make_account(acme, f"Customer {n}") for n in range(5)]
        actions.note_revenue({made[0].pk: 900_000_00, made[1].pk: 100_000_00}, at=AT)
    text = client.get(url(acme, "list")).content.decode()
    assert "1 of 5 customers makes 90% of the revenue." in text
    assert "5 customers" in text
    assert ">1M<" in text


def test_pages_keep_the_filters(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        rows = [AccountRow(f"Company {n:03}", acme.rep.pk, fields={"industry": "Steel"}) for n in range(60)]
        actions.import_accounts(rows, by=acme.admin, at=AT)
    client = login(acme.rep)
    text = client.get(url(acme, "list") + "?industry=Steel").content.decode()
    assert "Company 049" in text
    assert "Company 050" not in text
    assert "industry=Steel&amp;page=2" in text
    second = client.get(url(acme, "list") + "?industry=Steel&page=2", headers={"HX-Request": "true"}).content.decode()
    assert "Company 050" in second
    assert "<html" not in second


def test_the_story_is_told_page_by_page(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.tell_many(
            (account.pk, "contact.created", acme.rep.pk, AT, account, {"name": f"Person {n:02}"}) for n in range(45)
        )
    client = login(acme.rep)
    address, seen = url(acme, "timeline", account.pk), []
    while address:
        text = client.get(address).content.decode()
        seen += [n for n in range(45) if f"Person {n:02}" in text]
        start = text.find('href="/o/', text.find('class="more"')) if 'class="more"' in text else -1
        address = text[start + 6 : text.index('"', start + 6)] if start > 0 else ""
    assert seen == sorted(seen)[::1] or sorted(seen) == list(range(45))
    assert len(seen) == 45
    for nonsense in ("x", "x_1", "2026-01-01_5", "_", "2026-01-01T00:00:00+00:00_99999999999999999999"):
        assert client.get(url(acme, "timeline", account.pk), {"before": nonsense}).status_code == 200


def test_an_entry_of_an_unknown_verb_or_old_data_is_told_all_the_same(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        account = make_account(acme)
        actions.tell(account, "moon.landed", by=None, at=AT, source=account, data={})
        actions.tell(account, "contact.created", by=None, at=AT, source=account, data={})
    text = login(acme.rep).get(url(acme, "account", account.pk)).content.decode()
    assert "moon.landed" in text
    assert "Contact added: —" in text


def test_suggestions_are_eight_and_end_with_a_new_one(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        rows = [AccountRow(f"Great Steel {n}", acme.rep.pk) for n in range(12)]
        actions.import_accounts([*rows, AccountRow("Steel First", acme.rep.pk)], by=acme.admin, at=AT)
        make_account(acme, "Steel of another", owner=acme.rep2)
    client = login(acme.rep)
    text = client.get(url(acme, "suggest"), {"q": "steel"}).content.decode()
    assert text.count('role="option"') == 9
    assert text.index("Steel First") < text.index("Great Steel")
    assert "Add customer “steel”" in text
    assert "another" not in text
    assert client.get(url(acme, "suggest")).content.decode().count('role="option"') == 8
    assert "Add customer" not in client.get(url(acme, "suggest"), {"q": "steel", "no_new": "1"}).content.decode()


def test_the_palette_finds_customers_and_people(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        make_contact(make_account(acme, "Umbrella <b>"), "Alice of Umbrella")
    found = login(acme.rep).get(reverse("salesops:search", args=[acme.org.slug]), {"q": "mbrel"}).content.decode()
    assert found.count('role="option"') == 2
    assert "Umbrella &lt;b&gt;" in found
    assert (
        login(acme.admin).get(reverse("salesops:search", args=[acme.org.slug]), {"q": "mbrel\x00"}).status_code == 200
    )
