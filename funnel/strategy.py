"""The strategy sheet: who decides and how they stand to us, the ladder, go or no-go. No Django here."""

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum

from tenants.errors import Refused


class Role(StrEnum):
    """What a person is in the customer's decision; who has several is kept under the first of them in this order."""

    EB = "eb"
    USER = "user"
    TECHNICAL = "technical"
    SPONSOR = "sponsor"
    COACH = "coach"
    OPPONENT = "opponent"


class Influence(IntEnum):
    """How much a person's word counts in this decision."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Attitude(IntEnum):
    """How a person stands to us; nothing at all is not known yet."""

    ENEMY = -2
    COOL = -1
    NEUTRAL = 0
    SUPPORTER = 1
    CHAMPION = 2


class Ladder(StrEnum):
    """What we are to the customer, lowest rung first."""

    VENDOR = "vendor"
    CREDIBLE_SOURCE = "credible_source"
    PROBLEM_SOLVER = "problem_solver"
    TRUSTED_ADVISER = "trusted_adviser"


class Verdict(StrEnum):
    """Whether we go for it."""

    GO = "go"
    NO_GO = "no_go"


def ordered(roles: Collection[str]) -> tuple[Role, ...]:
    """Return the roles a person has, each once, the one that counts first.

    :raises Refused: `role_needed`, `role_unknown`.
    """
    if not roles:
        raise Refused("role_needed")
    if set(roles) - set(Role):
        raise Refused("role_unknown")
    return tuple(role for role in Role if role in roles)


def check_reports_to(person: int, to: int | None, lines: Mapping[int, int | None]) -> None:
    """Check that a reporting line makes no circle.

    :param lines: whom everyone on the sheet reports to, by id.
    :raises Refused: `reports_in_a_circle`.
    """
    met = set()
    while to is not None and to not in met:
        if to == person:
            raise Refused("reports_in_a_circle")
        met.add(to)
        to = lines.get(to)
