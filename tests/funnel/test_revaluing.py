"""What was quoted in another currency is worth what the rates of the day say, as long as it is open."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from forecasting import queries as forecasting_queries
from forecasting.periods import Kind, period_of
from forecasting.waterfall import Bucket
from funnel import actions
from funnel.history import ImportedOpportunity
from funnel.models import Change, Opportunity
from funnel.revaluing import Worth, dated, worth
from funnel.slices import Slice
from funnel.stages import ChangeKind, Reason, Stage
from tenants.errors import Stale
from tenants.formats import LARGEST
from tenants.models import AuditEvent, ExchangeRate, Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, SECOND, going_on, make_account, make_opportunity

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
OLD, NEW, NIGHT = date(2026, 1, 1), AT.date() + timedelta(2), AT + 3 * DAY


@pytest.fixture(autouse=True)
def _scope(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        ExchangeRate.objects.create(currency="USD", on=OLD, rate="31.5")
        yield


def quote(cast: Cast, name: str = "Line", amount: int = 100_00) -> Opportunity:
    return make_opportunity(cast.rep, name, amount=amount, quoted_currency="USD")


def new_rate(rate: str = "32.1", on: date = NEW) -> ExchangeRate:
    made: ExchangeRate = ExchangeRate.objects.create(currency="USD", on=on, rate=rate)
    return made


def held(opportunity: Opportunity) -> tuple[int | None, date | None, int]:
    opportunity.refresh_from_db()
    return opportunity.amount, opportunity.rate_on, opportunity.version


# The rule -----------------------------------------------------------------------------------------

RATES = dated([("USD", NEW, Decimal("32.100")), ("USD", OLD, Decimal("31.5")), ("JPY", OLD, Decimal("0.215"))])


def test_the_last_rate_up_to_the_day_counts() -> None:
    assert worth(100_00, "USD", OLD, RATES, on=NEW - timedelta(1)) == Worth(3_150_00, OLD, Decimal("31.5"))
    found = worth(100_00, "USD", OLD, RATES, on=NEW)
    assert found == Worth(3_210_00, NEW, Decimal("32.1"))
    assert found.words("USD") == "USD 32.1"
    assert worth(1, "JPY", OLD, RATES, on=NEW) == Worth(0, OLD, Decimal("0.215"))
    assert worth(7, "JPY", OLD, RATES, on=NEW) == Worth(2, OLD, Decimal("0.215")), "half is rounded up, as when typed"


def test_a_later_rate_a_missing_one_and_what_is_too_much_leave_it_as_it_is() -> None:
    assert worth(100_00, "USD", NEW, RATES, on=NEW - timedelta(1)) is None
    assert worth(100_00, "EUR", OLD, RATES, on=NEW) is None
    assert worth(100_00, "USD", OLD - timedelta(9), RATES, on=OLD - timedelta(1)) is None
    assert worth(LARGEST - 1, "USD", OLD, RATES, on=NEW) is None


@given(st.integers(0, 10**12), st.sampled_from(["USD", "JPY"]), st.dates(OLD, NEW + timedelta(9)))
def test_valued_anew_is_what_would_be_typed_that_day(quoted: int, currency: str, on: date) -> None:
    found = worth(quoted, currency, OLD, RATES, on=on)
    assert found is not None
    assert found.rate_on <= on
    assert worth(quoted, currency, found.rate_on, RATES, on=on) == found, "twice is once"


# The action ---------------------------------------------------------------------------------------


def test_open_ones_follow_the_rate_and_their_log_says_so(acme: Cast) -> None:
    opportunity, plain = quote(acme), make_opportunity(acme.rep, "In our own")
    new_rate()
    assert actions.revalue(on=NEW - timedelta(1), at=NIGHT) == 0
    assert held(opportunity) == (3_150_00, OLD, 1)
    assert actions.revalue(on=NEW, at=NIGHT) == 1
    assert held(opportunity) == (3_210_00, NEW, 2)
    assert held(plain) == (MILLION, None, 1)
    row = Change.objects.get(opportunity=opportunity, kind=ChangeKind.RATE)
    assert (row.old, row.new, row.by, row.why, row.occurred_at) == (3_150_00, 3_210_00, None, "USD 32.1", NIGHT)
    event = AuditEvent.objects.get(verb="opportunity.revalued")
    assert event.data == {"count": 1, "changes": {"amount": [3_150_00, 3_210_00]}}


def test_by_the_same_rates_again_nothing_changes(acme: Cast) -> None:
    opportunity = quote(acme)
    new_rate()
    actions.revalue(on=NEW, at=NIGHT)
    before, rows = held(opportunity), Change.objects.count()
    assert actions.revalue(on=NEW, at=NIGHT + DAY) == 0
    assert (held(opportunity), Change.objects.count()) == (before, rows)
    assert AuditEvent.objects.filter(verb="opportunity.revalued").count() == 1


def test_a_new_day_of_the_same_rate_is_noted_and_is_no_change(acme: Cast) -> None:
    opportunity = quote(acme)
    new_rate("31.5")
    assert actions.revalue(on=NEW, at=NIGHT) == 0
    assert held(opportunity) == (3_150_00, NEW, 1)
    assert not Change.objects.filter(kind=ChangeKind.RATE).exists()


def test_a_late_night_never_goes_back_behind_what_was_typed_since(acme: Cast) -> None:
    new_rate()
    opportunity = make_opportunity(acme.rep, at=AT + 2 * DAY, amount=100_00, quoted_currency="USD")
    assert held(opportunity)[1] == NEW
    assert actions.revalue(on=NEW - timedelta(1), at=NIGHT) == 0
    assert held(opportunity) == (3_210_00, NEW, 1)


def test_when_a_rate_is_deleted_the_one_before_counts_again(acme: Cast) -> None:
    opportunity, rate = quote(acme), new_rate()
    actions.revalue(on=NEW, at=NIGHT)
    rate.delete()
    assert actions.revalue(on=NEW, at=NIGHT + DAY) == 1
    assert held(opportunity) == (3_150_00, OLD, 3)


def test_what_is_won_or_lost_keeps_its_value(acme: Cast, globex: Cast) -> None:
    won, lost = quote(acme, "Won"), quote(acme, "Lost")
    actions.win(won, seen=1, by=acme.rep, at=AT + SECOND)
    actions.lose(lost, seen=1, reason=Reason.PRICE, by=acme.rep, at=AT + SECOND)
    with working_for(globex.org):
        ExchangeRate.objects.create(currency="USD", on=OLD, rate="30")
        theirs = quote(globex)
    new_rate()
    assert actions.revalue(on=NEW, at=NIGHT) == 0
    assert [held(each)[0] for each in (won, lost)] == [3_150_00, 3_150_00]
    with working_for(globex.org):
        assert held(theirs)[0] == 3_000_00


def test_a_form_that_was_open_before_is_told(acme: Cast) -> None:
    opportunity = quote(acme)
    new_rate()
    actions.revalue(on=NEW, at=NIGHT)
    with pytest.raises(Stale) as stale:
        actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=NIGHT + SECOND, amount=3_150_00)
    assert stale.value.theirs["amount"] == 3_210_00
    same: dict[str, Any] = {"amount": 100_00, "quoted_currency": "USD"}
    actions.change_opportunity(opportunity, seen=2, by=acme.rep, at=NIGHT + SECOND, name="Other", **same)
    assert held(opportunity)[:2] == (3_210_00, NEW), "the same quotation keeps what it is worth now"


def test_an_amount_from_another_system_ends_the_quotation(acme: Cast) -> None:
    row = ImportedOpportunity(
        external_id="A-1",
        account_id=make_account(acme.rep, "Buyer").pk,
        owner_id=acme.rep.pk,
        name="Press",
        opened_at=AT - DAY,
        amounts=[(MILLION, AT - DAY)],
    )
    actions.import_opportunities([row], by=acme.manager, at=AT)
    opportunity = Opportunity.objects.get()
    facts: dict[str, Any] = {"amount": 100_00, "quoted_currency": "USD"}
    actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=AT + SECOND, **facts)
    again = replace(row, amounts=[(2 * MILLION, AT + 2 * SECOND)])
    actions.import_opportunities([again], by=acme.manager, at=AT + DAY)
    new_rate()
    assert actions.revalue(on=NEW, at=NIGHT) == 0
    assert held(opportunity)[:2] == (2 * MILLION, None)


def test_thirty_cost_as_many_queries_as_one(acme: Cast) -> None:
    quote(acme)
    new_rate()
    with CaptureQueriesContext(
        connection,
    ) as one:
        actions.revalue(on=NEW, at=NIGHT)
    for number in range(30):
        quote(acme, f"Line {number}")
    new_rate("33", on=NEW + timedelta(1))
    with CaptureQueriesContext(connection) as thirty:
        assert actions.revalue(on=NEW + timedelta(1), at=NIGHT + DAY) == 31
    assert len(thirty) == len(one) <= 8


# What people see of it ----------------------------------------------------------------------------


def test_the_waterfall_keeps_it_apart_from_what_people_did(acme: Cast) -> None:
    opportunity = quote(acme)
    new_rate()
    actions.revalue(on=NEW, at=NIGHT)
    assert opportunity.expected_close_on is not None
    period = period_of(Kind.QUARTER, opportunity.expected_close_on)
    found = forecasting_queries.waterfall(period, Slice(), since=AT + DAY)
    assert found.buckets == [(Bucket.CURRENCY, 60_00, 1)]
    actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=NIGHT + DAY, **going_on(NIGHT))
    assert forecasting_queries.waterfall(period, Slice(), since=AT + DAY).buckets == [(Bucket.CURRENCY, 60_00, 1)]


def test_the_page_says_which_rate_it_was(acme: Cast, login: Login) -> None:
    opportunity = quote(acme)
    new_rate()
    actions.revalue(on=NEW, at=NIGHT)
    page = login(acme.rep).get(reverse("funnel:opportunity", args=["acme", opportunity.pk])).content.decode()
    assert "Amount by exchange rate" in page
    assert "USD 32.1" in page
