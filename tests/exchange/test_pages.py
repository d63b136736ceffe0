"""The pages of an import, as a browser without script walks through them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from exchange.models import Import
from exchange.states import ImportState
from exchange.targets import TARGETS
from jobs import running
from jobs.models import Notification
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import checked, make_csv, make_import

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]

ACCOUNTS = make_csv(
    ["客戶名稱", "產業", "負責人"], ["台積電", "半導體", "Rep Acme"], ["鴻海", "電子", "Nobody"], ["", "x", ""]
)


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(f"exchange:{name}", args=[cast.org.slug, *args])


def upload(client: Client, cast: Cast, data: bytes, target: str = "accounts", name: str = "客戶.csv") -> Any:
    return client.post(url(cast, "import_new"), {"target": target, "file": SimpleUploadedFile(name, data)})


def latest(cast: Cast) -> Import:
    with working_for(cast.org):
        found: Import = Import.objects.select_related("job").first()
        return found


def fields_of(html: str) -> dict[str, str]:
    """What a browser would send of the first form but one's own sign-out: hidden inputs and selects."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    for name, body in re.findall(r'<select class="input" name="([^"]+)".*?>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(r'<option value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    return found


def work(cast: Cast) -> None:
    with working_for(cast.org):
        running.run(latest(cast).job)


@pytest.fixture
def client(acme: Cast, login: Login) -> Client:
    """The executive's browser."""
    return login(acme.executive)


