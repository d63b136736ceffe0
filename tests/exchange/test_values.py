import contextlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.dates import ORDERS, DateFormat, infer_date_format, parse_date
from exchange.numbers import MAX_MINOR, infer_decimals, parse_amount, parse_integer, parse_number, parse_percent
from exchange.problems import BadValue, Code, Flaw
from exchange.texts import choice_table, parse_choice, parse_email, parse_text

NOON = datetime.fromisoformat("2024-03-15T12:30")


def code_of(read: Any, *args: Any, **kwargs: Any) -> Any:
    with pytest.raises(BadValue) as caught:
        read(*args, **kwargs)
    return caught.value.code


# -- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("  a\u3000 b\u00a0", "a b"),
        ("e\u0301", "é"),
        ("one\r\ntwo", "one two"),
        ("\u202a+886 2\u202c", "+886 2"),
        (Decimal("12345.0"), "12345"),
        (Decimal("0.50"), "0.5"),
        (Decimal("1E+60"), "1E+60"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 3, 15), "2024-03-15"),
        (NOON, "2024-03-15 12:30:00"),
        ("😀 <b>=cmd()</b>", "😀 <b>=cmd()</b>"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ],
)
def test_text(cell: Any, text: Any) -> None:
    assert parse_text(cell) == text


def test_text_with_lines() -> None:
    assert parse_text(" a  b \r\n\rc ", lines=True) == "a b\n\nc"


def test_text_of_our_own_files_loses_its_apostrophe() -> None:
    assert parse_text("'=cmd()", ours=True) == "=cmd()"
    assert parse_text("'=cmd()") == "'=cmd()"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("a\x00b", Code.CONTROL_CHARACTER),
        ("a\x07b", Code.CONTROL_CHARACTER),
        ("a\udcffb", Code.UNDECODABLE),
        ("a\ufffd", Code.UNDECODABLE),
        ("a\uffffb", Code.UNDECODABLE),
        (Flaw(Code.FORMULA_WITHOUT_VALUE), Code.FORMULA_WITHOUT_VALUE),
    ],
)
def test_text_that_is_refused(cell: Any, code: Any) -> None:
    assert code_of(parse_text, cell) == code


def test_names_of_ten_thousand_characters() -> None:
    with pytest.raises(BadValue) as caught:
        parse_text("名" * 10_000, max_length=200)
    assert (caught.value.code, caught.value.detail) == (Code.TOO_LONG, {"length": 10_000, "limit": 200})


@given(st.text())
def test_clean_text_stays_as_it_is(text: Any) -> None:
    try:
        clean = parse_text(text)
    except BadValue:
        return
    assert parse_text(clean) == clean


# -- amounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("1,234.50", 123450),
        ("1.234,50", 123450),
        ("1.234.567", 123456700),
        ("12,5", 1250),
        ("1,234", 123400),
        ("1'234.5", 123450),
        ("1 234,50", 123450),
        ("12,34,567", 123456700),
        ("12,3456", 12345600),
        ("NT$ 1,234", 123400),
        ("USD 1,000", 100000),
        ("1,000元", 100000),
        ("¥3萬", 3000000),
        ("3.5万元", 3500000),
        ("1億2000萬", 12000000000),
        ("1.2M", 120000000),
        ("2k", 200000),
        ("１，２３４", 123400),
        (".5", 50),
        ("0.005", 1),
        ("1e3", 100000),
        (Decimal("99.995"), 10000),
        ("0", 0),
        ("", None),
        (None, None),
        ("-", None),
        ("n/a", None),
    ],
)
def test_amounts(cell: Any, minor: Any) -> None:
    assert parse_amount(cell) == minor


