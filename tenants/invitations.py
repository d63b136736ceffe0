"""When an invitation is good, how its token is kept, and how a list of addresses is read."""

import hashlib
import re
from datetime import datetime, timedelta
from enum import StrEnum

VALID_FOR = timedelta(days=14)
MOST_AT_ONCE = 50


class InvitationState(StrEnum):
    """What has become of an invitation."""

    OPEN = "open"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"


def state(
    *, accepted_at: datetime | None, withdrawn_at: datetime | None, expires_at: datetime, now: datetime
) -> InvitationState:
    """Return what an invitation is at `now`; it has expired at the very moment `expires_at`."""
    if accepted_at is not None:
        return InvitationState.ACCEPTED
    if withdrawn_at is not None:
        return InvitationState.WITHDRAWN
    return InvitationState.EXPIRED if now >= expires_at else InvitationState.OPEN


def digest(token: str) -> str:
    """Return what is stored of a token: its SHA-256, in hex. Who reads the table cannot join with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def split_addresses(text: str) -> list[str]:
    """Return the addresses of a typed or pasted list, in small letters, each once, in their order.

    Separators: spaces, new lines, commas, semicolons, full-width ones too. `Name <a@b.example>` gives its address.
    """
    inside = re.sub(r"[^<>\n,;，；、]*<([^<>]*)>", r" \1 ", text)
    parts = (part.strip().lower() for part in re.split(r"[\s,;，；、]+", inside))
    return list(dict.fromkeys(part for part in parts if part))
