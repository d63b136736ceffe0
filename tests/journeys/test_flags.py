"""Every rule of health in a real browser: its flag is seen, its own link leads to the act, and the act clears it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation
from playwright.sync_api import Locator, Page, expect

from accounts.models import Contact
from forecasting import actions as forecasting
from forecasting.models import Alert
from funnel import actions as funnel
from funnel.evidence import STANDARD
from funnel.flags import Flag
from funnel.labels import FLAGS as WORDS
from funnel.models import Opportunity
from funnel.stages import Stage, Status
from funnel.strategy import Influence, Role
from tenants.scoping import reading
from tests.accounts.factories import make_contact
from tests.activities.factories import make_step, make_visit
from tests.cast import Cast
from tests.funnel.factories import DAY, MILLION, make_account, make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
Open = Callable[..., Visitor]
NAME = "Line 3"


def make_sound(
    cast: Cast,
    now: datetime,
    *,
    opened: int = 6,
    entered: int | None = None,
    stage: Stage = Stage.DEVELOP,
    met: int | None = 2,
    people: tuple[Role, ...] = (Role.EB, Role.USER),
    has_step: bool = True,
    lacks: str = "",
    **facts: Any,
) -> Opportunity:
    """Make one of the rep's that breaks no rule, but for what is said otherwise. `opened`, `entered` (into its stage)
    and `met` are days ago, `lacks` a piece of evidence that is not filed.
    """
    begun, by = now - opened * DAY, cast.rep
    account = make_account(by, "Delta Precision", begun)
    facts = {"expected_close_on": (now + 40 * DAY).date(), "amount": 8 * MILLION, **facts}
    first = stage if entered is None else Stage(stage - 1)
    found = make_opportunity(by, NAME, account, begun, stage=first, **facts)
    there = [(n, code) for n in range(1, stage) for code in STANDARD[n] if code != lacks]
    funnel.import_evidence([(found.pk, code, "seen", by.pk) for _n, code in there], at=begun)
    contacts = [make_contact(account, f"Ms {role.title()}") for role in people]
    for contact, role in zip(contacts, people, strict=True):
        put_on_sheet(found, contact, role, cast, begun)
    if met is not None:
        make_visit(account, by, now - met * DAY, opportunity=found, contacts=contacts)
    if has_step:
        make_step(account, by, now, opportunity=found)
    if entered is not None:
        move(found, stage, now - entered * DAY)
    return found


def put_on_sheet(found: Opportunity, contact: Contact, role: Role, cast: Cast, at: datetime) -> None:
    said: dict[str, Any] = {"roles": [role], "influence": Influence.MEDIUM, "attitude": None}
    funnel.add_role(found, contact=contact, by=cast.rep, at=at, **said)


def move(found: Opportunity, to: Stage, at: datetime, why: str = "") -> None:
    found.refresh_from_db()
    funnel.move(found, left=Stage(found.stage), to=to, why=why, by=found.owner, at=at)


def change(found: Opportunity, at: datetime, **facts: Any) -> None:
    found.refresh_from_db()
    funnel.change_opportunity(found, seen=found.version, by=found.owner, at=at, **facts)


# What breaks each rule ----------------------------------------------------------------------------


def break_single_thread(cast: Cast, now: datetime) -> Opportunity:
    make_opportunity(cast.rep2, "Small", at=now - DAY, amount=1)  # so that the other is larger than half of them
    return make_sound(cast, now, stage=Stage.SOLUTION_FIT, people=(Role.EB,), amount=9 * MILLION)


def break_pushed(cast: Cast, now: datetime) -> Opportunity:
    found = make_sound(cast, now)
    for days in (75, 110):
        change(found, now - DAY, expected_close_on=(now + days * DAY).date())
    return found


def break_regressed(cast: Cast, now: datetime) -> Opportunity:
    found = make_sound(cast, now, stage=Stage.SOLUTION_FIT)
    move(found, Stage.DEVELOP, now - DAY, why="The budget is open again")
    return found


def break_shrinking(cast: Cast, now: datetime) -> Opportunity:
    found = make_sound(cast, now)
    change(found, now - DAY, amount=6 * MILLION)
    return found


# What clears it, in the page that its link leads to -----------------------------------------------


def send(page: Page) -> None:
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog")).to_be_hidden()


def fill(name: str, value: str) -> Callable[[Page], None]:
    """Return an act: another value of one field of the dialog."""

    def act(page: Page) -> None:
        page.fill(f"#dialog [name={name}]", value)
        send(page)

    return act


def change_the_date(page: Page) -> None:
    fill("expected_close_on", (timezone.localdate() + timedelta(days=20)).isoformat())(page)


def lose_it(page: Page) -> None:
    page.get_by_role("link", name="Lost", exact=True).click()
    page.locator("#dialog .pick:has([name=reason][value=price])").click()
    send(page)


def let_it_go(page: Page) -> None:
    page.get_by_role("link", name="Abandoned", exact=True).click()
    page.locator("#dialog .pick:has([name=reason][value=timing])").click()
    send(page)


def win_it(page: Page) -> None:
    page.get_by_role("link", name="Won", exact=True).click()
    page.locator("#dialog .btn.primary").click()  # and it says what is missing; a day is proposed
    page.fill("#dialog [name=why]", "The order came before the papers")
    page.get_by_role("button", name="Win it all the same").click()
    expect(page.locator("#dialog")).to_be_hidden()


def log_a_visit(page: Page) -> None:
    page.wait_for_url("**/visits/new/**")
    page.locator(".pick", has_text="Ms Eb").click()
    page.locator(".pick:has([name=result][value=advanced])").click()
    page.locator(".pick:has([name=next_on][value=none])").click()
    page.locator(".sendbar button").click()
    page.wait_for_url(lambda url: "/visits/new/" not in url)


def add_a_step(page: Page) -> None:
    page.fill("#opportunity-visits [name=next_text]", "Show the savings tomorrow")
    page.locator("#opportunity-visits").get_by_role("button", name="Add").click()
    expect(page.locator("#opportunity-visits [id^=step-]").first).to_contain_text("Show the savings")


def file_what_is_missing(page: Page) -> None:
    page.locator("#opportunity-evidence #next-proof").click()
    page.fill("#dialog [name=note]", "They said so in the meeting")
    send(page)


def move_it_on(page: Page) -> None:
    page.locator("#to-stage-4").click()
    page.fill("#dialog [name=budget_clear-amount]", "9,000,000")
    page.locator("#dialog [name=relationship_built-contact]").select_option(label="Ms Eb")
    send(page)


def move_it_forward_again(page: Page) -> None:
    page.locator("#to-stage-4").click()
    expect(page.locator("#opportunity-head [aria-current=step]")).to_contain_text("Solution fit")


def name_the_buyer(page: Page) -> None:
    page.wait_for_url("**/strategy/**")
    page.locator("#role-new").click()
    page.locator("#dialog [name=contact]").select_option(label="Ms Boss")
    page.locator("#dialog .pick:has([name=roles][value=eb])").click()
    send(page)


def add_a_contact(page: Page) -> None:
    page.wait_for_url("**/strategy/**")
    page.locator("#role-new").click()
    page.fill("#dialog [name=new_name]", "Mr Wu")
    page.locator("#dialog .pick:has([name=roles][value=user])").click()
    send(page)


def break_no_power(cast: Cast, now: datetime) -> Opportunity:
    found = make_sound(cast, now, people=(Role.USER,))
    boss = make_contact(found.account, "Ms Boss")
    make_visit(found.account, cast.rep, now - DAY, contacts=[boss])
    return found


@dataclass(frozen=True)
class Journey:
    """How an opportunity comes to break a rule, and what clears it where the flag's link leads."""

    start: Callable[[Cast, datetime], Opportunity]
    act: Callable[[Page], None]
    closes: bool = False


