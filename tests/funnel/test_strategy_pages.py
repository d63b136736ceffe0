"""The pages of strategy sheets and competitors: what they show, what they answer, and to whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts.models import Account, Contact
from accounts.segments import Kind
from funnel import actions
from funnel.models import DecisionRole, InformationGap, Opportunity, Rival, Strategy
from funnel.stages import Reason
from funnel.strategy import Influence
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.factories import DAY, make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
HTMX = {"HX-Request": "true"}
Login = Callable[[Membership], Client]
ROLE = {"roles": ["eb"], "influence": "3", "attitude": "1", "win": "A quiet night", "reports_to": ""}


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep, at=timezone.now() - 3 * DAY)


def url(cast: Cast, found: Opportunity, path: str = "") -> str:
    return f"/o/{cast.org.slug}/funnel/{found.pk}/strategy/{path}"


def text(response: Any) -> str:
    return str(response.content.decode())


def put(cast: Cast, found: Opportunity, name: str, **facts: Any) -> DecisionRole:
    """Put a new person on the sheet."""
    facts = {"roles": ["user"], "influence": Influence.MEDIUM, "attitude": None, **facts}
    new = {"name": name, "position": "Manager"}
    return actions.add_role(found, new_contact=new, by=cast.rep, at=timezone.now(), **facts)


def test_an_empty_sheet_says_what_it_is_for(acme: Cast, login: Login, found: Opportunity) -> None:
    page = text(login(acme.rep).get(url(acme, found)))
    assert "Put down who decides" in page
    assert "not decided" in page
    assert '<svg class="powermap"' not in page


def test_a_form_that_is_a_page_of_its_own_leads_to_the_sheet(acme: Cast, login: Login, found: Opportunity) -> None:
    page = url(acme, found, "roles/")
    sent = {**ROLE, "new_name": "Chen Yi-jun", "new_position": "Director"}
    answer = login(acme.rep).post(page, sent, headers={**HTMX, "HX-Current-URL": f"http://testserver{page}"})
    assert answer["HX-Redirect"] == url(acme, found)


def test_a_person_goes_on_the_sheet_in_place(acme: Cast, login: Login, found: Opportunity) -> None:
    browser = login(acme.rep)
    dialog = browser.get(url(acme, found, "roles/"), headers=HTMX)
    assert dialog["HX-Retarget"] == "#dialog"
    sent = {**ROLE, "new_name": "Chen Yi-jun", "new_position": "Director"}
    answer = browser.post(url(acme, found, "roles/"), sent, headers=HTMX)
    assert 'hx-swap-oob="true"' in text(answer)
    assert text(answer).count("powermap") == 2  # for wide pages and for narrow ones
    assert "Chen Yi-jun, Director: Economic buyer, Supporter" in text(answer)
    again = browser.post(url(acme, found, "roles/"), sent, headers=HTMX)  # a double click
    assert (again.status_code, DecisionRole.objects.count()) == (422, 1)
    row = DecisionRole.objects.get()
    assert (row.role, row.attitude, row.influence, row.win) == ("eb", 1, 3, "A quiet night")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"roles": []}, "This field is required."),
        ({"new_name": ""}, "Choose a person, or enter the name of a new one."),
        ({"attitude": "5"}, "Select a valid choice."),
        ({"win": "x" * 501}, "at most 500 characters"),
        ({"contact": "999999"}, "Select a valid choice."),
    ],
)
def test_bad_input_keeps_what_was_typed(
    acme: Cast, login: Login, found: Opportunity, changes: dict[str, Any], said: str
) -> None:
    sent = {**ROLE, "new_name": "Chen", "new_position": "Head of the works", **changes}
    answer = login(acme.rep).post(url(acme, found, "roles/"), sent, headers=HTMX)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Head of the works" in text(answer)
    assert not DecisionRole.objects.exists()


def test_people_of_other_customers_and_organizations_are_not_offered(
    acme: Cast, globex: Cast, login: Login, found: Opportunity
) -> None:
    own = accounts_actions.create_contact(found.account, name="Own", by=acme.rep, at=timezone.now())
    elsewhere = make_opportunity(acme.rep, "Other").account
    other = accounts_actions.create_contact(elsewhere, name="Elsewhere", by=acme.rep, at=timezone.now())
    with working_for(globex.org):
        theirs = make_opportunity(globex.rep)
        foreign = accounts_actions.create_contact(theirs.account, name="Foreign", by=globex.rep, at=timezone.now())
    browser = login(acme.rep)
    page = text(browser.get(url(acme, found, "roles/")))
    assert "Own" in page
    assert "Elsewhere" not in page
    for person in (other, foreign):
        assert browser.post(url(acme, found, "roles/"), {**ROLE, "contact": person.pk}).status_code == 422
    assert browser.post(url(acme, found, "roles/"), {**ROLE, "contact": own.pk}).status_code == 303
    assert browser.get(url(acme, theirs)).status_code == 404


def test_a_stale_change_shows_both_and_mine_can_be_kept(acme: Cast, login: Login, found: Opportunity) -> None:
    row = put(acme, found, "Chen")
    browser, path = login(acme.rep), url(acme, found, f"roles/{row.pk}/")
    changed = {"roles": ["user", "sponsor"], "influence": "2", "attitude": "unknown", "version": "1"}
    assert login(acme.manager).post(path, {**changed, "attitude": "2"}).status_code == 303
    answer = browser.post(path, {**changed, "attitude": "-2"}, headers=HTMX)
    assert answer.status_code == 409
    for words in ("Champion", "Enemy", 'name="roles" value="user"', 'name="roles" value="sponsor"'):
        assert words in text(answer)
    assert browser.post(path, {**changed, "attitude": "-2", "version": "2"}).status_code == 303
    row.refresh_from_db()
    assert (row.attitude, row.also) == (-2, ["sponsor"])


def test_a_circle_is_said_at_the_field(acme: Cast, login: Login, found: Opportunity) -> None:
    chief = put(acme, found, "Chief")
    head = put(acme, found, "Head", reports_to=chief.pk)
    path = url(acme, found, f"roles/{chief.pk}/")
    assert "Head</option>" not in text(login(acme.rep).get(path))
    answer = login(acme.rep).post(path, {**ROLE, "reports_to": head.pk, "version": "1"})
    assert answer.status_code == 422


def test_a_rival_is_chosen_or_new(acme: Cast, login: Login, found: Opportunity) -> None:
    browser = login(acme.rep)
    assert browser.post(url(acme, found, "rivals/"), {"answer": "Mine"}, headers=HTMX).status_code == 422
    answer = browser.post(url(acme, found, "rivals/"), {"new_name": "Rival Co", "answer": "Show it"}, headers=HTMX)
    assert "Rival Co" in text(answer)
    row = Rival.objects.get()
    path = url(acme, found, f"rivals/{row.pk}/")
    assert browser.post(path, {"answer": "Prove it", "version": "1"}, headers=HTMX).status_code == 200
    both = browser.post(path, {"answer": "Other", "version": "1"}, headers=HTMX)
    assert both.status_code == 409
    assert "Prove it" in text(both)
    assert browser.post(f"{path}remove/", {"version": 1}, headers=HTMX).status_code == 409
    assert 'name="version" value="2"' in text(browser.get(path, headers=HTMX)).split("remove-it")[2]
    assert browser.post(f"{path}remove/", {"version": 2}, headers=HTMX).status_code == 200
    assert browser.post(f"{path}remove/", headers=HTMX).status_code == 404


def test_parts_of_the_sheet_are_written_in_place(acme: Cast, login: Login, found: Opportunity) -> None:
    browser, row = login(acme.rep), put(acme, found, "Chen")
    first = {"strengths": "Known here", "weaknesses": "", "openings": "", "threats": "", "version": "0"}
    assert "Known here" in text(browser.post(url(acme, found, "part/swot/"), first, headers=HTMX))
    stale = browser.post(url(acme, found, "part/swot/"), {**first, "strengths": "New"}, headers=HTMX)
    assert (stale.status_code, "Known here" in text(stale)) == (409, True)
    value = {"ucv": "One view", "ladder": "problem_solver", "version": "1"}
    assert browser.post(url(acme, found, "part/value/"), value).status_code == 303
    after = {"win_next": row.pk, "win_how": "Lunch", "version": "2"}
    assert browser.post(url(acme, found, "part/next/"), after).status_code == 303
    assert browser.post(url(acme, found, "procedure/"), {"buying_procedure": "committee", "version": "1"}).status_code
    page = text(browser.get(url(acme, found)))
    for words in ("One view", "Problem solver", "Lunch", "A committee votes"):
        assert words in page
    assert browser.get(url(acme, found, "part/nothing/")).status_code == 404
    assert Strategy.objects.get().version == 3


def test_go_or_no_go_is_decided_by_the_criteria(acme: Cast, login: Login, found: Opportunity) -> None:
    browser = login(acme.rep)
    dialog = text(browser.get(url(acme, found, "verdict/")))
    assert "Does the budget reach our threshold?" in dialog
    sent = {"need": "yes", "compete": "no", "verdict": "no_go", "why": "", "version": "0"}
    refused = browser.post(url(acme, found, "verdict/"), sent, headers=HTMX)
    assert (refused.status_code, "Say why." in text(refused)) == (422, True)
    answer = browser.post(url(acme, found, "verdict/"), {**sent, "why": "Written for a rival"}, headers=HTMX)
    assert "Written for a rival" in text(answer)
    panel = text(login(acme.manager).get(url(acme, found, "panel/")))
    assert "No-go" in panel
    assert "Written for a rival" in panel


def test_a_gap_is_noted_and_closed(acme: Cast, login: Login, found: Opportunity) -> None:
    browser = login(acme.rep)
    key = "5f0c3d1e-8a53-4a0e-9a39-6a1d3d2f7c11"
    for _click in range(2):
        browser.post(url(acme, found, "gaps/"), {"text": "Who pays?", "request_key": key}, headers=HTMX)
    gap = InformationGap.objects.get()
    sent = {"text": "Who pays?", "answer": "The works", "is_known": "on", "version": "1"}
    assert "The works" in text(browser.post(url(acme, found, f"gaps/{gap.pk}/"), sent, headers=HTMX))
    stale = browser.post(url(acme, found, f"gaps/{gap.pk}/"), {**sent, "answer": "Nobody"}, headers=HTMX)
    assert (stale.status_code, "The works" in text(stale)) == (409, True)


def test_losing_chooses_the_competitor_and_keeps_a_new_one(acme: Cast, login: Login, found: Opportunity) -> None:
    competitor = accounts_actions.create_account(
        name="Rival Co", owner=acme.rep2, by=acme.rep2, at=timezone.now(), kind=Kind.COMPETITOR
    )
    browser = login(acme.rep)
    path = f"/o/{acme.org.slug}/funnel/{found.pk}/close/lost/"
    assert "Rival Co" in text(browser.get(path))
    assert browser.post(path, {"reason": "rival", "version": "1"}).status_code == 422
    assert browser.post(path, {"reason": "rival", "lost_to": competitor.pk, "version": "1"}).status_code == 303
    found.refresh_from_db()
    assert (found.rival, found.lost_to) == ("Rival Co", competitor)
    other = make_opportunity(acme.rep, "Other")
    path = f"/o/{acme.org.slug}/funnel/{other.pk}/close/lost/"
    assert browser.post(path, {"reason": "price", "rival": "Brand New", "version": "1"}).status_code == 303
    other.refresh_from_db()
    assert other.lost_to == Account.objects.get(name="Brand New", kind=Kind.COMPETITOR)


def test_competitors_show_what_one_may_see(acme: Cast, globex: Cast, login: Login, found: Opportunity) -> None:
    row = actions.add_rival(found, new_name="Rival Co", answer="Show the plant", by=acme.rep, at=timezone.now())
    base = f"/o/{acme.org.slug}/funnel/competitors/"
    for who, seen in ((acme.rep, True), (acme.rep2, False), (acme.manager, True)):
        page = text(login(who).get(f"{base}{row.competitor_id}/"))
        assert ("Show the plant" in page) is seen
    assert login(acme.partner).get(f"{base}{row.competitor_id}/").status_code == 404
    assert login(globex.rep).get(f"/o/{globex.org.slug}/funnel/competitors/{row.competitor_id}/").status_code == 404
    assert login(acme.rep).get(f"{base}{found.account_id}/").status_code == 404  # a customer is none
    assert "Rival Co" in text(login(acme.colleague).get(base))
    assert 'id="account-against"' in text(login(acme.rep).get(f"/o/{acme.org.slug}/accounts/{row.competitor_id}/"))


def test_a_name_is_kept_as_a_competitor(acme: Cast, login: Login, found: Opportunity) -> None:
    actions.lose(found, seen=1, reason=Reason.RIVAL, rival="Old Rival", by=acme.rep, at=timezone.now())
    base = f"/o/{acme.org.slug}/funnel/competitors/"
    assert "Old Rival" in text(login(acme.rep).get(base))
    assert login(acme.rep).post(f"{base}adopt/", {"name": "Old Rival"}).status_code == 303
    found.refresh_from_db()
    assert found.lost_to == Account.objects.get(kind=Kind.COMPETITOR)
    assert login(acme.rep).post(f"{base}adopt/", {"name": " "}).status_code == 303
    for nothing in ("\0", "\u200b", "x" * 201):
        assert login(acme.rep).post(f"{base}adopt/", {"name": nothing}).status_code == 303
    assert Account.objects.filter(kind=Kind.COMPETITOR).count() == 1
    assert login(acme.rep).post(f"{base}adopt/", {"name": "Nul\0"}).status_code == 303
    assert Account.objects.filter(kind=Kind.COMPETITOR, name="Nul").exists()
    assert login(acme.colleague).post(f"{base}adopt/", {"name": "X"}).status_code == 403


def test_who_may_not_see_or_write(acme: Cast, login: Login, found: Opportunity) -> None:
    row = put(acme, found, "Chen")
    for path in ("", "panel/", "resources/"):
        assert login(acme.rep2).get(url(acme, found, path)).status_code == 404
    colleague = login(acme.colleague)
    actions.add_member(found, member=acme.colleague, part="Legal", by=acme.rep, at=timezone.now())
    assert "Chen" in text(colleague.get(url(acme, found)))
    for path in ("roles/", f"roles/{row.pk}/", "rivals/", "part/swot/", "verdict/", "gaps/", "procedure/"):
        assert colleague.get(url(acme, found, path)).status_code == 403
    assert f'id="role-{row.pk}"' not in text(colleague.get(url(acme, found)))


def test_a_new_contact_needs_the_right_to_the_customer(acme: Cast, login: Login, found: Opportunity) -> None:
    actions.add_member(found, member=acme.rep2, part="Helps", by=acme.rep, at=timezone.now())
    page = text(login(acme.rep2).get(url(acme, found, "roles/")))
    assert "new_name" not in page
    login(acme.rep2).post(url(acme, found, "roles/"), {**ROLE, "new_name": "Sneaked in"})
    assert not Contact.objects.filter(name="Sneaked in").exists()


def test_pages_cost_the_same_with_many_rows(acme: Cast, login: Login, found: Opportunity) -> None:
    browser = login(acme.manager)
    path, competitors = url(acme, found), f"/o/{acme.org.slug}/funnel/competitors/"
    at = timezone.now()

    def fill(number: int) -> None:
        put(acme, found, f"Person {number}", roles=["eb"])
        rival = actions.add_rival(found, new_name=f"Rival {number}", answer="So", by=acme.rep, at=at)
        actions.add_gap(found, text=f"Gap {number}", by=acme.rep, at=at)
        other = make_opportunity(acme.rep, f"Other {number}", at=at - timedelta(days=1))
        actions.add_rival(other, competitor=Account.objects.get(name="Rival 0"), answer="So", by=acme.rep, at=at)
        actions.lose(other, seen=1, reason=Reason.RIVAL, lost_to=rival.competitor, by=acme.rep, at=at)

    fill(0)
    one = Account.objects.get(name="Rival 0").pk
    pages = [path, url(acme, found, "panel/"), competitors, f"{competitors}{one}/", url(acme, found, "roles/")]

    def costs() -> list[int]:
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(page).status_code == 200
            counts.append(len(queries))
        return counts

    costs()
    few = costs()
    for number in range(1, 8):
        fill(number)
    assert costs() == few
    assert max(few) <= 15, few


@pytest.mark.parametrize("who", ["admin", "colleague"])
def test_who_may_not_write_opportunities_keeps_no_competitor(acme: Cast, login: Login, who: str) -> None:
    assert login(getattr(acme, who)).post("/o/acme/funnel/competitors/adopt/", {"name": "X"}).status_code == 403
