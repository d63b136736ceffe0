"""What every action on leads shares: taking the lock, leaving the trace, telling people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts import actions as accounts_actions
from funnel.leads import Answer, Criterion, EventKind, Verdict, answers, judge
from funnel.models import Lead, LeadAnswer, LeadEvent, LeadSetting
from jobs import actions as jobs_actions
from tenants import audit, tree
from tenants.actions.locking import locked
from tenants.errors import Refused
from tenants.models import Membership, Team
from tenants.permissions import Role

SHOWN = (
    "company", "person", "position", "phone", "email", "tax_id", "industry", "region", "need", "source", "source_note",
    "budget", "buys_on", "next_step", "next_step_on", "owner_id", "step", "status",
)  # fmt: skip
TEXT_LENGTH = 2_000


def lock(lead: Lead) -> Lead:
    """Take the lead for this transaction and return it as it stands now."""
    rows = Lead.objects.select_related("owner__user", "updated_by__user", "account", "opportunity", "organization")
    return locked(rows, lead.pk)


def standing(lead: Lead, at: datetime) -> tuple[dict[Criterion, Answer], Verdict]:
    """Return the answers to the organization's criteria, and what they make of the lead."""
    criteria = LeadSetting.current().criteria
    given = LeadAnswer.objects.filter(lead=lead).given()
    found = answers(lead.facts(given), criteria, at.astimezone(lead.organization.zone).date())
    return found, judge(found, criteria.musts)


def write(lead: Lead, *, by: Membership | None, at: datetime, fields: Sequence[str]) -> None:
    """Save `fields` and count the version up."""
    lead.version += 1
    lead.updated_at, lead.updated_by = at, by
    lead.save(update_fields=[*fields, "version", "updated_at", "updated_by"])


def tell(kind: EventKind, lead: Lead, *, by: Membership | None, at: datetime, text: str = "", **data: Any) -> None:
    """Append to the lead's history and to the audit."""
    LeadEvent.objects.create(lead=lead, kind=kind, data=data, text=text, by=by, at=at)
    audit.record(f"lead.{kind}", lead, by=by, at=at, **data, **({"why": text[:500]} if text else {}))


def index(lead: Lead) -> None:
    """Make the lead findable by company and person."""
    accounts_actions.index("lead", lead.pk, lead.company, lead.person)


def url(lead: Lead) -> str:
    """Return the path of the lead's page."""
    return reverse("funnel:lead", args=[lead.organization.slug, lead.pk])


def tell_owner(code: str, lead: Lead, *, at: datetime, **data: Any) -> None:
    """Put a line under the owner's bell."""
    told = {"name": str(lead), **data}
    key = f"lead:{lead.pk}:{code}:{lead.version}:{at.timestamp():.0f}"
    jobs_actions.notify(lead.owner, code, data=told, url=url(lead), unique_key=key, at=at)


def tell_managers(code: str, lead: Lead, *, but: Membership, at: datetime, **data: Any) -> None:
    """Put a line under the bells of whoever leads the owner."""
    told = {"name": str(lead), **data}
    notices = [
        jobs_actions.Notice(leader, code, f"lead:{lead.pk}:{code}:{lead.version}", told, url(lead))
        for leader in leaders_of(lead.owner)
        if leader != but.pk
    ]
    jobs_actions.notify_all(notices, at=at)


def leaders_of(owner: Membership) -> list[int]:
    """Return the managers of the nearest team above this member that has any; without one, the executives."""
    people = Membership.objects.in_current_organization().active().exclude(pk=owner.pk)
    path = Team.objects.filter(pk=owner.team_id).values_list("path", flat=True).first()
    above = [*tree.ancestors(path), owner.team_id or 0] if path else []
    managers = list(people.filter(role=Role.MANAGER, team_id__in=above).values_list("team_id", "pk"))
    for team in reversed(above):
        found = [pk for led, pk in managers if led == team]
        if found:
            return found
    return list(people.filter(role=Role.EXECUTIVE).values_list("pk", flat=True))


def check_reach(by: Membership, owner: Membership) -> None:
    """Check that `by` may give leads to `owner`: oneself, a manager the team, an executive anyone.

    :raises Refused: `owner_out_of_reach`.
    """
    ids = by.visible_owner_ids
    if owner.organization_id != by.organization_id or (ids is not None and owner.pk not in ids):
        raise Refused("owner_out_of_reach")


def text_of(text: str) -> str:
    """Return a note without spaces around it.

    :raises Refused: `text_too_long`.
    """
    text = text.strip()
    if len(text) > TEXT_LENGTH:
        raise Refused("text_too_long")
    return text


def changed(before: dict[str, Any], lead: Lead, names: Iterable[str]) -> dict[str, list[Any]]:
    """Return {field: [before, after]} for what differs, as JSON values."""
    return audit.changes(before, {name: getattr(lead, name) for name in names})
