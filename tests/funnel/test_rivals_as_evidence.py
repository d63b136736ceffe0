"""Who else competes, as evidence: the rivals on the strategy sheet, or that there is none."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from funnel import actions, queries
from funnel.actions.rivals import ensure_competitor
from funnel.bulk import BulkKind
from funnel.evidence import Kind, State
from funnel.models import Evidence, EvidenceItem, Opportunity, Rival
from funnel.stages import Stage
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
HTMX = {"HX-Request": "true"}
Login = Callable[[Membership], Client]
KEY = "competitors"


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def found(acme: Cast) -> Opportunity:
    return make_opportunity(acme.rep, stage=Stage.DEVELOP)


def make_rivals(cast: Cast, *names: str) -> list[Account]:
    """Keep competitors, who stand on nobody's sheet yet."""
    return [ensure_competitor(name, by=cast.rep, at=AT) for name in names]


def on_sheet(opportunity: Opportunity) -> list[str]:
    return [str(rival) for rival in Rival.objects.filter(opportunity=opportunity)]


def verify(opportunity: Opportunity, by: Membership) -> Evidence:
    """Verify what was filed."""
    filed = Evidence.objects.get(opportunity=opportunity)
    return actions.judge_evidence(opportunity, KEY, verdict=State.VERIFIED, seen=filed.version, by=by, at=AT)


def told(opportunity: Opportunity) -> tuple[list[str] | None, bool | None]:
    """Return what its page says of the item."""
    opportunity = queries.opportunity_or_404(opportunity.owner, opportunity.pk)
    sheet = {proof.item.key: proof.filed for _words, proof in queries.story(opportunity, today=AT.date()).sheet}
    filed = sheet[KEY]
    return (filed.rivals, filed.has_rivals) if filed else (None, None)


def test_filing_puts_rivals_on_the_sheet_once(acme: Cast, found: Opportunity) -> None:
    first, second = make_rivals(acme, "Rival Co", "Other Co")
    kept = actions.add_rival(found, competitor=first, answer="Show the plant", by=acme.rep, at=AT)
    both: dict[str, Any] = {"rivals": [first, second], "new_rival": "ｒｉｖａｌ　co", "by": acme.rep, "at": AT}
    filed = actions.file_evidence(found, KEY, seen=0, **both)
    assert on_sheet(found) == ["Rival Co", "Other Co"]
    assert Rival.objects.get(pk=kept.pk).answer == "Show the plant", "who stands there already stays as they are"
    assert (filed.has_rivals, told(found)) == (True, (["Rival Co", "Other Co"], True))
    assert actions.file_evidence(found, KEY, seen=0, **both).version == 1, "a second click changes nothing"
    assert AuditEvent.objects.get(verb="evidence.filed").data["rivals"] == ["", "Rival Co, Other Co"]
    actions.file_evidence(found, KEY, new_rival="Third Co", seen=1, by=acme.rep, at=AT)
    assert on_sheet(found)[2:] == ["Third Co"]


def test_those_on_the_sheet_are_enough_and_nobody_is_not(acme: Cast, found: Opportunity) -> None:
    with pytest.raises(Refused, match="rivals_needed"):
        actions.file_evidence(found, KEY, note="there are some", seen=0, by=acme.rep, at=AT)
    with pytest.raises(Refused, match="not_a_competitor"):
        actions.file_evidence(found, KEY, rivals=[found.account], seen=0, by=acme.rep, at=AT)
    actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    assert told(found) == (None, None), "naming them on the sheet files nothing"
    with pytest.raises(Refused, match="rivals_stand"):
        actions.file_evidence(found, KEY, note="none", no_rival=True, seen=0, by=acme.rep, at=AT)
    actions.file_evidence(found, KEY, seen=0, by=acme.rep, at=AT)
    assert told(found) == (["Rival Co"], True)


