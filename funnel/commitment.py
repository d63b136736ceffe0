"""When a customer has committed to us. No Django here.

The customer's own procedure has chosen us, and only paperwork is left: that is a committed deal. The economic buyer's
promise is something else: where they decide alone it is the commitment; otherwise the deal can still be lost, which is
the classic way to lose a won one.
"""

from datetime import date
from enum import StrEnum

from tenants.errors import Refused

TEXT_LENGTH = 500


class Procedure(StrEnum):
    """How the customer decides on a purchase; what is not known yet is the empty text."""

    EB_ALONE = "eb_alone"
    COMMITTEE = "committee"
    STATUTORY = "statutory"


class CommitmentKind(StrEnum):
    """What stands behind it."""

    PROCEDURE = "procedure"
    PROMISE = "promise"


class Backing(StrEnum):
    """What stands behind a deal; filters and totals know no other."""

    NONE = ""
    COMMITTED = "committed"
    PROMISED = "promised"


def backing(*, committed_on: date | None, promised_on: date | None, procedure: str) -> Backing:
    """Return what stands behind a deal, by what was recorded of it and how the customer decides."""
    if committed_on is not None or (promised_on is not None and procedure == Procedure.EB_ALONE):
        return Backing.COMMITTED
    return Backing.NONE if promised_on is None else Backing.PROMISED


def check_commitment(
    kind: CommitmentKind, *, on: date, today: date, what: str, note: str, has_file: bool, has_contact: bool
) -> None:
    """Check what is recorded.

    :raises Refused: `on_in_future`, `commitment_what_needed`, `commitment_text_too_long`; `proof_needed` for a
        procedure without note and file, `promise_contact_needed` for a promise without who gave it.
    """
    if on > today:
        raise Refused("on_in_future")
    if not what.strip():
        raise Refused("commitment_what_needed")
    if max(len(what.strip()), len(note.strip())) > TEXT_LENGTH:
        raise Refused("commitment_text_too_long", limit=TEXT_LENGTH)
    if kind == CommitmentKind.PROCEDURE and not note.strip() and not has_file:
        raise Refused("proof_needed")
    if kind == CommitmentKind.PROMISE and not has_contact:
        raise Refused("promise_contact_needed")


def check_reason(why: str) -> str:
    """Return why it does not hold any more, without spaces around it.

    :raises Refused: `reason_needed`, `commitment_text_too_long`.
    """
    why = why.strip()
    if not why:
        raise Refused("reason_needed")
    if len(why) > TEXT_LENGTH:
        raise Refused("commitment_text_too_long", limit=TEXT_LENGTH)
    return why
