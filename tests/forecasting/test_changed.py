"""What changed between any two moments: the database's buckets against the rule, over random histories."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting import queries
from forecasting.periods import Kind, Period
from forecasting.queries.changed import LATEST
from forecasting.waterfall import Bucket, Story, View, build, classify, weighted_change
from funnel.slices import Slice
from funnel.stages import PERCENT, Category, ChangeKind
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import told
from tests.funnel.factories import undone_afterwards
from tests.funnel.test_spells import T0, lived

pytestmark = pytest.mark.django_db
SPRING = Period(Kind.QUARTER, date(2026, 4, 1))
IN, BEFORE, AFTER = date(2026, 5, 5), date(2026, 3, 31), date(2026, 7, 1)
HOUR = timedelta(hours=1)

moves = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.just(ChangeKind.EXPECTED_CLOSE), st.sampled_from([IN, IN, BEFORE, AFTER, None])),
            st.tuples(st.just(ChangeKind.AMOUNT), st.sampled_from([None, 0, 5, 7, 11])),
            st.tuples(st.just(ChangeKind.RATE), st.sampled_from([5, 6, 13])),
            st.tuples(st.just(ChangeKind.STAGE), st.integers(1, 6)),
            st.tuples(st.just(ChangeKind.OWNER), st.integers(0, 2)),
            st.tuples(st.just(ChangeKind.CATEGORY), st.sampled_from([Category.OMITTED, Category.COMMIT])),
            st.tuples(st.sampled_from([ChangeKind.WON, ChangeKind.LOST, ChangeKind.ABANDONED]), st.none()),
            st.tuples(st.just(ChangeKind.REOPENED), st.none()),
            st.tuples(st.just(ChangeKind.PROVEN), st.tuples(st.integers(1, 7), st.integers(0, 20))),
            st.tuples(st.just("undo"), st.integers(0, 2)),
        ),
        st.sampled_from([0, 0, 0, 3]),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([IN, IN, BEFORE, AFTER, None]), moves), min_size=1, max_size=4),
    st.sampled_from([-1, 0, 11, 12, 13, 15, 20]),
    st.sampled_from([0, 2, 4, 12, 99]),
    st.data(),
)
def test_every_bucket_holds_what_the_rule_says_and_all_make_the_end(
    acme: Cast, histories: Sequence[Any], starts: int, lasts: int, data: st.DataObject
) -> None:
    people = [acme.rep, acme.rep2, acme.manager]
    owners = data.draw(st.one_of(st.none(), st.frozensets(st.sampled_from([each.pk for each in people]))))
    since = T0 + starts * HOUR
    until = since + lasts * HOUR if lasts < 99 else LATEST
    view, slice_ = View(SPRING, owners), Slice(owners)
    with working_for(acme.org), undone_afterwards():
        stories = []
        for due, steps in histories:
            opportunity, log = lived(people, steps, due)
            between = sorted({each.occurred_at for each in log if since < each.occurred_at <= until})
            moments = [since, *between] if until == LATEST else [since, *between, until]
            stories.append(Story(opportunity.pk, tuple(told(log, moment, acme) for moment in moments)))
        found = queries.waterfall(SPRING, slice_, since=since, until=until)
        assert found == build(stories, view)
        assert found.start + sum(delta for _bucket, delta, _count in found.buckets) == found.end
        steps = [step for step in (classify(story, view) for story in stories) if step is not None]
        for bucket in Bucket:
            mine = queries.moved(SPRING, slice_, bucket=bucket, since=since, until=until)
            assert {each.pk for each in mine.visible_to(acme.executive)} == {
                step.pk for step in steps if step.bucket == bucket
            }
        if until == LATEST:
            percents = {int(stage): percent for stage, percent in PERCENT.items()}
            summary = queries.summary(acme.executive, SPRING)
            scope = queries.Scope("", "", owners, people)
            moved = queries.movement(acme.executive, summary, scope, since=since, zone=acme.org.zone)
            assert (moved.forecast_change, moved.reason) == weighted_change(stories, view, percents)


NOTHING = (ChangeKind.STAGE, 1)
CLOSES, OWNER, CATEGORY, AMOUNT = ChangeKind.EXPECTED_CLOSE, ChangeKind.OWNER, ChangeKind.CATEGORY, ChangeKind.AMOUNT
OF_EACH: dict[Bucket, tuple[date | None, list[Any], list[Any]]] = {
    # bucket: due at first, what happened before the first moment (two steps), and after it
    Bucket.REOPENED: (IN, [(ChangeKind.LOST, None)], [(ChangeKind.REOPENED, None)]),
    Bucket.TRANSFERRED_IN: (IN, [(OWNER, 2)], [(OWNER, 1)]),
    Bucket.PULLED_IN: (AFTER, [], [(CLOSES, IN)]),
    Bucket.ROLLED_OVER: (BEFORE, [], [(CLOSES, IN)]),
    Bucket.RESTORED: (IN, [(CATEGORY, Category.OMITTED)], [(CATEGORY, Category.COMMIT)]),
    Bucket.INCREASED: (IN, [], [(AMOUNT, 9), (ChangeKind.RATE, 8)]),
    Bucket.DECREASED: (IN, [], [(AMOUNT, 2)]),
    Bucket.CURRENCY: (IN, [(AMOUNT, 6)], [(ChangeKind.RATE, 7)]),
    Bucket.WON: (IN, [], [(ChangeKind.WON, None), (OWNER, 2)]),
    Bucket.LOST: (IN, [], [(CLOSES, AFTER), (ChangeKind.LOST, None)]),
    Bucket.ABANDONED: (IN, [], [(ChangeKind.ABANDONED, None)]),
    Bucket.REMOVED: (IN, [], [(CATEGORY, Category.OMITTED), (OWNER, 2)]),
    Bucket.TRANSFERRED_OUT: (IN, [], [(OWNER, 2), (CLOSES, AFTER)]),
    Bucket.PUSHED_OUT: (IN, [], [(CLOSES, AFTER)]),
    Bucket.MOVED_EARLIER: (IN, [], [(CLOSES, BEFORE)]),
    Bucket.CAME_AND_WENT: (AFTER, [], [NOTHING, NOTHING, (CLOSES, IN), NOTHING, NOTHING, (CLOSES, AFTER)]),
    Bucket.UNCHANGED: (IN, [], [(ChangeKind.STAGE, 4), (ChangeKind.PROVEN, (3, 20))]),
}


@pytest.mark.parametrize("bucket", OF_EACH)
def test_one_of_each_bucket(acme: Cast, bucket: Bucket) -> None:
    due, earlier, later = OF_EACH[bucket]
    steps = [(step, 0) for step in [*earlier, *[NOTHING] * (2 - len(earlier)), *later]]
    with working_for(acme.org):
        opportunity, log = lived([acme.rep, acme.rep2, acme.manager], steps, due)
        since, ours = T0 + 12 * HOUR, Slice(owners={acme.rep.pk, acme.rep2.pk})
        found = queries.waterfall(SPRING, ours, since=since)
        assert list(found.parts) == [bucket]
        assert found.end - found.start == found.parts[bucket].delta
        assert list(queries.moved(SPRING, ours, bucket=bucket, since=since).visible_to(acme.executive)) == [opportunity]
        worth = queries.moved(SPRING, ours, bucket=bucket, since=since).worths([opportunity.pk])[opportunity.pk]
        assert (worth.old, worth.new) == (found.parts[bucket].old, found.parts[bucket].new)
        assert len(log) == len(steps) + 1


def test_a_moment_after_now_and_one_before_everything(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity, _log = lived([acme.rep, acme.rep2, acme.manager], [((ChangeKind.EXPECTED_CLOSE, IN), 0)])
        whole = queries.waterfall(SPRING, Slice(), since=datetime(2020, 1, 1, tzinfo=T0.tzinfo))
        assert [(bucket, delta) for bucket, delta, _count in whole.buckets] == [(Bucket.NEW, 5)]
        assert queries.waterfall(SPRING, Slice(owners=()), since=T0).buckets == []
        assert opportunity.owner == acme.rep
