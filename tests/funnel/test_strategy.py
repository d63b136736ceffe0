"""The strategy sheet: what actions write and refuse."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import actions as accounts_actions
from accounts.models import Account, Contact
from accounts.segments import Kind
from funnel import actions, queries
from funnel.history import ImportedOpportunity
from funnel.leads import Criteria
from funnel.models import Change, DecisionRole, InformationGap, Opportunity, Rival, Strategy
from funnel.stages import Reason, Stage, Status
from funnel.strategy import Attitude, Influence, Tally
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, SECOND, make_account, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
TODAY = AT.date()


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep)


def make_person(cast: Cast, found: Opportunity, name: str = "Chen", **facts: Any) -> DecisionRole:
    """Put a new person on the sheet."""
    facts = {"roles": ["user"], "influence": Influence.MEDIUM, "attitude": None, **facts}
    new = {"name": name, "position": "Manager"}
    return actions.add_role(found, new_contact=new, by=cast.rep, at=AT, **facts)


def make_competitor(cast: Cast, name: str = "Rival Co") -> Account:
    """Keep a competitor."""
    return accounts_actions.create_account(name=name, owner=cast.rep, by=cast.rep, at=AT, kind=Kind.COMPETITOR)


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))


# Who decides ----------------------------------------------------------------------------------------


def test_the_buyer_is_found_whatever_else_they_are(acme: Cast, found: Opportunity) -> None:
    row = make_person(acme, found, roles=["sponsor", "eb"], attitude=Attitude.CHAMPION, influence=Influence.HIGH)
    assert (row.role, row.also, row.attitude, row.influence, row.version) == ("eb", ["sponsor"], 2, 3, 1)
    assert row.contact.account_id == found.account_id
    assert "decision_role.added" in verbs()


def test_who_was_met_before_they_stood_on_the_sheet_was_met(acme: Cast, found: Opportunity) -> None:
    person = accounts_actions.create_contact(found.account, name="Lin", by=acme.rep, at=AT)
    accounts_actions.note_met({person.pk: TODAY})
    person.refresh_from_db()
    row = actions.add_role(
        found, contact=person, roles=["eb"], influence=Influence.LOW, attitude=None, by=acme.rep, at=AT
    )
    assert row.last_met_on == TODAY


def test_a_person_stands_on_a_sheet_once(acme: Cast, found: Opportunity) -> None:
    row = make_person(acme, found)
    with pytest.raises(Refused, match="person_on_sheet"):
        make_person(acme, found)  # a double click with a new name
    facts: dict[str, Any] = {"roles": ["user"], "influence": Influence.LOW, "attitude": None}
    with pytest.raises(Refused, match="person_on_sheet"):
        actions.add_role(found, contact=row.contact, by=acme.rep, at=AT, **facts)
    assert (DecisionRole.objects.count(), Contact.objects.count()) == (1, 1)


def test_a_person_of_another_customer_is_refused(acme: Cast, found: Opportunity) -> None:
    other = make_account(acme.rep, "Another")
    person = accounts_actions.create_contact(other, name="Wu", by=acme.rep, at=AT)
    facts: dict[str, Any] = {"roles": ["user"], "influence": Influence.LOW, "attitude": None}
    with pytest.raises(Refused, match="contact_elsewhere"):
        actions.add_role(found, contact=person, by=acme.rep, at=AT, **facts)
    with pytest.raises(Refused, match="contact_needed"):
        actions.add_role(found, by=acme.rep, at=AT, **facts)


def test_reporting_lines_stay_on_the_sheet_and_never_run_in_a_circle(acme: Cast, found: Opportunity) -> None:
    chief = make_person(acme, found, "Chief")
    head = make_person(acme, found, "Head", reports_to=chief.pk)
    clerk = make_person(acme, found, "Clerk", reports_to=head.pk)
    facts: dict[str, Any] = {"roles": ["user"], "influence": Influence.LOW, "attitude": None, "by": acme.rep, "at": AT}
    with pytest.raises(Refused, match="reports_in_a_circle"):
        actions.change_role(found, chief.pk, seen=1, reports_to=clerk.pk, **facts)
    stranger = make_person(acme, make_opportunity(acme.rep, "Other"), "Stranger")
    with pytest.raises(Refused, match="reports_elsewhere"):
        actions.change_role(found, clerk.pk, seen=1, reports_to=stranger.pk, **facts)
    assert queries.superiors_for(found, head) == [(chief.pk, "Chief")]
    assert [pk for pk, _name in queries.superiors_for(found, None)] == [chief.pk, head.pk, clerk.pk]
    with pytest.raises(Stale):
        actions.remove_role(found, head.pk, seen=0, by=acme.manager, at=AT)
    actions.remove_role(found, head.pk, seen=1, by=acme.rep, at=AT)
    actions.remove_role(found, head.pk, seen=1, by=acme.rep, at=AT)
    clerk.refresh_from_db()
    assert clerk.reports_to_id == chief.pk
    assert verbs().count("decision_role.removed") == 1


def test_a_stale_change_of_a_person_is_refused_with_what_stands(acme: Cast, found: Opportunity) -> None:
    row = make_person(acme, found)
    facts: dict[str, Any] = {"roles": ["user"], "influence": Influence.LOW, "at": AT}
    actions.change_role(found, row.pk, seen=1, attitude=Attitude.COOL, by=acme.manager, **facts)
    with pytest.raises(Stale) as stale:
        actions.change_role(found, row.pk, seen=1, attitude=Attitude.ENEMY, by=acme.rep, **facts)
    assert (stale.value.theirs["attitude"], stale.value.version) == (-1, 2)
    assert stale.value.changed_by == acme.manager.name
    again = actions.change_role(found, row.pk, seen=2, attitude=Attitude.COOL, by=acme.rep, **facts)
    assert again.version == 2  # nothing differs
    assert verbs().count("decision_role.changed") == 1


def test_a_person_of_another_sheet_cannot_be_changed_here(acme: Cast, found: Opportunity) -> None:
    other = make_person(acme, make_opportunity(acme.rep, "Other"))
    facts: dict[str, Any] = {"roles": ["user"], "influence": Influence.LOW, "attitude": None}
    with pytest.raises(DecisionRole.DoesNotExist):
        actions.change_role(found, other.pk, seen=1, by=acme.rep, at=AT, **facts)


# Rivals ---------------------------------------------------------------------------------------------


def test_a_new_competitor_is_kept_once_in_whatever_spelling(acme: Cast, found: Opportunity) -> None:
    first = actions.add_rival(found, new_name="Rival Co", answer="Show the plant", by=acme.rep, at=AT)
    assert (first.competitor.kind, first.answer) == (Kind.COMPETITOR, "Show the plant")
    other = make_opportunity(acme.rep2, "Other")
    assert actions.add_rival(other, new_name="ＲＩＶＡＬ　co", by=acme.rep2, at=AT).competitor == first.competitor
    with pytest.raises(Refused, match="rival_on_sheet"):
        actions.add_rival(found, competitor=first.competitor, by=acme.rep, at=AT)
    for competitor, code in ((None, "competitor_needed"), (found.account, "not_a_competitor")):
        with pytest.raises(Refused, match=code):
            actions.add_rival(found, competitor=competitor, by=acme.rep, at=AT)


def test_rivals_change_with_care_and_go_once(acme: Cast, found: Opportunity) -> None:
    row = actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    said = {"strengths": "cheap", "weaknesses": "slow", "answer": "fast"}
    assert actions.change_rival(found, row.pk, seen=1, by=acme.rep, at=AT, **said).version == 2
    with pytest.raises(Stale):
        actions.change_rival(found, row.pk, seen=1, by=acme.manager, at=AT, **{**said, "answer": "late"})
    with pytest.raises(Refused, match="note_too_long"):
        actions.change_rival(found, row.pk, seen=2, by=acme.rep, at=AT, **{**said, "answer": "x" * 2001})
    with pytest.raises(Stale):
        actions.remove_rival(found, row.pk, seen=1, by=acme.manager, at=AT)
    actions.remove_rival(found, row.pk, seen=2, by=acme.rep, at=AT)
    actions.remove_rival(found, row.pk, seen=2, by=acme.rep, at=AT)
    assert not Rival.objects.exists()
    assert verbs().count("rival.removed") == 1


def test_lost_to_a_competitor_survives_undo_and_reopening(acme: Cast, found: Opportunity) -> None:
    competitor = make_competitor(acme)
    lost = actions.lose(found, seen=1, reason=Reason.RIVAL, lost_to=competitor, by=acme.rep, at=AT)
    assert (lost.rival, lost.lost_to) == ("Rival Co", competitor)
    change = Change.objects.get(kind="lost")
    assert change.new["lost_to_id"] == competitor.pk
    back = actions.undo(change.pk, by=acme.rep, at=AT + SECOND)
    assert (back.rival, back.lost_to_id) == ("", None)
    lost = actions.lose(back, seen=back.version, reason=Reason.PRICE, rival="ＲＩＶＡＬ CO", by=acme.rep, at=AT + DAY)
    assert (lost.rival, lost.lost_to_id) == ("ＲＩＶＡＬ CO", competitor.pk)
    again = actions.reopen(lost, seen=lost.version, why="They asked again", by=acme.rep, at=AT + 2 * DAY)
    assert again.lost_to_id is None
    undone = actions.undo(Change.objects.latest("id").pk, by=acme.rep, at=AT + 2 * DAY)
    assert undone.lost_to_id == competitor.pk


def test_an_unknown_rival_is_kept_only_where_that_is_asked(acme: Cast, found: Opportunity) -> None:
    lost = actions.lose(found, seen=1, reason=Reason.RIVAL, rival="Nobody Inc", by=acme.rep, at=AT)
    assert (lost.rival, lost.lost_to_id) == ("Nobody Inc", None)
    other = make_opportunity(acme.rep, "Other")
    kept = actions.lose(other, seen=1, reason=Reason.RIVAL, rival="Nobody Inc", new_competitor=True, by=acme.rep, at=AT)
    assert Account.objects.get(kind=Kind.COMPETITOR) == kept.lost_to
    with pytest.raises(Refused, match="not_a_competitor"):
        actions.lose(
            make_opportunity(acme.rep, "Third"),
            seen=1,
            reason=Reason.RIVAL,
            lost_to=found.account,
            by=acme.rep,
            at=AT,
        )


def test_a_name_that_two_competitors_have_is_not_guessed(acme: Cast, found: Opportunity) -> None:
    make_competitor(acme)
    make_competitor(acme)
    lost = actions.lose(found, seen=1, reason=Reason.RIVAL, rival="Rival Co", by=acme.rep, at=AT)
    assert lost.lost_to_id is None


def test_old_names_become_a_record_and_nothing_is_guessed(acme: Cast, found: Opportunity) -> None:
    for number, name in enumerate(("Rival Co", "rival co.", "Rival Company")):
        row = make_opportunity(acme.rep, f"Old {number}")
        actions.lose(row, seen=1, reason=Reason.RIVAL, rival=name, by=acme.rep, at=AT)
    hers = make_opportunity(acme.rep2, "Hers")
    actions.lose(hers, seen=1, reason=Reason.RIVAL, rival="Rival Co", by=acme.rep2, at=AT)
    assert [(each.name, each.count) for each in queries.unlinked(acme.manager)] == [
        ("Rival Co", 3),
        ("Rival Company", 1),
    ]
    logged, mine = Change.objects.count(), Opportunity.objects.get(name="Old 0")
    competitor, linked = actions.adopt_rival("RIVAL CO", by=acme.rep, at=AT)
    assert linked == 2
    linked_now = Opportunity.objects.get(pk=mine.pk)
    assert (linked_now.lost_to, linked_now.version, linked_now.updated_by) == (competitor, mine.version + 1, acme.rep)
    events = AuditEvent.objects.filter(verb="opportunity.linked", by=acme.rep)
    assert sorted(events.values_list("target_name", flat=True)) == ["Old 0", "Old 1"]
    assert actions.adopt_rival("RIVAL CO", by=acme.rep, at=AT) == (competitor, 0)
    assert Change.objects.count() == logged
    hers.refresh_from_db()
    assert hers.lost_to_id is None  # not the rep's to change
    assert actions.adopt_rival("Rival Co", by=acme.manager, at=AT) == (competitor, 1)


def test_an_import_knows_the_competitors(acme: Cast, found: Opportunity) -> None:
    competitor = make_competitor(acme)
    row = ImportedOpportunity(
        external_id="X1",
        account_id=found.account_id,
        owner_id=acme.rep.pk,
        name="From elsewhere",
        opened_at=AT - DAY,
        outcome=Status.LOST,
        closed_at=AT,
        reason="rival",
        rival="rival CO",
    )
    actions.import_opportunities([row], by=acme.manager, at=AT + DAY)
    made = Opportunity.objects.get(external_id="X1")
    assert (made.rival, made.lost_to) == ("rival CO", competitor)


# Competitors ----------------------------------------------------------------------------------------


def test_each_opportunity_counts_once_for_each_competitor_and_only_in_sight(acme: Cast) -> None:
    competitor, other = make_competitor(acme), make_competitor(acme, "Second")
    rows = [make_opportunity(acme.rep, f"Deal {n}", stage=Stage.CLOSE) for n in range(4)]
    hers = make_opportunity(acme.rep2, "Hers")
    for row in (*rows[:3], hers):
        actions.add_rival(row, competitor=competitor, answer=f"Answer for {row.name}", by=row.owner, at=AT)
    actions.add_rival(rows[0], competitor=other, by=acme.rep, at=AT)
    actions.win(rows[0], seen=1, by=acme.rep, at=AT)
    actions.lose(rows[1], seen=1, reason=Reason.RIVAL, lost_to=competitor, by=acme.rep, at=AT)
    actions.lose(rows[3], seen=1, reason=Reason.RIVAL, lost_to=competitor, by=acme.rep, at=AT)
    actions.abandon(hers, seen=1, reason=Reason.TIMING, by=acme.rep2, at=AT)
    found = {met.account: met.tally for met in queries.competitors(acme.manager)}
    assert found == {
        competitor: Tally(1, MILLION, 2, 2 * MILLION, 1, MILLION),
        other: Tally(1, MILLION, 0, 0, 0, 0),
    }
    assert {met.tally for met in queries.competitors(acme.rep2)} == {Tally()}
    told = queries.against(acme.manager, competitor)
    assert told.tally == found[competitor]
    assert [line.tally for line in told.by_product] == [told.tally]
    assert [each.has_worked for each in told.answers] == [True, False, False]
    assert [row.pk for row in told.open] == [rows[2].pk]
    assert queries.against(acme.rep2, competitor).answers == []


def test_a_partner_knows_only_the_competitors_they_met(acme: Cast) -> None:
    competitor = make_competitor(acme)
    assert list(queries.competitors_for(acme.rep2)) == [competitor]
    assert list(queries.competitors_for(acme.partner)) == []
    theirs = make_opportunity(acme.partner, "Theirs")
    actions.add_rival(theirs, competitor=competitor, by=acme.partner, at=AT)
    assert list(queries.competitors_for(acme.partner)) == [competitor]
    other = make_competitor(acme, "Winner")
    actions.lose(theirs, seen=1, reason=Reason.RIVAL, lost_to=other, by=acme.partner, at=AT)
    assert list(queries.competitors_for(acme.partner)) == [competitor, other]


# The sheet ------------------------------------------------------------------------------------------


def test_the_sheet_is_written_part_by_part_and_refuses_the_stale(acme: Cast, found: Opportunity) -> None:
    assert queries.sheet(found, today=TODAY).version == 0
    person = make_person(acme, found)
    row = actions.change_strategy(found, seen=0, strengths="Known here", by=acme.rep, at=AT)
    row = actions.change_strategy(
        found, seen=1, ladder="problem_solver", ucv="One view", win_next=person.pk, by=acme.rep, at=AT
    )
    assert (row.strengths, row.ladder, row.win_next, row.version) == ("Known here", "problem_solver", person, 2)
    with pytest.raises(Stale) as stale:
        actions.change_strategy(found, seen=0, ucv="Mine", by=acme.manager, at=AT)
    assert (stale.value.theirs, stale.value.version) == ({"ucv": "One view"}, 2)
    for wrong, code in (({"ladder": "friend"}, "ladder_unknown"), ({"ucv": "x" * 2001}, "note_too_long")):
        with pytest.raises(Refused, match=code):
            actions.change_strategy(found, seen=2, by=acme.rep, at=AT, **wrong)  # type: ignore[arg-type]  # wrong
    stranger = make_person(acme, make_opportunity(acme.rep, "Other"))
    with pytest.raises(Refused, match="reports_elsewhere"):
        actions.change_strategy(found, seen=2, win_next=stranger.pk, by=acme.rep, at=AT)
    actions.remove_role(found, person.pk, seen=1, by=acme.rep, at=AT)
    assert Strategy.objects.get().win_next is None


def test_how_they_decide_is_a_fact_of_the_opportunity(acme: Cast, found: Opportunity) -> None:
    changed = actions.note_procedure(found, seen=1, procedure="committee", by=acme.rep, at=AT)
    assert (changed.buying_procedure, changed.version) == ("committee", 2)
    with pytest.raises(Stale):
        actions.note_procedure(found, seen=1, procedure="", by=acme.rep, at=AT)
    assert actions.note_procedure(found, seen=1, procedure="committee", by=acme.rep, at=AT).version == 2
    with pytest.raises(Refused, match="procedure_unknown"):
        actions.note_procedure(found, seen=2, procedure="dice", by=acme.rep, at=AT)


def test_a_verdict_is_told_to_whoever_leads_once(acme: Cast, found: Opportunity) -> None:
    actions.change_criteria(Criteria(budget_from=1), seen=0, by=acme.manager, at=AT)
    said: dict[str, Any] = {"verdict": "no_go", "why": "Written for a rival", "need": "yes", "compete": "no"}
    row = actions.decide(found, seen=0, by=acme.rep, at=AT, **said)
    assert (row.verdict, row.verdict_by, row.verdict_at, row.compete) == ("no_go", acme.rep, AT, "no")
    actions.decide(found, seen=0, by=acme.rep, at=AT, **said)  # a double click
    notice = Notification.objects.get(code="verdict")
    assert notice.to == acme.manager
    told = AuditEvent.objects.get(verb="strategy.decided")
    assert told.data["criteria"]["compete"] == "no"
    assert told.data["criteria"]["buyer"] == "unknown"
    with pytest.raises(Stale):
        actions.decide(found, seen=0, by=acme.manager, at=AT, **{**said, "why": "Other"})
    with pytest.raises(Refused, match="reason_needed"):  # a must says no
        actions.decide(found, seen=1, by=acme.rep, at=AT, **{**said, "verdict": "go", "why": ""})
    with pytest.raises(Refused, match="answer_unknown"):
        actions.decide(found, seen=1, by=acme.rep, at=AT, **{**said, "need": "alone"})
    assert str(queries.summary(found).verdict) == "No-go"


# What we do not know --------------------------------------------------------------------------------


def test_a_gap_is_noted_once_and_closed_with_what_was_found_out(acme: Cast, found: Opportunity) -> None:
    key = uuid4()
    gap = actions.add_gap(found, text=" When does the  board meet? ", request_key=key, by=acme.rep, at=AT)
    assert actions.add_gap(found, text="Other", request_key=key, by=acme.rep, at=AT) == gap
    assert gap.text == "When does the board meet?"
    with pytest.raises(Refused, match="gap_empty"):
        actions.add_gap(found, text=" ", by=acme.rep, at=AT)
    said: dict[str, Any] = {"text": gap.text, "answer": "In March", "is_known": True, "by": acme.rep}
    closed = actions.change_gap(found, gap.pk, seen=1, at=AT + DAY, **said)
    assert (closed.closed_at, closed.answer, closed.version) == (AT + DAY, "In March", 2)
    with pytest.raises(Stale):
        actions.change_gap(found, gap.pk, seen=1, at=AT, **{**said, "answer": "In May"})
    again = actions.change_gap(found, gap.pk, seen=2, at=AT, **{**said, "is_known": False})
    assert again.closed_at is None
    assert [verb for verb in verbs() if verb.startswith("gap.")] == ["gap.added", "gap.closed", "gap.reopened"]
    assert queries.summary(found).open_gaps == InformationGap.objects.count() == 1


def test_who_loses_takes_the_opportunity_before_the_competitor(acme: Cast, found: Opportunity) -> None:
    """What is refused has taken nothing else; two who go through both in one order never wait for each other."""
    with CaptureQueriesContext(connection) as caught:
        actions.lose(found, seen=1, reason=Reason.RIVAL, rival="New Co", new_competitor=True, by=acme.rep, at=AT)
    said = [each["sql"] for each in caught]
    kept: dict[str, str] = connection.prepared  # type: ignore[attr-defined]  # our own backend
    (lock,) = (f"EXECUTE {name} " for statement, name in kept.items() if "FOR UPDATE OF o" in statement)
    opportunity = next(n for n, sql in enumerate(said) if sql.startswith(lock))
    assert opportunity < next(n for n, sql in enumerate(said) if "pg_advisory_xact_lock" in sql)
    with pytest.raises(Refused, match="closed"), CaptureQueriesContext(connection) as caught:
        actions.lose(found, seen=2, reason=Reason.RIVAL, rival="Other Co", new_competitor=True, by=acme.rep, at=AT)
    assert not [each for each in caught if "pg_advisory_xact_lock" in each["sql"]]


def test_gaps_and_commitments_are_seen_with_their_opportunity(acme: Cast, found: Opportunity) -> None:
    gap = actions.add_gap(found, text="Who signs?", by=acme.rep, at=AT)
    for who, sees in (("rep", True), ("manager", True), ("executive", True), ("rep2", False), ("partner", False)):
        assert InformationGap.objects.visible_to(getattr(acme, who)).filter(pk=gap.pk).exists() is sees