def test_who_comes_or_goes_makes_it_wait_for_a_verdict_anew(acme: Cast, found: Opportunity) -> None:
    actions.file_evidence(found, KEY, no_rival=True, note="they ask us alone", seen=0, by=acme.rep, at=AT)
    verify(found, acme.manager)
    assert told(found) == (None, False)
    first = actions.add_rival(found, new_name="Rival Co", by=acme.manager, at=AT)
    filed = Evidence.objects.get()
    assert (filed.state, filed.version, filed.by, filed.has_rivals) == (State.FILED, 3, first.updated_by, True)
    verify(found, acme.executive)
    actions.change_rival(found, first.pk, seen=1, strengths="cheap", weaknesses="", answer="fast", by=acme.rep, at=AT)
    assert Evidence.objects.get().state == State.VERIFIED, "our answer is not what was verified"
    second = actions.add_rival(found, new_name="Other Co", by=acme.rep, at=AT)
    assert (Evidence.objects.get().state, told(found)[0]) == (State.FILED, ["Rival Co", "Other Co"])
    with pytest.raises(Stale) as stale:
        actions.judge_evidence(found, KEY, verdict=State.VERIFIED, seen=4, by=acme.manager, at=AT)
    assert stale.value.theirs["rivals"] == ["Rival Co", "Other Co"]
    actions.remove_rival(found, second.pk, seen=1, by=acme.rep, at=AT)
    assert (Evidence.objects.get().version, told(found)[0]) == (6, ["Rival Co"])


def test_with_the_last_rival_it_is_withdrawn(acme: Cast, found: Opportunity) -> None:
    row = actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    actions.file_evidence(found, KEY, note="they said so", seen=0, by=acme.rep, at=AT)
    assert queries.shaken(found, row).is_withdrawn
    actions.remove_rival(found, row.pk, seen=1, by=acme.rep, at=AT)
    assert not Evidence.objects.exists(), "that there is no rival must be said"
    gone = AuditEvent.objects.get(verb="evidence.withdrawn").data
    assert (gone["rivals"], gone["note"]) == (["Rival Co", ""], ["they said so", ""])


def test_it_proves_its_stage_as_long_as_it_stands(acme: Cast, found: Opportunity) -> None:
    EvidenceItem.objects.all().delete()
    actions.move_item("opportunity_plan", up=True, by=acme.executive, at=AT)
    for item in EvidenceItem.objects.exclude(code=KEY):
        actions.switch_item(item.key, is_active=False, by=acme.executive, at=AT)
    row = actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    actions.file_evidence(found, KEY, seen=0, by=acme.rep, at=AT)
    verify(found, acme.manager)
    stages = [Opportunity.objects.get().proven_stage]
    other = actions.add_rival(found, new_name="Other Co", by=acme.rep, at=AT)
    stages.append(Opportunity.objects.get().proven_stage)
    verify(found, acme.manager)
    actions.remove_rival(found, other.pk, seen=1, by=acme.rep, at=AT)
    stages.append(Opportunity.objects.get().proven_stage)
    verify(found, acme.manager)
    actions.remove_rival(found, row.pk, seen=1, by=acme.rep, at=AT)
    stages.append(Opportunity.objects.get().proven_stage)
    assert stages == [Stage.DEVELOP, Stage.QUALIFY, Stage.QUALIFY, Stage.QUALIFY]


def test_an_item_of_ones_own_asks_for_rivals_too(acme: Cast, found: Opportunity) -> None:
    own = actions.add_item(Stage.DEVELOP, label="Who is left?", kind=Kind.RIVALS, by=acme.executive, at=AT)
    actions.file_evidence(found, own, no_rival=True, note="nobody", seen=0, by=acme.rep, at=AT)
    actions.file_evidence(found, KEY, new_rival="Rival Co", seen=0, by=acme.rep, at=AT)
    first = Evidence.objects.get(item=own)
    assert (first.has_rivals, first.version) == (True, 2), "both say the same"
    assert Evidence.objects.get(item__code=KEY).version == 1


def test_what_was_filed_in_words_before_stays_as_it_is(acme: Cast, found: Opportunity) -> None:
    actions.import_evidence([(found.pk, KEY, "Rival Co, they say", acme.rep.pk)], at=AT)
    verify(found, acme.manager)
    row = actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    assert (told(found), Evidence.objects.get().state) == ((None, None), State.VERIFIED)
    actions.remove_rival(found, row.pk, seen=1, by=acme.rep, at=AT)
    assert Evidence.objects.get().note == "Rival Co, they say"


# The pages ----------------------------------------------------------------------------------------


def url(cast: Cast, opportunity: Opportunity, path: str) -> str:
    return f"/o/{cast.org.slug}/funnel/{opportunity.pk}/{path}"


