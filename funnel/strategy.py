"""The strategy sheet: who decides and how they stand to us, the ladder, go or no-go. No Django here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from funnel.commitment import Procedure
from funnel.leads import Answer, Criteria, Criterion, Facts, Standing, answers
from tenants.errors import Refused

PEOPLE = 60
"""So many people can stand on one sheet."""


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


_DECIDES: Mapping[str, Answer] = {
    Procedure.EB_ALONE: Answer.ALONE,
    Procedure.COMMITTEE: Answer.COMMITTEE,
    Procedure.STATUTORY: Answer.STATUTORY,
}


def check_room(people: int) -> None:
    """Check that one more person can stand on a sheet.

    :raises Refused: `sheet_full`.
    """
    if people >= PEOPLE:
        raise Refused("sheet_full", limit=PEOPLE)


def criteria_of(
    *,
    need: str,
    compete: str,
    amount: int | None,
    closes_on: date | None,
    has_buyer: bool,
    procedure: str,
    criteria: Criteria,
    today: date,
) -> dict[Criterion, Answer]:
    """Return the answer to each of the organization's criteria: what the opportunity knows answers for itself.

    :param procedure: how they decide, a code of Procedure; '' is not known.
    """
    given = {
        Criterion.NEED: Answer(need),
        Criterion.COMPETE: Answer(compete),
        Criterion.BUYER: Answer.YES if has_buyer else Answer.UNKNOWN,
        Criterion.DECISION: _DECIDES.get(procedure, Answer.UNKNOWN),
    }
    return answers(Facts(budget=amount, buys_on=closes_on, answers=given), criteria, today)


def ask_verdict(verdict: str, standing: Standing, why: str, *, is_open: bool) -> None:
    """Ask whether this may be decided: a no needs its reason, as does a yes against a criterion that says drop.

    :raises Refused: `closed`, `verdict_needed`, `reason_needed`.
    """
    if not is_open:
        raise Refused("closed")
    if verdict not in set(Verdict):
        raise Refused("verdict_needed")
    if not why.strip() and (verdict == Verdict.NO_GO or standing == Standing.DROP):
        raise Refused("reason_needed")


@dataclass(frozen=True, slots=True)
class Tally:
    """How often we met a competitor, and what it was worth (minor units); an unknown amount adds nothing."""

    won: int = 0
    won_amount: int = 0
    lost: int = 0
    lost_amount: int = 0
    open: int = 0
    open_amount: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.won + other.won,
            self.won_amount + other.won_amount,
            self.lost + other.lost,
            self.lost_amount + other.lost_amount,
            self.open + other.open,
            self.open_amount + other.open_amount,
        )

    @property
    def rate(self) -> float | None:
        """Won of those won or lost; None while there is neither."""
        decided = self.won + self.lost
        return self.won / decided if decided else None
