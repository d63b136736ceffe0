"""axe finds nothing on the main pages, in both themes, wide and on a phone; and nothing scrolls sideways."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.utils import timezone
from playwright.sync_api import Page

from coaching import actions as coaching_actions
from funnel import actions as funnel_actions
from funnel.strategy import Attitude, Influence
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import make_opportunity
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
MANAGER = [
    "today/",
    "funnel/",
    "funnel/table/",
    "funnel/new/",
    "funnel/{opportunity}/",
    "funnel/{opportunity}/strategy/",
    "funnel/{opportunity}/strategy/roles/",
    "funnel/proofs/",
    "funnel/proofs/missing/",
    "funnel/competitors/",
    "funnel/competitors/{competitor}/",
    "funnel/leads/",
    "funnel/leads/new/",
    "funnel/leads/{lead}/",
    "funnel/leads/{lead}/convert/",
    "funnel/leads/forms/",
    "funnel/leads/forms/{web_form}/",
    "accounts/",
    "accounts/{account}/",
    "accounts/{account}/assess/",
    "accounts/new/",
    "visits/",
    "visits/new/?account={account}",
    "forecast/",
    "forecast/targets/",
    "coaching/review/",
    "coaching/reviews/{review}/",
    "coaching/sessions/new/{opportunity}/",
    "import/",
    "import/new/",
    "profile/",
]
ADMIN = [
    "settings/",
    "settings/organization/",
    "settings/people/",
    "settings/people/invite/",
    "settings/people/{rep}/",
    "settings/people/{rep}/deactivate/",
    "people/{manager}/sight/",
    "settings/teams/",
    "settings/teams/{team}/",
    "settings/audit/",
    "settings/calendar/",
    "settings/currencies/",
    "funnel/stages/",
    "funnel/leads/asked/",
    "accounts/segments/",
]


def complaints(visitor: Visitor, path: str) -> list[str]:
    """Return what axe and the ruler say about a page."""
    return complaints_here(visitor.go(path), path)


def complaints_here(page: Page, path: str) -> list[str]:
    """Return what they say about a page as it stands: with the dialog that is open, what was typed, what is refused."""
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    said = [f"{path}: {each['id']} {json.dumps([node['target'] for node in each['nodes']])}" for each in found]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        said.append(f"{path}: scrolls sideways")
    return said


@pytest.mark.parametrize(("phone", "dark", "language"), [(False, False, "zh-hant"), (True, True, "en")])
def test_nothing_to_complain_about(
    acme: Cast, visit: Callable[..., Visitor], phone: bool, dark: bool, language: str
) -> None:
    with reading(acme.org):
        opportunity = make_opportunity(acme.rep, at=timezone.now())
        paper: dict[str, Any] = {"note": "plan", "seen": 0, "by": acme.rep, "at": timezone.now()}
        funnel_actions.file_evidence(opportunity, "opportunity_plan", **paper)
        lead = funnel_actions.record_lead(owner=acme.rep, by=acme.rep, at=timezone.now(), company="Delta", person="Amy")
        web_form = funnel_actions.make_web_form(name="Fair", owner=acme.rep, by=acme.admin, at=timezone.now())
        new: dict[str, Any] = {"by": acme.rep, "at": timezone.now()}
        facts: dict[str, Any] = {"influence": Influence.HIGH, "attitude": Attitude.ENEMY}
        buyer = funnel_actions.add_role(opportunity, new_contact={"name": "Chen"}, roles=["eb"], **facts, **new)
        lower: dict[str, Any] = {"new_contact": {"name": "Wu"}, "reports_to": buyer.pk}
        funnel_actions.add_role(opportunity, roles=["user"], **lower, **facts, **new)
        rival = funnel_actions.add_rival(opportunity, new_name="Rival Co", answer="Show it", **new)
        funnel_actions.add_gap(opportunity, text="Who pays?", **new)
        review = coaching_actions.start_review(by=acme.manager, at=timezone.now())
    ids = {"opportunity": opportunity.pk, "account": opportunity.account_id, "review": review.pk}
    ids["competitor"] = rival.competitor_id
    ids |= {"lead": lead.pk, "web_form": web_form.pk}
    ids |= {"rep": acme.rep.pk, "manager": acme.manager.pk, "team": acme.team.pk}
    manager = visit(acme.manager, phone=phone, dark=dark, language=language)
    admin = visit(acme.admin, phone=phone, dark=dark, language=language)
    said = [text for path in MANAGER for text in complaints(manager, path.format(**ids))]
    said += [text for path in ADMIN for text in complaints(admin, path.format(**ids))]
    assert said == []
