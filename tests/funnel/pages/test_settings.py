"""The settings of stages and of evidence."""

import re
from typing import Any

import pytest
from django.utils import timezone

from funnel import actions, labels
from funnel.evidence import Kind
from funnel.models import Change, Evidence, EvidenceItem
from funnel.queries import stage_table
from funnel.stages import Gate, Stage
from jobs.actions import enqueue
from jobs.models import Job
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.pages.places import HTMX, Login, recent, text, url

pytestmark = pytest.mark.django_db


def stages_data(**changed: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"edition": 0}
    for row in stage_table():
        data |= {f"label_{row.stage}": "", f"percent_{row.stage}": row.percent, f"gate_{row.stage}": str(row.gate)}
    return {**data, **changed}


def test_the_stages_say_what_a_change_will_do(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    recent(acme.rep, stage=Stage.QUALIFY, amount=1_000_000_00)
    assert client.get(url(acme, "stages/")).status_code == 200
    told = text(client.post(url(acme, "stages/effect/"), stages_data(percent_2=15), headers=HTMX))
    assert "from 100K to 150K" in told
    changed = stages_data(percent_2=15, label_2="Judge", gate_2="block")
    for agreed in ({}, {"confirmed": "12000000"}):
        unread = client.post(url(acme, "stages/"), {**changed, **agreed})
        assert unread.status_code == 422
        assert text(unread).count("then confirm it") == 1
        places = [text(unread).index(each) for each in ('id="stages-effect"', "then confirm it", 'name="confirmed"')]
        assert places == sorted(places), "beside the box that it asks for"
        assert stage_table()[1].percent == 10
    assert "Qualify will block: 1 open opportunity lacks evidence there" in text(unread)
    assert client.post(url(acme, "stages/"), {**changed, "confirmed": "15000000"}).status_code == 422, "half of it"
    saved = client.post(url(acme, "stages/"), {**changed, "confirmed": sealed(unread)})
    assert saved.status_code == 303
    row = stage_table()[1]
    assert (row.label, row.percent, row.gate) == ("Judge", 15, Gate.BLOCK)
    assert Change.objects.get().percent == 10
    assert client.post(url(acme, "stages/"), stages_data(percent_2=12)).status_code == 409


@pytest.mark.parametrize(
    "changed", [{"percent_2": 0}, {"percent_7": 90}, {"percent_2": 200}, {"percent_3": "x"}, {"gate_1": "maybe"}]
)
def test_bad_percentages(acme: Cast, login: Login, changed: dict) -> None:
    assert login(acme.admin).post(url(acme, "stages/"), stages_data(**changed)).status_code == 422
    assert stage_table()[1].percent == 10


def test_evidence_items_of_the_company(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    assert client.get(url(acme, "stages/4/items/"), headers=HTMX).status_code == 200
    assert client.post(url(acme, "stages/4/items/"), {"label": ""}, headers=HTMX).status_code == 422
    agreed = {"label": "Architecture agreed", "kind": "fact"}
    signed = {"label": "Architecture signed", "kind": "document", "version": 1}
    assert client.post(url(acme, "stages/4/items/"), agreed).status_code == 303
    own = EvidenceItem.objects.get(code="").key
    assert client.post(url(acme, f"stages/items/{own}/move/"), {"to": "up"}).status_code == 303
    assert client.post(url(acme, f"stages/items/{own}/"), signed).status_code == 303
    assert EvidenceItem.objects.get(code="").kind == "document"
    assert client.post(url(acme, f"stages/items/{own}/switch/"), {"active": "0"}).status_code == 303
    assert str(EvidenceItem.objects.get(code="")) == "Architecture signed"
    assert not EvidenceItem.objects.get(code="").is_active
    page = text(client.get(url(acme, "stages/")))
    assert "Architecture signed" in page
    for path in ("stages/9/items/", "stages/items/own-999999/", "stages/items/nonsense/"):
        assert client.get(url(acme, path)).status_code == 404
    assert client.post(url(acme, "stages/items/own-999999/switch/"), {"active": "0"}).status_code == 404


def sealed(answer: Any) -> str:
    """Return what a confirmation of just this carries."""
    found = re.search(r'name="confirmed" value="([^"]+)"', text(answer))
    assert found
    return found[1]


def test_a_gate_says_whom_it_holds_and_whom_it_lets_go_before_it_is_changed(acme: Cast, login: Login) -> None:
    client = login(acme.admin)
    recent(acme.rep, stage=Stage.QUALIFY)
    none = text(client.post(url(acme, "stages/effect/"), stages_data(gate_5="block"), headers=HTMX))
    assert 'name="confirmed"' not in none, "nobody is held there"
    blocks = stages_data(gate_2="block")
    told = client.post(url(acme, "stages/effect/"), blocks, headers=HTMX)
    assert "Qualify will block: 1 open opportunity lacks evidence there" in text(told)
    unread = client.post(url(acme, "stages/"), blocks)
    assert (unread.status_code, stage_table()[1].gate) == (422, Gate.WARN)
    assert sealed(unread) == sealed(told)
    assert client.post(url(acme, "stages/"), {**blocks, "confirmed": sealed(told)}).status_code == 303
    lets = stages_data(gate_2="warn", edition=1)
    back = client.post(url(acme, "stages/effect/"), lets, headers=HTMX)
    assert "Qualify will warn: 1 open opportunity that lacks evidence there can go on" in text(back)
    assert client.post(url(acme, "stages/"), {**lets, "confirmed": sealed(told)}).status_code == 422
    assert client.post(url(acme, "stages/"), {**lets, "confirmed": sealed(back)}).status_code == 303
    assert client.post(url(acme, "stages/effect/"), stages_data(gate_2="maybe"), headers=HTMX).status_code == 200


def test_two_who_edit_the_same_see_both(acme: Cast, login: Login) -> None:
    client, path = login(acme.admin), url(acme, "stages/items/budget/")
    form = client.get(path, headers=HTMX).context["form"]
    theirs = {"label": "Budget named", "kind": "amount", "version": form["version"].value()}
    assert client.post(path, theirs).status_code == 303
    mine = {**theirs, "label": "Budget signed", "kind": "document"}
    both = client.post(path, mine, headers=HTMX)
    assert (both.status_code, 'data-keep="2"' in text(both)) == (409, True)
    for words in ("Budget named", "Budget signed", str(labels.KINDS[Kind.AMOUNT]), str(labels.KINDS[Kind.DOCUMENT])):
        assert words in text(both), words
    assert client.post(path, theirs).status_code == 303, "the same again changes nothing"
    assert client.post(path, {**mine, "version": 2}).status_code == 303
    assert str(EvidenceItem.objects.get(code="budget")) == "Budget signed"
    assert client.post(url(acme, "stages/"), stages_data(label_2="Chance", gate_2="warn")).status_code == 303
    late = client.post(url(acme, "stages/"), stages_data(label_2="Confirm"))
    assert late.status_code == 409
    for words in ("Chance", "Confirm"):
        assert words in text(late), words


def test_another_kind_says_what_becomes_of_what_is_filed(acme: Cast, login: Login) -> None:
    client, path = login(acme.admin), url(acme, "stages/items/budget/")
    assert client.post(path, {"label": "Budget", "kind": "date", "version": 1}).status_code == 303, (
        "nothing is filed yet"
    )
    deal = recent(acme.rep, stage=Stage.QUALIFY)
    actions.file_evidence(deal, "budget", on=deal.expected_close_on, seen=0, by=acme.rep, at=timezone.now())
    assert client.post(path, {"label": "The budget", "kind": "date", "version": 2}).status_code == 303, (
        "its words alone"
    )
    asked = client.post(path, {"label": "Budget", "kind": "amount", "version": 3}, headers=HTMX)
    assert asked.status_code == 422
    assert "1 piece of evidence is filed for it (date)" in text(asked).lower()
    assert EvidenceItem.objects.get(code="budget").kind == "date"
    seal = sealed(asked)
    other = {"label": "Budget", "kind": "person", "version": 3, "confirmed": seal}
    assert client.post(path, other, headers=HTMX).status_code == 422, "read for another kind"
    assert client.post(path, {**other, "kind": "amount"}).status_code == 303
    assert EvidenceItem.objects.get(code="budget").kind == "amount"
    assert Evidence.objects.get().on == deal.expected_close_on


def test_the_pages_of_settings_say_while_health_is_judged_in_the_background(acme: Cast, login: Login) -> None:
    client, panel = login(acme.admin), "/o/acme/forecast/health/judging/"
    for page in ("funnel/stages/", "forecast/health/"):
        assert f'hx-get="{panel}"' in text(client.get(f"/o/acme/{page}"))
    assert text(client.get(panel)).strip() == ""
    with working_for(acme.org):
        job = enqueue("forecast", payload={"on": "2026-01-01"}, by=acme.admin, at=timezone.now())
    assert "is being judged anew" in text(client.get(panel))
    with working_for(acme.org):
        Job.objects.filter(pk=job.pk).update(state="done")
    assert "has been judged anew" in text(client.get(f"{panel}?since=1"))
    assert text(client.get(panel)).strip() == ""
    assert login(acme.rep).get(panel).status_code == 403
