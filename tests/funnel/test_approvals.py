"""Asking whoever leads: who decides, what a verdict needs, and that nothing is decided twice."""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from funnel import actions, queries
from funnel.approvals import (
    ApprovalKind,
    ApprovalState,
    Demand,
    Person,
    ask_decide,
    ask_withdraw,
    check_demand,
    check_percent,
    deciders,
)
from funnel.models import Approval, Opportunity, deciders_of
from funnel.stages import Stage
from jobs.models import Notification
from tenants import actions as tenants_actions
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.permissions import Role
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast, make_user
from tests.funnel.factories import DAY, make_opportunity

pytestmark = pytest.mark.django_db
TODAY = date(2026, 1, 5)
NEXT_WEEK = TODAY + timedelta(days=7)
RESOURCE = Demand(ApprovalKind.RESOURCE, what="An engineer for two days")
DISCOUNT = Demand(ApprovalKind.DISCOUNT, percent=Decimal(8))
OVERRIDE = Demand(ApprovalKind.OVERRIDE, stage=Stage.PROOF, until=NEXT_WEEK)
Login = Callable[[Membership], Client]


@pytest.fixture(autouse=True)
def _scope(request: pytest.FixtureRequest) -> Iterator[None]:
    if "acme" not in request.fixturenames:
        yield
        return
    with working_for(request.getfixturevalue("acme").org):
        yield


def ask(opportunity: Opportunity, demand: Demand = RESOURCE, *, by: Membership | None = None, **more: Any) -> Approval:
    """Ask as the owner, unless somebody else is named."""
    more = {"why": "They want to see it work", "at": AT, **more}
    return actions.ask_approval(opportunity, demand, by=by or opportunity.owner, **more)


def now(approval: Approval) -> Approval:
    found: Approval = Approval.objects.get(pk=approval.pk)
    return found


# Who decides --------------------------------------------------------------------------------------

MANAGER, HEAD, CHIEF, CHIEF2 = (
    Person(1, Role.MANAGER, 2),
    Person(2, Role.MANAGER, 0),
    Person(3, Role.EXECUTIVE, 0),
    Person(4, Role.EXECUTIVE, 1),
)
EVERYBODY = [CHIEF2, HEAD, CHIEF, MANAGER]


@pytest.mark.parametrize(
    ("people", "cause", "expected"),
    [
        (EVERYBODY, {"asker": 9, "owner": 9}, [1, 2, 3, 4]),
        (EVERYBODY, {"asker": 1, "owner": 9}, [2, 3, 4]),
        (EVERYBODY, {"asker": 9, "owner": 1}, [2, 3, 4]),
        (EVERYBODY, {"asker": 3, "owner": 1}, [2, 4]),
        (EVERYBODY, {"asker": 9, "owner": 9, "executives_only": True}, [3, 4]),
        ([CHIEF], {"asker": 3, "owner": 3}, []),
        ([Person(1, Role.MANAGER, 2, is_active=False), HEAD], {"asker": 9, "owner": 9}, [2]),
        (
            [Person(5, Role.REP, 2), Person(6, Role.COLLEAGUE, 2), Person(7, Role.PARTNER, 2)],
            {"asker": 9, "owner": 9},
            [],
        ),
    ],
)
def test_the_nearest_above_decides_and_nobody_in_their_own_cause(
    people: list[Person], cause: dict[str, Any], expected: list[int]
) -> None:
    assert deciders(people, **cause) == expected


@given(
    people=st.lists(
        st.builds(
            Person,
            pk=st.integers(1, 9),
            role=st.sampled_from(list(Role)),
            depth=st.integers(0, 4),
            is_active=st.booleans(),
        ),
        unique_by=lambda person: person.pk,
    ),
    asker=st.integers(1, 9),
    owner=st.integers(1, 9),
)
def test_whoever_decides_is_active_leads_and_has_no_part_in_it(people: list[Person], asker: int, owner: int) -> None:
    known = {person.pk: person for person in people}
    found = [known[pk] for pk in deciders(people, asker=asker, owner=owner)]
    assert all(person.is_active and person.role in {Role.MANAGER, Role.EXECUTIVE} for person in found)
    assert not {asker, owner} & {person.pk for person in found}
    managers = [person.depth for person in found if person.role == Role.MANAGER]
    assert managers == sorted(managers, reverse=True)
    assert all(person.role == Role.EXECUTIVE for person in found[len(managers) :])


