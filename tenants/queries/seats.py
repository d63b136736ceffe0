"""The organizations that somebody may enter: asked at the door, by every page."""

from typing import Any, cast

from django.db import connection, models

from tenants.models import Membership, Organization, User


def _listed(model: type[models.Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


_SEAT, _PLACE = _names(Membership), _names(Organization)
# Written out, since Django takes longer to put this statement together than PostgreSQL to answer it.
_SEATS = f"""
    SELECT EXISTS (SELECT FROM mfa_authenticator a WHERE a.user_id = m.user_id AND a.type = ANY(%s)),
           {_listed(Membership, "m")}, {_listed(Organization, "o")}
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
    end = 1 + len(_SEAT)
    seat = Membership.from_db(connection.alias, _SEAT, row[1:end])
    seat.organization = Organization.from_db(connection.alias, _PLACE, row[end:])
    seat.user = user
    cast("Any", seat).has_factor = row[0]
    return seat
