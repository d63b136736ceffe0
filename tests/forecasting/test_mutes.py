"""Mutes: who may keep an alert quiet, for how long, and what that does."""

from datetime import date, timedelta
from typing import Any

import pytest

from forecasting import actions
from forecasting.ladder import longest_mute, may_mute
from forecasting.models import Alert, Mute
from funnel import actions as funnel
from funnel.models import Opportunity
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.alerting import make_overdue, raise_flag, told, watch_dates_alone
from tests.forecasting.factories import NOW, TODAY, change

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_what_is_muted_neither_rings_nor_climbs_until_its_day_is_over(acme: Cast) -> None:
    with working_for(acme.org):
        watch_dates_alone(acme)
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        Alert.objects.all().delete()
        actions.mute(opportunity, "overdue", until=TODAY + 4 * DAY, reason="Trade fair", seen=0, by=acme.rep, at=NOW)
        for day in range(5):
            actions.refresh_health(acme.org, at=NOW + day * DAY)
        assert told(acme.rep) == told(acme.manager) == []
        assert set(Alert.objects.standing().values_list("step", "told_at")) == {(0, None)}
        opportunity.refresh_from_db()
        assert opportunity.health == "risk"
        actions.refresh_health(acme.org, at=NOW + 5 * DAY)
        assert told(acme.rep) == ["1 of your opportunities needs attention: Pump"]
        assert len(told(acme.manager)) == 1


