"""What is asked, the verdict on it, and with whom it waits."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from funnel import actions, queries
from funnel.approvals import (
    ApprovalKind,
    ApprovalState,
    Demand,
    ask_decide,
    ask_withdraw,
    check_demand,
    check_percent,
)
from funnel.models import Approval
from funnel.stages import Stage
from jobs.models import Notification
from tenants import actions as tenants_actions
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.permissions import Role
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast, make_user
from tests.funnel.asking import DISCOUNT, NEXT_WEEK, OVERRIDE, RESOURCE, TODAY, Login, ask, now
from tests.funnel.factories import DAY, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


# What is asked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "why", "code"),
    [
        (RESOURCE, " ", "why_needed"),
        (RESOURCE, "x" * 501, "word_too_long"),
        (Demand(ApprovalKind.RESOURCE, what=" "), "so", "what_needed"),
        (Demand(ApprovalKind.RESOURCE, what="x" * 501), "so", "word_too_long"),
        (Demand(ApprovalKind.DISCOUNT), "so", "discount_range"),
        (Demand(ApprovalKind.DISCOUNT, percent=Decimal(0)), "so", "discount_range"),
        (Demand(ApprovalKind.DISCOUNT, percent=Decimal("100.1")), "so", "discount_range"),
        (Demand(ApprovalKind.DISCOUNT, percent=Decimal("NaN")), "so", "discount_range"),
        (Demand(ApprovalKind.OVERRIDE, until=NEXT_WEEK), "so", "stage_needed"),
        (Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF), "so", "until_needed"),
        (Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF, until=TODAY - timedelta(days=1)), "so", "until_over"),
        (Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF, until=TODAY + timedelta(days=367)), "so", "until_too_far"),
    ],
)
def test_a_request_says_what_and_why(demand: Demand, why: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_demand(demand, why, today=TODAY)


def test_a_request_keeps_just_what_its_kind_needs() -> None:
    much: dict[str, Any] = {"percent": Decimal("7.25"), "stage": Stage.PROOF, "until": TODAY, "what": " Lab "}
    taken = [check_demand(Demand(kind, **much), "so", today=TODAY) for kind in ApprovalKind]
    assert taken == [
        Demand(ApprovalKind.DISCOUNT, percent=Decimal("7.2")),
        Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF, until=TODAY),
        Demand(ApprovalKind.RESOURCE, what="Lab"),
    ]
    assert check_percent(Decimal("12.5")) == Decimal("12.5")


@pytest.mark.parametrize("demand", [RESOURCE, DISCOUNT, OVERRIDE])
def test_what_is_asked_is_recorded_and_whoever_decides_is_told(acme: Cast, demand: Demand) -> None:
    made = ask(make_opportunity(acme.rep), demand)
    assert (made.state, made.demand, made.asked_by, made.version) == ("asked", demand, acme.rep, 1)
    told = Notification.objects.get(to=acme.manager)
    assert (told.code, told.url) == ("approval_asked", f"/o/acme/funnel/approvals/{made.pk}/")
    assert "Rep Acme" in told.text
    event = AuditEvent.objects.get(verb="approval.asked")
    assert (event.by, event.target_id, event.data["kind"]) == (acme.rep, made.opportunity_id, demand.kind)


def test_the_same_request_counts_once_and_the_same_thing_waits_once(acme: Cast) -> None:
    deal, key = make_opportunity(acme.rep), uuid.uuid4()
    assert ask(deal, request_key=key).pk == ask(deal, request_key=key).pk
    ask(deal)  # two different resources may be needed
    for demand in (DISCOUNT, OVERRIDE):
        ask(deal, demand)
        with pytest.raises(Refused, match="already_asked"):
            ask(deal, demand)
    ask(deal, Demand(ApprovalKind.OVERRIDE, stage=Stage.QUALIFY, until=NEXT_WEEK))
    assert Approval.objects.count() == 5
    assert Notification.objects.filter(to=acme.manager).count() == 5


def test_nothing_is_asked_for_what_has_ended(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    made = ask(deal)
    actions.abandon(deal, seen=1, reason="timing", note="", by=acme.rep, at=AT + DAY)
    with pytest.raises(Refused, match="closed"):
        ask(deal, DISCOUNT, at=AT + 2 * DAY)
    with pytest.raises(Refused, match="closed"):
        actions.grant(made, seen=1, by=acme.manager, at=AT + 2 * DAY)
    assert actions.refuse(made, seen=1, word="over", by=acme.manager, at=AT + 2 * DAY).state == "refused"


# The verdict --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "changed", "code"),
    [
        (ApprovalState.GRANTED, {"state": ApprovalState.REFUSED}, "approval_ended"),
        (ApprovalState.GRANTED, {"by": 4}, "not_decider"),
        (ApprovalState.REFUSED, {"word": "  "}, "refusal_word_needed"),
        (ApprovalState.GRANTED, {"word": "x" * 501}, "word_too_long"),
        (ApprovalState.GRANTED, {"is_open": False}, "closed"),
    ],
)
def test_a_verdict_is_refused(verdict: ApprovalState, changed: dict[str, Any], code: str) -> None:
    sound: dict[str, Any] = {"state": ApprovalState.ASKED, "by": 1, "may": [1, 2], "word": "", "is_open": True}
    ask_decide(ApprovalState.GRANTED, **sound)
    with pytest.raises(Refused, match=code):
        ask_decide(verdict, **{**sound, **changed})


@pytest.mark.parametrize(("state", "by", "code"), [("granted", 1, "approval_ended"), ("asked", 3, "not_asker")])
def test_taking_back_is_refused(state: str, by: int, code: str) -> None:
    ask_withdraw(state=ApprovalState.ASKED, by=2, asker=1, owner=2)
    with pytest.raises(Refused, match=code):
        ask_withdraw(state=ApprovalState(state), by=by, asker=1, owner=2)


WHO = ["rep", "rep2", "manager", "executive", "admin", "partner", "colleague"]


@pytest.mark.parametrize("who", WHO)
def test_who_may_decide(acme: Cast, login: Login, who: str) -> None:
    """Everybody is on the sales team, so each of them sees it."""
    deal = make_opportunity(acme.rep)
    for member in acme.everyone:
        if member != acme.rep:
            actions.add_member(deal, member=member, part="", by=acme.rep, at=AT)
    made, by = ask(deal), getattr(acme, who)
    expected = who in {"manager", "executive"}
    url = f"/o/acme/funnel/approvals/{made.pk}/decide/"
    answer = login(by).post(url, {"verdict": "granted", "version": 1})
    assert answer.status_code == (303 if expected else 403)
    if not expected:
        with pytest.raises(Refused, match="not_decider"):
            actions.grant(made, seen=1, by=by, at=AT)
    assert now(made).state == ("granted" if expected else "asked")


def test_a_manager_of_another_team_sees_and_decides_nothing(acme: Cast, login: Login) -> None:
    other: Membership = Membership.objects.create(
        organization=acme.org, user=make_user("other", "acme"), role=Role.MANAGER, team=acme.other_team
    )
    deal = make_opportunity(acme.rep)
    made, url = ask(deal), "/o/acme/funnel/approvals/"
    assert login(other).get(f"{url}{made.pk}/").status_code == 404
    assert login(other).post(f"{url}{made.pk}/decide/", {"verdict": "granted", "version": 1}).status_code == 404
    actions.add_member(deal, member=other, part="", by=acme.rep, at=AT)  # who helps sees it, and still does not decide
    answer = login(other).post(f"{url}{made.pk}/decide/", {"verdict": "granted", "version": 1})
    assert (answer.status_code, now(made).state) == (422, "asked")
    assert not queries.as_request(made, other).may_decide


@pytest.mark.parametrize(("percent", "who"), [(8, {"manager", "executive"}), (60, {"executive"})])
def test_a_page_offers_to_decide_to_just_those_who_may(acme: Cast, percent: int, who: set[str]) -> None:
    made = ask(make_opportunity(acme.rep), Demand(ApprovalKind.DISCOUNT, percent=Decimal(percent)))
    for name in ("rep", "manager", "executive"):
        reader = getattr(acme, name)
        assert queries.as_request(made, reader).may_decide is (name in who)
        assert [each.may_decide for each in queries.requests([made], reader)] == [name in who]
        with pytest.raises(Refused, match="refusal_word_needed" if name in who else "not_decider"):
            actions.refuse(made, seen=1, word="", by=reader, at=AT)


def test_what_is_granted_is_recorded_and_the_asker_told(acme: Cast) -> None:
    made = ask(make_opportunity(acme.rep), OVERRIDE)
    granted = actions.grant(made, seen=1, word="For once", by=acme.manager, at=AT + DAY)
    assert (granted.state, granted.word, granted.granted_until, granted.version) == (
        "granted",
        "For once",
        NEXT_WEEK,
        2,
    )
    assert (granted.decided_by, granted.decided_at) == (acme.manager, AT + DAY)
    assert Notification.objects.get(to=acme.rep).code == "approval_granted"
    assert AuditEvent.objects.get(verb="approval.granted").data["until"] == NEXT_WEEK.isoformat()
    deal, rows = made.opportunity_id, Approval.objects.all()
    assert rows.overrides([deal], on=NEXT_WEEK) == {deal: {Stage.PROOF: made}}
    assert rows.overrides([deal], on=NEXT_WEEK + timedelta(days=1)) == rows.overrides([], on=TODAY) == {}
    with pytest.raises(Refused, match="approval_ended"):
        actions.refuse(granted, seen=2, word="No", by=acme.executive, at=AT + DAY)


def test_whoever_decides_may_shorten_it(acme: Cast) -> None:
    made = ask(make_opportunity(acme.rep), OVERRIDE)
    with pytest.raises(Refused, match="until_over"):
        actions.grant(made, seen=1, by=acme.manager, at=AT, until=TODAY - timedelta(days=1))
    assert actions.grant(made, seen=1, by=acme.manager, at=AT, until=TODAY).granted_until == TODAY


def test_a_double_click_counts_once_and_a_second_verdict_is_stale(acme: Cast) -> None:
    made = ask(make_opportunity(acme.rep))
    actions.refuse(made, seen=1, word="Not now", by=acme.manager, at=AT)
    actions.refuse(made, seen=1, word="Not now", by=acme.manager, at=AT)
    assert AuditEvent.objects.filter(verb="approval.refused").count() == 1
    assert Notification.objects.filter(to=acme.rep).count() == 1
    for by in (acme.manager, acme.executive):
        with pytest.raises(Stale) as stale:
            actions.grant(made, seen=1, by=by, at=AT)
        assert stale.value.theirs == {"state": "refused", "word": "Not now"}
        assert stale.value.changed_by == "Manager Acme"
    assert now(made).state == "refused"


def test_who_asked_or_owns_it_takes_it_back(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    actions.add_member(deal, member=acme.rep2, part="", by=acme.rep, at=AT)
    made = ask(deal, by=acme.rep2)
    with pytest.raises(Refused, match="not_asker"):
        actions.withdraw(made, seen=1, by=acme.manager, at=AT)
    assert actions.withdraw(made, seen=1, by=acme.rep, at=AT).state == "withdrawn"
    assert actions.withdraw(made, seen=1, by=acme.rep, at=AT).version == 2
    with pytest.raises(Stale):
        actions.withdraw(made, seen=1, by=acme.rep2, at=AT)
    with pytest.raises(Stale):
        actions.grant(made, seen=1, by=acme.manager, at=AT)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_verdicts_at_once_end_in_one(acme: Cast) -> None:
    with reading(acme.org):
        made = ask(make_opportunity(acme.rep))
    start, outcomes = threading.Barrier(2), []

    def decide(by: Membership, verdict: str) -> None:

        try:
            start.wait()
            with working_for(acme.org):
                how: dict[str, Any] = {"seen": 1, "word": "so", "by": by, "at": AT}
                outcomes.append(getattr(actions, verdict)(made, **how).state)
        except Stale:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide, args=(acme.manager, "grant")),
        threading.Thread(target=decide, args=(acme.executive, "refuse")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(acme.org):
        assert "stale" in outcomes
        assert now(made).state in outcomes
        assert AuditEvent.objects.filter(verb__in=["approval.granted", "approval.refused"]).count() == 1


# What waits for whom ------------------------------------------------------------------------------


def waiting(member: Membership) -> list[int]:
    return [approval.pk for approval in queries.waiting_for(member)]


def test_what_waits_stands_with_whoever_was_asked_and_goes_up_when_they_leave(acme: Cast) -> None:
    made = ask(make_opportunity(acme.rep))
    assert waiting(acme.manager) == [made.pk]
    assert [waiting(member) for member in acme.everyone if member != acme.manager] == [[]] * 6
    tenants_actions.deactivate(acme.manager, by=acme.admin, at=AT)
    acme.manager.refresh_from_db()
    assert waiting(acme.executive) == [made.pk]
    with pytest.raises(Refused, match="not_decider"):
        actions.grant(made, seen=1, by=acme.manager, at=AT)
    actions.grant(made, seen=1, by=acme.executive, at=AT)
    assert waiting(acme.executive) == []
