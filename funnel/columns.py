"""Which columns the table has besides the first, and by which it can be sorted. No Django here."""

from collections.abc import Iterable, Mapping

MOST = 8
SORTED: Mapping[str, str] = {
    "stage": "stage",
    "amount": "amount",
    "due": "due",
    "owner": "owner",
    "health": "health",
    "next": "next",
    "closed": "closed",
    "category": "",
    "product": "",
    "segment": "",
    "region": "",
    "source": "",
    "contact": "contact",
    "entered": "entered",
    "size": "size",
    "budget": "budget",
    "schedule": "schedule",
    "reason": "",
}
"""Every column there is, in the order in which it stands, with the sort that its head offers."""

OF_OPEN = ("stage", "amount", "due", "owner", "health", "next")
OF_CLOSED = ("stage", "amount", "closed", "reason", "owner")
NUMBERS = frozenset({"amount", "due", "closed", "contact", "entered", "size", "budget", "schedule"})
ON_PHONES = frozenset({"stage", "amount", "due", "health", "closed", "size", "budget", "schedule"})
"""What a phone shows as well."""


def read_columns(text: str) -> tuple[str, ...]:
    """Return the known columns among those named, in the order in which they stand; empty for the standard ones."""
    named = set(text.split(",")) if len(text) < 300 else set()
    return tuple(code for code in SORTED if code in named)[:MOST]


def written(codes: Iterable[str]) -> str:
    """Return columns as they stand in an address."""
    return ",".join(codes)