def test_it_is_filed_from_the_stage_path(acme: Cast, login: Login, found: Opportunity) -> None:
    first, second, _third = make_rivals(acme, "Rival Co", "Other Co", "Third Co")
    browser, path = login(acme.rep), url(acme, found, f"evidence/{KEY}/")
    page = text(browser.get(path, headers=HTMX))
    assert all(f'name="{name}"' in page for name in ("rivals", "new_rival", "no_rival"))
    refused = browser.post(path, {"version": "0"}, headers=HTMX)
    assert (refused.status_code, "say that there is no rival" in text(refused)) == (422, True)
    alone = browser.post(path, {"version": "0", "no_rival": "on"}, headers=HTMX)
    assert (alone.status_code, "Say what proves it" in text(alone)) == (422, True)
    typed = {"version": "0", "rivals": [first.pk, second.pk]}
    page = text(browser.post(path, typed, headers=HTMX))
    assert page.count("<b>Other Co, Rival Co</b>") == 2, "on the path and on the fact sheet"
    assert browser.post(path, typed, headers=HTMX).status_code == 200, "a second click finds them there"
    again = text(browser.get(path, headers=HTMX))
    assert "no_rival" not in again
    assert "<b>Other Co, Rival Co</b>" in again
    foreign = browser.post(path, {"version": "1", "rivals": [found.account_id]}, headers=HTMX)
    assert foreign.status_code == 422


def test_nobody_is_named_whom_one_does_not_know(acme: Cast, globex: Cast, login: Login) -> None:
    with working_for(globex.org):
        theirs = ensure_competitor("Their Rival", by=globex.rep, at=AT)
    ours, *_rest = make_rivals(acme, "Rival Co")
    found = make_opportunity(acme.partner)
    browser, path = login(acme.partner), url(acme, found, f"evidence/{KEY}/")
    assert "Rival Co" not in text(browser.get(path, headers=HTMX)), "a partner knows whom they met alone"
    for one in (theirs, ours):
        browser.post(path, {"version": "0", "rivals": [one.pk]}, headers=HTMX)
    assert login(acme.rep).post(url(acme, found, f"evidence/{KEY}/"), {}).status_code == 404
    mine = make_opportunity(acme.rep)
    answer = login(acme.rep).post(url(acme, mine, f"evidence/{KEY}/"), {"version": "0", "rivals": [theirs.pk]})
    assert answer.status_code == 422
    assert not Rival.objects.exists()


def test_two_at_once_see_both(acme: Cast, login: Login, found: Opportunity) -> None:
    actions.file_evidence(found, KEY, new_rival="Rival Co", seen=0, by=acme.rep, at=AT)
    path = url(acme, found, f"evidence/{KEY}/")
    said = {"version": "0", "new_rival": "Other Co", "note": "mine"}
    both = login(acme.manager).post(path, said, headers=HTMX)
    assert both.status_code == 409
    assert "Rival Co" in text(both)
    assert "Rival Co, Other Co" in text(both)
    gone = login(acme.rep).post(f"{path}withdraw/", {"version": "0"}, headers=HTMX)
    assert (gone.status_code, "Rival Co" in text(gone)) == (409, True)


def test_that_there_is_none_is_never_taken_for_who_was_put_there_meanwhile(
    acme: Cast, login: Login, found: Opportunity
) -> None:
    browser, path = login(acme.rep), url(acme, found, f"evidence/{KEY}/")
    assert 'name="no_rival"' in text(browser.get(path, headers=HTMX))
    actions.add_rival(found, new_name="Rival Co", by=acme.manager, at=AT)
    said = {"version": "0", "no_rival": "on", "note": "They ask us alone"}
    refused = browser.post(path, said, headers=HTMX)
    assert (refused.status_code, "Somebody competes" in text(refused)) == (422, True)
    assert "They ask us alone" in text(refused)
    early = make_opportunity(acme.rep, "Early", stage=Stage.QUALIFY)
    actions.add_rival(early, new_name="Rival Co", by=acme.manager, at=AT)
    on_the_way = {f"{KEY}-{name}": value for name, value in said.items()}
    way = browser.post(url(acme, early, "move/"), {"stage": "3", "version": "1", **on_the_way}, headers=HTMX)
    assert (way.status_code, "Somebody competes" in text(way)) == (422, True)
    assert not Evidence.objects.exists()