def test_the_manager_of_the_owners_team_is_asked_then_up_the_tree(acme: Cast) -> None:
    head: Membership = Membership.objects.create(
        organization=acme.org, user=make_user("head", "acme"), role=Role.MANAGER, team=acme.executive.team
    )
    other: Membership = Membership.objects.create(
        organization=acme.org, user=make_user("other", "acme"), role=Role.MANAGER, team=acme.other_team
    )
    deal = make_opportunity(acme.rep)
    assert deciders_of(deal, asker=acme.rep.pk) == [acme.manager.pk, head.pk, acme.executive.pk]
    assert deciders_of(make_opportunity(acme.partner, "p"), asker=acme.partner.pk)[0] == other.pk
    assert deciders_of(make_opportunity(acme.manager, "m"), asker=acme.manager.pk)[0] == head.pk
    assert deciders_of(make_opportunity(acme.executive, "e"), asker=acme.rep.pk) == []
    assert ask(deal).approver_id == acme.manager.pk


def test_who_belongs_to_no_team_asks_an_executive_and_one_alone_asks_nobody(acme: Cast) -> None:
    loose: Membership = Membership.objects.create(organization=acme.org, user=make_user("loose", "acme"), role=Role.REP)
    assert ask(make_opportunity(loose)).approver_id == acme.executive.pk
    with pytest.raises(Refused, match="nobody_decides"):
        ask(make_opportunity(acme.executive, "own"))


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


# The pages ----------------------------------------------------------------------------------------

HTMX: Any = {"HTTP_HX_REQUEST": "true"}


