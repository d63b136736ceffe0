"""The organizations that somebody may enter: asked at the door, by every page."""

from typing import Any, cast

from django.db import connection

from tenants.models import Membership, Organization, User
from tenants.queries.whole import columns, taken

# Written out, since Django takes longer to put this statement together than PostgreSQL to answer it.
_SEATS = f"""
    SELECT EXISTS (SELECT FROM mfa_authenticator a WHERE a.user_id = m.user_id AND a.type = ANY(%s)),
           {columns(Membership, "m")}, {columns(Organization, "o")}
    FROM tenants_membership m
    JOIN tenants_user u ON u.id = m.user_id
    JOIN tenants_organization o ON o.id = m.organization_id
    WHERE m.user_id = %s AND m.is_active AND u.is_active
    ORDER BY o.name, m.id
"""  # noqa: S608  # names of our own columns


def seats_of(user: User) -> list[Membership]:
    """Return the active memberships of an active user with their organizations, by the organization's name.

    Each knows whether its person `has_factor`, as `MembershipQuerySet.with_second_factor` says it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SEATS, [[str(kind) for kind in User.SECOND_FACTORS], user.pk])
        rows = cursor.fetchall()
    return [_seat(user, row) for row in rows]


def _seat(user: User, row: tuple[Any, ...]) -> Membership:
    seat, rest = taken(Membership, row[1:])
    seat.organization, _ = taken(Organization, rest)
    seat.user = user
    cast("Any", seat).has_factor = row[0]
    return seat
