"""The rules of health: each at its border, their limits, and the same in SQL for any facts."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from math import exp
from math import log as ln
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Contact
from activities.kinds import VisitState
from activities.models import Visit
from forecasting.health import ENOUGH, STANDARD, SWITCHES, Basis, Facts, Thresholds, broken, cut_percent, health, limits
from forecasting.judging import judgement, seen_facts
from forecasting.ladder import chain, check_steps, due_step
from funnel import actions as funnel_actions
from funnel.evidence import State
from funnel.flags import Flag
from funnel.history import Event, effective, pushes
from funnel.models import Change, DecisionRole, Evidence, EvidenceItem, Opportunity
from funnel.stages import ChangeKind, Health, Stage
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.factories import NOW, TODAY, make_opportunity

GOOD = Facts(
    stage=Stage.DEVELOP,
    amount=100,
    expected_close_on=TODAY,
    opened_on=TODAY - timedelta(days=30),
    stage_entered_on=TODAY,
    last_contact_on=TODAY - timedelta(days=14),
    next_step_on=TODAY,
    contacts=2,
    buyer_known=True,
    buyer_met_on=TODAY - timedelta(days=30),
    highest=100,
)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def changed(**facts: Any) -> Facts:
    return replace(GOOD, **facts)


def judged(facts: Facts, basis: Basis | None = None, /, **edited: int) -> list[str]:
    held = limits(basis or Basis(), {(facts.stage, code): value for code, value in edited.items()})
    return broken(facts, TODAY, held[facts.stage - 1])


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (GOOD, []),
        (changed(expected_close_on=ago(1)), ["overdue"]),
        (changed(expected_close_on=None), []),
        (changed(last_contact_on=ago(15)), ["silent"]),
        (changed(last_contact_on=None), ["silent"]),
        (changed(stage=Stage.PROOF, last_contact_on=ago(7)), []),
        (changed(stage=Stage.PROOF, last_contact_on=ago(8)), ["silent"]),
        (changed(stage=Stage.CLOSE, last_contact_on=ago(8)), ["silent"]),
        (changed(next_step_on=None), ["no_next_step"]),
        (changed(amount=None, highest=None), ["no_amount"]),
        (changed(amount=0, highest=0), ["no_amount"]),
        (changed(stage=Stage.DISCOVER, amount=None, highest=None), []),
        (changed(push_count=1, push_days=60), []),
        (changed(push_count=2), ["pushed"]),
        (changed(push_count=0, push_days=61), ["pushed"]),
        (changed(stage_entered_on=ago(30)), []),
        (changed(stage_entered_on=ago(31)), ["stalled"]),
        (changed(stage=Stage.DISCOVER, stage_entered_on=ago(15)), ["stalled"]),
        (changed(stage=Stage.CLOSE, last_contact_on=TODAY, stage_entered_on=ago(22)), ["stalled"]),
        (changed(went_back_on=ago(30)), ["regressed"]),
        (changed(went_back_on=ago(31)), []),
        (changed(lacking=1), ["unproven"]),
        (changed(stage=Stage.DISCOVER, lacking=1), []),
        (changed(buyer_known=False, buyer_met_on=None), ["no_power"]),
        (changed(buyer_met_on=None), ["no_power"]),
        (changed(buyer_met_on=ago(31)), ["no_power"]),
        (changed(stage=Stage.QUALIFY, buyer_known=False, buyer_met_on=None), []),
        (changed(highest=125), ["shrinking"]),
        (changed(highest=124), []),
        (changed(opened_on=ago(180)), []),
        (changed(opened_on=ago(181)), ["ageing"]),
        (changed(opened_on=ago(270)), ["ageing"]),
        (changed(opened_on=ago(271)), ["zombie"]),
    ],
)
def test_each_rule_at_its_border(facts: Facts, expected: list[str]) -> None:
    assert judged(facts) == expected


def test_one_contact_is_too_few_above_the_median_amount_from_solution_fit_on() -> None:
    alone, median = changed(stage=Stage.SOLUTION_FIT, contacts=1), Basis(median_amount=99)
    assert judged(alone, median) == judged(replace(alone, contacts=0), median) == ["single_thread"]
    assert judged(alone) == judged(alone, Basis(median_amount=100)) == []
    assert judged(replace(alone, contacts=2), median) == []
    assert judged(replace(alone, stage=Stage.DEVELOP), median) == []


def test_zero_switches_any_rule_off_in_a_stage() -> None:
    worst = changed(
        stage=Stage.PROOF,
        amount=0,
        expected_close_on=ago(9),
        opened_on=ago(900),
        stage_entered_on=ago(300),
        last_contact_on=None,
        next_step_on=None,
        push_count=9,
        push_days=900,
        went_back_on=TODAY,
        lacking=9,
        contacts=0,
        buyer_known=False,
        buyer_met_on=None,
    )
    off = dict.fromkeys(STANDARD, 0)
    assert judged(worst, **off) == []
    large = replace(worst, amount=50, highest=100)
    assert judged(large, Basis(median_amount=1), **off) == []
    one = {code: judged(large, Basis(median_amount=1), **{**off, code: 1}) for code in Flag}
    no_amount = judged(worst, **{**off, Flag.NO_AMOUNT: 1})
    assert {**one, Flag.NO_AMOUNT: no_amount} == {code: [code] for code in Flag}
    assert judged(large, **{**off, "pushed_days": 1}) == ["pushed"]


def test_the_word_for_it() -> None:
    assert health([]) == Health.OK
    assert health(["silent"]) == health(["silent", "pushed"]) == Health.WATCH
    assert health(["silent", "pushed", "stalled"]) == Health.RISK
    assert health(["overdue"]) == health(["zombie"]) == Health.RISK


def test_a_cut_is_counted_from_the_highest_amount() -> None:
    assert cut_percent(changed(amount=None, highest=50)) == 100
    assert cut_percent(changed(amount=100, highest=None)) == cut_percent(changed(highest=100)) == 0


# Thresholds -----------------------------------------------------------------------------------------------


def test_limits_come_from_the_own_past_once_there_is_enough_of_it() -> None:
    few = limits(Basis(exits=(19,) * 6, dwell=(5.0,) * 6), {})
    assert [held[Flag.STALLED] for held in few] == [14, 30, 30, 30, 30, 21]
    enough = limits(Basis(exits=(ENOUGH, 0, 0, 0, 0, ENOUGH), dwell=(5.9, None, 7.0, None, None, 0.2)), {})
    assert [held[Flag.STALLED] for held in enough] == [5, 30, 30, 30, 30, 1]
    assert Flag.STALLED in enough[0].own
    assert Flag.STALLED not in enough[1].own


@pytest.mark.parametrize(
    ("basis", "ageing", "zombie"),
    [
        (Basis(), 180, 270),
        (Basis(wins=1, cycle_median=10.0, cycle_p90=11.0, cycle_p95=12.0), 20, 30),
        (Basis(wins=19, cycle_median=40.0, cycle_p90=50.0, cycle_p95=60.0), 80, 120),
        (Basis(wins=20, cycle_median=40.0, cycle_p90=50.5, cycle_p95=61.0), 50, 91),
    ],
)
def test_the_age_limits(basis: Basis, ageing: int, zombie: int) -> None:
    for held in limits(basis, {}):
        assert (held[Flag.AGEING], held[Flag.ZOMBIE]) == (ageing, zombie)


def test_what_was_edited_goes_before_what_was_measured_and_before_the_standard() -> None:
    past = Basis(exits=(50,) * 6, dwell=(5.0,) * 6)
    held = limits(past, {(1, Flag.STALLED): 9, (2, Flag.SILENT): 3})
    assert (held[0][Flag.STALLED], held[1][Flag.STALLED], held[1][Flag.SILENT]) == (9, 5, 3)
    assert Flag.STALLED not in held[0].own
    assert set(Flag) | {"pushed_days"} == set(STANDARD)
    assert set(Flag) > SWITCHES


# The ladder -------------------------------------------------------------------------------------------


def test_an_alert_climbs_a_step_on_each_of_the_days() -> None:
    assert [due_step(days, (3, 5, 7)) for days in (0, 2, 3, 4, 5, 6, 7, 99)] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_chain_goes_up_the_team_tree_and_ends_with_the_executives() -> None:
    leaders = {"1/2/": [20], "1/2/3/": [30, 31], "1/": [1]}
    assert chain(7, "1/2/3/", leaders, [1]) == [[30, 31], [20], [1]]
    assert chain(30, "1/2/3/", leaders, [1]) == [[31], [20], [1]]
    assert chain(20, "1/2/", leaders, [1]) == [[1]]
    assert chain(7, "", leaders, [1]) == [[1]]
    assert chain(1, "1/", leaders, [1]) == []


def test_a_ladder_must_go_up() -> None:
    assert check_steps([3, 5, 7])
    assert check_steps([1])
    for wrong in ([], [3, 3], [5, 3], [0, 1], [1, 2, 3, 4], [366]):
        assert not check_steps(wrong)


# The same in SQL --------------------------------------------------------------------------------------

days = st.integers(0, 400)
amounts = st.one_of(st.none(), st.integers(0, 400))


@st.composite
def opportunities(draw: Any) -> dict[str, Any]:
    """Draw an opportunity with its past: days ago, amounts, and what is undone of it."""
    opened = draw(days)
    since = st.integers(0, opened)
    moments = st.lists(st.tuples(since, amounts), max_size=3)
    return {
        "stage": draw(st.integers(1, 6)),
        "amount": draw(amounts),
        "close": draw(st.one_of(st.none(), st.integers(-40, 40))),
        "opened": opened,
        "entered": draw(since),
        "contact": draw(st.one_of(st.none(), since)),
        "step": draw(st.one_of(st.none(), st.integers(-9, 9))),
        "first": draw(amounts),
        "amounts": draw(moments),
        "rates": draw(st.lists(st.tuples(since, st.integers(0, 400), st.integers(0, 400)), max_size=3)),
        "closes": draw(st.lists(st.tuples(since, st.integers(-90, 90), st.integers(-90, 90)), max_size=3)),
        "moves": draw(st.lists(st.tuples(since, st.integers(1, 6), st.integers(1, 6)), max_size=3)),
        "undone": draw(st.sets(st.integers(0, 8), max_size=2)),
        "proofs": draw(st.integers(0, 16)),
        "back": draw(st.sets(st.integers(0, 16), max_size=3)),
        "people": draw(st.lists(st.tuples(st.sampled_from(["eb", "user"]), st.one_of(st.none(), days)), max_size=3)),
        "visits": draw(st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(VisitState)), max_size=3)),
    }


bases = st.builds(
    Basis,
    exits=st.tuples(*[st.integers(0, 40)] * 6),
    dwell=st.tuples(*[st.one_of(st.none(), st.floats(0, 90))] * 6),
    wins=st.integers(0, 40),
    cycle_median=st.one_of(st.none(), st.floats(1, 120)),
    cycle_p90=st.one_of(st.none(), st.floats(1, 200)),
    cycle_p95=st.one_of(st.none(), st.floats(1, 250)),
    median_amount=st.one_of(st.none(), st.integers(1, 300)),
)
edits = st.dictionaries(
    st.tuples(st.integers(1, 6), st.sampled_from(sorted(STANDARD))), st.integers(0, 100), max_size=12
)


def _write(opportunity: Opportunity, drawn: dict[str, Any], items: list[EvidenceItem], cast: Cast) -> Facts:
    """Make an opportunity what was drawn; return what a human would say of it."""
    at = [NOW - timedelta(days=n) for n in range(401)]
    day = [when.astimezone(cast.org.zone).date() for when in at]
    Opportunity.objects.filter(pk=opportunity.pk).update(
        stage=drawn["stage"],
        amount=drawn["amount"],
        expected_close_on=None if drawn["close"] is None else TODAY + timedelta(days=drawn["close"]),
        opened_at=at[drawn["opened"]],
        stage_entered_at=at[drawn["entered"]],
        last_contact_at=None if drawn["contact"] is None else at[drawn["contact"]],
        next_step_on=None if drawn["step"] is None else TODAY + timedelta(days=drawn["step"]),
    )
    opportunity.refresh_from_db()

    def log(kind: ChangeKind, old: Any, new: Any, when: datetime, undoes: Change | None = None) -> Change:
        made: Change = Change.objects.create(
            opportunity=opportunity,
            kind=kind,
            old=old,
            new=new,
            percent=0,
            occurred_at=when,
            recorded_at=when,
            undoes=undoes,
        )
        return made

    rows = [log(ChangeKind.AMOUNT, old, drawn["first"], at[ago_]) for ago_, old in drawn["amounts"]]
    for ago_, old, new in drawn["closes"]:
        then, now = ((TODAY + timedelta(days=each)).isoformat() for each in (old, new))
        rows.append(log(ChangeKind.EXPECTED_CLOSE, then, now, at[ago_]))
    rows += [log(ChangeKind.STAGE, old, new, at[ago_]) for ago_, old, new in drawn["moves"] if old != new]
    rows += [log(ChangeKind.RATE, old, new, at[ago_]) for ago_, old, new in drawn["rates"]]
    gone = [row for n, row in enumerate(rows) if n in drawn["undone"]]
    for row in gone:
        log(ChangeKind(row.kind), row.new, row.old, NOW, undoes=row)
    stand = []
    for n, item in enumerate(items[: drawn["proofs"]]):
        back = {"state": State.SENT_BACK, "judged_by": cast.manager, "judged_at": NOW, "word": "who says so?"}
        verdict = back if n in drawn["back"] else {}
        Evidence.objects.create(opportunity=opportunity, item=item, note="seen", by=cast.rep, at=NOW, **verdict)
        stand += [] if verdict else [item]
    for n, (role, met) in enumerate(drawn["people"]):
        person = Contact.objects.create(account=opportunity.account, name=f"Person {n}", created_at=NOW)
        DecisionRole.objects.create(
            opportunity=opportunity,
            contact=person,
            role=role,
            last_met_on=None if met is None else day[met],
            updated_at=NOW,
        )
    for ahead, state in drawn["visits"]:
        when = NOW + timedelta(days=ahead)
        Visit.objects.create(
            account=opportunity.account,
            opportunity=opportunity,
            by=cast.rep,
            state=state,
            happened_at=when,
            recorded_at=NOW,
        )
    coming = [ahead for ahead, state in drawn["visits"] if state == VisitState.PLANNED and ahead >= 0]
    events = [row.as_event() for row in Change.objects.filter(opportunity=opportunity)]
    count, total = pushes(events)
    Opportunity.objects.filter(pk=opportunity.pk).update(push_count=count)
    moves = [event for event in effective(events) if event.kind == ChangeKind.STAGE]
    backs = [move.occurred_at for move in moves if move.new < move.old and move.old > drawn["stage"]]
    met = [day[each] for role, each in drawn["people"] if role == "eb" and each is not None]
    return Facts(
        stage=drawn["stage"],
        amount=drawn["amount"],
        expected_close_on=opportunity.expected_close_on,
        opened_on=day[drawn["opened"]],
        stage_entered_on=day[drawn["entered"]],
        last_contact_on=None if drawn["contact"] is None else day[drawn["contact"]],
        next_step_on=opportunity.next_step_on,
        push_count=count,
        push_days=total,
        went_back_on=max(backs).astimezone(cast.org.zone).date() if backs else None,
        lacking=sum(item.stage < drawn["stage"] for item in items if item not in stand),
        contacts=len(drawn["people"]),
        buyer_known=any(role == "eb" for role, _met in drawn["people"]),
        buyer_met_on=max(met) if met else None,
        highest=_highest(effective(events)),
        visit_on=TODAY + timedelta(days=min(coming)) if coming else None,
    )


def _highest(kept: list[Event]) -> int | None:
    """Return the largest amount it ever had, each at the rates of today."""
    rates, ever = 0.0, list[int]()
    for event in reversed(kept):
        if event.kind == ChangeKind.RATE and event.old and event.new:
            rates += ln(event.new / event.old)
        told = [event.old, event.new] if event.kind == ChangeKind.AMOUNT else []
        told += [event.new["amount"]] if event.kind == ChangeKind.CREATED else []
        ever += [round(amount * exp(rates)) for amount in told if amount is not None]
    return max(ever) if ever else None


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(opportunities(), min_size=1, max_size=6), basis=bases, edited=edits)
def test_sql_says_of_any_facts_what_the_rules_say(
    acme: Cast, drawn: list[dict[str, Any]], basis: Basis, edited: dict[tuple[int, str], int]
) -> None:
    held: list[Thresholds] = limits(basis, edited)
    with working_for(acme.org):
        funnel_actions.add_item(Stage.DISCOVER, label="Own", by=acme.executive, at=NOW)
        items = list(EvidenceItem.objects.order_by("stage", "pk"))
        wanted, facts = {}, {}
        for each in drawn:
            opportunity = make_opportunity(acme.rep, 7, None)
            facts[opportunity.pk] = _write(opportunity, each, items, acme)
            stage = facts[opportunity.pk].stage
            wanted[opportunity.pk] = broken(facts[opportunity.pk], TODAY, held[stage - 1])
        with connection.cursor() as cursor:
            cursor.execute(*judgement(acme.org.pk, list(wanted), at=NOW, given=held))
            verdicts = {row[0]: (row[5], row[6]) for row in cursor.fetchall()}
            cursor.execute(*seen_facts(acme.org.pk, list(wanted), at=NOW))
            seen = {pk: Facts(*row) for pk, *row in cursor.fetchall()}
    assert verdicts == {pk: (str(health(flags)), flags) for pk, flags in wanted.items()}
    for pk, one in facts.items():
        assert seen[pk] == replace(one, last_contact_on=one.last_contact_on or one.opened_on)
