"""The same asked twice at the same moment: the second waits, then sees what the first did, as if it came after."""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import actions as accounts_actions
from coaching import actions as coaching_actions
from exchange import actions as exchange_actions
from exchange.models import Import
from exchange.targets import TARGETS
from forecasting import actions as forecasting_actions
from funnel import actions
from funnel.approvals import ApprovalKind, Demand
from funnel.commitment import CommitmentKind
from funnel.evidence import State
from funnel.models import Commitment, Evidence, Lead, Opportunity, OpportunityMember, PlanPart
from funnel.plans import Doer
from funnel.stages import Stage
from tenants import actions as tenants_actions
from tenants.errors import Refused, Stale
from tenants.models import Membership, Organization, User
from tenants.scoping import reading, working_for
from tests.cast import AT, Cast, sign_in
from tests.exchange.factories import checked, make_csv, make_import
from tests.funnel.factories import DAY, make_account, make_opportunity
from tests.funnel.test_lead_actions import qualified
from tests.tenants.device import totp

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
LATER = AT + DAY
APP = "/accounts/security/app/"


def meanwhile(org: Organization, first: Callable[[], object], second: Callable[[], object]) -> Any:
    """Do `first`, and before it is committed begin `second`, which has to wait; return what came of `second`."""
    answers: list[Any] = []

    def go() -> None:
        try:
            with working_for(org):
                answers.append(second())
        except Exception as error:
            answers.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=go)
    with reading(org):
        first()
        thread.start()
        _until_somebody_waits()
    thread.join(20)
    return answers[0]


def _until_somebody_waits() -> None:
    end = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


# Two people at one record --------------------------------------------------------------------------


def test_of_two_who_hand_on_an_opportunity_the_second_learns_who_was_faster(acme: Cast) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep)
    seen = opportunity.version

    def hand(to: Any, by: Any) -> object:
        return actions.change_opportunity(opportunity, seen=seen, by=by, at=LATER, owner=to)

    told = meanwhile(acme.org, lambda: hand(acme.rep2, acme.manager), lambda: hand(acme.executive, acme.executive))
    assert isinstance(told, Stale)
    assert told.changed_by == acme.manager.name


def test_a_move_of_somebody_else_is_told_with_their_name(acme: Cast) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep)
    anyway: dict[str, Any] = {"why": "They wait", "until": (LATER + timedelta(days=3)).date()}
    steps = {"left": Stage.DISCOVER, "to": Stage.QUALIFY, "at": LATER, **anyway}
    told = meanwhile(
        acme.org,
        lambda: actions.move(opportunity, by=acme.manager, **steps),
        lambda: actions.move(opportunity, by=acme.rep, **steps),
    )
    assert isinstance(told, Stale)
    assert told.changed_by == acme.manager.name


def test_a_session_is_held_with_the_new_owner_of_an_opportunity(acme: Cast) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep)
    told = meanwhile(
        acme.org,
        lambda: actions.change_opportunity(
            opportunity, seen=opportunity.version, by=acme.executive, at=LATER, owner=acme.manager
        ),
        lambda: coaching_actions.hold_session(opportunity, by=acme.manager, at=LATER, agreed="Call the buyer"),
    )
    assert isinstance(told, Refused)
    assert told.code == "own_opportunity"


def test_who_was_taken_off_a_team_meanwhile_writes_no_more(acme: Cast) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep)
        helper = actions.add_member(opportunity, member=acme.partner, by=acme.rep, at=AT)
        part = actions.add_part(opportunity, text="Demo", doer=Doer(member=acme.partner.pk), by=acme.rep, at=AT)
    client, url = sign_in(acme.partner), f"/o/acme/funnel/{opportunity.pk}/"
    writes: list[tuple[str, dict[str, Any]]] = [
        (f"{url}evidence/opportunity_plan/", {"note": "seen", "version": 0}),
        (f"{url}move/", {"stage": 2, "version": 1, "why": "x", "until": "2026-12-31", "anyway": "on"}),
        (f"{url}strategy/gaps/", {"text": "Who decides?"}),
        (f"/o/acme/funnel/parts/{part.pk}/done/", {"done": "1"}),
        (f"{url}approvals/new/resource/", {"what": "An engineer", "why": "Because"}),
        (f"{url}parts/new/", {"text": "Visit", "who": f"m{acme.rep.pk}"}),
    ]

    def remove() -> None:
        if OpportunityMember.objects.filter(pk=helper.pk).exists():
            actions.remove_helper(helper, by=acme.rep, at=LATER)

    for address, typed in writes:
        with reading(acme.org):
            if not OpportunityMember.objects.filter(opportunity=opportunity).exists():
                helper = actions.add_member(opportunity, member=acme.partner, by=acme.rep, at=AT)
        answer = meanwhile(acme.org, remove, partial(client.post, address, typed))
        assert getattr(answer, "status_code", answer) == 404, address
    with reading(acme.org):
        kept = PlanPart.objects.get()
        assert (kept.member, kept.done_at) == (acme.rep, None)
        assert not Evidence.objects.exists()
        assert Opportunity.objects.get().stage == Stage.DISCOVER


