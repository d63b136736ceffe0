"""Writes on organizations and the people in them."""

from tenants.actions.founding import found_organization
from tenants.actions.invitations import Invited, Seat, accept, invite, join, renew, withdraw
from tenants.actions.organization import (
    add_days_to_calendar,
    add_rate,
    change_organization,
    delete_from_calendar,
    delete_rate,
)
from tenants.actions.people import ask_for_address, change_member, change_profile, deactivate, reactivate
from tenants.actions.teams import change_team, create_team, delete_team

__all__ = [
    "Invited",
    "Seat",
    "accept",
    "add_days_to_calendar",
    "add_rate",
    "ask_for_address",
    "change_member",
    "change_organization",
    "change_profile",
    "change_team",
    "create_team",
    "deactivate",
    "delete_from_calendar",
    "delete_rate",
    "delete_team",
    "found_organization",
    "invite",
    "join",
    "reactivate",
    "renew",
    "withdraw",
]