def test_a_mute_is_changed_lifted_and_recorded(acme: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        Alert.objects.all().delete()
        for _ in range(2):
            first = actions.mute(opportunity, "overdue", until=TODAY, reason="Fair", seen=0, by=acme.rep, at=NOW)
        theirs: dict[str, Any] = {"until": TODAY + DAY, "reason": "Fair", "by": acme.manager, "at": NOW}
        with pytest.raises(Stale) as stale:
            actions.mute(opportunity, "overdue", seen=0, **theirs)
        assert (stale.value.theirs["reason"], stale.value.changed_by) == ("Fair", acme.rep.name)
        second = actions.mute(opportunity, "overdue", seen=first.pk, **theirs)
        with pytest.raises(Stale):
            actions.unmute(opportunity, "overdue", seen=first.pk, by=acme.rep, at=NOW)
        assert Mute.objects.get(ended_at=None).by == acme.manager
        assert AuditEvent.objects.filter(verb="alert.muted").count() == 2
        actions.refresh_health(acme.org, at=NOW)
        before = len(told(acme.rep))
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(2):
                actions.unmute(opportunity, "overdue", seen=second.pk, by=acme.rep, at=NOW)
        assert len(told(acme.rep)) == before + 1
        assert AuditEvent.objects.filter(verb="alert.unmuted").count() == 1
        with pytest.raises(Stale):
            actions.mute(opportunity, "overdue", seen=first.pk, **theirs)


def test_who_does_not_see_it_any_more_neither_mutes_nor_lifts(acme: Cast) -> None:
    """The page was opened before it was given to somebody else."""
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        asked: dict[str, Any] = {"until": TODAY, "reason": "Fair", "seen": 0, "by": acme.rep, "at": NOW}
        standing = actions.mute(opportunity, "overdue", **asked)
        change(opportunity, NOW, owner=acme.rep2)
        for seen in (0, standing.pk):
            with pytest.raises(Opportunity.DoesNotExist):
                actions.mute(opportunity, "overdue", **{**asked, "seen": seen, "reason": "Other"})
        with pytest.raises(Opportunity.DoesNotExist):
            actions.unmute(opportunity, "overdue", seen=standing.pk, by=acme.rep, at=NOW)
        assert Mute.objects.get(ended_at=None) == standing


def test_whoever_sees_it_lifts_a_mute(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        Alert.objects.filter(code="overdue").update(step=1)
        asked: dict[str, Any] = {"until": TODAY, "reason": "Fair", "seen": 0, "at": NOW}
        muted = actions.mute(opportunity, "overdue", by=acme.manager, **asked)
        actions.unmute(opportunity, "overdue", seen=muted.pk, by=acme.rep, at=NOW)
        assert not Mute.objects.filter(ended_at=None).exists()
        with pytest.raises(Refused, match="mute_not_reached"):
            actions.mute(opportunity, "overdue", by=acme.rep, **asked)


def test_what_has_gone_up_is_muted_only_by_whom_it_has_reached(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        asked: dict[str, Any] = {"reason": "Fair", "seen": 0, "at": NOW}
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, by=acme.rep, **asked)
        Alert.objects.filter(code="overdue").update(step=1)
        with pytest.raises(Refused, match="mute_not_reached"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.rep, **asked)
        Alert.objects.filter(code="overdue").update(step=2)
        with pytest.raises(Refused, match="mute_not_reached"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.manager, **asked)
        far = TODAY + 90 * DAY
        assert actions.mute(opportunity, "overdue", until=far, by=acme.executive, **asked).until == far
        with pytest.raises(Refused, match="flag_not_standing"):
            actions.mute(opportunity, "shrinking", until=TODAY, by=acme.executive, **asked)
        funnel.lose(opportunity, seen=opportunity.version, reason="price", by=acme.rep, at=NOW)
        with pytest.raises(Refused, match="mute_closed"):
            actions.mute(opportunity, "overdue", until=TODAY, by=acme.executive, **asked)


def test_two_weeks_are_not_made_for_ever_by_asking_again(acme: Cast) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        actions.refresh_health(acme.org, at=NOW)
        opportunity.refresh_from_db()
        late: dict[str, Any] = {"reason": "Fair", "at": NOW + 9 * DAY}
        first = actions.mute(opportunity, "overdue", until=TODAY + 9 * DAY, reason="x", seen=0, by=acme.rep, at=NOW)
        again: dict[str, Any] = {"seen": first.pk, **late}
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, by=acme.rep, **again)
        kept = actions.mute(opportunity, "overdue", until=TODAY + 14 * DAY, by=acme.rep, **again)
        actions.unmute(opportunity, "overdue", seen=kept.pk, by=acme.rep, at=NOW + 9 * DAY)
        with pytest.raises(Refused, match="mute_too_long"):
            actions.mute(opportunity, "overdue", until=TODAY + 15 * DAY, seen=0, by=acme.rep, **late)
        told = actions.mute(opportunity, "overdue", until=TODAY + 60 * DAY, seen=0, by=acme.manager, **late)
        assert (kept.until, told.until) == (TODAY + 14 * DAY, TODAY + 60 * DAY)
        change(opportunity, NOW + 10 * DAY, expected_close_on=TODAY + 20 * DAY)
        actions.refresh_health(acme.org, at=NOW + 30 * DAY)  # it is overdue anew: another alert
        anew: dict[str, Any] = {"reason": "Fair", "seen": told.pk, "by": acme.rep, "at": NOW + 30 * DAY}
        assert actions.mute(opportunity, "overdue", until=TODAY + 44 * DAY, **anew).until == TODAY + 44 * DAY


@pytest.mark.parametrize(
    ("member", "step", "may"),
    [(1, 0, True), (1, 1, False), (2, 1, True), (2, 2, False), (3, 1, True), (3, 2, True), (3, 9, True)],
)
def test_who_may_mute_at_which_step(member: int, step: int, may: bool) -> None:
    rungs = [[2], [3, 4]]
    assert may_mute(member, step, rungs) is may
    assert longest_mute(member, rungs).days == (14 if member == 1 else 90)


def test_with_nobody_above_the_owner_mutes_alone() -> None:
    assert may_mute(1, 3, [])
    assert longest_mute(1, []).days == 90


@pytest.mark.parametrize(
    ("code", "until", "reason", "refused"),
    [
        ("nosuch", TODAY, "x", "flag_unknown"),
        ("overdue", TODAY - DAY, "x", "mute_past"),
        ("overdue", TODAY + 15 * DAY, "x", "mute_too_long"),
        ("silent", TODAY, " ", "reason_needed"),
        ("silent", TODAY, "x" * 201, "reason_too_long"),
    ],
)
def test_a_mute_that_is_refused(acme: Cast, code: str, until: date, reason: str, refused: str) -> None:
    with working_for(acme.org):
        opportunity = make_overdue(acme.rep)
        raise_flag(opportunity)
        with pytest.raises(Refused, match=refused):
            actions.mute(opportunity, code, until=until, reason=reason, seen=0, by=acme.rep, at=NOW)
