"""Winning, losing, abandoning, and opening again."""

import pytest

from accounts.models import Account
from funnel import actions
from funnel.models import Change
from funnel.stages import MissingEvidence, Reason, Stage
from tenants.errors import Refused
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity
from tests.funnel.logged import kinds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_winning(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + DAY, amount=3 * MILLION)
    assert (won.status, won.stage, won.category, won.closed_at) == ("won", 7, "closed", AT + DAY)
    assert kinds(won) == ["created", "amount", "won"]
    change = Change.objects.get(kind="won")
    assert (change.old["stage"], change.new["stage"], change.percent) == (6, 7, 100)
    assert Account.objects.get(pk=won.account_id).annual_revenue == 3 * MILLION
    with pytest.raises(Refused, match="closed"):
        actions.win(won, seen=2, by=acme.rep, at=AT + DAY)


def test_winning_asks_for_evidence_first(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    with pytest.raises(MissingEvidence):
        actions.win(opportunity, seen=1, by=acme.rep, at=AT, asks=True)


def test_winning_without_an_amount_is_refused(acme: Cast) -> None:
    with pytest.raises(Refused, match="amount_needed"):
        actions.win(make_opportunity(acme.rep, amount=None), seen=1, by=acme.rep, at=AT)


def test_a_win_of_an_earlier_day(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + 9 * DAY, closed_on=(AT + 3 * DAY).date())
    assert won.closed_at is not None
    assert won.closed_at.astimezone(acme.org.zone).date() == (AT + 3 * DAY).date()
    change = Change.objects.get(kind="won")
    assert (change.occurred_at, change.recorded_at) == (won.closed_at, AT + 9 * DAY)


@pytest.mark.parametrize(
    ("days", "code"), [(-3, "closed_before_opening"), (30, "in_future"), (1, "changed_after_close")]
)
def test_a_win_on_an_impossible_day(acme: Cast, days: int, code: str) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.change_opportunity(opportunity, seen=1, by=acme.rep, at=AT + 3 * DAY, amount=5)
    with pytest.raises(Refused, match=code):
        actions.win(opportunity, seen=2, by=acme.rep, at=AT + 9 * DAY, closed_on=(AT + days * DAY).date())


def test_losing_and_reopening(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
    with pytest.raises(Refused, match="rival_needed"):
        actions.lose(opportunity, seen=1, reason=Reason.RIVAL, by=acme.rep, at=AT)
    lost = actions.lose(opportunity, seen=1, reason=Reason.RIVAL, rival="Rival Co", note="cheaper", by=acme.rep, at=AT)
    assert (lost.status, lost.stage, lost.rival, lost.reason_note) == ("lost", Stage.PROOF, "Rival Co", "cheaper")
    with pytest.raises(Refused, match="reason_needed"):
        actions.reopen(lost, seen=2, why="", by=acme.rep, at=AT)
    again = actions.reopen(lost, seen=2, why="they called", by=acme.rep, at=AT + DAY)
    assert (again.status, again.stage, again.reason, again.closed_at) == ("open", Stage.PROOF, "", None)
    assert kinds(again) == ["created", "lost", "reopened"]
    with pytest.raises(Refused, match="not_closed"):
        actions.reopen(again, seen=3, why="x", by=acme.rep, at=AT)


def test_a_won_one_reopens_where_it_stood_before(acme: Cast) -> None:
    won = actions.win(make_opportunity(acme.rep, stage=Stage.PROOF), seen=1, by=acme.rep, at=AT)
    again = actions.reopen(won, seen=2, why="signature withdrawn", by=acme.rep, at=AT + DAY)
    assert (again.stage, again.category, again.stage_entered_at) == (Stage.PROOF, "best_case", AT + DAY)
    assert Account.objects.get(pk=won.account_id).annual_revenue == 0


def test_abandoning(acme: Cast) -> None:
    gone = actions.abandon(make_opportunity(acme.rep), seen=1, reason=Reason.NOT_QUALIFIED, by=acme.rep, at=AT)
    assert (gone.status, gone.reason) == ("abandoned", "not_qualified")
    with pytest.raises(Refused, match="reason_unknown"):
        actions.abandon(make_opportunity(acme.rep, "other"), seen=1, reason="x", by=acme.rep, at=AT)
