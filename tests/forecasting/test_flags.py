"""Every flag comes and goes by what people do: the actions judge anew, and the row that they return shows it."""

from datetime import timedelta
from typing import Any

import pytest

from activities import actions as activities
from activities.kinds import Kind, Result
from forecasting import actions
from forecasting.actions import judging
from forecasting.health import is_planned, limits
from forecasting.models import Alert, HealthSetting
from forecasting.queries import facts_of
from funnel import actions as funnel
from funnel.evidence import STANDARD
from funnel.models import EvidenceItem, Opportunity
from funnel.stages import Stage
from funnel.strategy import Influence, Role
from tenants.models import ExchangeRate
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import bring_in, make_csv
from tests.forecasting.factories import NOW, TODAY, change, lose, make_opportunity, move

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def flags(opportunity: Opportunity) -> set[str]:
    return set(Opportunity.objects.get(pk=opportunity.pk).flags)


def add_person(opportunity: Opportunity, name: str, role: Role, cast: Cast, **more: Any) -> Any:
    return funnel.add_role(
        opportunity,
        new_contact={"name": name, "position": ""},
        roles=[role],
        influence=Influence.MEDIUM,
        attitude=None,
        by=cast.rep,
        at=NOW,
        **more,
    )


def test_facts_raise_and_clear_their_flags(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100_000, TODAY + DAY, at=NOW, stage=Stage.QUALIFY)
        assert {"no_next_step", "unproven"} == set(one.flags)
        assert "no_amount" in change(one, NOW, amount=None).flags
        assert "shrinking" in change(one, NOW, amount=80_000).flags
        assert {"shrinking", "no_amount"} & set(change(one, NOW, amount=80_001).flags) == set()
        for days in (40, 80):
            pushed = change(one, NOW, expected_close_on=TODAY + days * DAY)
        assert "pushed" in pushed.flags
        item = EvidenceItem.objects.first() or "opportunity_plan"
        funnel.file_evidence(one, item, note="the plan", seen=0, by=acme.rep, at=NOW)
        assert "unproven" not in flags(one)
        funnel.withdraw_evidence(one, item, seen=1, by=acme.rep, at=NOW)
        assert "unproven" in flags(one)


def test_a_currency_that_falls_cuts_nothing_and_one_that_rises_hides_no_cut(acme: Cast) -> None:
    with working_for(acme.org):
        ExchangeRate.objects.create(currency="USD", on=TODAY - DAY, rate="32")
        account = make_opportunity(acme.rep, 1, TODAY).account
        asked: dict[str, Any] = {"owner": acme.rep, "by": acme.rep, "at": NOW, "amount": 100_000}
        kept, cut = (
            funnel.open_opportunity(account, name=name, quoted_currency="USD", **asked) for name in ("Kept", "Cut")
        )
        ExchangeRate.objects.create(currency="USD", on=TODAY + DAY, rate="16")
        funnel.revalue(on=TODAY + DAY, at=NOW + DAY)
        actions.refresh_health(acme.org, at=NOW + DAY)
        assert "shrinking" not in flags(kept)
        ExchangeRate.objects.create(currency="USD", on=TODAY + 2 * DAY, rate="64")
        assert "shrinking" in change(cut, NOW + DAY, amount=80_000, quoted_currency="USD").flags
        funnel.revalue(on=TODAY + 2 * DAY, at=NOW + 2 * DAY)
        actions.refresh_health(acme.org, at=NOW + 2 * DAY)
        assert "shrinking" in flags(cut)
        assert "shrinking" not in flags(kept)
        assert facts_of([cut.pk], at=NOW)[cut.pk].highest == 6_400_000


def test_a_planned_visit_is_something_planned(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100_000, TODAY + DAY)
        asked: dict[str, Any] = {"by": acme.rep, "at": NOW}
        visit = activities.plan_visit(
            one.account, opportunity=one, planned_at=NOW + 3 * DAY, kind=Kind.VISIT, goal="see the line", **asked
        )

        def planned() -> bool:
            return is_planned(facts_of([one.pk], at=NOW)[one.pk], TODAY)

        assert planned()
        visit = activities.call_off(visit, **asked)
        assert not planned()
        visit = activities.put_back(visit, **asked)
        assert planned()
        held: dict[str, Any] = {
            "happened_at": NOW + 3 * DAY,
            "kind": Kind.VISIT,
            "result": Result.STEADY,
            "opportunity": one,
        }
        activities.hold(visit, seen=visit.version, by=acme.rep, at=NOW + 3 * DAY, **held)
        assert not planned()


