"""One's own organization with something of everything, made through the actions; every word in it is chosen by `Text`.

Whoever adds a page that needs a row of a new kind makes it in `furnishing` and names it in `Own`.
"""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.models import Account, Contact, Product
from activities.models import NextAction, Visit
from coaching.models import CoachingSession, Review
from exchange.models import Import, SavedMapping
from forecasting.models import Mute
from funnel.models import (
    Approval,
    BulkChange,
    Change,
    Commitment,
    DecisionRole,
    EvidenceItem,
    InformationGap,
    Lead,
    Opportunity,
    OpportunityMember,
    PlanPart,
    Rival,
    SavedView,
    WebForm,
)
from jobs.models import Job, Notification, StoredFile
from tenants import actions as tenants
from tenants.models import ExchangeRate, Holiday, Invitation, Membership, Organization, Team, User
from tenants.scoping import reading
from tests.cast import Cast
from tests.walls.furnishing.customers import archive
from tests.walls.furnishing.figures import bring, forecast
from tests.walls.furnishing.leads import pursue
from tests.walls.furnishing.meeting import coach, meet, review
from tests.walls.furnishing.people import settle, sign_in
from tests.walls.furnishing.selling import sell
from tests.walls.furnishing.texts import Text, plain


@dataclass
class Own:
    """The rows by name, as the examples of the URLs call them; everything of the sales team belongs to the rep."""

    cast: Cast
    account: Account
    parent: Account
    contact: Contact
    product: Product
    opportunity: Opportunity
    closed: Opportunity
    change: Change
    item: EvidenceItem
    approval: Approval
    commitment: Commitment
    proven: Commitment
    helper: OpportunityMember
    part: PlanPart
    member: Membership
    visit: Visit
    planned: Visit
    cancelled: Visit
    step: NextAction
    dropped: NextAction
    review: Review
    past: Review
    person: Membership
    session: CoachingSession
    team: Team
    rate: ExchangeRate
    holiday: Holiday
    invitation: Invitation
    token: str
    mapping: Import
    checked: Import
    done: Import
    going: Import
    job: Job
    running: Job
    mute: Mute
    file: StoredFile
    notification: Notification
    passkey: Authenticator
    session_elsewhere: UserSession
    competitor: Account
    decision_role: DecisionRole
    rival: Rival
    gap: InformationGap
    lead: Lead
    dropped_lead: Lead
    other_lead: Lead
    web_form: WebForm
    web_key: str
    saved: SavedMapping
    view: SavedView
    bulk: BulkChange
    bulk_done: BulkChange

    def id_of(self, name: str) -> Any:
        """Return what an address holds of a row: its key, its id, or the text itself."""
        found = getattr(self, name, name)
        if isinstance(found, EvidenceItem):
            return found.key
        return getattr(found, "pk", found)


def furnish(cast: Cast, text: Text = plain) -> Own:
    """Make something of everything."""
    rename(cast, text)
    with reading(cast.org):
        rows: dict[str, Any] = {}
        for make in (sign_in, archive, sell, meet, review, coach, pursue, settle, forecast, bring):
            rows |= make(cast, text, rows)
        return Own(cast, **rows)


def rename(cast: Cast, text: Text) -> None:
    """Give the organization, its teams and its people their words."""
    Organization.objects.filter(pk=cast.org.pk).update(name=text(120))
    User.objects.filter(memberships__organization=cast.org).update(name=text(80))
    cast.org.refresh_from_db()
    now = timezone.now()
    with reading(cast.org):
        for team in (cast.team, cast.other_team):
            name = f"{text(78)}{team.pk}"
            tenants.change_team(team, name=name, parent=team.parent, seen=team.version, by=cast.executive, at=now)
    for member in cast.everyone:
        member.refresh_from_db()
