"""How amounts, dates and names are written, and how typed amounts are read."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import formats
from tenants.formats import AmountError, compact, parse_money, short_date

LANGUAGES = ("zh-hant", "zh-hans", "en")
amounts = st.integers(min_value=-formats.LARGEST + 1, max_value=formats.LARGEST - 1)


@pytest.mark.parametrize(
    ("value", "hant", "hans", "en"),
    [
        (950, "950", "950", "950"),
        (38_500, "3.9萬", "3.9万", "38.5K"),
        (128_000, "12.8萬", "12.8万", "128K"),
        (12_800_000, "1,280萬", "1,280万", "12.8M"),
        (99_999_999, "1億", "1亿", "100M"),
        (128_000_000, "1.28億", "1.28亿", "128M"),
        (-3_600_000, "−360萬", "−360万", "−3.6M"),
        (0, "0", "0", "0"),
        (9_999, "9,999", "9,999", "10K"),
        (99_995_000, "1億", "1亿", "100M"),
        (999_950, "100萬", "100万", "1M"),
        (10_500_000_000, "105億", "105亿", "10.5B"),
    ],
)
def test_the_table_of_short_amounts(value: int, hant: str, hans: str, en: str) -> None:
    assert [compact(value * 100, language) for language in LANGUAGES] == [hant, hans, en]


def test_halves_go_up_and_cents_count() -> None:
    assert compact(94_950, "en") == "950"
    assert compact(-94_950, "en") == "−950"
    assert compact(999_950, "zh-hant") == "1萬"
    assert compact(49, "en") == "0"
    assert compact(-49, "en") == "0"


def test_currencies_without_cents() -> None:
    assert compact(12_800_000, "zh-hant", exponent=0) == "1,280萬"
    assert parse_money("1280萬", exponent=0) == 12_800_000
    assert formats.exact(12_800_000, exponent=0) == "12,800,000"


def test_nothing_is_a_dash() -> None:
    assert compact(None, "en") == formats.exact(None) == formats.percent(None) == formats.signed(None, "en") == "—"
    assert formats.plain(None) == ""


@given(amounts, st.sampled_from(LANGUAGES))
def test_a_short_amount_stays_near_the_exact_one(value: int, language: str) -> None:
    digits, unit = formats.split(value, language)
    size = {name: base for base, name in formats.units_of(language)}[unit]
    shown = Decimal(digits.replace(",", "").replace("−", "-")) * size
    exact = Decimal(value) / 100
    assert abs(shown - exact) <= max(abs(exact) * Decimal("0.05"), Decimal("0.5"))
    assert len(digits.strip("−").replace(",", "").replace(".", "")) <= (8 if unit in {"億", "亿", "B"} else 4)


@given(amounts, amounts, st.sampled_from(LANGUAGES))
def test_order_survives_shortening(one: int, other: int, language: str) -> None:
    def shown(value: int) -> Decimal:
        digits, unit = formats.split(value, language)
        sizes = {name: base for base, name in formats.units_of(language)}
        return Decimal(digits.replace(",", "").replace("−", "-")) * sizes[unit]

    low, high = sorted((one, other))
    assert shown(low) <= shown(high)


@given(amounts)
def test_the_exact_and_the_plain_text_are_read_back(value: int) -> None:
    assert parse_money(formats.exact(value)) == value
    assert parse_money(formats.plain(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1280萬", 12_800_000),
        ("1,280万", 12_800_000),
        ("12.8M", 12_800_000),
        ("12.8m", 12_800_000),
        ("1.28億", 128_000_000),
        ("１２８０萬", 12_800_000),
        ("１，２８０ 萬", 12_800_000),
        ("1億2,800萬", 128_000_000),
        ("3百萬", 3_000_000),
        ("5千", 5_000),
        ("NT$ 12,800,000", 12_800_000),
        ("￥500", 500),
        ("USD 500", 500),
        ("500元", 500),
        ("500 元整", 500),
        ("-3.6M", -3_600_000),
        ("−360萬", -3_600_000),
        ("+7", 7),
        (".5萬", 5_000),
        ("-$5", -5),
        ("$-5", -5),
    ],
)
def test_people_type_amounts_in_many_ways(text: str, value: int) -> None:
    assert parse_money(text) == value * 100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("abc", "unreadable"),
        ("元", "unreadable"),
        ("12,5", "unreadable"),
        ("1,28,000", "unreadable"),
        ("1.2.3", "unreadable"),
        ("1e308", "unreadable"),
        ("NaN", "unreadable"),
        ("1萬2億", "unreadable"),
        ("1萬2萬", "unreadable"),
        ("=1+1", "unreadable"),
        ("1.234", "too_precise"),
        ("9" * 18, "too_large"),
        ("9" * 60, "too_large"),
        ("100000000億", "too_large"),
    ],
)
def test_an_unreadable_amount_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_money(text)
    assert refused.value.code == code


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_money(text)
    except AmountError:
        return
    assert abs(value) < formats.LARGEST


def test_changes_carry_their_sign() -> None:
    assert formats.signed(175_000_000, "zh-hant") == "+175萬"
    assert formats.signed(-85_000_000, "zh-hant") == "−85萬"
    assert formats.signed(0, "zh-hant") == "0"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0, "0%"), (0.004, "<1%"), (0.01, "1%"), (0.744, "74%"), (0.745, "75%"), (1.43, "143%"), (-0.05, "−5%")],
)
def test_shares_have_no_decimals(ratio: float, text: str) -> None:
    assert formats.percent(ratio) == text


def test_dates_are_said_as_people_say_them() -> None:
    today = date(2026, 11, 23)
    assert short_date(date(2026, 11, 27), today, "zh-hant") == "11/27 (五)"
    assert short_date(date(2026, 11, 27), today, "zh-hans", weekday=False) == "11/27"
    assert short_date(date(2027, 1, 15), today, "zh-hant") == "2027/1/15"
    assert short_date(date(2026, 11, 27), today, "en") == "27 Nov (Fri)"
    assert short_date(date(2026, 11, 27), today, "en", weekday=False) == "27 Nov"
    assert short_date(date(2027, 1, 15), today, "en") == "15 Jan 2027"


def test_narrow_columns_leave_out_the_year_while_it_is_plain() -> None:
    today = date(2026, 11, 23)
    assert formats.brief_date(date(2027, 1, 15), today, "zh-hant") == "2027/1/15"
    assert formats.brief_date(date(2027, 1, 15), today, "en") == "15 Jan 2027"
    assert formats.brief_date(date(2027, 6, 15), today, "zh-hans") == "2027/6/15"
    assert formats.brief_date(date(2025, 12, 1), today, "en") == "1 Dec 2025"


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("陳柏翰", "翰", "柏翰"),
        ("林 佳穎", "穎", "佳穎"),
        ("Grace Hopper", "G", "GH"),
        ("amy", "A", "AM"),
        ("Amy 陳", "陳", "陳"),
        ("", "?", "?"),
    ],
)
def test_initials(name: str, one: str, two: str) -> None:
    assert (formats.initials(name), formats.initials(name, 2)) == (one, two)
