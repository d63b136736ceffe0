"""Dates as people say them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.dates import LONGEST, choices, month_end, parse_due

MONDAY = date(2026, 11, 23)
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2090, 12, 31))


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("今天", "2026-11-23"),
        ("明天", "2026-11-24"),
        ("後天", "2026-11-25"),
        ("后天", "2026-11-25"),
        ("大後天", "2026-11-26"),
        ("大后天", "2026-11-26"),
        ("週五", "2026-11-27"),
        ("周五", "2026-11-27"),
        ("星期五", "2026-11-27"),
        ("禮拜五", "2026-11-27"),
        ("礼拜五", "2026-11-27"),
        ("這週五", "2026-11-27"),
        ("本周五", "2026-11-27"),
        ("這個禮拜天", "2026-11-29"),
        ("週一", "2026-11-23"),
        ("下週三", "2026-12-02"),
        ("下周三", "2026-12-02"),
        ("下個星期三", "2026-12-02"),
        ("下禮拜三前", "2026-12-02"),
        ("下下週一", "2026-12-07"),
        ("下週", "2026-12-04"),
        ("本週內", "2026-11-27"),
        ("月底", "2026-11-30"),
        ("這個月底前", "2026-11-30"),
        ("下月底", "2026-12-31"),
        ("下個月底", "2026-12-31"),
        ("12月底", "2026-12-31"),
        ("十月底", "2027-10-31"),
        ("年底前", "2026-12-31"),
        ("三天後", "2026-11-26"),
        ("3天后", "2026-11-26"),
        ("３天後", "2026-11-26"),
        ("十二天內", "2026-12-05"),
        ("兩週後", "2026-12-07"),
        ("两个星期后", "2026-12-07"),
        ("三個月後", "2027-02-23"),
        ("11/27", "2026-11-27"),
        ("１１／２７", "2026-11-27"),
        ("11月27日", "2026-11-27"),
        ("十一月二十七號", "2026-11-27"),
        ("2026年12月1日", "2026-12-01"),
        ("2026-11-27", "2026-11-27"),
        ("2026/12/01", "2026-12-01"),
        ("10/1", "2027-10-01"),
        ("下個月5號", "2026-12-05"),
        ("本月5日", "2026-12-05"),
        ("15號", "2026-12-15"),
        ("27 Nov", "2026-11-27"),
        ("Nov 27", "2026-11-27"),
        ("November 27th, 2026", "2026-11-27"),
        ("1 March", "2027-03-01"),
        ("today", "2026-11-23"),
        ("Tomorrow", "2026-11-24"),
        ("day after tomorrow", "2026-11-25"),
        ("Fri", "2026-11-27"),
        ("fri", "2026-11-27"),
        ("by Friday", "2026-11-27"),
        ("this Fri", "2026-11-27"),
        ("next Wed", "2026-12-02"),
        ("Wednesday next week", "2026-12-02"),
        ("next week", "2026-12-04"),
        ("this week", "2026-11-27"),
        ("end of the week", "2026-11-27"),
        ("in 3 days", "2026-11-26"),
        ("in a week", "2026-11-30"),
        ("two weeks from now", "2026-12-07"),
        ("in one month", "2026-12-23"),
        ("end of month", "2026-11-30"),
        ("by the end of next month", "2026-12-31"),
        ("next month", "2026-12-31"),
        ("end of year", "2026-12-31"),
    ],
)
def test_a_day_as_it_is_said(said: str, due: str) -> None:
    assert parse_due(said, MONDAY) == (date.fromisoformat(due), "")


@pytest.mark.parametrize(
    ("said", "due", "rest"),
    [
        ("週五前 請技術長拜訪廠長", "2026-11-27", "請技術長拜訪廠長"),
        ("下週三，帶節電試算拜訪廠長", "2026-12-02", "帶節電試算拜訪廠長"),
        ("請技術長下週三拜訪", "2026-12-02", "請技術長拜訪"),
        ("拜訪廠長 在週五", "2026-11-27", "拜訪廠長"),
        ("by Friday call the CFO", "2026-11-27", "call the CFO"),
        ("call the CFO by next Wed with samples", "2026-12-02", "call the CFO with samples"),
        ("回覆 11/27 的報價 下週三", "2026-12-02", "回覆 11/27 的報價"),
        ("３天後　送樣", "2026-11-26", "送樣"),
        ("下週三天的展覽", "2026-12-04", "三天的展覽"),
    ],
)
def test_the_day_is_taken_out_of_the_text(said: str, due: str, rest: str) -> None:
    assert parse_due(said, MONDAY) == (date.fromisoformat(due), rest)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  ",
        "call the CFO",
        "2/30 報價",
        "13/1",
        "2020-01-01",
        "4-3-3 付款",
        "比 A 牌便宜 8%",
        "sat with the CEO",
        "11/27/2027",
        "五週年慶",
        "99999天後",
        "２月３０日",
    ],
)
def test_no_day_leaves_the_text_as_it_was(said: str) -> None:
    assert parse_due(said, MONDAY) == (None, said.strip())


@pytest.mark.parametrize(
    ("today", "said", "due"),
    [
        (date(2026, 11, 27), "週五", date(2026, 11, 27)),
        (date(2026, 11, 28), "週五", date(2026, 12, 4)),
        (date(2026, 11, 28), "這週五", date(2026, 12, 4)),
        (date(2026, 11, 28), "本週", date(2026, 11, 29)),
        (date(2026, 11, 29), "下週一", date(2026, 11, 30)),
        (date(2027, 3, 1), "2/29", date(2028, 2, 29)),
        (date(2026, 12, 31), "明天", date(2027, 1, 1)),
        (date(2026, 1, 31), "一個月後", date(2026, 2, 28)),
        (date(2026, 12, 30), "1/2", date(2027, 1, 2)),
    ],
)
def test_the_turn_of_a_week_a_month_a_year(today: date, said: str, due: date) -> None:
    assert parse_due(said, today)[0] == due


def test_the_end_of_the_calendar_is_no_day() -> None:
    assert parse_due("9999個月後", MONDAY)[0] is not None
    assert parse_due("9999週後", date(9990, 1, 1)) == (None, "9999週後")


@given(today=days, day=st.integers(0, 360))
def test_every_written_day_is_read_back(today: date, day: int) -> None:
    due = today + timedelta(days=day)
    for said in (
        due.isoformat(),
        f"{due.month}月{due.day}日",
        f"{due.month}/{due.day}",
        f"{due:%d %b %Y}",
        f"{due:%b %d, %Y}",
    ):
        if (due.month, due.day) != (2, 29) or str(due.year) in said:
            assert parse_due(f"{said} 送樣", today) == (due, "送樣")


@given(today=days, weekday=st.integers(0, 6), weeks=st.integers(0, 3))
def test_a_weekday_falls_in_its_week(today: date, weekday: int, weeks: int) -> None:
    due, rest = parse_due("下" * weeks + "週" + "一二三四五六日"[weekday], today)
    assert due is not None
    assert (due.weekday(), rest) == (weekday, "")
    if weeks:
        assert (
            timedelta(0)
            <= due - (today - timedelta(days=today.weekday())) - timedelta(weeks=weeks)
            < timedelta(weeks=1)
        )
    else:
        assert today <= due < today + timedelta(weeks=1)


@given(today=days, text=st.text(alphabet="下週周五前天後明月底 0123456789/-年日號bynextFriwedinas", max_size=30))
def test_never_a_day_gone_by_and_nothing_invented(today: date, text: str) -> None:
    due, rest = parse_due(text, today)
    assert due is None or due >= today
    assert not set(rest) - set(text) - {" "}
    assert len(rest) <= len(text) + 1
    if due is None:
        assert rest == text.strip()


@given(today=days, text=st.text(max_size=600))
def test_any_text_is_read_without_a_fall(today: date, text: str) -> None:
    due, _rest = parse_due(text, today)
    assert due is None or due >= today


def test_a_long_text_keeps_its_end() -> None:
    due, rest = parse_due("明天 " + "好" * (LONGEST + 50), MONDAY)
    assert due == date(2026, 11, 24)
    assert rest == "好" * (LONGEST + 50)


@given(today=days)
def test_three_days_are_offered_in_order(today: date) -> None:
    offered = [choice.on for choice in choices(today)]
    assert offered == sorted(set(offered))
    assert len(offered) == 3
    assert offered[0] == today + timedelta(days=1)


@given(today=days, months=st.integers(0, 30))
def test_the_end_of_a_month_is_its_last_day(today: date, months: int) -> None:
    end = month_end(today, months)
    assert (end + timedelta(days=1)).day == 1
    assert (end.year - today.year) * 12 + end.month - today.month == months
