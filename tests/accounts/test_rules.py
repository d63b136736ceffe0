"""The rules of names, assessment and segments."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import labels, names
from accounts.assessment import EVEN, GROUPS, STEPS, UNJUDGED, judge, trend
from accounts.segments import (
    Factor,
    Limits,
    Placement,
    Potential,
    Revenue,
    Segment,
    few_that_make,
    place,
    potential,
    revenue_level,
)

RATINGS = st.dictionaries(st.sampled_from(list(Factor)), st.sampled_from(STEPS))
WEIGHTS = st.fixed_dictionaries({factor: st.integers(0, 100) for factor in Factor})
LIMITS = Limits(benchmark=1000, high_from=60, little_percent=10)


# Names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme, Inc.", "ＡＣＭＥ ｉｎｃ"),
        ("台灣 積體電路（股）公司", "台灣積體電路股公司"),
        ("Straße", "STRASSE"),
        ("Formosa  Plastics", "formosa-plastics"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


def test_a_name_of_signs_keeps_them() -> None:
    assert names.key("🚀 !") == "🚀!"
    assert names.key(" \x00") == ""


@given(st.text(max_size=80))
def test_a_key_is_its_own_key_and_has_no_space(text: str) -> None:
    made = names.key(text)
    assert names.key(made) == made
    assert not any(c.isspace() for c in made)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=40), st.data())
def test_any_part_of_a_key_begins_a_suffix(text: str, data: st.DataObject) -> None:
    whole = names.key(text)
    start = data.draw(st.integers(0, len(whole) - 1))
    part = whole[start : start + data.draw(st.integers(1, 10))]
    assert any(suffix.startswith(part) for suffix in names.suffixes(text))


def test_suffixes_are_bounded() -> None:
    found = names.suffixes("".join(chr(0x4E00 + i) for i in range(300)))
    assert len(found) == names.LONGEST_SUFFIX
    assert max(map(len, found)) == names.LONGEST_SUFFIX
    assert names.suffixes("aaaa") == ["aaaa", "aaa", "aa", "a"]
    assert unicodedata.is_normalized("NFKC", found[0])


# The timeline's words


def test_a_verb_of_another_app_is_told_with_its_money_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "VERBS", {})
    labels.name_verb(
        "deal.moved", "%(amount)s went to %(stage)s by %(who)s", money=("amount",), words={"stage": {3: "Develop"}}
    )
    assert (
        labels.tell("deal.moved", {"amount": 128_000_000, "stage": 3, "who": "Ann"}) == "1.28M went to Develop by Ann"
    )
    assert labels.tell("deal.moved", {"stage": 9, "amount": None}) == "— went to 9 by —"
    assert labels.tell("deal.unheard", {}) == "deal.unheard"


# Assessment


def test_the_groups_hold_every_factor_once_in_order() -> None:
    assert [factor for group in GROUPS for factor in group.factors] == list(Factor)


def test_nothing_known_is_no_score() -> None:
    assert judge({}, EVEN) == UNJUDGED
    assert judge({Factor.CULTURE: 100}, {**EVEN, Factor.CULTURE: 0}) == UNJUDGED


def test_score_counts_only_what_is_known() -> None:
    found = judge({Factor.ORGANIZATION: 100, Factor.CULTURE: 50}, {Factor.ORGANIZATION: 30, Factor.CULTURE: 10})
    assert (found.score, found.confidence) == (87, 100)  # (30 × 100 + 10 × 50) ÷ 40 = 87.5, rounded down
    assert judge({Factor.ORGANIZATION: 75}, EVEN).confidence == 10


@pytest.mark.parametrize(
    ("ratings", "weights"), [({Factor.CULTURE: 60}, EVEN), ({Factor.CULTURE: 50}, {Factor.CULTURE: -1})]
)
def test_what_cannot_be_is_refused(ratings: dict[Factor, int], weights: dict[Factor, int]) -> None:
    with pytest.raises(ValueError, match="is"):
        judge(ratings, weights)


@given(RATINGS, WEIGHTS)
def test_score_and_confidence_stay_in_range(ratings: dict[Factor, int], weights: dict[Factor, int]) -> None:
    found = judge(ratings, weights)
    assert 0 <= found.confidence <= 100
    if found.score is None:
        assert not sum(weights[factor] for factor in ratings)
    else:
        weighed = [rating for factor, rating in ratings.items() if weights[factor]]
        assert min(weighed) <= found.score <= max(weighed)


@given(RATINGS, WEIGHTS, st.integers(2, 9))
def test_only_the_proportion_of_weights_matters(
    ratings: dict[Factor, int], weights: dict[Factor, int], times: int
) -> None:
    assert judge(ratings, weights) == judge(ratings, {factor: times * weight for factor, weight in weights.items()})


@given(RATINGS.filter(lambda ratings: bool(ratings)), st.data())
def test_a_better_rating_never_lowers_the_score(ratings: dict[Factor, int], data: st.DataObject) -> None:
    factor = data.draw(st.sampled_from(sorted(ratings)))
    better = {**ratings, factor: data.draw(st.sampled_from([s for s in STEPS if s >= ratings[factor]]))}
    before, after = judge(ratings, EVEN).score, judge(better, EVEN).score
    assert before is not None
    assert after is not None
    assert after >= before


def test_trend_is_the_last_step() -> None:
    assert trend([40, None, 55]) == 15
    assert trend([None, 55]) is None
    assert trend([]) is None


# Segments


@pytest.mark.parametrize(
    ("score", "confidence", "expected"),
    [
        (None, 0, Potential.UNKNOWN),
        (100, 49, Potential.UNKNOWN),
        (60, 50, Potential.HIGH),
        (59, 100, Potential.LOW),
    ],
)
def test_potential(score: int | None, confidence: int, expected: Potential) -> None:
    assert potential(score, confidence, LIMITS) == expected


@pytest.mark.parametrize(
    ("revenue", "expected"),
    [
        (1000, Revenue.HIGH),
        (999, Revenue.LOW),
        (100, Revenue.LOW),
        (99, Revenue.LITTLE),
        (0, Revenue.LITTLE),
        (-5, Revenue.LITTLE),
    ],
)
def test_revenue_against_the_benchmark(revenue: int, expected: Revenue) -> None:
    assert revenue_level(revenue, LIMITS) == expected


def test_no_revenue_is_little_even_where_nothing_counts_as_little() -> None:
    assert revenue_level(0, Limits(benchmark=1000, little_percent=0)) == Revenue.LITTLE


@pytest.mark.parametrize(
    ("score", "revenue", "segment", "assess"),
    [
        (80, 5000, Segment.A_PLUS, False),
        (80, 500, Segment.A, False),
        (80, 0, Segment.A, False),
        (20, 5000, Segment.B, False),
        (20, 500, Segment.C, False),
        (20, 0, Segment.C, False),
        (None, 5000, Segment.B, True),
        (None, 500, Segment.C, True),
        (None, 0, Segment.D, True),
    ],
)
def test_segments(score: int | None, revenue: int, segment: Segment, assess: bool) -> None:
    found = place(revenue=revenue, score=score, confidence=0 if score is None else 100, limits=LIMITS)
    assert (found.segment, found.assess) == (segment, assess)


@given(
    st.integers(-(10**12), 10**12),
    st.none() | st.integers(0, 100),
    st.integers(0, 100),
    st.builds(Limits, st.integers(1, 10**12), st.integers(0, 100), st.integers(0, 100)),
)
def test_d_is_exactly_little_revenue_and_unknown(
    revenue: int, score: int | None, confidence: int, limits: Limits
) -> None:
    found: Placement = place(revenue=revenue, score=score, confidence=confidence, limits=limits)
    assert (found.segment == Segment.D) == (found.assess and found.revenue == Revenue.LITTLE)
    assert (found.segment in {Segment.A_PLUS, Segment.A}) == (found.potential == Potential.HIGH)


def test_the_few_that_make_most() -> None:
    assert few_that_make(80, []) == 0
    assert few_that_make(80, [0, -3]) == 0
    assert few_that_make(80, [10, 70, 10, 10]) == 2
    assert few_that_make(100, [1, 1, 1]) == 3


@given(st.lists(st.integers(-100, 10**9), max_size=50), st.integers(1, 100))
def test_the_few_are_enough_and_no_more(revenues: list[int], share: int) -> None:
    largest = sorted((r for r in revenues if r > 0), reverse=True)
    count = few_that_make(share, revenues)
    assert sum(largest[:count]) * 100 >= sum(largest) * share
    if count:
        assert sum(largest[: count - 1]) * 100 < sum(largest) * share