def but(**facts: Any) -> Callable[[Cast, datetime], Opportunity]:
    """Return a start that is sound but for these."""
    return lambda cast, now: make_sound(cast, now, **facts)


JOURNEYS = {
    Flag.OVERDUE: Journey(
        lambda cast, now: make_sound(cast, now, expected_close_on=(now - DAY).date()), change_the_date
    ),
    Flag.ZOMBIE: Journey(but(opened=280, entered=3), lose_it, closes=True),
    Flag.SILENT: Journey(but(opened=20, met=16), log_a_visit),
    Flag.NO_NEXT_STEP: Journey(but(has_step=False), add_a_step),
    Flag.NO_AMOUNT: Journey(but(amount=None), fill("amount", "1,280,000")),
    Flag.NO_POWER: Journey(break_no_power, name_the_buyer),
    Flag.UNPROVEN: Journey(but(lacks="strategy"), file_what_is_missing),
    Flag.PUSHED: Journey(break_pushed, win_it, closes=True),
    Flag.STALLED: Journey(but(opened=33), move_it_on),
    Flag.SINGLE_THREAD: Journey(break_single_thread, add_a_contact),
    Flag.REGRESSED: Journey(break_regressed, move_it_forward_again),
    Flag.SHRINKING: Journey(break_shrinking, fill("amount", "8,000,000")),
    Flag.AGEING: Journey(but(opened=200, entered=3), let_it_go, closes=True),
}


