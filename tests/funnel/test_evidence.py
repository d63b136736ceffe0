"""What is filed: values, people, papers, many at once, two at once, and what the customer told."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from accounts.models import Contact
from funnel import actions
from funnel.evidence import NoneFiled, State
from funnel.history import ImportedEvidence
from funnel.models import Evidence, Opportunity
from funnel.papers import Paper
from funnel.stages import MissingEvidence, Stage
from jobs.models import StoredFile
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, MILLION, make_opportunity
from tests.funnel.filing import file, judge, make_contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_a_person_of_another_customer_proves_nothing(acme: Cast) -> None:
    opportunity, other = make_opportunity(acme.rep), make_opportunity(acme.rep, "Other")
    with pytest.raises(Refused, match="contact_elsewhere"):
        actions.file_evidence(opportunity, "key_people", contact=make_contact(other), seen=0, by=acme.rep, at=AT)


# Values and files ---------------------------------------------------------------------------------


def test_a_value_by_its_kind_and_a_person_not_known_yet(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    with pytest.raises(Refused, match="sum_needed"):
        actions.file_evidence(opportunity, "budget", note="about three million", seen=0, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="amount_negative"):
        actions.file_evidence(opportunity, "budget", amount=-1, seen=0, by=acme.rep, at=AT)
    made = actions.file_evidence(opportunity, "key_people", new_contact="Li Hua", seen=0, by=acme.rep, at=AT)
    assert made.contact is not None
    assert (made.contact.name, made.contact.account) == ("Li Hua", opportunity.account)


def test_a_file_is_kept_replaced_and_goes_with_its_evidence(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    first, second = (Paper(f"{n}.pdf", b"%PDF-" + n.encode(), "application/pdf") for n in ("one", "two"))
    actions.file_evidence(opportunity, "opportunity_plan", paper=first, seen=0, by=acme.rep, at=AT)
    kept = actions.file_evidence(opportunity, "opportunity_plan", note="see the file", seen=1, by=acme.rep, at=AT)
    assert kept.file is not None
    assert kept.file.name == "one.pdf"
    actions.file_evidence(opportunity, "opportunity_plan", paper=second, seen=2, by=acme.rep, at=AT)
    assert [stored.name for stored in StoredFile.objects.all()] == ["two.pdf"]
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=3, by=acme.rep, at=AT)
    assert not StoredFile.objects.exists()


# Two at once --------------------------------------------------------------------------------------


def test_who_files_over_another_is_told_and_the_verdict_stands(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    actions.file_evidence(opportunity, "opportunity_plan", note="Monday's", seen=0, by=acme.rep, at=AT)
    judge(opportunity, acme.manager)
    for seen in (0, 1):
        with pytest.raises(Stale) as stale:
            actions.file_evidence(opportunity, "opportunity_plan", note="mine", seen=seen, by=acme.executive, at=AT)
        assert (stale.value.theirs["note"], stale.value.theirs["state"]) == ("Monday's", State.VERIFIED)
        assert (stale.value.version, stale.value.changed_by) == (2, acme.manager.name)
        with pytest.raises(Stale):
            actions.withdraw_evidence(opportunity, "opportunity_plan", seen=seen, by=acme.executive, at=AT)
    kept = Evidence.objects.get()
    assert (kept.note, kept.state) == ("Monday's", State.VERIFIED)
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=2, by=acme.rep, at=AT)
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=2, by=acme.rep, at=AT)
    assert AuditEvent.objects.filter(verb="evidence.withdrawn").count() == 1
    again = actions.file_evidence(opportunity, "opportunity_plan", note="mine", seen=2, by=acme.executive, at=AT)
    assert again.version == 1, "what is gone stands in nobody's way"


def test_a_second_click_with_a_new_person_or_a_paper_files_once(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    paper = Paper("one.pdf", b"%PDF-one", "application/pdf")
    for _click in range(2):
        actions.file_evidence(opportunity, "key_people", new_contact="Li Hua", seen=0, by=acme.rep, at=AT)
        actions.file_evidence(opportunity, "opportunity_plan", paper=paper, seen=0, by=acme.rep, at=AT)
    assert Contact.objects.filter(name="Li Hua").count() == StoredFile.objects.count() == 1
    assert set(Evidence.objects.values_list("version", flat=True)) == {1}
    other = Paper("one.pdf", b"%PDF-two", "application/pdf")
    with pytest.raises(Stale):
        actions.file_evidence(opportunity, "opportunity_plan", paper=other, seen=0, by=acme.manager, at=AT)
    assert StoredFile.objects.count() == 1


def test_many_pieces_are_filed_all_or_none(acme: Cast) -> None:
    one, other = make_opportunity(acme.rep, "One"), make_opportunity(acme.rep, "Other")
    file(other, "opportunity_plan")
    plan: dict[str, Any] = {"note": "their CTO said so", "seen": 0}
    with pytest.raises(NoneFiled) as none:
        actions.file_many(
            [
                (one, "opportunity_plan", plan),
                (one, "key_needs", {**plan, "note": ""}),
                (other, "opportunity_plan", plan),
            ],
            by=acme.rep,
            at=AT,
        )
    assert {place: type(error) for place, error in none.value.errors.items()} == {1: Refused, 2: Stale}
    assert not Evidence.objects.filter(opportunity=one).exists()
    actions.file_many([(one, key, plan) for key in ("opportunity_plan", "key_needs")], by=acme.rep, at=AT)
    assert Evidence.objects.filter(opportunity=one).count() == 2


def test_opportunities_are_taken_in_the_order_of_their_keys(acme: Cast) -> None:
    """Two who file for the same ones, however their lists stand, hold nothing that the other waits for."""
    deals = [make_opportunity(acme.rep, f"Deal {n}") for n in range(3)]
    said: dict[str, Any] = {"note": "They said so", "seen": 0}
    actions.file_many([(deal, "key_needs", said) for deal in reversed(deals)], by=acme.rep, at=AT)
    filed = Evidence.objects.order_by("pk").values_list("opportunity_id", flat=True)
    assert list(filed) == [deal.pk for deal in deals]
    with pytest.raises(NoneFiled) as none:
        actions.file_many(
            [(deal, "size", said | {"amount": deal.pk - deals[0].pk - 1}) for deal in reversed(deals)],
            by=acme.rep,
            at=AT,
        )
    assert list(none.value.errors) == [2], "each is told by its place in the list"


def test_what_was_filed_on_the_way_stays_while_something_lacks_and_goes_with_a_move_that_fails(acme: Cast) -> None:
    deal, plan = make_opportunity(acme.rep, stage=Stage.QUALIFY), {"note": "their CTO said so", "seen": 0}
    going: dict[str, Any] = {"left": Stage.QUALIFY, "to": Stage.DEVELOP, "by": acme.rep, "at": AT}
    with pytest.raises(Stale):
        actions.file_and_move(deal, [("key_needs", plan)], **{**going, "left": Stage.DEVELOP})
    assert not Evidence.objects.exists()
    filings = [("key_needs", plan), ("key_people", {**plan, "note": ""})]
    way = actions.file_and_move(deal, filings, **going, why="soon", until=AT.date() + DAY)
    assert isinstance(way.came, MissingEvidence), "what was not taken is not left out either"
    assert [*way.refused] == [1]
    assert Evidence.objects.get().item.key == "key_needs"
    way = actions.file_and_move(deal, [], **going, until=AT.date() + DAY)
    assert (isinstance(way.came, MissingEvidence), way.going_on and way.going_on.code) == (True, "override_why_needed")
    assert actions.file_and_move(deal, [], **going, why="soon", until=AT.date() + DAY).came == deal
    assert Opportunity.objects.get(pk=deal.pk).stage == Stage.DEVELOP


def test_no_view_opens_a_transaction() -> None:
    """It is a request's, and an action's: what belongs together is one action."""
    views = [
        path
        for config in apps.get_app_configs()
        if Path(config.path).parent == settings.BASE_DIR
        for path in Path(config.path).rglob("*.py")
        if {"views", "views.py", "forms", "forms.py"} & {*path.parts}
    ]
    assert len(views) > 50
    assert [str(path) for path in views if "transaction.atomic" in path.read_text(encoding="utf-8")] == []


def test_the_same_demand_clicked_twice_stands_once(acme: Cast) -> None:
    one = actions.add_item(Stage.QUALIFY, label="Site seen", by=acme.admin, at=AT)
    assert actions.add_item(Stage.QUALIFY, label=" Site  seen ", by=acme.admin, at=AT) == one
    assert AuditEvent.objects.filter(verb="evidence_item.added").count() == 1
    actions.switch_item(one.key, is_active=False, by=acme.admin, at=AT)
    assert actions.add_item(Stage.QUALIFY, label="Site seen", by=acme.admin, at=AT) != one


# What the customer told -----------------------------------------------------------------------------


def told(opportunity: Opportunity) -> tuple[Any, Any, Any]:
    found = Opportunity.objects.get(pk=opportunity.pk)
    return found.size, found.budget, found.schedule_on


def test_every_act_that_can_change_what_was_told_keeps_it(acme: Cast) -> None:
    opportunity, day = make_opportunity(acme.rep), date(2026, 5, 6)
    assert told(opportunity) == (None, None, None)
    file(opportunity, "size")
    file(opportunity, "budget")
    who: dict[str, Any] = {"by": acme.rep, "at": AT}
    clear = actions.file_evidence(opportunity, "budget_clear", amount=5, seen=0, **who)
    actions.file_evidence(opportunity, "schedule", on=day, seen=0, **who)
    assert told(opportunity) == (MILLION, 5, day), "the budget of the later stage counts"
    said: dict[str, Any] = {"by": acme.manager, "at": AT}
    sent: dict[str, Any] = {"verdict": State.SENT_BACK, "word": "Who said so?", "seen": clear.version}
    back = actions.judge_evidence(opportunity, "budget_clear", **sent, **said)
    assert told(opportunity) == (MILLION, MILLION, day), "what was sent back does not"
    actions.unjudge_evidence(opportunity, "budget_clear", seen=back.version, **said)
    assert told(opportunity) == (MILLION, 5, day)
    actions.withdraw_evidence(opportunity, "budget_clear", seen=3, **who)
    actions.withdraw_evidence(opportunity, "size", seen=1, **who)
    assert told(opportunity) == (None, MILLION, day)
    actions.file_evidence(opportunity, "schedule", on=day + DAY, seen=1, **who)
    assert told(opportunity)[2] == day + DAY
    other = make_opportunity(acme.rep, "Imported")
    brought = [ImportedEvidence(other.pk, "size", "from them", acme.rep.pk, amount=7)]
    actions.import_evidence(brought, at=AT)
    assert told(other) == (7, None, None)
    actions.import_evidence([ImportedEvidence(other.pk, "budget", "a note alone", acme.rep.pk)], at=AT)
    assert told(other) == (7, None, None)
