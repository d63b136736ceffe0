"""What is taken back, what that restores, and where it ends."""

from datetime import date

import pytest

from funnel import actions
from funnel.history import as_it_stood, pushes
from funnel.models import Change, Opportunity
from funnel.stages import Category, Reason, Stage
from tenants.errors import Refused
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, SECOND, going_on, make_opportunity
from tests.funnel.logged import kinds, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def last_change(opportunity: Opportunity) -> Change:
    found: Change = Change.objects.filter(opportunity=opportunity).order_by("id").last()
    return found


def test_undoing_a_move_restores_everything_and_erases_nothing(acme: Cast) -> None:
    before = seen(make_opportunity(acme.rep))
    moved = actions.move(before, left=Stage.DISCOVER, to=Stage.CLOSE, by=acme.rep, at=AT + DAY, **going_on())
    back = actions.undo(last_change(moved).pk, by=acme.rep, at=AT + DAY + 20 * SECOND)
    assert (back.stage, back.stage_entered_at, back.category) == (Stage.DISCOVER, AT, "pipeline")
    assert kinds(back) == ["created", "stage", "category", "category", "stage"]
    assert Change.objects.filter(undoes__isnull=False).count() == 2
    events = Change.objects.filter(opportunity=back).events()
    between, after = (as_it_stood(events, AT + DAY + seconds * SECOND) for seconds in (10, 30))
    assert between is not None
    assert after is not None
    assert (between.stage, after.stage, after.stage_entered_at) == (6, 1, AT)


def test_undoing_ends(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.PROOF)
    won = actions.win(opportunity, seen=1, by=acme.rep, at=AT + DAY, amount=7)
    back = actions.undo(last_change(won).pk, by=acme.rep, at=AT + DAY + SECOND)
    assert (back.status, back.stage, back.amount, back.closed_at) == ("open", Stage.PROOF, MILLION, None)
    lost = actions.lose(back, seen=back.version, reason=Reason.PRICE, by=acme.rep, at=AT + 2 * DAY)
    reopened = actions.reopen(lost, seen=lost.version, why="x", by=acme.rep, at=AT + 3 * DAY)
    again = actions.undo(last_change(reopened).pk, by=acme.rep, at=AT + 3 * DAY + SECOND)
    assert (again.status, again.reason, again.closed_at) == ("lost", "price", AT + 2 * DAY)
    assert last_change(again).kind == "lost"


def test_undoing_a_change_of_close_owner_or_category_leaves_no_push_behind(acme: Cast) -> None:
    before = seen(make_opportunity(acme.rep))
    shown = ("expected_close_on", "owner_id", "category", "category_is_own", "push_count")
    stood = [getattr(before, field) for field in shown]
    far = date(2027, 4, 2)
    changed = actions.change_opportunity(
        before,
        seen=before.version,
        by=acme.rep,
        at=AT + DAY,
        expected_close_on=far,
        owner=acme.rep2,
        category=Category.COMMIT,
    )
    assert changed.push_count == pushes(Change.objects.filter(opportunity=before).events())[0] == 1
    back = actions.undo(last_change(changed).pk, by=acme.rep, at=AT + DAY + SECOND)
    back.refresh_from_db()
    assert [getattr(back, field) for field in shown] == stood
    assert pushes(Change.objects.filter(opportunity=before).events()) == (0, 0)
    assert Change.objects.filter(undoes__isnull=False).count() == 3
    again = actions.change_opportunity(
        back, seen=back.version, by=acme.rep, at=AT + 2 * DAY, expected_close_on=far, amount=5
    )
    with pytest.raises(Refused, match="not_undoable"):  # what else a form changed is not in the log
        actions.undo(last_change(again).pk, by=acme.rep, at=AT + 2 * DAY + SECOND)


def test_undo_has_its_limits(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)

    def refused(change: Change, by: object, at: object) -> str:
        with pytest.raises(Refused) as error:
            actions.undo(change.pk, by=by, at=at)  # type: ignore[arg-type]
        return error.value.code

    assert refused(last_change(opportunity), acme.rep, AT) == "not_undoable"
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT + DAY, **going_on())
    change = last_change(moved)
    assert refused(change, acme.rep2, AT + DAY) == "not_yours"
    assert refused(change, acme.rep, AT + DAY + 31 * SECOND) == "too_late"
    actions.undo(change.pk, by=acme.rep, at=AT + DAY + SECOND)
    assert refused(change, acme.rep, AT + DAY + 2 * SECOND) == "already_undone"
    assert refused(last_change(moved), acme.rep, AT + DAY + 2 * SECOND) == "not_undoable"
    again = actions.move(moved, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT + 2 * DAY, **going_on())
    change = last_change(again)
    actions.change_opportunity(again, seen=again.version, by=acme.rep, at=AT + 2 * DAY + SECOND, amount=1)
    assert refused(change, acme.rep, AT + 2 * DAY + 2 * SECOND) == "changed_since"