def test_nobody_gets_a_part_who_is_taken_off_the_team_meanwhile(acme: Cast) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep)
        helper = actions.add_member(opportunity, member=acme.colleague, by=acme.rep, at=AT)
        part = actions.add_part(opportunity, text="Demo", doer=Doer(member=acme.rep.pk), by=acme.rep, at=AT)
    told = meanwhile(
        acme.org,
        lambda: actions.remove_helper(helper, by=acme.rep, at=LATER),
        lambda: actions.change_part(
            part, seen=1, text="Demo", doer=Doer(member=acme.colleague.pk), due_on=None, by=acme.rep, at=LATER
        ),
    )
    assert isinstance(told, Refused)
    with reading(acme.org):
        assert PlanPart.objects.get().member == acme.rep


def test_of_two_who_hand_on_a_customer_the_second_learns_it(acme: Cast) -> None:
    with reading(acme.org):
        account = make_account(acme.rep)
    seen = account.version

    def hand(to: Any, by: Any) -> object:
        return accounts_actions.change_account(account, seen=seen, by=by, at=LATER, owner=to)

    told = meanwhile(acme.org, lambda: hand(acme.rep2, acme.manager), lambda: hand(acme.manager, acme.executive))
    assert isinstance(told, Stale)


def test_who_converts_a_lead_second_gets_the_opportunity_of_the_first(acme: Cast) -> None:
    with reading(acme.org):
        lead = qualified(acme.rep)

    def convert() -> Lead:
        return actions.convert(lead, seen=lead.version, name="x", by=acme.rep, at=LATER)

    kept = meanwhile(acme.org, convert, convert)
    assert kept.opportunity is not None
    assert kept.opportunity.name == "x"


# Two who decide ------------------------------------------------------------------------------------

DISCOUNT = Demand(ApprovalKind.DISCOUNT, percent=Decimal(8))


def test_of_two_verdicts_on_a_request_the_second_learns_the_first(acme: Cast) -> None:
    with reading(acme.org):
        asked = actions.ask_approval(make_opportunity(acme.rep), DISCOUNT, why="so", by=acme.rep, at=AT)
    told = meanwhile(
        acme.org,
        lambda: actions.refuse(asked, seen=1, word="Too much", by=acme.manager, at=LATER),
        lambda: actions.grant(asked, seen=1, by=acme.executive, at=LATER),
    )
    assert isinstance(told, Stale)
    assert (told.theirs["state"], told.changed_by) == ("refused", acme.manager.name)


def test_what_is_granted_is_granted_on_the_price_that_stands(acme: Cast) -> None:
    with reading(acme.org):
        deal = make_opportunity(acme.rep)
        asked = actions.ask_approval(deal, DISCOUNT, why="so", by=acme.rep, at=AT)
    told = meanwhile(
        acme.org,
        lambda: actions.change_opportunity(deal, seen=deal.version, by=acme.rep, at=LATER, amount=1),
        lambda: actions.grant(asked, seen=1, by=acme.manager, at=LATER),
    )
    assert isinstance(told, Refused)
    assert told.code == "price_changed"


def test_of_two_verdicts_on_evidence_the_second_learns_the_first(acme: Cast) -> None:
    with reading(acme.org):
        deal = make_opportunity(acme.rep)
        actions.file_evidence(deal, "opportunity_plan", note="Signed", seen=0, by=acme.rep, at=AT)

    def judge(verdict: State, by: Membership) -> object:
        how: dict[str, Any] = {"word": "Who says so?", "seen": 1, "at": LATER}
        return actions.judge_evidence(deal, "opportunity_plan", verdict=verdict, by=by, **how)

    told = meanwhile(
        acme.org, lambda: judge(State.SENT_BACK, acme.manager), lambda: judge(State.VERIFIED, acme.executive)
    )
    assert isinstance(told, Stale)
    assert told.changed_by == acme.manager.name


