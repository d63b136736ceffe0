"""Numbers no version, key or row can be."""

from collections.abc import Callable

import pytest
from django.test import Client

from exchange.targets import answered_id
from tenants.models import Membership
from tests.cast import Cast
from tests.exchange.factories import make_csv
from tests.exchange.test_pages import latest, upload, url

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]


@pytest.mark.parametrize("version", ["9" * 5_000, "²", "", "-1"])
def test_a_version_that_cannot_be_is_stale(acme: Cast, login: Login, version: str) -> None:
    client = login(acme.executive)
    upload(client, acme, make_csv(["客戶名稱"], ["台積電"]))
    answer = client.post(url(acme, "import_run", latest(acme).pk), {"version": version})
    assert answer.status_code in {303, 409}


@pytest.mark.parametrize("answer", ["id:" + "9" * 5_000, "id:²", "id:", "id:-1", "7"])
def test_an_answer_that_names_no_row(answer: str) -> None:
    assert answered_id(answer) is None