def test_time_raises_and_acts_clear(acme: Cast) -> None:
    later = NOW + 400 * DAY
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100_000, TODAY + DAY, at=NOW, stage=Stage.QUALIFY)
        actions.refresh_health(acme.org, at=later)
        assert {"overdue", "silent", "stalled", "zombie"} <= flags(one)
        assert "overdue" not in change(one, later, expected_close_on=(later + DAY).date()).flags
        assert "stalled" not in move(one, Stage.DEVELOP, later).flags
        back = move(one, Stage.QUALIFY, later)
        assert "regressed" in back.flags
        assert "regressed" not in move(one, Stage.DEVELOP, later).flags
        funnel.note_contact(one, met_at=later, at=later)
        assert "silent" not in flags(one)
        action = activities.add_next_action(
            one.account, owner=acme.rep, text="Call", due_on=later.date() + DAY, opportunity=one, by=acme.rep, at=later
        )
        assert "no_next_step" not in flags(one)
        activities.complete(action, by=acme.rep, at=later)
        assert "no_next_step" in flags(one)
        lose(one, later)
        assert not Alert.objects.standing().filter(opportunity=one).exists()


def test_the_sheet_gives_power_and_a_second_thread(acme: Cast) -> None:
    with working_for(acme.org):
        make_opportunity(acme.rep, 1, TODAY + DAY, at=NOW)
        one = make_opportunity(acme.rep, 100_000, TODAY + DAY, at=NOW, stage=Stage.SOLUTION_FIT)
        actions.refresh_health(acme.org, at=NOW)
        assert {"no_power", "single_thread"} <= flags(one)
        buyer = add_person(one, "Ms Lin", Role.EB, acme)
        assert {"no_power", "single_thread"} <= flags(one)
        add_person(one, "Mr Wu", Role.USER, acme)
        assert "single_thread" not in flags(one)
        funnel.note_met({buyer.contact_id: TODAY}, at=NOW)
        assert "no_power" not in flags(one)
        funnel.remove_role(one, buyer.pk, seen=1, by=acme.rep, at=NOW)
        assert {"no_power", "single_thread"} <= flags(one)


def test_age_is_flagged_before_it_is_a_zombie(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100_000, None, at=NOW)
        held = limits(HealthSetting.current().basis, {})[0]
        actions.refresh_health(acme.org, at=NOW + (held["ageing"] + 1) * DAY)
        assert ("ageing" in flags(one), "zombie" in flags(one)) == (True, False)
        actions.refresh_health(acme.org, at=NOW + (held["zombie"] + 1) * DAY)
        assert ("ageing" in flags(one), "zombie" in flags(one)) == (False, True)


def test_what_an_import_brings_in_is_judged_at_its_end_and_told_once(acme: Cast) -> None:
    rows = make_csv(
        ["Opportunity ID", "Opportunity", "Account", "Owner", "Stage", "Created", "Close date"],
        *([f"A-{n}", "Pump", "Pump Ltd", "Rep Acme", "Qualify", "2026-11-01", "2026-11-02"] for n in range(3)),
    )
    with working_for(acme.org):
        bring_in("opportunities", rows, by=acme.manager)
        found = Opportunity.objects.all()
        assert {(each.health, "overdue" in each.flags) for each in found} == {("risk", True)}
        assert Alert.objects.standing().filter(code="overdue").count() == 3
        rows = rows.replace(b"2026-11-02", b"2099-11-02")
        bring_in("opportunities", rows, by=acme.manager)
        assert not any("overdue" in each.flags for each in Opportunity.objects.all())
        assert not Alert.objects.standing().filter(code="overdue").exists()


def test_many_are_judged_as_all_are(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MANY", 1)
    with working_for(acme.org):
        made = [make_opportunity(acme.rep, 1, TODAY - DAY) for _ in range(3)]
        Opportunity.objects.update(health="ok", flags=[])
        judging.judge([each.pk for each in made], NOW)
        assert all("overdue" in flags(each) for each in made)


def test_evidence_in_bulk_is_judged(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 1, TODAY + DAY, at=NOW, stage=Stage.QUALIFY)
        assert "unproven" in flags(one)
        codes = list(STANDARD[Stage.DISCOVER])
        funnel.import_evidence([(one.pk, code, "seen", acme.rep.pk) for code in codes], at=NOW)
        assert "unproven" not in flags(one)
