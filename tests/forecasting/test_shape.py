"""The shape of a funnel: need by Little's law, the diseases, honest about defaults; and its page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import actions, queries
from forecasting.labels import shape as shape_labels
from forecasting.shape import SHARES, Cause, Disease, Have, Inflow, Pace, Told, choked, shape, wins_needed
from funnel.stages import Stage
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import NOW, QUARTER, TODAY, make_opportunity, win

EVEN = {stage: Pace(share=0.5, counted=20, days=10.0, exits=20, peers=0.5, peers_counted=20) for stage in range(1, 7)}


def test_need_is_inflow_times_dwell_and_inflow_comes_up_the_chain() -> None:
    found = shape({}, EVEN, wins=9, days=90)
    assert [part.need for part in found.parts] == pytest.approx([0.1 * 10 * 2**n for n in (6, 5, 4, 3, 2, 1)])
    assert all(part.is_own_share and part.is_own_days for part in found.parts)


def test_few_data_take_the_default_and_say_so() -> None:
    few = shape({}, {1: Pace(share=0.9, counted=19, days=3.0, exits=19)}, wins=9, days=90).parts[0]
    assert (few.share, few.is_own_share, few.days, few.is_own_days) == (0.5, False, 14.0, False)
    assert (few.pace.counted, few.pace.exits) == (19, 19)
    nobody = shape({}, {1: Pace(share=0.0, counted=50)}, wins=9, days=90).parts[0]
    assert (nobody.share, nobody.is_own_share) == (0.5, False)


def test_without_a_target_or_a_usual_amount_nothing_is_needed() -> None:
    assert wins_needed(None, 100) is wins_needed(100, None) is wins_needed(100, 0) is None
    assert wins_needed(-5, 100) == 0
    assert wins_needed(250, 100) == 2.5
    for wins in (None, 0):
        found = shape({1: Have(9)}, EVEN, wins=wins, days=90)
        assert {part.ratio for part in found.parts} == {None}
        assert found.findings == ()


def have(*times: float, **more: int) -> dict[int, Have]:
    """Make each stage so many times what it needs for nine wins in ninety days."""
    needs = [0.1 * 10 * 2**n for n in (6, 5, 4, 3, 2, 1)]
    return {
        stage: Have(round(need * time), **more) for stage, need, time in zip(range(1, 7), needs, times, strict=True)
    }


@pytest.mark.parametrize(
    ("stock", "disease", "stages"),
    [
        (have(0.5, 1, 1, 1, 1, 1), Disease.THIN_TOP, (1,)),
        (have(0.5, 0.5, 1, 1, 1, 1), Disease.THIN_TOP, (1, 2)),
        (have(1, 1, 2, 1, 1, 1), Disease.PREGNANT, (3,)),
        (have(1, 1, 2, 2, 1, 1), Disease.PREGNANT, (3, 4)),
        (have(1, 1, 1, 1, 0, 0), Disease.EMPTY_BOTTOM, (5, 6)),
    ],
)
def test_the_pattern_names_the_disease(stock: dict[int, Have], disease: Disease, stages: tuple[int, ...]) -> None:
    (found,) = shape(stock, EVEN, wins=9, days=90).findings
    assert (found.disease, found.stages) == (disease, stages)


def causes(stock: dict[int, Have], paces: dict[int, Pace] = EVEN, **inflow: float) -> list[tuple[Cause, float, float]]:
    comes: Any = Inflow(**inflow)  # type: ignore[arg-type]
    found = shape(stock, paces, wins=9, days=90, inflow=comes).findings[0]
    return [(told.cause, told.have, round(told.of, 1)) for told in found.causes]


def test_a_full_middle_is_soft_stuck_silent_or_came_too_early() -> None:
    def told(**flags: int) -> list[tuple[Cause, float, float]]:
        return causes(have(1, 1, 2, 2, 1, 1, **flags))

    # 16 are needed in Develop and 8 in Solution fit; twice as many stand in each
    assert told(stalled=9, unproven=3) == [(Cause.STUCK, 18, 48), (Cause.SOFT_QUALIFYING, 6, 48)]
    assert told(stalled=1, unproven=3) == [(Cause.SOFT_QUALIFYING, 6, 48), (Cause.STUCK, 2, 48)]
    assert told(silent=4, regressed=2, stalled=1) == [(Cause.SILENT, 8, 48), (Cause.WENT_BACK, 4, 48)]
    assert told() == [(Cause.SOFT_QUALIFYING, 0, 48), (Cause.STUCK, 0, 48)]


def test_a_thin_top_lacks_openings_or_leads_or_loses_them_or_is_slow() -> None:
    stock = have(0.5, 1, 1, 1, 1, 1)
    # 6.4 must come in a day, 576 in the period
    assert causes(stock) == [(Cause.FEW_OPENED, 0, 6.4), (Cause.FEW_LEADS, 0, 576)]
    assert causes(stock, opened=6.4, leads=288) == [(Cause.FEW_LEADS, 288, 576), (Cause.FEW_OPENED, 6.4, 6.4)]
    losing = causes(stock, opened=6.4, leads=576, converted=1, dropped=4)
    assert losing == [(Cause.LEADS_LOST, 1, 5), (Cause.FEW_OPENED, 6.4, 6.4)]
    slow = {**have(1, 1, 1, 1, 1, 1), 1: Have(20, stalled=15), 2: Have(20, stalled=15)}
    assert causes(slow, opened=3.2, leads=600) == [(Cause.SLOW_ENTRY, 30, 40), (Cause.FEW_OPENED, 3.2, 6.4)]


@pytest.mark.parametrize(
    ("cause", "fit", "have", "of", "number"),
    [
        (Cause.FEW_LEADS, 0.02, 16, 16.3, "16 open, 17 needed in the period"),
        (Cause.FEW_LEADS, 0.0, 16, 15.6, "16 open, 16 needed in the period: it is not this"),
        (Cause.FEW_LEADS, 0.5, 8, 16.0, "8 open, 16 needed in the period"),
        (Cause.STUCK, 0.0, 0, 48, "0 of 48 are stalled: it is not this"),
        (Cause.FEW_OPENED, 0.5, 0.2, 0.4, "0.2 a day, 0.4 needed"),
    ],
)
def test_the_figures_of_a_cause_speak_for_it_or_say_that_it_is_not_this(
    cause: Cause, fit: float, have: float, of: float, number: str
) -> None:
    assert shape_labels.told(Told(cause, fit, have, of), is_usual=False)[1] == number


def test_an_empty_bottom_lacks_a_middle_or_was_pushed_or_is_stuck_above_or_underfed() -> None:
    stock = {**have(1, 1, 1, 0.5, 0, 0)}
    assert causes(stock, opened=6.4) == [(Cause.NOTHING_RIPE, 20, 24), (Cause.PUSHED, 0, 116)]
    stock[3] = Have(8, stalled=8, pushed=1)
    assert causes(stock, opened=6.4)[0] == (Cause.STUCK, 8, 12)
    stock[1] = Have(64, pushed=64)
    assert causes(stock, opened=6.4) == [(Cause.STUCK, 8, 12), (Cause.PUSHED, 65, 108)]
    assert causes({}, opened=1.6)[1] == (Cause.FEW_OPENED, 1.6, 6.4)


def test_a_choked_neck_lacks_skill_or_proof_or_talk_or_those_who_can() -> None:
    paces = {**EVEN, 4: Pace(share=0.2, counted=20, peers=0.6, peers_counted=20, people=4, winners=3)}
    stock = {stage: Have(10_000, unproven=6_000, silent=9_000) for stage in range(1, 7)}
    assert causes(stock, paces) == [(Cause.SILENT, 9_000, 10_000), (Cause.LOSES_THERE, 0.2, 0.6)]
    assert causes({**stock, 4: Have()}, paces) == [(Cause.LOSES_THERE, 0.2, 0.6), (Cause.FEW_WINNERS, 3, 4)]


counts = st.integers(0, 9)
stages = st.builds(
    lambda count, amount, shares: Have(count, amount, *(min(count, share) for share in shares)),
    st.integers(0, 90),
    counts,
    st.tuples(*[st.integers(0, 90)] * 5),
)
flowing = st.builds(
    lambda share, counted, peers, peers_counted, days, people, is_usual: Pace(
        share if counted else None, counted, days, counted, peers, peers_counted, is_usual, *people
    ),
    st.floats(0.01, 1),
    st.integers(0, 40),
    st.floats(0, 1),
    st.integers(0, 40),
    st.floats(0, 90),
    st.tuples(st.integers(1, 9), counts).map(lambda both: (both[0], min(both))),
    st.booleans(),
)


@given(
    have=st.dictionaries(st.integers(1, 6), stages),
    paces=st.dictionaries(st.integers(1, 6), flowing),
    wins=st.one_of(st.none(), st.floats(0, 40)),
    inflow=st.builds(Inflow, st.floats(0, 9), counts, counts, counts),
)
def test_every_disease_has_two_causes_ranked_by_fit_each_with_its_number(
    have: dict[int, Have], paces: dict[int, Pace], wins: float | None, inflow: Inflow
) -> None:
    for each in shape(have, paces, wins=wins, days=90, inflow=inflow).findings:
        first, second = each.causes
        assert 1 >= first.fit >= second.fit >= 0
        assert first.cause != second.cause
        for told in each.causes:
            assert told.of > 0
            words, number = shape_labels.told(told, is_usual=False)
            assert words
            assert any(figure.isdigit() for figure in number)


def test_a_healthy_shape_has_no_disease_and_the_borders_belong_to_health() -> None:
    assert shape(have(1, 1, 1, 1, 1, 1), EVEN, wins=9, days=90).findings == ()
    at_the_border = shape({1: Have(7), 2: Have(15)}, {n: EVEN[n] for n in EVEN}, wins=9, days=90).parts
    assert at_the_border[0].is_thin
    exact = shape({6: Have(3)}, EVEN, wins=9, days=90).parts[5]
    assert exact.ratio == pytest.approx(1.5)
    assert (exact.is_bulging, exact.is_thin) == (False, False)


def test_the_neck_is_where_it_is_worst_against_peers() -> None:
    paces = dict(EVEN)
    paces[3] = Pace(share=0.4, counted=20, peers=0.6, peers_counted=20)
    paces[4] = Pace(share=0.2, counted=20, peers=0.6, peers_counted=20)
    paces[5] = Pace(share=0.0, counted=19, peers=0.9, peers_counted=99)
    found = shape(have(1, 1, 1, 1, 1, 1), paces, wins=9, days=90)
    assert choked(found.parts) == 4
    assert Disease.CHOKED_NECK in {each.disease for each in found.findings}
    few = {3: Pace(share=0.1, counted=20, peers=0.6, peers_counted=19)}
    assert choked(shape({}, few, wins=9, days=90).parts) is None
    usual = {3: replace(few[3], peers_counted=0, is_usual=True)}
    assert choked(shape({}, usual, wins=9, days=90).parts) == 3
    paces[3] = paces[4] = Pace(share=0.5, counted=20, peers=0.6, peers_counted=20)
    assert choked(shape({}, paces, wins=9, days=90).parts) is None


@pytest.mark.django_db
def test_the_page_says_have_need_and_what_it_stands_on(acme: Cast) -> None:
    with working_for(acme.org):
        win(make_opportunity(acme.rep, 100_000, TODAY), NOW - timedelta(days=3))
        for _ in range(3):
            make_opportunity(acme.rep, 100_000, TODAY, stage=Stage.DEVELOP)
        make_opportunity(acme.rep2, 100_000, TODAY, stage=Stage.CLOSE)
        actions.set_target(acme.rep, "quarter", QUARTER.starts_on, 50_000_000, by=acme.manager, at=NOW)
        whose = queries.scope(acme.rep)
        found = queries.shape_of(acme.org, QUARTER, queries.summary(acme.rep, QUARTER, whose), whose.owners, at=NOW)
        assert [part.have.count for part in found.parts] == [0, 0, 3, 0, 0, 0]
        assert found.wins is not None
        assert Disease.EMPTY_BOTTOM in {each.disease for each in found.findings}
        everybody = queries.scope(acme.executive)
        summary = queries.summary(acme.executive, QUARTER, everybody)
        whole = queries.shape_of(acme.org, QUARTER, summary, everybody.owners, at=NOW)
        assert [(part.pace.peers, part.pace.is_usual) for part in whole.parts] == [(SHARES[n], True) for n in SHARES]
        assert not any(part.pace.is_usual for part in found.parts), "others are there to compare with"
        top = next(each for each in found.findings if each.disease == Disease.THIN_TOP)
        opened = next(told for told in top.causes if told.cause == Cause.FEW_OPENED)
        assert opened.have == pytest.approx(4 / 90), "all four of the representative, the won one among them"
    path = f"/o/acme/forecast/shape/?period=quarter&on={QUARTER.starts_on}"
    page = sign_in(acme.rep).get(path).content.decode()
    assert "Empty bottom" in page
    assert "default (own n = 1)" in page
    assert "a day, " in page, "the cause says its number"
    assert '<span class="sub">$3K</span>' in page or '<span class="sub">3K</span>' in page, "amounts beside counts"
    assert "/o/acme/funnel/table/?stage=3" in page
    assert 'aria-current="page">Funnel shape' in page, "it stands among the pages of the forecast"
    panel = sign_in(acme.manager).get(f"{path}&who=t{acme.team.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in panel
    assert f"&amp;team={acme.team.pk}" in panel
    assert sign_in(acme.rep).get(f"{path}&who=m{acme.rep2.pk}").status_code == 404
    assert sign_in(acme.partner).get(path).status_code == 403
    assert "No target is set" in sign_in(acme.rep2).get(path).content.decode()
    assert "Set targets" not in sign_in(acme.rep2).get(path).content.decode()


@pytest.mark.django_db
def test_where_there_is_nothing_the_page_says_what_to_do_next(acme: Cast) -> None:
    client = sign_in(acme.executive)
    page = client.get("/o/acme/forecast/shape/").content.decode()
    assert "Nothing to tell yet" in page
    assert "Have against need" not in page
    with working_for(acme.org):
        make_opportunity(acme.rep, None, None)
    page = client.get("/o/acme/forecast/shape/").content.decode()
    assert "Nothing to tell yet" not in page, "what is open has a shape"
    assert 'href="/o/acme/forecast/targets/">Set targets' in page
