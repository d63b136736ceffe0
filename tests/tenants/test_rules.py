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


PEOPLE = {
    "an address": ("a@x.example", [("a@x.example", "", "", "")]),
    "any separator": (
        "A@x.example, b@x.example；c@x.example、d@x.example\n e@x.example;",
        [(f"{n}@x.example", "", "", "") for n in "abcde"],
    ),
    "only spaces": ("a@x.example b@x.example", [("a@x.example", "", "", ""), ("b@x.example", "", "", "")]),
    "a name and an address": ("Lin Yi <LIN@x.example>", [("lin@x.example", "Lin Yi", "", "")]),
    "a name without brackets": ("陳柏翰 chen@x.example", [("chen@x.example", "陳柏翰", "", "")]),
    "a comma in a name": ("Wang, Xiao <wang@x.example>", [("wang@x.example", "Wang Xiao", "", "")]),
    "a quoted name": ('"Wang, Xiao" <wang@x.example>', [("wang@x.example", "Wang Xiao", "", "")]),
    "two names from a mail program": (
        "Wang, Xiao <wang@x.example>; Lin, Yi <lin@x.example>",
        [("wang@x.example", "Wang Xiao", "", ""), ("lin@x.example", "Lin Yi", "", "")],
    ),
    "cells of a spreadsheet": (
        "陳柏翰\tchen@x.example\tManager\tNorth",
        [("chen@x.example", "陳柏翰", "manager north", "")],
    ),
    "a word that names nothing": ("a@x.example, boss", [("a@x.example", "", "", "boss")]),
    "no address": ("nobody", [("", "", "", "")]),
    "nothing": ("  \n \t , ;", []),
    "unseen characters": ("\u202eLin\u200b <a@x.example>", [("a@x.example", "Lin", "", "")]),
}


@pytest.mark.parametrize(("text", "expected"), PEOPLE.values(), ids=PEOPLE)
def test_reading_a_pasted_list_of_people(text: str, expected: list[tuple[str, ...]]) -> None:
    found = invitations.read_lines(text, {"manager", "north"})
    assert [(one.email, one.name, " ".join(one.known), " ".join(one.unknown)) for one in found] == expected


def test_a_line_knows_its_number() -> None:
    found = invitations.read_lines("\na@x.example\n\nb@x.example c@x.example")
    assert [one.number for one in found] == [2, 4, 4]


@given(st.text(max_size=200))
def test_reading_any_text_breaks_nothing_and_loses_no_address(text: str) -> None:
    found = invitations.read_lines(text + "\na@x.example", {"north"})
    assert found[-1].email == "a@x.example"
    assert all(one.email == one.email.strip().lower() for one in found)


def test_a_token_is_not_kept_itself() -> None:
    assert invitations.digest("secret") != "secret"
    assert len(invitations.digest("secret")) == 64
