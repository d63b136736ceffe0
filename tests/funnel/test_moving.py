"""Moving between the stages: what lacks, what goes back, two at once, and the lock that each takes."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from funnel import actions
from funnel.actions import _log
from funnel.evidence import STANDARD
from funnel.models import Change, Opportunity
from funnel.queries import stage_table
from funnel.stages import Category, Gate, MissingEvidence, Stage, Status
from tenants.errors import Refused, Stale
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, going_on, make_opportunity
from tests.funnel.logged import kinds, plain, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


# Moving -------------------------------------------------------------------------------------------


def test_missing_evidence_warns_then_goes_on(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.DEVELOP, by=acme.rep, at=AT)
    assert [item.key for item in lacking.value.items] == [*STANDARD[1], *STANDARD[2]]
    assert lacking.value.can_override
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.DEVELOP, by=acme.rep, at=AT + DAY, **going_on())
    assert (moved.stage, moved.stage_entered_at, moved.version) == (Stage.DEVELOP, AT + DAY, 2)
    assert kinds(moved) == ["created", "stage"]
    assert Change.objects.get(kind="stage").percent == 20


def test_a_blocking_stage_knows_no_override(acme: Cast) -> None:
    rows = stage_table()
    rows[0] = type(rows[0])(Stage.DISCOVER, "", 0, Gate.BLOCK)
    actions.change_stages(plain(rows), seen=0, by=acme.admin, at=AT)
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(MissingEvidence) as lacking:
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())
    assert not lacking.value.can_override
    actions.file_evidence(opportunity, "opportunity_plan", note="plan of 3 Jan", seen=0, by=acme.rep, at=AT)
    assert actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT).stage == Stage.QUALIFY


def test_going_back_needs_a_reason(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, stage=Stage.CLOSE)
    with pytest.raises(Refused, match="reason_needed"):
        actions.move(opportunity, left=Stage.CLOSE, to=Stage.PROOF, by=acme.rep, at=AT, why="  ")
    moved = actions.move(opportunity, left=Stage.CLOSE, to=Stage.PROOF, by=acme.rep, at=AT, why="budget cut")
    assert moved.stage == Stage.PROOF
    assert Change.objects.get(kind="stage").why == "budget cut"
    assert (moved.category, kinds(moved)) == ("best_case", ["created", "stage", "category"])


def test_the_own_category_survives_a_move(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep, category=Category.COMMIT)
    moved = actions.move(opportunity, left=Stage.DISCOVER, to=Stage.PROOF, by=acme.rep, at=AT, **going_on())
    assert (moved.category, kinds(moved)) == ("commit", ["created", "stage"])


def test_a_move_from_where_it_stands_no_more_is_stale(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())
    with pytest.raises(Stale):
        actions.move(opportunity, left=Stage.DISCOVER, to=Stage.QUALIFY, by=acme.rep, at=AT, **going_on())


def test_deploy_is_reached_by_winning_alone(acme: Cast) -> None:
    with pytest.raises(Refused, match="deploy_is_won"):
        actions.move(make_opportunity(acme.rep), left=Stage.DISCOVER, to=Stage.DEPLOY, by=acme.rep, at=AT)


# Two at once --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_moves_at_once_one_is_stale(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    barrier, answers = threading.Barrier(2), []

    def go() -> None:
        try:
            with working_for(acme.org):
                barrier.wait(10)
                actions.move(
                    opportunity,
                    left=Stage.DISCOVER,
                    to=Stage.QUALIFY,
                    by=acme.rep,
                    at=AT + timedelta(1),
                    **going_on(),
                )
                answers.append("moved")
        except Stale:
            answers.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["moved", "stale"]
    with reading(acme.org):
        assert seen(opportunity).status == Status.OPEN
        assert kinds(opportunity) == ["created", "stage"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_who_waited_for_an_opportunity_gets_it_with_whom_it_points_to_now(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with reading(acme.org):
        Opportunity.objects.filter(pk=opportunity.pk).update(updated_by=None)
    taken, found = threading.Event(), []

    def wait() -> None:
        try:
            taken.wait(10)
            with reading(acme.org):
                locked = _log.lock(opportunity)
                with CaptureQueriesContext(connection) as asked:
                    assert locked.updated_by is not None
                    found.append((locked.owner.name, locked.updated_by.name, locked.account.name))
                assert not asked.captured_queries
        finally:
            connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    with transaction.atomic():
        Opportunity.objects.filter(pk=opportunity.pk).update(owner=acme.rep2, updated_by=acme.manager)
        taken.set()
        with connection.cursor() as cursor:
            for _ in range(500):
                cursor.execute("SELECT count(*), pg_sleep(0.02) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
    thread.join(20)
    assert found == [(acme.rep2.name, acme.manager.name, opportunity.account.name)]


def test_what_is_gone_cannot_be_locked(acme: Cast, globex: Cast) -> None:
    mine = make_opportunity(acme.rep)
    with working_for(globex.org), pytest.raises(Opportunity.DoesNotExist):
        _log.lock(mine)
