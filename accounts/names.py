"""Names made comparable: what two spellings of one company have in common. No Django here."""

import unicodedata

LONGEST_SUFFIX = 64
"""Search rows hold at most so many characters, and begin at so many places of a name."""


def key(text: str) -> str:
    """Return the normalised form of a name: NFKC, case folded, letters and digits only.

    Full-width and half-width, upper and lower case, spaces and punctuation make no difference:
    `key("Ａcme, Inc.") == key("acme inc")`. A name of nothing but signs (an emoji) keeps its signs.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c for c in folded if unicodedata.category(c)[0] in "LNM")
    signs = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cc")
    return unicodedata.normalize("NFKC", kept or signs)


def suffixes(text: str) -> list[str]:
    """Return the ends of a name's key, each once: a substring of the name is the beginning of one of them."""
    whole = key(text)
    return list(dict.fromkeys(whole[i : i + LONGEST_SUFFIX] for i in range(min(len(whole), LONGEST_SUFFIX))))


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
