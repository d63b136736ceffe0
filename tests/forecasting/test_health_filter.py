"""Every list of opportunities is narrowed by health and by flag, with one control."""

import pytest
from django.test import Client

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


@pytest.mark.parametrize("place", ["rows", "review", "account", "table"])
def test_a_list_is_narrowed_by_health_and_by_flag(acme: Cast, mine: list[Opportunity], place: str) -> None:
    with working_for(acme.org):
        Opportunity.objects.update(account=mine[0].account)
        review = make_review(acme.manager, at=NOW)
    at = {
        "rows": f"/o/acme/forecast/rows/?what=due&on={TODAY}&",
        "review": f"/o/acme/coaching/reviews/{review.pk}/?person={acme.rep.pk}&",
        "account": f"/o/acme/funnel/of/{mine[0].account_id}/?",
        "table": "/o/acme/funnel/table/?",
    }[place]
    client = sign_in(acme.manager)
    assert shown(client, at) == {"Sound", "Quiet", "Late"}
    assert shown(client, f"{at}health=risk") == {"Late"}
    assert shown(client, f"{at}health=attention") == {"Quiet", "Late"}
    assert shown(client, f"{at}flag=silent") == {"Quiet", "Late"}
    assert shown(client, f"{at}flag=overdue&health=ok") == set()
