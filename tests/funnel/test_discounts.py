"""Discounts: what may be given alone, what was granted for which price, and what is left."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Product
from funnel import actions, queries
from funnel.approvals import ApprovalKind, Demand
from funnel.discounts import NONE, Basis, DiscountLimits, Grant, after, allowed, ask_discount, check_limits
from funnel.history import as_it_stood
from funnel.models import Approval, Change, DiscountSetting, Opportunity
from tenants import actions as tenants_actions
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.accounts.factories import make_product
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, going_on, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX: Any = {"HTTP_HX_REQUEST": "true"}
LIMITS = DiscountLimits(Decimal(5), Decimal(15))
BASIS = Basis(MILLION, "", None)


def give(deal: Opportunity, percent: Any, *, by: Membership | None = None, **more: Any) -> Opportunity:
    """Give a discount as the owner, who saw it as it stands."""
    seen = Opportunity.objects.get(pk=deal.pk).version
    return actions.give_discount(deal, Decimal(percent), by=by or deal.owner, **{"seen": seen, "at": AT, **more})


def ask(deal: Opportunity, percent: Any) -> Approval:
    """Ask for a discount."""
    demand = Demand(ApprovalKind.DISCOUNT, percent=Decimal(percent))
    return actions.ask_approval(now(deal), demand, why="A rival is cheaper", by=deal.owner, at=AT)


def granted(deal: Opportunity, percent: Any, by: Membership, **more: Any) -> Approval:
    """Ask for a discount, which is granted."""
    return actions.grant(ask(deal, percent), seen=1, by=by, at=AT, **more)


def now(deal: Opportunity) -> Opportunity:
    found: Opportunity = Opportunity.objects.get(pk=deal.pk)
    return found


# The rule -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "expected"),
    [(Role.REP, 5), (Role.PARTNER, 5), (Role.COLLEAGUE, 5), (Role.MANAGER, 15), (Role.EXECUTIVE, 100)],
)
def test_what_a_role_may_give_alone(role: Role, expected: int) -> None:
    assert allowed(LIMITS, role, BASIS, []) == expected


@pytest.mark.parametrize(
    ("basis", "expected"),
    [(BASIS, 12), (Basis(MILLION + 1, "", None), 5), (Basis(MILLION, "USD", None), 5), (Basis(MILLION, "", 7), 5)],
)
def test_what_was_granted_counts_for_this_price_and_product_alone(basis: Basis, expected: int) -> None:
    assert allowed(LIMITS, Role.REP, basis, [Grant(Decimal(12), BASIS), Grant(Decimal(2), basis)]) == expected


@pytest.mark.parametrize(
    ("percent", "basis", "code"),
    [
        (Decimal(-1), BASIS, "discount_zero_to_all"),
        (Decimal(101), BASIS, "discount_zero_to_all"),
        (Decimal(1), Basis(None, "", None), "amount_needed"),
        (Decimal("5.1"), BASIS, "discount_beyond"),
    ],
)
def test_a_discount_is_refused(percent: Decimal, basis: Basis, code: str) -> None:
    ask_discount(Decimal(5), allowed=Decimal(5), basis=BASIS)
    with pytest.raises(Refused, match=code):
        ask_discount(percent, allowed=Decimal(5), basis=basis)


@pytest.mark.parametrize(
    ("rep", "manager", "code"),
    [(-1, 5, "limit_range"), (5, 101, "limit_range"), (101, 5, "limit_range"), (6, 5, "limits_not_ascending")],
)
def test_limits_are_in_order(rep: int, manager: int, code: str) -> None:
    check_limits(DiscountLimits(Decimal(5), Decimal(5)))
    with pytest.raises(Refused, match=code):
        check_limits(DiscountLimits(Decimal(rep), Decimal(manager)))


@given(price=st.integers(0, 10**15), tenths=st.integers(0, 1000))
def test_what_is_left_is_the_price_without_the_discount(price: int, tenths: int) -> None:
    percent = Decimal(tenths) / 10
    left = after(price, percent)
    assert 0 <= left <= price
    assert abs(left * 1000 - price * (1000 - tenths)) <= 500
    assert after(price, Decimal(0)) == price
    assert after(price, Decimal(100)) == 0


# Giving -------------------------------------------------------------------------------------------


def test_a_discount_is_taken_off_the_price_before_it_each_time(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    given_ = give(deal, 4)
    assert (given_.amount, given_.discount, given_.full_amount) == (MILLION * 96 // 100, Decimal(4), MILLION)
    given_ = give(deal, "2.5")
    assert (given_.amount, given_.full_amount) == (MILLION * 975 // 1000, MILLION)
    given_ = give(deal, 0)
    assert (given_.amount, given_.discount, given_.full_amount) == (MILLION, NONE, None)
    changes = Change.objects.filter(opportunity=deal, kind="amount").order_by("id")
    assert (changes[0].new, changes[0].why) == (MILLION * 96 // 100, "−4%")
    assert AuditEvent.objects.filter(verb="opportunity.discounted").count() == changes.count() == 3


def test_a_double_click_counts_once_and_who_saw_another_price_is_stale(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    give(deal, 4, seen=1)
    assert give(deal, 4, seen=1).version == 2
    with pytest.raises(Stale):
        give(deal, 3, seen=1)
    assert Change.objects.filter(opportunity=deal, kind="amount").count() == 1


def test_more_than_ones_limit_is_refused_until_it_is_granted(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    with pytest.raises(Refused, match="discount_beyond") as refused:
        give(deal, 8)
    assert refused.value.data == {"limit": "5", "percent": "8"}
    made = ask(deal, 8)
    with pytest.raises(Refused, match="discount_beyond"):
        give(deal, 8)
    actions.grant(made, seen=1, by=acme.manager, at=AT)
    assert give(deal, "7.9").discount == Decimal("7.9")
    assert give(deal, 8).amount == MILLION * 92 // 100  # the price before it is the same still
    with pytest.raises(Refused, match="discount_beyond"):
        give(deal, "8.1")
    assert give(make_opportunity(acme.manager, "m"), 15).discount == 15
    assert give(make_opportunity(acme.executive, "e"), 60).discount == 60


def test_what_was_granted_for_one_opportunity_counts_for_no_other_of_the_same_price(acme: Cast) -> None:
    granted(make_opportunity(acme.rep), 12, acme.manager)
    with pytest.raises(Refused, match="discount_beyond"):
        give(make_opportunity(acme.rep, "twin"), 12)


def test_no_discount_is_asked_where_there_is_no_price(acme: Cast) -> None:
    with pytest.raises(Refused, match="amount_needed"):
        ask(make_opportunity(acme.rep, amount=None), 8)


def test_more_than_a_manager_may_give_is_granted_by_an_executive(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    made = ask(deal, 20)
    assert made.approver == acme.executive
    with pytest.raises(Refused, match="not_decider"):
        actions.grant(made, seen=1, by=acme.manager, at=AT)
    actions.grant(made, seen=1, by=acme.executive, at=AT)
    assert give(deal, 20).discount == 20


def test_what_was_granted_does_not_carry_over_to_another_price_or_product(acme: Cast) -> None:
    product: Product = make_product(acme)
    for facts in ({"amount": 2 * MILLION}, {"product": product}):
        deal = make_opportunity(acme.rep, str(facts))
        made = granted(deal, 12, acme.manager)
        assert queries.as_request(made, acme.rep).may_give
        actions.change_opportunity(now(deal), seen=1, by=acme.rep, at=AT, **facts)
        with pytest.raises(Refused, match="discount_beyond"):
            give(deal, 12)
        made = Approval.objects.get(pk=made.pk)
        assert (queries.as_request(made, acme.rep).is_stale, queries.as_request(made, acme.rep).may_give) == (
            True,
            False,
        )


def test_what_waits_for_another_price_is_not_granted(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    made = ask(deal, 12)
    actions.change_opportunity(now(deal), seen=1, by=acme.rep, at=AT, amount=2 * MILLION)
    assert queries.as_request(Approval.objects.get(pk=made.pk), acme.manager).is_stale
    with pytest.raises(Refused, match="price_changed"):
        actions.grant(made, seen=1, by=acme.manager, at=AT)
    assert actions.refuse(made, seen=1, word="Ask anew", by=acme.manager, at=AT).state == "refused"


def test_what_was_granted_until_a_day_ends_with_it(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    granted(deal, 12, acme.manager, until=AT.date())
    with pytest.raises(Refused, match="discount_beyond"):
        give(deal, 12, at=AT + DAY)
    assert give(deal, 12).discount == 12


def test_a_price_typed_by_hand_carries_no_discount_and_another_product_goes_back_to_it(acme: Cast) -> None:
    deal = give(make_opportunity(acme.rep), 4)
    same = {"amount": deal.amount, "name": "Renamed"}
    renamed = actions.change_opportunity(deal, seen=2, by=acme.rep, at=AT, **same)  # type: ignore[arg-type]  # facts
    assert (renamed.discount, renamed.full_amount) == (Decimal(4), MILLION)
    other = actions.change_opportunity(
        deal, seen=3, by=acme.rep, at=AT, product=make_product(acme), amount=renamed.amount
    )
    assert (other.amount, other.discount, other.full_amount) == (MILLION, NONE, None)
    give(deal, 5)
    typed = actions.change_opportunity(deal, seen=now(deal).version, by=acme.rep, at=AT, amount=7)
    assert (typed.amount, typed.discount, typed.full_amount) == (7, NONE, None)


def test_a_price_in_another_currency_is_discounted_at_its_own_rate(acme: Cast) -> None:
    tenants_actions.add_rate(acme.org, currency="USD", on=AT.date(), rate=Decimal(30), by=acme.admin, at=AT)
    deal = make_opportunity(acme.rep, amount=1_000_00, quoted_currency="USD")
    tenants_actions.add_rate(
        acme.org, currency="USD", on=AT.date() + timedelta(days=9), rate=Decimal(40), by=acme.admin, at=AT
    )
    given_ = give(deal, 5, at=AT + 20 * DAY)
    assert (given_.quoted_amount, given_.amount, given_.full_amount) == (950_00, 28_500_00, 1_000_00)
    assert give(deal, 0, at=AT + 20 * DAY).amount == 30_000_00


def test_a_deal_won_at_another_price_carries_no_discount(acme: Cast) -> None:
    deal = give(make_opportunity(acme.rep, stage=6), 4)
    won = actions.win(deal, seen=deal.version, by=acme.rep, at=AT + DAY, amount=MILLION // 2, **going_on(AT + DAY))
    assert (won.amount, won.discount, won.full_amount) == (MILLION // 2, NONE, None)
    with pytest.raises(Refused, match="closed"):
        give(deal, 1)


# The setting --------------------------------------------------------------------------------------


def test_the_limits_are_set_once_and_audited(acme: Cast) -> None:
    limits = DiscountLimits(Decimal(3), Decimal(10))
    setting = actions.change_discounts(limits, seen=0, by=acme.admin, at=AT)
    assert (setting.limits, setting.version) == (limits, 1)
    assert actions.change_discounts(limits, seen=1, by=acme.admin, at=AT).version == 1
    with pytest.raises(Stale) as stale:
        actions.change_discounts(DiscountLimits(Decimal(4), Decimal(10)), seen=0, by=acme.admin, at=AT)
    assert stale.value.theirs == {"rep_percent": 3, "manager_percent": 10}
    assert AuditEvent.objects.filter(verb="discount_setting.changed").count() == 1
    with pytest.raises(Refused, match="discount_beyond"):
        give(make_opportunity(acme.rep), 4)


def test_the_page_says_what_another_limit_does_before_it_is_done(acme: Cast, login: Login) -> None:
    give(make_opportunity(acme.rep), 5)
    ask(make_opportunity(acme.rep, "asked"), 12)
    ask(make_opportunity(acme.rep, "more"), 20)
    admin, url = login(acme.admin), "/o/acme/funnel/discounts/"
    effect = admin.post(f"{url}effect/", {"rep": "3", "manager": "10", "version": 0}, **HTMX).content.decode()
    assert "1 open opportunity of a rep has a discount above 3 %" in effect
    assert "1 request that waits can then be granted by an executive alone" in effect
    effect = admin.post(f"{url}effect/", {"rep": "5", "manager": "25", "version": 0}, **HTMX).content.decode()
    assert "1 request that waits with an executive can then be granted by a manager too" in effect
    assert b"What this will do" not in admin.post(f"{url}effect/", {"rep": "x"}, **HTMX).content
    assert not DiscountSetting.objects.exists()
    assert admin.post(url, {"rep": "11", "manager": "10", "version": 0}, **HTMX).status_code == 422
    assert admin.post(url, {"rep": "3", "manager": "10", "version": 0}).status_code == 303
    assert admin.post(url, {"rep": "4", "manager": "10", "version": 0}, **HTMX).status_code == 409
    history = reverse("tenants:history", args=["acme", "discounts"])
    assert b"changed how much discount may be given" in admin.get(history).content
    assert b"rep 3 %, manager 10 %" in admin.get("/o/acme/settings/").content
    for who in (acme.rep, acme.manager, acme.executive):
        assert login(who).get(url).status_code == 403


# The dialog ---------------------------------------------------------------------------------------


def test_giving_on_the_page_offers_to_ask(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    rep, url = login(acme.rep), f"/o/acme/funnel/{deal.pk}/discount/"
    assert "up to 5%" in rep.get(url, **HTMX).content.decode()
    answer = rep.post(url, {"percent": "8", "version": 1}, **HTMX)
    assert (answer.status_code, b"approvals/new/discount/?percent=8" in answer.content) == (422, True)
    assert b'value="8"' in rep.get(f"/o/acme/funnel/{deal.pk}/approvals/new/discount/?percent=8").content
    for wrong in ("", "x", "101", "-1", "NaN"):
        assert rep.post(url, {"percent": wrong, "version": 1}, **HTMX).status_code == 422
    assert rep.post(url, {"percent": "4.5", "version": 1}, **HTMX).status_code == 200
    assert rep.post(url, {"percent": "4", "version": 1}, **HTMX).status_code == 409
    assert now(deal).discount == Decimal("4.5")
    assert "4.5%" in rep.get(f"/o/acme/funnel/{deal.pk}/").content.decode()
    actions.add_member(deal, member=acme.colleague, by=acme.rep, at=AT)
    assert login(acme.colleague).post(url, {"percent": "1", "version": 2}).status_code == 403
    actions.abandon(deal, seen=now(deal).version, reason="timing", note="", by=acme.rep, at=AT + DAY)
    assert rep.get(url, **HTMX).status_code == 422


def test_the_stranger_gets_no_discount(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        theirs = make_opportunity(globex.rep)
    url = f"/o/acme/funnel/{theirs.pk}/discount/"
    assert login(acme.executive).get(url).status_code == 404
    assert login(acme.executive).post(url, {"percent": "1", "version": 1}).status_code == 404
    with working_for(globex.org):
        assert now(theirs).discount == 0


def test_another_product_leaves_what_was_signed(acme: Cast) -> None:
    deal = give(make_opportunity(acme.rep), 4)
    deal = actions.win(deal, seen=deal.version, by=acme.rep, at=AT + DAY)
    signed = (deal.amount, deal.discount, deal.full_amount)
    deal = actions.change_opportunity(deal, seen=deal.version, product=make_product(acme), by=acme.rep, at=AT + 2 * DAY)
    assert (deal.amount, deal.discount, deal.full_amount) == signed


def test_a_win_taken_back_gives_the_discount_back(acme: Cast) -> None:
    deal = give(make_opportunity(acme.rep), 4)
    before = (deal.amount, deal.discount, deal.full_amount)
    won = actions.win(deal, seen=deal.version, amount=(deal.amount or 0) - 500, by=acme.rep, at=AT + DAY)
    assert (won.discount, won.full_amount) == (NONE, None)
    actions.undo(won.last_change_id, by=acme.rep, at=AT + DAY)
    deal = now(deal)
    assert (deal.status, deal.amount, deal.discount, deal.full_amount) == ("open", *before)
    log = list(Change.objects.filter(opportunity=deal).events())
    stood = as_it_stood(log, AT + 2 * DAY)
    assert stood is not None
    assert stood.amount == before[0]
