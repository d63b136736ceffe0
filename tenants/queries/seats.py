"""Who is signed in, and the organizations that they may enter: asked at the door, by every page, in one statement."""

from typing import Any, cast

from django.db import connection

from tenants.backend.whole import columns, taken
from tenants.models import Membership, Organization, User

# Written out, since Django takes longer to put this statement together than PostgreSQL to answer it.
_SEATS = f"""
    SELECT {columns(User, "u")}, m.id IS NOT NULL,
           EXISTS (SELECT FROM mfa_authenticator a WHERE a.user_id = u.id AND a.type = ANY(%s)),
           {columns(Membership, "m")}, {columns(Organization, "o")}
    FROM tenants_user u
    LEFT JOIN (tenants_membership m JOIN tenants_organization o ON o.id = m.organization_id)
        ON m.user_id = u.id AND m.is_active AND u.is_active
    WHERE u.id = %s
    ORDER BY o.name, m.id
"""  # noqa: S608  # names of our own columns


def signed_in(user_id: Any) -> User | None:
    """Return a person with their `seats`, as `seats_of` has them; None where there is none."""
    rows = _asked(user_id)
    if not rows:
        return None
    user, _rest = taken(User, rows[0])
    cast("Any", user).seats = _seats(user, rows)
    return user


def seats_of(user: User) -> list[Membership]:
    """Return the active memberships of an active user with their organizations, by the organization's name; read with
    the user where that is who is signed in.

    Each knows whether its person `has_factor`, as `MembershipQuerySet.with_second_factor` says it.
    """
    held: list[Membership] | None = getattr(user, "seats", None)
    return _seats(user, _asked(user.pk)) if held is None else held


def _asked(user_id: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_SEATS, [[str(kind) for kind in User.SECOND_FACTORS], user_id])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _seats(user: User, rows: list[tuple[Any, ...]]) -> list[Membership]:
    seats = []
    for row in rows:
        is_seat, has_factor, *rest = row[len(User._meta.concrete_fields) :]
        if is_seat:
            seat, place = taken(Membership, rest)
            seat.organization, _rest = taken(Organization, place)
            seat.user = user
            cast("Any", seat).has_factor = has_factor
            seats.append(seat)
    return seats
