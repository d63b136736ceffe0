"""Who judges evidence, and what a verdict does."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from funnel import actions, queries
from funnel.evidence import State
from funnel.models import Evidence
from jobs.models import Notification
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity
from tests.funnel.filing import file, judge

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]


def test_a_manager_verifies_what_a_rep_filed(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    found = judge(opportunity, acme.manager)
    assert (found.state, found.judged_by, found.judged_at, found.version) == ("verified", acme.manager, AT, 2)
    event = AuditEvent.objects.get(verb="evidence.judged")
    assert event.data["state"] == ["filed", "verified"]
    assert judge(opportunity, acme.manager) == found, "the same verdict again changes nothing"
    assert AuditEvent.objects.filter(verb="evidence.judged").count() == 1


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("rep", "not_their_manager"),
        ("rep2", "not_their_manager"),
        ("partner", "not_their_manager"),
        ("admin", "not_th"),
    ],
)
def test_nobody_else_judges(acme: Cast, who: str, code: str) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.add_member(opportunity, member=acme.rep2, part="demo", by=acme.rep, at=AT)
    with pytest.raises(Refused, match=code):
        judge(opportunity, getattr(acme, who))
    assert not queries.may_judge(opportunity, getattr(acme, who))


def test_a_manager_who_only_helps_on_the_sales_team_does_not_judge(acme: Cast) -> None:
    opportunity = make_opportunity(acme.executive)
    file(opportunity, "opportunity_plan")
    actions.add_member(opportunity, member=acme.manager, part="demo", by=acme.executive, at=AT)
    with pytest.raises(Refused, match="not_their_manager"):
        judge(opportunity, acme.manager)
    assert judge(opportunity, acme.executive).state == State.VERIFIED, "nobody is above the executive"


def test_nobody_with_someone_above_judges_their_own(acme: Cast) -> None:
    opportunity = make_opportunity(acme.manager)
    file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="own_opportunity"):
        judge(opportunity, acme.manager)
    assert not queries.may_judge(opportunity, acme.manager)
    assert queries.may_judge(opportunity, acme.executive)
    assert judge(opportunity, acme.executive).state == State.VERIFIED


def test_nobody_with_someone_above_judges_what_they_filed_themselves(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    evidence = file(opportunity, "opportunity_plan", by=acme.manager)
    assert not queries.may_judge(opportunity, acme.manager, filed_by=evidence.by_id)
    assert queries.may_judge(opportunity, acme.manager, filed_by=acme.rep.pk)
    assert list(queries.to_verify(acme.manager)) == []
    with pytest.raises(Refused, match="own_opportunity"):
        judge(opportunity, acme.manager)
    assert list(queries.to_verify(acme.executive)) == [evidence]
    assert judge(opportunity, acme.executive).state == State.VERIFIED


def test_sent_back_tells_the_rep_why_and_filing_anew_clears_it(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="word_needed"):
        judge(opportunity, acme.manager, State.SENT_BACK, word=" ")
    with pytest.raises(Refused, match="word_too_long"):
        judge(opportunity, acme.manager, State.SENT_BACK, word="x" * 501)
    judge(opportunity, acme.manager, State.SENT_BACK, word="Whose plan is it?")
    told = Notification.objects.get()
    assert (told.to, told.url) == (acme.rep, f"/o/acme/funnel/{opportunity.pk}/")
    assert "Whose plan is it?" in told.text
    assert "Opportunity plan recorded" in told.text
    again = file(opportunity, "opportunity_plan")
    assert (again.state, again.word, again.judged_by, again.version) == ("filed", "", None, 3), "even the same words"
    with pytest.raises(Stale):
        judge(opportunity, acme.manager, seen=2)


def test_two_verdicts_on_the_same_evidence_end_in_a_conflict(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    judge(opportunity, acme.manager)
    with pytest.raises(Stale) as stale:
        judge(opportunity, acme.executive, State.SENT_BACK, word="no")
    assert (stale.value.theirs["state"], stale.value.changed_by) == ("verified", acme.manager.name)
    with pytest.raises(Stale):  # the same verdict is somebody else's still: whoever comes second learns whose
        judge(opportunity, acme.executive)
    assert judge(opportunity, acme.executive, State.SENT_BACK, word="no", seen=2).state == State.SENT_BACK


def test_evidence_that_is_no_longer_demanded_is_neither_filed_nor_judged(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.switch_item("opportunity_plan", is_active=False, by=acme.admin, at=AT)
    with pytest.raises(Refused, match="item_removed"):
        file(opportunity, "opportunity_plan")
    with pytest.raises(Refused, match="item_removed"):
        judge(opportunity, acme.manager)


def test_there_is_nothing_to_judge_once_it_was_withdrawn(acme: Cast) -> None:
    opportunity = make_opportunity(acme.rep)
    file(opportunity, "opportunity_plan")
    actions.withdraw_evidence(opportunity, "opportunity_plan", seen=1, by=acme.rep, at=AT)
    with pytest.raises(Evidence.DoesNotExist):
        judge(opportunity, acme.manager)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "hoped"},
        {"state": "verified"},
        {"state": "filed", "judged_by": "manager", "judged_at": AT},
        {"state": "sent_back", "judged_by": "manager", "judged_at": AT, "word": ""},
        {"amount": -1},
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(acme: Cast, wrong: dict[str, Any]) -> None:
    file(make_opportunity(acme.rep), "opportunity_plan")
    if "judged_by" in wrong:
        wrong = wrong | {"judged_by": acme.manager}
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.update(**wrong)
