"""The words and the drawing of the forecast; the task that starts the nights."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.utils import translation

from forecasting import actions, labels, tasks
from forecasting.drawing import NARROW, WIDE, draw
from forecasting.health import Facts
from forecasting.periods import Kind, Period, period_of
from forecasting.waterfall import Bucket, Cause
from funnel.flags import Flag
from funnel.labels import FLAGS
from jobs.labels import notification_text
from jobs.models import Job, WakeUp
from tenants.errors import Refused
from tenants.models import Organization
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, TODAY

QUARTER = period_of(Kind.QUARTER, TODAY)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (period_of(Kind.MONTH, TODAY), "November 2026"),
        (QUARTER, "Q4 2026"),
        (period_of(Kind.HALF, TODAY), "Second half of 2026"),
        (period_of(Kind.HALF, date(2026, 1, 1)), "First half of 2026"),
        (period_of(Kind.YEAR, TODAY), "2026"),
        (period_of(Kind.QUARTER, TODAY, 4), "FY2026 Q3"),
        (period_of(Kind.HALF, TODAY, 4), "FY2026, second half"),
        (period_of(Kind.HALF, date(2026, 4, 1), 4), "FY2026, first half"),
        (period_of(Kind.YEAR, date(2026, 3, 1), 4), "FY2025"),
    ],
)
def test_the_name_of_a_period(period: Period, expected: str) -> None:
    with translation.override("en"):
        assert labels.period_label(period) == expected


def test_a_flag_says_its_number() -> None:
    facts = Facts(
        stage=3,
        amount=70,
        expected_close_on=TODAY - timedelta(days=1),
        opened_on=TODAY - timedelta(days=40),
        stage_entered_on=TODAY - timedelta(days=40),
        last_contact_on=TODAY - timedelta(days=23),
        push_count=2,
        push_days=70,
        lacking=3,
        contacts=1,
        highest=100,
    )
    with translation.override("en"):
        said = {code: labels.flag_text(code, facts, TODAY) for code in Flag}
        assert labels.flag_text("unheard_of", facts, TODAY) == "unheard_of"
        planned = replace(facts, next_step_on=TODAY)
        assert labels.flag_text(Flag.SILENT, planned, TODAY) == "23 days without contact"
        visited = replace(facts, next_step_on=TODAY - timedelta(days=1), visit_on=TODAY)
        assert labels.flag_text(Flag.SILENT, visited, TODAY) == "23 days without contact"
        known = replace(facts, buyer_known=True)
        assert labels.flag_text(Flag.NO_POWER, known, TODAY) == "Economic buyer never met"
        met = replace(known, buyer_met_on=TODAY - timedelta(days=31))
        assert labels.flag_text(Flag.NO_POWER, met, TODAY) == "Economic buyer not met for 31 days"
    assert said == {
        Flag.OVERDUE: "1 day overdue",
        Flag.ZOMBIE: "Open for 40 days, far beyond the usual",
        Flag.SILENT: "23 days without contact, and nothing planned",
        Flag.NO_NEXT_STEP: "No next action with a date",
        Flag.NO_AMOUNT: "No amount",
        Flag.NO_POWER: "No economic buyer known",
        Flag.UNPROVEN: "3 proofs missing",
        Flag.PUSHED: "Put off 2 times, 70 days in all",
        Flag.STALLED: "40 days in this stage",
        Flag.SINGLE_THREAD: "Only 1 contact on the sheet",
        Flag.REGRESSED: "Went back a stage",
        Flag.SHRINKING: "Cut by 30% since its highest",
        Flag.AGEING: "Open for 40 days",
    }


def test_every_code_has_words() -> None:
    assert set(labels.BUCKETS) == set(Bucket)
    assert set(labels.CAUSES) == {*Bucket, *Cause} - {Bucket.UNCHANGED}
    assert set(Flag) == set(FLAGS)
    with translation.override("en"):
        assert labels.refusal(Refused("not_a_period")).startswith("No period")
        assert notification_text("opportunities_flagged", {"count": 2, "names": ["A", "B"]}) == (
            "2 of your opportunities need attention: A, B"
        )


# The drawing ------------------------------------------------------------------------------------------


def test_the_course_of_a_period() -> None:
    won = [(date(2026, 10, 1), 100), (date(2026, 11, 2), 300)]
    stored = [(date(2026, 9, 30), 1), (date(2026, 10, 15), 500), (date(2026, 11, 22), 600)]
    course = draw(QUARTER, won, stored, target=1_000, today=TODAY)
    steps = course.won.split()
    assert len(steps) == 6
    assert len(course.forecast.split()) == 2
    assert course.target is not None
    assert course.top <= course.target.at < course.base
    assert course.now is not None
    assert course.left < course.now < course.right
    assert [(end.kind, end.value) for end in course.ends] == [("won", 300), ("weighted", 600)]
    assert course.dots == ()
    heights = [float(step.split(",")[1]) for step in steps]
    assert heights == sorted(heights, reverse=True)
    assert len(draw(QUARTER, won, stored, target=1_000, today=TODAY, size=NARROW).days) == 3


def test_labels_at_the_ends_keep_apart() -> None:
    course = draw(QUARTER, [(TODAY, 500)], [(TODAY, 505)], target=None, today=TODAY)
    assert {end.value for end in course.ends} == {500, 505}
    assert abs(course.ends[0].y - course.ends[1].y) >= 14
    assert len(course.dots) == 1
    assert course.target is None
    three = draw(QUARTER, [(TODAY, 500)], [(TODAY, 505)], [(TODAY, 502)], target=None, today=TODAY)
    assert [end.kind for end in three.ends] == ["won", "weighted", "proven"]
    heights = sorted(end.y for end in three.ends)
    assert [later - sooner for sooner, later in pairwise(heights)] == [14, 14]
    assert len(three.dots) == 2
    later = [(TODAY - timedelta(days=1), 400), (TODAY, 505)]
    first = draw(QUARTER, [(TODAY, 500)], later, [(TODAY, 502)], target=None, today=TODAY)
    assert len(first.dots) == 1, "the first evening on which it was known is a dot beside the line"
    far = draw(QUARTER, [(TODAY, 500)], [(TODAY, 505)], [(TODAY, 9_000)], target=None, today=TODAY)
    assert {end.value: end.y for end in far.ends}[9_000] == float(far.proven.split(",")[1])


def test_a_period_to_come_and_one_that_is_over() -> None:
    to_come = draw(QUARTER.next, [], [], target=None, today=TODAY)
    assert (to_come.won, to_come.forecast, to_come.now, to_come.ends) == ("", "", None, ())
    over = draw(QUARTER.previous, [(date(2026, 7, 1), 5)], [], target=5, today=TODAY)
    assert over.now is None
    assert float(over.won.split()[-1].split(",")[0]) == over.right
    year = draw(period_of(Kind.YEAR, TODAY), [], [], target=5, today=TODAY)
    assert [label.day.month for label in year.days] == list(range(1, 13))
    assert len(draw(period_of(Kind.MONTH, TODAY), [], [], target=5, today=TODAY, size=WIDE).days) == 5


# The nights -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_organization_gets_its_own_night(acme: Cast, globex: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    Organization.objects.filter(pk=globex.org.pk).update(time_zone="America/New_York")
    monkeypatch.setattr(
        "forecasting.tasks.timezone.now", lambda: NOW
    )  # 09:30 in Taipei, the evening before in New York
    for _hour in range(2):
        tasks.nightly()
    nights, mails = {}, 0
    for cast in (acme, globex):
        with working_for(cast.org):
            nights[cast.org.slug] = Job.objects.get(kind=actions.JOB).payload["on"]
            mails += Job.objects.filter(kind=actions.DIGEST_JOB).count()
    assert nights == {"acme": "2026-11-22", "globex": "2026-11-21"}
    assert mails <= 2, "one mail a day"
    assert WakeUp.objects.count() == 2 + mails
