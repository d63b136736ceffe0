"""The bench's own parts: how a percentile is taken, when an aim is met, what the exit code is."""

from dataclasses import replace
from datetime import date

import pytest

from bench import company
from bench.browser import Ask, Reading, Session, Trouble
from bench.figures import PAGES, TIMES_HELLO, Page, Run, aims, missed, percentile, table, verdict

GOOD = Page("list", p50=10.0, p95=12.0, hello=0.5, p50_of_8=60.0, p95_of_8=80.0, queries=9, size=12_000, tenth=9.0)
RUN = Run(
    hello=0.5,
    hello_95=0.6,
    bare_hello=0.4,
    pages=[replace(GOOD, name=name) for name in PAGES],
    pages_a_second=80,
    processes=[90.0, 110.0],
    generator=0.02,
)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, at) for at in (1, 20, 21, 50, 95, 100)] == [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]
    assert percentile(list(map(float, range(1, 101))), 95) == 95.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_all_aims_met_end_with_0() -> None:
    assert verdict(RUN) == 0
    assert missed(RUN) == ""
    assert {aim.what for aim in aims(RUN)} >= {f"{name}: times hello" for name in TIMES_HELLO}


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (replace(RUN, pages=[replace(GOOD, p50=15.1)]), "list: times hello: 30.2, at most 30"),
        (replace(RUN, pages=[replace(GOOD, name="create", p50=12.6)]), "create: times hello: 25.2, at most 25"),
        (replace(RUN, pages=[replace(GOOD, tenth=7.6)]), "list: 100,000 against 10,000: 1.32, at most 1.3"),
        (replace(RUN, pages=[replace(GOOD, name="move", queries=16)]), "move: queries: 16, at most 15"),
        (replace(RUN, pages_a_second=59.0), "mixed load at 8 clients: pages a second: 59, at least 60"),
        (replace(RUN, processes=[90.0, 131.0]), "megabytes of a web process: 131, at most 130"),
    ],
)
def test_one_aim_missed_ends_with_1_and_is_named(run: Run, what: str) -> None:
    assert verdict(run) == 1
    assert missed(run).splitlines()[0] == f"missed: {what}"


def test_the_table_has_a_line_for_each_page() -> None:
    lines = table(RUN).splitlines()
    assert [line.split("|")[1].strip() for line in lines[4 : 4 + len(PAGES)]] == list(PAGES)
    assert RUN.as_json()["aims"][0]["is_met"] is True


def test_the_same_day_gives_the_same_company() -> None:
    place = company.Place(
        1, owners=[7, 8], products=[3], items=list(range(20, 35)), first_account=1, first_opportunity=1
    )
    size, day = company.Size(20, 200), date(2026, 5, 4)
    first, again = (list(company.sales(place, size, day)) for _ in range(2))
    assert first == again
    assert sum(sale.row[company.OPPORTUNITY.index("status")] == "open" for sale in first) == 40
    assert all(len(sale.row) == len(company.OPPORTUNITY) for sale in first)
    assert all(len(row) == len(company.ACCOUNT) for row in company.accounts(place, size, day))
    assert company.text("a\tb\\") == r"a\tb\\"
    assert company.text(None) == r"\N"


def test_an_answer_is_read_whole_and_an_error_is_trouble() -> None:
    reading = Reading(Ask("list", "/"), began=0.0)
    for part in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 5\r\n\r\nhel", b"lo"):
        assert not reading.is_whole
        reading.take(part)
    assert (reading.answer().status, reading.answer().body, reading.answer().size) == (200, b"hello", 5)
    broken = Reading(Ask("list", "/"), began=0.0)
    broken.take(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(Trouble, match="answered 500"):
        broken.answer()
    sent = Session(8000, {"csrftoken": "t"}).message(Ask("move", "/x", {"a": "b c"}, swap=True)).decode()
    assert sent.startswith("POST /x HTTP/1.1\r\n")
    assert {"HX-Request: true", "X-CSRFToken: t", "Content-Length: 5"} <= set(sent.split("\r\n"))
