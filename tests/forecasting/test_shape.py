"""The shape of a funnel: need by Little's law, the diseases, honest about defaults; and its page."""

from datetime import timedelta

import pytest

from forecasting import actions, queries
from forecasting.shape import Cause, Disease, Have, Pace, choked, shape, wins_needed
from funnel.stages import Stage
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.forecasting.factories import NOW, QUARTER, TODAY, make_opportunity, win

EVEN = {stage: Pace(share=0.5, counted=20, days=10.0, exits=20) for stage in range(1, 7)}


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


def test_the_causes_follow_the_data() -> None:
    stuck = shape(have(1, 1, 2, 2, 1, 1, stalled=3, unproven=1), EVEN, wins=9, days=90).findings[0]
    soft = shape(have(1, 1, 2, 2, 1, 1, stalled=1, unproven=3), EVEN, wins=9, days=90).findings[0]
    assert stuck.causes == (Cause.STUCK, Cause.SOFT_QUALIFYING)
    assert soft.causes == (Cause.SOFT_QUALIFYING, Cause.STUCK)


def test_causes_are_compared_by_their_share_and_what_explains_no_case_is_not_told() -> None:
    def causes(stock: dict[int, Have], paces: dict[int, Pace] = EVEN) -> tuple[Cause, ...]:
        return shape(stock, paces, wins=9, days=90).findings[0].causes

    assert causes(have(1, 1, 2, 1, 1, 1)) == ()
    assert causes(have(1, 1, 2, 1, 1, 1, stalled=1)) == (Cause.STUCK,)
    assert causes(have(0.5, 1, 1, 1, 1, 1)) == (Cause.FEW_LEADS,)
    assert causes({stage: Have() for stage in range(1, 7)})[0] == Cause.NOTHING_RIPE
    for stalled, expected in ((10, (Cause.FEW_LEADS, Cause.SLOW_ENTRY)), (40, (Cause.SLOW_ENTRY, Cause.FEW_LEADS))):
        top = {**have(1, 1, 1, 1, 1, 1), 1: Have(20, stalled=stalled // 2), 2: Have(20, stalled=stalled // 2)}
        assert causes(top)[: len(expected)] == expected[: 2 if stalled < 40 else 1]
    empty = {1: Have(64, pushed=40), **{n: Have(2 ** (6 - n) * 2) for n in (2, 3, 4)}, 5: Have(0), 6: Have(0)}
    assert causes(empty) == (Cause.NOTHING_RIPE, Cause.PUSHED)
    paces = {**EVEN, 4: Pace(share=0.2, counted=20, days=10.0, exits=20, peers=0.6, peers_counted=20)}
    neck = {stage: Have(10_000, unproven=6_000) for stage in range(1, 7)}
    assert causes(neck, paces) == (Cause.UNPROVEN, Cause.LOSES_THERE)


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
    path = f"/o/acme/forecast/shape/?period=quarter&on={QUARTER.starts_on}"
    page = sign_in(acme.rep).get(path).content.decode()
    assert "Empty bottom" in page
    assert "default (own n = 1)" in page
    assert "/o/acme/funnel/table/?stage=3" in page
    assert 'aria-current="page">Funnel shape' in page, "it stands among the pages of the forecast"
    panel = sign_in(acme.manager).get(f"{path}&who=t{acme.team.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in panel
    assert f"&amp;team={acme.team.pk}" in panel
    assert sign_in(acme.rep).get(f"{path}&who=m{acme.rep2.pk}").status_code == 404
    assert sign_in(acme.partner).get(path).status_code == 403
    assert "No target is set" in sign_in(acme.rep2).get(path).content.decode()