def words(code: str, what: str) -> str:
    with translation.override("en"):
        return str(getattr(WORDS[code], what))


def start(cast: Cast, code: str, journey: Journey) -> Opportunity:
    """Let it break the rule, and nothing else."""
    now = timezone.now()
    with reading(cast.org):
        found = journey.start(cast, now)
        forecasting.refresh_health(cast.org, at=now)
        found.refresh_from_db()
        assert found.flags == [code]
    return found


def flag_on(page: Page, code: str) -> Locator:
    """Return the line of a flag on the page of an opportunity."""
    return page.locator("#opportunity-head .told li", has_text=words(code, "cure"))


def make_all(cast: Cast, codes: Sequence[Flag]) -> dict[Flag, Opportunity]:
    """Make for each rule an opportunity called after it that breaks it, and no other rule."""
    now = timezone.now()
    with reading(cast.org):
        made = {code: JOURNEYS[code].start(cast, now) for code in codes}
        for code, found in made.items():
            change(found, now, name=f"Sale {code}")
        forecasting.refresh_health(cast.org, at=now)
        for code, found in made.items():
            found.refresh_from_db()
            assert found.flags == [code]
    return made


def all_in_order(cast: Cast, rep: Visitor, made: dict[Flag, Opportunity]) -> None:
    """Look at list, board and database once everything was done."""
    expect(rep.go("forecast/alerts/").locator("main")).to_contain_text("Everything is in order")
    page = rep.go("funnel/")
    expect(page.locator("#board .card").first).to_be_visible()
    expect(page.locator(".card :is(.health.watch, .health.risk)")).to_have_count(0)
    with reading(cast.org):
        for code, found in made.items():
            found.refresh_from_db()
            assert (found.status == Status.OPEN) is not JOURNEYS[code].closes
            assert not Alert.objects.standing().filter(opportunity=found).exists()


FROM_THE_LIST = (Flag.OVERDUE, Flag.SILENT, Flag.STALLED, Flag.SINGLE_THREAD, Flag.AGEING)
"""One of each way: a dialog over the list that changes or decides, a page, a place of a page, another page of it."""
ON_THE_PAGE = tuple(code for code in Flag if code not in FROM_THE_LIST)