def test_the_manager_reads_who_competes_where_it_is_verified(acme: Cast, login: Login, found: Opportunity) -> None:
    actions.file_evidence(found, KEY, new_rival="Rival Co", seen=0, by=acme.rep, at=AT)
    alone = make_opportunity(acme.rep, "Alone")
    actions.file_evidence(alone, KEY, no_rival=True, note="only us", seen=0, by=acme.rep, at=AT)
    browser = login(acme.manager)
    for path in (f"/o/{acme.org.slug}/funnel/proofs/", f"/o/{acme.org.slug}/funnel/proofs/today/"):
        page = text(browser.get(path))
        assert "<b>Rival Co</b>" in page
        assert "<b>No rival</b>" in page
    assert "<b>Rival Co</b>" in text(browser.get(url(acme, found, f"evidence/{KEY}/verdict/"), headers=HTMX))


def test_on_the_way_those_on_the_sheet_are_named_by_a_tick(acme: Cast, login: Login) -> None:
    found = make_opportunity(acme.rep, stage=Stage.QUALIFY)
    actions.add_rival(found, new_name="Rival Co", by=acme.rep, at=AT)
    browser, path = login(acme.rep), url(acme, found, "move/")
    asked = browser.post(path, {"stage": "3", "version": "1"}, headers=HTMX)
    assert asked.status_code == 422
    assert "As on the strategy sheet: Rival Co" in text(asked)
    browser.post(path, {"stage": "3", "version": "1", f"{KEY}-version": "0", f"{KEY}-as_on_sheet": "on"}, headers=HTMX)
    assert told(found) == (["Rival Co"], True)


def test_each_of_many_names_its_own(acme: Cast, login: Login) -> None:
    first, second = make_rivals(acme, "Rival Co", "Other Co")
    chosen, stands, alone = (make_opportunity(acme.rep, name, stage=Stage.QUALIFY) for name in ("One", "Two", "Three"))
    actions.add_rival(stands, competitor=first, by=acme.rep, at=AT)
    rows = [each.pk for each in (chosen, stands, alone)]
    how: dict[str, Any] = {"request_key": uuid4(), "by": acme.manager, "at": timezone.now()}
    address = f"/o/{acme.org.slug}/funnel/bulk/{actions.draw_up(BulkKind.STAGE, int(Stage.DEVELOP), rows, **how).pk}/"
    browser = login(acme.manager)
    page = text(browser.get(address, {"open": rows}))
    assert f'name="{stands.pk}-{KEY}-as_on_sheet"' in page
    assert f'name="{chosen.pk}-{KEY}-as_on_sheet"' not in page
    said = {
        f"{chosen.pk}-{KEY}-rivals": [first.pk, second.pk],
        f"{stands.pk}-{KEY}-as_on_sheet": "on",
        f"{alone.pk}-{KEY}-no_rival": "on",
    }
    form = {"open": rows, "go_all": "on", "why": "More to come", "until": timezone.localdate().isoformat(), **said}
    refused = browser.post(address, form)
    assert (refused.status_code, Evidence.objects.count()) == (422, 0), "that there is none needs its words"
    browser.post(address, {**form, f"{alone.pk}-{KEY}-note": "They ask us alone"})
    assert [told(each) for each in (chosen, stands, alone)] == [
        (["Other Co", "Rival Co"], True),
        (["Rival Co"], True),
        (None, False),
    ]


def test_the_sheet_says_before_what_becomes_of_the_evidence(acme: Cast, login: Login, found: Opportunity) -> None:
    browser, new = login(acme.rep), url(acme, found, "strategy/rivals/")
    assert "First contact" not in text(browser.get(new, headers=HTMX))
    actions.file_evidence(found, KEY, new_rival="Rival Co", seen=0, by=acme.rep, at=AT)
    path = f"{new}{Rival.objects.get().pk}/"
    assert "with one more it waits" in text(browser.get(new, headers=HTMX))
    assert "it is withdrawn with them" in text(browser.get(path, headers=HTMX))
    actions.add_rival(found, new_name="Other Co", by=acme.rep, at=AT)
    assert "taken off the sheet, it waits" in text(browser.get(path, headers=HTMX))
