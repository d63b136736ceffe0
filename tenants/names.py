"""Names that can be read: on one line, and with something to see. No Django here."""

import unicodedata

from tenants.errors import Refused

_HIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the direction of what stands beside them: a name with them is not what it seems."""


def is_odd(text: str) -> bool:
    """Whether a name holds control characters, or such that turn the direction of the text around it."""
    return any(c in _HIDDEN or unicodedata.category(c) == "Cc" for c in text)


def is_blank(text: str) -> bool:
    """Whether nothing of a name can be seen: spaces, and characters without width."""
    return all(unicodedata.category(c)[0] in "CZ" for c in text)


def tidy(text: str) -> str:
    """Return a typed name on one line, without odd characters; empty where nothing could be seen."""
    kept = " ".join("".join(" " if is_odd(c) else c for c in text).split())
    return "" if is_blank(kept) else kept


def checked(text: str) -> str:
    """Return a typed name as `tidy` does.

    :raises Refused: name_missing; nothing of it can be seen.
    """
    name = tidy(text)
    if not name:
        raise Refused("name_missing")
    return name
