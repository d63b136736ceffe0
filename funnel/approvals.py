"""What is asked of whoever leads: discounts, exceptions to a stage's evidence, resources. No Django here.

Who decides: the managers of the owner's team, then those of the teams above it, then the executives; whoever is not
active is passed over, and nobody decides in their own cause: neither who asks nor whose opportunity it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from funnel.stages import LONGEST_GRANT, Stage, check_until
from tenants.errors import Refused
from tenants.permissions import Permission, Role, grants

WORD_LENGTH = 500


class ApprovalKind(StrEnum):
    """What can be asked. `override`: leave a stage that blocks, without its evidence, until a day."""

    DISCOUNT = "discount"
    OVERRIDE = "override"
    RESOURCE = "resource"


class ApprovalState(StrEnum):
    """Where a request stands; only `asked` can become something else."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who might decide. `depth` counts the teams above their own; it matters for managers alone."""

    pk: int
    role: str
    depth: int
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked: `percent` of a discount, `stage` and last day of an override, `what` of a resource."""

    kind: ApprovalKind
    percent: Decimal | None = None
    stage: Stage | None = None
    until: date | None = None
    what: str = ""


def deciders(people: Iterable[Person], *, asker: int, owner: int, executives_only: bool = False) -> list[int]:
    """Return who may decide, nearest first: the first is asked, each of the others may decide instead.

    :param people: the managers of the owner's team and of those above it, and the executives.
    :param executives_only: more than a manager may give is asked.
    """
    asked = [
        person
        for person in people
        if person.is_active and may_decide(person, asker=asker, owner=owner, executives_only=executives_only)
    ]
    asked.sort(key=_distance)
    return [person.pk for person in asked]


def may_decide(person: Person, *, asker: int, owner: int, executives_only: bool) -> bool:
    """Return whether one who stands above the owner may decide: in nobody's own cause, and beyond what a manager may
    give executives alone.
    """
    return (
        person.pk not in {asker, owner}
        and Permission.APPROVAL_DECIDE in grants(person.role, is_admin=False)
        and (person.role == Role.EXECUTIVE or not executives_only)
    )


def _distance(person: Person) -> tuple[bool, int, int]:
    is_executive = person.role == Role.EXECUTIVE
    return is_executive, 0 if is_executive else -person.depth, person.pk


def check_demand(demand: Demand, why: str, *, today: date) -> Demand:
    """Return the request with just what its kind needs.

    :raises Refused: `why_needed`, `word_too_long`; `discount_range` outside 0.1–100; `stage_needed`, `until_needed`,
        `until_over`, `until_too_far` (beyond a year); `what_needed`.
    """
    if not why.strip():
        raise Refused("why_needed")
    what = demand.what.strip()
    if len(why.strip()) > WORD_LENGTH or len(what) > WORD_LENGTH:
        raise Refused("word_too_long", limit=WORD_LENGTH)
    if demand.kind == ApprovalKind.DISCOUNT:
        return Demand(demand.kind, percent=check_percent(demand.percent))
    if demand.kind == ApprovalKind.OVERRIDE:
        if demand.stage is None:
            raise Refused("stage_needed")
        if demand.until is None:
            raise Refused("until_needed")
        check_until(demand.until, today=today, longest=LONGEST_GRANT)
        return Demand(demand.kind, stage=demand.stage, until=demand.until)
    if not what:
        raise Refused("what_needed")
    return Demand(demand.kind, what=what)


def check_percent(percent: Decimal | None) -> Decimal:
    """Return a discount in percent, to one place.

    :raises Refused: `discount_range` where it is not above 0 and at most 100.
    """
    if percent is None or not percent.is_finite():
        raise Refused("discount_range")
    tenths = percent.quantize(Decimal("0.1"))
    if not 0 < tenths <= 100:
        raise Refused("discount_range")
    return tenths


def ask_decide(
    verdict: ApprovalState, *, state: ApprovalState, by: int, may: Iterable[int], word: str, is_open: bool
) -> None:
    """Ask whether `by` may grant or refuse now.

    :param may: what `deciders` returned.
    :raises Refused: `approval_ended`, `not_decider`, `refusal_word_needed` (a refusal without a word), `word_too_long`,
        `closed` (granting for an opportunity that has ended).
    """
    if state != ApprovalState.ASKED:
        raise Refused("approval_ended")
    if by not in set(may):
        raise Refused("not_decider")
    if verdict == ApprovalState.REFUSED and not word.strip():
        raise Refused("refusal_word_needed")
    if len(word.strip()) > WORD_LENGTH:
        raise Refused("word_too_long", limit=WORD_LENGTH)
    if verdict == ApprovalState.GRANTED and not is_open:
        raise Refused("closed")


def ask_withdraw(*, state: ApprovalState, by: int, asker: int, owner: int) -> None:
    """Ask whether `by` may take a request back: who asked, or whose opportunity it is, while it waits.

    :raises Refused: `approval_ended`, `not_asker`.
    """
    if state != ApprovalState.ASKED:
        raise Refused("approval_ended")
    if by not in {asker, owner}:
        raise Refused("not_asker")
