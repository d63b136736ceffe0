"""The first write of an organization."""

import re
import secrets
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.actions.locking import one_at_a_time
from tenants.actions.teams import create_team
from tenants.models import Membership, Organization, User
from tenants.names import checked
from tenants.permissions import Role
from tenants.scoping import working_for


def _free_slug(name: str) -> str:
    """Return an unused address part: Latin letters of the name where it has some, else random."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "org-" + secrets.token_hex(3)
    slug = base
    while Organization.objects.filter(slug=slug).exists():
        slug = f"{base}-{secrets.token_hex(2)}"
    return slug


@transaction.atomic
def found_organization(
    user: User,
    *,
    name: str,
    language: str,
    at: datetime,
    slug: str = "",
    currency: str = "TWD",
    time_zone: str = "Asia/Taipei",
) -> Membership:
    """Create an organization; its founder is executive and admin, in a root team of the company's name.

    :raises Refused: name_missing.
    """
    name = checked(name)
    one_at_a_time("found an organization")
    organization = Organization.objects.create(
        slug=slug or _free_slug(name), name=name, language=language, currency=currency, time_zone=time_zone
    )
    with working_for(organization):
        root = create_team(organization, name=name[:80], parent=None, by=None, at=at)
        founder: Membership = Membership.objects.create(
            organization=organization, user=user, role=Role.EXECUTIVE, is_admin=True, team=root
        )
        audit.record("organization.founded", organization, by=founder, at=at)
    return founder
