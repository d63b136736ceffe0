"""What somebody else holds is said to be held, never to be broken."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client, RequestFactory

from funnel import actions
from funnel.actions import _log
from funnel.bulk import BulkKind
from funnel.models import BulkChange, Opportunity
from salesops.middleware import held_rows
from tenants.models import Membership
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity

Login = Callable[[Membership], Client]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("swap", [False, True])
def test_a_row_that_another_holds(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch, swap: bool) -> None:
    with working_for(acme.org):
        deal = make_opportunity(acme.rep)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with working_for(acme.org), transaction.atomic():
                Opportunity.objects.select_for_update().get(pk=deal.pk)
                taken.set()
                done.wait(20)
        finally:
            connections.close_all()

    def impatient(*args: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 50")
        return lock(*args)

    lock = _log.lock
    monkeypatch.setattr("funnel.actions._log.lock", impatient)
    client, headers = login(acme.rep), {"HX-Request": "true"} if swap else {}
    client.raise_request_exception = False
    other = threading.Thread(target=hold)
    other.start()
    try:
        assert taken.wait(20)
        url = f"/o/{acme.org.slug}/funnel/{deal.pk}/close/abandoned/"
        answer = client.post(url, {"reason": "timing", "version": deal.version}, headers=headers)
    finally:
        done.set()
        other.join()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "Somebody is changing this just now" in answer.content.decode()
    assert client.post(url, {"reason": "timing", "version": deal.version}).status_code == 303


@pytest.mark.parametrize(("code", "status"), [("55P03", 503), ("40P01", 503), ("57014", None), (None, None)])
def test_only_what_is_held(code: str | None, status: int | None) -> None:
    cause = Exception()
    cause.pgcode = code  # type: ignore[attr-defined]
    error = OperationalError()
    error.__cause__ = cause
    handler: Any = held_rows(lambda request: pytest.fail("not asked"))
    answer = handler.process_exception(RequestFactory().get("/"), error)
    assert (answer and answer.status_code) == status
    assert handler.process_exception(RequestFactory().get("/"), ValueError()) is None


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_double_click_draws_up_one_change(acme: Cast) -> None:
    with working_for(acme.org):
        ids = [make_opportunity(acme.rep, name=f"No. {n}").pk for n in range(5)]
    both = threading.Barrier(2)

    def draw(key: uuid.UUID) -> int:
        try:
            both.wait(20)
            with working_for(acme.org):
                return int(actions.draw_up(BulkKind.STAGE, 2, ids, request_key=key, by=acme.rep, at=AT).pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for _once_more in range(5):
            key = uuid.uuid4()
            assert len(set(pool.map(draw, [key, key]))) == 1
    with reading(acme.org):
        assert BulkChange.objects.count() == 5
