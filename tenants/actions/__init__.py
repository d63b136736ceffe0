"""Writes on organizations and the people in them."""

from tenants.actions.access import end_access, end_session, end_sessions, note_session
from tenants.actions.founding import found_organization
from tenants.actions.invitations import Invited, Seat, accept, invite, join, note_unsent, renew, withdraw
from tenants.actions.organization import (
    add_days_to_calendar,
    add_rate,
    change_organization,
    delete_from_calendar,
    delete_rate,
)
from tenants.actions.people import ask_for_address, change_member, change_profile, deactivate, reactivate
from tenants.actions.security import lock_person, require_second_factor, reset_second_factor, spend_step
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
    "end_access",
    "end_session",
    "end_sessions",
    "found_organization",
    "invite",
    "join",
    "lock_person",
    "note_session",
    "note_unsent",
    "reactivate",
    "renew",
    "require_second_factor",
    "reset_second_factor",
    "spend_step",
    "withdraw",
]
