"""Questions that every app has a part of the answer to: what a member sees, and what a member holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountMember
from activities.kinds import VisitState
from activities.models import NextAction, Visit
from coaching.models import CoachingSession, Review
from forecasting.models import Target
from funnel.models import Lead, Opportunity, OpportunityMember, WebForm
from jobs.models import Job
from tenants.models import Membership
from tenants.permissions import Permission

EXAMPLES = 3


@dataclass(frozen=True)
class Part:
    """How many of the rows are seen for one reason."""

    words: str | Promise
    count: int


@dataclass(frozen=True)
class Seen:
    """What a member sees of one kind: how many, for which reasons, and some examples the reader may see as well.

    `url` is the name of the page of one row, called with organization and id. `allowed` says whether the member's
    role reads this kind at all.
    """

    label: str | Promise
    icon: str
    allowed: bool
    count: int
    parts: Sequence[Part]
    url: str
    examples: Sequence[Any]


@dataclass(frozen=True)
class _Kind:
    """How rows of one kind are seen: their model, who reads them, whose they are, and what one is given of others'."""

    label: str | Promise
    icon: str
    model: Any
    permission: Permission
    owner: str
    given: str | Promise
    url: str
    order: Sequence[str]


KINDS = (
    _Kind(
        _("Customers"),
        "building-2",
        Account,
        Permission.ACCOUNT_VIEW,
        "owner_id",
        _("given to work with"),
        "accounts:account",
        ("name_key",),
    ),
    _Kind(
        _("Leads"),
        "user-plus",
        Lead,
        Permission.FUNNEL_VIEW,
        "owner_id",
        "",  # nobody is given a lead of somebody else's
        "funnel:lead",
        ("-pk",),
    ),
    _Kind(
        _("Opportunities"),
        "kanban",
        Opportunity,
        Permission.FUNNEL_VIEW,
        "owner_id",
        _("on their sales team"),
        "funnel:opportunity",
        ("-pk",),
    ),
    _Kind(
        _("Visits"),
        "map-pin",
        Visit,
        Permission.VISIT_VIEW,
        "by_id",
        _("of opportunities they help with"),
        "activities:visit",
        ("-happened_at", "-pk"),
    ),
    _Kind(
        _("Pipeline reviews"),
        "presentation",
        Review,
        Permission.COACHING_VIEW,
        "leader_id",
        _("in which they take part"),
        "coaching:meeting",
        ("-started_at", "-pk"),
    ),
    _Kind(
        _("One-on-ones"),
        "messages-square",
        CoachingSession,
        Permission.COACHING_VIEW,
        "rep_id",
        _("which they hold"),
        "coaching:session",
        ("-held_at", "-pk"),
    ),
)


def sight(person: Membership, reader: Membership) -> list[Seen]:
    """Return what `person` sees, kind by kind. Rows themselves appear only where `reader` may see them too."""
    return [_seen(kind, person, reader) for kind in KINDS]


def _seen(kind: _Kind, person: Membership, reader: Membership) -> Seen:
    if not person.can(kind.permission):
        return Seen(kind.label, kind.icon, allowed=False, count=0, parts=(), url=kind.url, examples=())
    rows = kind.model.objects.visible_to(person)
    ids = person.visible_owner_ids
    total = rows.count()
    own = kind.model.objects.filter(**{kind.owner: person.pk}).count()
    parts = [Part(_("their own"), own)]
    if ids is None:
        parts.append(Part(_("everyone else's, as an executive"), total - own))
    else:
        team = kind.model.objects.filter(**{f"{kind.owner}__in": ids}).count() - own if len(ids) > 1 else 0
        parts += [Part(_("of the people they lead"), team), Part(kind.given, total - own - team)]
    return Seen(
        kind.label,
        kind.icon,
        allowed=True,
        count=total,
        parts=[part for part in parts if part.count],
        url=kind.url,
        examples=_examples(rows, kind, person, reader),
    )


def _examples(rows: QuerySet[Any], kind: _Kind, person: Membership, reader: Membership) -> list[Any]:
    """Return some of the rows, if the reader may see them by their own right."""
    if not reader.can(kind.permission):
        return []
    if reader.pk != person.pk and reader.visible_owner_ids is not None:
        rows = rows.filter(pk__in=kind.model.objects.visible_to(reader).values("pk"))
    return list(rows.order_by(*kind.order)[:EXAMPLES])


@dataclass(frozen=True)
class Held:
    """How many things of one kind stand on a member's name and would wait; `url` lists them for who may see them."""

    label: str | Promise
    icon: str
    count: int
    url: str = ""


def holdings(person: Membership, reader: Membership, *, today: date) -> list[Held]:
    """Return what stands on a member's name, in counts; addresses only where `reader` sees this member's records."""
    seen = reader.visible_owner_ids is None or person.pk in reader.visible_owner_ids
    reads = {kind: seen and reader.can(kind) for kind in (Permission.ACCOUNT_VIEW, Permission.FUNNEL_VIEW)}
    opportunities = Opportunity.objects.filter(owner=person)
    found = [
        Held(
            _("Customers they own"),
            "building-2",
            Account.objects.filter(owner=person).count(),
            "accounts:list" if reads[Permission.ACCOUNT_VIEW] else "",
        ),
        Held(
            _("Open opportunities"),
            "kanban",
            opportunities.open().count(),
            "funnel:table" if reads[Permission.FUNNEL_VIEW] else "",
        ),
        Held(_("Open leads"), "user-plus", Lead.objects.open().filter(owner=person).count()),
        Held(
            _("Web forms whose leads they get"),
            "globe",
            WebForm.objects.filter(owner=person, is_active=True).count(),
        ),
        Held(_("Customers and opportunities they help with"), "users", _helped(person)),
        Held(
            _("Planned visits"),
            "map-pin",
            Visit.objects.filter(by=person, state=VisitState.PLANNED).count(),
        ),
        Held(_("Open next actions"), "list-checks", NextAction.objects.open().filter(owner=person).count()),
        Held(
            _("Targets from this period on"),
            "target",
            Target.objects.filter(owner=person).filter(Q(starts_on__gte=today.replace(day=1))).count(),
        ),
        Held(
            _("Running pipeline reviews they lead"),
            "presentation",
            Review.objects.running().filter(leader=person).count(),
        ),
        Held(_("Background work under way"), "loader", Job.objects.running().filter(by=person).count()),
    ]
    return [held for held in found if held.count]


def _helped(person: Membership) -> int:
    return int(
        AccountMember.objects.filter(member=person).count() + OpportunityMember.objects.filter(member=person).count()
    )
