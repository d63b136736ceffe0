"""The rules of this app: money, days, paths, invitations."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import calendar, currencies, invitations, tree
from tenants.invitations import InvitationState

# Currencies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "rate", "expected"),
    [
        (100, "32.5", 3250),
        (1, "0.5", 1),  # half up
        (-1, "0.5", -1),  # away from zero on both sides
        (3, "0.5", 2),
        (100_000, "0.21", 21_000),  # yen stand in hundredths too
        (0, "32.5", 0),
        (10**15, "32.12345678", 32_123_456_780_000_000),
    ],
)
def test_converting(minor: int, rate: str, expected: int) -> None:
    answer = currencies.convert(minor, Decimal(rate))
    assert answer == expected


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_a_rate_is_above_zero(rate: str) -> None:
    with pytest.raises(ValueError):
        currencies.convert(1, Decimal(rate))


@given(st.integers(-(10**16), 10**16), st.decimals("0.00000001", "100000", places=8))
def test_converting_is_odd_and_off_by_at_most_half(minor: int, rate: Decimal) -> None:
    answer = currencies.convert(minor, rate)
    assert answer == -currencies.convert(-minor, rate)
    assert abs(Decimal(answer) - minor * rate) <= Decimal("0.5")


# Calendar -----------------------------------------------------------------------------------------

NEW_YEAR = calendar.WorkCalendar(
    weekdays=calendar.weekdays("12345"),
    off=frozenset(calendar.days(date(2026, 2, 16), date(2026, 2, 20))),
    made_up=frozenset({date(2026, 2, 14)}),
)


def test_holidays_and_the_saturday_that_makes_up_for_them() -> None:
    assert not NEW_YEAR.is_working(date(2026, 2, 16))
    assert NEW_YEAR.is_working(date(2026, 2, 14))
    assert not NEW_YEAR.is_working(date(2026, 2, 15))
    assert NEW_YEAR.is_working(date(2026, 2, 23))
    assert NEW_YEAR.count(date(2026, 2, 1), date(2026, 2, 28)) == 16


def test_counting_includes_both_ends_and_nothing_before_its_beginning() -> None:
    friday = date(2026, 3, 6)
    assert NEW_YEAR.count(friday, friday) == 1
    assert NEW_YEAR.count(friday, friday - timedelta(days=1)) == 0


def test_a_make_up_day_counts_even_when_it_is_a_holiday_too() -> None:
    day = date(2026, 2, 16)
    assert calendar.WorkCalendar(frozenset({1}), frozenset({day}), frozenset({day})).is_working(day)


# Tree ---------------------------------------------------------------------------------------------


def test_paths() -> None:
    assert tree.path_of(3, "") == "3/"
    assert tree.path_of(14, "3/") == "3/14/"
    assert tree.depth("3/") == 0
    assert tree.depth("3/14/") == 1
    assert tree.is_within("3/14/", "3/14/")
    assert tree.is_within("3/14/15/", "3/")
    assert not tree.is_within("3/", "3/14/")
    assert not tree.is_within("31/", "3/")


# Invitations --------------------------------------------------------------------------------------

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("accepted", "withdrawn", "expires", "expected"),
    [
        (None, None, NOW + TICK, InvitationState.OPEN),
        (None, None, NOW, InvitationState.EXPIRED),
        (None, NOW, NOW + TICK, InvitationState.WITHDRAWN),
        (NOW, None, NOW - TICK, InvitationState.ACCEPTED),
        (NOW, NOW, NOW, InvitationState.ACCEPTED),
    ],
)
def test_what_has_become_of_an_invitation(
    accepted: datetime | None, withdrawn: datetime | None, expires: datetime, expected: InvitationState
) -> None:
    state = invitations.state(accepted_at=accepted, withdrawn_at=withdrawn, expires_at=expires, now=NOW)
    assert state == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@x.example", ["a@x.example"]),
        ("A@x.example, b@x.example；c@x.example、d@x.example\n e@x.example;", [f"{n}@x.example" for n in "abcde"]),
        ("a@x.example A@X.example", ["a@x.example"]),
        ("Wang, Xiao <wang@x.example>", ["wang", "wang@x.example"]),  # a comma is a comma; the page names what is none
        ("Lin <lin@x.example>\nb@x.example", ["lin@x.example", "b@x.example"]),
        ("  \n ", []),
    ],
)
def test_reading_a_list_of_addresses(text: str, expected: list[str]) -> None:
    assert invitations.split_addresses(text) == expected


@given(st.text(max_size=200))
def test_reading_any_text_gives_each_part_once(text: str) -> None:
    found = invitations.split_addresses(text)
    assert len(found) == len(set(found))
    assert all(part.strip() == part and part for part in found)


def test_a_token_is_not_kept_itself() -> None:
    assert invitations.digest("secret") != "secret"
    assert len(invitations.digest("secret")) == 64