def test_flags_are_seen_and_cleared_from_the_list(acme: Cast, visit: Open) -> None:
    made, rep = make_all(acme, FROM_THE_LIST), visit(acme.rep, language="en")
    rep.allowed = {422}  # what is missing is asked for in a dialog
    board = rep.go("funnel/")
    for found in made.values():
        expect(board.locator(f"#opportunity-{found.pk} .health.{found.health}")).to_have_count(1)
    for code in made:
        page = rep.go(f"forecast/alerts/?flag={code}")
        alert = page.locator("li.alert", has_text=f"Sale {code}")
        expect(alert).to_contain_text(words(code, "cure"))
        alert.get_by_role("link", name=words(code, "act")).click()
        JOURNEYS[code].act(page)
        page = rep.go("forecast/alerts/")
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("li.alert", has_text=f"Sale {code}")).to_have_count(0)
    all_in_order(acme, rep, made)


def test_flags_are_seen_and_cleared_on_the_page_of_the_opportunity(acme: Cast, visit: Open) -> None:
    made, rep = make_all(acme, ON_THE_PAGE), visit(acme.rep, language="en")
    rep.allowed = {422}
    board = rep.go("funnel/")
    for found in made.values():
        expect(board.locator(f"#opportunity-{found.pk} .health.{found.health}")).to_have_count(1)
    for code, found in made.items():
        page = rep.go(f"forecast/alerts/?flag={code}")
        page.locator("li.alert").get_by_role("link", name=f"Sale {code}").click()
        page.wait_for_url(f"**/funnel/{found.pk}/**")
        flag_on(page, code).get_by_role("link", name=words(code, "act")).click()
        JOURNEYS[code].act(page)
        if f"/funnel/{found.pk}/" not in page.url or "/strategy/" in page.url:
            rep.go(f"funnel/{found.pk}/")
        expect(page.locator("#opportunity-head")).to_be_visible()
        expect(flag_on(page, code)).to_have_count(0)
    all_in_order(acme, rep, made)


def test_a_buyer_who_is_known_is_to_be_met(acme: Cast, visit: Open) -> None:
    found = start(acme, Flag.NO_POWER, Journey(but(met=None, opened=5), log_a_visit))
    page = visit(acme.rep, language="en").go("forecast/alerts/")
    page.locator("li.alert").get_by_role("link", name="Log a visit").click()
    log_a_visit(page)
    page.wait_for_url("**/forecast/alerts/")  # it leads back to the list
    expect(page.locator("main")).to_contain_text("Everything is in order")
    with reading(acme.org):
        found.refresh_from_db()
        assert found.flags == []


def test_a_muted_alert_keeps_quiet_until_its_day_is_over(acme: Cast, visit: Open) -> None:
    found = start(acme, Flag.OVERDUE, JOURNEYS[Flag.OVERDUE])
    rep = visit(acme.rep, language="en")
    rep.allowed = {422}
    page = rep.go("forecast/alerts/")
    page.locator(f"#mute-{found.pk}-overdue").click()
    day = timezone.now().astimezone(acme.org.zone).date() + timedelta(days=4)
    page.fill("#dialog [name=until]", day.isoformat())
    page.locator("#dialog .btn.primary").click()
    expect(page.locator("#dialog .err")).to_be_visible()  # it says why
    page.fill("#dialog [name=reason]", "Their trade fair")
    page.locator("#dialog .btn.primary").click()
    for said in ("muted until", "by Rep Acme", "Their trade fair"):
        expect(page.locator("li.alert")).to_contain_text(said)
    with reading(acme.org):
        for days in range(5):
            forecasting.refresh_health(acme.org, at=timezone.now() + days * DAY)
        assert list(acme.manager.notifications.all()) == []
    page = rep.go("forecast/alerts/?only=climbed")
    expect(page.locator("li.alert")).to_have_count(0)
    page = rep.go("forecast/alerts/?only=muted")
    expect(page.locator("li.alert")).to_have_count(1)

    page.locator(f"#mute-{found.pk}-overdue").click()
    page.get_by_role("button", name="Hear it again").click()
    expect(page.locator("li.alert")).to_have_count(0)  # of those that are muted
    with reading(acme.org):
        forecasting.refresh_health(acme.org, at=timezone.now() + 4 * DAY)
        assert [each.text for each in acme.manager.notifications.all()] == [
            f"1 opportunity of your people has waited too long: {NAME}"
        ]
