"""Every list of opportunities is narrowed by health and by flag, with one control."""

import pytest
from django.test import Client

from accounts.actions import create_account
from funnel import actions
from funnel.models import Opportunity
from funnel.stages import Stage
from tenants.scoping import working_for
from tests.cast import Cast, sign_in
from tests.coaching.factories import make_review
from tests.forecasting.factories import NOW, TODAY, make_opportunity
from tests.funnel.health import mark_health

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(acme: Cast) -> list[Opportunity]:
    with working_for(acme.org):
        made = [
            make_opportunity(acme.rep, 100, TODAY, at=NOW, name=name, stage=Stage.QUALIFY)
            for name in ("Sound", "Quiet", "Late")
        ]
        healths: tuple[tuple[str, list[str]], ...] = (
            ("ok", []),
            ("watch", ["silent"]),
            ("risk", ["overdue", "silent"]),
        )
        mark_health((each.pk, *said) for each, said in zip(made, healths, strict=True))  # type: ignore[misc]
        return made


def shown(client: Client, url: str) -> set[str]:
    page = client.get(url)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'name="health"' in text
    assert 'name="flag"' in text
    return {name for name in ("Sound", "Quiet", "Late") if f">{name}<" in text or f'title="{name}"' in text}


PLACES = {
    "board": "/o/acme/funnel/?",
    "table": "/o/acme/funnel/table/?",
    "group": "/o/acme/funnel/table/?in_owner={owner}&",
    "proofs": "/o/acme/funnel/proofs/missing/?",
    "account": "/o/acme/funnel/of/{account}/?",
    "competitor": "/o/acme/funnel/competitors/{rival}/?",
    "against": "/o/acme/funnel/competitors/{rival}/panel/?",
    "rows": "/o/acme/forecast/rows/?what=due&on={today}&",
    "behind": "/o/acme/forecast/behind/?what=moved&bucket=new&since=2026-11-20&until=2026-11-25&",
    "alerts": "/o/acme/forecast/alerts/?of=team&",
    "review": "/o/acme/coaching/reviews/{review}/?person={owner}&",
}
"""Every page that lists opportunities, as a visitor asks for it."""


@pytest.mark.parametrize("place", PLACES)
def test_a_list_is_narrowed_by_health_and_by_flag(acme: Cast, mine: list[Opportunity], place: str) -> None:
    with working_for(acme.org):
        Opportunity.objects.update(account=mine[0].account, proven_stage=Stage.DISCOVER)
        rival = create_account(name="Rival", owner=acme.rep, by=acme.rep, at=NOW, kind="competitor")
        for each in mine:
            actions.add_rival(each, competitor=rival, by=acme.rep, at=NOW)
        review = make_review(acme.manager, at=NOW)
    known = {"owner": acme.rep.pk, "account": mine[0].account_id, "rival": rival.pk, "review": review.pk}
    at = PLACES[place].format(**known, today=TODAY)
    client = sign_in(acme.manager)
    every = {"Sound", "Quiet", "Late"} - ({"Sound"} if place == "alerts" else set())
    assert shown(client, at) == every
    assert shown(client, f"{at}health=risk") == {"Late"}
    assert shown(client, f"{at}health=attention" if place != "alerts" else at) == {"Quiet", "Late"}
    assert shown(client, f"{at}flag=silent") == {"Quiet", "Late"}
    assert shown(client, f"{at}flag=overdue&health=ok") == set()


@pytest.mark.parametrize(("asked", "count"), [("", 3), ("health=attention", 2), ("flag=overdue", 1)])
def test_the_matrix_counts_what_is_left(acme: Cast, mine: list[Opportunity], asked: str, count: int) -> None:
    page = sign_in(acme.manager).get(f"/o/acme/funnel/matrix/?{asked}")
    assert page.context["matrix"].sum.count == count
    text = page.content.decode()
    assert 'name="health"' in text
    assert text.count('name="flag"') == 1, "a control, and nothing hidden beside it"
