"""The map of who decides: everyone once, below whom they report to, no two boxes on each other."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from funnel.power_map import BOX, DEEPEST, DROP, GAP, HEIGHT, INDENT, NARROW, Drawn, cut, levels, narrow, wide

TEAM = {1: None, 2: 1, 3: 1, 4: 2, 5: None}

sheets = st.dictionaries(st.integers(1, 12), st.integers(1, 14) | st.none(), max_size=12)


def test_superiors_come_first_and_each_below_their_own() -> None:
    assert levels(TEAM) == [(1, 0), (2, 1), (4, 2), (3, 1), (5, 0)]


def test_who_reports_to_somebody_not_here_or_in_a_circle_stands_on_top() -> None:
    assert levels({1: 9, 2: 2}) == [(1, 0), (2, 0)]
    assert levels({1: 2, 2: 1}) == [(1, 0), (2, 1)]


def test_a_wide_map_sets_everyone_above_the_middle_of_their_people() -> None:
    drawn = wide(TEAM)
    at = {box.person: (box.x, box.y) for box in drawn.boxes}
    step = BOX + GAP
    assert at == {
        1: (step / 2, 0),
        2: (0, HEIGHT + DROP),
        4: (0, 2 * (HEIGHT + DROP)),
        3: (step, HEIGHT + DROP),
        5: (2 * step, 0),
    }
    assert (drawn.width, drawn.height) == (3 * step - GAP, 3 * HEIGHT + 2 * DROP)
    assert f"M{step / 2 + BOX / 2:g} {HEIGHT}V{HEIGHT + DROP / 2:g}H{BOX / 2:g}V{HEIGHT + DROP}" in drawn.lines
    assert len(drawn.lines) == 3


def test_a_narrow_map_sets_them_in_but_never_out_of_the_page() -> None:
    drawn = narrow({person: person - 1 or None for person in range(1, 12)})
    assert [box.x for box in drawn.boxes] == [INDENT * min(level, DEEPEST) for level in range(11)]
    assert {box.x + box.width for box in drawn.boxes} == {NARROW}
    assert len(drawn.lines) == 10


def test_nobody_is_an_empty_map() -> None:
    assert wide({}) == Drawn(0, 0, [], [])
    assert narrow({}) == Drawn(NARROW, 0, [], [])


@given(sheets)
def test_whoever_reports_to_whom_all_are_drawn_apart(lines: dict[int, int | None]) -> None:
    for drawn in (wide(lines), narrow(lines)):
        assert sorted(box.person for box in drawn.boxes) == sorted(lines)
        for one, other in combinations(drawn.boxes, 2):
            apart = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert apart or abs(one.y - other.y) >= HEIGHT
        for box in drawn.boxes:
            assert box.x >= 0
            assert box.x + box.width <= drawn.width
            assert box.y + HEIGHT <= drawn.height


@given(st.text(max_size=40), st.integers(2, 40))
def test_a_cut_text_never_takes_more_room(text: str, room: int) -> None:
    shown = cut(text, room)
    assert shown == text or sum(2 if ord(sign) > 0x2E7F else 1 for sign in shown) <= room
    assert shown == text or shown.endswith("…")


def test_a_chinese_character_takes_two() -> None:
    assert cut("台灣積體電路", 8) == "台灣積…"
    assert cut("abcdefgh", 8) == "abcdefgh"
    assert cut("abcdefghi", 8) == "abcdefg…"
