"""Committed deals: what the customer's procedure decided, what the economic buyer promised, and what that counts as."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import TimelineEntry
from forecasting import queries as forecasting
from forecasting.periods import Kind, Period, period_of
from funnel import actions, queries
from funnel.commitment import Backing, CommitmentKind, Procedure, backing, check_commitment, check_reason
from funnel.filters import read
from funnel.models import COMMITTED, PROMISED, Commitment, Opportunity
from funnel.papers import Paper
from jobs.models import StoredFile
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.accounts.factories import make_contact
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
Login = Callable[[Membership], Client]
HTMX: Any = {"HTTP_HX_REQUEST": "true"}
TODAY = AT.date()
AWARD = CommitmentKind.PROCEDURE
PROMISE = CommitmentKind.PROMISE


def award(deal: Opportunity, **more: Any) -> Commitment:
    """The customer's committee voted for us."""
    said: dict[str, Any] = {"on": TODAY, "what": "The committee voted for us", "note": "Minutes 12"}
    return actions.record_commitment(deal, AWARD, **{**said, "by": deal.owner, "at": AT, **more})


def promise(deal: Opportunity, **more: Any) -> Commitment:
    """Their economic buyer said that we have it."""
    said: dict[str, Any] = {"on": TODAY, "what": "You have it", "new_contact": "Wang"}
    return actions.record_commitment(deal, PROMISE, **{**said, "by": deal.owner, "at": AT, **more})


def now(deal: Opportunity) -> Opportunity:
    found: Opportunity = Opportunity.objects.get(pk=deal.pk)
    return found


def decides(deal: Opportunity, procedure: str) -> Opportunity:
    """Say how the customer decides."""
    Opportunity.objects.filter(pk=deal.pk).update(buying_procedure=procedure)
    return now(deal)


# The rule -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", ["", *Procedure])
@pytest.mark.parametrize("committed", [None, TODAY])
@pytest.mark.parametrize("promised", [None, TODAY])
def test_what_stands_behind_a_deal(committed: date | None, promised: date | None, procedure: str) -> None:
    found = backing(committed_on=committed, promised_on=promised, procedure=procedure)
    if committed or (promised and procedure == "eb_alone"):
        assert found == Backing.COMMITTED
    else:
        assert found == (Backing.PROMISED if promised else Backing.NONE)


@pytest.mark.parametrize(
    ("kind", "changed", "code"),
    [
        (AWARD, {"on": TODAY + timedelta(days=1)}, "on_in_future"),
        (AWARD, {"what": " "}, "commitment_what_needed"),
        (AWARD, {"what": "x" * 501}, "commitment_text_too_long"),
        (AWARD, {"note": "x" * 501}, "commitment_text_too_long"),
        (AWARD, {"note": " "}, "proof_needed"),
        (PROMISE, {"has_contact": False}, "promise_contact_needed"),
    ],
)
def test_what_is_recorded_needs_its_proof(kind: CommitmentKind, changed: dict[str, Any], code: str) -> None:
    sound: dict[str, Any] = {"on": TODAY, "today": TODAY, "what": "x", "note": "y", "has_contact": True}
    sound["has_file"] = False
    check_commitment(kind, **sound)
    check_commitment(AWARD, **{**sound, "note": "", "has_file": True})
    with pytest.raises(Refused, match=code):
        check_commitment(kind, **{**sound, **changed})


@pytest.mark.parametrize(("why", "code"), [(" ", "reason_needed"), ("x" * 501, "commitment_text_too_long")])
def test_a_withdrawal_needs_its_reason(why: str, code: str) -> None:
    assert check_reason(" gone ") == "gone"
    with pytest.raises(Refused, match=code):
        check_reason(why)


# Recording and withdrawing ------------------------------------------------------------------------


