"""The crawl: every address, every method, every role, with the other tenant's ids: nothing comes back or changes."""

import pytest

from tests.cast import Cast
from tests.walls.crawl import REFUSED, ROLES, SIGNS_OUT, Browser, crawl
from tests.walls.examples import addresses
from tests.walls.own import Own
from tests.walls.state import differences, state_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.mark.parametrize("role", ROLES)
def test_nothing_foreign_comes_back_and_nothing_changes(own: Own, stranger: Cast, role: str) -> None:
    before = state_of(stranger.org)
    assert list(crawl(own, stranger, role)) == []
    assert differences(before, state_of(stranger.org)) == []


def test_nobody_gets_in_without_signing_in(own: Own, stranger: Cast) -> None:
    before = state_of(own.cast.org)
    browser = Browser()
    for address in addresses():
        if not address.is_inside or address.name == "tenants:join":
            continue
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            for htmx in (False, True):
                answer = browser.ask(method, address.of(own), htmx=htmx)
                assert answer.status in {204, 302, *REFUSED}, answer.asked
    assert differences(before, state_of(own.cast.org)) == []


def test_signing_out_is_the_only_address_left_out() -> None:
    assert SIGNS_OUT in {address.name for address in addresses()}
