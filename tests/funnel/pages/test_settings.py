"""The settings of stages and of evidence."""

from typing import Any

import pytest

from funnel.models import Change, EvidenceItem
from funnel.queries import stage_table
from funnel.stages import Gate, Stage
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
        assert "then confirm it" in text(unread)
        assert stage_table()[1].percent == 10
    saved = client.post(url(acme, "stages/"), {**changed, "confirmed": "15000000"})
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
    signed = {"label": "Architecture signed", "kind": "document"}
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
