"""The cast of the tests: two organizations, acme and globex, each with one person a part."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.test import Client

from tenants import actions
from tenants.models import Membership, Organization, Team, User
from tenants.permissions import Role
from tenants.scoping import working_for
from tenants.sign_in import is_noted

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
PASSWORD = "long enough 4711"


@dataclass(frozen=True)
class Cast:
    """One organization and its people. `manager` leads `team`, where both reps sit; `other_team` is beside it."""

    org: Organization
    team: Team
    other_team: Team
    rep: Membership
    rep2: Membership
    manager: Membership
    executive: Membership
    admin: Membership
    partner: Membership
    colleague: Membership

    @property
    def everyone(self) -> list[Membership]:
        """All seven parts."""
        return [self.rep, self.rep2, self.manager, self.executive, self.admin, self.partner, self.colleague]


def make_user(name: str, slug: str) -> User:
    """Make a person; sign-in in tests does not need the password."""
    return User.objects.create(email=f"{name}@{slug}.example", name=f"{name.title()} {slug.title()}", language="en")


def make_cast(slug: str) -> Cast:
    """Make an organization with the whole cast."""
    executive = actions.found_organization(
        make_user("executive", slug), name=slug.title(), language="en", at=AT, slug=slug
    )
    org = executive.organization
    executive.is_admin = False
    executive.save()
    with working_for(org):
        root = executive.team
        team = actions.create_team(org, name="North", parent=root, by=executive, at=AT)
        other_team = actions.create_team(org, name="South", parent=root, by=executive, at=AT)

    def member(name: str, role: Role, *, team: Team | None = None, is_admin: bool = False) -> Membership:
        made: Membership = Membership.objects.create(
            organization=org, user=make_user(name, slug), role=role, team=team, is_admin=is_admin
        )
        return made

    return Cast(
        org=org,
        team=team,
        other_team=other_team,
        rep=member("rep", Role.REP, team=team),
        rep2=member("rep2", Role.REP, team=team),
        manager=member("manager", Role.MANAGER, team=team),
        executive=executive,
        admin=member("admin", Role.COLLEAGUE, is_admin=True),
        partner=member("partner", Role.PARTNER, team=other_team),
        colleague=member("colleague", Role.COLLEAGUE),
    )


def sign_in(membership: Membership, *, fresh: bool = True) -> Client:
    """Return a browser in which this member is signed in.

    :param fresh: they have just said once more that it is them, as what matters asks for.
    """
    client = Client()
    client.force_login(membership.user, backend="tenants.sign_in.Backend")
    if fresh:
        session = client.session
        said = {"method": "password", "at": time.time(), "reauthenticated": True}
        session["account_authentication_methods"] = [said]
        session["account_authentication_methods_user"] = str(membership.user_id)
        session.save()
    is_noted(str(client.session.session_key))  # so that pages cost the same the first time
    return client
