"""Evidence as tests file and judge it."""

from datetime import date
from typing import Any

from accounts import actions as accounts_actions
from accounts.models import Contact
from funnel import actions
from funnel.evidence import STANDARD, Kind, State
from funnel.models import Evidence, EvidenceItem, Opportunity
from tenants.models import Membership
from tests.cast import AT
from tests.funnel.factories import MILLION


def make_contact(opportunity: Opportunity, name: str = "Chief Financial Officer") -> Contact:
    contact: Contact = accounts_actions.create_contact(opportunity.account, name=name, by=opportunity.owner, at=AT)
    return contact


def values(opportunity: Opportunity, key: str) -> dict[str, Any]:
    """Return what the kind of a standard item asks for."""
    item = EvidenceItem.objects.filter(code=key).first()
    kind = Kind(item.kind) if item else Kind.FACT
    found: dict[str, Any] = {"note": f"proof of {key}"}
    if kind == Kind.PERSON:
        found["contact"] = Contact.objects.filter(account=opportunity.account).first() or make_contact(opportunity)
    if kind == Kind.AMOUNT:
        found["amount"] = MILLION
    if kind == Kind.RIVALS:
        found["no_rival"] = True
    if kind == Kind.DATE or key == "verbal_approval":
        found["on"] = date(2026, 3, 1)
    return found


def file(opportunity: Opportunity, key: str, by: Membership | None = None) -> Evidence:
    actions.move_item("opportunity_plan", up=True, by=opportunity.owner, at=AT)  # makes the rows
    stood = Evidence.objects.filter(opportunity=opportunity, item__code=key).first()
    seen = stood.version if stood else 0
    return actions.file_evidence(
        opportunity, key, **values(opportunity, key), seen=seen, by=by or opportunity.owner, at=AT
    )


def prove(opportunity: Opportunity, *stages: int, by: Membership, verdict: State = State.VERIFIED) -> None:
    """File and verify everything that these stages demand."""
    for stage in stages:
        for key in STANDARD[stage]:
            filed = file(opportunity, key)
            actions.judge_evidence(opportunity, key, verdict=verdict, seen=filed.version, by=by, at=AT)


def proven(opportunity: Opportunity) -> int:
    return int(Opportunity.objects.get(pk=opportunity.pk).proven_stage)


def judge(opportunity: Opportunity, by: Membership, verdict: State = State.VERIFIED, **how: Any) -> Evidence:
    how = {"seen": 1, "at": AT, **how}
    return actions.judge_evidence(opportunity, "opportunity_plan", verdict=verdict, by=by, **how)
