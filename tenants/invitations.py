"""When an invitation is good, how its token is kept, and how a pasted list of people is read."""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenants.names import tidy

VALID_FOR = timedelta(days=14)
MOST_AT_ONCE = 300


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


class Verdict(StrEnum):
    """What will happen to a line of a pasted list."""

    INVITED = "invited"
    ANEW = "anew"  # an invitation expired; this one replaces it
    RETURNS = "returns"  # was a member and deactivated; the invitation lets them in again
    WAITING = "waiting"  # an invitation is open; it stays as it is
    MEMBER = "member"
    TWICE = "twice"
    NO_ADDRESS = "no_address"
    UNKNOWN = "unknown"  # a word on the line is neither a role nor a team


SENT = frozenset({Verdict.INVITED, Verdict.ANEW, Verdict.RETURNS})
"""Who gets a mail."""
WRONG = frozenset({Verdict.NO_ADDRESS, Verdict.UNKNOWN})
"""What must be mended before anything is sent."""


@dataclass(frozen=True)
class Line:
    """One person of a pasted list: in which row, as what is written there, with what stands beside the address.

    `email` is in small letters, empty where the row holds none. `known` are words that name a role or a team,
    `unknown` those that name nothing.
    """

    number: int
    text: str
    email: str = ""
    name: str = ""
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_lines(text: str, words: Collection[str] = ()) -> list[Line]:
    """Read a typed or pasted list: a person a row, or several addresses in one, separated by anything usual.

    `Lin Yi <lin@x.example>, Manager, North` or the cells of a spreadsheet: what stands before an address is a name,
    what stands after it a role or a team.

    :param words: what names a role or a team, in small letters.
    """
    return [line for number, row in enumerate(text.splitlines(), 1) for line in _read_row(number, row, words)]


def _read_row(number: int, row: str, words: Collection[str]) -> Iterator[Line]:
    """Yield the people of one row."""
    quoted = re.sub(r'"([^"]*)"', lambda found: re.sub(r"[,;，；、]", " ", found[1]), row)
    parts = [part for part in (tidy(part) for part in re.split(r"[,;，；、\t]+", quoted)) if part]
    before: list[str] = []
    people: list[tuple[str, str, list[str], list[str]]] = []
    for at, part in enumerate(parts):
        if "@" in part:
            found = list(_addresses(part))
            for name, email in found:
                people.append((email, tidy(" ".join([*before, name])), [], []))
                before = []
        elif not people:
            before.append(part)
        elif part.casefold() in words:
            people[-1][2].append(part.casefold())
        elif any("@" in later for later in parts[at:]):
            before.append(part)
        else:
            people[-1][3].append(part)
    if not people and parts:
        yield Line(number, tidy(row))
    for email, name, known, unknown in people:
        yield Line(number, tidy(row), email, name, tuple(known), tuple(unknown))


def _addresses(part: str) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of each address between two separators: `Lin <a@x.example>`, `a@x.example b@x.example`."""
    name: list[str] = []
    for word in re.sub(r"[<>]", " ", part).split():
        if "@" in word:
            yield " ".join(name), word.lower()
            name = []
        else:
            name.append(word)
