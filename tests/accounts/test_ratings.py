"""How people write ratings."""

import pytest

from accounts.ratings import Scale, Unreadable, has_signs, is_dash, likely_scale, read


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("poor", Scale.HUNDRED, (0, False)),
        ("Fairly  Good", Scale.HUNDRED, (75, False)),
        ("好", Scale.HUNDRED, (100, False)),
        ("偏差", Scale.HUNDRED, (25, False)),
        ("－－", Scale.HUNDRED, (0, False)),
        ("− −", Scale.HUNDRED, (0, False)),
        ("++", Scale.HUNDRED, (100, False)),
        ("＋", Scale.HUNDRED, (75, False)),
        ("±", Scale.HUNDRED, (50, False)),
        ("0", Scale.HUNDRED, (0, False)),
        ("63", Scale.HUNDRED, (75, True)),
        ("62 %", Scale.HUNDRED, (50, True)),
        ("80分", Scale.HUNDRED, (75, True)),
        ("4", Scale.FIVE, (75, False)),
        ("１", Scale.FIVE, (0, False)),
        ("2", Scale.FIVE_DOWN, (75, False)),
        ("4", Scale.FOUR, (100, False)),
        ("10", Scale.TEN, (100, False)),
        ("-1", Scale.SIGNED, (25, False)),
        ("0", Scale.SIGNED, (50, False)),
        ("unknown", Scale.FIVE, (None, False)),
        ("未知", Scale.FIVE, (None, False)),
        ("?", Scale.FIVE, (None, False)),
        ("—", Scale.FIVE, (None, False)),
        ("", Scale.FIVE, (None, False)),
    ],
)
def test_ratings(text: str, scale: Scale, expected: tuple[int | None, bool]) -> None:
    assert read(text, scale) == expected


@pytest.mark.parametrize(
    ("text", "scale", "kind"),
    [
        ("101", Scale.HUNDRED, "out_of_range"),
        ("-5", Scale.HUNDRED, "out_of_range"),
        ("6", Scale.FIVE, "out_of_range"),
        ("0", Scale.FIVE, "out_of_range"),
        ("=1+1", Scale.HUNDRED, "unknown_choice"),
        ("9" * 400, Scale.HUNDRED, "unknown_choice"),
        ("1e9", Scale.HUNDRED, "unknown_choice"),
        ("wonderfully odd", Scale.HUNDRED, "unknown_choice"),
    ],
)
def test_no_rating(text: str, scale: Scale, kind: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read(text, scale)
    assert raised.value.kind == kind


def test_a_dash_means_what_one_says() -> None:
    assert read("-", Scale.HUNDRED, dash=25) == (25, False)
    assert is_dash("－")
    assert has_signs(["++", "x"])
    assert not has_signs(["-", "good"])


@pytest.mark.parametrize(
    ("texts", "scale"),
    [
        (["good", "++"], None),
        (["1", "5"], Scale.FIVE),
        (["0", "4", "good"], Scale.FOUR),
        (["7", "10"], Scale.TEN),
        (["0", "75"], Scale.HUNDRED),
        (["-2", "1"], Scale.SIGNED),
    ],
)
def test_the_likely_scale(texts: list[str], scale: Scale | None) -> None:
    assert likely_scale(texts) == scale