def test_asking_and_deciding_on_the_pages(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    rep, manager = login(acme.rep), login(acme.manager)
    new = f"/o/acme/funnel/{deal.pk}/approvals/new/resource/"
    assert b"What do you need?" in rep.get(new, **HTMX).content
    assert rep.post(new, {"what": "", "why": "x"}, **HTMX).status_code == 422
    key = uuid.uuid4()
    for _twice in range(2):
        answer = rep.post(new, {"what": "A <b>lab</b>", "why": "To prove it", "request_key": key}, **HTMX)
        assert (answer.status_code, "approvals-changed" in answer["HX-Trigger-After-Swap"]) == (200, True)
    made = Approval.objects.get()
    panel = rep.get(f"/o/acme/funnel/{deal.pk}/approvals/", **HTMX).content.decode()
    assert "A &lt;b&gt;lab&lt;/b&gt;" in panel
    assert "Take it back" in panel
    assert "Grant" not in panel
    today = manager.get("/o/acme/funnel/approvals/today/", **HTMX).content.decode()
    assert "Grant" in today
    url = f"/o/acme/funnel/approvals/{made.pk}/decide/"
    answer = manager.post(url, {"verdict": "refused", "version": 1, "word": ""}, **HTMX)
    assert (answer.status_code, "Say in a word why not." in answer.content.decode()) == (422, True)
    answer = manager.post(url, {"verdict": "refused", "version": 1, "word": "Next quarter"}, **HTMX)
    assert (answer.status_code, "Next quarter" in answer.content.decode()) == (200, True)
    answer = manager.post(url, {"verdict": "granted", "version": 1, "word": "Yes"}, **HTMX)
    assert answer.status_code == 409
    assert "Next quarter" in answer.content.decode()
    assert manager.get("/o/acme/funnel/approvals/today/", **HTMX).content.strip() == b""


def test_the_dialog_names_who_will_decide(acme: Cast, login: Login) -> None:
    deal, manager, chief = make_opportunity(acme.rep), acme.manager.name, acme.executive.name

    def says(by: Membership, kind: str, words: str) -> bool:
        return words in login(by).get(f"/o/acme/funnel/{deal.pk}/approvals/new/{kind}/", **HTMX).content.decode()

    split = f"{manager} decides up to 15%, {chief} above that"
    for kind in ApprovalKind:
        assert says(acme.rep, kind, split) is (kind == ApprovalKind.DISCOUNT)
        assert says(acme.rep, kind, f"{manager} decides, and is told now.") is (kind != ApprovalKind.DISCOUNT)
        assert says(acme.manager, kind, f"{chief} decides, and is told now."), "nobody decides in their own cause"
    for percent, name in ((15, acme.manager), (16, acme.executive)):
        demand = Demand(ApprovalKind.DISCOUNT, percent=Decimal(percent))
        made = ask(deal, demand)
        assert made.approver == name, "as the dialog said"
        actions.withdraw(made, seen=1, by=acme.rep, at=AT)
    Membership.objects.filter(pk=acme.executive.pk).update(is_active=False)
    assert says(acme.rep, "discount", "above that nobody can")
    Membership.objects.filter(pk=acme.manager.pk).update(is_active=False)
    assert says(acme.rep, "discount", "nobody above who may decide")


def test_an_exception_offers_the_stage_it_is_asked_for(acme: Cast, login: Login) -> None:
    deal, rep = make_opportunity(acme.rep), login(acme.rep)
    url = f"/o/acme/funnel/{deal.pk}/approvals/new/override/"
    assert '<option value="5" selected>' in rep.get(f"{url}?stage=5").content.decode()
    answer = rep.post(url, {"stage": 5, "until": "2001-01-01", "why": "so"}, **HTMX)
    assert (answer.status_code, "Choose today or a later day" in answer.content.decode()) == (422, True)
    assert rep.get(f"/o/acme/funnel/{deal.pk}/approvals/new/lunch/").status_code == 404


def test_the_list_is_narrowed_by_whose_where_it_stands_and_kind(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    waits, granted = ask(deal), ask(deal, OVERRIDE)
    theirs = ask(make_opportunity(acme.partner, "p"), DISCOUNT)
    actions.grant(granted, seen=1, by=acme.executive, at=AT)

    def found(by: Membership, **query: str) -> set[int]:
        page = login(by).get("/o/acme/funnel/approvals/", query)
        return {each.approval.pk for each in page.context["requests"]}

    assert found(acme.rep) == {waits.pk, granted.pk}
    assert found(acme.executive) == {waits.pk, granted.pk, theirs.pk}
    assert found(acme.executive, scope="for_me") == {granted.pk, theirs.pk}
    assert found(acme.manager, scope="for_me", standing="waiting") == {waits.pk}
    assert found(acme.manager, standing="decided") == {granted.pk}
    assert found(acme.executive, kind="discount", scope="nonsense") == {theirs.pk}
    assert found(acme.rep, scope="mine") == {waits.pk, granted.pk}
    assert found(acme.manager, scope="mine") == set()
    assert found(acme.colleague) == set()
    assert b"Nothing like this was asked" in login(acme.manager).get("/o/acme/funnel/approvals/?scope=mine").content


def test_lists_cost_the_same_for_one_request_and_thirty(acme: Cast, login: Login) -> None:
    deal, client = make_opportunity(acme.rep), login(acme.manager)
    urls = ["/o/acme/funnel/approvals/", "/o/acme/funnel/approvals/today/", f"/o/acme/funnel/{deal.pk}/approvals/"]
    ask(deal, OVERRIDE)

    def costs() -> list[int]:
        counts = []
        for url in urls:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(url).status_code == 200
            counts.append(len(asked))
        return counts

    costs()
    one = costs()
    for _more in range(29):
        ask(deal)
    assert costs() == one
    assert max(one) <= 15


def test_taking_back_on_the_page(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    made = ask(deal)
    actions.add_member(deal, member=acme.rep2, part="", by=acme.rep, at=AT)
    url = f"/o/acme/funnel/approvals/{made.pk}/withdraw/"
    assert login(acme.rep2).post(url, {"version": 1}, **HTMX).status_code == 422
    assert login(acme.rep).post(url, {"version": 1}).status_code == 303
    assert now(made).state == "withdrawn"
    assert login(acme.rep).post(url, {"version": 1}).status_code == 303
    assert login(acme.rep2).post(url, {"version": 1}, **HTMX).status_code == 409


def test_the_stranger_meets_nothing(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        theirs = ask(make_opportunity(globex.rep))
    client = login(acme.manager)
    for url in (f"approvals/{theirs.pk}/", f"{theirs.opportunity_id}/approvals/"):
        assert client.get(f"/o/acme/funnel/{url}").status_code == 404
    for url in (f"approvals/{theirs.pk}/decide/", f"approvals/{theirs.pk}/withdraw/"):
        assert client.post(f"/o/acme/funnel/{url}", {"verdict": "granted", "version": 1}).status_code == 404
    answer = client.post(f"/o/acme/funnel/{theirs.opportunity_id}/approvals/new/resource/", {"what": "x", "why": "y"})
    assert answer.status_code == 404
    with working_for(globex.org):
        assert now(theirs).state == "asked"
