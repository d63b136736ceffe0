"""The pure rules: stages, facts, windows, filters, and the change log read backwards."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from funnel import filters, history, revenue, windows
from funnel.evidence import STANDARD, Item
from funnel.facts import check_amount, check_close, check_name
from funnel.history import Event, ImportedOpportunity, Snapshot
from funnel.stages import (
    LONGEST_GRACE,
    PERCENT,
    Category,
    ChangeKind,
    Gate,
    MissingEvidence,
    Reason,
    Stage,
    Status,
    ask_close,
    ask_evidence,
    ask_move,
    check_override,
    check_percents,
    default_category,
    missing,
    passed,
    weighted,
)
from tenants.errors import Refused

T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
stages = st.sampled_from(list(Stage))
open_stages = st.sampled_from([stage for stage in Stage if stage != Stage.DEPLOY])


def refused(call: Any) -> str:
    with pytest.raises(Refused) as error:
        call()
    return error.value.code


# Stages -------------------------------------------------------------------------------------------


@given(left=open_stages, to=open_stages, why=st.sampled_from(["", "  ", "they stopped"]))
def test_forward_is_free_and_back_needs_a_reason(left: Stage, to: Stage, why: str) -> None:
    def ask() -> None:
        ask_move(status=Status.OPEN, left=left, to=to, why=why)

    if left == to:
        assert refused(ask) == "same_stage"
    elif to < left and not why.strip():
        assert refused(ask) == "reason_needed"
    else:
        ask()


def test_what_cannot_be_moved() -> None:
    move: dict[str, Any] = {"left": Stage.CLOSE, "to": Stage.DEPLOY, "why": "x"}
    assert refused(lambda: ask_move(status=Status.OPEN, **move)) == "deploy_is_won"
    assert refused(lambda: ask_move(status=Status.WON, **move)) == "closed"


@given(left=stages, to=stages, filed=st.sets(st.sampled_from([code for codes in STANDARD.values() for code in codes])))
def test_a_move_demands_the_evidence_of_every_stage_it_passes(left: Stage, to: Stage, filed: set[str]) -> None:
    items = [Item(code, stage, code) for stage, codes in STANDARD.items() for code in codes]
    lacking = missing(items, filed, left=left, to=to)
    wanted = {code for stage in passed(left, to) for code in STANDARD[stage]} - filed
    assert {item.key for item in lacking} == wanted


@given(stage=stages, gate=st.sampled_from(list(Gate)), override=st.booleans(), is_lacking=st.booleans())
def test_a_gate_warns_or_blocks(stage: Stage, gate: Gate, override: bool, is_lacking: bool) -> None:
    lacking = [Item("x", stage, "x")] if is_lacking else []
    if is_lacking and (gate == Gate.BLOCK or not override):
        with pytest.raises(MissingEvidence) as error:
            ask_evidence(lacking, {stage: gate}, override=override)
        assert error.value.blocking == ((stage,) if gate == Gate.BLOCK else ())
        assert error.value.can_override == (gate == Gate.WARN)
        assert error.value.data["items"] == ["x"]
    else:
        assert ask_evidence(lacking, {stage: gate}, override=override) == tuple(lacking)


def test_what_is_excused_passes_a_stage_that_warns_and_what_was_granted_one_that_blocks() -> None:
    lacking = [Item("a", 2, "a"), Item("b", 3, "b")]
    gates = {Stage.QUALIFY: Gate.WARN, Stage.DEVELOP: Gate.BLOCK}
    assert ask_evidence(lacking, gates, override=False, excused={2}, granted={3}) == ()
    for excused, granted, keys in (({2, 3}, (), ["b"]), ((), {3}, ["a"]), ((), {2}, ["b"])):
        with pytest.raises(MissingEvidence) as error:
            ask_evidence(lacking, gates, override=False, excused=excused, granted=granted)
        assert [item.key for item in error.value.items] == keys
    assert ask_evidence(lacking, gates, override=True, granted={3}) == (lacking[0],)


def test_an_excuse_that_is_over_is_asked_for_again_on_the_way_forward() -> None:
    items = [Item("a", 2, "a"), Item("b", 4, "b")]
    assert [item.key for item in missing(items, (), left=Stage(4), to=Stage(5), overdue={2})] == ["a", "b"]
    assert missing(items, (), left=Stage(4), to=Stage(3), overdue={2}) == ()
    assert [item.key for item in missing(items, {"a"}, left=Stage(4), to=Stage(5), overdue={2})] == ["b"]


@pytest.mark.parametrize(
    ("why", "days", "code"), [("", 1, "override_why_needed"), ("x", -1, "until_over"), ("x", 93, "until_too_far")]
)
def test_going_on_without_evidence_says_why_and_until_when(why: str, days: int, code: str) -> None:
    until, today = T0.date() + timedelta(days=days), T0.date()
    assert refused(lambda: check_override(why=why, until=until, today=today)) == code
    check_override(why="x", until=today, today=today)
    check_override(why="x", until=today + LONGEST_GRACE, today=today)


def test_the_category_of_each_stage() -> None:
    assert [default_category(stage) for stage in Stage] == [
        *[Category.PIPELINE] * 3,
        *[Category.BEST_CASE] * 2,
        Category.COMMIT,
        Category.CLOSED,
    ]


@given(st.lists(st.integers(-5, 110), min_size=7, max_size=7))
def test_percentages_rise_to_a_hundred(numbers: list[int]) -> None:
    percents = dict(zip(Stage, numbers, strict=True))
    rises = all(earlier < later for earlier, later in pairwise(numbers))
    if rises and numbers[0] >= 0 and numbers[-1] == 100:
        check_percents(percents)
    else:
        refused(lambda: check_percents(percents))


def test_the_standard_percentages_are_in_order() -> None:
    check_percents(PERCENT)
    assert refused(lambda: check_percents({**PERCENT, Stage.DEPLOY: 99})) == "percent_deploy"
    assert refused(lambda: check_percents({**PERCENT, Stage.QUALIFY: 0})) == "percents_not_ascending"
    assert refused(lambda: check_percents({**PERCENT, Stage.DISCOVER: -1})) == "percent_range"


@given(st.lists(st.integers(0, 10**15), max_size=20), st.integers(0, 100))
def test_weighting_rounds_half_up_once(amounts: list[int], percent: int) -> None:
    total = sum(amounts)
    assert abs(weighted(total, percent) * 100 - total * percent) <= 50
    assert weighted(total, 100) == total


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ({"status": Status.LOST, "outcome": Status.WON}, "closed"),
        ({"status": Status.OPEN, "outcome": Status.LOST}, "reason_needed"),
        ({"status": Status.OPEN, "outcome": Status.LOST, "reason": "whim"}, "reason_unknown"),
        ({"status": Status.OPEN, "outcome": Status.LOST, "reason": Reason.RIVAL, "rival": " "}, "rival_needed"),
    ],
)
def test_how_it_cannot_end(ask: dict, code: str) -> None:
    assert refused(lambda: ask_close(**ask)) == code


def test_how_it_may_end() -> None:
    ask_close(status=Status.OPEN, outcome=Status.WON)
    ask_close(status=Status.OPEN, outcome=Status.LOST, reason=Reason.RIVAL, rival="Rival Co")
    ask_close(status=Status.OPEN, outcome=Status.ABANDONED, reason=Reason.TIMING)


# Facts --------------------------------------------------------------------------------------------


@given(st.text(max_size=300))
@example("0\xad")
def test_a_name_is_refused_or_clean(name: str) -> None:
    try:
        kept = check_name(name)
    except Refused as error:
        assert error.code in {"name_empty", "name_too_long", "name_unreadable"}  # noqa: PT017
    else:
        assert kept == kept.strip() == check_name(kept)
        rest = iter(name)
        assert all(c in rest for c in kept)  # nothing is added, nothing changes its place
        assert 0 < len(kept) <= 200
        assert not any(ord(character) < 32 for character in kept)


def test_amounts_and_dates() -> None:
    for amount in (None, 0, 10**16 - 1):
        check_amount(amount)
    assert refused(lambda: check_amount(-1)) == "amount_negative"
    assert refused(lambda: check_amount(10**16)) == "amount_too_large"
    check_close(None, date(2026, 1, 5))
    check_close(date(2026, 1, 5), date(2026, 1, 5))
    assert refused(lambda: check_close(date(2026, 1, 4), date(2026, 1, 5))) == "close_before_opening"


@given(st.integers(0, 10**12), st.integers(0, 3 * 365))
def test_the_revenue_of_a_year_never_exceeds_what_was_won(total: int, days: int) -> None:
    a_year = revenue.yearly(total, T0 - timedelta(days), T0)
    assert total // 3 - 1 <= a_year <= total
    assert revenue.since(T0) < T0


# Windows and filters ------------------------------------------------------------------------------


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 12), st.sampled_from(windows.WINDOWS))
def test_windows_hold_the_day_or_begin_after_it(today: date, fiscal: int, code: str) -> None:
    span = windows.window(code, today, fiscal)
    assert span is not None
    first, last = span
    assert first.day == 1
    assert (last + timedelta(days=1)).day == 1
    if code.startswith("this"):
        assert first <= today <= last
    else:
        current = windows.window(code.replace("next", "this"), today, fiscal)
        assert current is not None
        assert first == current[1] + timedelta(days=1)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 12))
def test_quarters_begin_with_the_fiscal_year(today: date, fiscal: int) -> None:
    first, _last, number, year = windows.quarter_of(today, fiscal)
    assert (first.month - fiscal) % 12 == (number - 1) * 3
    assert year - today.year in ({0} if fiscal == 1 else {0, 1})
    assert windows.window("fortnight", today, fiscal) is None


@given(st.dictionaries(st.sampled_from([*filters.Filters.__dataclass_fields__, "page"]), st.text(max_size=30)))
def test_any_address_can_be_read(query: dict[str, str]) -> None:
    wanted = filters.read(query)
    assert wanted.status
    assert "\x00" not in wanted.q
    assert filters.page_number(query) >= 1
    wanted.due_between(date(2026, 1, 5), 1)
    wanted.closed_between(date(2026, 1, 5), 1)


def test_filters_that_stand_in_the_address() -> None:
    wanted = filters.read(
        {"status": "won", "stage": "6", "sort": "-amount", "due_from": "2026-01-01", "flag": "over due"}
    )
    assert (wanted.status, wanted.stage, wanted.sort, wanted.flag) == ("won", 6, "-amount", "overdue")
    assert wanted.due_from == date(2026, 1, 1)
    assert wanted.active
    assert not filters.read({"status": "won", "sort": "name"}).active


# The change log -----------------------------------------------------------------------------------

steps = st.lists(
    st.one_of(
        st.tuples(st.just(ChangeKind.STAGE), open_stages),
        st.tuples(st.just(ChangeKind.AMOUNT), st.one_of(st.none(), st.integers(0, 10**9))),
        st.tuples(st.just(ChangeKind.EXPECTED_CLOSE), st.dates(date(2026, 1, 1), date(2027, 12, 31))),
        st.tuples(st.just(ChangeKind.OWNER), st.integers(1, 5)),
        st.tuples(st.just(ChangeKind.CATEGORY), st.sampled_from(list(Category))),
        st.tuples(st.just(ChangeKind.WON), st.none()),
        st.tuples(st.just(ChangeKind.LOST), st.none()),
        st.tuples(st.just(ChangeKind.REOPENED), st.none()),
        st.tuples(st.just("undo"), st.none()),
    ),
    max_size=25,
)


def live(moves: list[tuple[Any, Any]]) -> tuple[list[Event], list[tuple[datetime, Snapshot]]]:
    """Live through the moves as the actions do; return the log, and what stood on screen after each."""
    start = Snapshot.as_json(stage=1, amount=5, expected_close_on=None, owner=1, category="pipeline")
    events = [Event(1, ChangeKind.CREATED, None, start, T0, T0)]
    state = Snapshot(**start, stage_entered_at=T0)
    seen, before = [(T0, state)], {1: state}
    for number, (kind, value) in enumerate(moves, start=2):
        at, event = T0 + number * HOUR, None
        if kind == "undo":
            last = events[-1]
            if last.undoes is None and (last.kind in history.STATUS_KINDS or last.kind == ChangeKind.STAGE):
                event = Event(number, history.undone(last.kind, last.old), last.new, last.old, at, at, undoes=last.id)
                state = before[last.id]
        elif kind in history.STATUS_KINDS:
            event, state = _ended(number, kind, state, at)
        elif state.status == Status.OPEN:
            name = {"stage": "stage", "amount": "amount", "expected_close": "expected_close"}.get(kind, str(kind))
            new = value.isoformat() if isinstance(value, date) else value
            old = getattr(state, name)
            if new != old:
                event = Event(number, kind, old, new, at, at)
                before[number] = state
                entered = at if kind == ChangeKind.STAGE else state.stage_entered_at
                fields: dict[str, Any] = {name: new, "stage_entered_at": entered}
                state = replace(state, **fields)
        if event is not None:
            before.setdefault(number, seen[-1][1])
            events.append(event)
            seen.append((at, state))
    return events, seen


def _ended(number: int, kind: Any, state: Snapshot, at: datetime) -> tuple[Event | None, Snapshot]:
    if (state.status == Status.OPEN) == (kind == ChangeKind.REOPENED):
        return None, state
    stage, category = Stage(state.stage), Category(state.category)
    if kind == ChangeKind.REOPENED:
        back = Stage.CLOSE if stage == Stage.DEPLOY else stage
        names = ("status", "closed_at", "stage", "category", "reason", "reason_note", "rival")
        draft = history.reopening(
            {name: getattr(state, name) for name in names}, back, category, at, percent=0, why="x"
        )
    else:
        end = Status(kind)
        draft, _stage, _category = history.closing(end, stage, category, at, percents=PERCENT, reason="price")
    entered = at if draft.new.get("stage", state.stage) != state.stage else state.stage_entered_at
    return Event(number, kind, draft.old, draft.new, at, at), replace(state, **draft.new, stage_entered_at=entered)


@given(steps)
def test_rebuilt_at_any_moment_is_what_was_seen_at_it(moves: list[tuple[Any, Any]]) -> None:
    events, seen = live(moves)
    assert history.as_it_stood(events, T0 - HOUR) is None
    for at, state in seen:
        for rebuilt in (history.as_it_stood(events, at), history.as_it_was_seen(events, at + HOUR / 2)):
            assert rebuilt is not None
            assert replace(rebuilt, percent=0) == state


@given(steps, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_read_does_not_matter(moves: list[tuple[Any, Any]], random: Any) -> None:
    events, _seen = live(moves)
    shuffled = random.sample(events, len(events))
    assert history.as_it_stood(shuffled, T0 + 99 * HOUR) == history.as_it_stood(events, T0 + 99 * HOUR)
    assert history.effective(shuffled) == history.effective(events)


def change(number: int, kind: ChangeKind, old: Any, new: Any, undoes: int | None = None) -> Event:
    at = T0 + number * HOUR
    return Event(number, kind, old, new, at, at, undoes=undoes)


def test_pushes_count_months_and_days_and_not_what_was_undone() -> None:
    close = ChangeKind.EXPECTED_CLOSE
    log = [
        change(2, close, None, "2026-02-01"),
        change(3, close, "2026-02-01", "2026-02-20"),
        change(4, close, "2026-02-20", "2026-04-01"),
        change(5, close, "2026-04-01", "2026-03-01"),
        change(6, close, "2026-03-01", "2026-12-01"),
        change(7, close, "2026-12-01", "2026-03-01", undoes=6),
    ]
    assert history.pushes(log) == (1, 59)


def test_regressions_do_not_count_what_was_undone() -> None:
    log = [
        change(2, ChangeKind.STAGE, 1, 5),
        change(3, ChangeKind.STAGE, 5, 2),
        change(4, ChangeKind.STAGE, 2, 1),
        change(5, ChangeKind.STAGE, 1, 2, undoes=4),
    ]
    assert history.regressions(log) == [T0 + 3 * HOUR]


@given(
    st.lists(open_stages, max_size=8),
    st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=5),
    st.lists(st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 1, 1))), max_size=5),
    st.sampled_from(list(Status)),
)
def test_an_imported_past_ends_where_the_row_says(
    entered: list[Stage], amounts: list[int | None], closes: list[date | None], outcome: Status
) -> None:
    def dated(values: list[Any]) -> list[tuple[Any, datetime]]:
        return [(value, T0 + number * HOUR) for number, value in enumerate(values)]

    row = ImportedOpportunity(
        external_id="A-1",
        account_id=1,
        owner_id=2,
        name="Press line",
        opened_at=T0,
        stages=dated(entered),
        amounts=dated(amounts),
        closes=dated(closes),
        outcome=outcome,
        closed_at=None if outcome == Status.OPEN else T0 + 50 * HOUR,
        reason="price",
    )
    history.check(row, at=T0 + 100 * HOUR)
    drafts, final = history.story(row, PERCENT)
    events = [
        Event(number, draft.kind, draft.old, draft.new, draft.occurred_at, T0 + 100 * HOUR)
        for number, draft in enumerate(drafts)
    ]
    rebuilt = history.as_it_stood(events, T0 + 100 * HOUR)
    assert rebuilt is not None
    assert (rebuilt.stage, rebuilt.status, rebuilt.amount) == (final.stage, final.status, final.amount)
    assert rebuilt.stage_entered_at == final.stage_entered_at
    assert rebuilt.category == final.category
    assert rebuilt.expected_close == (final.expected_close_on.isoformat() if final.expected_close_on else None)
    assert history.pushes(events)[0] == final.push_count
    assert [draft.occurred_at for draft in drafts] == sorted(draft.occurred_at for draft in drafts)
