"""Names that can be read: on one line, and with something to see. No Django here."""

import re
import unicodedata

from tenants.errors import Refused

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the direction of what stands beside them: a name with them is not what it seems."""
_JOINERS = frozenset("\u200c\u200d")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode says to draw as nothing (Default_Ignorable_Code_Point), and the empty Braille pattern."""


def is_odd(text: str) -> bool:
    """Whether a name holds control characters, or such that turn the direction of the text around it."""
    return any(c in _TURNING or unicodedata.category(c) == "Cc" for c in text)


def is_blank(text: str) -> bool:
    """Whether nothing of a name can be seen: spaces, and characters without width."""
    return all(unicodedata.category(c)[0] in "CZ" or _is_unseen(c) for c in text)


def seen(text: str) -> str:
    """Return a text without what is drawn as nothing, so that two names that look the same are the same.

    What alters the character before it stays: a joiner in an emoji or between letters that join, the variant of a Han
    character.
    """
    if not _UNSEEN.search(text):
        return text
    kept: list[str] = []
    for c in text:
        if not _is_unseen(c) or (kept and _alters(c, kept[-1])):
            kept.append(c)
    return "".join(kept)


def _is_unseen(c: str) -> bool:
    return _UNSEEN.match(c) is not None


def _alters(c: str, before: str) -> bool:
    kind = unicodedata.category(before)
    if c in _JOINERS:
        return kind in {"So", "Sk", "Mn", "Mc"} or unicodedata.bidirectional(before) == "AL"
    return unicodedata.name(c, "").startswith("VARIATION SELECTOR") and kind not in {"Lu", "Ll", "Lt", "Zs", "Mn"}


def tidy(text: str) -> str:
    """Return a typed name on one line, without what cannot be seen or turns; empty where nothing could be seen."""
    kept = " ".join(seen("".join(" " if is_odd(c) else c for c in text)).split())
    return "" if is_blank(kept) else kept


def checked(text: str) -> str:
    """Return a typed name as `tidy` does.

    :raises Refused: name_missing; nothing of it can be seen.
    """
    name = tidy(text)
    if not name:
        raise Refused("name_missing")
    return name