def test_of_two_who_record_a_commitment_the_second_learns_that_one_stands(acme: Cast) -> None:
    with reading(acme.org):
        deal = make_opportunity(acme.rep)

    def record(by: Membership) -> Commitment:
        said: dict[str, Any] = {"on": AT.date(), "what": "They voted for us", "note": "Minutes"}
        return actions.record_commitment(deal, CommitmentKind.PROCEDURE, by=by, at=LATER, **said)

    made: list[Commitment] = []
    told = meanwhile(acme.org, lambda: made.append(record(acme.rep)), lambda: record(acme.manager))
    assert isinstance(told, Refused)
    assert told.code == "already_committed"
    told = meanwhile(
        acme.org,
        lambda: actions.withdraw_commitment(made[0], why="A rival objected", by=acme.rep, at=LATER),
        lambda: actions.withdraw_commitment(made[0], why="Annulled", by=acme.manager, at=LATER),
    )
    assert isinstance(told, Stale)
    assert told.theirs == {"why": "A rival objected"}


def test_of_two_who_mute_the_second_learns_until_when_the_first_did(acme: Cast) -> None:
    now = timezone.now()
    with reading(acme.org):
        deal = make_opportunity(acme.rep)
        forecasting_actions.refresh_health(acme.org, at=now)
        deal.refresh_from_db()
        assert "overdue" in deal.flags

    def mute(reason: str, by: Membership) -> object:
        until = timezone.localdate(now, acme.org.zone) + DAY
        return forecasting_actions.mute(deal, "overdue", until=until, reason=reason, seen=0, by=by, at=now)

    told = meanwhile(acme.org, lambda: mute("Fair", acme.rep), lambda: mute("Holiday", acme.manager))
    assert isinstance(told, Stale)
    assert (told.theirs["reason"], told.changed_by) == ("Fair", acme.rep.name)


# Imports ------------------------------------------------------------------------------------------


def ready(cast: Cast) -> Import:
    """An import that was checked and waits to be run."""
    with reading(cast.org):
        data = make_csv(["產品", "定價"], ["沖床", 1])
        return checked(make_import("products", data, by=cast.executive), by=cast.executive)


def test_an_import_that_was_just_begun_is_not_deleted(acme: Cast) -> None:
    imported = ready(acme)
    how: dict[str, Any] = {"seen": imported.version, "by": acme.executive, "at": timezone.now()}
    told = meanwhile(
        acme.org,
        lambda: exchange_actions.run(imported, **how),
        lambda: exchange_actions.delete(imported, **how),
    )
    assert isinstance(told, Refused)
    assert told.code == "import_running"


def test_an_import_that_was_just_deleted_is_not_begun(acme: Cast) -> None:
    imported = ready(acme)
    how: dict[str, Any] = {"seen": imported.version, "by": acme.executive, "at": timezone.now()}
    told = meanwhile(
        acme.org,
        lambda: exchange_actions.delete(imported, **how),
        lambda: exchange_actions.run(imported, **how),
    )
    assert isinstance(told, Refused)
    assert told.code == "import_gone"


def test_a_file_sent_twice_at_once_is_taken_once(acme: Cast) -> None:
    key = uuid.uuid4()

    def upload() -> Import:
        data = make_csv(["產品", "定價"], ["沖床", 1])
        return exchange_actions.start(
            TARGETS["products"], name="a.csv", content=data, by=acme.executive, at=LATER, request_key=key
        )

    second = meanwhile(acme.org, upload, upload)
    with reading(acme.org):
        assert Import.objects.get().pk == second.pk


# People -------------------------------------------------------------------------------------------


def test_two_organizations_of_one_name_can_be_founded_at_once(acme: Cast) -> None:
    def found(user: User) -> object:
        return tenants_actions.found_organization(user, name="Delta", language="en", at=AT)

    told = meanwhile(acme.org, lambda: found(acme.rep.user), lambda: found(acme.rep2.user))
    assert told.organization.slug.startswith("delta-")


def test_a_sign_up_sent_twice_at_once_is_one(acme: Cast) -> None:
    form = {"name": "Amy", "organization": "Delta", "email": "amy@delta.example", "password1": "tropical-horse-9"}

    def sign_up() -> int:
        return Client().post("/accounts/signup/", form).status_code

    statuses: list[int] = []
    second = meanwhile(acme.org, lambda: statuses.append(sign_up()), sign_up)
    assert statuses == [302]
    assert second < 500
    assert User.objects.filter(email="amy@delta.example").count() == 1


def test_an_app_set_up_twice_at_once_is_set_up_once(acme: Cast) -> None:
    user = acme.rep.user
    user.set_password("tropical-horse-9")
    user.save()
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": "tropical-horse-9"})
    client.post("/accounts/reauthenticate/", {"password": "tropical-horse-9"})
    code = totp(client.get(APP).context["form"].secret)
    second = Client()
    second.cookies = client.cookies
    answers: list[Any] = []
    answer = meanwhile(
        acme.org, lambda: answers.append(client.post(APP, {"code": code})), lambda: second.post(APP, {"code": code})
    )
    assert [each.status_code for each in (*answers, answer)] == [302, 302]
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).count() == 1
