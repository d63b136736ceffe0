"""What is done and taken back at once: the same alert as before, and nobody hears of it twice or of what is no more."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from forecasting import actions
from forecasting.actions import judging
from forecasting.ladder import RETURNS_WITHIN, UNSAID_WITHIN
from forecasting.models import Alert, Digest
from funnel import actions as funnel
from funnel.bulk import BulkKind, Choice
from funnel.models import BulkChange, Opportunity
from funnel.stages import Stage
from jobs.actions import read
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.alerting import told, watch_dates_alone
from tests.forecasting.factories import NOW, TODAY, change, make_opportunity

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
THEN = NOW + 4 * DAY
FAR = TODAY + 90 * DAY


def overdue(owner: Membership, name: str = "Pump") -> Opportunity:
    return make_opportunity(owner, 100, TODAY - DAY, name=name)


def standing() -> set[tuple[Any, ...]]:
    return set(Alert.objects.standing().values_list("pk", "code", "since", "told_at", "step", "step_at"))


def bells(member: Membership) -> set[tuple[int, Any]]:
    return set(member.notifications.values_list("pk", "read_at"))


def push(opportunity: Opportunity, cast: Cast, *, at: Any = THEN) -> Opportunity:
    """Let a manager put it off: it is overdue no more, and pushed instead."""
    opportunity.refresh_from_db()
    return funnel.change_opportunity(
        opportunity, seen=opportunity.version, by=cast.manager, at=at, expected_close_on=FAR
    )


def night(cast: Cast, *, at: Any = THEN) -> None:
    actions.refresh_health(cast.org, at=at)


@pytest.fixture
def heard(django_capture_on_commit_callbacks: Any) -> Any:
    """Run what is told after the commit."""

    def run() -> Any:
        return django_capture_on_commit_callbacks(execute=True)

    return run


def test_one_change_taken_back_leaves_the_same_alerts_and_no_new_bell(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        one = overdue(acme.rep)
        for day in (0, 4):
            night(acme, at=NOW + day * DAY)
        before, rang = standing(), bells(acme.rep)
        above = bells(acme.manager)
        assert {row[4] for row in before if row[1] == "overdue"} == {1}
        with heard():
            pushed = push(one, acme)
        assert set(Opportunity.objects.get(pk=one.pk).flags) >= {"pushed"}
        assert len(bells(acme.rep) - rang) == 1
        with heard():
            funnel.undo(pushed.last_change_id, by=acme.manager, at=THEN + 20 * SECOND)
        assert (standing(), bells(acme.rep), bells(acme.manager)) == (before, rang, above)
        night(acme, at=THEN + 60 * SECOND)
        assert (standing(), bells(acme.rep), bells(acme.manager)) == (before, rang, above)
        assert Alert.objects.get(code="pushed").told_at is None, "nobody has heard of it"
        with heard():
            push(one, acme, at=THEN + 90 * SECOND)
        assert Alert.objects.get(code="pushed").since == THEN
        assert len(bells(acme.rep) - rang) == 1, "and now they hear"


def test_a_move_and_its_undo_are_no_news(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100, FAR, at=NOW, stage=Stage.DEVELOP)
        night(acme)
        before, rang = standing(), bells(acme.rep)
        assert "regressed" not in one.flags
        with heard():
            moved = funnel.move(one, left=Stage.DEVELOP, to=Stage.DISCOVER, why="x", by=acme.manager, at=THEN)
        assert "regressed" in Opportunity.objects.get(pk=one.pk).flags
        with heard():
            funnel.undo(moved.last_change_id, by=acme.manager, at=THEN + SECOND)
        assert (standing(), bells(acme.rep)) == (before, rang)


def test_many_changed_and_taken_back_are_no_news_to_any_owner(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        ids = [overdue(owner, f"{name}").pk for name in "ABC" for owner in (acme.rep, acme.rep2)]
        for day in (0, 4):
            night(acme, at=NOW + day * DAY)
        before, rang = standing(), [bells(acme.rep), bells(acme.rep2)]
        asked: dict[str, Any] = {"by": acme.manager, "at": THEN}
        bulk: BulkChange = funnel.draw_up(BulkKind.CLOSE, str(FAR), ids, request_key=uuid4(), **asked)
        with heard():
            bulk = funnel.carry_out(bulk, Choice(), **asked)
        assert [len(bells(who)) for who in (acme.rep, acme.rep2)] == [len(each) + 1 for each in rang]
        with heard():
            funnel.take_back(bulk, by=acme.manager, at=THEN + 29 * SECOND)
        assert (standing(), [bells(acme.rep), bells(acme.rep2)]) == (before, rang)


def test_a_bell_stays_while_anything_it_told_of_stands(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        first, second = overdue(acme.rep, "A"), overdue(acme.rep, "B")
        night(acme)
        with heard():
            changes = [push(each, acme, at=THEN + SECOND).last_change_id for each in (first, second)]
        assert told(acme.rep)[-1] == "2 of your opportunities need attention: A, B"
        for seconds, change_id, lines in zip(
            (2, 3), changes, (["1 of your opportunities needs attention: B"], []), strict=True
        ):
            with heard():
                funnel.undo(change_id, by=acme.manager, at=THEN + seconds * SECOND)
            assert told(acme.rep)[1:] == lines


def test_a_bell_tells_of_what_is_left_and_the_rest_is_told_when_it_returns(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        first, second = overdue(acme.rep, "A"), overdue(acme.rep, "B")
        night(acme)
        with heard():
            pushed = [push(each, acme, at=THEN + SECOND) for each in (first, second)]
        with heard():
            funnel.undo(pushed[0].last_change_id, by=acme.manager, at=THEN + 2 * SECOND)
        bell = acme.rep.notifications.latest("pk")
        assert (bell.data["count"], bell.data["names"], bell.data["opportunities"]) == (1, ["B"], [second.pk])
        assert set(Alert.objects.filter(code="pushed", told_at=None).values_list("opportunity", flat=True)) == {
            first.pk
        }, "of the other one has heard"
        with heard():
            push(first, acme, at=THEN + 3 * SECOND)
        assert told(acme.rep)[1:] == [f"1 of your opportunities needs attention: {name}" for name in "BA"]


def test_a_bell_stays_as_it_is_where_only_one_of_two_flags_of_an_opportunity_is_over(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        one = overdue(acme.rep)
        Opportunity.objects.filter(pk=one.pk).update(amount=None)
        night(acme)
        assert {"overdue", "no_amount"} <= set(Opportunity.objects.get(pk=one.pk).flags)
        rang = bells(acme.rep)
        with heard():
            change(one, THEN + SECOND, amount=100)
        assert bells(acme.rep) == rang
        assert Alert.objects.get(code="no_amount").told_at == THEN, "one has heard of it, and not a second time"


def test_a_bell_that_was_read_stays_and_what_it_told_of_is_not_told_again(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        one = overdue(acme.rep)
        night(acme)
        for seconds in (1, 20):
            with heard():
                pushed = push(one, acme, at=THEN + seconds * SECOND)
            read(acme.rep, at=THEN + seconds * SECOND)
            assert len(told(acme.rep)) == 2
            with heard():
                funnel.undo(pushed.last_change_id, by=acme.manager, at=THEN + (seconds + 1) * SECOND)
            night(acme, at=THEN + (seconds + 2) * SECOND)
            assert len(told(acme.rep)) == 2


def test_a_bell_that_was_mailed_stays(acme: Cast, heard: Any) -> None:
    with working_for(acme.org):
        one = overdue(acme.rep)
        night(acme)
        with heard():
            pushed = push(one, acme, at=THEN + SECOND)
        rang = bells(acme.rep)
        Digest.objects.create(to=acme.rep, on=TODAY, since=NOW, until=THEN + SECOND, lines=1)
        with heard():
            funnel.undo(pushed.last_change_id, by=acme.manager, at=THEN + 2 * SECOND)
        assert bells(acme.rep) == rang


def test_one_of_many_told_together_is_not_told_again_when_it_returns(acme: Cast) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme)
        first = overdue(acme.rep, "A")
        overdue(acme.rep, "B")
        night(acme, at=NOW)
        change(first, NOW + SECOND, expected_close_on=FAR)
        Opportunity.objects.filter(pk=first.pk).update(expected_close_on=TODAY - DAY)
        night(acme, at=NOW + 2 * SECOND)
        assert Alert.objects.standing().count() == Alert.objects.count() == 2
        assert len(told(acme.rep)) == 1


@pytest.mark.parametrize("after", [RETURNS_WITHIN - SECOND, RETURNS_WITHIN])
@pytest.mark.parametrize("by_night", [False, True])
def test_what_returns_within_a_day_is_the_same_and_later_another(
    acme: Cast, heard: Any, after: timedelta, by_night: bool
) -> None:
    """The night and the change say the same."""
    with working_for(acme.org):
        watch_dates_alone(acme)
        one = overdue(acme.rep)
        night(acme, at=NOW)
        first = standing()
        change(one, NOW + 9 * SECOND, expected_close_on=FAR)
        assert standing() == set()
        Opportunity.objects.filter(pk=one.pk).update(expected_close_on=TODAY - DAY)
        at = NOW + 9 * SECOND + after
        with heard():
            if by_night:
                night(acme, at=at)
            else:
                judging.judge([one.pk], at)
        assert (standing() == first) is (after < RETURNS_WITHIN)
        assert len(told(acme.rep)) == (1 if after < RETURNS_WITHIN else 2)
        assert Alert.objects.count() == (1 if after < RETURNS_WITHIN else 2)
        assert Alert.objects.standing().count() == 1


@pytest.mark.parametrize("after", [UNSAID_WITHIN - SECOND, UNSAID_WITHIN])
@pytest.mark.parametrize("by_night", [False, True])
def test_a_bell_is_taken_back_for_a_short_time_only(acme: Cast, heard: Any, after: timedelta, by_night: bool) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme)
        one = overdue(acme.rep)
        night(acme, at=NOW)
        assert len(told(acme.rep)) == 1
        Opportunity.objects.filter(pk=one.pk).update(expected_close_on=FAR)
        with heard():
            if by_night:
                night(acme, at=NOW + after)
            else:
                judging.judge([one.pk], NOW + after)
        assert standing() == set()
        assert len(told(acme.rep)) == (0 if after < UNSAID_WITHIN else 1)


def test_two_organizations_apart(acme: Cast, globex: Cast, heard: Any) -> None:
    with working_for(globex.org):
        theirs = overdue(globex.rep)
        night(globex, at=NOW)
        change(theirs, NOW + SECOND, expected_close_on=FAR)
        rang, closed = bells(globex.rep), set(Alert.objects.values_list("pk", "cleared_at", "told_at"))
        assert rang
    with working_for(acme.org):
        mine = overdue(acme.rep)
        night(acme, at=NOW)
        with heard():
            pushed = push(mine, acme, at=NOW + 2 * SECOND)
            funnel.undo(pushed.last_change_id, by=acme.manager, at=NOW + 3 * SECOND)
            night(acme, at=NOW + 4 * SECOND)
        assert len(told(acme.rep)) == 1
    with working_for(globex.org):
        assert (bells(globex.rep), set(Alert.objects.values_list("pk", "cleared_at", "told_at"))) == (rang, closed)
