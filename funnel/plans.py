"""The joint plan of a sales team: what a part says, who does it, who may say that it is done. No Django here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.errors import Refused

PART_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Doer:
    """Who has a part: a member, or a partner company that does not sign in here."""

    member: int | None = None
    partner: int | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """What a change of owner did to the sales team: whether who owns it now had helped, and which parts (by their ids)
    went over from who owned it before."""

    helped: bool = False
    parts: tuple[int, ...] = ()

    @classmethod
    def told(cls, data: Mapping[str, Any]) -> "Handed":
        """Return what stands in JSON; nothing was handed where nothing does."""
        return cls(data.get("helped", False), tuple(data.get("parts", ())))


NOTHING = Handed()


def check_part(text: str, doer: Doer, team: Collection[Doer]) -> str:
    """Return the text of a part without spaces around it.

    :param team: the owner and everyone on the sales team.
    :raises Refused: `part_empty`, `part_too_long`, `not_on_team`.
    """
    text = text.strip()
    if not text:
        raise Refused("part_empty")
    if len(text) > PART_LENGTH:
        raise Refused("part_too_long", limit=PART_LENGTH)
    if doer not in team:
        raise Refused("not_on_team")
    return text


def may_finish(doer: Doer, *, by: int, owner: int, may_edit: bool) -> bool:
    """Return whether `by` may say that a part is done: who has it, the owner, and for a partner company that does not
    sign in whoever may change the opportunity."""
    return by in {doer.member, owner} or (doer.partner is not None and may_edit)