def test_a_commitment_is_recorded_audited_and_told_in_the_customers_story(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    paper = Paper("award.pdf", b"%PDF-1", "application/pdf")
    made = award(deal, note="", paper=paper)
    assert (made.file.name, made.contact) == ("award.pdf", None)
    assert (now(deal).committed_on, now(deal).eb_promised_on, now(deal).version) == (TODAY, None, deal.version)
    said = promise(deal)
    assert (said.contact.name, said.contact.account) == ("Wang", deal.account)
    assert now(deal).eb_promised_on == TODAY
    for verb in ("commitment.made", "commitment.promised"):
        assert AuditEvent.objects.get(verb=verb, target_id=deal.pk, by=acme.rep).data["on"] == TODAY.isoformat()
        assert TimelineEntry.objects.filter(account=deal.account, verb=verb).count() == 1
    with pytest.raises(Refused, match="already_committed"):
        award(deal)


def test_the_same_request_records_once(acme: Cast) -> None:
    deal, key = make_opportunity(acme.rep), uuid.uuid4()
    assert award(deal, request_key=key) == award(deal, request_key=key)
    assert AuditEvent.objects.filter(verb="commitment.made").count() == 1


def test_a_promise_is_given_by_somebody_at_this_customer(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    other = make_contact(make_account(acme.rep, "Other"))
    with pytest.raises(Refused, match="contact_elsewhere"):
        promise(deal, contact=other, new_contact="")
    with pytest.raises(Refused, match="promise_contact_needed"):
        promise(deal, new_contact=" ")
    theirs = make_contact(deal.account)
    assert promise(deal, contact=theirs, new_contact="").contact == theirs


def test_what_does_not_hold_is_withdrawn_with_the_reason_and_can_be_recorded_anew(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    for made, column, verb in (
        (award(deal), "committed_on", "commitment.withdrawn"),
        (promise(deal), "eb_promised_on", "commitment.promise_withdrawn"),
    ):
        for _twice in range(2):
            actions.withdraw_commitment(made, why="A rival objected", by=acme.rep, at=AT + DAY)
        assert getattr(now(deal), column) is None
        assert AuditEvent.objects.get(verb=verb).data["why"] == "A rival objected"
        assert TimelineEntry.objects.filter(account=deal.account, verb=verb).count() == 1
        with pytest.raises(Stale) as stale:
            actions.withdraw_commitment(made, why="x", by=acme.manager, at=AT + DAY)
        assert stale.value.theirs == {"why": "A rival objected"}
    award(deal)
    found = queries.committed(now(deal))
    assert (found.backing, len(found.withdrawn), found.promise) == (Backing.COMMITTED, 2, None)


def test_nothing_is_committed_of_what_has_ended_and_a_withdrawal_still_counts(acme: Cast) -> None:
    deal = make_opportunity(acme.rep)
    made = award(deal)
    actions.abandon(deal, seen=deal.version, reason="timing", note="", by=acme.rep, at=AT + DAY)
    with pytest.raises(Refused, match="closed"):
        promise(deal)
    actions.withdraw_commitment(made, why="Cancelled", by=acme.rep, at=AT + DAY)
    assert now(deal).committed_on is None


# Filters and figures ------------------------------------------------------------------------------


@given(
    deals=st.lists(
        st.tuples(
            st.sampled_from([None, TODAY]),
            st.sampled_from([None, TODAY]),
            st.sampled_from(["", *Procedure]),
            st.integers(0, 9) | st.none(),
        ),
        max_size=12,
    )
)
def test_the_database_says_what_the_rule_says(deals: list[tuple[Any, Any, str, int | None]]) -> None:
    """The columns alone: what filters and totals find is what `backing` says of each."""

    def holds(condition: Any, values: dict[str, Any]) -> bool:
        """Evaluate a Q in Python."""
        if hasattr(condition, "children"):
            parts = [holds(child, values) for child in condition.children]
            found = all(parts) if condition.connector == "AND" else any(parts)
            return not found if condition.negated else found
        name, value = condition
        if name.endswith("__isnull"):
            return (values[name.removesuffix("__isnull")] is None) is value
        return bool(values[name] == value)

    for committed, promised, procedure, _amount in deals:
        values = {"committed_on": committed, "eb_promised_on": promised, "buying_procedure": procedure}
        found = backing(committed_on=committed, promised_on=promised, procedure=procedure)
        assert holds(COMMITTED, values) is (found == Backing.COMMITTED)
        assert holds(PROMISED, values) is (found == Backing.PROMISED)


@pytest.fixture
def four(acme: Cast) -> list[Opportunity]:
    """A committed one, a promised one, one promised where the buyer decides alone, and one with neither."""
    deals = [
        make_opportunity(acme.rep, f"Deal {number}", amount=number * MILLION, expected_close_on=TODAY + 9 * DAY)
        for number in (1, 2, 4, 8)
    ]
    award(deals[0])
    promise(deals[1])
    promise(deals[2])
    decides(deals[1], "committee")
    decides(deals[2], "eb_alone")
    return [now(deal) for deal in deals]


def test_board_and_table_are_narrowed_by_what_stands_behind(acme: Cast, four: list[Opportunity]) -> None:
    first, promised, alone, _none = four
    for word, expected in (("committed", {first, alone}), ("promised", {promised}), ("nonsense", set(four))):
        wanted = read({"backing": word})
        assert set(queries.listed(acme.rep, wanted, today=TODAY)) == expected
        board = queries.board(acme.rep, wanted, today=TODAY)
        assert {card.pk for column in board.columns for card in column.cards} == {deal.pk for deal in expected}
        assert board.total == sum(deal.amount or 0 for deal in expected)


def test_the_figures_count_what_is_open_and_due(acme: Cast, four: list[Opportunity]) -> None:
    period = period_of(Kind.QUARTER, TODAY)

    def figures(period: Period = period, who: Membership = acme.executive) -> forecasting.Committed:
        return forecasting.summary(who, period).committed

    found = figures()
    assert (found.count, found.amount) == (2, 5 * MILLION)
    assert (found.promised_count, found.promised_amount) == (1, 2 * MILLION)
    for what, count in (("committed", 2), ("promised", 1)):
        assert forecasting.rows(period, acme.org.zone, None, what=what).count() == count
    assert figures(who=acme.rep) == figures(who=acme.manager) == found
    nothing = forecasting.Committed()
    assert figures(who=acme.rep2) == nothing
    assert figures(period_of(Kind.QUARTER, TODAY + timedelta(days=200))) == nothing
    lost = actions.lose(four[0], seen=four[0].version, reason="price", rival="", note="", by=acme.rep, at=AT + DAY)
    assert lost.committed_on == TODAY
    assert figures().count == 1


# The pages ----------------------------------------------------------------------------------------


def test_committing_on_the_pages(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    rep, one = login(acme.rep), f"/o/acme/funnel/{deal.pk}/commitment/"
    assert b"Record" in rep.get(one, **HTMX).content
    assert rep.get(f"{one}handshake/").status_code == 404
    for kind in CommitmentKind:
        assert b"optional" not in rep.get(f"{one}{kind}/", **HTMX).content, "one of both is needed: neither is optional"
    sent = {"on": TODAY.isoformat(), "what": "The <b>vote</b>"}
    assert rep.post(f"{one}procedure/", sent, **HTMX).status_code == 422
    for name, content in (("a.pdf", b"not one"), ("a.exe", b"MZ")):
        file = SimpleUploadedFile(name, content)
        assert rep.post(f"{one}procedure/", {**sent, "file": file}, **HTMX).status_code == 422
    file = SimpleUploadedFile("award.pdf", b"%PDF-1.7")
    answer = rep.post(f"{one}procedure/", {**sent, "file": file}, **HTMX)
    assert (answer.status_code, "commitment-changed" in answer["HX-Trigger-After-Swap"]) == (200, True)
    made = Commitment.objects.get()
    panel = rep.get(one, **HTMX).content.decode()
    assert "The &lt;b&gt;vote&lt;/b&gt;" in panel
    download = f"/o/acme/funnel/commitments/{made.pk}/file/"
    answer = login(acme.manager).get(download)  # everybody who sees the opportunity sees its proof
    assert (answer.content, answer["X-Content-Type-Options"]) == (b"%PDF-1.7", "nosniff")
    assert "attachment" in answer["Content-Disposition"]
    assert login(acme.rep2).get(download).status_code == 404
    off = f"/o/acme/funnel/commitments/{made.pk}/withdraw/"
    assert rep.post(off, {"why": ""}, **HTMX).status_code == 422
    assert rep.post(off, {"why": "Annulled"}).status_code == 303
    assert login(acme.manager).post(off, {"why": "Other"}, **HTMX).status_code == 409


def test_a_promise_without_procedure_is_flagged(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    rep, one = login(acme.rep), f"/o/acme/funnel/{deal.pk}/commitment/"
    sent = {"on": TODAY.isoformat(), "what": "You have it", "new_contact": "Wang"}
    assert rep.post(f"{one}promise/", {**sent, "on": "2999-01-01"}, **HTMX).status_code == 422
    assert rep.post(f"{one}promise/", {**sent, "new_contact": ""}, **HTMX).status_code == 422
    assert rep.post(f"{one}promise/", sent, **HTMX).status_code == 200
    flagged = "Promise without procedure"
    assert flagged in rep.get(one, **HTMX).content.decode()
    assert flagged in rep.get("/o/acme/funnel/").content.decode()
    assert login(acme.rep).get(f"/o/acme/funnel/commitments/{Commitment.objects.get().pk}/file/").status_code == 404
    decides(deal, "eb_alone")
    panel = rep.get(one, **HTMX).content.decode()
    assert "so the promise is the commitment" in panel
    assert "is willing" not in panel


def test_a_helper_without_the_right_to_change_reads_it(acme: Cast, login: Login) -> None:
    deal = make_opportunity(acme.rep)
    made = award(deal)
    actions.add_member(deal, member=acme.colleague, by=acme.rep, at=AT)
    colleague = login(acme.colleague)
    panel = colleague.get(f"/o/acme/funnel/{deal.pk}/commitment/", **HTMX).content.decode()
    assert "The committee voted for us" in panel
    assert "Withdraw" not in panel
    assert colleague.post(f"/o/acme/funnel/commitments/{made.pk}/withdraw/", {"why": "x"}).status_code == 403
    assert colleague.get(f"/o/acme/funnel/{deal.pk}/commitment/promise/").status_code == 403


def test_the_stranger_meets_no_commitment(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        theirs = make_opportunity(globex.rep)
        made = award(theirs, paper=Paper("a.pdf", b"%PDF-", "application/pdf"))
    client, deal = login(acme.executive), make_opportunity(acme.rep)
    for path in (f"{theirs.pk}/commitment/", f"{theirs.pk}/commitment/promise/", f"commitments/{made.pk}/file/"):
        assert client.get(f"/o/acme/funnel/{path}").status_code == 404
    assert client.post(f"/o/acme/funnel/commitments/{made.pk}/withdraw/", {"why": "x"}).status_code == 404
    with working_for(globex.org):
        contact = make_contact(theirs.account)
    sent = {"on": TODAY.isoformat(), "what": "x", "contact": contact.pk}
    assert client.post(f"/o/acme/funnel/{deal.pk}/commitment/promise/", sent, **HTMX).status_code == 422
    with working_for(globex.org):
        assert Commitment.objects.get().withdrawn_at is None
        assert StoredFile.objects.count() == 1
