"""Second factors: whether an organization asks for one, and codes that count once."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from tenants import audit
from tenants.actions.access import end_sessions
from tenants.errors import Refused
from tenants.models import Membership, Organization, User


@transaction.atomic
def require_second_factor(organization: Organization, *, required: bool, by: Membership, at: datetime) -> bool:
    """Ask every member for a second factor, or no longer; the same twice is once. Return whether it changed.

    :raises Refused: second_factor_of_your_own; who requires it of others has one.
    """
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    if organization.second_factor_required == required:
        return False
    if required and not by.user.has_second_factor:
        raise Refused("second_factor_of_your_own")
    organization.second_factor_required = required
    organization.version += 1
    organization.save(update_fields=["second_factor_required", "version"])
    verb = "security.second_factor_required" if required else "security.second_factor_released"
    audit.record(verb, organization, by=by, at=at)
    return True


def lock_person(user: User) -> None:
    """Let everything that checks or changes a person's second factor wait for what is under way."""
    User.objects.select_for_update().get(pk=user.pk)


@transaction.atomic
def spend_step(app: Authenticator, step: int) -> bool:
    """Use up the codes of an app until the half minute `step`; return False if they were used already.

    RFC 6238 5.2: a code that was accepted is not accepted a second time.
    """
    app = Authenticator.objects.select_for_update().get(pk=app.pk)
    if step <= int(app.data.get("spent", 0)):
        return False
    app.data["spent"] = step
    app.save(update_fields=["data"])
    return True


@transaction.atomic
def reset_second_factor(user: User) -> int:
    """Take every app, passkey and recovery code from a person who lost them, end their sessions; return how many.

    The password stays. Organizations that ask for a second factor lead them to its set-up at the next sign-in.
    """
    lock_person(user)
    _, counts = Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    return counts.get(Authenticator._meta.label, 0)