@pytest.mark.parametrize(
    ("cell", "minor"), [("(1,200)", -120000), ("-$5", -500), ("$-5", -500), ("5-", -500), ("−5", -500)]
)
def test_negative_amounts_only_where_allowed(cell: Any, minor: Any) -> None:
    assert parse_amount(cell, negative=True) == minor
    assert code_of(parse_amount, cell) == Code.NEGATIVE


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1e308", Code.NUMBER_TOO_LARGE),
        (Decimal("1e308"), Code.NUMBER_TOO_LARGE),
        ("9" * 400, Code.NUMBER_TOO_LARGE),
        (str(MAX_MINOR), Code.NUMBER_TOO_LARGE),
        ("nan", Code.NOT_A_NUMBER),
        (Decimal("nan"), Code.NOT_A_NUMBER),
        ("inf", Code.NOT_A_NUMBER),
        ("Infinity", Code.NOT_A_NUMBER),
        ("1e99999999999", Code.NOT_A_NUMBER),
        ("abc", Code.NOT_A_NUMBER),
        ("1,23,4", Code.NOT_A_NUMBER),
        ("12 apples", Code.NOT_A_NUMBER),
        ("=1+1", Code.NOT_A_NUMBER),
        ("萬", Code.NOT_A_NUMBER),
        ("3x2萬", Code.NOT_A_NUMBER),
        ("1,2萬3,4,5", Code.NOT_A_NUMBER),
        (True, Code.NOT_A_NUMBER),
        (date(2024, 1, 1), Code.NOT_A_NUMBER),
        (Flaw(Code.MERGED_NUMBER), Code.MERGED_NUMBER),
    ],
)
def test_amounts_that_are_refused(cell: Any, code: Any) -> None:
    assert code_of(parse_amount, cell) == code


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        (["1,234.50"], "."),
        (["1.234,50"], ","),
        (["12.5", "1,234"], "."),
        (["12,5", "1.234"], ","),
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["1,234", "1.234", "12", None], None),
        ([Decimal("1.5"), "12"], None),
    ],
)
def test_the_decimal_sign_of_a_column(values: Any, decimals: Any) -> None:
    assert infer_decimals(values) == decimals


def test_the_decimal_sign_settles_what_is_open() -> None:
    assert parse_amount("1.234", decimals=",") == 123400
    assert parse_amount("1.234", decimals=".") == 123
    assert parse_amount("1,234", decimals=",") == 123


@given(st.integers(0, MAX_MINOR), st.sampled_from([(",", "."), (".", ","), (" ", "."), ("'", ".")]))
def test_every_way_of_grouping_gives_the_amount_back(minor: Any, signs: Any) -> None:
    group, decimals = signs
    text = f"{minor // 100:,}.{minor % 100:02}".translate({ord(","): group, ord("."): decimals})
    assert parse_amount(text) == minor


@given(st.text())
def test_no_text_does_more_than_be_refused(text: Any) -> None:
    for read in (parse_amount, parse_date, parse_integer, parse_percent, parse_email):
        with contextlib.suppress(BadValue):
            read(text)


def test_integers_and_percents() -> None:
    assert parse_integer("1,234") == 1234
    assert parse_integer("") is None
    assert code_of(parse_integer, "1.5") == Code.NOT_WHOLE
    assert code_of(parse_integer, "-1") == Code.OUT_OF_RANGE
    assert parse_percent("40%") == 40
    assert parse_percent("４０％", fractions=True) == 40
    assert parse_percent("0.4", fractions=True) == 40
    assert parse_percent(None) is None
    assert code_of(parse_percent, "120%") == Code.OUT_OF_RANGE
    assert parse_number("12%") == 12


# -- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-15", "2024/3/15", "2024.3.15", "15/3/2024", "3/15/2024", "15.3.2024", "2024年3月15日",
        "24年3月15日", "民國113年3月15日", "民國 113/3/15", "113/3/15", "113.03.15", "113年3月15日", "20240315",
        "1130315",
        "45366",
        "45366.5", "2024-03-15T10:00:00Z", "2024/3/15 上午 10:20:30", "2024年3月15日 下午3點20分",
        "15 Mar 2024",
        "15th March 2024", "Mar 15, 2024", "15-Mar-24", "2024-Mar-15", "2024/03/15 (五)", "2024年3月15日 星期五",
        "Friday, 15 Mar 2024", "２０２４／３／１５", Decimal(45366), Decimal("45366.75"), Decimal(20240315),
        date(2024, 3, 15), NOON,
    ],
)  # fmt: skip
def test_dates(cell: Any) -> None:
    assert parse_date(cell) == date(2024, 3, 15)


