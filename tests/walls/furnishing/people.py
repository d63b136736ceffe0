"""Signing in, and what an admin sets."""

import json
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.utils import timezone

from tenants import actions as tenants
from tenants.actions.invitations import Seat
from tenants.models import ExchangeRate, Holiday
from tenants.permissions import Role
from tests.cast import Cast
from tests.tenants.device import Device
from tests.walls.furnishing.texts import Text


def sign_in(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    people = [member.user for member in cast.everyone]
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in people
    )
    user = cast.executive.user
    asked = {"challenge": "Y2hhbGxlbmdl", "user": {"id": "b3du"}}
    credential = json.loads(Device().register({"creation_options": {"publicKey": asked}}))
    data = {"name": text(100), "credential": credential}
    passkey = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    session = UserSession.objects.create(user=user, session_key="elsewhere", ip="192.0.2.1", user_agent=text(200))
    return {"passkey": passkey, "session_elsewhere": session}


def settle(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now, admin = timezone.now(), cast.admin
    tenants.add_rate(cast.org, currency="USD", on=now.date(), rate=Decimal(32), by=admin, at=now)
    tenants.add_days_to_calendar(
        cast.org, first=now.date(), last=now.date(), name=text(60), is_working=False, by=admin, at=now
    )
    invited = tenants.invite(
        cast.org,
        emails=["new@own.example"],
        role=Role.REP,
        team=None,
        is_admin=False,
        by=admin,
        at=now,
        seats={"new@own.example": Seat(name=text(80))},
    )
    invitation, token = invited.sent[0]
    team = tenants.create_team(cast.org, name=text(80), parent=cast.team, by=admin, at=now)
    found = {"rate": ExchangeRate.objects.get(), "holiday": Holiday.objects.get()}
    return {**found, "invitation": invitation, "token": token, "team": team}
