"""Holidays, and the Saturdays worked for them."""

from datetime import date

import pytest
from django.utils import timezone

from tenants import actions, queries
from tenants.models import Holiday
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.tenants.places import HTMX, Login, url

pytestmark = pytest.mark.django_db


def test_a_holiday_of_several_days_and_the_saturday_before(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    client.post(url(acme, "calendar"), {"name": "春節", "first": "2026-02-16", "last": "2026-02-20"})
    client.post(url(acme, "calendar"), {"name": "補班", "first": "2026-02-14", "is_working": "on"})
    with working_for(acme.org):
        days = queries.calendar_of(acme.org)
    assert days.count(date(2026, 2, 1), date(2026, 2, 28)) == 16
    page = client.get(url(acme, "calendar"), {"year": "2026"}).content.decode()
    assert "春節" in page
    assert '<th scope="row">February</th><td class="num">16</td>' in page
    assert "春節" not in client.get(url(acme, "calendar"), {"year": "2027"}).content.decode()


def test_adding_the_same_days_twice_adds_them_once(acme: Cast, login: Login) -> None:
    data = {"name": "春節", "first": "2026-02-16", "last": "2026-02-20"}
    client = login(acme.admin)
    assert [client.post(url(acme, "calendar"), data).status_code for _ in range(2)] == [303, 303]
    taken = client.post(url(acme, "calendar"), {"name": "Other", "first": "2026-02-20", "last": "2026-02-21"})
    assert taken.status_code == 422
    assert "2026-02-20" in taken.content.decode()
    with working_for(acme.org):
        assert Holiday.objects.count() == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2026-02-20", "last": "2026-02-19"},
        {"first": "2026-01-01", "last": "2026-12-31"},
        {"first": "x"},
        {"first": "2026-02-20", "name": ""},
    ],
)
def test_days_that_cannot_be(acme: Cast, login: Login, wrong: dict[str, str]) -> None:
    assert login(acme.admin).post(url(acme, "calendar"), {"name": "x", **wrong}).status_code == 422


@pytest.mark.parametrize("year", ["x", "0", "99999999999", "-1", "١٢٣٤"])
def test_a_year_that_cannot_be_is_this_year(acme: Cast, login: Login, year: str) -> None:
    page = login(acme.admin).get(url(acme, "calendar"), {"year": year})
    this_year = f"/o/acme/settings/calendar/?year={timezone.now().year}"
    assert f'<a aria-current="true" href="{this_year}">' in page.content.decode()


def test_deleting_a_day_and_taking_it_back(acme: Cast, globex: Cast, login: Login) -> None:
    for cast in (acme, globex):
        with working_for(cast.org):
            actions.add_days_to_calendar(
                cast.org, first=AT.date(), last=AT.date(), name="元旦 & 連假", is_working=True, by=cast.admin, at=AT
            )
    with working_for(globex.org):
        foreign = Holiday.objects.get().pk
    with working_for(acme.org):
        pk = Holiday.objects.get().pk
    client = login(acme.admin)
    assert client.post(url(acme, "delete_holiday", foreign)).status_code == 404
    response = client.post(url(acme, "delete_holiday", pk), headers=HTMX)
    with working_for(acme.org):
        assert not Holiday.objects.exists()
    undo = response.headers["HX-Trigger"].split('"undo_url": "')[1].split('"')[0]
    client.post(undo, headers=HTMX)
    with working_for(acme.org):
        back = Holiday.objects.get()
    assert (back.name, back.on, back.is_working) == ("元旦 & 連假", AT.date(), True)
