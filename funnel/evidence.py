"""The evidence that each stage demands before it is left: verifiable facts, never hopes. No Django here."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tenants.errors import Refused, Stale


class Kind(StrEnum):
    """What proves it: words, a paper, a person at the customer, a day, a sum, or who else competes."""

    FACT = "fact"
    DOCUMENT = "document"
    PERSON = "person"
    DATE = "date"
    AMOUNT = "amount"
    RIVALS = "rivals"  # those on the strategy sheet, or that there is none


class State(StrEnum):
    """What became of a piece of evidence."""

    FILED = "filed"
    VERIFIED = "verified"
    SENT_BACK = "sent_back"
    CONFIRMED = "confirmed"  # by the customer


PROVING = (State.VERIFIED, State.CONFIRMED)
JUDGED = (State.VERIFIED, State.SENT_BACK, State.CONFIRMED)

STANDARD: Mapping[int, tuple[str, ...]] = {
    1: ("opportunity_plan",),
    2: ("key_needs", "key_people", "size", "competitors", "schedule", "budget", "strategy"),
    3: ("budget_clear", "relationship_built"),
    4: ("requirements_confirmed", "vision_shared"),
    5: ("verbal_approval", "requirements_met"),
    6: ("signed_agreement",),
    7: ("deployment_under_way",),
}
"""The standard items by the number of their stage, in order."""

_KINDS: Mapping[str, Kind] = {
    "opportunity_plan": Kind.DOCUMENT,
    "key_people": Kind.PERSON,
    "size": Kind.AMOUNT,
    "competitors": Kind.RIVALS,
    "schedule": Kind.DATE,
    "budget": Kind.AMOUNT,
    "budget_clear": Kind.AMOUNT,
    "relationship_built": Kind.PERSON,  # the sponsor
    "requirements_confirmed": Kind.DOCUMENT,
    "vision_shared": Kind.PERSON,
    "verbal_approval": Kind.PERSON,
    "signed_agreement": Kind.DOCUMENT,
    "deployment_under_way": Kind.DATE,
}
DATED = frozenset({"verbal_approval"})
"""What needs its day besides what its kind asks for."""


TOLD: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "size": ("amount", ("size",)),
    "budget": ("amount", ("budget", "budget_clear")),
    "schedule_on": ("on", ("schedule",)),
}
"""What the customer told, as every list can show it: which value of which evidence, of the latest stage that has it."""


def tells(code: str) -> bool:
    """Return whether a standard item is among what lists show of what the customer told."""
    return any(code in codes for _value, codes in TOLD.values())


def kind_of(code: str) -> Kind:
    """Return the kind of a standard item, by its code."""
    return _KINDS.get(code, Kind.FACT)


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence that `stage` demands.

    `key` is stable: the code of a standard item, `own-<id>` of one the company added. `id` is None while the
    organization has never filed or edited evidence.
    """

    key: str
    stage: int
    label: str
    id: int | None = None
    kind: Kind = Kind.FACT


class NoneFiled(Exception):
    """Anticipated: of many pieces of evidence none was filed. `errors` says why, by the place of each in the list."""

    def __init__(self, errors: Mapping[int, Refused | Stale]) -> None:
        """Take why, for each that was not taken."""
        super().__init__(errors)
        self.errors = errors


def ask_filing(
    kind: Kind,
    key: str,
    *,
    note: str,
    has_contact: bool,
    on: date | None,
    amount: int | None,
    has_file: bool,
    has_rivals: bool = False,
    no_rival: bool = False,
) -> None:
    """Ask whether this is enough to file an item: the value its kind asks for; a note or file for a fact or document.

    That there is no rival is a fact as well: it needs its note or file.

    :raises Refused: `note_needed`, `document_needed`, `person_needed`, `day_needed`, `sum_needed`, `rivals_needed`,
        `rivals_stand`.
    """
    if kind == Kind.RIVALS and has_rivals and no_rival:
        raise Refused("rivals_stand")
    if kind == Kind.RIVALS and not (has_rivals or no_rival):
        raise Refused("rivals_needed")
    if (kind == Kind.FACT or (kind == Kind.RIVALS and no_rival)) and not (note or has_file):
        raise Refused("note_needed")
    if kind == Kind.DOCUMENT and not (note or has_file):
        raise Refused("document_needed")
    if kind == Kind.PERSON and not has_contact:
        raise Refused("person_needed")
    if kind == Kind.AMOUNT and amount is None:
        raise Refused("sum_needed")
    if (kind == Kind.DATE or key in DATED) and on is None:
        raise Refused("day_needed")


def refusal_to_judge(judge: int, *, owner: int, filed_by: int | None, led: Collection[int] | None) -> str:
    """Return why somebody does not judge the evidence of an opportunity, '' where they do.

    :param led: the people they lead, themselves among them; None for everybody, with nobody above them: only then they
        judge what they own or filed themselves. Helping on a sales team is not enough.
    """
    if led is not None and owner not in led:
        return "not_their_manager"
    return "own_opportunity" if led is not None and judge in {owner, filed_by} else ""


def ask_verdict(
    *, verdict: State, word: str, is_active: bool, judge: int, owner: int, filed_by: int, led: Collection[int] | None
) -> None:
    """Ask whether somebody may judge a piece of evidence so.

    :param is_active: its item is still demanded.
    :param judge, owner, filed_by, led: see `refusal_to_judge`.
    :raises Refused: `item_removed`, `not_their_manager`, `own_opportunity`, `not_a_verdict`, `word_needed`.
    """
    if not is_active:
        raise Refused("item_removed")
    if code := refusal_to_judge(judge, owner=owner, filed_by=filed_by, led=led):
        raise Refused(code)
    if verdict not in JUDGED:
        raise Refused("not_a_verdict")
    if verdict == State.SENT_BACK and not word:
        raise Refused("word_needed")


def standing(states: Mapping[str, State]) -> set[str]:
    """Return the keys of what counts as filed: all but what was sent back."""
    return {key for key, state in states.items() if state != State.SENT_BACK}


def proven_stage(items: Iterable[Item], states: Mapping[str, State], *, claimed: int) -> int:
    """Return the first stage whose own evidence is not yet all verified or confirmed, never above the claimed one.

    A stage that demands nothing is proven by that. An override proves nothing: it is not asked here.

    :param states: by the key of the item, of what is filed.
    """
    unproven = (item.stage for item in items if states.get(item.key) not in PROVING)
    return min(claimed, min(unproven, default=claimed))


def proven_then(claimed: int, reach: int | None) -> int | None:
    """Return the proven stage of a past moment from how far the evidence reached; None where nobody recorded that.

    In Discover no less could be proven, so there it is known without any record.
    """
    if claimed == 1:
        return claimed
    return None if reach is None else min(claimed, reach)