@pytest.mark.parametrize("cell", ["", None, "-", "N/A", "  "])
def test_no_date(cell: Any) -> None:
    assert parse_date(cell) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2024/13/45", Code.NOT_A_DATE),
        ("2024-02-30", Code.NOT_A_DATE),
        ("tomorrow", Code.NOT_A_DATE),
        ("15 Foo 2024", Code.NOT_A_DATE),
        ("5", Code.NOT_A_DATE),
        (Decimal(5), Code.NOT_A_DATE),
        (Decimal("1e300"), Code.NOT_A_DATE),
        (True, Code.NOT_A_DATE),
        ("3/4/2024", Code.AMBIGUOUS_DATE),
        ("1-1-1500", Code.DATE_OUT_OF_RANGE),
        (date(1, 1, 1), Code.DATE_OUT_OF_RANGE),
        (Flaw(Code.DATE_OUT_OF_RANGE), Code.DATE_OUT_OF_RANGE),
    ],
)
def test_dates_that_are_refused(cell: Any, code: Any) -> None:
    assert code_of(parse_date, cell) == code


def test_day_and_month_are_told_apart_by_the_whole_column() -> None:
    assert infer_date_format(["3/4/2024", "3/15/2024", None, ""]) == DateFormat("mdy")
    assert infer_date_format(["3/4/2024", "15/3/2024"]) == DateFormat("dmy")
    assert infer_date_format(["98/3/15", "24/12/31"]) == DateFormat("ymd")
    assert infer_date_format(["2024-03-04", "20240315", date(2024, 1, 1)]) == DateFormat()


def test_a_column_that_leaves_it_open_says_so() -> None:
    found = infer_date_format(["3/4/2024", "5/6/2024"])
    assert found == DateFormat(None, ambiguous=True, examples=("3/4/2024", "5/6/2024"))
    assert parse_date("5/5/2024", found) == date(2024, 5, 5)
    assert code_of(parse_date, "3/4/2024", found) == Code.AMBIGUOUS_DATE


def test_a_column_that_contradicts_itself_says_so() -> None:
    found = infer_date_format(["13/4/2024", "3/15/2024", "1/2/2024"])
    assert found == DateFormat(None, mixed=True, examples=("13/4/2024", "3/15/2024"))
    assert parse_date("13/4/2024", found) == date(2024, 4, 13)


def test_the_order_settles_what_is_open() -> None:
    assert parse_date("3/4/2024", "mdy") == date(2024, 3, 4)
    assert parse_date("3/4/2024", DateFormat("dmy")) == date(2024, 4, 3)
    assert code_of(parse_date, "13/4/2024", "mdy") == Code.NOT_A_DATE


def parse_or_none(text: str, order: Any) -> date | None:
    try:
        return parse_date(text, order)
    except BadValue:
        return None


DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))


@given(
    st.lists(DAYS, min_size=1), st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%y", "%Y%m%d", "%d %b %Y"])
)
def test_dates_are_right_or_refused_never_wrong(days: Any, pattern: Any) -> None:
    texts = [day.strftime(pattern) for day in days]
    written = infer_date_format(texts)
    for text, day in zip(texts, days, strict=True):
        if written.ambiguous and len({parse_or_none(text, order) for order in ORDERS} - {None}) > 1:
            assert code_of(parse_date, text, written) == Code.AMBIGUOUS_DATE
        else:
            assert parse_date(text, written) == day


@given(DAYS.filter(lambda day: day > date(1955, 1, 1)))
def test_serials(day: Any) -> None:
    serial = Decimal((day - date(1899, 12, 30)) // timedelta(days=1))
    assert parse_date(serial) == day


# -- others -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ("Ann@EXAMPLE.com ", "Ann@example.com"),
        ("mailto:a@b.tw", "a@b.tw"),
        ("Ann B <a@b.tw>", "a@b.tw"),
        ("", ""),
        (None, ""),
    ],
)
def test_emails(cell: Any, email: Any) -> None:
    assert parse_email(cell) == email


@pytest.mark.parametrize("cell", ["a", "a@b", "a@b..com", "a b@c.de", "a@b.c,d@e.fg", "x" * 300 + "@a.bc"])
def test_emails_that_are_refused(cell: Any) -> None:
    assert code_of(parse_email, cell) == Code.NOT_AN_EMAIL


def test_choices() -> None:
    table = choice_table({"won": ["Won", "贏單", "Closed Won"], "lost": ["Lost"]})
    assert parse_choice("closed-won", table) == "won"
    assert parse_choice("ＷＯＮ ", table) == "won"
    assert parse_choice(None, table) is None
    assert code_of(parse_choice, "maybe", table) == Code.UNKNOWN_CHOICE