def test_from_a_file_to_customers(acme: Cast, client: Client) -> None:
    empty = client.get(url(acme, "imports")).content.decode()
    assert "Bring in what you have" in empty
    with working_for(acme.org):
        assert [each.label for each in TARGETS.values() if str(each.label).lower() not in empty.lower()] == []
    assert client.get(url(acme, "import_new")).status_code == 200
    response = upload(client, acme, ACCOUNTS)
    imported = latest(acme)
    assert response.headers["Location"] == url(acme, "import_detail", imported.pk)
    response = client.get(response.headers["Location"], follow=True)
    page = response.content.decode()
    assert response.redirect_chain[-1][0] == url(acme, "import_mapping", imported.pk)
    assert "台積電" in page
    sent = fields_of(page)
    assert [sent[f"column-{n}"] for n in range(3)] == ["name", "industry", "owner"]
    response = client.post(url(acme, "import_mapping", imported.pk), sent)
    assert response.status_code == 303
    assert "jobs/" in client.get(response.headers["Location"]).content.decode()
    work(acme)
    response = client.get(response.headers["Location"], follow=True)
    page = response.content.decode()
    assert response.redirect_chain[-1][0] == url(acme, "import_preview", imported.pk)
    assert "Import 2 rows" in page
    assert "Row 4, 客戶名稱: must not be empty" in page
    with working_for(acme.org):
        assert Account.objects.count() == 0
    client.post(url(acme, "import_run", imported.pk), {"version": latest(acme).version})
    work(acme)
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "Rejected" in page
    with working_for(acme.org):
        owners = dict(Account.objects.values_list("name", "owner__user__name"))
    assert owners == {"台積電": "Rep Acme", "鴻海": "Executive Acme"}
    response = client.get(url(acme, "import_rejects", imported.pk))
    body = response.content.decode("utf-8-sig")
    assert body.splitlines() == ["客戶名稱,產業,負責人,⚠ Reason", ',x,,"Row 4, 客戶名稱: must not be empty"']
    assert "客戶.csv" in client.get(url(acme, "imports")).content.decode()
    with working_for(acme.org):
        told = {notice.text for notice in Notification.objects.all()}
    assert told >= {
        "“客戶.csv” is checked; rows: 3. New 2, Rejected 1.",
        "“客戶.csv” is imported; rows: 3. New 2, Rejected 1.",
    }
    assert not any("is done" in text for text in told)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "There is nothing in this file"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"name\n", "no rows below"),
        (b"PK\x03\x04 broken", "damaged"),
    ],
)
def test_a_file_that_is_no_table(acme: Cast, client: Client, data: bytes, words: str) -> None:
    response = upload(client, acme, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    with working_for(acme.org):
        assert Import.objects.count() == 0


def test_a_form_without_a_file(acme: Cast, client: Client) -> None:
    assert client.post(url(acme, "import_new"), {"target": "accounts"}).status_code == 422
    assert client.post(url(acme, "import_new"), {"target": "nothing"}).status_code == 422


def test_sending_twice_makes_one(acme: Cast, client: Client) -> None:
    key = fields_of(client.get(url(acme, "import_new")).content.decode())
    request_key = re.search(r'name="request_key" value="([^"]+)"', client.get(url(acme, "import_new")).content.decode())
    assert request_key, key
    for _ in range(2):
        data = {"target": "accounts", "file": SimpleUploadedFile("a.csv", ACCOUNTS), "request_key": request_key[1]}
        client.post(url(acme, "import_new"), data)
    with working_for(acme.org):
        assert Import.objects.count() == 1


def test_a_required_field_and_a_field_twice(acme: Cast, client: Client) -> None:
    upload(client, acme, ACCOUNTS)
    imported = latest(acme)
    sent = fields_of(client.get(url(acme, "import_mapping", imported.pk)).content.decode())
    response = client.post(url(acme, "import_mapping", imported.pk), sent | {"column-0": "industry"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Choose the column that holds: Name" in page
    assert "is filled by" in page


def test_choosing_a_column_asks_anew(acme: Cast, client: Client) -> None:
    upload(client, acme, ACCOUNTS)
    imported = latest(acme)
    sent = fields_of(client.get(url(acme, "import_mapping", imported.pk)).content.decode())
    assert any(name.startswith("owner-") and name != "owner-default" for name in sent)
    response = client.post(
        url(acme, "import_mapping", imported.pk), sent | {"column-2": "", "ask": "1"}, headers={"HX-Request": "true"}
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert page.startswith('<div id="questions"')
    assert "Nobody" not in page


def test_a_stale_mapping_is_told(acme: Cast, client: Client) -> None:
    upload(client, acme, ACCOUNTS)
    imported = latest(acme)
    sent = fields_of(client.get(url(acme, "import_mapping", imported.pk)).content.decode())
    with working_for(acme.org):
        checked(imported, by=acme.executive)
    response = client.post(url(acme, "import_mapping", imported.pk), sent | {"column-1": ""})
    assert response.status_code == 409
    assert "Industry = 產業" in response.content.decode()
    response = client.post(url(acme, "import_run", imported.pk), {"version": 1})
    assert response.status_code == 409


def test_reading_it_another_way(acme: Cast, client: Client) -> None:
    upload(client, acme, "客戶,城市\n測試,台北\n".encode("cp950"))
    imported = latest(acme)
    how = {"encoding": "gb18030", "delimiter": ",", "header_row": 1}
    assert client.post(url(acme, "import_reading", imported.pk), how).status_code == 303
    assert latest(acme).headers != ["客戶", "城市"]
    assert client.post(url(acme, "import_reading", imported.pk), how | {"encoding": "cp950"}).status_code == 303
    assert latest(acme).headers == ["客戶", "城市"]
    response = client.post(url(acme, "import_reading", imported.pk), how | {"header_row": 9})
    assert response.status_code == 422
    assert "Row 9" in response.content.decode()
    assert latest(acme).headers == ["客戶", "城市"]


def test_templates_have_the_headings(acme: Cast, client: Client) -> None:
    body = client.get(url(acme, "import_template", "opportunities")).content.decode("utf-8-sig")
    assert body.startswith("Number in the other system,Opportunity,Customer")
    assert client.get(url(acme, "import_template", "nothing")).status_code == 404


def test_who_may(acme: Cast, login: Login) -> None:
    for member, status in (
        (acme.rep, 403),
        (acme.partner, 403),
        (acme.colleague, 403),
        (acme.manager, 200),
        (acme.admin, 200),
    ):
        assert login(member).get(url(acme, "imports")).status_code == status


def test_strangers_see_nothing(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(acme.org):
        imported = checked(make_import("accounts", ACCOUNTS, by=acme.executive), by=acme.executive)
    for client, cast in ((login(globex.executive), globex), (login(acme.manager), acme)):
        for name in ("import_detail", "import_mapping", "import_preview", "import_rejects"):
            assert client.get(url(cast, name, imported.pk)).status_code == 404
        for name in ("import_mapping", "import_reading", "import_run"):
            assert client.post(url(cast, name, imported.pk)).status_code == 404
    with working_for(acme.org):
        imported.refresh_from_db()
    assert imported.state == ImportState.CHECKED


def test_pages_cost_the_same_for_few_rows_and_many(
    acme: Cast, client: Client, django_assert_max_num_queries: Any
) -> None:
    with working_for(acme.org):
        rows = [[f"客戶 {n}", "電子", f"業務 {n % 20}"] for n in range(1500)]
        data = make_csv(["客戶名稱", "產業", "負責人"], *rows)
        imported = make_import("accounts", data, by=acme.executive)
    with django_assert_max_num_queries(15):
        client.get(url(acme, "import_mapping", imported.pk))
    with working_for(acme.org):
        checked(imported, by=acme.executive)
    with django_assert_max_num_queries(15):
        client.get(url(acme, "import_preview", imported.pk))
    with django_assert_max_num_queries(15):
        client.get(url(acme, "imports"))
