"""One change of many: what is shown before, what is done to each, what is left out and why, and taking it back."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from funnel import actions, bulk, queries
from funnel.bulk import BulkKind, Choice, Fate, fate_of_move
from funnel.history import effective, pushes
from funnel.models import Approval, BulkChange, Change, Evidence, Opportunity, StageOverride
from funnel.stages import Gate, Stage, StageRow, Status
from jobs import actions as jobs
from jobs.running import run
from tenants.errors import Refused
from tenants.models import AuditEvent, Membership
from tenants.scoping import reading, working_for
from tests.cast import Cast
from tests.funnel.factories import DAY, SECOND, make_account, make_opportunity

Login = Callable[[Membership], Client]
STAGES = st.integers(1, 6)


@given(st.sampled_from(list(Status)), STAGES, STAGES, st.sets(STAGES), st.sets(STAGES))
def test_every_move_has_one_fate(status: Status, left: int, to: int, lacking: set[int], blocking: set[int]) -> None:
    fate = fate_of_move(status=status, left=left, to=to, lacking=lacking, blocking=blocking & lacking)
    if status != Status.OPEN:
        assert fate == Fate.CLOSED
    elif left == to:
        assert fate == Fate.SAME
    elif to < left:
        assert fate == Fate.BACK
    else:
        assert fate == (Fate.BLOCKED if blocking & lacking else Fate.LACKS if lacking else Fate.READY)


def test_whoever_is_named_goes_on_or_all() -> None:
    assert Choice(without=None).goes_on(7)
    assert Choice(without=frozenset({7})).goes_on(7)
    assert not Choice().goes_on(7)
    assert Stage.DEPLOY not in bulk.stages_offered()


@pytest.fixture
def _scope(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


def url(cast: Cast, path: str = "bulk/") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def recent(owner: Membership, name: str, **facts: Any) -> Opportunity:
    return make_opportunity(owner, name, at=timezone.now() - 3 * DAY, **facts)


def drawn(kind: BulkKind, to: int | str, rows: list[Opportunity], by: Membership, **how: Any) -> BulkChange:
    how = {"request_key": uuid4(), "at": timezone.now(), **how}
    return actions.draw_up(kind, to, [row.pk for row in rows], by=by, **how)


def fates(change: BulkChange) -> list[str]:
    return [change.outcome.get(str(pk), {}).get("fate", "") for pk, _version in change.asked]


def block(cast: Cast, stage: Stage) -> None:
    table = [
        StageRow(row.stage, "", row.percent, Gate.BLOCK if row.stage == stage else row.gate)
        for row in queries.stage_table()
    ]
    actions.change_stages(table, seen=queries.edition(), by=cast.admin, at=timezone.now())


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_a_change_of_stage_says_before_what_would_happen_and_then_does_just_that(acme: Cast) -> None:
    block(acme, Stage.QUALIFY)
    by, now = acme.manager, timezone.now()
    ready = recent(acme.rep, "ready")
    actions.file_evidence(ready, "opportunity_plan", note="Written", seen=0, by=acme.rep, at=now)
    lacks, left_out = recent(acme.rep, "lacks"), recent(acme.rep, "left out")
    blocked, back = recent(acme.rep, "blocked", stage=Stage.QUALIFY), recent(acme.rep, "back", stage=Stage.PROOF)
    same, closed = recent(acme.rep, "same", stage=Stage.QUALIFY), recent(acme.rep, "closed")
    closed = actions.abandon(closed, seen=closed.version, reason="timing", by=acme.rep, at=now)
    rows = [ready, lacks, left_out, back, same, closed]
    change = drawn(BulkKind.STAGE, int(Stage.QUALIFY), rows, by)
    today = timezone.localdate()
    plan = queries.plan(change, by, queries.stage_table(), today=today)
    told = {line.pk: line.fate for line in plan.lines}
    assert told == {
        ready.pk: Fate.READY,
        lacks.pk: Fate.LACKS,
        left_out.pk: Fate.LACKS,
        back.pk: Fate.BACK,
        same.pk: Fate.SAME,
        closed.pk: Fate.CLOSED,
    }
    until = (today + timedelta(days=7)).isoformat()
    done = actions.carry_out(change, Choice("Plan comes", until, frozenset({lacks.pk})), by=by, at=now)
    assert fates(done) == ["done", "done", "left_out", "done", "same", "closed"]
    assert StageOverride.objects.get().opportunity_id == lacks.pk
    assert sorted(Change.objects.filter(kind="stage").values_list("opportunity_id", flat=True)) == sorted(
        [ready.pk, lacks.pk, back.pk]
    )
    assert AuditEvent.objects.filter(verb__in=["opportunity.advanced", "opportunity.went_back"]).count() == 3
    further = drawn(BulkKind.STAGE, int(Stage.DEVELOP), [blocked], by)
    plan = queries.plan(further, by, queries.stage_table(), today=today)
    assert [line.fate for line in plan.lines] == [Fate.BLOCKED]
    assert "First contact" in plan.lines[0].detail
    assert fates(actions.carry_out(further, Choice("x", until, None), by=by, at=now)) == ["blocked"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_what_somebody_changed_meanwhile_or_took_away_is_left_out(acme: Cast) -> None:
    now = timezone.now()
    rows = [recent(acme.rep, name) for name in ("stays", "stale", "gone")]
    change = drawn(BulkKind.CATEGORY, "commit", rows, acme.manager)
    actions.change_opportunity(rows[1], seen=rows[1].version, amount=5, by=acme.rep, at=now)
    Opportunity.objects.filter(pk=rows[2].pk).update(owner=acme.partner)
    done = actions.carry_out(change, Choice(), by=acme.manager, at=now)
    assert fates(done) == ["done", "stale", "gone"]
    assert fates(actions.carry_out(done, Choice(), by=acme.manager, at=now)) == fates(done)  # safe to repeat
    assert Change.objects.filter(kind="category").count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_whoever_was_opened_after_the_day_is_left_as_it_stands(acme: Cast) -> None:
    now = timezone.now()
    old, new = make_opportunity(acme.rep, "Old", at=now - 30 * DAY), recent(acme.rep, "New")
    close = (now - 10 * DAY).date().isoformat()
    done = actions.carry_out(
        drawn(BulkKind.CLOSE, close, [old, new], acme.manager), Choice("w"), by=acme.manager, at=now
    )
    assert fates(done) == ["done", "refused"]
    assert done.outcome[str(new.pk)]["code"] == "close_before_opening"
    assert Opportunity.objects.get(pk=new.pk).expected_close_on == new.expected_close_on


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
@pytest.mark.parametrize("kind", list(BulkKind))
def test_each_kind_is_done_and_taken_back_within_thirty_seconds(acme: Cast, kind: BulkKind) -> None:
    now = timezone.now()
    rows = [recent(acme.rep, f"Deal {n}", stage=Stage.DEVELOP) for n in range(3)]
    ways: dict[str, Any] = {
        "stage": 2,
        "owner": acme.rep2.pk,
        "close": (now + 90 * DAY).date().isoformat(),
        "category": "commit",
    }
    shown = ("stage", "owner_id", "expected_close_on", "category", "category_is_own", "status")
    before = list(Opportunity.objects.order_by("pk").values_list(*shown))
    done = actions.carry_out(drawn(kind, ways[kind], rows, acme.manager), Choice("why"), by=acme.manager, at=now)
    assert fates(done) == ["done"] * 3
    assert not set(before) & set(Opportunity.objects.values_list(*shown))
    actions.change_opportunity(
        (last := Opportunity.objects.get(pk=rows[2].pk)), seen=last.version, amount=7, by=last.owner, at=now + SECOND
    )
    with pytest.raises(Refused, match="too_late"):
        actions.take_back(done, by=acme.manager, at=now + 31 * SECOND)
    back = actions.take_back(done, by=acme.manager, at=now + 20 * SECOND)
    assert fates(back)[:2] == ["undone", "undone"]
    assert fates(back)[2] in {"stale", "refused"}
    assert list(Opportunity.objects.order_by("pk").values_list(*shown))[:2] == before[:2]
    for row in rows[:2]:
        log = Change.objects.filter(opportunity=row)
        assert len(effective(log.events())) == 1, "only its opening counts"
        assert Opportunity.objects.get(pk=row.pk).push_count == pushes(log.events())[0] == 0
    with pytest.raises(Refused, match="already_undone"):
        actions.take_back(back, by=acme.manager, at=now + 21 * SECOND)


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
@pytest.mark.parametrize("was_own", [True, False])
def test_a_category_taken_back_follows_the_stage_again_or_not(acme: Cast, was_own: bool) -> None:
    now = timezone.now()
    rows = [recent(acme.rep, "of another"), recent(acme.rep, "the same", stage=Stage.CLOSE)]
    Opportunity.objects.filter(pk=rows[0].pk).update(category="best_case", category_is_own=was_own)
    shown = list(Opportunity.objects.order_by("pk").values_list("category", "category_is_own"))
    done = actions.carry_out(drawn(BulkKind.CATEGORY, "commit", rows, acme.manager), Choice(), by=acme.manager, at=now)
    assert fates(done) == ["done", "done"]
    assert set(Opportunity.objects.values_list("category", "category_is_own")) == {("commit", True)}
    assert fates(actions.take_back(done, by=acme.manager, at=now + SECOND)) == ["undone", "undone"]
    stood = list(Opportunity.objects.order_by("pk").values_list("category", "category_is_own"))
    assert stood == shown == [("best_case", was_own), ("commit", False)]


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_pages_ask_show_do_and_take_back(acme: Cast, login: Login) -> None:
    rows = [recent(acme.rep, f"Deal {n}") for n in range(3)]
    client, key = login(acme.manager), str(uuid4())
    pks = [row.pk for row in rows]
    asked = client.post(url(acme), {"pk": pks})
    assert "Change 3 opportunities" in asked.content.decode()
    assert client.post(url(acme), {"pk": pks, "kind": "stage", "request_key": key}).status_code == 422
    form = {"pk": pks, "kind": "stage", "stage": "2", "request_key": key}
    plan = client.post(url(acme), form)
    assert "evidence missing" in plan.content.decode()
    assert client.post(url(acme), form).status_code == 200
    change = BulkChange.objects.get()  # drawn up once
    address = url(acme, f"bulk/{change.pk}/")
    until = (timezone.localdate() + timedelta(days=5)).isoformat()
    for bad in (
        {"go": pks, "until": until},
        {"go": pks, "until": "2020-01-01", "why": "x"},
        {"go": pks, "until": "2099-01-01", "why": "x"},
        {"go": [4711], "until": until, "why": "x"},
    ):
        assert client.post(address, bad).status_code == 422, bad
    done = client.post(address, {"go": pks[:2], "until": until, "why": "Plan comes"})
    text = done.content.decode()
    assert "changed" in text
    assert "left out" in text
    assert "Undo" in text
    assert set(Opportunity.objects.filter(stage=2).values_list("pk", flat=True)) == set(pks[:2])
    assert client.post(address, {"go": pks, "until": until, "why": "again"}).status_code == 200
    assert Opportunity.objects.filter(stage=2).count() == 2
    undone = client.post(url(acme, f"bulk/{change.pk}/undo/"))
    assert "taken back" in undone.content.decode()
    assert Opportunity.objects.filter(stage=1).count() == 3
    assert login(acme.rep).get(address).status_code == 404  # another's
    assert login(acme.colleague).post(url(acme), {"pk": pks}).status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_all_that_match_are_counted_again_and_only_what_one_may_see(acme: Cast, login: Login) -> None:
    for number in range(3):
        recent(acme.rep, f"Near {number}", stage=Stage.QUALIFY)
    far = recent(acme.partner, "Far", stage=Stage.QUALIFY)
    recent(acme.rep, "Other")
    client = login(acme.manager)
    asked = client.post(url(acme), {"all": "1", "query": "stage=2", "pk": [far.pk]})
    assert "Change 3 opportunities" in asked.content.decode()
    form = {"all": "1", "query": "stage=2", "kind": "category", "category": "commit", "request_key": str(uuid4())}
    client.post(url(acme), form)
    assert far.pk not in {pk for pk, _version in BulkChange.objects.get().asked}
    assert client.post(url(acme), {"pk": [far.pk]}).status_code == 422
    for nonsense in ({}, {"pk": ["x", "99999999999999999999"]}, {"all": "1", "query": "q=nothing"}):
        assert client.post(url(acme), nonsense).status_code == 422
    owner = {"pk": [Opportunity.objects.first().pk], "kind": "owner", "owner": acme.partner.pk}
    assert client.post(url(acme), {**owner, "request_key": str(uuid4())}).status_code == 422


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_too_many_are_refused(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        recent(acme.rep, f"Deal {number}")
    monkeypatch.setattr(sys.modules["funnel.views.bulk"], "MOST", 2)
    answer = login(acme.rep).post(url(acme), {"all": "1", "query": ""})
    assert answer.status_code == 422
    assert "at most 2" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_thirty_are_planned_with_what_one_costs(acme: Cast) -> None:
    account, counts, table = make_account(acme.rep), [], queries.stage_table()
    rows: list[Opportunity] = []
    for number in range(30):
        rows.append(recent(acme.rep, f"Deal {number}", account=account))
        if number in {0, 29}:
            change = drawn(BulkKind.STAGE, 3, rows, acme.manager)
            with CaptureQueriesContext(connection) as asked:
                queries.plan(change, acme.manager, table, today=timezone.localdate())
            counts.append(len(asked))
    assert counts[0] == counts[1] <= 8


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_was_left_half_way_is_taken_back(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funnel.actions.bulk.AT_ONCE", 2)
    monkeypatch.setattr("funnel.actions.bulk.CHUNK", 2)
    with working_for(acme.org):
        account = make_account(acme.rep)
        rows = [recent(acme.rep, f"Deal {n}", account=account) for n in range(6)]
        change = drawn(BulkKind.CATEGORY, "commit", rows, acme.manager)
        begun = actions.carry_out(change, Choice(), by=acme.manager, at=timezone.now())
        with pytest.raises(Refused, match="too_late"):
            actions.take_back(begun, by=acme.manager, at=timezone.now())

    def stop_after(chunks: int, started: BulkChange) -> None:
        """Let the job do so many steps, then cancel it."""
        with reading(acme.org):
            job = started.job
        for _chunk in range(chunks):
            run(job, seconds=0)
        with working_for(acme.org):
            jobs.cancel(job, by=acme.manager, at=timezone.now())
        run(job)

    def categories() -> list[str]:
        with reading(acme.org):
            return list(Opportunity.objects.order_by("pk").values_list("category", flat=True))

    stop_after(2, begun)
    assert categories() == ["commit"] * 4 + ["pipeline"] * 2
    page = url(acme, f"bulk/{begun.pk}/")
    assert f"{page}undo/" in login(acme.manager).get(page).content.decode()
    with working_for(acme.org):
        stop_after(1, actions.take_back(begun, by=acme.manager, at=timezone.now()))
    assert categories() == ["pipeline"] * 2 + ["commit"] * 2 + ["pipeline"] * 2
    with working_for(acme.org):
        back = actions.take_back(begun, by=acme.manager, at=timezone.now())
    with reading(acme.org):
        job = back.job
    run(job)
    assert categories() == ["pipeline"] * 6
    with working_for(acme.org), pytest.raises(Refused, match="already_undone"):
        actions.take_back(begun, by=acme.manager, at=timezone.now())


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_many_are_changed_and_taken_back_by_a_job(acme: Cast, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funnel.actions.bulk.AT_ONCE", 2)
    monkeypatch.setattr("funnel.actions.bulk.CHUNK", 2)
    with working_for(acme.org):
        account = make_account(acme.rep)
        rows = [recent(acme.rep, f"Deal {n}", account=account) for n in range(5)]
        change = drawn(BulkKind.CATEGORY, "commit", rows, acme.manager)
        begun = actions.carry_out(change, Choice(), by=acme.manager, at=timezone.now())
    assert (begun.state, fates(begun)) == ("running", [""] * 5)
    page = login(acme.manager).get(url(acme, f"bulk/{begun.pk}/")).content.decode()
    assert f'id="job-{begun.job_id}"' in page
    with reading(acme.org):
        job = begun.job
    run(job)
    with reading(acme.org):
        begun.refresh_from_db()
        assert (begun.state, fates(begun)) == ("done", ["done"] * 5)
        assert set(Opportunity.objects.values_list("category", flat=True)) == {"commit"}
        job.refresh_from_db()
        assert job.result["url"].endswith(f"/funnel/bulk/{begun.pk}/")
    with working_for(acme.org):
        back = actions.take_back(begun, by=acme.manager, at=timezone.now())
    with reading(acme.org):
        job = back.job
    run(job)
    with reading(acme.org):
        back.refresh_from_db()
        assert (back.state, fates(back)) == ("undone", ["undone"] * 5)
        assert set(Opportunity.objects.values_list("category", "category_is_own")) == {("pipeline", False)}


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_each_line_answers_for_itself_evidence_a_reason_a_day_or_an_exception(acme: Cast, login: Login) -> None:
    block(acme, Stage.QUALIFY)
    filed, goes, common = (recent(acme.rep, name) for name in ("filed", "goes", "common"))
    back = recent(acme.rep, "back", stage=Stage.PROOF)
    blocked, quiet = (recent(acme.rep, name, stage=Stage.QUALIFY) for name in ("blocked", "quiet"))
    client, today = login(acme.manager), timezone.localdate()
    change = drawn(BulkKind.STAGE, int(Stage.QUALIFY), [filed, goes, common, back], acme.manager)
    address = url(acme, f"bulk/{change.pk}/")
    assert f'?open={filed.pk}"' in client.get(address).content.decode()
    line = client.get(address, {"open": filed.pk, "go": filed.pk}, headers={"HX-Request": "true"}).content.decode()
    assert line.startswith(f'<li id="bulk-line-{filed.pk}"')
    assert f'name="{filed.pk}-opportunity_plan-note"' in line
    assert " checked" in line, "what was ticked stays ticked"
    assert f'name="{filed.pk}-why"' in client.get(address, {"open": filed.pk}).content.decode(), "without htmx, too"
    day, later = ((today + timedelta(days=n)).isoformat() for n in (5, 9))
    opened = [filed.pk, goes.pk, back.pk]
    own = {
        f"{filed.pk}-opportunity_plan-note": "The plan of 3 May",
        f"{goes.pk}-why": "Its own",
        f"{goes.pk}-until": later,
        f"{back.pk}-why": "They ask anew",
    }
    form = {"open": opened, "go": [goes.pk, common.pk], **own, "why": "Of all", "until": day}
    for bad in (
        {f"{goes.pk}-until": "2099-01-01"},
        {f"{goes.pk}-until": "2020-01-01"},
        {"why": ""},  # one of those that go on has no reason of its own
        {f"{back.pk}-why": "", "why": ""},
        {f"{filed.pk}-opportunity_plan-note": "x" * 2_001},
        {f"{goes.pk}-gone_meanwhile-note": "typed for what is no longer missing"},
    ):
        answer = client.post(address, {**form, **bad})
        assert answer.status_code == 422, bad
        assert "The plan of 3 May" in answer.content.decode() or "xxx" in answer.content.decode(), "nothing is lost"
        assert not Evidence.objects.exists(), "nothing half done"
    done = client.post(address, form)
    change.refresh_from_db()
    assert fates(change) == ["done"] * 4, done.content.decode()
    assert Evidence.objects.get().note == "The plan of 3 May"
    said = dict(StageOverride.objects.values_list("opportunity_id", "why"))
    assert said == {goes.pk: "Its own", common.pk: "Of all"}
    assert StageOverride.objects.get(opportunity=goes).until.isoformat() == later
    moves = dict(Change.objects.filter(kind="stage").values_list("opportunity_id", "why"))
    assert moves[back.pk] == "They ask anew"

    further = drawn(BulkKind.STAGE, int(Stage.DEVELOP), [blocked, quiet], acme.manager)
    address = url(acme, f"bulk/{further.pk}/")
    text = client.get(address, {"open": blocked.pk}).content.decode()
    assert f'name="{blocked.pk}-ask"' in text
    ask = {"open": [blocked.pk], f"{blocked.pk}-ask": "on"}
    assert client.post(address, ask).status_code == 422, "without a reason and a day"
    told = client.post(address, {**ask, f"{blocked.pk}-why": "The board meets in May", f"{blocked.pk}-until": day})
    assert f"{acme.executive.name} decides" in told.content.decode()
    further.refresh_from_db()
    assert fates(further) == ["asked", "blocked"]
    request = Approval.objects.get()
    assert (request.opportunity_id, request.stage, request.why) == (blocked.pk, 2, "The board meets in May")
    client.post(url(acme, f"bulk/{further.pk}/undo/"))
    request.refresh_from_db()
    assert request.state == "withdrawn"
